from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from filing.filing_support import NOW
from preservation.kept_project import KeptProject
from preservation.ocfl_support import judged_by_ocfl_py
from preservation.offline_set import LABEL, OfflineSet
from zhudang.audit.models import Entry
from zhudang.events import work
from zhudang.preservation import (
    catching_up,
    command,
    compliance,
    ingesting,
    queries,
    reading,
    register_queries,
    rounds,
    site_queries,
)
from zhudang.preservation.domain.states import Health
from zhudang.preservation.models import ArchivalObject, CatchUp, Copy, Ingest, Site
from zhudang.preservation.sites import places

pytestmark = pytest.mark.django_db


@pytest.fixture
def disk(settings, tmp_path: Path) -> OfflineSet:
    made = OfflineSet(tmp_path)
    settings.SITES = made.settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    return made


@pytest.fixture
def kept(disk: OfflineSet, kept_beside_a_set: KeptProject) -> KeptProject:
    return kept_beside_a_set


def on_disk() -> dict:
    return {copy.object_id: copy for copy in Copy.objects.filter(site__code="c")}


def healths(kept: KeptProject) -> set[str]:
    return set(register_queries.counts_of(queries.known_objects(kept.site.archivist), timezone.now()).by_health)


def test_a_set_lying_apart_holds_up_no_ingest_and_nothing_is_written_at_its_path(kept, disk):
    assert Ingest.objects.get().state == "done"
    assert on_disk() == {}
    assert list(disk.mount.iterdir()) == []
    assert healths(kept) == {Health.WAITING}
    assert Site.objects.get(code="c").prepared_at is None


def test_called_in_it_gets_what_it_lacks_and_each_copy_counts_once_read_back(kept, disk, capsys):
    disk.connect()
    assert command.call_in("c") == command.OK
    said = " ".join(capsys.readouterr().out.split())
    number = ArchivalObject.objects.count()
    assert f"caught up {number} copies, each read back whole, and read the 0 that lay there before" in said
    copies = on_disk()
    assert len(copies) == ArchivalObject.objects.count()
    assert {copy.state for copy in copies.values()} == {"verified"}
    assert judged_by_ocfl_py([place.root for place in places()]) == []
    run = CatchUp.objects.get()
    assert (run.complete, run.copied, run.wrong) == (True, len(copies), 0)
    assert Entry.objects.filter(act="preservation.copy.caught_up").count() == len(copies)
    catalogue = (disk.mount / "CATALOGUE.csv").read_text(encoding="utf-8-sig")
    for row in ArchivalObject.objects.all():
        assert row.ocfl_id in catalogue
        assert row.inventory_sha512 in catalogue
        assert row.title not in catalogue, "titles of what is not open leave the house with nobody"
    assert healths(kept) == {Health.SOUND}


def test_taken_away_again_its_copies_stay_verified_and_a_reading_of_all_is_not_incomplete(kept, disk):
    disk.connect()
    command.call_in("c")
    disk.take_away()
    assert command.verify() == command.OK
    assert reading.copies_apart() == ArchivalObject.objects.count()
    assert {copy.state for copy in on_disk().values()} == {"verified"}
    assert rounds.read_on("c").copies == 0


def test_a_later_version_is_brought_at_the_next_call_and_the_older_one_is_no_damage(kept, disk):
    disk.connect()
    command.call_in("c")
    disk.take_away()
    project = ArchivalObject.objects.get(kind="project")
    project.project.name = "滨河安置房一期（更名）"
    project.project.save()
    assert ingesting.keep_project(kept.project_id)
    project.refresh_from_db()
    assert on_disk()[project.id].version == project.version - 1
    assert healths(kept) == {Health.SOUND, Health.WAITING}
    disk.connect()
    assert command.verify() == command.OK
    assert on_disk()[project.id].state == "verified"
    assert on_disk()[project.id].version == project.version - 1
    assert command.call_in("c") == command.OK
    assert on_disk()[project.id].version == project.version
    assert healths(kept) == {Health.SOUND}


def test_a_damaged_copy_on_the_set_is_mended_and_told(kept, disk):
    disk.connect()
    command.call_in("c")
    next((disk.mount / "store").rglob("files/0001.pdf")).write_bytes(b"rotten")
    assert command.call_in("c") == command.OK
    assert CatchUp.objects.first().read == ArchivalObject.objects.count()
    assert Entry.objects.filter(act="preservation.copy.repaired").count() == 1
    assert judged_by_ocfl_py([place.root for place in places()]) == []


def test_a_label_written_by_an_editor_that_marks_its_files_is_read(kept, disk):
    disk.connect()
    (disk.mount / "LABEL.txt").write_bytes(f"\ufeff{LABEL}\r\n".encode())
    assert command.call_in("c") == command.OK


def test_another_disk_at_the_path_is_not_taken_for_the_set(kept, disk):
    disk.connect()
    (disk.mount / "LABEL.txt").write_text("别的盘\n", encoding="utf-8")
    assert command.call_in("c") == command.REFUSED
    assert sorted(path.name for path in disk.mount.iterdir()) == ["LABEL.txt"]
    assert not CatchUp.objects.exists()


def test_a_set_pulled_out_midway_leaves_nothing_missing_and_the_next_run_goes_on(kept, disk):
    disk.connect()
    row = catching_up.begin_for_command("c")

    def pull(number: int, _note: str) -> None:
        if number == 1:
            disk.take_away()

    with pytest.raises(catching_up.CannotCatchUp):
        catching_up.catch_up(row, told=pull)
    row.refresh_from_db()
    assert (row.complete, row.stopped_because["code"]) == (False, "preservation.unreachable")
    assert [copy.state for copy in on_disk().values()] == ["verified"]
    disk.connect()
    again = catching_up.begin_for_command("c")
    assert catching_up.began_at(again) == row.started_at
    done = catching_up.catch_up(again)
    assert (done.copied, done.read) == (ArchivalObject.objects.count() - 1, 0), "what was read is not read again"
    again.refresh_from_db()
    assert again.complete


def test_a_cancelled_run_says_so_and_keeps_what_it_did(kept, disk):
    disk.connect()
    row = catching_up.begin_for_command("c")

    def cancel(_number: int, _note: str) -> None:
        raise work.Cancelled

    with pytest.raises(work.Cancelled):
        catching_up.catch_up(row, told=cancel)
    row.refresh_from_db()
    assert row.stopped_because["code"] == "preservation.catch_up_cancelled"
    assert len(on_disk()) == 1


def test_asked_for_by_button_it_runs_as_work_people_can_follow(kept, disk, run_jobs):
    disk.connect()
    work_id = catching_up.ask(actor=kept.site.archivist, site_code="c", now=timezone.now())
    run_jobs()
    from zhudang.events.models import Work

    assert Work.objects.get(id=work_id).outcome == "done"
    assert CatchUp.objects.get().complete


def test_without_a_sound_copy_elsewhere_the_run_is_not_complete(kept, disk, tmp_path):
    for code in "ab":
        for path in (tmp_path / code / "store").rglob("files/0001.pdf"):
            path.write_bytes(b"rotten")
    disk.connect()
    assert command.call_in("c") == command.WRONG
    run = CatchUp.objects.get()
    assert (run.complete, run.wrong > 0) == (False, True)
    assert all(copy.state == "verified" for copy in on_disk().values())


def test_what_another_reading_found_on_the_set_meanwhile_makes_the_run_incomplete_too(
    kept, disk, tmp_path, monkeypatch
):
    monkeypatch.setattr(catching_up, "BATCH", 1)
    disk.connect()
    assert command.call_in("c") == command.OK
    for store in (tmp_path / "a" / "store", tmp_path / "b" / "store", disk.mount / "store"):
        for path in store.rglob("v1/content/files/*.pdf"):
            path.write_bytes(b"rotten")
    Copy.objects.filter(object__kind="project").update(looked_at=NOW)  # longest unread, so read first: it is sound
    row = catching_up.begin_for_command("c")
    others: list[str] = []

    def told(_number: int, _note: str) -> None:
        if not others:  # after the first copy somebody reads everything
            others.extend(each.state for each in reading.read_all(repair=False, now=timezone.now))

    done = catching_up.catch_up(row, told=told)

    row.refresh_from_db()
    assert others.count("damaged") >= 3 and done.wrong and not row.complete


def test_the_next_call_in_counts_from_the_last_complete_run(kept, disk, settings, tmp_path):
    (row,) = [row for row in site_queries.site_rows(timezone.now()) if row.facts.offline]
    registered = Site.objects.get(code="c").registered_at
    assert row.next_call_in == registered + timedelta(days=180)
    assert not row.overdue(timezone.now())
    assert row.overdue(registered + timedelta(days=181))
    on = compliance.ground(registered + timedelta(days=181), timezone.localdate())
    assert on.overdue == {"c"}
    disk.connect()
    command.call_in("c")
    (row,) = [row for row in site_queries.site_rows(timezone.now()) if row.facts.offline]
    assert row.next_call_in == CatchUp.objects.get().started_at + timedelta(days=180)


def test_a_new_folder_site_is_caught_up_the_same_way(kept, disk, settings, tmp_path):
    settings.SITES = [*settings.SITES, {"code": "d", "name": "丁库", "path": str(tmp_path / "d")}]
    assert command.call_in("d") == command.OK
    assert Copy.objects.filter(site__code="d", state="verified").count() == ArchivalObject.objects.count()


def test_other_pages_are_told_nothing_of_a_set_that_waits(kept, disk):
    volume_id = kept.volume_ids[0]
    assert {copy.site.code for copy in queries.state_of(volume_id, timezone.now())} == {"a", "b"}
    disk.connect()
    command.call_in("c")
    assert {copy.site.code for copy in queries.state_of(volume_id, timezone.now())} == {"a", "b", "c"}


def test_a_set_called_in_gets_the_key_files_that_open_what_is_sealed_on_it(disk, settings, tmp_path):
    from preservation.test_sealed_holdings import hold
    from zhudang.preservation.ocfl import sealing

    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    hold()
    KeptProject().preserve()
    disk.connect()
    assert command.call_in("c") == command.OK
    sealed = ArchivalObject.objects.filter(protection=sealing.SEALED)
    assert sealed.exists()
    assert all(row.state == "verified" for row in on_disk().values())
    names = {path.name for path in disk.mount.rglob("*")}
    assert {"keys.json", "key-internal.age"} <= names
