"""What can become of a project: suspended, resumed, cancelled, split, merged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from zhudang.identity.rights import Actor
from zhudang.registry import facts
from zhudang.registry.domain.projects import why_not_change
from zhudang.registry.models import Party, PartyRole, Phase, Project, ProjectStatus, UnitWork
from zhudang.registry.moving import Move, follow_move, why_not_move
from zhudang.registry.operations.projects import CannotChange, _tell, register_project
from zhudang.shared.refusals import NotFound, Reason

_ACT = "registry.project.suspend"


@transaction.atomic
def suspend_project(*, actor: Actor, project_id: UUID, reason: str, now: datetime, revision: int | None = None) -> None:
    """Record that a project is stopped or slowed (停缓建); its client keeps the records meanwhile."""
    _move(actor, project_id, ProjectStatus.SUSPENDED, {ProjectStatus.RUNNING}, reason, now, revision)


@transaction.atomic
def resume_project(*, actor: Actor, project_id: UUID, reason: str, now: datetime, revision: int | None = None) -> None:
    """Record that a suspended project goes on."""
    _move(actor, project_id, ProjectStatus.RUNNING, {ProjectStatus.SUSPENDED}, reason, now, revision)


@transaction.atomic
def cancel_project(*, actor: Actor, project_id: UUID, reason: str, now: datetime, revision: int | None = None) -> None:
    """Record that a project will not be built; what was collected stays."""
    _move(
        actor,
        project_id,
        ProjectStatus.CANCELLED,
        {ProjectStatus.RUNNING, ProjectStatus.SUSPENDED},
        reason,
        now,
        revision,
    )


@transaction.atomic
def merge_projects(*, actor: Actor, project_id: UUID, into_id: UUID, reason: str, now: datetime) -> None:
    """Let a project go on inside another: its phases, with all unit works and records, move there.

    Both rows are locked in the order of their ids, so that two merges at once cannot wait for
    each other for ever.
    """
    locked = {
        row.pk: row
        for row in Project.objects.select_for_update(no_key=True).filter(pk__in=[project_id, into_id]).order_by("pk")
    }
    source, target = locked.get(project_id), locked.get(into_id)
    facts.demand_project(actor, _ACT, source)
    facts.demand_project(actor, _ACT, target)
    if source is None or target is None:
        raise NotFound
    reasons = why_not_change(source.status) + _reason_missing(reason)
    if project_id == into_id:
        reasons.append(Reason("registry.merge_with_itself", {}))
    elif target.status in {ProjectStatus.CANCELLED, ProjectStatus.MERGED, ProjectStatus.SPLIT}:
        reasons.append(Reason("registry.merge_into_ended", {}))
    moved = list(Phase.objects.filter(project=source).values_list("pk", flat=True))
    _move_phases(actor, source, target, moved, reasons, now, whole=True)
    source.status, source.continued_in = ProjectStatus.MERGED, target
    facts.touch(source, actor, now, ["status", "continued_in"])
    _tell(
        actor,
        "registry.project.merged",
        f"registry.project:{source.pk}",
        now,
        source,
        {"into": str(target.pk), "phases": [str(pk) for pk in moved], "reason": reason.strip()},
    )


@transaction.atomic
def split_project(
    *, actor: Actor, project_id: UUID, code: str, name: str, phase_ids: Sequence[UUID], reason: str, now: datetime
) -> UUID:
    """Take phases out of a project into a new one with its own code; the old one goes on with the rest.

    Raises:
        CannotChange: phases of another project, or all of them (that would be a renaming).
    """
    project = facts.lock_project(actor, _ACT, project_id)
    wanted = set(phase_ids)
    own = set(Phase.objects.filter(project=project).values_list("pk", flat=True))
    reasons = why_not_change(project.status) + _reason_missing(reason)
    if not wanted or not wanted <= own:
        reasons.append(Reason("registry.split_foreign_phases", {}))
    elif wanted == own:
        reasons.append(Reason("registry.split_takes_all", {}))
    if reasons:
        raise CannotChange(*reasons)
    new_id = register_project(
        actor=actor,
        code=code,
        name=name,
        kind=project.kind,
        client_id=project.client_id,
        now=now,
        address=project.address,
        area_code=project.area_code,
        level=project.level,
        started_on=project.started_on,
    )
    part = Project.objects.select_for_update(no_key=True).get(pk=new_id)
    part.split_from = project
    part.save(update_fields=["split_from"])
    _move_phases(actor, project, part, wanted, [], now, whole=False)
    facts.touch(project, actor, now, [])
    _tell(
        actor,
        "registry.project.split",
        f"registry.project:{project.pk}",
        now,
        project,
        {"part": str(part.pk), "phases": sorted(str(pk) for pk in wanted), "reason": reason.strip()},
    )
    return part.pk


def _move(
    actor: Actor,
    project_id: UUID,
    to: ProjectStatus,
    allowed: set[ProjectStatus],
    reason: str,
    now: datetime,
    revision: int | None,
) -> None:
    project = facts.lock_project(actor, _ACT, project_id)
    facts.demand_revision(project, revision, {"status": to})
    reasons = _reason_missing(reason)
    if project.status not in allowed:
        reasons.append(Reason("registry.not_from_here", {"status": project.status, "to": str(to)}))
    if reasons:
        raise CannotChange(*reasons)
    was, project.status = project.status, to
    facts.touch(project, actor, now, ["status"])
    acts = {
        ProjectStatus.SUSPENDED: "registry.project.suspended",
        ProjectStatus.RUNNING: "registry.project.resumed",
        ProjectStatus.CANCELLED: "registry.project.cancelled",
    }
    _tell(actor, acts[to], f"registry.project:{project.pk}", now, project, {"was": was, "reason": reason.strip()})


def _move_phases(
    actor: Actor,
    source: Project,
    target: Project,
    phase_ids: Collection[UUID],
    reasons: list[Reason],
    now: datetime,
    *,
    whole: bool,
) -> None:
    """Move phases with parties and all that was collected, or refuse with `reasons` and every context's own."""
    units = UnitWork.objects.filter(phase_id__in=phase_ids).values_list("pk", flat=True)
    move = Move(source.pk, target.pk, target.client_id, frozenset(phase_ids), frozenset(units), whole)
    if reasons := [*reasons, *why_not_move(move)]:
        raise CannotChange(*reasons)
    Phase.objects.filter(pk__in=phase_ids).update(project=target)
    _carry_parties(source, target, facts.today_of(now))
    follow_move(move)
    for unit in sorted(move.unit_work_ids):
        _tell(
            actor,
            "registry.unit_work.added",
            f"registry.unit_work:{unit}",
            now,
            target,
            {"unit_work_id": str(unit), "moved_from": str(source.pk)},
        )


def _reason_missing(reason: str) -> list[Reason]:
    return [] if reason.strip() else [Reason("registry.reason_missing", {})]


def _carry_parties(source: Project, target: Project, today: date) -> None:
    """Let the source's present parties take part in the target too, clients excepted."""
    there = set(Party.objects.filter(project=target, until__isnull=True).values_list("organisation_id", "role"))
    for party in Party.objects.filter(project=source, until__isnull=True).exclude(role=PartyRole.CLIENT):
        if (party.organisation_id, party.role) not in there:
            Party.objects.create(project=target, organisation_id=party.organisation_id, role=party.role, since=today)
