"""A volume that lies in several objects, parts and successors, is destroyed whole: each of them at every place, or nothing said."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from filing.filing_support import person
from preservation.disposal_case import FAST_HASHERS, LONG_AGO, PASSWORD, VISITOR, Disposal
from preservation.kept_project import roots, site_settings
from preservation.ocfl_support import judged_by_ocfl_py
from preservation.offline_set import OfflineSet
from preservation.test_disposal_guards import Crash, refused
from preservation.test_killed import _environment
from preservation.test_rebuilding import _another_empty_database, _exports
from preservation.test_succeeded_holdings import objects
from zhudang.audit.models import Entry
from zhudang.content import store
from zhudang.content.models import Blob
from zhudang.filing import queries as filing
from zhudang.filing.models import Record
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.preservation import (
    books,
    catching_up,
    command,
    keeping,
    packing,
    reading,
    registered,
)
from zhudang.preservation.around_volumes import around
from zhudang.preservation.disposal import cases, checking, executing, signing
from zhudang.preservation.disposal.models import DisposalItem, DisposalStep
from zhudang.preservation.domain.site_facts import Medium
from zhudang.preservation.models import ArchivalObject, BookComparison, Copy, RegisteredCopy
from zhudang.preservation.ocfl import durable
from zhudang.preservation.sites import at_hand, places, writing

ORIGINALS = 5
ALL = ["", ":g2", ":g3", ":p2", ":p2:g2"]


@pytest.fixture
def disk(settings, tmp_path: Path) -> OfflineSet:
    made = OfflineSet(tmp_path)
    settings.PASSWORD_HASHERS = FAST_HASHERS
    settings.SITES = made.settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    return made


def spread(settings: Any) -> Disposal:
    """One volume in two parts, each continued by a successor."""
    settings.OBJECT_VERSIONS = 2
    made = Disposal([("C5-12", f"地基验槽记录{number}.pdf") for number in range(ORIGINALS)])
    settings.OBJECT_FILES = 8
    for notes in ("补记", "再补记"):
        Record.objects.update(notes=notes)
        store_again(made)
    settings.OBJECT_VERSIONS, settings.OBJECT_FILES = 100, 2000
    assert endings(made) == ALL
    return made


def store_again(made: Disposal) -> None:
    """Keep the volume as its rows stand now."""
    [volume] = filing.volumes_of(made.project.project_id)
    package = packing.pack_volume(around(made.project.project_id), volume)
    own = at_hand(places())
    with writing(own) as stores:
        known = keeping.known_of(volume.id, own)
        kept = keeping.keep(package, stores, message="补记", now=timezone.localtime(), known=known)
        keeping.note_kept(package, kept, own, now=timezone.now())


def first_of(made: Disposal) -> ArchivalObject:
    return ArchivalObject.objects.get(pk=made.project.volume_ids[0])


def endings(made: Disposal) -> list[str]:
    """What the ids of the volume's objects add to its own, by the rows."""
    whole = f"urn:uuid:{made.project.volume_ids[0]}"
    rows = ArchivalObject.objects.filter(kind="volume").order_by("part", "generation")
    return [ocfl_id.removeprefix(whole) for ocfl_id in rows.values_list("ocfl_id", flat=True)]


def lying(made: Disposal, folder: Path) -> list[str]:
    """The same, by what lies in a store."""
    whole = f"urn%3auuid%3a{made.project.volume_ids[0]}"
    found = (path.name.removeprefix(whole) for path in (folder / "store").rglob(f"{whole}*") if path.is_dir())
    return sorted(name.replace("%3a", ":") for name in found)


@pytest.mark.django_db
def test_every_object_goes_everywhere_and_the_tombstone_names_them(
    settings, disk: OfflineSet, tmp_path: Path, run_jobs, client
):
    made = spread(settings)
    first, *others = ArchivalObject.objects.filter(kind="volume").order_by("part", "generation")
    contents = [store.blob_path(sha256).read_bytes() for sha256 in Blob.objects.values_list("sha256", flat=True)]
    lost = next(roots(tmp_path)[0].object_folder(others[2].ocfl_id).rglob("files/0005.pdf"))
    lost.write_bytes(b"rotten")
    assert command.verify(repair=True) == command.OK
    assert len(list((tmp_path / "a/quarantine").iterdir())) == 1
    parts = [row.pk for row in others]
    made.ready([first])
    line = made.case.items.get()
    assert (made.case.volumes, line.files) == (1, ORIGINALS) == (1, made.case.files)
    assert [each["object"] for each in line.further] == [row.ocfl_id for row in others]
    made.execute()

    assert made.case.state == "done", made.case.halted_because
    assert endings(made) == [""]
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert contents and not any(content in everything for content in contents)
    for code, root in zip("ab", roots(tmp_path), strict=True):
        assert lying(made, tmp_path / code) == [""]
        told = json.loads((root.object_folder(first.ocfl_id) / "v1/content/tombstone.json").read_text(encoding="utf-8"))
        assert told["was"]["inventory_sha512"] == first.inventory_sha512
        assert told["was"]["further_objects"] == [
            {"object": row.ocfl_id, "version": row.version, "inventory_sha512": row.inventory_sha512} for row in others
        ]
        text = (root.object_folder(first.ocfl_id) / "v1/content/tombstone.txt").read_text(encoding="utf-8")
        assert all(row.ocfl_id in text for row in others)
    assert judged_by_ocfl_py(roots(tmp_path)) == []
    row = first_of(made)
    assert row.destroyed_at and row.newest and row.successor is None and row.files == 0
    assert not list((tmp_path / "a/quarantine").iterdir())
    assert {
        len(step.proof["further"]) for step in DisposalStep.objects.filter(place__startswith="site:", gone=True)
    } == {4}
    [entry] = Entry.objects.filter(act="preservation.volume.destroyed")
    assert entry.data["further"] == line.further
    run_jobs()
    client.force_login(Account.objects.get(username=made.proposer.username))
    page = client.get(f"/preservation/{first.pk}/").content.decode()
    assert all(f"{row.ocfl_id} v{row.version}" in page for row in others)
    # What was linked as a part or a successor leads to the one tombstone that stands for all.
    for gone in parts:
        assert client.get(f"/preservation/{gone}/").headers["Location"] == f"/preservation/{first.pk}/"
    assert client.get(f"/preservation/{uuid4()}/").status_code == 404
    person("no_archivist", made.project.site.archive_id, Role.AUDIT_ADMIN)
    client.force_login(Account.objects.get(username="no_archivist"))
    assert client.get(f"/preservation/{parts[0]}/").status_code in {403, 404}
    assert list(checking.check()) == []
    assert command.verify(registers=True) == command.OK
    books.compare(actor=made.proposer, now=timezone.now())
    assert BookComparison.objects.latest("made_at").difference_count == 0


@pytest.mark.django_db
def test_stopped_between_any_two_removals_nothing_is_brought_back_and_the_next_run_ends_it(
    settings, disk: OfflineSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = spread(settings)
    made.ready([first_of(made)]).begin()
    left = [0]

    def stopping(real: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*given: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Crash
            return real(*given, **more)

        return instead

    for owner, name in ((shutil, "rmtree"), (Path, "rename"), (Path, "rmdir"), (durable, "write_durably")):
        monkeypatch.setattr(owner, name, stopping(getattr(owner, name)))
    stops, before = 0, 2 * len(ALL)
    for number in range(1, 200):
        left[0] = number
        try:
            executing.run(made.case.pk)
        except Crash:
            left[0] = 0
            stops += 1
            assert made.case.state == "executing"
            assert not ArchivalObject.objects.exclude(destroyed_at=None).exists()
            assert endings(made) == ALL
            there = [lying(made, tmp_path / code) for code in "ab"]
            if stops % 5 == 0:
                assert {outcome.state for outcome in reading.read_all(repair=True, now=timezone.now)} == {"verified"}
                assert [lying(made, tmp_path / code) for code in "ab"] == there, "nothing of it is repaired back"
            left_over = sum(ending != "" for endings_there in there for ending in endings_there)
            assert left_over <= before
            before = left_over
            continue
        break
    assert stops > 15 and made.case.state == "done", (stops, made.case.halted_because)
    assert [lying(made, tmp_path / code) for code in "ab"] == [[""], [""]]
    assert judged_by_ocfl_py(roots(tmp_path)) == []
    assert command.verify() == command.OK


@pytest.mark.django_db
def test_a_successor_that_a_dead_writer_left_without_a_row_goes_too(settings, disk: OfflineSet, tmp_path: Path):
    made = spread(settings)
    made.ready([first_of(made)])
    source, stray = roots(tmp_path)[0].object_folder(f"{first_of(made).ocfl_id}:g3"), f"{first_of(made).ocfl_id}:g4"
    shutil.copytree(source, roots(tmp_path)[1].object_folder(stray))
    made.execute()
    assert lying(made, tmp_path / "b") == [""]
    assert judged_by_ocfl_py(roots(tmp_path)) == []


@pytest.mark.django_db
def test_a_volume_is_proposed_and_held_as_one_and_its_rows_go_only_with_it(settings, disk: OfflineSet):
    made = spread(settings)
    first, *others = ArchivalObject.objects.filter(kind="volume").order_by("part", "generation")
    with pytest.raises(cases.CannotPropose) as told:
        made.propose([others[0]])
    assert {reason.code for reason in told.value.reasons} == {
        "preservation.disposal_empty", "preservation.disposal_unknown"
    }  # fmt: skip
    Copy.objects.filter(object=others[1], site__code="b").update(state="damaged")
    with pytest.raises(cases.CannotPropose) as told:
        made.propose([first])
    assert [reason.code for reason in told.value.reasons] == ["preservation.disposal_unproven"]
    Copy.objects.update(state="verified")
    stay = cases.place_stay(actor=made.proposer, object_id=others[2].pk, because="诉讼中", now=LONG_AGO)
    with pytest.raises(cases.CannotPropose) as told:
        made.propose([first])
    assert [reason.code for reason in told.value.reasons] == ["preservation.disposal_held"]
    assert cases.lift_stay(actor=made.proposer, stay_id=stay, because="结案", now=LONG_AGO) == first.pk
    made.ready([first])
    # A line of the list cannot be changed, nor rows be condemned or forgotten outside an execution.
    row = f"WHERE id = '{others[0].pk}'"
    Copy.objects.filter(object=others[2]).delete()
    assert refused("UPDATE preservation_disposalitem SET further = '[]'")
    assert refused(f"UPDATE preservation_archivalobject SET condemned_at = now() {row}")
    assert refused(f"DELETE FROM preservation_archivalobject WHERE id = '{others[2].pk}'")
    made.begin()
    assert refused(
        f"UPDATE preservation_archivalobject SET destroyed_at = now(), condemned_at = now(), files = 0 {row}"
    )
    assert refused(f"DELETE FROM preservation_archivalobject WHERE id = '{others[2].pk}'")
    # Another version than the one that was appraised: people must look again.
    ArchivalObject.objects.filter(pk=others[0].pk).update(inventory_sha512="0" * 128)
    executing.run(made.case.pk)
    assert made.case.halted_because["code"] == "preservation.disposal_halted"
    assert not ArchivalObject.objects.exclude(condemned_at=None).exists()


@pytest.mark.django_db
def test_a_set_that_lay_apart_and_film_of_a_part_are_owed_and_cleared(
    settings, disk: OfflineSet, tmp_path: Path, run_jobs
):
    made = spread(settings)
    first, part = first_of(made), ArchivalObject.objects.get(kind="volume", part=2, generation=2)
    disk.connect()
    assert command.call_in("c") == command.OK
    registered.register_copy(
        actor=made.executor, object_id=part.pk, medium=Medium.MICROFILM, label="缩-1", place="胶片库", made_on=LONG_AGO.date(),
        made_by="甲", version=part.version, today=LONG_AGO.date(), now=LONG_AGO,
    )  # fmt: skip
    kept_back = shutil.copytree(roots(tmp_path)[0].object_folder(part.ocfl_id), tmp_path / "kept back")
    disk.take_away()
    made.ready([first]).execute()
    assert set(DisposalStep.objects.filter(gone=False).values_list("place", flat=True)) == {"site:c", "registered:缩-1"}
    disk.connect()
    run_jobs()
    assert lying(made, disk.mount) == sorted(ALL)
    assert command.verify() == command.OK, "what is owed is not called wrong"
    assert catching_up.catch_up(catching_up.begin_for_command("c")).wrong == 0
    books.compare(actor=made.proposer, now=timezone.now())
    assert BookComparison.objects.latest("made_at").difference_count == 0
    for place in ("site:c", "registered:缩-1"):
        for who in made.witnesses:
            signing.clear_owed(
                actor=who, case_id=made.case.pk, place=place, note="已清除", password=PASSWORD, visitor=VISITOR,
                now=timezone.now(),
            )  # fmt: skip
    run_jobs()
    assert not DisposalStep.objects.filter(gone=False).exists()
    assert lying(made, disk.mount) == [""]
    assert RegisteredCopy.objects.get().withdrawn_at
    assert command.verify() == command.OK
    shutil.copytree(kept_back, roots(tmp_path)[0].object_folder(part.ocfl_id))
    told = [(outcome.object, outcome.state) for outcome in reading.read_all(repair=True, now=timezone.now)]
    assert (part.ocfl_id, "returned") in told, "somebody put it back"


def test_what_a_forger_does_to_one_object_of_many_is_noticed(
    committed_db, django_db_blocker, settings, disk: OfflineSet, superuser_connection
):
    with django_db_blocker.unblock():
        made = spread(settings)
        first, *others = ArchivalObject.objects.filter(kind="volume").order_by("part", "generation")
        root = superuser_connection(committed_db)
        root.execute("SET session_replication_role = replica")
        root.execute("UPDATE preservation_archivalobject SET condemned_at = now() WHERE id = %s", [others[-1].pk])
        assert [(f.code, f.subject) for f in checking.check()] == [("DSP-005", others[-1].ocfl_id)]
        root.execute("UPDATE preservation_archivalobject SET condemned_at = NULL")
        assert list(checking.check()) == []
        root.execute("CREATE TABLE kept AS SELECT * FROM preservation_archivalobject WHERE id = %s", [others[-1].pk])
        made.ready([first]).execute()
        assert list(checking.check()) == []
        root.execute("INSERT INTO preservation_archivalobject SELECT * FROM kept")
        assert [(f.code, f.subject) for f in checking.check()] == [("DSP-002", others[-1].ocfl_id)]
        root.execute("DELETE FROM preservation_archivalobject WHERE id = %s", [others[-1].pk])
        root.execute("UPDATE preservation_disposalitem SET further = '[]'")
        assert {f.code for f in checking.check()} == {"DSP-001", "DSP-003"}


def test_rebuilt_from_one_copy_it_is_destroyed_as_before(
    committed_db, django_db_blocker, cluster, settings, disk: OfflineSet, run_jobs, capsys
):
    with django_db_blocker.unblock():
        made = spread(settings)
        made.ready([first_of(made)]).execute()
        run_jobs()
        exports, rows, further = _exports(), objects(), DisposalItem.objects.get().further
        assert len(further) == 4
        with _another_empty_database(cluster):
            assert command.rebuild("b") == command.OK
            assert _exports() == exports
            assert objects() == rows
            assert DisposalItem.objects.get().further == further
            assert list(checking.check()) == []
            assert command.verify() == command.OK, capsys.readouterr().out


_WORKER = textwrap.dedent(
    """
    import sys
    from uuid import UUID
    import django
    django.setup()
    from django.conf import settings
    settings.CONTENT_ROOT = sys.argv[2]
    from zhudang.preservation.disposal import executing
    print("ready", flush=True)
    executing.run(UUID(sys.argv[1]))
    print("done", flush=True)
    """
)


@pytest.mark.slow
def test_killed_again_and_again_the_next_run_goes_on(
    committed_db, django_db_blocker, settings, disk: OfflineSet, tmp_path: Path, run_jobs
):
    with django_db_blocker.unblock():
        settings.SITES = site_settings(tmp_path)
        made = spread(settings)
        made.ready([first_of(made)]).begin()
        environment = _environment(tmp_path, connection.settings_dict)
        for milliseconds in (25, 90):
            process = subprocess.Popen(
                [sys.executable, "-c", _WORKER, str(made.case_id), settings.CONTENT_ROOT],
                env=environment, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert process.stdout is not None and process.stdout.readline().strip() == "ready"
            time.sleep(milliseconds / 1000)
            process.send_signal(signal.SIGKILL)
            process.wait()
            gone = ArchivalObject.objects.exclude(destroyed_at=None).exists()
            assert endings(made) == ([""] if gone else ALL)
            assert {outcome.state for outcome in reading.read_all(repair=True, now=timezone.now)} == {"verified"}
        executing.run(made.case.pk)
        assert made.case.state == "done"
        assert [lying(made, tmp_path / code) for code in "ab"] == [[""], [""]]
        assert judged_by_ocfl_py(roots(tmp_path)) == []
        run_jobs()
        assert command.verify() == command.OK and list(checking.check()) == []
