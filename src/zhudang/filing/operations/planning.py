"""Obligations: what a unit work owes, planned from the scope list, the parties and the milestones.

Planning is idempotent: it may run after every change of unit works, parties or milestones. What people
decided (不涉及 and its reason) is never touched by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.filing import data_files
from zhudang.filing.domain.excusing import why_not_excuse, why_not_restore
from zhudang.filing.domain.keeping import KEEPERS, how_owed
from zhudang.filing.models import Obligation, Record, ScopeAdoption, ScopeItem
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry
from zhudang.registry.queries import UnitWorkFacts
from zhudang.shared.refusals import NotFound, Reason, Refusal

_DECIDED = [
    "party_role", "organisation_id", "part", "position", *KEEPERS, "owed", "milestone_on", "suggested_on", "retired_at",
]  # fmt: skip
_WRITTEN = [name.removesuffix("_id") for name in _DECIDED] + ["planned_at"]


class CannotExcuse(Refusal):
    """The obligation stays owed."""


def plan_project(project_id: UUID, *, now: datetime | None = None) -> int:
    """Plan every unit work of a project; tell how many obligations it has now."""
    units = registry.unit_works_of(project_id)
    return sum(_plan(unit, units, now or timezone.now()) for unit in units)


def plan_obligations(unit_work_id: UUID, *, now: datetime | None = None) -> int:
    """Plan one unit work (and give the project's shared parts to the right one); tell how many it owes."""
    unit = registry.unit_work_facts(unit_work_id)
    return _plan(unit, registry.unit_works_of(unit.project_id), now or timezone.now())


@transaction.atomic
def _plan(unit: UnitWorkFacts, units: tuple[UnitWorkFacts, ...], now: datetime) -> int:
    with connection.cursor() as cursor:
        # Two plannings of one unit work at once would both insert: the second waits here.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [str(unit.unit_work_id)])
    first = min((u.unit_work_id for u in units), default=unit.unit_work_id)
    items = _items(unit.kind)
    if unit.unit_work_id != first:
        shared = set(data_files.policy().once_per_project)
        items = [item for item in items if item.part not in shared]
    makers = _makers(unit)
    rows = [_obligation(unit, item, makers, now) for item in items]
    rows = [row for row in rows if row.owed != "none"]
    Obligation.objects.bulk_create(
        _changed(unit, rows), update_conflicts=True, unique_fields=["unit_work", "scope_item"], update_fields=_WRITTEN,
        batch_size=1000,
    )  # fmt: skip
    _retire(unit.unit_work_id, {row.scope_item_id for row in rows}, now)
    return len(rows)


def _changed(unit: UnitWorkFacts, rows: Iterable[Obligation]) -> list[Obligation]:
    """Those that stand otherwise, or not yet: most plannings follow a change that concerns a few of hundreds."""
    standing = {
        item_id: tuple(values)
        for item_id, *values in Obligation.objects.filter(unit_work_id=unit.unit_work_id).values_list(
            "scope_item_id", *_DECIDED
        )
    }
    return [row for row in rows if standing.get(row.scope_item_id) != tuple(getattr(row, name) for name in _DECIDED)]


def _items(kind: str) -> list[ScopeItem]:
    """The document rows of the list adopted for this kind of works."""
    adoption = ScopeAdoption.objects.select_related("scope_list").filter(kind=kind).first()
    if adoption is None:
        return []
    types = [name for name, kinds in adoption.scope_list.kinds.items() if kind in kinds]
    return list(
        ScopeItem.objects.filter(scope_list=adoption.scope_list, project_type__in=types, is_heading=False).order_by(
            "position"
        )
    )


def _makers(unit: UnitWorkFacts) -> Mapping[str, UUID | None]:
    """The organisation of each role here: one named for this unit work before one for all, the earliest first."""
    makers: dict[str, UUID | None] = {"client": unit.client_id}
    for role in ("survey", "design", "contractor", "supervisor"):
        parties = sorted(unit.parties_in(role), key=lambda p: not p.unit_work_ids)
        makers[role] = parties[0].organisation_id if parties else None
    return makers


def _obligation(unit: UnitWorkFacts, item: ScopeItem, makers: Mapping[str, UUID | None], now: datetime) -> Obligation:
    marks = {keeper: getattr(item, keeper) for keeper in KEEPERS}
    reached, suggested = _dates(unit, item)
    return Obligation(
        project_id=unit.project_id, unit_work_id=unit.unit_work_id, scope_item=item, party_role=item.provider,
        organisation_id=makers.get(item.provider), part=item.part, position=item.position, **marks,
        owed=how_owed(marks).value, milestone_on=reached, suggested_on=suggested, retired_at=None, planned_at=now,
    )  # fmt: skip


def _dates(unit: UnitWorkFacts, item: ScopeItem) -> tuple[date | None, date | None]:
    """When the milestone truly happened, and the suggested filing date (建议归档时间) counted from it."""
    planned, happened = unit.milestones.get(item.milestone, (None, None))
    day = happened or planned
    return happened, day + timedelta(days=item.days_after) if day else None


def _retire(unit_work_id: UUID, kept: set[UUID], now: datetime) -> None:
    """Mark what is no longer owed; the rows stay, since notices and reviews may speak of them."""
    Obligation.objects.filter(unit_work_id=unit_work_id, retired_at__isnull=True).exclude(
        scope_item_id__in=kept
    ).update(retired_at=now)


@transaction.atomic
def excuse(*, actor: Actor, obligation_ids: Iterable[UUID], reason: str, now: datetime) -> int:
    """Mark obligations as not applicable (不涉及); the reason goes into the volume's note (备考表).

    Raises:
        NotFound: one of them does not exist for this actor.
        CannotExcuse: with every reason; none was changed.
    """
    rows = _locked(actor, "filing.obligation.excuse", obligation_ids)
    answered = set(
        Record.objects.live().filter(obligation_id__in=[r.id for r in rows]).values_list("obligation_id", flat=True)
    )
    reasons = []
    for row in rows:
        reasons += why_not_excuse(
            title=row.scope_item.title, reason=reason, answered=row.id in answered, excused=row.na_at is not None,
            own=actor.is_system or actor.of_archive or row.organisation_id in {None, *actor.organisation_ids}
            or row.project.client_id in actor.organisation_ids,
        )  # fmt: skip
    if reasons:
        raise CannotExcuse(*_once(reasons))
    Obligation.objects.filter(id__in=[r.id for r in rows]).update(
        not_applicable_reason=reason.strip(), na_by=actor.name or actor.username, na_at=now
    )
    _log(actor, "filing.obligation.excused", rows, now, {"reason": reason.strip()})
    return len(rows)


@transaction.atomic
def restore(*, actor: Actor, obligation_ids: Iterable[UUID], now: datetime) -> int:
    """Take back 不涉及: the obligations are owed again.

    Raises:
        NotFound, CannotExcuse.
    """
    rows = _locked(actor, "filing.obligation.restore", obligation_ids)
    reasons = [r for row in rows for r in why_not_restore(title=row.scope_item.title, excused=row.na_at is not None)]
    if reasons:
        raise CannotExcuse(*reasons)
    old = {str(row.id): row.not_applicable_reason for row in rows}
    Obligation.objects.filter(id__in=[r.id for r in rows]).update(not_applicable_reason="", na_by="", na_at=None)
    _log(actor, "filing.obligation.restored", rows, now, {"old": old})
    return len(rows)


def _once(reasons: list[Reason]) -> list[Reason]:
    return list({(r.code, str(r.data)): r for r in reasons}.values())


def _locked(actor: Actor, act: str, obligation_ids: Iterable[UUID]) -> list[Obligation]:
    ids = list(dict.fromkeys(obligation_ids))
    rows = list(
        Obligation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("scope_item", "project")
        .filter(id__in=ids, retired_at__isnull=True)
        .order_by("id")
    )
    if not rows or len(rows) != len(ids):
        raise NotFound
    for project_id in {row.project_id for row in rows}:
        rights.demand(actor, act, registry.project_facts(project_id))
    return rows


def _log(actor: Actor, act: str, rows: list[Obligation], now: datetime, data: Mapping[str, object]) -> None:
    for project_id in {row.project_id for row in rows}:
        mine = [
            {"id": r.id, "code": r.scope_item.code, "unit_work": r.unit_work_id}
            for r in rows
            if r.project_id == project_id
        ]
        audit.record(
            actor=actor, act=act, subject=f"registry.project:{project_id}", at=now, data={"obligations": mine, **data}
        )
