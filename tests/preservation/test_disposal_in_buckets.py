"""A disposal whose volume lies in a bucket too: its keeper deletes from a list, and only a look into the bucket shows it gone."""

from __future__ import annotations

import csv
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from preservation.ceph import APPLICATION
from preservation.disposal_case import FAST_HASHERS, PASSWORD, VISITOR, Disposal
from preservation.kept_project import site_settings
from preservation.s3_support import Far
from preservation.test_disposal_of_parts import spread
from preservation.test_s3_sites import settings_of
from zhudang.audit.models import Entry
from zhudang.cli import doctor
from zhudang.events.models import Message
from zhudang.identity.models import Account
from zhudang.preservation import catching_up, command, far_copies, jobs, reading, site_command
from zhudang.preservation.bucket import client as s3
from zhudang.preservation.bucket import credentials, leftovers
from zhudang.preservation.bucket.client import BucketUnreachable
from zhudang.preservation.disposal import cases, checking, clearing, executing, signing
from zhudang.preservation.disposal.models import DisposalStep
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl import layout
from zhudang.preservation.sites import places

pytestmark = [pytest.mark.django_db, pytest.mark.debian]
ONE = [("C5-12", "地基验槽记录.pdf"), ("C4.3-1", "钢材试验报告.pdf")]


def begin(settings: Any, tmp_path: Path, far: Far, *, in_parts: bool = False) -> Disposal:
    settings.PASSWORD_HASHERS = FAST_HASHERS
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    settings.SITES = [*site_settings(tmp_path), settings_of(far)]
    settings.CONTENT_ROOT = str(tmp_path / "content")
    credentials.write("s", APPLICATION)
    made = spread(settings) if in_parts else Disposal(ONE)
    assert command.call_in("s") == command.OK
    return made


@pytest.fixture
def made(settings, tmp_path: Path, far: Far) -> Disposal:
    return begin(settings, tmp_path, far)


def versions(far: Far) -> set[str]:
    """All that its owner finds there, to the last version: key and id of the version."""
    pages = far.owner.client.get_paginator("list_object_versions").paginate(
        Bucket=far.owner.address.bucket, Prefix=f"{far.prefix}/"
    )
    return {f"{row['Key']} {row['VersionId']}" for page in pages for row in page.get("Versions", [])}


def delete_as_keeper(far: Far, listed: str, most: int = 1_000) -> None:
    """What the keeper does, with credentials of their own, from the list alone."""
    rows = csv.DictReader(line for line in listed.splitlines() if not line.startswith("#"))
    for row in list(rows)[:most]:
        if row["what"] == leftovers.UPLOAD:
            far.owner.ask("abort_multipart_upload", Key=row["key"], UploadId=row["version_id"])
        elif row["what"] == leftovers.FILE:
            far.owner.ask("delete_object", Key=row["key"])
        else:
            far.owner.ask("delete_object", Key=row["key"], VersionId=row["version_id"])


def listed(made: Disposal) -> str:
    return clearing.give_list(actor=made.executor, case_id=made.case.pk, place="site:s", now=timezone.now())


def sign(made: Disposal, number: int = 2) -> None:
    for who in made.witnesses[:number]:
        signing.clear_owed(
            actor=who, case_id=made.case.pk, place="site:s", note="保管人已删", password=PASSWORD, visitor=VISITOR,
            now=timezone.now(),
        )  # fmt: skip


def step() -> DisposalStep:
    return DisposalStep.objects.get(place="site:s")


def test_the_keeper_deletes_from_the_list_and_a_look_into_the_bucket_proves_it(
    made: Disposal, far: Far, run_jobs, client, tmp_path, capsys
):
    gone, kept = made.volumes
    # Of what is to go there is an earlier version, written over, and an upload that never ended.
    far.rot("files/0001.pdf")
    command.verify(repair=True)
    below = far.root.key(f"{store_path(gone)}/v1/content/files/")
    far.owner.ask("create_multipart_upload", Key=f"{below}0009.pdf")
    made.ready([gone]).execute()
    assert made.case.state == "done", made.case.halted_because
    assert (step().gone, step().proof["why"]) == (False, "bucket")
    assert not Copy.objects.filter(object=gone, site__code="s").exists()
    [destroyed] = Entry.objects.filter(act="preservation.volume.destroyed")
    assert destroyed.data["keys_sha256"] == {"site:s": step().proof["keys_sha256"]}

    # Nothing brings it there again, mends it, or calls what is owed wrong.
    before = versions(far)
    run_jobs()
    command.call_in("s")
    assert command.verify(repair=True) == command.OK
    assert {name for name in before if store_path(gone) in name} == {
        name for name in versions(far) if store_path(gone) in name
    }

    page, path = "", f"/preservation/disposal/{made.case.pk}/"
    client.force_login(Account.objects.get(username=made.executor.username))
    page = client.get(path).content.decode()
    english = client.get(path, headers={"accept-language": "en"}).content.decode()
    assert "its keeper deletes with credentials of their own" in english and "桶" not in english.split("<main")[1]
    assert "由桶的保管人用自己的凭据删除" in page and "看过，还有" in page and "应在" in page
    text = client.get(f"{path}?export=keys&place=site:s").content.decode()
    head, _, lines = text.partition("what,key,version_id,bytes\n")
    rows = list(csv.reader(lines.splitlines()))
    assert {row[0] for row in rows} == {"version", "upload"}
    assert all(store_path(gone) in row[1] for row in rows) and not any(store_path(kept) in row[1] for row in rows)
    assert {f"{row[1]} {row[2]}" for row in rows if row[0] == "version"} == {n for n in before if store_path(gone) in n}
    digest = hashlib.sha256(lines.encode()).hexdigest()
    assert digest in head and made.case.approved_sha256 in head
    assert Entry.objects.get(act="preservation.disposal.keys_given").data["keys_sha256"] == digest
    assert site_command.owed("s", tmp_path / "lists") == command.WRONG
    assert (tmp_path / "lists" / f"{made.case.number}-s.csv").read_text(encoding="utf-8").endswith(lines)

    # Half deleted, or deleted so that versions stay, is not deleted; and nobody signs before that is seen.
    delete_as_keeper(far, text, most=3)
    for row in rows[3:]:
        far.owner.ask("delete_object", Key=row[1])
    with pytest.raises(cases.CannotDecide) as refused:
        sign(made)
    assert [reason.code for reason in refused.value.reasons] == ["preservation.disposal_bucket_holds"]
    client.post(f"{path}look/", {"place": "site:s"})
    run_jobs()
    left = step().proof["keys"]
    assert {row[0] for row in left} == {"version", "marker", "upload"} and len(left) > len(rows) - 3
    assert not step().gone

    delete_as_keeper(far, listed(made))
    assert not any(store_path(gone) in name for name in versions(far))
    assert not step().gone, "that it is gone must be seen first"
    client.post(f"{path}look/", {"place": "site:s"})
    run_jobs()
    assert "看过，一项也没有了" in client.get(path).content.decode()
    sign(made)
    run_jobs()
    assert step().gone and step().proof["nothing_left_at"] and step().proof["keys"] == []
    assert [w["name"] for w in step().proof["witnesses"]] == [who.name for who in made.witnesses]
    assert Entry.objects.filter(act="preservation.volume.cleared").count() == 1
    assert site_command.owed("s") == command.OK

    # From here on the bucket holds the tombstone like any other site.
    assert command.call_in("s") == command.OK
    assert (
        Copy.objects.get(object=gone, site__code="s").inventory_sha512
        == ArchivalObject.objects.get(pk=gone.pk).inventory_sha512
    )
    assert command.verify() == command.OK
    assert list(checking.check()) == []


def store_path(row: ArchivalObject) -> str:
    return layout.object_path(row.ocfl_id).as_posix()


def test_what_was_not_cleared_by_its_day_is_told_by_verify_doctor_and_at_night(
    made: Disposal, far: Far, capsys, client
):
    gone = made.volumes[0]
    made.ready([gone]).execute()
    assert [r.verdict for r in doctor.disposals()] == ["attention"]
    jobs.look_at_all_owed(0)
    assert not Message.objects.filter(kind="preservation.disposal.overdue").exists()
    DisposalStep.objects.filter(place="site:s").update(at=timezone.now() - timedelta(days=31))
    capsys.readouterr()
    assert command.verify() == command.WRONG
    told = capsys.readouterr().out
    assert gone.ocfl_id in told and "DSP-006" in told and "逾期" in told
    assert "DSP-007" in told, "the day it was found was moved by hand, here"
    assert [r.verdict for r in doctor.disposals()] == ["ill", "ill"]
    jobs.look_at_all_owed(0)
    jobs.look_at_all_owed(0)
    assert Message.objects.filter(kind="preservation.disposal.overdue").count() == 1, "once a month"
    assert Entry.objects.filter(act="preservation.disposal.overdue").count() == 1
    client.force_login(Account.objects.get(username=made.executor.username))
    assert "逾期没有清除" in client.get(f"/preservation/disposal/{made.case.pk}/").content.decode()
    delete_as_keeper(far, listed(made))
    jobs.look_at_all_owed(0)
    sign(made)
    assert clearing.clear_place(made.case.pk, "site:s") == 1
    assert list(doctor.disposals()) == []


def test_silence_is_no_absence_and_proves_nothing(made: Disposal, far: Far, monkeypatch: pytest.MonkeyPatch):
    gone = made.volumes[0]
    made.ready([gone]).begin()
    monkeypatch.setattr(s3, "TRIES", 1)
    monkeypatch.setattr(s3, "READ_SECONDS", 0.2)
    with far.server.silent():
        executing.run(made.case.pk)
        assert made.case.state == "done"
        assert (step().proof["problem"], "keys" in step().proof) == ("ReadTimeoutError", False)
        with pytest.raises(cases.CannotDecide) as refused:
            sign(made)
        assert [reason.code for reason in refused.value.reasons] == ["preservation.disposal_bucket_unseen"]
        assert site_command.owed("s") == command.INCOMPLETE
    clearing.look_into_buckets()
    assert step().proof["keys"] and step().proof["problem"] == ""
    delete_as_keeper(far, listed(made))
    clearing.look_into_buckets()
    with far.server.silent():
        sign(made)
        assert clearing.clear_place(made.case.pk, "site:s") == 0
        assert not step().gone, "seen empty before is not seen empty when it is said"
    # Another bucket, or one that was emptied, is not ours: that nothing is listed there says nothing.
    far.lose("0=ocfl_1.1")
    assert clearing.clear_place(made.case.pk, "site:s") == 0
    far.owner.put(far.root.key("0=ocfl_1.1"), b"ocfl_1.1\n")
    assert clearing.clear_place(made.case.pk, "site:s") == 1 and step().gone


def test_an_upload_under_way_ends_before_anybody_looks_and_none_begins_after(
    made: Disposal, far: Far, tmp_path: Path, settings
):
    gone = made.volumes[0]
    Copy.objects.filter(object=gone, site__code="s").delete()
    delete_as_keeper(far, "what,key,version_id,bytes\n" + "\n".join(
        f"version,{name.replace(' ', ',')},0" for name in versions(far) if store_path(gone) in name
    ))  # fmt: skip
    item = ArchivalObject.objects.get(pk=gone.pk)
    made.ready([gone]).begin()
    place = next(place for place in places() if place.code == "s")
    assert place.bucket
    # A catch-up that had chosen the volume before it was condemned comes too late.
    executing._condemn(executing.warrant_for(made.case.items.get().pk), timezone.now())
    assert far_copies.bring(item, place, place.bucket, places(), lambda _size: None) is None
    assert not any(store_path(gone) in name for name in versions(far))
    # One that was cut off left some files and no row: the execution sees them all the same.
    far.owner.put(far.root.key(f"{store_path(gone)}/v1/content/files/0001.pdf"), b"half")
    executing.run(made.case.pk)
    assert made.case.state == "done" and len(step().proof["keys"]) == 1
    assert gone.pk not in set(catching_up.lacking(place).values_list("pk", flat=True))
    assert {outcome.state for outcome in reading.read_all(repair=True, now=timezone.now)} == {"verified"}


def test_a_bucket_without_versions_and_one_that_does_not_list_them(
    settings, tmp_path: Path, unversioned: Far, far: Far, monkeypatch: pytest.MonkeyPatch
):
    made = begin(settings, tmp_path, unversioned, in_parts=True)
    gone, *others = ArchivalObject.objects.filter(kind="volume").order_by("part", "generation")
    unversioned.root.set_aside(others[-1].ocfl_id, ["inventory.json"], timezone.now())
    # What a writer left behind the last successor that has a row is found too.
    unversioned.owner.put(unversioned.root.key(f"{layout.object_path(f'{gone.ocfl_id}:g4')}/half"), b"x")
    made.ready([gone]).execute()
    assert made.case.state == "done", made.case.halted_because
    keys = [row[1] for row in step().proof["keys"]]
    assert any("/quarantine/" in key for key in keys) and any(key.endswith("g4/half") for key in keys)
    assert all(any(f"{store_path(row)}/v1/" in key for key in keys) for row in (gone, *others))
    assert {outcome.state for outcome in reading.read_all(repair=True, now=timezone.now)} == {"verified"}
    delete_as_keeper(unversioned, listed(made))
    clearing.look_into_buckets()
    sign(made)
    assert clearing.clear_place(made.case.pk, "site:s") == 1
    assert not [key for key in unversioned.listed() if str(made.project.volume_ids[0]) in key]

    real = s3.Bucket.client.fget
    assert real

    class Refusing:
        """The server as it answers a policy of before, without the right to list versions."""

        def __init__(self, client: Any) -> None:
            self.client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self.client, name)

        def get_paginator(self, name: str) -> Any:
            if name == "list_object_versions":
                raise BucketUnreachable("AccessDenied")
            return self.client.get_paginator(name)

    monkeypatch.setattr(s3.Bucket, "client", property(lambda self: Refusing(real(self))))
    key = unversioned.root.key(f"{store_path(gone)}/x")
    unversioned.owner.put(key, b"x")
    found = leftovers.of_volume(unversioned.root, gone.ocfl_id, lambda _there: [], [])
    assert [(each.what, each.key) for each in found] == [("file", key)]
    with pytest.raises(BucketUnreachable, match="ListObjectVersions"):
        leftovers.of_volume(far.root, gone.ocfl_id, lambda _there: [], [])
