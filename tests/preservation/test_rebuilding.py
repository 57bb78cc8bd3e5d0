"""The catalogue is a cache: lose the database, rebuild it from one store, get the same archive."""

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from filing.filing_support import NOW
from preservation.kept_project import KeptProject, roots, site_settings
from zhudang.audit import command as audit_command
from zhudang.audit import sealing, verification, witness, witness_lines
from zhudang.audit.models import Entry, Head, Seal
from zhudang.content import holdings as content_holdings
from zhudang.content.models import File
from zhudang.filing import operations as filing
from zhudang.filing import queries as filing_queries
from zhudang.filing.models import Counter, Record, Volume
from zhudang.identity.models import Account
from zhudang.preservation import backup, catalogue, command, keeping, packing, rebuilding
from zhudang.preservation.around_volumes import around
from zhudang.preservation.domain import names
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl.content import content_of_bytes
from zhudang.preservation.ocfl.reader import read_json
from zhudang.preservation.sites import at_hand, writing
from zhudang.preservation.sites import places as all_places
from zhudang.registry.models import Project

Database = Callable[[], Any]


@pytest.fixture
def places(settings, tmp_path: Path) -> Path:
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    return tmp_path


@contextmanager
def _another_empty_database(cluster: Any) -> Iterator[str]:
    import psycopg
    from django.db import connections

    from databases import TEMPLATE, use_database

    lost = connections["default"].settings_dict["NAME"]
    name = f"zhudang_{uuid4().hex[:12]}"
    with psycopg.connect(cluster.superuser_dsn("postgres"), autocommit=True) as superuser:
        superuser.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER zhudang_owner")
    use_database(cluster, name)
    try:
        yield name
    finally:
        for connection in connections.all():
            connection.close()
        use_database(cluster, lost)
        with psycopg.connect(cluster.superuser_dsn("postgres"), autocommit=True) as superuser:
            superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _exports() -> dict[str, Any]:
    """Every register of every project, field by field."""
    projects = Project.objects.order_by("id").values_list("id", flat=True)
    return {str(pk): {name: list(rows) for name, rows in catalogue.describe(pk).items()} for pk in projects}


def _objects() -> list[Any]:
    fields = ("id", "ocfl_id", "kind", "title", "accession_no", "reference_code", "version", "files", "bytes",
              "stored_bytes", "inventory_sha512")  # fmt: skip
    return list(ArchivalObject.objects.order_by("id").values_list(*fields))


def test_the_rebuilt_catalogue_equals_the_lost_one_field_for_field(
    committed_db, cluster, django_db_blocker, places: Path
):
    with django_db_blocker.unblock():
        for tag, code in (("", "2403-990241-48-01-012345"), ("乙", "2403-990241-48-01-012346")):
            KeptProject(code, tag).preserve()
        lost, lost_objects = _exports(), _objects()
        numbers = dict(Counter.objects.values_list("series", "value"))
        shutil.rmtree(places / "content")
        with _another_empty_database(cluster):
            assert not Project.objects.exists()
            filing.load_scope_lists(now=NOW)
            assert command.rebuild("b") == 0
            filing.load_scope_lists(now=NOW)
            assert _exports() == lost
            assert _objects() == lost_objects
            assert dict(Counter.objects.values_list("series", "value")) == numbers
            assert set(Record.objects.values_list("state", flat=True)) == {"preserved"}
            assert Volume.objects.filter(accession_no__isnull=False).count() == len(lost_objects) - 2
            assert set(Copy.objects.values_list("state", flat=True)) == {"written"}
            assert not any(account.is_active or account.has_usable_password() for account in Account.objects.all())
            for file in File.objects.select_related("blob"):
                assert (places / "content/blobs" / file.blob.sha256[:2] / file.blob.sha256).exists()
            assert command.verify() == 0
            assert set(Copy.objects.values_list("state", flat=True)) == {"verified"}


def of_the_first_format(package: packing.Package) -> packing.Package:
    """The package as it was before descriptions had links, words and permits in the XML, and events their people."""
    documents = {
        content.path: json.load(content.open()) for content in package.contents if content.path.endswith("json")
    }
    told = documents["description.json"]
    told["format"] = "zhudang-description/1"
    del told["links"]
    for name in ("permit", "link", "words"):
        del told["labels"][name]
    provenance = documents["provenance.json"]
    events = [event for event in provenance["events"] if event["eventType"] != "ingestion"]
    program = {"type": "local", "value": "筑档 Zhudang"}
    for event in events:
        event.pop("linkingAgentIdentifiers", None)
        event["linkingAgentIdentifier"] = program
    agents = [{"agentIdentifier": program, "agentName": "筑档 Zhudang"}]
    documents["provenance.json"] = {
        **provenance, "format": "zhudang-provenance/1", "events": events, "agents": agents,
    }  # fmt: skip
    documents["rights.json"]["format"] = "zhudang-rights/1"
    documents["rights.json"]["volume"]["open"] = None
    old_xml = '<案卷描述 xmlns="urn:zhudang:description:1" version="zhudang-description/1"/>'.encode()
    old = {path: names.json_bytes(document) for path, document in documents.items()} | {"description.xml": old_xml}
    contents = tuple(
        content_of_bytes(each.path, old[each.path]) if each.path in old else each for each in package.contents
    )
    return replace(package, contents=contents)


def test_objects_of_the_first_format_are_rebuilt_and_go_on_in_the_present_one_beside_the_old_version(
    committed_db, cluster, django_db_blocker, places: Path, monkeypatch
):
    with django_db_blocker.unblock():
        project = KeptProject()
        with monkeypatch.context() as before:
            pack = packing.pack_volume
            before.setattr(packing, "pack_volume", lambda *args, **more: of_the_first_format(pack(*args, **more)))
            project.preserve()
        lost = _exports()
        shutil.rmtree(places / "content")
        root, object_id = roots(places)[0], f"urn:uuid:{project.volume_ids[0]}"
        with _another_empty_database(cluster):
            assert command.rebuild("a") == 0
            assert _exports() == lost
            assert command.verify() == 0
            volume = next(
                each for each in filing_queries.volumes_of(project.project_id) if each.id == project.volume_ids[0]
            )
            package = packing.pack_volume(around(project.project_id), volume)
            own = at_hand(all_places())
            with writing(own) as at:
                kept = keeping.keep(package, at, message="再存", now=NOW, known=keeping.known_of(volume.id, own))
                keeping.note_kept(package, kept, own, now=NOW)
            assert command.verify() == 0
        inventory, folder = root.inventory(object_id), root.object_folder(object_id)
        assert inventory.head == 2
        first = json.loads((folder / "v1/content/description.json").read_text())
        assert first["format"] == "zhudang-description/1" and "links" not in first
        assert read_json(folder, inventory, "description.json")["format"] == "zhudang-description/2"
        told = read_json(folder, inventory, "provenance.json")
        [ingestion] = [event for event in told["events"] if event["eventType"] == "ingestion"]
        assert datetime.fromisoformat(ingestion["eventDateTime"]) == inventory.versions[1].created
        # The log was lost: logins and names are those that the rows of the catalogue bring back.
        people = {each["agentIdentifier"]["value"] for each in told["agents"] if each["agentType"] == "person"}
        assert people == {"clerk", "archivist"}


def test_what_a_rebuilding_found_is_in_the_new_log_and_rows_are_held_against_it(
    committed_db, cluster, django_db_blocker, places: Path
):
    with django_db_blocker.unblock():
        KeptProject().preserve()
        with _another_empty_database(cluster):
            assert command.rebuild("a") == 0
            assert command.verify() == 0
            found = Entry.objects.filter(act="preservation.object.rebuilt").values_list("data__object", flat=True)
            assert set(found) == set(ArchivalObject.objects.values_list("ocfl_id", flat=True))
            ArchivalObject.objects.filter(kind="volume").update(inventory_sha512="0" * 128)
            assert command.verify() == 1
            assert command.verify(repair=True) == 0


def test_the_lost_logs_witnesses_are_set_aside_and_the_new_log_is_witnessed_from_its_beginning(
    committed_db, cluster, django_db_blocker, places: Path
):
    with django_db_blocker.unblock():
        KeptProject().preserve()
        sealing.seal_everything(NOW)
        lost = (places / "a" / "log-witness" / f"audit-heads-{NOW:%Y%m}.jsonl").read_bytes()
        shutil.rmtree(places / "data" / "witness")
        with _another_empty_database(cluster):
            witness._up_to.clear()
            assert command.rebuild("b") == 0
            assert audit_command.verify() == 0
            verdict = verification.verify(NOW)
            assert {report.last_number for report in verdict.witnesses} == {verdict.last_number}
            assert len(verdict.witnesses) == 3
        (kept,) = (places / "a").glob("log-witness-of-another-log-*/audit-heads-*")
        assert kept.read_bytes() == lost
    witness._up_to.clear()


def test_a_database_with_anything_in_it_is_refused_and_left_alone(committed_db, django_db_blocker, places: Path):
    with django_db_blocker.unblock():
        project = KeptProject()
        with pytest.raises(rebuilding.CannotRebuild) as refused:
            rebuilding.rebuild("a", now=NOW)
        assert refused.value.reasons[0].code == "preservation.not_empty"
        assert command.rebuild("nowhere") == 2
        assert Record.objects.filter(id__in=project.record_ids).count() == 2


def test_what_belongs_to_no_project_at_this_place_is_named_and_two_at_once_do_it_once(
    committed_db, cluster, django_db_blocker, places: Path, capsys, monkeypatch: pytest.MonkeyPatch
):
    with django_db_blocker.unblock():
        KeptProject("2403-990241-48-01-012345").preserve()
        other = KeptProject("2403-990241-48-01-012346", "乙")
        other.preserve()
        lost = f"urn:uuid:{other.project_id}"
        shutil.rmtree(roots(places)[1].object_folder(lost))
        with _another_empty_database(cluster):
            assert command.rebuild("b") == 3
            said = capsys.readouterr().out
            assert Project.objects.count() == 1
            assert all(f"urn:uuid:{volume_id}" in said for volume_id in other.volume_ids)
            asked = iter([False, True])  # the other finished between the question and the lock
            monkeypatch.setattr(rebuilding, "_rebuilt_before", lambda: next(asked))
            monkeypatch.setattr(rebuilding, "_place", lambda *_: next(p for p in all_places() if p.code == "b"))
            assert command.rebuild("b") in (0, 3)
            assert Project.objects.count() == 1


def test_a_damaged_catalogue_is_not_believed_and_the_other_site_serves(
    committed_db, cluster, django_db_blocker, places: Path
):
    with django_db_blocker.unblock():
        project = KeptProject()
        project.preserve()
        lost = _exports()
        folder = roots(places)[0].object_folder(f"urn:uuid:{project.project_id}")
        path = next(iter(folder.rglob("catalogue/filing.record.jsonl")))
        path.write_bytes(path.read_bytes().replace("地基".encode(), "天基".encode()))
        with _another_empty_database(cluster):
            assert command.rebuild("a") == 2
            assert not Project.objects.exists()
            assert command.rebuild("b") == 0
            assert _exports() == lost


def test_running_rebuild_again_only_brings_back_what_lacks(committed_db, cluster, django_db_blocker, places: Path):
    with django_db_blocker.unblock():
        KeptProject().preserve()
        with _another_empty_database(cluster):
            assert command.rebuild("a") == 0
            before = _exports()
            shutil.rmtree(places / "content")
            assert command.rebuild("a") == 0
            assert _exports() == before
            assert all(
                (places / "content/blobs" / f.blob.sha256[:2] / f.blob.sha256).exists() for f in File.objects.all()
            )


def test_a_backup_brings_everything_back_works_in_progress_and_accounts_too(
    committed_db, cluster, django_db_blocker, places: Path
):
    with django_db_blocker.unblock():
        kept = KeptProject()
        kept.preserve()
        waiting = KeptProject(
            "2403-990241-48-01-012346", "乙", names=[("C5-12", "还没入库.pdf"), ("C5-12", "另一份.pdf")]
        )
        (places / "data/secrets").mkdir()
        (places / "data/secrets/seal.pem").write_text("the seal's key")
        (places / "data/secrets/database_app").write_text("of this server")
        accounts = dict(Account.objects.values_list("username", "password"))
        records = dict(Record.objects.values_list("id", "state"))
        sealing.seal_everything(NOW)
        sealed = Seal.objects.count()
        assert command.backup(places / "backup") == 0
        sealing.seal_everything(NOW)  # what the backup does not hold, and the witnesses at the sites do
        assert Seal.objects.count() > sealed
        assert (places / "backup").stat().st_mode & 0o077 == 0
        manifest = (places / "backup/SHA256SUMS").read_text()
        assert "database.dump" in manifest
        assert "secrets/seal.pem" in manifest
        unpreserved = File.objects.get(name="还没入库.pdf").blob.sha256
        preserved = File.objects.get(name="地基验槽记录.pdf").blob.sha256
        assert f"content/blobs/{unpreserved[:2]}/{unpreserved}" in manifest
        assert preserved not in manifest
        shutil.rmtree(places / "content")
        (places / "data/secrets/seal.pem").unlink()
        with _another_empty_database(cluster):
            witness._up_to.clear()
            assert command.restore(places / "backup") == 0
            told = Entry.objects.get(act=witness.RESTORED).data
            assert told["backup"] == "backup" and told["restored_to"] == sealed and not told["earlier"]
            assert audit_command.verify() == 0
            witness._up_to.clear()
            assert dict(Account.objects.values_list("username", "password")) == accounts
            assert dict(Record.objects.values_list("id", "state")) == records
            assert (places / "data/secrets/seal.pem").read_text() == "the seal's key"
            for file in File.objects.select_related("blob"):
                assert (places / "content/blobs" / file.blob.sha256[:2] / file.blob.sha256).exists()
            assert command.verify() == 0
            waiting.preserve()
            assert set(Record.objects.values_list("state", flat=True)) == {"preserved"}


def test_a_changed_or_unfinished_backup_is_refused_with_every_reason(
    committed_db, cluster, django_db_blocker, places: Path
):
    with django_db_blocker.unblock():
        KeptProject()
        assert command.backup(places / "backup") == 0
        assert command.backup(places / "backup") == 2
        blobs = sorted(path for path in (places / "backup/content").rglob("*") if path.is_file())
        blobs[0].write_bytes(b"changed")
        blobs[1].unlink()
        with _another_empty_database(cluster):
            with pytest.raises(backup.CannotRestore) as refused:
                backup.restore(places / "backup")
            assert [reason.code for reason in refused.value.reasons] == [
                "preservation.backup_file_changed",
                "preservation.backup_file_missing",
            ]
            for broken in ("{", "[1]"):
                (places / "backup/manifest.json").write_text(broken)
                assert command.restore(places / "backup") == 2
            (places / "backup/manifest.json").unlink()
            assert command.restore(places / "backup") == 2
            assert not Project.objects.exists()


def test_a_restore_cut_off_after_the_database_came_back_is_gone_on_with(
    committed_db, cluster, django_db_blocker, places: Path, monkeypatch: pytest.MonkeyPatch
):
    with django_db_blocker.unblock():
        KeptProject()
        assert command.backup(places / "backup") == 0
        shutil.rmtree(places / "content")
        with _another_empty_database(cluster):
            with monkeypatch.context() as cut:
                cut.setattr(backup, "_bring_rest", lambda *_: 1 / 0)
                with pytest.raises(ZeroDivisionError):
                    backup.restore(places / "backup")
            assert Project.objects.exists() and not (places / "content").exists()
            with backup._only_restore():
                assert command.restore(places / "backup") == 2, "one at a time"
            assert command.restore(places / "backup") == 0
            for file in File.objects.select_related("blob"):
                assert (places / "content/blobs" / file.blob.sha256[:2] / file.blob.sha256).exists()
            assert command.restore(places / "backup") == 2, "done once and for all"


def test_bytes_on_their_way_back_are_there_only_when_settled_and_leave_nothing_behind(settings, tmp_path: Path):
    settings.CONTENT_ROOT = str(tmp_path / "content")
    whole = {hashlib.sha256(data).hexdigest(): data for data in (b"one", b"two")}
    with content_holdings.Arrivals() as arrivals:
        for sha256, data in whole.items():
            arrivals.take(io.BytesIO(data), sha256)
        assert all(content_holdings.lacks_bytes(sha256, 3) for sha256 in whole)
        assert arrivals.settle() == dict.fromkeys(whole, 3)
        with pytest.raises(ValueError, match="expected sha256"):
            arrivals.take(io.BytesIO(b"other"), hashlib.sha256(b"three").hexdigest())
        arrivals.take(io.BytesIO(b"four"), hashlib.sha256(b"four").hexdigest())
    assert not any(content_holdings.lacks_bytes(sha256, 3) for sha256 in whole)
    assert not list((tmp_path / "content" / "incoming").iterdir())


@pytest.mark.parametrize(("last", "head", "aside"), [(5, "a", False), (9, "b", False), (5, "b", True), (3, "b", True)])
def test_the_witness_of_another_log_is_set_aside_also_where_its_heads_end_at_other_numbers(
    db, tmp_path: Path, last: int, head: str, aside: bool
):
    Head.objects.create(first=1, last=5, chain="a", sealed_at=NOW)
    here, kept = tmp_path / "witness", tmp_path / "kept"
    for folder, line in ((here, (last, head)), (kept, (5, "a"))):
        folder.mkdir()
        told = {"first": 1, "last": line[0], "head": line[1], "at": "", "leaves": []}
        (folder / "audit-heads-202611.jsonl").write_text(json.dumps(told) + "\n")
    backup._settle_witness(kept, here)
    assert [(each.last, each.head) for each in witness_lines.read(here)] == [(5, "a") if aside else (last, head)]
    assert bool(list(tmp_path.glob("witness-of-another-log-*"))) is aside
