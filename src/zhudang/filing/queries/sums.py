"""What of every unit work stands alike, added up once and kept until something it was added from changes.

A home of two hundred projects would read fifty thousand obligations and their answers each time. The sums of a project
are kept for everybody who sees the same of it; every change of its obligations, records and suggestions is noted by
the database (migration `filing.0004`) with the transaction that made it, and kept sums count only while no change lies
outside the snapshot they were read in. Nobody waits for anybody, and what a person may see is part of the key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

KEPT_DAYS = 3
"""Younger than the notes of changes, which stay for `NOTED_DAYS`."""
NOTED_DAYS = 7

ANSWERS = """
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
   GROUP BY s.obligation_id)"""
"""SQL: what answers each obligation, of what the person may know of."""
OWED_FOR = """o.retired_at IS NULL AND o.project_id = ANY(%(projects)s)
     AND (%(everything)s OR %(system)s
          OR o.project_id = ANY(%(as_client)s)
          OR EXISTS (SELECT 1 FROM registry_party y WHERE y.project_id = o.project_id AND y.role = o.party_role
                        AND y.organisation_id = ANY(%(mine)s) AND y.until IS NULL))"""
"""SQL: which obligations exist for the person."""

# Who sees the same of a project: the same organisations, levels and reach, as its client or in the same roles.
_VIEWER = """%(person)s || '|' || (p.id = ANY(%(as_client)s))::text || '|' || coalesce(
    (SELECT string_agg(DISTINCT y.role, ',' ORDER BY y.role) FROM registry_party y
      WHERE y.project_id = p.id AND y.organisation_id = ANY(%(mine)s) AND y.until IS NULL), '')"""
# A transaction that has written itself neither uses nor makes them: its own changes are in no snapshot.
_KEPT = f"""
WITH wanted AS MATERIALIZED (SELECT p.id, {_VIEWER} AS viewer FROM unnest(%(projects)s::uuid[]) AS p (id))
SELECT w.id, k.sums, pg_current_xact_id_if_assigned() IS NULL FROM wanted w
  LEFT JOIN filing_keptsums k ON k.project_id = w.id AND k.viewer = w.viewer
   AND k.server_started = pg_postmaster_start_time() AND k.made_at > now() - make_interval(days => %(kept_days)s)
   AND pg_current_xact_id_if_assigned() IS NULL
   AND NOT EXISTS (SELECT 1 FROM filing_change c WHERE c.project_id = k.project_id
                      AND c.xid >= pg_snapshot_xmin(k.snapshot) AND NOT pg_visible_in_snapshot(c.xid, k.snapshot))
"""
# The dates matter only for what is open and due by the list; without them elsewhere there is less to keep.
_COUNTED = f"""{ANSWERS},
standing AS (
  SELECT o.project_id, o.unit_work_id, o.part, o.owed = 'must' AS must, o.milestone_on, o.suggested_on,
         CASE WHEN o.na_at IS NOT NULL THEN 'na' WHEN a.back > 0 THEN 'back' WHEN a.filed > 0 THEN 'filed'
              WHEN g.suggestions > 0 THEN 'pencil' WHEN a.drafts > 0 THEN 'draft' ELSE 'open' END AS standing,
         coalesce(g.suggestions, 0) AS suggestions
    FROM filing_obligation o
    LEFT JOIN answers a ON a.obligation_id = o.id
    LEFT JOIN guesses g ON g.obligation_id = o.id
   WHERE {OWED_FOR}),
alike AS (
  SELECT s.project_id, s.unit_work_id, s.part, s.must, s.standing,
         CASE WHEN s.must AND s.standing IN ('open', 'pencil', 'draft') THEN s.milestone_on END AS milestone_on,
         CASE WHEN s.must AND s.standing IN ('open', 'pencil', 'draft') THEN s.suggested_on END AS suggested_on,
         count(*) AS count, sum(s.suggestions) AS suggestions
    FROM standing s GROUP BY 1, 2, 3, 4, 5, 6, 7),
units AS (
  SELECT a.project_id, a.unit_work_id, jsonb_agg(jsonb_build_array(a.part, a.must, a.standing, a.milestone_on,
         a.suggested_on, a.count, a.suggestions)) AS sums
    FROM alike a GROUP BY 1, 2),
counted AS (
  SELECT p.id, {_VIEWER} AS viewer, coalesce(
         (SELECT jsonb_object_agg(u.unit_work_id, u.sums) FROM units u WHERE u.project_id = p.id), '{{}}') AS sums
    FROM unnest(%(projects)s::uuid[]) AS p (id))
"""
_COUNT = _COUNTED + "SELECT id, sums FROM counted"
# In the order of ids, so that two who count the same projects at once wait for each other and never in a ring.
_COUNT_AND_KEEP = (
    _COUNTED
    + """
INSERT INTO filing_keptsums AS k (project_id, viewer, sums, snapshot, server_started, made_at)
SELECT id, viewer, sums, pg_current_snapshot(), pg_postmaster_start_time(), now() FROM counted ORDER BY id
    ON CONFLICT (project_id, viewer) DO UPDATE SET sums = excluded.sums, snapshot = excluded.snapshot,
       server_started = excluded.server_started, made_at = excluded.made_at
RETURNING project_id, sums
"""
)


class Sum(NamedTuple):
    """Obligations of a unit work that stand alike for a person; `standing` but for today's date: `open` is not answered.

    The dates are told of what is owed by the list (`must`) and open, in pencil or a draft.
    """

    unit_work_id: UUID
    part: str
    must: bool
    standing: str
    milestone_on: date | None
    suggested_on: date | None
    count: int
    suggestions: int


def sums_of(wanted: Mapping[str, Any]) -> Iterator[Sum]:
    """The sums of all unit works of projects as one person sees them.

    Args:
        wanted: what `standing.parameters` tells of the person and the projects.
    """
    if not wanted["projects"]:
        return
    asked = {**wanted, "person": _person(wanted), "kept_days": KEPT_DAYS}
    rows = _rows(_KEPT, asked)
    told = [sums for _project, sums, _may_keep in rows if sums is not None]
    if missing := [project for project, sums, _may_keep in rows if sums is None]:
        may_keep = rows[0][2]
        told += [
            sums for _project, sums in _rows(_COUNT_AND_KEEP if may_keep else _COUNT, {**asked, "projects": missing})
        ]
    for text in told:
        yield from _read(text)


def count_anew(wanted: Mapping[str, Any]) -> list[Sum]:
    """The same, from the rows themselves, nothing kept: what the kept sums are measured against."""
    return [one for _project, text in _rows(_COUNT, {**wanted, "person": ""}) for one in _read(text)]


def forget_old() -> None:
    """Drop what is kept longer than it may be used, and the notes of changes that nothing kept is older than."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM filing_keptsums WHERE made_at < now() - make_interval(days => %s)"
            " OR server_started <> pg_postmaster_start_time()",
            [KEPT_DAYS],
        )
        cursor.execute("DELETE FROM filing_change WHERE noted_at < now() - make_interval(days => %s)", [NOTED_DAYS])


def _person(wanted: Mapping[str, Any]) -> str:
    """A short name for what rights say of the person, whatever the project."""
    told = [wanted["reach"], wanted["system"], wanted["everything"], sorted(map(str, wanted["mine"]))]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _read(text: str) -> Iterator[Sum]:
    for unit, sums in json.loads(text).items():
        unit_work_id = UUID(unit)
        for part, must, standing, milestone_on, suggested_on, count, suggestions in sums:
            yield Sum(
                unit_work_id, part, must, standing, _day(milestone_on), _day(suggested_on), count, int(suggestions)
            )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _rows(sql: str, wanted: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, wanted)
        return list(cursor.fetchall())
