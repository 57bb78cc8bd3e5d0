"""The accession register as its page shows it: what is counted of all of it, and the objects that are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Value
from django.db.models.expressions import RawSQL

from zhudang.identity.rights import Actor
from zhudang.preservation import healths, standings
from zhudang.preservation.domain.states import Health
from zhudang.preservation.models import ArchivalObject
from zhudang.preservation.queries import known_objects
from zhudang.registry import queries as registry

SORTS = {
    "accession": ("accession_no", "id"),
    "code": ("reference_code", "id"),
    "title": ("title", "id"),
    "files": ("files", "id"),
    "bytes": ("bytes", "id"),
    "read": ("oldest_reading", "id"),
}


@dataclass(frozen=True)
class HoldingsCounts:
    """What the sentence at the top of the register says."""

    objects: int
    volumes: int
    files: int
    bytes: int
    by_health: Mapping[Health, int]
    oldest_reading: datetime | None

    def of(self, health: Health) -> int:
        """How many objects are in this state."""
        return self.by_health.get(health, 0)

    @property
    def damaged(self) -> int:
        """Objects with a damaged copy."""
        return self.of(Health.DAMAGED)

    @property
    def lacking(self) -> int:
        """Objects that lack a copy at some place."""
        return self.of(Health.LACKING)

    @property
    def unread(self) -> int:
        """Objects with a copy that nobody has read whole."""
        return self.of(Health.UNREAD)

    @property
    def waiting(self) -> int:
        """Objects whose newest version a removable set lacks until it is called in."""
        return self.of(Health.WAITING)

    @property
    def due(self) -> int:
        """Objects read so long ago that they should be read again."""
        return self.of(Health.DUE)

    @property
    def bad(self) -> bool:
        """Whether any object is damaged or lacks a copy."""
        return bool(self.damaged or self.lacking)


_SEARCHED = ("title", "reference_code", "accession_no")


@dataclass(frozen=True)
class Asked:
    """What of the register is asked for: words (in title, codes, project), health, kind of object, and the order."""

    words: str
    health: str
    kind: str
    order: Sequence[str]

    @property
    def by_copies(self) -> bool:
        """Whether the copies of every object must be looked at for it."""
        return bool(self.health) or "oldest_reading" in self.order or "-oldest_reading" in self.order

    @property
    def something(self) -> bool:
        """Whether not all of the register is asked for, or in an order that no index tells."""
        return bool(self.words or self.kind) or self.by_copies

    def matching(self, actor: Actor) -> Q:
        """The condition that an object has the words and is of the kind."""
        fits = Q(kind=self.kind) if self.kind else Q()
        if self.words:
            # Not to lower every title: it takes longer than all the rest, and most words here have no case.
            found = "contains" if self.words.lower() == self.words.upper() else "icontains"
            projects = registry.visible_projects(actor).filter(**{f"name__{found}": self.words})
            named = Q(project__in=projects)
            fits &= reduce(or_, (Q(**{f"{field}__{found}": self.words}) for field in _SEARCHED), named)
        return fits


def holdings_asked(actor: Actor, asked: Asked, now: datetime) -> QuerySet[ArchivalObject]:
    """All objects of the register that are asked for, in order, for a file.

    Raises:
        Forbidden.
    """
    rows = known_objects(actor).filter(asked.matching(actor))
    if not asked.by_copies:
        return rows.order_by(*asked.order)
    on = healths.wanted()
    rows = healths.standing(rows, on, now)
    if asked.health:
        table = standings.table_of(rows, ("kind", "level", "said"))
        fitting = f"SELECT pk FROM {table.sql} WHERE {healths.health_in_sql(on)} = %s" if table.sql else ""
        rows = rows.filter(pk__in=RawSQL(fitting, [*table.params, asked.health])) if table.sql else rows.none()
    return rows.order_by(*asked.order)


@dataclass(frozen=True)
class HoldingsPage:
    """One page of the register: what is counted of all of it, how many are asked for, and the ids of those on the page.

    Attributes:
        by_health: how many of what words and kind ask for are in each state, whichever state is asked for.
    """

    counts: HoldingsCounts
    by_health: Mapping[Health, int]
    number: int
    ids: Sequence[UUID]


def holdings_page(actor: Actor, asked: Asked, now: datetime, *, rows: int, page: int) -> HoldingsPage:
    """Count the register, and cut out the page that is asked for; beyond the end the last page.

    Raises:
        Forbidden.
    """
    known = known_objects(actor)
    if asked.something:
        return _page_of_some(known, actor, asked, now, rows=rows, page=page)
    counts = counts_of(known, now)
    start = rows * max(0, min(page - 1, (counts.objects - 1) // rows))
    ids = known.order_by(*asked.order).values_list("pk", flat=True)[start : start + rows]
    return HoldingsPage(counts, counts.by_health, counts.objects, ids)


def _page_of_some(
    known: QuerySet[ArchivalObject], actor: Actor, asked: Asked, now: datetime, *, rows: int, page: int
) -> HoldingsPage:
    """The same by one look at all objects and their copies, at which those that are asked for are told apart."""
    on = healths.wanted()
    fits = ExpressionWrapper(asked.matching(actor), BooleanField()) if asked.words or asked.kind else Value(True)
    among = "true"
    if asked.health:
        is_known = asked.health in set(Health)
        among = f"{healths.health_in_sql(on)} = '{asked.health}'" if is_known else "false"
    looked_at = healths.standing(known, on, now).annotate(fits=fits)
    table = standings.table_of(looked_at, (*_COLUMNS, "fits"))
    cut = standings.cut(table, _BY, _SUMS, among=among, order=asked.order, rows=rows, page=page)
    by_health: Counter[Health] = Counter()
    for each in cut.groups:
        by_health[healths.health_of(*each.key, on)] += each.sums[-1]
    return HoldingsPage(_counts(cut.groups, on), by_health, cut.number, cut.ids)


_BY = ("kind", "level", "said")
_COLUMNS = (*_BY, "oldest_reading", "part", "newest", "files", "bytes", "destroyed_at")
_NEWEST_OF_VOLUMES = "FILTER (WHERE kind = 'volume' AND newest)"
_SUMS = (
    # A volume counts once, by its first part; a tombstone is none.
    "count(*) FILTER (WHERE kind = 'volume' AND newest AND part = 1 AND destroyed_at IS NULL)",
    f"coalesce(sum(files) {_NEWEST_OF_VOLUMES}, 0)",
    f"coalesce(sum(bytes) {_NEWEST_OF_VOLUMES}, 0)",
    "min(oldest_reading)",
)


def counts_of(rows: QuerySet[ArchivalObject], now: datetime) -> HoldingsCounts:
    """Count the register: what the actor may know of."""
    on = healths.wanted()
    table = standings.table_of(healths.standing(rows, on, now), _COLUMNS)
    return _counts(standings.group(table, _BY, _SUMS, named=False), on)


def _counts(told: Sequence[standings.Group], on: healths.Wanted) -> HoldingsCounts:
    by_health: Counter[Health] = Counter()
    for each in told:
        by_health[healths.health_of(*each.key, on)] += each.number
    return HoldingsCounts(
        objects=sum(each.number for each in told),
        volumes=sum(each.sums[0] for each in told),
        files=sum(int(each.sums[1]) for each in told),
        bytes=sum(int(each.sums[2]) for each in told),
        by_health=by_health,
        oldest_reading=min((each.sums[3] for each in told if each.sums[3] is not None), default=None),
    )
