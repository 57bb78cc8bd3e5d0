"""A state over as many objects as it takes, in two real places: successions, parts, and a stop between any two writes."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preservation.ocfl_support import ACT, judged_by_ocfl_py, tree, two_places
from zhudang.preservation.domain.names import ObjectName, json_bytes, object_name
from zhudang.preservation.domain.succession import DESCRIPTION, LINKS, Limits
from zhudang.preservation.keys.protection import Protection
from zhudang.preservation.ocfl.content import Content, content_of_bytes
from zhudang.preservation.ocfl.reader import held_files, object_inventories, opened, read_json
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.sealing import Identities
from zhudang.preservation.ocfl.writer import write_version
from zhudang.preservation.storing import Kept, Known, Storing

THING = UUID("0199a5d2-0000-7000-8000-000000000001")
FEW = Limits(versions=4, files=5)
PLAIN = Protection("open", "", Identities())
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where many small stores are made and thrown away: no disk has to be waited for."""


class Killed(BaseException):
    """What ends a run where a machine would stop."""


def a_state(files: int, turn: int = 0) -> list[Content]:
    documents = [{"stored_as": f"documents/{n:04}.txt", "original_name": f"凭证{n}"} for n in range(1, files + 1)]
    described = {"format": "zhudang-catalogue/1", "project": {"name": "滨河"}, "documents": documents, "turn": turn}
    return [
        content_of_bytes(DESCRIPTION, json_bytes(described)),
        content_of_bytes("catalogue/registry.project.jsonl", f'{{"turn":{turn}}}\n'.encode()),
        *(content_of_bytes(each["stored_as"], each["original_name"].encode()) for each in documents),
    ]


def storing(places: list[StorageRoot], **changed: Any) -> Storing:
    return Storing(**{"roots": places, "protection": PLAIN, "act": ACT, "limits": FEW, **changed})


def stopping_before(write: int) -> Callable[..., Any]:
    """Writes so many versions, then stops before the next."""
    number = count()

    def writing(*arguments: Any, **named: Any) -> Any:
        if next(number) == write:
            raise Killed
        return write_version(*arguments, **named)

    return writing


def objects(place: StorageRoot, keys: Identities = Identities()) -> dict[ObjectName, dict[str, Any]]:  # noqa: B008
    """Every object of a place: its inventory, its files as plain bytes, its links."""
    found = {}
    for folder, inventory in object_inventories(place):
        name = object_name(inventory.object_id)
        assert name is not None
        files = {}
        for path, held in held_files(folder, inventory, keys).items():
            with opened(folder, inventory, held, keys) as stream:
                files[path] = stream.read()
        links = json.loads(files[DESCRIPTION]).get(LINKS, {})
        found[name] = {"inventory": inventory, "files": files, "links": links}
    return found


def stands_well(place: StorageRoot, wanted: list[Content], limits: Limits, keys: Identities = Identities()) -> None:  # noqa: B008
    """What must hold once a run came to its end, whatever was before it."""
    found = objects(place, keys)
    first = max(name for name in found if name.part == 1)
    state: dict[str, bytes] = {}
    for name, each in found.items():
        assert each["inventory"].head <= limits.versions
        assert len(each["files"]) <= limits.files
        if name.predecessor:
            assert each["links"]["predecessor"] == str(name.predecessor)
            assert found[name.predecessor]["links"]["successor"] == str(name), "linked both ways"
        if name.successor in found:
            assert each["links"]["successor"] == str(name.successor)
        else:
            assert "successor" not in each["links"], "no end hangs loose"
            state |= {path: data for path, data in each["files"].items() if name == first or path != DESCRIPTION}
    newest = {name.part: str(name) for name in sorted(found)}
    assert [part["object"] for part in found[first]["links"].get("parts", [])] == [
        newest[n] for n in sorted(newest)[1:]
    ]
    assert all(found[name]["links"]["whole"] == f"urn:uuid:{THING}" for name in found if name.part > 1)
    described = json.loads(state.pop(DESCRIPTION))
    described.pop(LINKS, None)
    expected = {content.path: content.open().read() for content in wanted}
    assert described == json.loads(expected.pop(DESCRIPTION))
    assert state == expected


def test_a_state_that_fits_is_one_object_as_ever_and_names_no_other(tmp_path: Path):
    places = two_places(tmp_path)
    kept = storing(places).store(THING, a_state(3))
    assert [str(each.name) for each in kept.objects] == [f"urn:uuid:{THING}"]
    assert LINKS not in read_json(places[0].object_folder(f"urn:uuid:{THING}"), kept.objects[0].inventory, DESCRIPTION)
    again = storing(places, known=Known({f"urn:uuid:{THING}": kept.objects[0].inventory.sha512})).store(
        THING, a_state(3)
    )
    assert not again.changed and not again.read


def test_a_full_object_is_continued_by_a_successor_and_both_say_so(tmp_path: Path):
    places = two_places(tmp_path)
    kept = [storing(places).store(THING, a_state(2, turn)) for turn in range(8)]
    assert [[(str(each.name)[45:], each.inventory.head) for each in turn.objects if each.changed] for turn in kept] == [
        [("", 1)], [("", 2)], [("", 3)], [(":g2", 1), ("", 4)], [(":g2", 2)], [(":g2", 3)], [(":g3", 1), (":g2", 4)], [(":g3", 2)]
    ]  # fmt: skip
    stands_well(places[0], a_state(2, 7), FEW)
    assert tree(places[0].folder) == tree(places[1].folder)
    found = objects(places[0])
    messages = [version.message for version in found[ObjectName(THING)]["inventory"].versions.values()]
    assert messages[-1] == f"由 urn:uuid:{THING}:g2 接续 / continued by urn:uuid:{THING}:g2", (
        "also told without any key"
    )
    assert f"continues urn:uuid:{THING}" in found[ObjectName(THING, 1, 2)]["inventory"].versions[1].message
    assert judged_by_ocfl_py(places) == []


def test_more_files_than_an_object_may_hold_lie_in_parts_that_name_each_other(tmp_path: Path):
    places = two_places(tmp_path)
    storing(places).store(THING, a_state(9))
    found = objects(places[0])
    assert [(str(name)[45:], len(each["files"])) for name, each in sorted(found.items())] == [
        ("", 5),
        (":p2", 5),
        (":p3", 3),
    ]
    second = found[ObjectName(THING, 2)]
    assert second["links"] == {"object": f"urn:uuid:{THING}:p2", "whole": f"urn:uuid:{THING}", "part": 2}
    told = json.loads(second["files"][DESCRIPTION])["documents"]
    assert [each["original_name"] for each in told] == ["凭证4", "凭证5", "凭证6", "凭证7"]
    assert found[ObjectName(THING)]["links"]["parts"][0] == {
        "object": f"urn:uuid:{THING}:p2", "from": "documents/0004.txt", "to": "documents/0007.txt"
    }  # fmt: skip
    stands_well(places[0], a_state(9), FEW)
    storing(places).store(THING, a_state(9, turn=1))
    after = objects(places[0])
    assert [each["inventory"].head for _, each in sorted(after.items())] == [2, 1, 1], (
        "what did not change is not written"
    )
    assert judged_by_ocfl_py(places) == []


def test_a_state_that_shrinks_keeps_its_parts_and_nothing_is_counted_twice(tmp_path: Path):
    places = two_places(tmp_path)
    storing(places).store(THING, a_state(9))
    kept = storing(places).store(THING, a_state(2, turn=1))
    assert sum(each.files for each in kept.objects) == 2
    stands_well(places[0], a_state(2, turn=1), FEW)
    assert judged_by_ocfl_py(places) == []


@pytest.mark.parametrize("stop", range(4))
def test_a_stop_between_any_two_writes_is_gone_on_with_and_no_second_successor_is_made(stop: int):
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        places = two_places(Path(folder))
        for turn in range(3):
            storing(places).store(THING, a_state(9, turn))
        write, last = stopping_before(stop), stop == 3  # the third part, the successor, the predecessor's end
        if last:
            storing(places, write=write).store(THING, a_state(10, 3))
        else:
            with pytest.raises(Killed):
                storing(places, write=write).store(THING, a_state(10, 3))
        loose = objects(places[0])
        for each in loose.values():
            links = each["links"]
            named = [
                links.get("predecessor"),
                links.get("successor"),
                *(part["object"] for part in links.get("parts", [])),
            ]
            assert all(object_name(name) in loose for name in named if name), (
                "what is named is there, also after a stop"
            )
        assert max(name.generation for name in loose) == 1 + (stop > 1)
        storing(places).store(THING, a_state(10, 4))
        stands_well(places[0], a_state(10, 4), FEW)
        assert max(name.generation for name in objects(places[0])) == 2
        assert judged_by_ocfl_py(places) == []


def test_a_process_killed_between_successor_and_predecessor_leaves_what_the_next_run_finishes(tmp_path: Path):
    places = two_places(tmp_path)
    for turn in range(3):
        storing(places).store(THING, a_state(2, turn))
    child = os.fork()
    if child == 0:
        number = count()

        def killing(*arguments: Any, **named: Any) -> Any:
            if next(number) == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return write_version(*arguments, **named)

        try:
            storing(places, write=killing).store(THING, a_state(2, 3))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert sorted(objects(places[0])) == [ObjectName(THING), ObjectName(THING, 1, 2)]
    assert "successor" not in objects(places[0])[ObjectName(THING)]["links"]
    kept = storing(places).store(THING, a_state(2, 3))
    assert [(each.name.generation, each.changed, each.read, each.closed) for each in kept.objects] == [
        (2, False, True, False), (1, True, True, True)
    ]  # fmt: skip
    stands_well(places[0], a_state(2, 3), FEW)
    assert judged_by_ocfl_py(places) == []


def test_a_place_that_lags_gets_the_successor_and_the_predecessors_end(tmp_path: Path):
    places = two_places(tmp_path)
    for turn in range(3):
        storing(places).store(THING, a_state(2, turn))
    storing(places[:1]).store(THING, a_state(2, 3))
    storing(places).store(THING, a_state(2, 3))
    assert tree(places[0].folder) == tree(places[1].folder)
    stands_well(places[1], a_state(2, 3), FEW)


def test_a_predecessor_that_is_damaged_everywhere_does_not_keep_the_newest_state_from_standing(tmp_path: Path):
    places = two_places(tmp_path)
    for turn in range(3):
        storing(places).store(THING, a_state(2, turn))
    with pytest.raises(Killed):
        storing(places, write=stopping_before(1)).store(THING, a_state(2, 3))
    for place in places:
        (place.object_folder(f"urn:uuid:{THING}") / "inventory.json").write_bytes(b"{}")
    kept: Kept = storing(places).store(THING, a_state(2, 4))
    assert [(each.name.generation, each.inventory.head, each.closed) for each in kept.objects] == [(2, 2, False)]


def test_a_sealed_object_is_continued_sealed_and_without_keys_the_chain_is_seen(tmp_path: Path):
    places, identity = two_places(tmp_path), pyrage.x25519.Identity.generate()
    keys = Identities([identity])
    sealed = Protection("internal", str(identity.to_public()), keys)
    for turn in range(4):
        storing(places, protection=sealed).store(THING, a_state(9, turn))
    stands_well(places[0], a_state(9, 3), FEW, keys)
    assert judged_by_ocfl_py(places) == []
    seen = b"".join(data for path, data in tree(places[0].folder).items() if "urn%3a" in path)
    assert "滨河".encode() not in seen and "凭证".encode() not in seen
    assert f"continued by urn:uuid:{THING}:g2".encode() in seen


def test_an_object_whose_class_became_open_is_closed_as_it_was_and_continued_in_the_clear(tmp_path: Path):
    places, identity = two_places(tmp_path), pyrage.x25519.Identity.generate()
    keys = Identities([identity])
    sealed = Protection("internal", str(identity.to_public()), keys)
    for turn in range(3):
        storing(places, protection=sealed).store(THING, a_state(2, turn))
    storing(places, open_keys=lambda: keys).store(THING, a_state(2, 3))
    stands_well(places[0], a_state(2, 3), FEW, keys)
    inventories = {name: each["inventory"] for name, each in objects(places[0], keys).items()}
    assert "index.age" in inventories[ObjectName(THING)].state
    assert DESCRIPTION in inventories[ObjectName(THING, 1, 2)].state
    assert judged_by_ocfl_py(places) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    runs=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 6)), min_size=1, max_size=7),
    versions=st.integers(2, 4), files=st.integers(4, 7),
)  # fmt: skip
def test_whatever_is_stored_and_wherever_runs_stop_the_last_whole_run_stands_well(
    runs: list[tuple[int, int]], versions: int, files: int
):
    limits = Limits(versions=versions, files=files)
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        places = two_places(Path(folder))
        for turn, (originals, stop) in enumerate(runs):
            try:
                storing(places, limits=limits, write=stopping_before(stop)).store(THING, a_state(originals, turn))
            except Killed:
                continue
            stands_well(places[1], a_state(originals, turn), limits)
        storing(places, limits=limits).store(THING, a_state(5, 99))
        stands_well(places[0], a_state(5, 99), limits)
        assert tree(places[0].folder) == tree(places[1].folder)
