"""The page of the keys: for the three administrators, in both languages, and never more than they may know."""

from datetime import timedelta
from pathlib import Path

import pytest

from filing.filing_support import NOW, person
from preservation.kept_project import KeptProject
from preservation.key_support import HOLDERS, classes_of, hold
from preservation.key_support import home as home
from preservation.offline_set import OfflineSet
from zhudang.identity import operations as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.identity.rights import SYSTEM
from zhudang.preservation.keys import wrapping
from zhudang.preservation.keys.command import status_lines
from zhudang.preservation.keys.standing import standing
from zhudang.preservation.models import CatchUp, Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(home: Path):
    archive = identity.register_organisation(actor=SYSTEM, name="城建档案馆", kind="archive", now=NOW)
    return {
        role: person(f"the_{role.value}", archive, role)
        for role in (Role.SECURITY_ADMIN, Role.AUDIT_ADMIN, Role.ARCHIVIST)
    }


def page(client, username: str, language: str = "zh"):
    client.force_login(Account.objects.get(username=username))
    return client.get("/preservation/keys/", headers={"accept-language": language})


def test_before_the_ceremony_it_teaches_what_to_do(client, office):
    told = page(client, "the_security_admin").content.decode()
    assert "zhudang keys ceremony" in told
    assert "没有密钥，暂存明文" in told
    assert "等密钥，不入库" in told


def test_it_shows_public_halves_custodians_and_acts_and_no_secret(client, office, home: Path):
    words = hold(office[Role.SECURITY_ADMIN])
    told = page(client, "the_security_admin").content.decode()
    register = wrapping.register_at(home)
    assert register is not None
    national = (
        register.working_sm,
        register.recovery.recipient_sm,
        register.key_of("confidential", "sm").recipient,
        "国密（SM2、SM4）",
    )
    for shown in (
        register.working,
        register.recovery.recipient,
        *national,
        *HOLDERS,
        "恢复密钥仪式",
        "the_security_admin",
    ):
        assert shown in told
    assert "AGE-SECRET-KEY" not in told
    assert "PRIVATE KEY" not in told
    assert not any(" ".join(share.split()[4:7]) in told for share in words)
    assert page(client, "the_audit_admin").status_code == 200


def test_others_do_not_get_it(client, office):
    assert page(client, "the_archivist").status_code == 403


def test_the_english_page_has_no_chinese_of_ours(client, office):
    hold(office[Role.SECURITY_ADMIN])
    told = page(client, "the_security_admin", "en").content.decode()
    assert "Recovery key" in told
    assert "恢复密钥" not in told


def test_the_page_counts_no_objects_for_administrators_may_not_know_of_them(client, office, settings, tmp_path: Path):
    settings.CONTENT_ROOT = str(tmp_path / "content")
    before = page(client, "the_security_admin").content.decode().split("<main", 1)[1]
    KeptProject().preserve()
    after = page(client, "the_security_admin").content.decode().split("<main", 1)[1]
    assert after == before


def test_a_class_that_changed_its_suite_shows_the_key_that_opens_what_was_stored_before(
    client, office, settings, tmp_path
):
    hold(office[Role.SECURITY_ADMIN])
    settings.KEY_CLASSES = classes_of(tmp_path, "internal")
    told = page(client, "the_security_admin", "en").content.decode()
    assert "national (SM2, SM4)" in told
    assert "former age1" in told
    lines = status_lines(standing(NOW))
    assert any(line.startswith("内部") and "SM2" in line for line in lines)
    assert any("former" in line and "age1" in line for line in lines)


def test_a_removable_set_that_lies_apart_is_no_failure_and_tells_when_it_was_last_seen(
    client, office, settings, tmp_path: Path
):
    disk = OfflineSet(tmp_path)
    settings.SITES = [*settings.SITES, disk.settings(tmp_path)[-1]]
    hold(office[Role.SECURITY_ADMIN])

    def told(language: str = "zh") -> str:
        return (
            page(client, "the_security_admin", language).content.decode().split('id="h-places"')[1].split("</table>")[0]
        )

    assert "离线，还没有调回过，调回时写入" in told()
    assert "st-fail" not in told()
    place = Site.objects.get(code="c")
    CatchUp.objects.create(site=place, asked_by="x", started_at=NOW, finished_at=NOW - timedelta(days=1), complete=True)
    assert "离线，上次调回以后密钥换过" in told()
    CatchUp.objects.create(site=place, asked_by="x", started_at=NOW, finished_at=NOW + timedelta(days=1), complete=True)
    assert "离线，现在看不到" in told()
    assert "最近看过" in told()
    assert "st-fail" not in told()
    assert "Offline" in told("en")
