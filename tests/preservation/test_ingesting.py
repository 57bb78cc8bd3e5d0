import errno
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from filing.filing_support import NOW
from preservation.kept_project import KeptProject, roots, site_settings
from preservation.ocfl_support import judged_by_ocfl_py, tree
from zhudang.audit.models import Entry
from zhudang.content import queries as content
from zhudang.documents.city import letterhead
from zhudang.events import work
from zhudang.events.models import Work
from zhudang.filing import queries as filing
from zhudang.filing.models import Record, Volume
from zhudang.handover.models import Certificate, Transfer
from zhudang.identity.models import Account
from zhudang.preservation import command, ingesting
from zhudang.preservation.around_volumes import around
from zhudang.preservation.models import ArchivalObject, Copy, Ingest
from zhudang.preservation.ocfl import durable
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.reader import read_json, stored_file
from zhudang.preservation.ocfl.writer import write_version
from zhudang.preservation.ocfl.writing_process import WritingProcess
from zhudang.registry.models import Structure, UnitWork

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_sites(settings, tmp_path: Path) -> Path:
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    return tmp_path


def test_a_transfer_becomes_objects_at_both_sites_and_only_then_counts_as_preserved(tmp_path: Path):
    project = KeptProject()
    assert not Record.objects.filter(state="preserved").exists()
    project.preserve()
    assert set(Record.objects.filter(id__in=project.record_ids).values_list("state", flat=True)) == {"preserved"}
    assert Volume.objects.filter(id__in=project.volume_ids, preserved_at__isnull=True).count() == 0
    assert Transfer.objects.get(id=project.transfer_id).state == "preserved"
    assert Copy.objects.filter(state="verified").count() == 2 * (len(project.volume_ids) + 1)
    assert (Ingest.objects.get().state, Ingest.objects.get().stopped_because) == ("done", {})
    assert Work.objects.get(kind="preservation.ingest").state == "done"
    assert Entry.objects.filter(act="preservation.volume.kept").count() == len(project.volume_ids)
    a, b = roots(tmp_path)
    assert tree(a.folder) == tree(b.folder)
    assert judged_by_ocfl_py([a, b]) == []


def test_the_bytes_kept_are_the_bytes_received_and_the_description_tells_their_names(tmp_path: Path):
    project = KeptProject()
    project.preserve()
    root = roots(tmp_path)[0]
    found = {}
    for volume_id in project.volume_ids:
        object_id = f"urn:uuid:{volume_id}"
        inventory = root.inventory(object_id)
        folder = root.object_folder(object_id)
        for record in read_json(folder, inventory, "description.json")["records"]:
            for file in record["files"]:
                found[file["original_name"]] = stored_file(folder, inventory, file["stored_as"]).read_bytes()
                assert content.stored_file(UUID(file["id"])).sha256 == file["sha256"]
        assert set(inventory.state) >= {"description.xml", "checks.json", "provenance.json", "rights.json"}
    assert found == {
        "地基验槽记录.pdf": "%PDF /地基验槽记录.pdf".encode(),
        "地基验槽记录（二）.PDF": "%PDF /地基验槽记录（二）.PDF".encode(),
    }


def test_provenance_names_who_did_each_act_and_the_program_only_for_what_it_computed(tmp_path: Path):
    project = KeptProject()
    project.preserve()
    inventory, told = _document(tmp_path, project, "provenance.json")
    events, agents = told["events"], {each["agentIdentifier"]["value"]: each for each in told["agents"]}
    by: dict[str, set[str]] = {}
    for event in events:
        links = event.get("linkingAgentIdentifiers", [event["linkingAgentIdentifier"]])
        assert links[0] == event["linkingAgentIdentifier"]
        detail = event["eventDetailInformation"]["eventDetail"].rpartition(" / ")
        by.setdefault(detail[2] if detail[1] else event["eventType"], set()).update(link["value"] for link in links)
    program, archive = "筑档 Zhudang", letterhead().archive
    assert by == {
        "file received": {"clerk", "青石建筑工程有限公司"},
        "message digest calculation": {program},
        "checks": {program},
        "filed by its party": {"clerk", "青石建筑工程有限公司"},
        "signed for by the client": {"manager", "云溪滨河置业有限公司"},
        "accepted": {"reviewer", archive},
        "transferred to the archive and counted": {"archivist", archive},
        "written into the long-term store, version 1": {program, "archivist", archive},
    }
    names = {login: agents[login]["agentName"] for login in ("clerk", "manager", "reviewer", "archivist")}
    called = dict(Account.objects.filter(username__in=names).values_list("username", "name"))
    assert names == {**called, "archivist": "馆员乙"}  # the name that the transfer noted
    assert {each["agentType"] for each in agents.values()} == {"person", "organization", "software"}
    assert agents["reviewer"]["agentNote"] == archive

    [ingestion] = [event for event in events if event["eventType"] == "ingestion"]
    assert datetime.fromisoformat(ingestion["eventDateTime"]) == inventory.versions[1].created
    assert ingestion["linkingObjectIdentifier"]["value"] == str(project.volume_ids[0])
    moments = [datetime.fromisoformat(event["eventDateTime"]) for event in events]
    assert moments == sorted(moments) and events[-1] == ingestion


def test_a_lost_log_leaves_the_names_that_the_rows_note(tmp_path: Path):
    project = KeptProject()
    project.preserve()
    volume = next(each for each in filing.volumes_of(project.project_id) if each.id == project.volume_ids[0])
    known = around(project.project_id)
    row = filing.records_of_volume(volume.id)[0]
    handed = replace(known.handed, signed={row.id: "经理甲"}, accepted={row.id: "审核乙"})
    acts = replace(known, logged={}, handed=handed).acts([row])[row.id]
    assert (acts["with_client_at"].name, acts["accepted_at"].name) == ("经理甲", "审核乙")
    assert (acts["transferred_at"].login, acts["transferred_at"].name) == ("archivist", "馆员乙")
    nobody = replace(known, logged={}).acts([row])[row.id]["accepted_at"]
    assert [agent.name for agent in nobody.agents()] == [letterhead().archive]


def test_a_volume_tells_by_identifier_what_it_belongs_to_and_that_nothing_of_it_was_opened(tmp_path: Path):
    project = KeptProject()
    structure = Structure.objects.create(name="1# 住宅楼", kind="building", changed_at=NOW)
    UnitWork.objects.filter(id=project.site.unit_id).update(structure=structure)
    project.preserve()
    _, told = _document(tmp_path, project, "description.json")
    assert told["format"] == "zhudang-description/2"
    links = told["links"]
    [transfer] = links.pop("transfers")
    assert (transfer["id"], transfer["number"]) == (f"urn:uuid:{project.transfer_id}", f"移{project.project_id}")
    assert links == {
        "object": f"urn:uuid:{project.volume_ids[0]}",
        "project": f"urn:uuid:{project.project_id}",
        "unit_work": f"urn:uuid:{project.site.unit_id}",
        "structure": f"urn:uuid:{structure.id}",
    }
    rights = _document(tmp_path, project, "rights.json")[1]["volume"]
    assert (rights["open"], rights["open_reviewed"], rights["project_entry_open"]) == (False, False, False)
    # The certificate came after: a later state names it.
    volume = next(each for each in filing.volumes_of(project.project_id) if each.id == project.volume_ids[0])
    certificate = Certificate.objects.select_related("document").get().document
    [document] = around(project.project_id).links(volume)["documents"]
    assert (document["id"], document["kind"]) == (f"urn:uuid:{certificate.id}", "certificate")


def _document(tmp_path: Path, project: KeptProject, name: str) -> tuple[Inventory, dict[str, Any]]:
    root, object_id = roots(tmp_path)[0], f"urn:uuid:{project.volume_ids[0]}"
    inventory = root.inventory(object_id)
    assert inventory
    return inventory, read_json(root.object_folder(object_id), inventory, name)


def test_running_the_job_twice_changes_nothing(tmp_path: Path):
    project = KeptProject()
    project.preserve()
    before, rows = tree(tmp_path), Copy.objects.values_list("id", "verified_at")
    ingesting.preserve_transfer(project.transfer_id)
    Ingest.objects.update(state="running")
    ingesting.preserve_transfer(project.transfer_id)
    assert tree(tmp_path) == before
    assert len(rows) == Copy.objects.count()


def test_a_job_killed_after_the_bytes_and_before_the_rows_reads_them_and_writes_the_rows(tmp_path: Path, monkeypatch):
    project = KeptProject()
    calls = []

    def killed(*args, **kwargs):
        calls.append(1)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("zhudang.preservation.keeping.note_kept", killed)
        project.preserve()
    assert calls
    assert not Record.objects.filter(state="preserved").exists()
    written = {path: data for path, data in tree(tmp_path).items() if "/v1/" in path}
    ingesting.preserve_transfer(project.transfer_id)
    after = tree(tmp_path)
    assert {path: after[path] for path in written} == written
    assert Record.objects.filter(state="preserved").count() == len(project.record_ids)


def test_a_later_version_written_by_a_killed_job_gets_its_rows_from_the_next_run(tmp_path: Path, monkeypatch):
    project = KeptProject()
    project.preserve()
    Record.objects.filter(id=project.record_ids[0]).update(notes="补记")

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("zhudang.preservation.keeping.note_kept", killed)
        ingesting.keep_project(project.project_id)
    row = ArchivalObject.objects.get(id=project.project_id)
    assert row.version == 1 and roots(tmp_path)[0].inventory(row.ocfl_id).head == 2
    assert ingesting.keep_project(project.project_id) is False
    row.refresh_from_db()
    assert row.version == 2 and set(row.copies.values_list("version", flat=True)) == {2}
    assert command.verify() == 0


def test_a_copy_that_got_damaged_between_two_runs_is_replaced_before_anything_is_said(tmp_path: Path, monkeypatch):
    project = KeptProject()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(
            "zhudang.preservation.keeping.note_kept", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        project.preserve()
    [rotten] = (tmp_path / "b").rglob("v1/content/files/0001.pdf")
    rotten.write_bytes(b"rotten")
    ingesting.preserve_transfer(project.transfer_id)
    a, b = roots(tmp_path)
    assert tree(a.folder) == tree(b.folder)
    assert (tmp_path / "b" / "quarantine").is_dir()


def test_a_full_disk_stops_with_its_reason_and_goes_on_when_there_is_room(tmp_path: Path, monkeypatch):
    project = KeptProject()
    real = durable.write_durably

    def full(path: Path, data: bytes, *mode: int) -> None:
        if path.is_relative_to(tmp_path / "b") and path.suffix == ".pdf":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(path, data, *mode)

    with monkeypatch.context() as patch:
        patch.setattr(durable, "write_durably", full)
        patch.setattr(WritingProcess, "write_version", lambda _, *given, **more: write_version(*given, **more))
        project.preserve()
    ingest = Ingest.objects.get()
    assert (ingest.state, ingest.stopped_because["code"]) == ("stopped", "preservation.disk_full")
    assert Work.objects.get(kind="preservation.ingest").state == "failed"
    assert not Record.objects.filter(state="preserved").exists()
    assert not Copy.objects.exists()
    from zhudang.preservation import nightly

    assert nightly.resume_what_can() == 1
    ingesting.preserve_transfer(project.transfer_id)
    assert (Ingest.objects.get().state, Ingest.objects.get().stopped_because) == ("done", {})
    assert Record.objects.filter(state="preserved").count() == len(project.record_ids)


def test_a_place_out_of_reach_stops_it_and_nothing_is_made_there(tmp_path: Path):
    project = KeptProject()
    from zhudang.preservation import sites

    sites.places()
    (tmp_path / "b").rename(tmp_path / "unplugged")
    project.preserve()
    assert Ingest.objects.get().stopped_because["code"] == "preservation.unreachable"
    assert not (tmp_path / "b").exists()
    assert not Record.objects.filter(state="preserved").exists()


def test_received_bytes_that_changed_in_the_working_store_are_not_preserved(tmp_path: Path):
    project = KeptProject()
    from zhudang.content.models import File

    file = content.stored_file(File.objects.filter(project_id=project.project_id, own_document=False).first().id)
    file.path.chmod(0o644)
    file.path.write_bytes(b"x" * file.size)
    project.preserve()
    assert Ingest.objects.get().stopped_because["code"] == "preservation.source_changed"
    assert not Copy.objects.filter(object__kind="project").exists()


def test_a_cancelled_ingest_stops_and_can_be_resumed_by_an_archivist(tmp_path: Path):
    from filing.filing_support import NOW

    project = KeptProject()
    ingesting.ask(transfer_id=project.transfer_id, project_id=project.project_id, now=NOW)
    Work.objects.update(cancel_asked_at=NOW)
    ingesting.preserve_transfer(project.transfer_id)
    assert Ingest.objects.get().stopped_because["code"] == "preservation.cancelled"
    ingesting.resume(actor=project.site.archivist, transfer_id=project.transfer_id, now=NOW)
    ingesting.preserve_transfer(project.transfer_id)
    assert (Ingest.objects.get().state, Ingest.objects.get().stopped_because) == ("done", {})


def test_a_cancel_between_two_volumes_also_stops_the_one_being_written(monkeypatch: pytest.MonkeyPatch):
    from filing.filing_support import NOW

    project = KeptProject()
    transfer = ingesting.transfer_to_keep(project.transfer_id)
    two = replace(transfer, volume_ids=[*transfer.volume_ids, *transfer.volume_ids])
    monkeypatch.setattr(ingesting, "transfer_to_keep", lambda _: two)
    ingesting.ask(transfer_id=project.transfer_id, project_id=project.project_id, now=NOW)
    stopped = []

    def keep_for_ever(*_, progress, **__):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                progress(0)
            except work.Cancelled:
                stopped.append(True)
                raise
            time.sleep(0.01)

    begin = ingesting._Writing.begin

    def begin_then_cancel(*arguments):
        begun = begin(*arguments)
        Work.objects.update(cancel_asked_at=NOW)
        return begun

    monkeypatch.setattr(ingesting.keeping, "keep", keep_for_ever)
    monkeypatch.setattr(ingesting._Writing, "begin", begin_then_cancel)
    ingesting.preserve_transfer(project.transfer_id)
    assert stopped == [True]
    assert Ingest.objects.get().stopped_because["code"] == "preservation.cancelled"
    assert not Copy.objects.exists()


def test_the_projects_object_gains_a_version_when_its_catalogue_changes_and_none_when_not(tmp_path: Path):
    project = KeptProject()
    project.preserve()
    assert ingesting.keep_project(project.project_id) is False
    Record.objects.filter(id=project.record_ids[0]).update(notes="补记")
    assert ingesting.keep_project(project.project_id) is True
    kept = ArchivalObject.objects.get(id=project.project_id)
    assert kept.version == 2
    root = roots(tmp_path)[0]
    inventory = root.inventory(kept.ocfl_id)
    assert inventory.sha512 == kept.inventory_sha512
    records = stored_file(root.object_folder(kept.ocfl_id), inventory, "catalogue/filing.record.jsonl")
    assert "补记" in records.read_text(encoding="utf-8")
    unchanged = stored_file(root.object_folder(kept.ocfl_id), inventory, "catalogue/filing.scope_item.jsonl")
    assert "v1" in unchanged.parts
    assert judged_by_ocfl_py(roots(tmp_path)) == []


def test_a_look_that_reads_nothing_leaves_the_moment_of_the_last_reading_as_it_was(tmp_path: Path):
    project = KeptProject()
    project.preserve()
    before = dict(Copy.objects.values_list("id", "verified_at"))
    kept = Entry.objects.filter(act__startswith="preservation.").count()
    assert ingesting.keep_project(project.project_id) is False
    assert dict(Copy.objects.values_list("id", "verified_at")) == before
    assert Entry.objects.filter(act__startswith="preservation.").count() == kept


def test_a_new_version_counts_as_verified_only_after_the_older_ones_were_read_too(tmp_path: Path):
    project = KeptProject()
    project.preserve()
    folder = roots(tmp_path)[1].object_folder(f"urn:uuid:{project.project_id}")
    (folder / "v1/content/description.json").write_bytes(b"rotten")
    Record.objects.filter(id=project.record_ids[0]).update(notes="补记")
    assert ingesting.keep_project(project.project_id) is True
    a, b = roots(tmp_path)
    assert tree(a.folder) == tree(b.folder)
    assert judged_by_ocfl_py([a, b]) == []


def test_a_document_sealed_while_its_project_is_on_the_way_in_comes_into_the_store_too(run_jobs, tmp_path: Path):
    from filing.filing_support import NOW
    from zhudang.events import operations as events

    project = KeptProject()
    ingesting.ask(transfer_id=project.transfer_id, project_id=project.project_id, now=NOW)
    data = {"project_id": project.project_id, "kind": "certificate", "number": "1"}
    events.publish(kind="documents.document.sealed", subject="documents.sealeddocument:1", data=data, at=NOW)
    run_jobs()
    kept = ArchivalObject.objects.get(id=project.project_id)
    root = roots(tmp_path)[0]
    index = read_json(root.object_folder(kept.ocfl_id), root.inventory(kept.ocfl_id), "description.json")
    assert [document["kind"] for document in index["documents"]] == ["certificate"]
    assert kept.files == 1


def test_at_night_a_catalogue_of_many_versions_gathers_its_changes(monkeypatch, two_sites):
    from datetime import timedelta

    from django.utils import timezone

    from zhudang.preservation import jobs, nightly

    asked: list[str] = []
    monkeypatch.setattr(jobs.keep_project, "defer", lambda project_id: asked.append(project_id))
    project = KeptProject()
    project.preserve()
    row = ArchivalObject.objects.filter(kind="project")
    nightly.run()
    assert asked == [str(project.project_id)]
    row.update(version=70, kept_at=timezone.now() - timedelta(days=2))
    nightly.run()
    assert len(asked) == 1
    row.update(kept_at=timezone.now() - timedelta(days=8))
    nightly.run()
    assert len(asked) == 2


def test_a_catalogue_that_cannot_be_written_holds_up_no_transfer(two_sites: Path):
    from procrastinate.contrib.django.models import ProcrastinateJob

    from filing.filing_support import NOW
    from zhudang.preservation import jobs

    project = KeptProject()
    project.preserve()
    (two_sites / "a").rename(two_sites / "away")
    jobs.keep_project(project_id=str(project.project_id))
    (two_sites / "away").rename(two_sites / "a")
    ingesting.ask(transfer_id=uuid4(), project_id=project.project_id, now=NOW)
    jobs.keep_project.defer(project_id=str(project.project_id))
    [transfer, catalogue] = [
        ProcrastinateJob.objects.filter(task_name=f"preservation.{name}").latest("id")
        for name in ("preserve_transfer", "keep_project")
    ]
    assert transfer.lock == catalogue.lock
    assert transfer.priority > catalogue.priority
