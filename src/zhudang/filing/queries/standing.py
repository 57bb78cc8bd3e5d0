"""Where every obligation stands, counted over the records a person may know of: one SQL for all pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    next_title: str
    next_count: int

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
    with connection.cursor() as cursor:
        cursor.execute(_BY_PART, wanted)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    by_unit: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_unit.setdefault(row["unit_work_id"], []).append(row)
    return {unit: _unit(unit, parts) for unit, parts in by_unit.items()}


_BY_PART = (
    STANDING
    + """
, nearest AS (
  SELECT DISTINCT ON (s.unit_work_id) s.unit_work_id, s.suggested_on AS next_on, i.title AS next_title,
         count(*) OVER (PARTITION BY s.unit_work_id, s.suggested_on) AS next_count
    FROM standing s JOIN filing_scopeitem i ON i.id = s.scope_item_id
   WHERE s.owed = 'must' AND s.standing IN ('passed', 'soon', 'due', 'pencil', 'draft') AND s.suggested_on IS NOT NULL
     AND s.milestone_on IS NOT NULL AND s.milestone_on <= %(today)s
   ORDER BY s.unit_work_id, s.suggested_on, s.position)
SELECT s.unit_work_id, s.part,
       count(*) FILTER (WHERE s.owed = 'must' AND s.standing <> 'na') AS owed,
       count(*) FILTER (WHERE s.owed = 'must' AND s.standing = 'filed') AS filed,
       count(*) FILTER (WHERE s.owed = 'must' AND s.standing IN ('back', 'passed', 'soon', 'due')
                           OR s.owed = 'must' AND s.standing IN ('pencil', 'draft') AND s.milestone_on <= %(today)s) AS now,
       count(*) FILTER (WHERE s.owed = 'must' AND s.standing IN ('passed', 'pencil', 'draft') AND s.suggested_on < %(today)s
                          AND s.milestone_on <= %(today)s) AS passed,
       count(*) FILTER (WHERE s.owed = 'must' AND s.standing IN ('soon', 'pencil', 'draft') AND s.milestone_on <= %(today)s
                          AND s.suggested_on BETWEEN %(today)s AND %(soon_until)s) AS soon,
       count(*) FILTER (WHERE s.standing = 'back') AS back,
       count(*) FILTER (WHERE s.standing = 'na') AS na,
       count(*) FILTER (WHERE s.owed = 'must' AND s.standing = 'later') AS later,
       coalesce(sum(s.suggestions), 0) AS suggestions,
       min(n.next_on) AS next_on, min(n.next_title) AS next_title, min(n.next_count) AS next_count
  FROM standing s LEFT JOIN nearest n ON n.unit_work_id = s.unit_work_id
 GROUP BY s.unit_work_id, s.part
"""
)


def _unit(unit: UUID, rows: list[Mapping[str, Any]]) -> UnitProgress:
    by_part = {row["part"]: row for row in rows}
    parts = tuple(
        PartProgress(p, by_part[p]["owed"], by_part[p]["filed"], by_part[p]["passed"]) for p in sorted(by_part)
    )

    def total(name: str) -> int:
        return int(sum(row[name] for row in rows))

    first = rows[0]
    return UnitProgress(
        unit_work_id=unit, parts=parts, owed=total("owed"), filed=total("filed"), now=total("now"),
        passed=total("passed"), soon=total("soon"), back=total("back"), not_applicable=total("na"),
        later=total("later"), suggestions=total("suggestions"), next_on=first["next_on"],
        next_title=first["next_title"] or "", next_count=int(first["next_count"] or 0),
    )  # fmt: skip
