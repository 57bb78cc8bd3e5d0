"""Permits, milestones and the completion acceptance: the facts of building that set clocks going."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from zhudang.identity.rights import Actor
from zhudang.registry import facts
from zhudang.registry.domain import identifiers
from zhudang.registry.domain.identifiers import PermitKind
from zhudang.registry.domain.milestones import why_not_milestone_kind
from zhudang.registry.domain.projects import reasons_of, why_not_change
from zhudang.registry.models import Milestone, Permit, Project, UnitWork
from zhudang.registry.operations.parties import _foreign
from zhudang.registry.operations.projects import CannotChange, CannotRegister, _create, _tell
from zhudang.shared.refusals import NotFound, Reason


@transaction.atomic
def record_permit(
    *,
    actor: Actor,
    project_id: UUID,
    kind: str,
    number: str,
    issued_on: date,
    now: datetime,
    issuer: str = "",
    unit_work_ids: Sequence[UUID] = (),
    source: str = "form",
) -> UUID:
    """Record a permit; the first one brings the project's filing notice, a later one a supplement.

    The same number recorded again for the same project changes nothing and gives the same row, so
    that a sender may repeat itself.

    Args:
        unit_work_ids: the unit works it covers; none means the whole project.
        source: `form`, `import`, or the name of the sending system.
    """
    project = facts.lock_project(actor, "registry.permit.record", project_id)
    today = facts.today_of(now)
    value = identifiers.normalise(number)
    known = Permit.objects.filter(kind=kind, number=value).first()
    if known is not None and known.project_id == project.pk and known.issued_on == issued_on:
        return known.pk
    reasons = why_not_change(project.status)
    if kind not in set(PermitKind):
        reasons.append(Reason("registry.permit_kind_unknown", {"value": kind}))
    else:
        verdict = identifiers.check_permit(kind, number, today=today, known_areas=facts.known_areas(issued_on))
        reasons += reasons_of(verdict)
    if known is not None:
        code = "registry.permit_taken" if known.project_id != project.pk else "registry.permit_other_day"
        reasons.append(Reason(code, {"value": value}))
    if issued_on > today:
        reasons.append(Reason("registry.permit_in_future", {"day": issued_on}))
    if _foreign(project, unit_work_ids):
        reasons.append(Reason("registry.unit_of_other_project", {}))
    if reasons:
        raise CannotRegister(*reasons)
    first = not Permit.objects.filter(project=project).exists()
    permit = _create(
        Permit,
        Reason("registry.permit_taken", {"value": value}),
        project=project,
        kind=kind,
        number=value,
        issued_on=issued_on,
        issuer=issuer.strip(),
        source=source,
        recorded_at=now,
        recorded_by=actor.name or actor.username,
    )
    permit.unit_works.set(UnitWork.objects.filter(pk__in=set(unit_work_ids)))
    _tell(
        actor,
        "registry.permit.issued",
        f"registry.permit:{permit.pk}",
        now,
        project,
        {
            "permit_id": str(permit.pk),
            "kind": kind,
            "number": value,
            "issued_on": issued_on.isoformat(),
            "first": first,
            "source": source,
        },
    )
    if step := _STEP_OF.get(PermitKind(kind)):
        units = UnitWork.objects.filter(phase__project=project)
        for unit in units.filter(pk__in=set(unit_work_ids)) if unit_work_ids else units:
            _happen(project, unit, step, issued_on, actor, now)
    return permit.pk


_STEP_OF = {
    PermitKind.LAND: "land_permit",
    PermitKind.PLANNING: "planning_permit",
    PermitKind.CONSTRUCTION: "construction_permit",
}


def catch_up(project: Project, unit: UnitWork, actor: Actor, now: datetime) -> None:
    """Give a unit work entered late the steps of the permits that cover the whole project."""
    for permit in Permit.objects.filter(project=project, unit_works__isnull=True).order_by("issued_on"):
        if step := _STEP_OF.get(PermitKind(permit.kind)):
            _happen(project, unit, step, permit.issued_on, actor, now)


@transaction.atomic
def record_milestone(
    *,
    actor: Actor,
    unit_work_id: UUID,
    kind: str,
    now: datetime,
    planned_on: date | None = None,
    happened_on: date | None = None,
    revision: int | None = None,
) -> UUID:
    """Record when a step of building is planned, or happened; what it makes due follows from it.

    A value not given leaves what was recorded before.
    """
    unit = UnitWork.objects.select_related("phase").filter(pk=unit_work_id).first()
    if unit is None:
        raise NotFound
    project = facts.lock_project(actor, "registry.milestone.record", unit.phase.project_id)
    row = Milestone.objects.select_for_update(no_key=True).filter(unit_work=unit, kind=kind).first()
    if row is not None:
        facts.demand_revision(row, revision, {"planned_on": planned_on, "happened_on": happened_on})
    reasons = why_not_change(project.status)
    if why_not_milestone_kind(kind, unit.kind):
        reasons.append(Reason("registry.milestone_unknown", {"value": kind, "kind": unit.kind}))
    if planned_on is None and happened_on is None:
        reasons.append(Reason("registry.milestone_without_day", {}))
    if happened_on is not None and happened_on > facts.today_of(now):
        reasons.append(Reason("registry.milestone_in_future", {"day": happened_on}))
    if reasons:
        raise CannotChange(*reasons)
    if row is None:
        row = Milestone(unit_work=unit, kind=kind, revision=0)
    planned, happened = planned_on or row.planned_on, happened_on or row.happened_on
    if row.revision and (planned, happened) == (row.planned_on, row.happened_on):
        return row.pk
    row.planned_on, row.happened_on = planned, happened
    row.revision += 1
    row.changed_at, row.changed_by = now, actor.name or actor.username
    row.save()
    act = "registry.milestone.happened" if happened_on else "registry.milestone.planned"
    _tell(
        actor,
        act,
        f"registry.milestone:{row.pk}",
        now,
        project,
        {
            "unit_work_id": str(unit.pk),
            "kind": kind,
            "planned_on": planned.isoformat() if planned else "",
            "happened_on": happened.isoformat() if happened else "",
        },
    )
    return row.pk


@transaction.atomic
def record_completion_acceptance(
    *, actor: Actor, project_id: UUID, accepted_on: date, now: datetime, revision: int | None = None
) -> None:
    """Record the day of completion acceptance (竣工验收): the law's terms of transfer count from it."""
    project = facts.lock_project(actor, "registry.acceptance.record", project_id)
    facts.demand_revision(project, revision, {"accepted_on": accepted_on})
    reasons = why_not_change(project.status)
    if accepted_on > facts.today_of(now):
        reasons.append(Reason("registry.accepted_in_future", {"day": accepted_on}))
    if project.started_on is not None and accepted_on < project.started_on:
        reasons.append(Reason("registry.accepted_before_started", {"day": accepted_on, "earlier": project.started_on}))
    if project.completed_on is not None and accepted_on < project.completed_on:
        reasons.append(
            Reason("registry.accepted_before_completed", {"day": accepted_on, "earlier": project.completed_on})
        )
    if reasons:
        raise CannotChange(*reasons)
    if project.accepted_on == accepted_on:
        return
    was = project.accepted_on
    project.accepted_on = accepted_on
    facts.touch(project, actor, now, ["accepted_on"])
    if was is not None:
        _correct_units(project, was, accepted_on, actor, now)
    _accept_units(project, accepted_on, actor, now)
    _tell(
        actor,
        "registry.project.accepted",
        f"registry.project:{project.pk}",
        now,
        project,
        {"accepted_on": accepted_on.isoformat(), "was": was.isoformat() if was else ""},
    )


def _correct_units(project: Project, was: date, accepted_on: date, actor: Actor, now: datetime) -> None:
    """Let the steps that followed from a day recorded wrongly follow the right one; own days of units stay."""
    rows = (
        Milestone.objects.select_for_update(no_key=True, of=("self",))
        .select_related("unit_work")
        .filter(unit_work__phase__project=project, kind="acceptance", happened_on=was)
    )
    for row in rows:
        row.happened_on = None
        _happen(project, row.unit_work, "acceptance", accepted_on, actor, now, row)


def _accept_units(project: Project, accepted_on: date, actor: Actor, now: datetime) -> None:
    """Give every unit work without its own acceptance day that of the project, so that what it owes falls due."""
    for unit in UnitWork.objects.filter(phase__project=project):
        _happen(project, unit, "acceptance", accepted_on, actor, now)


def _happen(
    project: Project,
    unit: UnitWork,
    kind: str,
    day: date,
    actor: Actor,
    now: datetime,
    row: Milestone | None = None,
) -> None:
    """Let a step of a unit work happen that follows from another fact; one recorded before is left alone.

    Args:
        row: the step's row, locked, when its day is being corrected.
    """
    row = row or Milestone.objects.select_for_update(no_key=True).filter(unit_work=unit, kind=kind).first()
    if row is not None and row.happened_on is not None:
        return
    row = row or Milestone(unit_work=unit, kind=kind, revision=0)
    row.happened_on, row.revision = day, row.revision + 1
    row.changed_at, row.changed_by = now, actor.name or actor.username
    row.save()
    _tell(
        actor,
        "registry.milestone.happened",
        f"registry.milestone:{row.pk}",
        now,
        project,
        {
            "unit_work_id": str(unit.pk),
            "kind": kind,
            "planned_on": row.planned_on.isoformat() if row.planned_on else "",
            "happened_on": day.isoformat(),
        },
    )
