"""Where every obligation stands, counted over the records a person may know of: one SQL for all pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from zhudang.filing import data_files
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.rights import Actor, Reach, project_scope
from zhudang.registry import queries as registry
from zhudang.shared.working_days import add_working_days

STANDING = """
WITH answers AS (
  SELECT r.obligation_id,
         count(*) FILTER (WHERE r.state NOT IN ('draft', 'returned')) AS filed,
         count(*) FILTER (WHERE r.state = 'returned') AS back,
         count(*) FILTER (WHERE r.state = 'draft') AS drafts
    FROM filing_record r
   WHERE r.withdrawn_at IS NULL AND r.obligation_id IS NOT NULL AND r.level <= %(reach)s
     AND r.project_id = ANY(%(projects)s)
     AND (%(system)s OR r.organisation_id = ANY(%(mine)s) OR (r.project_id = ANY(%(as_client)s) AND r.reached >= 1)
          OR (%(everything)s AND r.reached = 2))
   GROUP BY r.obligation_id),
guesses AS (
  SELECT s.obligation_id, count(*) AS suggestions FROM filing_suggestion s
   WHERE s.state = 'open' AND s.project_id = ANY(%(projects)s) AND (%(system)s OR s.organisation_id = ANY(%(mine)s))
   GROUP BY s.obligation_id),
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
   WHERE o.retired_at IS NULL AND o.project_id = ANY(%(projects)s)
     AND (%(everything)s OR %(system)s
          OR o.project_id = ANY(%(as_client)s)
          OR EXISTS (SELECT 1 FROM registry_party y WHERE y.project_id = o.project_id AND y.role = o.party_role
                        AND y.organisation_id = ANY(%(mine)s) AND y.until IS NULL)))
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
    if not wanted["projects"]:
        return {}
    by_unit: dict[UUID, list[_Sum]] = {}
    for row in _rows(_SUMS, wanted):
        by_unit.setdefault(row[0], []).append(_Sum(*row[1:]))
    return {unit: _unit(unit, sums) for unit, sums in by_unit.items()}


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


# Counted by what the numbers of a page distinguish and added up here: a filter a number and a row costs many times more.
_SUMS = (
    STANDING
    + """
SELECT s.unit_work_id, s.part, s.owed = 'must', s.standing, coalesce(s.milestone_on <= %(today)s, false),
       CASE WHEN s.suggested_on < %(today)s THEN 'passed' WHEN s.suggested_on <= %(soon_until)s THEN 'soon' ELSE '' END,
       min(s.suggested_on), count(*), sum(s.suggestions)
  FROM standing s GROUP BY 1, 2, 3, 4, 5, 6
"""
)
_OPEN = ("passed", "soon", "due", "pencil", "draft")
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


@dataclass(frozen=True, slots=True)
class _Sum:
    """Obligations of a unit work that stand alike; `when` their suggested date lies: passed, soon, or neither."""

    part: str
    must: bool
    standing: str
    reached: bool
    when: str
    first_on: date | None
    count: int
    suggestions: int

    @property
    def open_now(self) -> bool:
        """Owed, not filed, its milestone reached, so that it has a date to be told."""
        return self.must and self.standing in _OPEN and self.reached

    @property
    def now(self) -> bool:
        """Whether it belongs to 现欠."""
        return self.must and (self.standing in {"back", "passed", "soon", "due"} or self.open_now)


def _nearest(sums: list[_Sum]) -> date | None:
    return min((s.first_on for s in sums if s.open_now and s.first_on), default=None)


def _unit(unit: UUID, sums: list[_Sum]) -> UnitProgress:
    must = [s for s in sums if s.must]
    parts = tuple(
        PartProgress(
            part,
            sum(s.count for s in must if s.part == part and s.standing != "na"),
            sum(s.count for s in must if s.part == part and s.standing == "filed"),
            sum(s.count for s in must if s.part == part and _has_passed(s)),
        )
        for part in sorted({s.part for s in sums})
    )
    return UnitProgress(
        unit_work_id=unit, parts=parts, owed=sum(p.owed for p in parts), filed=sum(p.filed for p in parts),
        now=sum(s.count for s in must if s.now), passed=sum(p.passed for p in parts),
        soon=sum(s.count for s in must if _is_soon(s)), back=sum(s.count for s in sums if s.standing == "back"),
        not_applicable=sum(s.count for s in sums if s.standing == "na"),
        later=sum(s.count for s in must if s.standing == "later"), suggestions=sum(int(s.suggestions) for s in sums),
        next_on=_nearest(sums),
    )  # fmt: skip


def _has_passed(s: _Sum) -> bool:
    return s.reached and s.when == "passed" and s.standing in {"passed", "pencil", "draft"}


def _is_soon(s: _Sum) -> bool:
    return s.reached and s.when == "soon" and s.standing in {"soon", "pencil", "draft"}
