"""Retention in a bucket of a real S3 server, looked at before it ends: lengthened, logged, never shortened, and told where it is refused."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from preservation.ceph import APPLICATION, Ceph, guide_policy
from preservation.disposal_case import FAST_HASHERS, Disposal
from preservation.kept_project import KeptProject, site_settings
from preservation.s3_support import Far
from preservation.test_disposal_in_buckets import ONE, delete_as_keeper, listed, sign
from preservation.test_s3_sites import settings_of
from zhudang.audit import witness
from zhudang.audit.models import Entry
from zhudang.cli import doctor
from zhudang.events.models import Message
from zhudang.preservation import command, ingesting, jobs, policy_words, retention, site_command
from zhudang.preservation.bucket import client as s3
from zhudang.preservation.bucket import credentials
from zhudang.preservation.bucket.client import Bucket, BucketUnreachable
from zhudang.preservation.disposal import clearing
from zhudang.preservation.models import Copy, Site
from zhudang.preservation.ocfl.layout import object_path
from zhudang.preservation.sites import Place, meet, places

pytestmark = [pytest.mark.django_db, pytest.mark.debian]
PERIOD = timedelta(days=30)


@pytest.fixture(scope="session")
def locked_bucket(ceph: Ceph) -> Bucket:
    return ceph.bucket("worm-archive", locked=True)


@pytest.fixture
def locked(ceph: Ceph, locked_bucket: Bucket) -> Far:
    return Far(ceph, locked_bucket, f"t{uuid4().hex[:8]}")


@pytest.fixture
def kept(kept: KeptProject, locked: Far, settings: Any, tmp_path: Path) -> KeptProject:
    """A project in two folders and, caught up, in a bucket with object lock."""
    prepare(locked, settings, tmp_path)
    assert command.call_in("s") == command.OK
    return kept


def prepare(locked: Far, settings: Any, tmp_path: Path) -> None:
    """Two folders and a bucket in which each file is kept for thirty days."""
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    settings.SITES = [*site_settings(tmp_path), settings_of(locked, retention_days=30, renew_days=10)]
    settings.CONTENT_ROOT = str(tmp_path / "content")
    credentials.write("s", APPLICATION)


def ends(far: Far) -> dict[str, tuple[str, datetime | None]]:
    """Mode and end of the newest version of every file of the store."""
    found = {}
    for row in far.owner.listed(f"{far.prefix}/store/"):
        try:
            told = far.bucket.ask("get_object_retention", Key=row.key)["Retention"]
        except BucketUnreachable:
            told = {}
        found[row.key] = (told.get("Mode", ""), told.get("RetainUntilDate"))
    return found


def bucket_place(now: datetime) -> Place:
    (place,) = [meet(place, now) for place in places(now) if place.code == "s"]
    return place


def look(now: datetime, what: str = retention.HOLDINGS) -> Any:
    """What a look at the holdings did (None where none was due), and how they stand now."""
    place = bucket_place(now)
    done = retention.look_after(place, now)
    return done.get(what), {each.what: each for each in retention.standings(place, now)}.get(what)


def acts(what: str = retention.HOLDINGS) -> list[dict[str, Any]]:
    entries = Entry.objects.filter(act=retention.LOOKED, data__what=what).order_by("at", "id")
    return list(entries.values_list("data", flat=True))


def versions(far: Far, key: str) -> list[Any]:
    """All versions of a key, the newest first, with the end of each."""
    found = []
    for row in far.owner.ask("list_object_versions", Prefix=key)["Versions"]:
        try:
            told = far.bucket.ask("get_object_retention", Key=key, VersionId=row["VersionId"])["Retention"]
        except BucketUnreachable:
            told = {}
        found.append((row["VersionId"], told.get("RetainUntilDate")))
    return found


def test_what_is_held_is_lengthened_before_it_ends_and_the_log_says_until_when(kept, locked):
    now = timezone.now()
    before = ends(locked)
    (unseen, _) = retention.standings(bucket_place(now), now)
    assert (unseen.ends_at, unseen.near, "还没有看过" in policy_words.retention(unseen)) == (None, True, True)
    done, stands = look(now)
    assert (done.files, done.lengthened, done.earlier, ends(locked)) == (len(before), 0, 0, before), "nothing ends soon"
    assert (stands.near, abs(stands.ends_at - now - PERIOD) < timedelta(minutes=5)) == (False, True)
    assert look(now + timedelta(days=19))[0] is None
    later = now + timedelta(days=21)
    done, stands = look(later)
    after = ends(locked)
    assert {mode for mode, _ in after.values()} == {"COMPLIANCE"}
    assert all(after[key][1] > before[key][1] for key in before)
    assert {abs(end - later - PERIOD) < timedelta(seconds=2) for _, end in after.values()} == {True}
    assert (done.files, done.lengthened, done.refused) == (len(after), len(after), 0)
    _, told = acts()
    assert (told["complete"], told["lengthened"], told["without"], told["weaker"]) == (True, len(after), 0, 0)
    assert datetime.fromisoformat(told["ends_at"]) == min(end for _, end in after.values()).replace(
        microsecond=(later + PERIOD).microsecond
    )
    assert not stands.near
    # Until the next end is near the server is not asked; what was written meanwhile is not forgotten.
    assert look(later + timedelta(days=19))[0] is None
    assert look(later + timedelta(days=21))[0].lengthened == len(after)
    assert len(acts()) == 3


def test_nothing_is_shortened_each_mode_stays_and_what_has_none_is_given_one(kept, locked):
    now = timezone.now()
    keys = sorted(key for key in ends(locked) if "/files/" in key or key.endswith("inventory.json"))[:4]
    for key in keys[:2]:
        locked.owner.ask("put_object", Key=key, Body=locked.owner.read(key))
    far_end, soon = datetime.now(UTC) + timedelta(days=400), datetime.now(UTC) + timedelta(days=2)
    locked.owner.ask("put_object_retention", Key=keys[1], Retention={"Mode": "GOVERNANCE", "RetainUntilDate": soon})
    locked.bucket.ask("put_object_retention", Key=keys[2], Retention={"Mode": "COMPLIANCE", "RetainUntilDate": far_end})
    assert ends(locked)[keys[0]] == ("", None)
    later = now + timedelta(days=21)
    done, _ = look(later)
    found = ends(locked)
    assert (found[keys[0]][0], found[keys[1]][0]) == ("COMPLIANCE", "GOVERNANCE")
    assert found[keys[0]][1] - later > timedelta(days=29)
    assert found[keys[1]][1] - later > timedelta(days=29)
    assert abs(found[keys[2]][1] - far_end) < timedelta(seconds=2)
    assert (done.lengthened, done.without, done.weaker, done.earlier) == (len(found) + 1, 0, 1, 2)


def test_what_a_disposal_condemned_is_left_to_its_day(locked, settings, tmp_path):
    settings.PASSWORD_HASHERS = FAST_HASHERS
    prepare(locked, settings, tmp_path)
    made = Disposal(ONE)
    assert command.call_in("s") == command.OK
    gone = made.volumes[0]
    made.ready([gone]).execute()
    assert made.case.state == "done", made.case.halted_because
    before = ends(locked)
    look(timezone.now() + timedelta(days=21))
    after = ends(locked)
    condemned = {key for key in before if str(object_path(gone.ocfl_id)) in key}
    assert condemned
    assert {key for key in before if after[key] == before[key]} == condemned


def test_what_the_bucket_refuses_is_told_with_its_date_and_tried_again(kept, locked, monkeypatch, capsys):
    now = timezone.now()
    policy = guide_policy("worm-archive")
    denied = json.loads(json.dumps(policy))
    denied["Statement"][-1]["Action"].append("s3:PutObjectRetention")
    jobs.look_after_retention(0)
    assert [each["lengthened"] for each in acts()] == [0]
    try:
        locked.owner.ask("put_bucket_policy", Policy=json.dumps(denied))
        before = ends(locked)
        done, stands = look(now + timedelta(days=21))
        assert ends(locked) == before
        assert (done.lengthened, done.refused, done.problem) == (0, len(before), "AccessDenied")
        assert (stands.near, stands.last["refused"]) == (True, len(before))
        assert look(now + timedelta(days=22))[0].refused == len(before)
        assert len(acts()) == 2, "the same again is no news"
        message = Message.objects.filter(kind="preservation.site.retention_ends").first()
        assert message.data["until"] == f"{timezone.localtime(stands.ends_at):%Y-%m-%d}"
        told = {result.said: result.verdict for result in doctor.buckets()}
        day = timezone.localtime(stands.ends_at)
        (said,) = [each for each in told if "在存内容的保留期" in each]
        assert f"{day.year}年{day.month}月{day.day}日" in said
        assert "does not let" in said
        assert told[said] == "attention"
    finally:
        locked.owner.ask("put_bucket_policy", Policy=json.dumps(policy))
    capsys.readouterr()
    assert site_command.check("s") == command.WRONG
    assert "桶不让延长" in capsys.readouterr().out
    assert look(now + timedelta(days=23))[0].lengthened == len(before)
    assert site_command.check("s") == command.OK
    out = capsys.readouterr().out
    assert "之后才结束" in out
    assert "does not end before" in out
    assert acts()[-1]["refused"] == 0
    # Silence is no refusal: what was not seen is not said to be kept.
    monkeypatch.setattr(s3, "TRIES", 1)
    monkeypatch.setattr(s3, "READ_SECONDS", 0.2)
    later = now + timedelta(days=46)
    place = bucket_place(later)
    with locked.server.silent():
        retention.look_after(place, later)
    assert (acts()[-1]["complete"], acts()[-1]["ends_at"]) == (False, "")
    stands = retention.standings(place, later)[0]
    assert (stands.near, "没有看完" in policy_words.retention(stands)) == (True, True)


def test_a_bucket_that_keeps_nothing_or_is_to_let_it_end_is_not_looked_at(kept, settings):
    now = timezone.now() + timedelta(days=29)
    settings.SITES = [{**item, "renew_days": 0} if item["code"] == "s" else item for item in settings.SITES]
    assert look(now) == (None, None)
    settings.SITES = [{name: value for name, value in item.items() if name != "renew_days"} for item in settings.SITES]
    Site.objects.filter(code="s").update(proof={})
    assert look(now) == (None, None)


def test_more_of_a_bucket_that_refuses_everything_is_not_asked_that_night(kept, locked, monkeypatch):
    policy = guide_policy("worm-archive")
    denied = json.loads(json.dumps(policy))
    denied["Statement"][-1]["Action"].append("s3:GetObjectRetention")
    monkeypatch.setattr(retention, "MOST_REFUSED", 3)
    try:
        locked.owner.ask("put_bucket_policy", Policy=json.dumps(denied))
        done, stands = look(timezone.now())
    finally:
        locked.owner.ask("put_bucket_policy", Policy=json.dumps(policy))
    assert 3 <= done.refused < len(ends(locked))
    assert (acts()[-1]["complete"], stands.near) == (False, True)
    assert "桶不让延长" in policy_words.retention(stands)


def test_a_bucket_that_does_not_list_versions_is_lengthened_and_what_was_not_seen_is_told(kept, locked):
    policy = guide_policy("worm-archive")
    denied = json.loads(json.dumps(policy))
    denied["Statement"][-1]["Action"].append("s3:ListBucketVersions")
    now, later = timezone.now(), timezone.now() + timedelta(days=21)
    before = ends(locked)
    locked.rot("files/0001.pdf")
    try:
        locked.owner.ask("put_bucket_policy", Policy=json.dumps(denied))
        done, stands = look(later)
    finally:
        locked.owner.ask("put_bucket_policy", Policy=json.dumps(policy))
    after = ends(locked)
    assert {after[key][1] > now + PERIOD for key in before} == {True}
    assert (done.earlier, done.lengthened, done.unlisted, acts()[-1]["unlisted"]) == (0, len(before), True, True)
    assert (stands.is_open, "桶不让列旧版" in policy_words.retention(stands)) == (True, True)


def test_what_was_written_over_is_lengthened_until_its_copy_was_read_and_found_sound_since(kept, locked):
    now = timezone.now()
    content, other = locked.key("files/0001.pdf"), locked.key("0=ocfl_object_1.1")
    locked.rot("files/0001.pdf")
    locked.owner.ask("delete_object", Key=other)
    before = {key: versions(locked, key) for key in (content, other)}
    assert [len(each) for each in before.values()] == [2, 1]
    later = now + timedelta(days=21)
    done, _ = look(later)
    assert done.earlier == 2, "the bytes under what was written over, and under a marker of deletion"
    for key in (content, other):
        assert abs(versions(locked, key)[-1][1] - later - PERIOD) < timedelta(seconds=2)
    # Mended, and found sound by a reading that began since: what was written over may end; what is read is kept.
    assert command.verify(repair=True) == command.OK
    assert command.verify() == command.OK
    mended = versions(locked, content)
    assert len(mended) == 3
    done, _ = look(later + timedelta(days=25))
    after = versions(locked, content)
    assert (done.earlier, after[0][1] > mended[0][1], after[1:]) == (0, True, mended[1:])


def test_of_the_logs_witness_the_version_that_is_read_is_lengthened(kept, locked, settings):
    now = timezone.now()
    assert look(now, retention.WITNESS)[0].files == 0
    folder = settings.DATA / "witness"
    folder.mkdir(exist_ok=True)
    line = json.dumps({"first": 1, "last": 2, "head": "ab", "at": "2026-11-01T00:00:00+00:00", "leaves": []})
    (folder / "audit-heads-202611.jsonl").write_text(f"{line}\n")
    jobs.tell_far_witnesses(0)
    (piece,) = [row.key for row in locked.owner.listed(f"{locked.prefix}/log-witness/")]
    locked.owner.ask("put_object", Key=piece, Body=b"another history")
    (_, over), (_, first) = versions(locked, piece)
    assert over is None
    later = now + timedelta(days=21)
    done, stands = look(later, retention.WITNESS)
    (_, over), (_, kept_until) = versions(locked, piece)
    assert (done.files, done.lengthened, over) == (1, 1, None)
    assert kept_until > first
    assert abs(kept_until - later - PERIOD) < timedelta(seconds=2)
    (_, told) = acts(retention.WITNESS)
    assert (told["files"], told["lengthened"], told["complete"]) == (1, 1, True)
    assert "日志见证的保留期到" in policy_words.retention(stands)
    assert look(later + timedelta(days=9), retention.WITNESS)[0] is None


def test_a_piece_of_the_witness_deleted_once_its_retention_was_over_is_missed(locked, settings, tmp_path):
    prepare(locked, settings, tmp_path)
    settings.SITES = [*site_settings(tmp_path), settings_of(locked)]
    assert command.call_in("s") == command.OK
    folder = settings.DATA / "witness"
    folder.mkdir(exist_ok=True)
    line = json.dumps({"first": 1, "last": 2, "head": "ab", "at": "2026-11-01T00:00:00+00:00", "leaves": []})
    (folder / "audit-heads-202611.jsonl").write_text(f"{line}\n")
    jobs.tell_far_witnesses(0)
    (piece,) = [row.key for row in locked.owner.listed(f"{locked.prefix}/log-witness/")]
    ((version, _),) = versions(locked, piece)
    soon = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(seconds=5)}
    locked.bucket.ask("put_object_retention", Key=piece, VersionId=version, Retention=soon)
    for _ in range(600):
        with contextlib.suppress(BucketUnreachable):  # refused until it is over
            locked.owner.ask("delete_object", Key=piece, VersionId=version)
            break
        time.sleep(0.1)
    jobs.tell_far_witnesses(0)
    (told,) = Entry.objects.filter(act=witness.REFILLED).values_list("data", flat=True)
    assert told["missing"] == [piece.rpartition("/")[2]]
    (again,) = [row.key for row in locked.owner.listed(f"{locked.prefix}/log-witness/")]
    assert "-refilled-" in again


def test_the_archives_registers_and_catalogues_are_held_there_and_lengthened_with_the_rest(kept, locked):
    assert ingesting.keep_archive()
    assert command.call_in("s") == command.OK
    there = {
        copy.object.kind: copy.object.ocfl_id for copy in Copy.objects.filter(site__code="s").select_related("object")
    }
    assert set(there) == {"volume", "project", "archive"}
    later = timezone.now() + timedelta(days=21)
    before = ends(locked)
    look(later)
    after = ends(locked)
    for ocfl_id in there.values():
        of_object = [key for key in before if str(object_path(ocfl_id)) in key]
        assert of_object
        assert all(after[key][1] > before[key][1] for key in of_object)


def test_what_was_seen_of_another_bucket_says_nothing_of_this_one(kept, locked, settings):
    now = timezone.now()
    _, stands = look(now)
    assert not stands.near
    settings.SITES = [
        {**item, "prefix": f"{locked.prefix}x"} if item["code"] == "s" else item for item in settings.SITES
    ]
    places(now)
    assert retention.standings(bucket_place(now), now) == (), "nothing was tried there"
    assert site_command.check("s") == command.INCOMPLETE, "it has no storage root of ours"


def test_a_tombstone_is_kept_like_a_holding_once_the_bucket_was_cleared(locked, settings, tmp_path, run_jobs):
    settings.PASSWORD_HASHERS = FAST_HASHERS
    prepare(locked, settings, tmp_path)
    with_retention = settings.SITES
    settings.SITES = [*site_settings(tmp_path), settings_of(locked)]
    made = Disposal(ONE)
    assert command.call_in("s") == command.OK
    gone = made.volumes[0]
    made.ready([gone]).execute()
    delete_as_keeper(locked, listed(made))
    clearing.look_at_place(made.case.pk, "site:s")
    sign(made)
    run_jobs()
    assert command.call_in("s") == command.OK
    tombstone = [key for key in ends(locked) if str(object_path(gone.ocfl_id)) in key]
    assert any(key.endswith("tombstone.json") for key in tombstone)
    settings.SITES = with_retention
    site_command.check("s")
    assert {mode for key, (mode, _) in ends(locked).items() if key in tombstone} == {"COMPLIANCE"}


def test_what_lay_there_before_its_copy_was_known_is_lengthened_when_it_is_taken_over(kept, locked, settings):
    """As after a rebuild: the files are old, the rows are new, and the first look may have been before them."""
    now = timezone.now()
    volume = Copy.objects.get(site__code="s", object__kind="volume")
    of_volume = [key for key in ends(locked) if str(object_path(volume.object.ocfl_id)) in key]
    Copy.objects.filter(pk=volume.pk).delete()
    look(now)
    # Since then the days asked for are more; what lies there has those of before.
    settings.SITES = [{**item, "retention_days": 60} if item["code"] == "s" else item for item in settings.SITES]
    site_command.check("s")
    assert command.call_in("s") == command.OK
    after = ends(locked)
    assert {after[key][1] > now + timedelta(days=59) for key in of_volume} == {True}
