"""How much one object holds, and what follows it: rules about names, parts and links; no disk, no database."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhudang.preservation.domain import succession
from zhudang.preservation.domain.names import ObjectName, is_original, object_id, object_name
from zhudang.preservation.domain.succession import DESCRIPTION, LINKS, Limits, Part, has_room, spread
from zhudang.preservation.ocfl.layout import object_path

THING = UUID("0199a5d2-0000-7000-8000-000000000001")
NAMES = st.builds(ObjectName, st.uuids(), st.integers(1, 99999), st.integers(1, 99999))


@given(NAMES)
def test_a_name_reads_back_as_what_it_names(name: ObjectName):
    assert object_name(str(name)) == name
    assert name.successor.predecessor == name
    assert (name.row_id == name.thing) == name.is_first == (str(name) == object_id(name.thing))
    assert len(str(name)) <= 80
    assert str(name.thing) in object_path(str(name)).name, "a search of folder names finds all objects of a volume"


@given(NAMES, NAMES)
def test_two_objects_never_share_a_name_or_a_row(one: ObjectName, other: ObjectName):
    assert (str(one) == str(other)) == (one.row_id == other.row_id) == (one == other)


@pytest.mark.parametrize(
    "text",
    ["", "urn:uuid:", f"urn:uuid:{THING}:p1", f"urn:uuid:{THING}:g1", f"urn:uuid:{THING}:g02", f"urn:uuid:{THING}:g2:p2",
     f"urn:uuid:{THING}:2", f"urn:uuid:{str(THING).upper()}", f"urn:walk:{THING}", "urn:uuid:" + "-" * 36],
)  # fmt: skip
def test_names_that_are_not_ours_are_nobodys(text: str):
    assert object_name(text) is None


def state(describing: int, originals: int) -> list[str]:
    return [f"d{number}.json" for number in range(describing)] + [f"files/{n:05}.pdf" for n in range(originals)]


STATES = st.builds(
    lambda files, describing, originals: (Limits(files=files), state(min(describing, files), originals)),
    st.integers(2, 60), st.integers(1, 12), st.integers(0, 400),
)  # fmt: skip


@given(STATES, st.integers(1, 4))
def test_every_file_is_in_exactly_one_part_and_no_part_holds_too_many(case: tuple[Limits, list[str]], before: int):
    limits, paths = case
    parts = spread(paths, limits, parts_before=before)
    assert [path for part in parts for path in part if is_original(path)] == [
        path for path in paths if is_original(path)
    ]
    assert [path for part in parts for path in part if not is_original(path)] == [
        path for path in parts[0] if not is_original(path)
    ], "what describes is in the first"
    assert len(parts[0]) <= limits.files
    assert all(len(part) < limits.files for part in parts[1:]), "a further part has room for its own description"
    assert len(parts) >= before, "a part once begun stays"
    assert all(part for part in parts[before:]), "no part is begun for nothing"


@given(STATES, st.integers(1, 100))
def test_what_fits_into_one_object_is_not_spread_and_what_is_added_moves_nothing(
    case: tuple[Limits, list[str]], more: int
):
    limits, paths = case
    assert (len(spread(paths, limits)) == 1) == (len(paths) <= limits.files)
    parts = spread(paths, limits)
    if len(parts) > 1:
        describing, originals = [p for p in paths if not is_original(p)], sum(map(is_original, paths))
        grown = spread(state(len(describing), originals + more), limits, parts_before=len(parts))
        for before, after in zip(parts, grown, strict=False):
            assert set(before) <= set(after)


@given(st.integers(2, 200), st.integers(1, 300))
def test_the_last_version_is_kept_for_naming_the_successor(most: int, versions: int):
    limits = Limits(versions=most)
    assert has_room(versions, limits) == (versions + 1 < most)


def test_limits_too_small_for_a_succession_are_refused():
    for wrong in ({"versions": 1}, {"files": 1}):
        with pytest.raises(ValueError, match="room"):
            Limits(**wrong)


@given(NAMES)
def test_links_name_each_other_both_ways(name: ObjectName):
    document = {"format": "f/1", "project": {"name": "滨河"}, LINKS: {"object": "old"}}
    successor = succession.with_links(document, name.successor)
    assert successor[LINKS]["predecessor"] == str(name)
    closed = succession.closing(succession.with_links(document, name), name)
    assert succession.successor_named(closed) == successor[LINKS]["object"]
    assert list(closed)[:2] == ["format", LINKS] and closed["project"] == document["project"]
    assert ("predecessor" in closed[LINKS]) == (name.generation > 1)
    assert not succession.successor_named(successor)


def test_closing_keeps_the_parts_that_were_named():
    parts = [Part(ObjectName(THING, 2), "files/0002.pdf", "files/0009.pdf")]
    closed = succession.closing(succession.with_links({}, ObjectName(THING), parts), ObjectName(THING))
    assert closed[LINKS]["parts"] == [
        {"object": f"urn:uuid:{THING}:p2", "from": "files/0002.pdf", "to": "files/0009.pdf"}
    ]


def test_a_further_part_describes_the_records_whose_files_it_holds():
    records = [
        {"title": "甲", "files": [{"stored_as": "files/0001.pdf"}, {"stored_as": "files/0002.pdf"}]},
        {"title": "乙", "files": [{"stored_as": "files/0003.pdf"}]},
    ]
    document = {"format": "f/1", "volume": {"title": "卷"}, "records": records, "volumes": [1], DESCRIPTION: 1}
    part = succession.description_of_part(document, {"files/0002.pdf"})
    assert part == {
        "format": "f/1", "volume": {"title": "卷"}, "records": [{"title": "甲", "files": [{"stored_as": "files/0002.pdf"}]}]
    }  # fmt: skip
