"""Where every obligation stands, counted over the records a person may know of: one SQL for all pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from zhudang.filing import data_files
from zhudang.filing.queries.sums import ANSWERS, OWED_FOR, Sum, sums_of
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.rights import Actor, Reach, project_scope
from zhudang.registry import queries as registry
from zhudang.shared.working_days import add_working_days

STANDING = f"""{ANSWERS},
standing AS (
  SELECT o.id, o.unit_work_id, o.scope_item_id, o.organisation_id, o.part, o.position, o.party_role, o.builder, o.designer,
         o.contractor, o.supervisor, o.archive, o.owed, o.milestone_on, o.suggested_on, o.na_at, o.na_by,
         o.not_applicable_reason, coalesce(a.filed, 0) AS filed, coalesce(a.back, 0) AS back, coalesce(a.drafts, 0) AS drafts,
         coalesce(g.suggestions, 0) AS suggestions,
         CASE WHEN o.na_at IS NOT NULL THEN 'na'
              WHEN a.back > 0 THEN 'back'
              WHEN a.filed > 0 THEN 'filed'
              WHEN g.suggestions > 0 THEN 'pencil'
              WHEN a.drafts > 0 THEN 'draft'
              WHEN o.milestone_on IS NULL OR o.milestone_on > %(today)s THEN 'later'
              WHEN o.suggested_on IS NULL THEN 'due'
              WHEN o.suggested_on < %(today)s THEN 'passed'
              WHEN o.suggested_on <= %(soon_until)s THEN 'soon'
              ELSE 'due' END AS standing
    FROM filing_obligation o
    LEFT JOIN answers a ON a.obligation_id = o.id
    LEFT JOIN guesses g ON g.obligation_id = o.id
   WHERE {OWED_FOR})
"""


@dataclass(frozen=True)
class PartProgress:
    """One part A to E of a unit work: owed in all (▲, 不涉及 left out) and filed."""

    part: str
    owed: int
    filed: int
    passed: int


@dataclass(frozen=True)
class UnitProgress:
    """A unit work's progress as a person sees it."""

    unit_work_id: UUID
    parts: tuple[PartProgress, ...]
    owed: int
    filed: int
    now: int
    passed: int
    soon: int
    back: int
    not_applicable: int
    later: int
    suggestions: int
    next_on: date | None
    next_title: str = ""
    """With `next_count` only where `name_what_is_next` was asked."""
    next_count: int = 0

    @property
    def percent(self) -> int:
        """Filed of owed, cut not rounded up; 100 only when all is filed."""
        return self.filed * 100 // self.owed if self.owed else 0

    @property
    def spines(self) -> list[tuple[str, int, int, bool]]:
        """For the `spines` tag; a passed suggested date is no breach, so nothing is ever red here."""
        return [(p.part, p.owed, p.filed, False) for p in self.parts]


def soon_until(today: date) -> date:
    """The last day that counts as near, some working days ahead (policy)."""
    days = data_files.policy().soon_working_days
    clock = add_working_days(today, days, registry.working_calendar(today))
    return clock.due


def parameters(actor: Actor, project_ids: Iterable[UUID], today: date) -> dict[str, Any]:
    """What the SQL asks of the person: own organisations, reach, and whether all submitted records are seen."""
    scope = project_scope(actor)
    projects, mine = list(project_ids), list(actor.organisations_as(*FILERS))
    as_client = registry.visible_projects(actor).filter(id__in=projects, client_id__in=mine) if mine else None
    return {
        "projects": projects,
        "mine": mine,
        "as_client": list(as_client.values_list("id", flat=True)) if as_client is not None else [],
        "everything": scope.reach is Reach.ALL,
        "system": actor.is_system,
        "reach": scope.level,
        "today": today,
        "soon_until": soon_until(today),
    }


def progress_by_unit(actor: Actor, project_ids: Iterable[UUID], *, today: date) -> dict[UUID, UnitProgress]:
    """The progress of every unit work of these projects, counted over what the person may know of."""
    wanted = parameters(actor, project_ids, today)
    by_unit: dict[UUID, list[Sum]] = {}
    for one in sums_of(wanted):
        by_unit.setdefault(one.unit_work_id, []).append(one)
    return {unit: _unit(unit, sums, today, wanted["soon_until"]) for unit, sums in by_unit.items()}


def name_what_is_next(
    actor: Actor, project_ids: Iterable[UUID], progress: Iterable[UnitProgress], *, today: date
) -> dict[UUID, UnitProgress]:
    """The same progress with the title of what comes next, and how many with it: for the few units a page shows."""
    told = {p.unit_work_id: p for p in progress}
    dates = {unit: p.next_on for unit, p in told.items() if p.next_on}
    if not dates:
        return told
    wanted = {**parameters(actor, project_ids, today), "units": list(dates), "days": list(dates.values())}
    for unit, title, count in _rows(_NEXT, wanted):
        told[unit] = replace(told[unit], next_title=title, next_count=count)
    return told


def _rows(sql: str, wanted: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, wanted)
        return list(cursor.fetchall())


# What of each unit work comes next, by list order, and how many with it.
_NEXT = (
    STANDING
    + """
SELECT DISTINCT ON (s.unit_work_id) s.unit_work_id, i.title, count(*) OVER (PARTITION BY s.unit_work_id)
  FROM standing s JOIN unnest(%(units)s::uuid[], %(days)s::date[]) AS n (unit_work_id, day)
    ON n.unit_work_id = s.unit_work_id AND n.day = s.suggested_on
  JOIN filing_scopeitem i ON i.id = s.scope_item_id
 WHERE s.owed = 'must' AND s.standing IN ('passed', 'soon', 'due', 'pencil', 'draft') AND s.milestone_on <= %(today)s
   AND s.unit_work_id = ANY(%(units)s)
 ORDER BY s.unit_work_id, s.position
"""
)


def _unit(unit: UUID, sums: Iterable[Sum], today: date, soon_until: date) -> UnitProgress:
    """One pass: a home adds up some thousands of these."""
    parts: dict[str, list[int]] = {}
    told = dict.fromkeys(("now", "soon", "back", "na", "later"), 0)
    suggestions, dates = 0, []
    for s in sums:
        owed_filed_passed = parts.setdefault(s.part, [0, 0, 0])
        suggestions += s.suggestions
        if s.standing in {"na", "back"}:
            told[s.standing] += s.count
        if not s.must or s.standing == "na":
            continue
        owed_filed_passed[0] += s.count
        if s.standing == "filed":
            owed_filed_passed[1] += s.count
        elif s.standing == "back":
            told["now"] += s.count
        elif s.milestone_on and s.milestone_on <= today:
            told["now"] += s.count
            if s.suggested_on:
                dates.append(s.suggested_on)
                owed_filed_passed[2] += s.count if s.suggested_on < today else 0
                told["soon"] += s.count if today <= s.suggested_on <= soon_until else 0
        elif s.standing == "open":
            told["later"] += s.count
    return UnitProgress(
        unit_work_id=unit, parts=tuple(PartProgress(part, *parts[part]) for part in sorted(parts)),
        owed=sum(p[0] for p in parts.values()), filed=sum(p[1] for p in parts.values()),
        passed=sum(p[2] for p in parts.values()), now=told["now"], soon=told["soon"], back=told["back"],
        not_applicable=told["na"], later=told["later"], suggestions=suggestions, next_on=min(dates, default=None),
    )  # fmt: skip
