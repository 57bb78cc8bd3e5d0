"""What a unit work owes: planned from list, parties and milestones, decided by people."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from filing.filing_support import NOW, Site
from zhudang.audit.models import Entry
from zhudang.filing import jobs, operations, queries
from zhudang.filing.models import Obligation, ScopeAdoption, ScopeItem, ScopeList
from zhudang.identity.rights import SYSTEM
from zhudang.registry import operations as registry
from zhudang.shared.refusals import Forbidden, NotFound

pytestmark = pytest.mark.django_db


def codes(refusal) -> list[str]:
    return sorted({reason.code for reason in refusal.value.reasons})


def test_loading_the_lists_twice_changes_nothing_the_second_time():
    for model in (ScopeAdoption, ScopeItem, ScopeList):
        model.objects.all().delete()
    loaded = Entry.objects.filter(act="filing.scope.loaded")
    acts = loaded.count()
    assert operations.load_scope_lists(now=NOW) == 6
    before = ScopeItem.objects.count()
    assert operations.load_scope_lists(now=NOW) == 0
    assert ScopeItem.objects.count() == before == 1997
    assert loaded.count() == acts + 6


def test_source_tokens_and_doubts_survive_into_the_table():
    operations.load_scope_lists(now=NOW)
    item = ScopeItem.objects.get(scope_list__code="gbt-50328-2014", project_type="building", code="C4.3-1")
    assert (
        item.source == "knowledge-low;title-and-archive:page:P2;beijing-archive=none:page:P27"
        or "page:P27" in item.source
    )
    assert "knowledge-low" in item.doubt
    assert ScopeItem.objects.filter(doubt__contains="unsure").exists()
    assert ScopeList.objects.get(code="gbt-50328-2001").adoptable is False


def test_a_unit_work_owes_the_list_of_its_kind_to_the_parties_of_the_project():
    site = Site()
    groove = site.owed("C5-12")
    assert groove.organisation_id == site.contractor_id and groove.party_role == "contractor"
    assert (groove.builder, groove.archive, groove.owed) == ("must", "must", "must")
    assert site.owed("B1-1").organisation_id == site.supervisor_id
    assert site.owed("A1-1").organisation_id == site.client_id
    assert site.owed("A3-1").organisation_id is None and site.owed("A3-1").party_role == "survey"


def test_documents_of_the_preparation_are_owed_once_per_project():
    site = Site()
    assert not Obligation.objects.filter(unit_work_id=site.garage_id, part="A").exists()
    assert Obligation.objects.filter(unit_work_id=site.unit_id, part="A").count() > 20


def test_rows_with_unsure_marks_are_listed_but_not_counted_as_owed():
    site = Site()
    assert site.owed("C5-36").owed == "unsure"


def test_planning_again_keeps_what_people_decided_and_gives_dates_from_milestones():
    site = Site()
    operations.excuse(actor=site.clerk, obligation_ids=[site.owed("C5-13").id], reason="桩基础，无钎探", now=NOW)
    registry.record_milestone(
        actor=SYSTEM, unit_work_id=site.unit_id, kind="foundation", happened_on=date(2026, 5, 13), now=NOW
    )
    before = Obligation.objects.count()
    operations.plan_obligations(site.unit_id, now=NOW)
    assert Obligation.objects.count() == before
    groove = site.owed("C5-12")
    assert groove.milestone_on == date(2026, 5, 13) and groove.suggested_on == date(2026, 6, 12)
    assert site.owed("C5-13").not_applicable_reason == "桩基础，无钎探"


def test_a_milestone_recorded_in_the_registry_plans_by_itself(run_jobs):
    site = Site()
    registry.record_milestone(
        actor=SYSTEM, unit_work_id=site.unit_id, kind="foundation", happened_on=date(2026, 5, 13), now=NOW
    )
    run_jobs()
    assert site.owed("C5-12").suggested_on == date(2026, 6, 12)


def test_another_party_takes_over_what_its_predecessor_owed():
    site = Site()
    from zhudang.registry.models import Party

    party = Party.objects.get(project_id=site.project_id, role="contractor")
    registry.replace_party(
        actor=SYSTEM,
        party_id=party.id,
        organisation_id=site.outsider_id,
        since=date(2026, 6, 1),
        reason="更换",
        now=NOW,
    )
    operations.plan_project(site.project_id, now=NOW)
    assert site.owed("C5-12").organisation_id == site.outsider_id


def test_planning_writes_only_what_stands_otherwise():
    site = Site()
    later = NOW + timedelta(hours=1)
    operations.plan_project(site.project_id, now=later)
    assert not Obligation.objects.filter(planned_at=later).exists()
    registry.record_milestone(
        actor=SYSTEM, unit_work_id=site.unit_id, kind="foundation", planned_on=date(2026, 9, 1), now=NOW
    )
    operations.plan_project(site.project_id, now=later)
    changed = Obligation.objects.filter(planned_at=later)
    assert {(row.unit_work_id, row.scope_item.milestone) for row in changed} == {(site.unit_id, "foundation")}


def test_changes_that_come_together_are_planned_once():
    from procrastinate.contrib.django.models import ProcrastinateJob

    one, other = uuid4(), uuid4()
    for project_id in (one, other, one, one):
        jobs.plan_soon(project_id)
    waiting = ProcrastinateJob.objects.filter(task_name="filing.plan_project").values_list("args", flat=True)
    assert sorted(args["project_id"] for args in waiting) == sorted([str(one), str(other)])


def test_not_applicable_needs_a_reason_and_is_logged_and_taken_back():
    site = Site()
    owed = site.owed("C5-13")
    with pytest.raises(operations.CannotExcuse) as refusal:
        operations.excuse(actor=site.supervisor, obligation_ids=[owed.id], reason=" ", now=NOW)
    assert codes(refusal) == ["filing.owed_by_another", "filing.reason_missing"]
    owed.refresh_from_db()
    assert owed.na_at is None
    operations.excuse(actor=site.clerk, obligation_ids=[owed.id], reason="无钎探", now=NOW)
    owed.refresh_from_db()
    assert owed.na_by == "clerk" and Entry.objects.filter(act="filing.obligation.excused").count() == 1
    operations.restore(actor=site.clerk, obligation_ids=[owed.id], now=NOW)
    owed.refresh_from_db()
    assert owed.na_at is None and owed.not_applicable_reason == ""


def test_an_outsider_cannot_even_know_of_an_obligation():
    site = Site()
    with pytest.raises(NotFound):
        operations.excuse(actor=site.outsider, obligation_ids=[site.owed("C5-13").id], reason="无", now=NOW)


def test_only_an_archivist_adopts_another_list_and_only_a_fitting_one(run_jobs):
    site = Site()
    beijing = ScopeList.objects.get(code="db11t-695-2025")
    with pytest.raises(Forbidden):
        operations.adopt_scope_list(actor=site.clerk, kind="building", scope_list_id=beijing.id, now=NOW)
    with pytest.raises(operations.CannotAdopt) as refusal:
        operations.adopt_scope_list(
            actor=site.archivist, kind="road", scope_list_id=ScopeList.objects.get(code="gbt-50328-2001").id, now=NOW
        )
    assert codes(refusal) == ["filing.list_for_reference_only", "filing.list_not_for_kind"]
    operations.adopt_scope_list(actor=site.archivist, kind="building", scope_list_id=beijing.id, now=NOW)
    run_jobs()
    rows = queries.project_obligations(site.project_id)
    assert rows and {o.scope_item_id for o in rows} <= set(
        ScopeItem.objects.filter(scope_list=beijing).values_list("id", flat=True)
    )


def test_the_notice_gets_what_each_party_owes_in_order():
    site = Site()
    rows = queries.project_obligations(site.project_id)
    assert [r.position for r in rows if r.unit_work_id == site.unit_id] == sorted(
        r.position for r in rows if r.unit_work_id == site.unit_id
    )
    assert {"client", "survey", "design", "contractor", "supervisor"} == {r.party_role for r in rows}
