"""Find entries in a log of any length: in the order of their numbers, a bounded piece of it for each request.

The log is looked through stretch by stretch from a place in it, and only those stretches that can have what is asked
(`search_blocks`). Whoever asks for what is nearly nowhere is told how far was looked, and goes on from there. Places are numbers,
or the identifier of an entry that waits for its seal; entries that come in meanwhile stand past neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, reduce
from itertools import chain, islice, product, repeat, starmap
from operator import or_
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, Collate, Greatest, Lower
from django.db.models.lookups import Contains, Exact, GreaterThanOrEqual, LessThan
from django.utils import timezone

from zhudang.audit.act_words import ACTS
from zhudang.audit.domain.grams import gram_of_actor, grams_asked
from zhudang.audit.models import Entry, Seal, Unsealed
from zhudang.audit.queries import EntryRow, entries, entry_row
from zhudang.audit.search_blocks import WIDTH, covered

LOOK_AT = 48
"""So many stretches are looked through for one request."""
COUNT_TO = 10_000
_AT = Greatest("at", "at")
# Neither this nor an account in another collation is in an index: PostgreSQL would take the index over all that an account
# ever did, and join it with the few entries of a stretch, once for each.


@dataclass(frozen=True)
class Asked:
    """What somebody looks for in the log; what is empty asks for nothing.

    Args:
        q: words anywhere in act, subject or data, or in what the act is called.
        act: how it begins, or words of what it is called.
        since: first day, until: last day, as 2026-06-17; what is no day is passed over.
        number: a number people quote.
    """

    q: str = ""
    actor: str = ""
    act: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""
    number: str = ""

    @cached_property
    def first(self) -> datetime | None:
        """The moment the first day begins."""
        return _day(self.since)

    @cached_property
    def end(self) -> datetime | None:
        """The moment the last day ends."""
        last = _day(self.until)
        return last and last + timedelta(days=1)

    @property
    def only(self) -> int | None:
        """The number asked for."""
        return int(self.number) if self.number.isdecimal() and len(self.number) < 18 else None

    @property
    def condition(self) -> Q:
        """What an entry must be."""
        wanted = Q()
        if self.q:
            called = Q(act__in=acts_called(self.q))
            wanted &= _has("act", self.q) | _has("subject", self.q) | _has("data", self.q) | called
        if self.actor:
            wanted &= Q(Exact(Collate("actor", "C"), self.actor))
        if self.act:
            wanted &= Q(act__startswith=self.act) | Q(act__in=acts_called(self.act))
        if self.subject:
            wanted &= Q(subject__contains=self.subject)
        if self.first:
            wanted &= Q(GreaterThanOrEqual(_AT, self.first))
        if self.end:
            wanted &= Q(LessThan(_AT, self.end))
        return wanted

    @cached_property
    def ways(self) -> list[list[int]]:
        """What a stretch must have for such an entry to stand in it: all grams of one of these; none where it can stand in any."""
        always = [gram_of_actor(self.actor)] if self.actor else []
        ways = [
            [*always, *told]
            for told in starmap(grams_asked, product(_or_called(self.q), _or_called(self.act), [self.subject]))
        ]
        return ways if all(ways) and len(ways) <= _MOST_WAYS else [always] if always else []

    @property
    def unread(self) -> list[str]:
        """The names of what was given and says nothing: a day that is none, a number that is none."""
        given = {"since": self.first, "until": self.end, "number": self.only}
        return [name for name, read in given.items() if getattr(self, name) and read is None]

    @property
    def is_narrow(self) -> bool:
        """Whether blocks can tell where such entries stand; what they cannot tell is never asked of them."""
        return bool(self.ways or self.first or self.end)

    @property
    def is_everything(self) -> bool:
        """Whether every entry is asked for."""
        return not self.condition and self.only is None


_MOST_WAYS = 24
"""More ways than this to stand in a stretch are not asked of the blocks one by one."""


def acts_called(words: str) -> list[str]:
    """The acts in whose names, in the language in force, these words stand."""
    wanted = words.strip().lower()
    return [act for act, name in ACTS.items() if wanted and wanted in str(name).lower()]


def _or_called(words: str) -> list[str]:
    return [words, *acts_called(words)]


def _has(field: str, words: str) -> Q:
    """Whether the words stand there, capital or small letters of the Latin alphabet alike: others would cost twice the time."""
    text = Lower(Collate(Cast(field, TextField()), "C"))
    return Q(Contains(text, "".join(c.lower() if c.isascii() else c for c in words)))


def _day(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
    except ValueError:
        return None


@dataclass(frozen=True)
class Found:
    """A piece of what was asked for.

    Args:
        seen: how many stood on the pages before.
        counted: how many were counted from the place on, these among them.
        is_all: whether that is all there are.
        past: the place to go on from; empty at the end.
        looked_to: the number at which looking ended, the page not full and more of the log to look through; 0 in the
            midst of what waits for its seal.
    """

    rows: Sequence[EntryRow]
    seen: int
    counted: int
    is_all: bool
    past: str
    looked_to: int | None = None

    @property
    def first(self) -> int:
        """Which of those asked for stands first here, 0 where there is none."""
        return self.seen + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Which stands last."""
        return self.seen + len(self.rows)

    @property
    def total(self) -> int:
        """How many there are at least; where not all were counted, by no more than the bound beyond the place."""
        return self.seen + (self.counted if self.is_all else min(self.counted, COUNT_TO))

    @property
    def is_more(self) -> bool:
        """Whether counting reached its bound."""
        return not self.is_all and self.counted > COUNT_TO


@dataclass(frozen=True)
class _Stretch:
    """Entries that lie together: of these numbers, or those waiting for their seal."""

    first: int = 0
    last: int = 0
    waiting: Sequence[UUID] = ()

    def end(self, *, oldest_first: bool) -> str:
        if self.waiting:
            return str(self.waiting[-1])
        return str(self.last if oldest_first else self.first)


@dataclass(frozen=True)
class _Standing:
    """The log at one moment: the last number, the number of the place, and what waits for its seal beyond it."""

    last: int
    place: int | None
    waiting: list[UUID]


_STANDING = """
    SELECT coalesce((SELECT max(number) FROM audit_seal), 0), (SELECT number FROM audit_seal WHERE entry_id = %(id)s::uuid),
           ARRAY(SELECT entry_id FROM audit_unsealed WHERE %(id)s::uuid IS NULL OR entry_id {past} %(id)s::uuid
                 ORDER BY entry_id {order} LIMIT %(most)s)
"""


def _standing(place: str, *, oldest_first: bool) -> _Standing:
    """In one statement: an entry that is sealed meanwhile is then neither lost nor told twice."""
    number = int(place) if place.isdecimal() and len(place) < 18 else None
    words = {"past": ">", "order": "ASC"} if oldest_first else {"past": "<", "order": "DESC"}
    given = {"id": None if number is not None else _uuid(place), "most": (LOOK_AT + 1) * WIDTH}
    with connection.cursor() as cursor:
        cursor.execute(_STANDING.format(**words), given)
        last, sealed, waiting = cursor.fetchone()
    return _Standing(last, number if number is not None else sealed, waiting)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _stretches(asked: Asked, place: str, *, oldest_first: bool) -> Iterator[_Stretch]:
    """The stretches beyond a place that can have what is asked, in order, each cut at the place."""
    now = _standing(place, oldest_first=oldest_first)
    in_tail = now.place is None and _uuid(place) is not None
    waiting = [] if asked.only is not None else now.waiting
    tail = [_Stretch(waiting=waiting[at : at + WIDTH]) for at in range(0, len(waiting), WIDTH)]
    if oldest_first:
        if not in_tail:
            yield from _sealed(asked, (now.place or 0) + 1, now.last, oldest_first=True)
        yield from tail
        return
    if now.place is None:
        yield from tail
        if len(tail) > LOOK_AT:  # there may be more of it, and it comes first
            return
    yield from _sealed(asked, 1, now.last if now.place is None else min(now.place - 1, now.last), oldest_first=False)


def _sealed(asked: Asked, low: int, high: int, *, oldest_first: bool) -> Iterator[_Stretch]:
    if asked.only is not None:
        low, high = max(low, asked.only), min(high, asked.only)
    if low > high:
        return
    reached = covered() if asked.is_narrow else 0
    beyond = range(max(reached, (low - 1) // WIDTH * WIDTH), high, WIDTH)
    blocks = _blocks(asked, low, min(high, reached), oldest_first=oldest_first)
    starts: Iterator[int] = chain(blocks, beyond) if oldest_first else chain(reversed(beyond), blocks)
    for start in starts:
        yield _Stretch(max(low, start + 1), min(high, start + WIDTH))


@contextmanager
def _by_indexes() -> Iterator[Any]:
    """A transaction in which no table is read as a whole: of a log, and of blocks, whose rows are larger than the planner thinks."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL max_parallel_workers_per_gather = 0")
        yield cursor


_BLOCKS = """
    SELECT index FROM (SELECT index, first_at, last_at FROM audit_searchblock WHERE {has} OFFSET 0) AS b
    WHERE index BETWEEN %(low)s AND %(high)s AND first_at < %(end)s AND last_at >= %(first)s
    ORDER BY index {order} LIMIT %(most)s
"""


def _blocks(asked: Asked, low: int, high: int, *, oldest_first: bool) -> Iterator[int]:
    """Where the blocks begin that can have what is asked; some are read at a time."""
    if low > high:
        return
    ways = asked.ways
    # Nothing else is told: the rows behind the index are large, and walking them in order would read each one.
    statement = _BLOCKS.format(
        has=" OR ".join(f"grams @> %(way{n})s::int[]" for n in range(len(ways))) or "true",
        order="ASC" if oldest_first else "DESC",
    )
    given = {
        "low": (low - 1) // WIDTH, "high": (high - 1) // WIDTH, "most": LOOK_AT + 1,
        **{f"way{n}": way for n, way in enumerate(ways)},
        "first": asked.first or datetime.min.replace(year=2, tzinfo=timezone.get_fixed_timezone(0)),
        "end": asked.end or datetime.max.replace(year=9998, tzinfo=timezone.get_fixed_timezone(0)),
    }  # fmt: skip
    while True:
        with _by_indexes() as cursor:
            cursor.execute(statement, given)
            found = [index for (index,) in cursor.fetchall()]
        yield from (index * WIDTH for index in found)
        if len(found) <= LOOK_AT:
            return
        given |= {"low": found[-1] + 1} if oldest_first else {"high": found[-1] - 1}


def _rows(stretches: Sequence[_Stretch], condition: Q, *, oldest_first: bool) -> QuerySet[Entry]:
    """The entries of some stretches of one kind, in order."""
    if stretches[0].waiting:
        chosen, key = Q(id__in=[entry_id for stretch in stretches for entry_id in stretch.waiting]), "id"
    else:
        ranges = reduce(or_, (Q(number__range=(stretch.first, stretch.last)) for stretch in stretches))
        chosen, key = Q(id__in=Seal.objects.filter(ranges).values("entry_id")), "number"
    return entries().filter(condition, chosen).order_by(key if oldest_first else f"-{key}")


_TOGETHER = (1, 2, 4, 8)
"""So many stretches are read in a statement, first one, then more: most pages are full after the first."""


def _groups(stretches: Iterator[_Stretch]) -> Iterator[list[_Stretch]]:
    """Some stretches at a time, of one kind each, until as many are read as one request looks at."""
    left, sizes = LOOK_AT, chain(_TOGETHER, repeat(_TOGETHER[-1]))
    waiting: list[_Stretch] = []
    for size in sizes:
        waiting += islice(stretches, min(size, left) - len(waiting))
        same = [stretch for stretch in waiting if bool(stretch.waiting) == bool(waiting[0].waiting)]
        if not same:
            return
        yield same
        waiting, left = waiting[len(same) :], left - len(same)


def find(asked: Asked, *, place: str = "", oldest_first: bool = False, limit: int, seen: int = 0) -> Found:
    """The next entries beyond a place, in the order of their numbers, newest first; those without a number are the newest.

    Args:
        place: as a page before gave it in `Found.past`.
        seen: how many were shown before that place.
    """
    with _by_indexes():
        return _found(asked, place, oldest_first=oldest_first, limit=limit, seen=seen)


def _found(asked: Asked, place: str, *, oldest_first: bool, limit: int, seen: int) -> Found:
    stretches = _stretches(asked, place, oldest_first=oldest_first)
    rows: list[Any] = []
    counted, looked_to, enough = 0, _Stretch(), False
    for group in _groups(stretches):
        wanted, need = _rows(group, asked.condition, oldest_first=oldest_first), limit + 1 - len(rows)
        more = list(wanted[:need]) if need > 0 else []
        rows += more
        counted += len(more) if len(more) < need else wanted.order_by().count()
        looked_to = group[-1]
        enough = len(rows) > limit and (counted > COUNT_TO or asked.is_everything)
        if enough:
            break
    is_all = not enough and next(stretches, None) is None
    shown = [entry_row(row) for row in rows[:limit]]
    if len(rows) > limit:
        if asked.is_everything:
            counted, is_all = max(how_many() - seen, len(rows)), True
        return Found(shown, seen, counted, is_all, past=str(shown[-1].number or shown[-1].id))
    if is_all:
        return Found(shown, seen, counted, is_all, past="")
    number = looked_to.last if oldest_first else looked_to.first
    return Found(shown, seen, counted, is_all, past=looked_to.end(oldest_first=oldest_first), looked_to=number)


def how_many() -> int:
    """How many entries the log has."""
    return (Seal.objects.aggregate(last=Max("number"))["last"] or 0) + Unsealed.objects.count()


_TAKEN_OUT = ("number", "at", "actor", "act", "subject", "text", "id", "account_id", "leaf")
_SEALED = Seal.objects.filter(entry_id=OuterRef("id"))


def walk(asked: Asked, *, oldest_first: bool = False) -> Iterator[tuple[Any, ...]]:
    """Everything that is asked for, to be taken out: number, moment, account, act, subject, the data as JSON; and what its leaf is made of.

    That is the entry's id, the account's id, the moment in UTC as the chain has it; then the leaf itself, None before the seal.

    Memory stays flat, and no transaction lasts.
    """
    place, again = "", True
    while again:
        waiting = 0
        for stretch in _stretches(asked, place, oldest_first=oldest_first):
            rows = _rows([stretch], asked.condition, oldest_first=oldest_first).annotate(
                text=Cast("data", TextField()), leaf=Subquery(_SEALED.values("leaf")[:1])
            )
            with _by_indexes():
                found = list(rows.values_list(*_TAKEN_OUT))
            for row in found:
                moment = row[1].astimezone(UTC).isoformat(timespec="microseconds")
                yield (*row[:6], row[6], row[7], moment, row[8])
            place = stretch.end(oldest_first=oldest_first)
            waiting += bool(stretch.waiting)
        again = waiting > LOOK_AT  # there may be more of the tail than was read
