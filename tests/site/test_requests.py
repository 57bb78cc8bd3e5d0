"""What every request passes, whichever page it is for."""

from urllib.parse import urlencode

import pytest

from filing.filing_support import organisation, person
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    archive = organisation("云溪县城建档案馆", "archive")
    person("admin", archive, Role.SYSTEM_ADMIN)
    person("someone", archive, Role.ARCHIVIST)
    client.force_login(Account.objects.get(username="admin"))
    client.raise_request_exception = False
    return client


def test_a_form_with_a_nul_is_sent_back_with_the_fields_that_hold_one_and_nothing_is_changed(admin):
    someone = Account.objects.get(username="someone")
    sent = {"name": "甲\0乙", "phone": "138", "note\0": ""}
    answer = admin.post(f"/people/{someone.pk}/describe/", sent, headers={"accept-language": "zh-hans"})
    said = answer.content.decode()
    assert answer.status_code == 400
    assert "“name”里有文字不会有的字符" in said and "“note”里有" in said and "“phone”" not in said
    assert "没有改动任何内容" in said and "\0" not in said
    someone.refresh_from_db()
    assert (someone.name, someone.phone) == ("someone", "")


def test_a_request_with_very_many_such_fields_is_answered_shortly(admin):
    sent = urlencode([(f"{'x' * 500}{number}", chr(0)) for number in range(300)])
    answer = admin.get(f"/people/?{sent}")
    assert answer.status_code == 400
    said = answer.content.decode()
    assert 0 < said.count("0x00") <= 20 and f"“{'x' * 60}”" in said and f"“{'x' * 61}" not in said


def test_where_it_stands_in_the_address_it_is_said_in_english_too(admin):
    someone = Account.objects.get(username="someone").pk
    for path in (f"/people/{someone}/?{urlencode({'q': 'a' + chr(0)})}", "/projects/%00/", "/people/?%00=1"):
        answer = admin.get(path, headers={"accept-language": "en"})
        assert answer.status_code in {400, 404} and "\0" not in answer.content.decode()
    assert "which no text has" in admin.get("/people/?q=%00", headers={"accept-language": "en"}).content.decode()
