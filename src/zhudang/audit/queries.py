"""What the audit administrator reads: entries by who, what, to what, when; and where the seal stands."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import starmap
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, Max, Min, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext

from zhudang.audit import witness
from zhudang.audit.act_words import ACTS
from zhudang.audit.fact_words import fact_name
from zhudang.audit.models import Entry, Head, Seal, TreeHead, Unsealed
from zhudang.audit.tree import StoredTree
from zhudang.audit.tree_heads import SignedHead, as_signed, consistency_of, continues, known_keys
from zhudang.shared.ids import made_at
from zhudang.shared.refusals import NotFound


@dataclass(frozen=True)
class Fact:
    """One fact of an entry: its key in the log, what it is called, and its value as people read it."""

    key: str
    name: str
    value: str


@dataclass(frozen=True)
class EntryRow:
    """An entry as the log's page shows it; without a number it belongs to the unsealed tail."""

    id: UUID
    number: int | None
    at: datetime
    actor: str
    act: str
    subject: str
    data: dict[str, Any]

    @property
    def act_word(self) -> Any:
        """What the act is called; empty where it has no name yet."""
        return ACTS.get(self.act, "")

    @property
    def facts(self) -> list[Fact]:
        """The entry's data as short lines."""
        return [Fact(key, str(fact_name(key)), _short(value)) for key, value in self.data.items()]

    @property
    def folded(self) -> tuple[list[Fact], list[Fact]]:
        """The same for a row of a list: the facts shown at once, and those behind a fold."""
        facts = self.facts
        return (facts, []) if len(facts) <= _AT_ONCE else (facts[: _AT_ONCE - 1], facts[_AT_ONCE - 1 :])

    @property
    def whole_facts(self) -> list[Fact]:
        """The entry's data, nothing left out."""
        return [Fact(key, str(fact_name(key)), _written(value)) for key, value in self.data.items()]


_AT_ONCE = 3
"""Facts of a row shown unfolded: one hidden alone would take the room it saves."""
_DIGEST = re.compile(r"\b(?:[0-9a-f]{32}){1,4}\b")


def _short(value: Any) -> str:
    """As a line of a list says it: digests by their beginning, as people compare them; the entry's page has all."""
    text = _DIGEST.sub(lambda found: f"{found[0][:12]}…", _written(value))
    return text if len(text) <= 120 else f"{text[:117]}…"


def _written(value: Any) -> str:
    """Write a value as people read it: lists and named values side by side, what is true or not in words."""
    if isinstance(value, bool):
        return gettext("是") if value else gettext("否")
    if value is None:
        return "—"
    if isinstance(value, list):
        return gettext("、").join(map(_written, value)) or "—"
    if isinstance(value, dict):
        return gettext("、").join(f"{fact_name(key)} {_written(each)}" for key, each in value.items()) or "—"
    return str(value)


@dataclass(frozen=True)
class SealState:
    """Where the seal stands."""

    last_number: int
    head: str
    sealed_at: datetime | None
    unsealed: int
    witnesses: int


def entries(*, act: str = "") -> QuerySet[Entry]:
    """Entries, or those whose act begins so, with their numbers."""
    sealed = Seal.objects.filter(entry_id=OuterRef("id"))
    rows = Entry.objects.annotate(number=Subquery(sealed.values("number")[:1]))
    return rows.filter(act__startswith=act) if act else rows


NEWEST = (F("at").desc(), F("id").desc())
AS_WRITTEN = (F("number").asc(nulls_last=True), F("id"))
"""Of `entries`: the order in which they came into the log, whatever a clock said."""


def entry_row(row: Any) -> EntryRow:
    """Shape one entry."""
    return EntryRow(row.id, row.number, row.at, row.actor, row.act, row.subject, row.data)


def entry(entry_id: UUID) -> EntryRow:
    """One entry.

    Raises:
        NotFound: no such entry.
    """
    row = entries().filter(id=entry_id).first()
    if row is None:
        raise NotFound
    return entry_row(row)


def facts_about(subject: Any, acts: Sequence[str]) -> QuerySet[Entry]:
    """Entries of some acts on one thing, in no order.

    Args:
        subject: its plain identifier, or an expression over `OuterRef`: a statement that reads rows and log together sees
            both as of one moment.
    """
    return Entry.objects.order_by().filter(subject=subject, act__in=acts)


def facts_about_each(subjects: Collection[str], acts: Sequence[str]) -> QuerySet[Entry]:
    """As `facts_about`, of many things in one statement."""
    return Entry.objects.order_by().filter(subject__in=list(subjects), act__in=acts)


def seal_state() -> SealState:
    """The last number, the head, and how long the tail is."""
    head = Head.objects.order_by("-last").first()
    return SealState(
        last_number=head.last if head else 0,
        head=head.chain if head else "",
        sealed_at=head.sealed_at if head else None,
        unsealed=Unsealed.objects.count(),
        witnesses=witness.count(),
    )


def tail() -> tuple[int, datetime | None]:
    """How many entries wait for their seal, and since when the oldest of them."""
    waiting = Unsealed.objects.order_by("entry_id").values_list("entry_id", flat=True)
    first = waiting.first()
    return waiting.count(), made_at(first) if first else None


@dataclass(frozen=True)
class HeadRow:
    """A signed head with the one before it, and whether it is proved to continue that one."""

    head: SignedHead
    at: datetime
    before: int
    continues: bool
    strange: bool = False
    """Signed with a key that is none of this log."""


def tree_heads() -> QuerySet[TreeHead]:
    """The signed heads, newest first, each with the size of the one before."""
    earlier = TreeHead.objects.filter(size__lt=OuterRef("size")).order_by("-size")
    return TreeHead.objects.annotate(before=Subquery(earlier.values("size")[:1])).order_by("-size")


def head_rows(rows: Sequence[Any]) -> list[HeadRow]:
    """Shape some heads: each is proved to continue the one before as anyone outside would, from one reading of the tree."""
    before = TreeHead.objects.in_bulk([row.before for row in rows if row.before])
    tree = StoredTree([row.size for row in (*rows, *before.values())])
    known = known_keys()
    told = [_head_row(row, before.get(row.before), tree) for row in rows]
    return [replace(each, strange=bool(known) and each.head.key not in known) for each in told]


def _head_row(row: Any, earlier: TreeHead | None, tree: StoredTree) -> HeadRow:
    head = as_signed(row)
    if earlier is None:
        return HeadRow(head, row.at, 0, continues=False)
    try:
        path = consistency_of(earlier.size, row.size, tree)
    except LookupError:
        return HeadRow(head, row.at, earlier.size, continues=False)
    sound = head.is_signed and continues(as_signed(earlier), head, path)
    return HeadRow(head, row.at, earlier.size, sound)


def head_lines() -> Iterator[list[Any]]:
    """Every signed head as a line of a list that is taken out."""
    for row in TreeHead.objects.order_by("size").iterator(chunk_size=2_000):
        yield [row.size, as_signed(row).at, row.root, row.key, row.signature]


def log_keys() -> list[tuple[str, int, bool]]:
    """The public keys heads were signed with, since which size, and whether the log knows them as its own."""
    known = known_keys()
    rows = TreeHead.objects.values_list("key").annotate(since=Min("size")).order_by("since")
    return [(key, since, not known or key in known) for key, since in rows]


def in_order(
    acts: Collection[str], subjects: Collection[str] | None = None
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Subject, act and data of every entry of some acts, as they were written one after the other.

    Args:
        subjects: these only.
    """
    rows = Entry.objects.filter(act__in=list(acts)).order_by("id")
    if subjects is not None:
        rows = rows.filter(subject__in=list(subjects))
    yield from rows.values_list("subject", "act", "data").iterator(chunk_size=2000)


def sealed_number() -> int:
    """The last number given, as this transaction sees it: what the numbered acts did, it sees too."""
    return Seal.objects.aggregate(last=Max("number"))["last"] or 0


@dataclass(frozen=True)
class Told:
    """An act of the log as it accounts for rows.

    Args:
        facts: its data, as JSON.
        numbered: whether it had a number up to the one that was asked for.
    """

    id: UUID
    act: str
    actor: str
    subject: str
    facts: str
    numbered: bool


def told_since(since: datetime, *, acts: Collection[str], up_to: int) -> Iterator[Told]:
    """Some acts since a moment, in no order; memory stays flat.

    Args:
        acts: their names.
        up_to: a number of the log: of each act it is told whether it had been numbered by then.
    """
    rows = Entry.objects.order_by().filter(act__in=list(acts), at__gte=since)
    numbered = Exists(Seal.objects.filter(entry_id=OuterRef("id"), number__lte=up_to))
    rows = rows.annotate(text=Cast("data", TextField()), numbered=numbered)
    fields = ("id", "act", "actor", "subject", "text", "numbered")
    yield from starmap(Told, rows.values_list(*fields).iterator(chunk_size=2000))


def newest_by_version(
    *, prefix: str, suffix: str, about: Collection[str] | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of each subject of the acts named so, the data of the one that tells the highest version, the later of two that tell the same.

    A clock that ran ahead does not make an older version newer.

    Args:
        about: these subjects only.
    """
    rows = Entry.objects.filter(act__startswith=prefix, act__endswith=suffix).distinct("subject")
    if about is not None:
        rows = rows.filter(subject__in=about)
    rows = rows.order_by("subject", F("data__version").desc(nulls_last=True), *NEWEST)
    yield from rows.values_list("subject", "data").iterator(chunk_size=2000)


def subjects(act: str) -> Iterator[str]:
    """What an act was ever done to, each once."""
    yield from Entry.objects.filter(act=act).order_by().values_list("subject", flat=True).distinct().iterator(2000)
