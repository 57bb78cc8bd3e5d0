"""How a great many objects stand by their copies, told in one pass: grouped by what the copies say, small groups by name.

What an object's copies say is one number of bits (`healths`, `compliance`), and rules judge each different number once. A
list of those that stand in some way then costs no second pass where they are few, or where all others are few.

Copies are added up by themselves, in the order of an index that holds all that is asked of them. Only where an object has
copies of different versions are its few copies compared with its newest version one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import BitOr
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Expression, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from zhudang.preservation.models import ArchivalObject, Copy

MOST_NAMED = 2000
"""Objects of a group whose ids are told with it."""
Says = Callable[[Q], Expression]
"""What one copy says, in bits: an expression on copies, given the condition that a copy is of the newest version."""


@dataclass(frozen=True)
class Group:
    """Objects that stand alike. `ids` is None where there are more than `MOST_NAMED`, or none were asked for; `sums` are what was."""

    key: tuple[Any, ...]
    number: int
    ids: tuple[UUID, ...] | None
    sums: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Table:
    """What a FROM takes: objects with these columns, `pk`, `said` (what their copies say) and `oldest_reading`.

    `sql` is empty where there can be no objects.
    """

    sql: str
    params: tuple[Any, ...]


def said_of_each(sites: Sequence[UUID], says: Says) -> Subquery:
    """What the copies of one object at these places say, for an annotation on few objects; None without any."""
    copies = (
        Copy.objects.filter(object=OuterRef("pk"), site_id__in=sites or [UUID(int=0)]).order_by().values("object_id")
    )
    return Subquery(
        copies.annotate(said=BitOr(says(Q(version=OuterRef("version"))), output_field=BigIntegerField())).values("said")
    )


def table_of(rows: QuerySet[ArchivalObject], columns: Sequence[str], sites: Sequence[UUID], says: Says) -> Table:
    """Write objects with what their copies at these places say as a table.

    Args:
        columns: fields of the objects, under their own names.
    """
    names = [*columns, "version", "exactly"]
    exact = rows.order_by().annotate(exactly=said_of_each(sites, says)).values_list("pk", *names)
    try:
        objects, some = exact.query.sql_with_params()
    except EmptyResultSet:
        return Table("", ())
    copies, more = (
        Copy.objects.filter(site_id__in=sites or [UUID(int=0)]).order_by().values("object_id")
        .annotate(said=BitOr(says(Q(object_id__isnull=False))), oldest=Min("verified_at"), least=Min("version"), most=Max("version"))
        .values_list("object_id", "said", "oldest", "least", "most").query.sql_with_params()
    )  # fmt: skip
    said = "CASE WHEN least = version AND most = version THEN said ELSE coalesce(exactly, 0) END"
    sql = (
        f"(SELECT told.*, {said}, oldest FROM ({objects}) AS told(pk, {', '.join(names)})"
        f" LEFT JOIN ({copies}) AS copies(object_id, said, oldest, least, most) ON copies.object_id = told.pk)"
        f" AS standing(pk, {', '.join(names)}, said, oldest_reading)"
    )
    return Table(sql, (*some, *more))


def group(table: Table, by: Sequence[str], sums: Sequence[str] = (), *, named: bool) -> list[Group]:
    """Group the objects of a table.

    Args:
        by: columns, one for each part of a group's key.
        sums: more aggregates in SQL.
        named: tell the ids of small groups, for `of_groups`; it costs a third more.
    """
    if not table.sql:
        return []
    ids = f"CASE WHEN count(*) <= {MOST_NAMED} THEN array_agg(pk) END" if named else "NULL"
    columns = ", ".join([*by, "count(*)", ids, *sums])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table.sql} GROUP BY {', '.join(by)}", table.params)
        return [_group(row, len(by)) for row in cursor.fetchall()]


def _group(row: Sequence[Any], parts: int) -> Group:
    ids = row[parts + 1]
    return Group(tuple(row[:parts]), row[parts], None if ids is None else tuple(ids), tuple(row[parts + 2 :]))


def of_groups(
    rows: QuerySet[ArchivalObject],
    groups: Iterable[Group],
    fits: Callable[[Group], bool],
    *,
    table: Table,
    by: Sequence[str],
) -> QuerySet[ArchivalObject]:
    """Narrow `rows` to the objects of the groups that fit: by the ids of these or of the others, or by one more pass.

    Args:
        groups: of all of `rows`, or of more, made by `group(table, by)`.
    """
    fitting: list[Group] = []
    others: list[Group] = []
    for each in groups:
        (fitting if fits(each) else others).append(each)
    if not others:
        return rows
    if _few(fitting):
        return rows.filter(pk__in=[pk for each in fitting for pk in each.ids or ()])
    if _few(others):
        return rows.exclude(pk__in=[pk for each in others for pk in each.ids or ()])
    keys = ", ".join(f"({', '.join(['%s'] * len(by))})" for _each in fitting)
    wanted = [part for each in fitting for part in each.key]
    sql = f"SELECT pk FROM {table.sql} WHERE ({', '.join(by)}) IN ({keys})"
    return rows.filter(pk__in=RawSQL(sql, [*table.params, *wanted]))


def _few(groups: Sequence[Group]) -> bool:
    return all(each.ids is not None for each in groups) and sum(each.number for each in groups) <= MOST_NAMED


def search_once(rows: QuerySet[ArchivalObject]) -> tuple[QuerySet[ArchivalObject], int | None]:
    """Search; give what was found, by its ids where it is little, and how many. So counting and cutting a page need no second search.

    The search itself has no order: in an order it would walk an index of all objects to the last match.
    """
    found = list(rows.order_by().values_list("pk", flat=True)[: MOST_NAMED + 1])
    return (ArchivalObject.objects.filter(pk__in=found), len(found)) if len(found) <= MOST_NAMED else (rows, None)
