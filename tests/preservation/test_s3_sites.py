"""A site in a bucket of a real S3 server (Ceph): caught up by itself, read, mended, and never said to hold what nobody read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from filing.filing_support import person
from preservation.ceph import APPLICATION
from preservation.kept_project import KeptProject, site_settings
from preservation.ocfl_support import judged_by_ocfl_py
from preservation.s3_support import Far, fetched
from zhudang.audit.models import Entry
from zhudang.cli import doctor
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.preservation import (
    books,
    catching_up,
    command,
    compliance,
    ingesting,
    jobs,
    outcomes,
    queries,
    reading,
    register_queries,
    rounds,
    site_command,
    site_queries,
    strays,
)
from zhudang.preservation.bucket import client, credentials
from zhudang.preservation.bucket import client as client_module
from zhudang.preservation.bucket.credentials import Credentials
from zhudang.preservation.domain.states import Health
from zhudang.preservation.keys import wrapping
from zhudang.preservation.keys.standing import standing
from zhudang.preservation.models import ArchivalObject, BookComparison, CatchUp, Copy, Ingest, Reading, Site
from zhudang.preservation.ocfl.layout import object_path
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.sites import meet, places

pytestmark = [pytest.mark.django_db, pytest.mark.debian]


def settings_of(far: Far, **more: Any) -> dict[str, Any]:
    address = far.bucket.address
    return {
        "code": "s", "name": "云上份", "kind": "s3", "endpoint": address.endpoint, "bucket": address.bucket,
        "prefix": address.prefix, **more,
    }  # fmt: skip


@pytest.fixture
def site(far: Far, settings, tmp_path: Path) -> None:
    """Two folders and a bucket whose credentials are there."""
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    settings.SITES = [*site_settings(tmp_path), settings_of(far)]
    settings.CONTENT_ROOT = str(tmp_path / "content")
    credentials.write("s", APPLICATION)


@pytest.fixture
def kept(site: None) -> KeptProject:
    project = KeptProject()
    project.preserve()
    return project


def in_bucket() -> dict[Any, Copy]:
    return {copy.object_id: copy for copy in Copy.objects.filter(site__code="s")}


def healths(kept: KeptProject) -> set[str]:
    return set(register_queries.counts_of(queries.known_objects(kept.site.archivist), timezone.now()).by_health)


def rename(kept: KeptProject, name: str) -> ArchivalObject:
    row = ArchivalObject.objects.get(kind="project")
    row.project.name = name
    row.project.save()
    assert ingesting.keep_project(kept.project_id)
    row.refresh_from_db()
    return row


def test_ingest_waits_for_no_network_and_the_hourly_run_brings_what_lacks(kept, far, run_jobs, tmp_path, client):
    assert Ingest.objects.get().state == "done"
    assert (in_bucket(), far.listed(), healths(kept)) == ({}, [], {Health.WAITING})
    run_jobs()
    assert catching_up.by_itself("s", seconds=0) is None
    assert (len(in_bucket()), CatchUp.objects.get().stopped_because["code"]) == (1, "preservation.catch_up_goes_on")
    jobs.begin_buckets(0)
    run_jobs()
    copies = in_bucket()
    assert len(copies) == ArchivalObject.objects.count()
    assert {copy.state for copy in copies.values()} == {"verified"}
    assert healths(kept) == {Health.SOUND}
    assert [run.complete for run in CatchUp.objects.order_by("started_at")] == [False, True]
    down = fetched(far.root, tmp_path / "any-tool" / "store")
    assert judged_by_ocfl_py([StorageRoot(down.parent)]) == [], "digests of what is stored are checked without any key"
    assert not catching_up.bucket_due("s", timezone.now())
    jobs.begin_buckets(0)
    run_jobs()
    assert CatchUp.objects.count() == 2, "where nothing lacks nothing is done"
    # The page says what was tried, when, and where the site is.
    client.force_login(Account.objects.get(username="archivist"))
    site = Site.objects.get(code="s")
    page = client.get(f"/preservation/sites/{site.pk}/").content.decode()
    assert "不可删除（" in page
    assert site.path in page
    assert APPLICATION.secret_key not in page
    register = client.get("/preservation/").content.decode()
    assert "对象存储（S3）" in register
    assert "不可删除（" in register
    english = client.get(f"/preservation/sites/{site.pk}/", headers={"accept-language": "en"}).content.decode()
    assert "cannot be deleted" in english
    assert "不可删除" not in english


def test_a_later_version_follows_and_a_damaged_copy_is_told_mended_and_kept_as_it_was(kept, far):
    assert command.call_in("s") == command.OK
    row = rename(kept, "滨河安置房一期（更名）")
    assert in_bucket()[row.id].version == row.version - 1
    assert command.verify() == command.OK, "what lags is no damage"
    assert catching_up.bucket_due("s", timezone.now())
    assert command.call_in("s") == command.OK
    assert in_bucket()[row.id].version == row.version
    key = far.rot("files/0001.pdf")
    Copy.objects.update(looked_at=None)
    done = rounds.read_on("s")
    assert (done.copies, done.repaired, done.wrong_count) == (ArchivalObject.objects.count(), 1, 0)
    assert Entry.objects.filter(act="preservation.copy.repaired").count() == 1
    versions = far.owner.ask("list_object_versions", Prefix=key)["Versions"]
    assert len(versions) == 3, "as written, rotten, written over: nothing is lost"
    assert {copy.state for copy in in_bucket().values()} == {"verified"}
    far.lose("inventory.json.sha512")
    assert command.verify(repair=True) == command.OK
    assert {copy.state for copy in in_bucket().values()} == {"verified"}
    # What should not be there cannot be removed by us, and keeps the copy from counting.
    far.owner.put(far.key("0=ocfl_object_1.1").replace("0=ocfl_object_1.1", "foreign.txt"), b"x")
    assert command.verify(repair=True) == command.WRONG
    (copy,) = [copy for copy in in_bucket().values() if copy.state == "damaged"]
    assert [(each["code"], each["path"]) for each in copy.damages] == [("STO-003", "foreign.txt")]


def test_what_lies_in_a_bucket_and_is_no_object_is_told_by_its_path_as_in_a_folder(kept, far, capsys, monkeypatch):
    command.call_in("s")
    assert command.verify() == command.OK
    held = far.key("/inventory.json").removesuffix("/inventory.json")
    near, store = held.rpartition("/")[0], f"{far.prefix}/store"
    unread = f"urn:uuid:{uuid4()}"
    strange = [
        f"{store}/扫描件/1.tif", f"{store}/扫描件/2.tif", f"{store}/ocfl_layout.json.old", f"{store}/extensions/other/x", f"{store}/abc/",
        f"{near}/Thumbs.db", f"{near}/urn%3auuid%3acopy/inventory.json", f"{store}/{object_path(unread)}/1.pdf",
    ]  # fmt: skip
    for key in strange:
        far.owner.put(key, b"x")
    capsys.readouterr()
    assert command.verify() == command.WRONG
    told = [(each["site"], each["object"], each["state"]) for each in Reading.objects.first().wrong]
    within = near.removeprefix(f"{store}/")
    paths = [
        "abc", "扫描件", "ocfl_layout.json.old", "extensions/other", f"{within}/Thumbs.db", f"{within}/urn%3auuid%3acopy", unread,
    ]  # fmt: skip
    assert sorted(told) == sorted(("s", path, "unknown") for path in paths), "each thing once"
    assert "扫描件" in capsys.readouterr().out
    # A listing that breaks off says nothing of what it did not come to.
    monkeypatch.setattr(client, "TRIES", 1)
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    (bucket,) = [meet(place, timezone.now()) for place in places() if place.code == "s"]
    with far.server.silent():
        assert [each.state for each in strays.in_buckets([bucket])] == [outcomes.UNREACHABLE]


def test_a_bucket_that_falls_silent_is_unreachable_and_its_copies_neither_verified_nor_lost(kept, far, monkeypatch):
    # One that lags too long is waited for no longer.
    now = timezone.now()
    assert compliance.ground(now, timezone.localdate()).overdue == frozenset()
    later = now + timedelta(days=8)
    assert compliance.ground(later, timezone.localdate()).overdue == {"s"}
    assert command.call_in("s") == command.OK
    before = {copy.pk: (copy.state, copy.verified_at) for copy in in_bucket().values()}
    monkeypatch.setattr(client, "TRIES", 1)
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    with far.server.silent():
        assert command.verify() == command.INCOMPLETE
        assert command.call_in("s") == command.REFUSED
        assert rounds.read_on("s").copies == 0
        CatchUp.objects.update(complete=False)
        runs = CatchUp.objects.count()
        jobs.catch_up_bucket("s")
        assert CatchUp.objects.count() == runs, "one that does not answer leaves no runs behind every hour"
        assert [result.verdict for result in doctor.buckets()] == ["ill"]
    assert {copy.pk: (copy.state, copy.verified_at) for copy in in_bucket().values()} == before
    site = Site.objects.get(code="s")
    assert (site.contact["ok"], site.contact["problem"]) == (False, "ReadTimeoutError")
    assert Entry.objects.filter(act="preservation.site.unreachable").count() == 1
    (held,) = {row.reachable for row in site_queries.site_rows(timezone.now()) if row.code == "s"}
    assert held is False
    on = compliance.ground(timezone.now(), timezone.localdate())
    assert [place.counts for place in on.places] == [True, True, False], "no copy counts where nobody answers"


def test_silence_in_the_middle_of_a_reading_ends_it_and_names_what_was_not_read(kept, far, monkeypatch):
    command.call_in("s")
    Copy.objects.update(looked_at=None)
    told = []
    monkeypatch.setattr(client, "TRIES", 1)
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    run = reading.read_all(repair=True, now=timezone.now)
    for outcome in run:
        told.append(outcome)
        if outcome.site == "s":
            break
    with far.server.silent():
        told += list(run)
    states = [outcome.state for outcome in told if outcome.site == "s"]
    assert states[0] == "verified"
    assert set(states[1:]) == {"unreachable"}
    assert len(states) == ArchivalObject.objects.count()
    assert {copy.state for copy in in_bucket().values()} == {"verified"}
    # A bucket emptied behind our back is out of reach, rather than filled anew.
    far.lose("0=ocfl_1.1")
    assert command.call_in("s") == command.REFUSED
    assert Site.objects.get(code="s").contact["problem"] == "NoStorageRoot"
    assert command.verify() == command.INCOMPLETE


def test_deleting_is_tried_and_what_came_of_it_is_told_and_logged(site, far, capsys):
    assert site_command.check("s") == command.OK
    assert "不可删除（" in capsys.readouterr().out
    first = Site.objects.get(code="s").proof
    assert (first["deletion"], first["overwriting"]) == ("denied", "kept")
    assert [result.verdict for result in doctor.buckets()] == ["well"]
    assert Entry.objects.filter(act="preservation.site.proved").count() == 1, "the same again is no news"
    credentials.write("s", far.owner._credentials)
    assert site_command.check("s") == command.WRONG
    assert "可删除（" in capsys.readouterr().out
    assert [result.verdict for result in doctor.buckets()] == ["attention"]
    changed = Entry.objects.filter(act="preservation.site.proved").order_by("-pk").first()
    assert changed
    assert (changed.data["before"]["deletion"], changed.data["deletion"]) == ("denied", "allowed")


def test_credentials_have_a_file_of_their_own_that_nobody_else_can_read(site, far, settings, capsys):
    path = credentials.file_of("s")
    assert (path.stat().st_mode & 0o777, json.loads(path.read_text())["access_key"]) == (0o600, APPLICATION.access_key)
    assert APPLICATION.secret_key not in repr(credentials.read("s"))
    assert APPLICATION.secret_key not in json.dumps(list(Entry.objects.values_list("data", flat=True)), default=str)
    path.chmod(0o640)
    assert command.call_in("s") == command.REFUSED
    assert "600" in capsys.readouterr().err
    assert [result.verdict for result in doctor.buckets()] == ["ill"]
    path.unlink()
    assert [result.verdict for result in doctor.buckets()] == ["ill"]
    assert str(path) in next(doctor.buckets()).said
    credentials.write("s", APPLICATION)
    settings.SITES = [*settings.SITES, settings_of(far, code="t", name="又一份", prefix=f"{far.prefix}t")]
    credentials.write("t", Credentials(APPLICATION.access_key, APPLICATION.secret_key))
    assert "one key opens several sites: s, t" in [result.said for result in doctor.buckets()][-1]


def test_what_is_sealed_lies_sealed_in_the_bucket_beside_its_wrapped_keys(site, far, tmp_path, client):
    from preservation.test_sealed_holdings import hold
    from zhudang.preservation.ocfl import sealing

    hold()
    project = KeptProject()
    project.preserve()
    person("the_security_admin", project.site.archive_id, Role.SECURITY_ADMIN)
    assert command.call_in("s") == command.OK
    assert ArchivalObject.objects.filter(protection=sealing.SEALED).exists()
    names = {key.split("/")[-1] for key in far.listed("store/")}
    assert {"keys.json", "key-internal.age", "index.age"} <= names
    assert not any(name.endswith(".pdf") for name in names)
    # The page of the keys says of the bucket what the last run there saw, and within the hour it has new ones.
    told = {place.code: place for place in standing(timezone.now()).places}
    assert (told["s"].state, told["s"].seen_at is not None) == ("current", True)
    assert not catching_up.bucket_due("s", timezone.now())
    wrapping.save(replace(wrapping.register_at(wrapping.folder()), working_since=timezone.now().isoformat()))
    assert {place.code: place.state for place in standing(timezone.now()).places}["s"] == "stale"
    assert catching_up.bucket_due("s", timezone.now())
    catching_up.by_itself("s")
    assert {place.code: place.state for place in standing(timezone.now()).places}["s"] == "current"
    books.compare(actor=project.site.archivist, now=timezone.now())
    sealed = BookComparison.objects.get()
    assert (sealed.difference_count, len(sealed.sides)) == (0, 5)
    assert len({(side["volumes"], side["files"], side["bytes"]) for side in sealed.sides}) == 1
    client.force_login(Account.objects.get(username="the_security_admin"))
    assert "云上份" in client.get("/preservation/keys/").content.decode()
    down = fetched(far.root, tmp_path / "keeper" / "store")
    assert judged_by_ocfl_py([StorageRoot(down.parent)]) == [], "the keeper's audit needs no key"
    assert site_command.fetch("s", tmp_path / "down") == command.OK
    assert (tmp_path / "down" / "store" / "key-internal.age").exists()


def test_the_books_count_a_bucket_as_any_other_site(kept, far, run_jobs, client, monkeypatch):
    def compared() -> BookComparison:
        answer = client.post("/preservation/books/")
        assert answer.headers["Location"].startswith("/work"), "a page waits for no server"
        run_jobs()
        return BookComparison.objects.latest("made_at", "id")

    client.force_login(Account.objects.get(username="archivist"))
    assert compared().difference_count == 0, "what the hourly run has still to bring is no difference"
    assert command.call_in("s") == command.OK
    agreed = compared()
    assert agreed.difference_count == 0
    assert [side["name"] for side in agreed.sides if side["side"] == "site"] == ["a库", "b库", "云上份"]
    assert len({(side["volumes"], side["files"], side["bytes"]) for side in agreed.sides}) == 1
    far.lose("files/0001.pdf")
    (less,) = compared().differences
    assert (less["name"], less["what"], less["there"][0]) == ("云上份", "counts", less["ledger"][0])
    assert less["there"][1] < less["ledger"][1]
    volume = ArchivalObject.objects.get(kind="volume")
    far.owner.ask("delete_object", Key=far.key(f"{volume.ocfl_id.replace(':', '%3a')}/inventory.json"))
    (gone,) = compared().differences
    assert (gone["name"], gone["what"]) == ("云上份", "lacking")
    monkeypatch.setattr(client_module, "TRIES", 1)
    monkeypatch.setattr(client_module, "READ_SECONDS", 0.2)
    with far.server.silent():
        unseen = compared()
    assert unseen.difference_count == 0
    assert [side["volumes"] for side in unseen.sides][-1] is None


def test_a_bucket_is_brought_down_to_a_folder_whole_and_mends_a_folder_no_other_can(
    kept, far, tmp_path, capsys, django_assert_num_queries
):
    command.call_in("s")
    down = tmp_path / "down"
    with django_assert_num_queries(0):
        assert site_command.fetch("s", down) == command.OK
    root = StorageRoot.open(down)
    assert judged_by_ocfl_py([root]) == []
    assert {root.inventory(row.ocfl_id).sha512 for row in ArchivalObject.objects.all()} == set(
        ArchivalObject.objects.values_list("inventory_sha512", flat=True)
    )
    for code in "ab":
        for path in (tmp_path / code / "store").rglob("files/0001.pdf"):
            path.write_bytes(b"rotten")
    assert command.verify(repair=True) == command.OK
    assert {copy.state for copy in Copy.objects.all()} == {"verified"}
    assert judged_by_ocfl_py([place.root for place in places() if place.root]) == []
    assert len(list((tmp_path / "a" / "quarantine").iterdir())) == 1
    far.rot("files/0001.pdf")
    assert site_command.fetch("s", tmp_path / "again") == command.WRONG
    assert "STO-002" in capsys.readouterr().out
    assert site_command.fetch("a", down) == command.REFUSED
