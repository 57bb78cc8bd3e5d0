"""Entering projects and what belongs to them: row, log entry and event together."""

from __future__ import annotations

from datetime import date

import pytest

from registry.makers import NOW, actor_of, make_client, make_project, make_unit
from zhudang.audit.models import Entry
from zhudang.events.models import Event
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import SYSTEM
from zhudang.registry import operations, queries
from zhudang.registry.models import Permit, Project
from zhudang.shared.refusals import Conflict, Forbidden, NotFound, Refusal

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
            actor=SYSTEM,
            code="2403-990241-48-01-12345",
            name=" ",
            kind="tower",
            client_id=client,
            level=9,
            lon=27.9,
            lat=108.2,
            now=NOW,
        )
    codes = [reason.code for reason in refused.value.reasons]
    assert codes == [
        "registry.project_code.serial",
        "registry.name_missing",
        "registry.kind_unknown",
        "registry.level_unknown",
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
            actor=SYSTEM,
            project_id=project_id,
            kind="construction",
            number="990241202404010101",
            issued_on=date(2024, 4, 1),
            now=NOW,
        )
    assert Permit.objects.count() == 1
    event = Event.objects.get(kind="registry.permit.issued")
    assert event.data["first"] is True


def test_a_replaced_party_keeps_its_row_and_the_new_client_takes_over():
    first, second = make_client(), make_client("云溪城投有限公司")
    project_id = make_project(client_id=first)
    party = queries.parties_of(project_id)[0]
    operations.replace_party(
        actor=SYSTEM,
        party_id=party.party_id,
        organisation_id=second,
        since=date(2024, 9, 11),
        now=NOW.replace(day=12),
        reason="合并重组",
    )
    former, present = queries.parties_of(project_id)
    assert (former.organisation_id, former.until) == (first, date(2024, 9, 11))
    assert (present.organisation_id, present.until) == (second, None)
    assert queries.project_facts(project_id).client_id == second
    assert queries.project_facts(project_id).party_ids == {first, second}


def test_what_somebody_may_not_know_of_is_in_no_list_and_no_count():
    client, other = make_client(), make_client("另一家置业有限公司")
    own = make_project(client_id=client)
    foreign = make_project(client_id=other, code="2403-990241-48-01-012346", name="别家的楼")
    secret = make_project(client_id=client, code="2403-990241-48-01-012347", name="秘密工程", level=2)
    clerk = actor_of(Role.CLIENT_CLERK, client)
    assert set(queries.visible_projects(clerk).values_list("pk", flat=True)) == {own}
    assert queries.count_projects(clerk).total == 1
    for hidden in (foreign, secret):
        with pytest.raises(NotFound):
            queries.project_page(clerk, hidden)
        with pytest.raises(NotFound):
            operations.rename_project(actor=clerk, project_id=hidden, name="新名", since=date(2024, 9, 1), now=NOW)
    reviewer = actor_of(Role.REVIEWER, make_client("云溪县城建档案馆"))
    assert queries.count_projects(reviewer).total == 2


def test_the_second_of_two_writers_gets_who_when_old_and_new():
    project_id = make_project(client_id=make_client())
    operations.describe_project(actor=SYSTEM, project_id=project_id, now=NOW, revision=1, address="滨河路 18 号")
    with pytest.raises(Conflict) as refused:
        operations.describe_project(actor=SYSTEM, project_id=project_id, now=NOW, revision=1, address="滨河路 20 号")
    data = refused.value.reasons[0].data
    assert data["who"] == SYSTEM.name
    assert data["differences"] == [{"field": "address", "theirs": "滨河路 18 号", "yours": "滨河路 20 号"}]
    assert Project.objects.get(pk=project_id).address == "滨河路 18 号"


def test_a_renamed_project_is_found_by_its_former_name():
    project_id = make_project(client_id=make_client())
    operations.rename_project(
        actor=SYSTEM, project_id=project_id, name="滨河雅苑", since=date(2024, 9, 1), now=NOW, basis="云建〔2024〕5号"
    )
    assert list(queries.find_projects(SYSTEM, q="安置房").values_list("pk", flat=True)) == [project_id]
    page = queries.project_page(SYSTEM, project_id)
    assert (page.name, page.former_names[0].name) == ("滨河雅苑", "滨河安置房一期")


def test_merging_moves_phases_and_ends_the_source():
    client = make_client()
    source = make_project(client_id=client)
    target = make_project(client_id=client, code="2403-990241-48-01-012346", name="滨河安置房二期")
    unit = make_unit(source)
    operations.merge_projects(actor=SYSTEM, project_id=source, into_id=target, reason="云发改〔2024〕9号", now=NOW)
    assert queries.project_of_unit_work(unit) == target
    assert queries.project_page(SYSTEM, source).continued_in == (target, "滨河安置房二期")
    with pytest.raises(Refusal) as refused:
        operations.add_phase(actor=SYSTEM, project_id=source, code="2403-990241-48-01-012345-002", name="二", now=NOW)
    assert "registry.project_merged" in [reason.code for reason in refused.value.reasons]


def test_splitting_takes_the_phases_named_and_never_all():
    project_id = make_project(client_id=make_client())
    unit = make_unit(project_id)
    phase = queries.unit_work_facts(unit).phase_id
    values = {"code": "2405-990241-48-01-000001", "name": "滨河安置房一期（南区）", "reason": "批复", "now": NOW}
    with pytest.raises(Refusal):
        operations.split_project(actor=SYSTEM, project_id=project_id, phase_ids=[phase], **values)
    operations.add_phase(actor=SYSTEM, project_id=project_id, code="2403-990241-48-01-012345-002", name="二", now=NOW)
    part = operations.split_project(actor=SYSTEM, project_id=project_id, phase_ids=[phase], **values)
    assert queries.project_of_unit_work(unit) == part


def test_completion_acceptance_happens_to_every_unit_work():
    project_id = make_project(client_id=make_client())
    unit = make_unit(project_id)
    operations.record_completion_acceptance(actor=SYSTEM, project_id=project_id, accepted_on=date(2024, 9, 6), now=NOW)
    assert queries.unit_work_facts(unit).milestones["acceptance"] == (None, date(2024, 9, 6))
    assert Event.objects.filter(kind="registry.milestone.happened").count() == 1


def test_a_corrected_acceptance_day_corrects_the_steps_that_followed_from_it():
    project_id = make_project(client_id=make_client())
    first, second = make_unit(project_id), make_unit(project_id, code="02", name="2# 住宅楼")
    operations.record_milestone(
        actor=SYSTEM, unit_work_id=second, kind="acceptance", happened_on=date(2024, 8, 1), now=NOW
    )
    for day in (date(2024, 9, 6), date(2024, 9, 3)):
        operations.record_completion_acceptance(actor=SYSTEM, project_id=project_id, accepted_on=day, now=NOW)
    assert queries.unit_work_facts(first).milestones["acceptance"] == (None, date(2024, 9, 3))
    assert queries.unit_work_facts(second).milestones["acceptance"] == (None, date(2024, 8, 1))


def test_a_milestone_foreign_to_the_kind_of_works_is_refused():
    unit = make_unit(make_project(client_id=make_client()))
    with pytest.raises(Refusal) as refused:
        operations.record_milestone(
            actor=SYSTEM, unit_work_id=unit, kind="pavement", happened_on=date(2030, 1, 1), now=NOW
        )
    assert [reason.code for reason in refused.value.reasons] == [
        "registry.milestone_unknown",
        "registry.milestone_in_future",
    ]


def test_a_calendar_year_is_read_once_and_an_unpublished_one_is_told():
    assert operations.import_calendar(2026, now=NOW) > 20
    assert operations.import_calendar(2026, now=NOW) == 0
    assert queries.calendar_years() == (2026,)
    assert queries.working_calendar().day(date(2026, 10, 1)).name == "国庆节"
    assert operations.import_calendar(2035, now=NOW) == 0
    assert not queries.calendar_year_published(2035)


def test_a_permit_is_a_step_of_the_unit_works_it_covers():
    project_id = make_project(client_id=make_client())
    covered, other = make_unit(project_id), make_unit(project_id, code="02", name="2# 住宅楼")
    operations.record_permit(
        actor=SYSTEM,
        project_id=project_id,
        kind="planning",
        number="建字第990241202400012号",
        issued_on=date(2024, 3, 20),
        unit_work_ids=[covered],
        now=NOW,
    )
    assert queries.unit_work_facts(covered).milestones["planning_permit"] == (None, date(2024, 3, 20))
    assert queries.unit_work_facts(other).milestones == {}


def test_a_unit_work_entered_late_has_the_steps_of_the_projects_permits():
    project_id = make_project(client_id=make_client())
    operations.record_permit(
        actor=SYSTEM,
        project_id=project_id,
        kind="planning",
        number="建字第990241202400012号",
        issued_on=date(2024, 3, 20),
        now=NOW,
    )
    assert queries.unit_work_facts(make_unit(project_id)).milestones["planning_permit"] == (None, date(2024, 3, 20))
