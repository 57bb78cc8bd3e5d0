"""Merging and splitting take along what was collected, or are refused as a whole."""

from __future__ import annotations

import io

import pytest

from registry.makers import NOW, make_account, make_client, make_project, make_unit
from zhudang.content import operations as content
from zhudang.content.models import File
from zhudang.content.places import resolve
from zhudang.events.models import Event
from zhudang.filing.models import Record
from zhudang.identity.domain.roles import Role
from zhudang.identity.queries import actor_of
from zhudang.identity.rights import SYSTEM
from zhudang.registry import operations, queries
from zhudang.registry.models import Project
from zhudang.shared.refusals import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def running():
    """A project with a unit work, a file in its inbox and a record in draft."""
    client = make_client()
    project = make_project(client_id=client)
    unit = make_unit(project)
    actor = actor_of(make_account(Role.CLIENT_CLERK, client).pk)
    file_id = content.receive(
        actor=actor,
        stream=io.BytesIO(b"%PDF-1.4 a page"),
        name="告知.pdf",
        folder="",
        place=resolve(project, None),
        now=NOW,
    )
    record = Record.objects.create(
        project_id=project,
        unit_work_id=unit,
        organisation_id=client,
        part="A",
        title="立项批复",
        created_at=NOW,
        created_by="甲",
        changed_at=NOW,
        changed_by="甲",
    )
    return client, project, unit, file_id, record


def test_a_merged_project_takes_its_records_and_files_along(running):
    client, project, unit, file_id, record = running
    target = make_project(client_id=client, code="2403-990241-48-01-000002")
    operations.merge_projects(actor=SYSTEM, project_id=project, into_id=target, reason="批复", now=NOW)
    record.refresh_from_db()
    assert record.project_id == target
    assert File.objects.get(pk=file_id).project_id == target
    added = Event.objects.filter(kind="registry.unit_work.added", subject=f"registry.unit_work:{unit}").last()
    assert added.data["project_id"] == str(target)


def test_what_is_under_review_keeps_its_project_and_nothing_moves(running):
    client, project, unit, file_id, record = running
    target = make_project(client_id=client, code="2403-990241-48-01-000002")
    Record.objects.filter(pk=record.pk).update(state="submitted")
    with pytest.raises(Refusal) as refused:
        operations.merge_projects(actor=SYSTEM, project_id=project, into_id=target, reason=" ", now=NOW)
    assert [reason.code for reason in refused.value.reasons] == ["registry.reason_missing", "filing.records_under_way"]
    assert queries.project_of_unit_work(unit) == project
    assert File.objects.get(pk=file_id).project_id == project
    assert Project.objects.get(pk=project).status == "running"


def test_a_part_split_off_takes_only_what_belongs_to_its_phases(running):
    _client, project, unit, file_id, record = running
    phase = queries.unit_work_facts(unit).phase_id
    operations.add_phase(actor=SYSTEM, project_id=project, code="2403-990241-48-01-012345-002", name="二", now=NOW)
    part = operations.split_project(
        actor=SYSTEM,
        project_id=project,
        phase_ids=[phase],
        code="2405-990241-48-01-000001",
        name="南区",
        reason="批复",
        now=NOW,
    )
    record.refresh_from_db()
    assert record.project_id == part
    assert File.objects.get(pk=file_id).project_id == project
