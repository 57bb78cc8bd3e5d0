"""How a great many objects stand by their copies, told in one pass: grouped by what the copies say, small groups by name.

What an object's copies say is one number of bits (`healths`, `compliance`), and rules judge each different number once. A
list of those that stand in some way then costs no second pass where they are few, or where all others are few.

Objects and the copies at each place are laid side by side in the order of their ids, from indexes that hold all that is asked of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    BigIntegerField,
    DateTimeField,
    Expression,
    F,
    FilteredRelation,
    Q,
    QuerySet,
    Value,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Least

from zhudang.preservation.models import ArchivalObject

MOST_NAMED = 2000
"""Objects of a group whose ids are told with it."""


@dataclass(frozen=True)
class CopyAt:
    """The copy of an object at one place, to be named in expressions on objects (`standing`). Where none is, nothing is true of it."""

    number: int
    """Of the place, among those asked for."""
    site_id: UUID

    @property
    def name(self) -> str:
        """What the copy is called in expressions."""
        return f"at_{self.number}"

    @property
    def newest(self) -> Q:
        """The condition that it is of the newest version."""
        return self.having(version=F("version"))

    def having(self, **values: Any) -> Q:
        """The condition that its fields are so."""
        return Q(**{f"{self.name}__{field}": value for field, value in values.items()})


Says = Callable[[CopyAt], Expression]
"""What the copy at one place says, in bits; 0 where none is."""


@dataclass(frozen=True)
class Group:
    """Objects that stand alike. `ids` is None where there are more than `MOST_NAMED`, or none were asked for; `sums` are what was."""

    key: tuple[Any, ...]
    number: int
    ids: tuple[UUID, ...] | None
    sums: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Table:
    """What a FROM takes: objects with their `pk` and other columns.

    `sql` is empty where there can be no objects.
    """

    sql: str
    params: tuple[Any, ...]


def standing(rows: QuerySet[ArchivalObject], sites: Sequence[UUID], says: Says) -> QuerySet[ArchivalObject]:
    """Add to every object what its copies at these places say (`said`), and the oldest reading of any of them (`oldest_reading`)."""
    copies = [CopyAt(number, site_id) for number, site_id in enumerate(sites)]
    joined = rows.alias(
        **{each.name: FilteredRelation("copies", condition=Q(copies__site_id=each.site_id)) for each in copies}
    )
    readings: list[Any] = [F(f"{each.name}__verified_at") for each in copies]
    nothing: Expression = Value(0, output_field=BigIntegerField())
    never = Cast(None, DateTimeField())
    return joined.annotate(
        said=reduce(lambda told, each: told.bitor(says(each)), copies, nothing),
        oldest_reading=Least(*readings, never, never),
    )


def table_of(rows: QuerySet[ArchivalObject], columns: Sequence[str]) -> Table:
    """Write objects with these of their fields and annotations as a table."""
    try:
        sql, params = rows.order_by().values_list("pk", *columns).query.sql_with_params()
    except EmptyResultSet:
        return Table("", ())
    return Table(f"({sql}) AS standing({', '.join(['pk', *columns])})", params)


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


@dataclass(frozen=True)
class Cut:
    """One page of the objects that fit, and the groups of all; the last of a group's `sums` is how many of it fit by themselves."""

    groups: list[Group]
    ids: list[UUID]
    number: int
    """How many fit."""


def cut(
    table: Table, by: Sequence[str], sums: Sequence[str], *, among: str, order: Sequence[str], rows: int, page: int,
) -> Cut:  # fmt: skip
    """Group the objects of a table and cut a page out of those that fit, in one pass over them; beyond the end the last page.

    Args:
        table: with a column `fits`, which tells of each object whether it fits by itself.
        among: a condition in SQL on the columns of `by`: which groups fit.
        order: fields of the objects, with "-" in front when descending, by an index of which the page is found; or first of all
            `oldest_reading`, a column of the table.
        page: counts from one.
    """
    if not table.sql:
        return Cut([], [], 0)
    keys, field = ", ".join(by), order[0].removeprefix("-")
    with_readings = field == _READING
    readings = f", array_agg({_READING}) FILTER (WHERE fits) AS readings" if with_readings else ""
    named = ", ".join(f"{each} AS sum_{number}" for number, each in enumerate(sums))
    sums_told = ", ".join(f"sum_{number}" for number in range(len(sums)))
    nothing = ", ".join(["NULL"] * (len(by) + len(sums) + 2))
    objects = ArchivalObject._meta.db_table
    # The ids in a hashed set are held against the index of the order, one after another; joined to the objects they would all be sorted.
    listed = (
        f"chosen, unnest(chosen.ids, chosen.readings) AS one(id, {_READING})"
        if with_readings
        else f"{objects} WHERE (id IN (SELECT unnest(ids) FROM chosen)) IS TRUE"
    )
    sql = f"""
        WITH told AS MATERIALIZED (
                SELECT {keys}, count(*) AS objects, {named}, array_agg(pk) FILTER (WHERE fits) AS ids{readings}
                FROM (SELECT * FROM {table.sql} OFFSET 0) AS standing GROUP BY {keys}
            ),
            chosen AS (SELECT * FROM told WHERE {among}),
            counted AS (SELECT coalesce(sum(cardinality(ids)), 0)::int AS number FROM chosen)
        SELECT {keys}, objects, {sums_told}, coalesce(cardinality(ids), 0), NULL AS ids, NULL AS number FROM told
        UNION ALL
        SELECT {nothing}, ARRAY(
            SELECT id FROM {listed} ORDER BY {", ".join(map(_ordered, order))} LIMIT %s
            OFFSET (SELECT %s * greatest(0, least(%s, (number - 1) / %s)) FROM counted)
        ), (SELECT number FROM counted)
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [*table.params, rows, rows, page - 1, rows])
        told = cursor.fetchall()
    groups = [Group(tuple(row[: len(by)]), row[len(by)], None, tuple(row[len(by) + 1 : -2])) for row in told[:-1]]
    return Cut(groups, told[-1][-2], told[-1][-1])


_READING = "oldest_reading"


def _ordered(field: str) -> str:
    name = field.removeprefix("-")
    return f"{name} DESC" if field.startswith("-") else name


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
