"""Rows of objects and copies changed behind the log's back, with or without the files: told by `zhudang verify`."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from preservation.kept_project import KeptProject, roots, site_settings
from zhudang.audit.models import Entry
from zhudang.events.models import Message
from zhudang.preservation import as_logged, command, ingesting, noticing, words
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, read_inventory, sidecar


@pytest.fixture
def kept(db, settings, tmp_path: Path) -> KeptProject:
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


def _forge_at(folder: Path) -> str:
    """Change a byte of an original, and digest and sidecar with it; gives what the inventory digests to then."""
    old = read_inventory((folder / INVENTORY).read_bytes())
    digest, path = next((digest, path) for path, digest in old.manifest.items() if "/files/" in path)
    data = bytearray((folder / path).read_bytes())
    data[-1] ^= 1
    (folder / path).write_bytes(data)
    told = (folder / INVENTORY).read_text().replace(digest, hashlib.sha512(data).hexdigest())
    fixity = json.loads(told)["fixity"]["sha256"]
    told = told.replace(next(d for d, paths in fixity.items() if path in paths), hashlib.sha256(data).hexdigest())
    whole = read_inventory(told.encode()).to_json()
    for place in (folder, folder / "v1"):
        (place / INVENTORY).write_bytes(whole)
        (place / SIDECAR).write_bytes(sidecar(whole))
    return read_inventory(whole).sha512


def test_what_was_kept_and_not_touched_is_as_logged(kept: KeptProject) -> None:
    assert _codes() == []
    assert command.verify() == command.OK


def test_content_forged_at_all_sites_and_in_the_rows_alike_is_told(
    kept: KeptProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = _volume()
    (digest,) = {_forge_at(root.object_folder(row.ocfl_id)) for root in roots(tmp_path)}
    ArchivalObject.objects.filter(pk=row.pk).update(inventory_sha512=digest)
    Copy.objects.filter(object=row).update(inventory_sha512=digest)
    assert command.verify() == command.WRONG
    said = capsys.readouterr().out
    assert "HLD-001" in said and row.ocfl_id in said and row.inventory_sha512[:16] in said and digest[:16] in said


def test_an_object_taken_from_rows_and_disks_is_told(kept: KeptProject, tmp_path: Path) -> None:
    row = _volume()
    for root in roots(tmp_path):
        shutil.rmtree(root.object_folder(row.ocfl_id))
    Copy.objects.filter(object=row).delete()
    row.delete()
    assert _codes() == ["HLD-002"]
    assert command.verify() == command.WRONG


def test_an_object_hidden_as_under_destruction_is_told(
    committed_db, django_db_blocker, settings, tmp_path: Path, superuser_connection
) -> None:
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    with django_db_blocker.unblock():
        KeptProject().preserve()
        row = _volume()
        root = superuser_connection(committed_db)
        root.execute("SET session_replication_role = replica")
        root.execute("UPDATE preservation_archivalobject SET condemned_at = now() WHERE id = %s", [row.pk])
        for site in roots(tmp_path):
            shutil.rmtree(site.object_folder(row.ocfl_id))
        assert _codes() == ["HLD-004"]
        assert command.verify() == command.WRONG


def test_a_copy_taken_from_rows_and_disk_is_told_with_its_site(kept: KeptProject) -> None:
    Copy.objects.filter(object=_volume(), site__code="b").delete()
    (finding,) = as_logged.check()
    assert (finding.code, finding.told) == ("HLD-005", "b")


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
    assert (finding.code, finding.object) == ("HLD-003", made.ocfl_id)
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
    assert entry.data["holdings"] == [{"code": "HLD-005", "object": _volume().ocfl_id, "told": "b"}]
    message = Message.objects.filter(kind="preservation.log.differs").first()
    assert "1" in str(words.MESSAGES[message.kind] % message.data)
