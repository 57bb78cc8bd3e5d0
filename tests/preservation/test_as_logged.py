"""Rows of objects and copies changed behind the log's back, with or without the files: told by `zhudang verify`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from preservation.kept_project import KeptProject, roots, site_settings
from zhudang.audit import sealing, witness
from zhudang.audit.models import Entry
from zhudang.events.models import Message
from zhudang.preservation import as_logged, command, ingesting, noticing, words
from zhudang.preservation.disposal import checking
from zhudang.preservation.models import ArchivalObject, Copy


@pytest.fixture
def kept(db, settings, tmp_path: Path) -> KeptProject:
    settings.DATA = tmp_path  # a witness of its own: that of the session knows the logs of other tests
    witness._up_to.clear()
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    project = KeptProject()
    project.preserve()
    ingesting.keep_project(project.project_id)
    return project


def _volume() -> ArchivalObject:
    return ArchivalObject.objects.filter(kind="volume").earliest("id")


def _codes() -> list[str]:
    return [finding.code for finding in as_logged.check()]


def test_what_was_kept_and_not_touched_is_as_logged(kept: KeptProject) -> None:
    assert _codes() == []
    assert command.verify() == command.OK


@pytest.fixture
def enemy(
    committed_db, django_db_blocker, settings, tmp_path: Path, superuser_connection
) -> Iterator[Callable[[str], None]]:
    """A kept project, and one who writes into its rows past every guard."""
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    with django_db_blocker.unblock():
        KeptProject().preserve()
        root = superuser_connection(committed_db)
        root.execute("SET session_replication_role = replica")
        yield lambda sql: root.execute(sql, {"object": _volume().pk})


def _taken_from_disks(row: ArchivalObject, folder: Path) -> None:
    for root in roots(folder):
        shutil.rmtree(root.object_folder(row.ocfl_id))


def test_an_object_taken_from_rows_and_disks_is_told(enemy: Callable[[str], None], tmp_path: Path) -> None:
    _taken_from_disks(_volume(), tmp_path)
    enemy(
        "WITH gone AS (DELETE FROM preservation_copy WHERE object_id = %(object)s) "
        "DELETE FROM preservation_archivalobject WHERE id = %(object)s"
    )
    assert _codes() == ["HLD-001"]
    assert command.verify() == command.WRONG


def test_an_object_hidden_as_under_destruction_is_told(enemy: Callable[[str], None], tmp_path: Path) -> None:
    row = _volume()
    enemy("UPDATE preservation_archivalobject SET condemned_at = now() WHERE id = %(object)s")
    _taken_from_disks(row, tmp_path)
    assert [(each.code, each.subject) for each in checking.check()] == [("DSP-005", row.ocfl_id)]
    assert command.verify() == command.WRONG


def test_a_copy_taken_from_rows_and_disk_is_told_with_its_site(kept: KeptProject) -> None:
    Copy.objects.filter(object=_volume(), site__code="b").delete()
    (finding,) = as_logged.check()
    assert (finding.code, finding.told) == ("HLD-003", "b")


def test_an_object_nobody_kept_is_told_unless_a_rebuilding_brought_it_back(kept: KeptProject) -> None:
    made = _volume()
    made.pk, made.ocfl_id, made.generation, made.newest = (
        uuid4(),
        "urn:uuid:0190a000-0000-7000-8000-000000000001",
        9,
        False,
    )
    made.save(force_insert=True)
    (finding,) = as_logged.check()
    assert (finding.code, finding.object) == ("HLD-002", made.ocfl_id)
    Entry.objects.create(
        at=timezone.now(),
        actor="system",
        act="preservation.catalogue.rebuilt",
        subject="preservation.store:all",
        data={},
    )
    assert _codes() == []


def test_it_is_told_by_itself_to_people_and_to_the_log(kept: KeptProject) -> None:
    assert noticing.look(timezone.now()) == 0
    Copy.objects.filter(object=_volume(), site__code="b").delete()
    assert noticing.look(timezone.now()) == 1
    entry = Entry.objects.get(act="preservation.log.differs")
    assert entry.data["holdings"] == [{"code": "HLD-003", "object": _volume().ocfl_id, "told": "b"}]
    message = Message.objects.filter(kind="preservation.log.differs").first()
    assert "1" in str(words.MESSAGES[message.kind] % message.data)


def test_a_witness_refilled_since_the_night_before_is_told(kept: KeptProject, settings, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    witness._up_to.clear()
    sealing.seal_everything(timezone.now())
    for path in (tmp_path / "witness").iterdir():
        path.unlink()
    witness._up_to.clear()
    sealing.seal_everything(timezone.now())
    assert noticing.look(timezone.now()) >= 1
    (told,) = Entry.objects.get(act="preservation.log.differs").data["witnesses"]
    assert (told["witness"], told["first"]) == (str(tmp_path / "witness"), 1)
