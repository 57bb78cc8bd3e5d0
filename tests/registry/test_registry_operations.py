"""Entering projects and what belongs to them: row, log entry and event together."""

from __future__ import annotations

from datetime import date

import pytest

from registry.makers import NOW, actor_of, make_client, make_project
from zhudang.audit.models import Entry
from zhudang.events.models import Event
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import SYSTEM
from zhudang.registry import operations, queries
from zhudang.registry.models import Permit, Project
from zhudang.shared.refusals import Forbidden, NotFound, Refusal

pytestmark = pytest.mark.django_db


def test_a_project_is_entered_with_its_client_as_first_party():
    client = make_client()
    project_id = make_project(client_id=client)
    project = Project.objects.get(pk=project_id)
    assert project.code == "2403-990241-48-01-012345"
    assert [party.role for party in queries.parties_of(project_id)] == ["client"]
    assert Entry.objects.filter(act="registry.project.registered", subject=f"registry.project:{project_id}").exists()
    assert Event.objects.filter(kind="registry.project.registered").count() == 1


def test_every_reason_is_told_at_once_and_nothing_is_kept():
    client = make_client()
    with pytest.raises(Refusal) as refused:
        operations.register_project(
            actor=SYSTEM, code="2403-990241-48-01-12345", name=" ", kind="tower", client_id=client, level=9,
            lon=27.9, lat=108.2, now=NOW,
        )
    codes = [reason.code for reason in refused.value.reasons]
    assert codes == [
        "registry.project_code.serial", "registry.name_missing", "registry.kind_unknown", "registry.level_unknown",
        "registry.axes_swapped",
    ]
    assert not Project.objects.exists()
    assert not Entry.objects.filter(act="registry.project.registered").exists()


def test_a_client_may_enter_only_its_own_project():
    client, other = make_client(), make_client("另一家置业有限公司")
    clerk = actor_of(Role.CLIENT_CLERK, client)
    make_project(client_id=client, actor=clerk)
    with pytest.raises((Forbidden, NotFound)):
        make_project(client_id=other, actor=clerk, code="2403-990241-48-01-012346")


def test_a_permit_sent_twice_is_one_permit_and_one_event():
    project_id = make_project(client_id=make_client())
    for _time in range(2):
        operations.record_permit(
            actor=SYSTEM, project_id=project_id, kind="construction", number="990241202404010101",
            issued_on=date(2024, 4, 1), now=NOW,
        )
    assert Permit.objects.count() == 1
    event = Event.objects.get(kind="registry.permit.issued")
    assert event.data["first"] is True
