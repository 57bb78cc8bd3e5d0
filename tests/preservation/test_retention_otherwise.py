"""Retention in a bucket that is other than stated: another mode, other days, none at all, another clock. Never shown as more than was proven."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone, translation

from preservation.ceph import APPLICATION, Ceph
from preservation.kept_project import KeptProject, site_settings
from preservation.s3_support import Far
from preservation.test_retention import acts, ends, look
from preservation.test_s3_sites import settings_of
from zhudang.cli import doctor
from zhudang.identity.models import Account
from zhudang.preservation import command, policy_words, site_command
from zhudang.preservation.bucket import credentials, proving
from zhudang.preservation.bucket.client import Bucket, BucketUnreachable
from zhudang.preservation.bucket.proving import proof_of
from zhudang.preservation.models import Site

pytestmark = [pytest.mark.django_db, pytest.mark.debian]


def locked_by_rule(ceph: Ceph, mode: str, days: int) -> Far:
    """A bucket whose owner set a rule for all that is written there."""
    owner = ceph.bucket(f"rule-{uuid4().hex[:8]}", locked=True)
    rule = {"DefaultRetention": {"Mode": mode, "Days": days}}
    owner.ask("put_object_lock_configuration", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    return Far(ceph, owner, "t")


def prepare(far: Far, settings: Any, tmp_path: Path, **more: Any) -> None:
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    settings.SITES = [*site_settings(tmp_path), settings_of(far, **more)]
    settings.CONTENT_ROOT = str(tmp_path / "content")
    credentials.write("s", APPLICATION)
    KeptProject().preserve()
    assert command.call_in("s") == command.OK


def proof() -> proving.Proof:
    found = proof_of(Site.objects.get(code="s").proof)
    assert found
    return found


def page_of(client: Any, language: str = "zh-hans") -> str:
    client.force_login(Account.objects.get(username="archivist"))
    path = f"/preservation/sites/{Site.objects.get(code='s').pk}/"
    return str(client.get(path, headers={"accept-language": language}).content.decode())


def test_a_bucket_in_governance_is_lengthened_in_that_mode_and_never_called_write_once(
    ceph, settings, tmp_path, client, capsys
):
    far = locked_by_rule(ceph, "GOVERNANCE", 20)
    prepare(far, settings, tmp_path, worm=True, operator="省馆")
    assert (proof().mode, proof().named_days, proof().retained_days, proof().write_once) == ("GOVERNANCE", 20, 0, False)
    before, now = ends(far), timezone.now()
    done, stands = look(now + timedelta(days=11))
    after = ends(far)
    assert {mode for mode, _ in after.values()} == {"GOVERNANCE"}
    assert all(after[key][1] > before[key][1] for key in before)
    assert (done.weaker, done.lengthened, acts()[-1]["weaker"]) == (len(before), len(before), len(before))
    assert "不是 COMPLIANCE" in policy_words.retention(stands)
    page, english = page_of(client), page_of(client, "en")
    assert "一次写入：" not in page
    assert "服务器按 GOVERNANCE 方式保留 20 天" in page
    assert "the bucket&#x27;s owner may be able to delete" in english
    assert "桶" not in english.split("<main")[1].split('<h2 id="h-facts"')[0]
    told = {result.said: result.verdict for result in doctor.buckets()}
    assert "attention" in {verdict for said, verdict in told.items() if "GOVERNANCE" in said}
    capsys.readouterr()
    site_command.check("s")
    assert "GOVERNANCE" in capsys.readouterr().out
    # What it says of its owner is so.
    key = next(iter(after))
    (row,) = far.owner.ask("list_object_versions", Prefix=key)["Versions"]
    with pytest.raises(BucketUnreachable):
        far.owner.ask("delete_object", Key=key, VersionId=row["VersionId"])
    far.owner.ask("delete_object", Key=key, VersionId=row["VersionId"], BypassGovernanceRetention=True)


def test_days_are_those_the_server_names_and_not_those_stated(ceph, settings, tmp_path, client):
    far = locked_by_rule(ceph, "COMPLIANCE", 5)
    prepare(far, settings, tmp_path)
    assert (proof().named_days, proof().loosening, proof().write_once) == (5, "denied", True)
    # The sites file states more since; what lies there does not get more by that.
    settings.SITES = [{**item, "retention_days": 30} if item["code"] == "s" else item for item in settings.SITES]
    now = timezone.now()
    _, stands = look(now)
    assert now + timedelta(days=4) < stands.ends_at < now + timedelta(days=6)
    with translation.override("en"):
        (said,) = policy_words.otherwise(replace(proof(), asked_days=30))
    assert "asks for 30 days of retention; the server names 5" in said


def test_what_was_tried_before_loosening_was_is_not_called_write_once():
    older = {
        "at": timezone.now().isoformat(), "deletion": "denied", "version_deletion": "denied", "overwriting": "kept",
        "rules": "denied", "retained_days": 30,
    }  # fmt: skip
    assert proof_of(older).nothing_lost
    assert not proof_of(older).write_once
    assert proof_of(older | {"loosening": "denied"}).write_once


def test_a_bucket_without_object_lock_of_which_retention_is_asked_says_so(far, settings, tmp_path, client):
    prepare(far, settings, tmp_path, retention_days=30)
    assert look(timezone.now()) == (None, None)
    assert "配置要求保留 30 天，桶没有保留" in page_of(client)
    assert "保留期</dt>" not in page_of(client)
    assert any("object lock is off" in result.said and result.verdict == "attention" for result in doctor.buckets())


@pytest.mark.skipif(shutil.which("faketime") is None, reason="no faketime here; apt-get install faketime")
@pytest.mark.parametrize(("off", "minutes", "said"), [("+7m", 6, "快 6 分钟"), ("-7m", -7, "慢 7 分钟")])
def test_a_server_whose_clock_is_off_is_told(ceph: Ceph, off: str, minutes: int, said: str):
    owner = ceph.bucket(f"clock-{uuid4().hex[:8]}", locked=True)
    with ceph.with_clock(off) as endpoint:
        asked = Bucket(replace(owner.address, endpoint=endpoint, retention_days=30), APPLICATION)
        found = proving.prove(asked, datetime.now(UTC))
    assert abs(found.clock_off_minutes - minutes) <= 1
    assert found.write_once
    with translation.override("zh-hans"):
        assert any("服务器的时钟比本机" in each for each in policy_words.otherwise(found))


@pytest.mark.skipif(shutil.which("faketime") is None, reason="no faketime here; apt-get install faketime")
def test_a_server_whose_clock_is_far_off_answers_nothing(ceph: Ceph):
    owner = ceph.bucket(f"clock-{uuid4().hex[:8]}", locked=True)
    with ceph.with_clock("+40d") as endpoint, pytest.raises(BucketUnreachable) as refused:
        proving.prove(Bucket(replace(owner.address, endpoint=endpoint), APPLICATION), datetime.now(UTC))
    assert refused.value.problem == "RequestTimeTooSkewed"
