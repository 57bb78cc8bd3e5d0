"""Retention in a bucket of a real S3 server, looked at before it ends: lengthened, logged, never shortened, and told where it is refused."""

from __future__ import annotations

import json
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
from preservation.test_disposal_in_buckets import ONE
from preservation.test_s3_sites import settings_of
from zhudang.audit.models import Entry
from zhudang.cli import doctor
from zhudang.events.models import Message
from zhudang.preservation import command, jobs, retention, site_command
from zhudang.preservation.bucket import client as s3
from zhudang.preservation.bucket import credentials
from zhudang.preservation.bucket.client import Bucket, BucketUnreachable
from zhudang.preservation.models import Site
from zhudang.preservation.ocfl.layout import object_path
from zhudang.preservation.sites import meet, places

pytestmark = [pytest.mark.django_db, pytest.mark.debian]
PERIOD = timedelta(days=30)


@pytest.fixture(scope="session")
def locked_bucket(ceph: Ceph) -> Bucket:
    return ceph.bucket("worm-archive", locked=True)


@pytest.fixture
def locked(ceph: Ceph, locked_bucket: Bucket) -> Far:
    return Far(ceph, locked_bucket, f"t{uuid4().hex[:8]}")


@pytest.fixture
def kept(locked: Far, settings: Any, tmp_path: Path) -> KeptProject:
    """A project in two folders and, caught up, in a bucket with object lock."""
    prepare(locked, settings, tmp_path)
    project = KeptProject()
    project.preserve()
    assert command.call_in("s") == command.OK
    return project


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


def look(now: datetime) -> Any:
    (place,) = [meet(place, now) for place in places(now) if place.code == "s"]
    return retention.look_after(place, now), retention.standing(place, now)


def acts() -> list[dict[str, Any]]:
    return list(Entry.objects.filter(act=retention.LOOKED).order_by("at", "id").values_list("data", flat=True))


def test_what_is_held_is_lengthened_before_it_ends_and_the_log_says_until_when(kept, locked):
    now = timezone.now()
    before = ends(locked)
    done, stands = look(now)
    assert (done, stands.near, stands.looked_at, acts()) == (None, False, None, []), "nothing ends soon"
    assert abs(stands.ends_at - now - PERIOD) < timedelta(minutes=5)
    later = now + timedelta(days=21)
    done, stands = look(later)
    after = ends(locked)
    assert {mode for mode, _ in after.values()} == {"COMPLIANCE"}
    assert all(after[key][1] > before[key][1] for key in before)
    assert {abs(end - later - PERIOD) < timedelta(seconds=2) for _, end in after.values()} == {True}
    assert (done.files, done.lengthened, done.refused) == (len(after), len(after), 0)
    (told,) = acts()
    assert (told["complete"], told["lengthened"], told["without"]) == (True, len(after), 0)
    assert datetime.fromisoformat(told["ends_at"]) == min(end for _, end in after.values()).replace(
        microsecond=(later + PERIOD).microsecond
    )
    assert not stands.near
    # Until the next end is near the server is not asked; what was written meanwhile is not forgotten.
    assert look(later + timedelta(days=19))[0] is None
    assert look(later + timedelta(days=21))[0].lengthened == len(after)
    assert len(acts()) == 2


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
    assert (done.lengthened, done.without) == (len(found) - 1, 0)


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
    assert acts() == []
    try:
        locked.owner.ask("put_bucket_policy", Policy=json.dumps(denied))
        before = ends(locked)
        done, stands = look(now + timedelta(days=21))
        assert ends(locked) == before
        assert (done.lengthened, done.refused, done.problem) == (0, len(before), "AccessDenied")
        assert (stands.near, stands.last["refused"]) == (True, len(before))
        assert look(now + timedelta(days=22))[0].refused == len(before)
        assert len(acts()) == 1, "the same again is no news"
        message = Message.objects.filter(kind="preservation.site.retention_ends").first()
        assert message.data["until"] == f"{timezone.localtime(stands.ends_at):%Y-%m-%d}"
        told = {result.said: result.verdict for result in doctor.buckets()}
        day = timezone.localtime(stands.ends_at)
        (said,) = [each for each in told if "保留期" in each]
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
    (place,) = [meet(place, later) for place in places(later) if place.code == "s"]
    with locked.server.silent():
        retention.look_after(place, later)
    assert (acts()[-1]["complete"], acts()[-1]["ends_at"]) == (False, "")
    assert retention.standing(place, later).near


def test_a_bucket_that_keeps_nothing_or_is_to_let_it_end_is_not_looked_at(kept, settings):
    now = timezone.now() + timedelta(days=29)
    settings.SITES = [{**item, "renew_days": 0} if item["code"] == "s" else item for item in settings.SITES]
    assert look(now) == (None, None)
    settings.SITES = [{name: value for name, value in item.items() if name != "renew_days"} for item in settings.SITES]
    Site.objects.filter(code="s").update(proof={})
    assert look(now) == (None, None)
