"""The approval system's interface: idempotent, all reasons at once, and a clear no."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from registry.makers import NOW, make_client, make_project
from zhudang.exchange.models import Message
from zhudang.identity import operations as identity
from zhudang.identity import tokens
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account, Membership, Organisation
from zhudang.identity.rights import SYSTEM
from zhudang.registry.models import Permit, Project, UnitWork

pytestmark = pytest.mark.django_db
CREDIT = "91500241MA5U00003W"


def make_key(role: Role = Role.OFFICIAL, clearance: int = 1) -> str:
    """A key of an account of the approval system, held at the department."""
    organisation = Organisation.objects.create(name="云溪县住房和城乡建设局", kind="department", created_at=NOW)
    account = Account.objects.create(username=f"approval-{role}", name="审批系统", clearance=clearance, created_at=NOW)
    Membership.objects.create(account=account, organisation=organisation, role=role, since=NOW)
    return tokens.issue_token(actor=SYSTEM, account_id=account.pk, name="审批系统", now=timezone.now()).secret


def permit(**more):
    """A permit's message as the approval system sends it."""
    return {
        "key": "DF-0001", "kind": "construction", "number": "990241202404010101", "issued_on": "2024-04-01",
        "issuer": "云溪县住房和城乡建设局",
        "project": {
            "code": "2403-990241-48-01-012345", "name": "滨河安置房一期", "kind": "building",
            "client": {"name": "云溪滨河置业有限公司", "credit_code": CREDIT}, "lon": 109.0, "lat": 28.45,
        },
        "phases": [{
            "code": "2403-990241-48-01-012345-001", "name": "一标段",
            "unit_works": [{"code": "01", "name": "1# 住宅楼", "kind": "building"}],
        }],
        "parties": [{"role": "contractor", "organisation": {"name": "青石建筑工程有限公司"}}],
        "unit_works": ["01"],
        **more,
    }  # fmt: skip


def post(path: str, body, key: str):
    return Client().post(
        f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )


def reasons(response):
    return [reason["code"] for reason in response.json()["reasons"]]


def test_a_permit_brings_project_unit_works_parties_and_client():
    response = post("permits", permit(), make_key())
    assert response.status_code == 200, response.content
    project = Project.objects.get()
    assert (project.client.credit_code, project.lon) == (CREDIT, 109.0)
    assert UnitWork.objects.get().name == "1# 住宅楼"
    assert Permit.objects.get().source == "approval-official"
    assert Permit.objects.get().unit_works.count() == 1
    assert response.json()["project_created"] is True


def test_the_same_message_again_gets_the_same_answer_and_changes_nothing():
    key = make_key()
    first, second = (post("permits", permit(), key).json() for _time in range(2))
    assert second.pop("repeated") is True
    assert first.pop("repeated") is False
    assert first == second
    assert (Project.objects.count(), Permit.objects.count(), Message.objects.count()) == (1, 1, 1)


def test_the_same_key_for_something_else_is_a_conflict():
    key = make_key()
    post("permits", permit(), key)
    response = post("permits", permit(number="990241202404010102"), key)
    assert (response.status_code, reasons(response)) == (409, ["exchange.key_reused"])
    assert Permit.objects.count() == 1


def test_a_second_permit_finds_the_project_and_adds_to_it():
    key = make_key()
    post("permits", permit(), key)
    more = permit(key="DF-0002", kind="planning", number="建字第990241202400012号", unit_works=[])
    more["phases"][0]["unit_works"].append({"code": "02", "name": "2# 住宅楼", "kind": "building"})
    more["project"]["name"] = "滨河雅苑"
    answer = post("permits", more, key).json()
    assert answer["project_created"] is False
    assert len(answer["unit_works_created"]) == 1
    assert [warning["code"] for warning in answer["warnings"]] == ["exchange.name_differs"]
    assert Project.objects.get().name == "滨河安置房一期"


def test_every_reason_comes_at_once_nothing_is_kept_and_the_key_stays_free():
    key = make_key()
    bad = permit(number="99024120240401010", unit_works=["09"])
    bad["project"]["kind"] = "tower"
    bad["project"]["client"]["credit_code"] = "91500241MA5U00003A"
    bad["parties"].append({"role": "contractor", "organisation": {"name": "丙", "credit_code": "91500241MA6U00003W"}})
    response = post("permits", bad, key)
    assert response.status_code == 422
    assert len(reasons(response)) >= 2
    assert "registry.permit.length" in reasons(response)
    assert all(reason["message"] != reason["code"] for reason in response.json()["reasons"])
    assert (Project.objects.count(), Message.objects.count()) == (0, 0)
    assert not Organisation.objects.filter(credit_code=CREDIT).exists()
    assert post("permits", permit(), key).status_code == 200


def test_a_message_of_the_wrong_shape_names_every_field():
    response = post("permits", {"key": "1", "kind": "planning", "issued_on": "2024-13-01"}, make_key())
    assert response.status_code == 422
    fields = {reason["field"] for reason in response.json()["reasons"]}
    assert {"number", "issued_on", "project"} <= {field.split(".")[-1] for field in fields}


def test_without_a_key_with_a_wrong_an_ended_or_a_foreign_one_nothing_is_told():
    assert Client().post("/api/v1/permits", "{}", content_type="application/json").status_code == 401
    assert reasons(post("permits", permit(), "zd_wrong")) == ["exchange.token_wrong"]
    key = make_key(Role.PARTY_CLERK)
    response = post("permits", permit(), key)
    assert (response.status_code, reasons(response)) == (403, ["rights.role_lacking"])
    assert not Project.objects.exists()


def test_an_ended_key_is_no_key():
    organisation = make_client("局")
    account = identity.create_account(actor=SYSTEM, username="approval", name="审批", now=NOW)
    account_id = getattr(account, "id", None) or getattr(account, "account_id", account)
    Membership.objects.create(account_id=account_id, organisation_id=organisation, role=Role.OFFICIAL, since=NOW)
    ended = tokens.issue_token(
        actor=SYSTEM, account_id=account_id, name="旧", now=timezone.now() - timedelta(days=9), lasts=timedelta(days=1)
    )
    assert post("permits", permit(), ended.secret).status_code == 401


def test_the_completion_filing_gets_a_clear_no_alike_for_unknown_and_hidden_projects():
    key = make_key()
    make_project(client_id=make_client(), code="2403-990241-48-01-000009", level=2)

    def ask(code):
        return Client().get(f"/api/v1/projects/{code}/acceptance", headers={"Authorization": f"Bearer {key}"}).json()

    hidden, absent = ask("2403-990241-48-01-000009"), ask("2403-990241-48-01-000010")
    assert {**hidden, "project": ""} == {**absent, "project": ""}
    assert (absent["accepted"], absent["reason"]) == (False, "unknown_project")
    post("permits", permit(), key)
    known = ask("2403-990241-48-01-012345")
    assert (known["known"], known["accepted"], known["reason"]) == (True, False, "nothing_applied")


def test_an_application_for_an_unknown_project_in_an_unknown_mode_tells_both():
    response = post("applications", {"key": "S-1", "project_code": "x", "mode": "never"}, make_key())
    assert reasons(response) == ["exchange.project_unknown", "exchange.mode_unknown"]


def test_an_incomplete_application_is_taken_and_told_once_what_is_missing():
    key = make_key()
    post("permits", permit(), key)
    body = {"key": "S-1", "project_code": "2403-990241-48-01-012345", "mode": "before_filing", "contact": "甲"}
    first, second = post("applications", body, key), post("applications", body, key)
    assert first.status_code == 200, first.content
    assert first.json()["application_id"] == second.json()["application_id"]


def test_the_description_is_served_without_loading_anything_from_elsewhere():
    described = Client().get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {
        "/api/v1/permits",
        "/api/v1/applications",
        "/api/v1/projects/{code}/acceptance",
    }
    assert Client().get("/api/v1/docs").status_code == 404
