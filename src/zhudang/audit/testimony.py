"""What one witness was told, held against the log while it is read: both run in the order of their numbers, side by side.

Nothing is kept in memory of what agrees, so a log of any length can be verified; only from the first number that
differs on are both sides laid out whole, to tell what was changed, removed, inserted or put in another order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from zhudang.audit import witness_lines
from zhudang.audit.domain.chain import SHORT, SealedEntry
from zhudang.audit.domain.judging import Fault, LogFinding, Span, compare_with_witness, without
from zhudang.audit.models import Head, Seal
from zhudang.audit.tree_heads import SignedHead
from zhudang.shared.bulk import batched


@dataclass(frozen=True)
class WitnessReport:
    """What one witness said."""

    folder: str
    heads: int
    last_number: int
    lost_by_restore: int = 0
    tree_heads: int = 0
    refilled: tuple[Refill, ...] = ()


@dataclass(frozen=True)
class Refill:
    """Numbers that a witness was given again, or late; for them it bears witness only since then."""

    first: int
    last: int
    since: str


@dataclass(frozen=True)
class Told:
    """What a witness holds of one number: the beginning of its leaf, and the chain's value where a head closed over it."""

    number: int
    leaf: str = ""
    head: str = ""


@dataclass
class Testimony:
    """A witness as it stood when it was first read; what is written to it afterwards is not part of this testimony."""

    folder: Path
    name: str
    tree: list[SignedHead] = field(default_factory=list)
    heads: int = 0
    last_number: int = 0
    lost_by_restore: int = 0
    held: list[Span] = field(default_factory=list)
    """What it was told when it was made, and no restore made void."""
    refilled: list[Refill] = field(default_factory=list)
    untold: list[int] = field(default_factory=list)
    """Where it says the log was restored to, and the log tells of no such restore: nothing is void by that."""
    _lines: int = 0
    _cuts: list[tuple[int, int]] = field(default_factory=list)
    """For each restore: how many lines stood before it, and the last number that it and all later ones left."""

    @classmethod
    def of(cls, folder: Path, name: str = "", told: witness_lines.Acts | None = None) -> Testimony:
        """Read a witness once for its restores and its extent.

        Args:
            name: what people call it where the folder is not it.
            told: the restores the log tells of: others make nothing void. None takes every line at its word.
        """
        said = cls(folder, name or str(folder), tree=witness_lines.read_tree(folder, told))
        if told is not None:
            said.untold = sorted(
                {line.last for line in witness_lines.restores(folder) if (line.last, line.at) not in told}
            )
        for line in witness_lines.read(folder):
            if line.restored and (told is None or (line.last, line.at) in told):
                said._cuts.append((said._lines, line.last))
            said._lines += 1
        lowest = None
        for place in reversed(range(len(said._cuts))):
            before, last = said._cuts[place]
            lowest = last if lowest is None else min(last, lowest)
            said._cuts[place] = (before, lowest)
        for line, kept_to in said._extents():
            first, last = line.first, line.last
            said._take_extent(first, kept_to, line.refilled)
            said.heads += kept_to >= last
            said.last_number = max(said.last_number, last if kept_to >= last else 0)
            said.lost_by_restore += max(0, last - max(kept_to, first - 1))
        return said

    def told(self) -> Iterator[Told]:
        """Everything this witness holds that no restore made void, in the order it was written."""
        for position, line in self._whole_lines():
            kept_to = self._kept_to(position, line.last)
            for number, leaf in zip(range(line.first, min(line.last, kept_to) + 1), line.leaves, strict=False):
                if number < line.last:
                    yield Told(number, leaf)
            if kept_to >= line.last:
                closing = line.leaves[line.last - line.first : line.last - line.first + 1]
                yield Told(line.last, *closing, head=line.head)

    def heads_told(self) -> Iterator[witness_lines.WitnessedHead]:
        """Every head it was given that no restore made void; without its leaves, which are as many as the entries it closed over."""
        for position, line in self._whole_lines():
            if self._kept_to(position, line.last) >= line.last:
                yield replace(line, leaves=())

    def report(self) -> WitnessReport:
        return WitnessReport(
            self.name, self.heads, self.last_number, self.lost_by_restore, len(self.tree), tuple(self.refilled)
        )

    def _take_extent(self, first: int, last: int, since: str) -> None:
        if last < first:
            return
        if since:
            before = self.refilled[-1] if self.refilled else None
            if before and (before.since, before.last) == (since, first - 1):
                self.refilled[-1] = Refill(before.first, last, since)
            else:
                self.refilled.append(Refill(first, last, since))
        elif self.held and self.held[-1][1] == first - 1:
            self.held[-1] = (self.held[-1][0], last)
        else:
            self.held.append((first, last))

    def _whole_lines(self) -> Iterator[tuple[int, witness_lines.WitnessedHead]]:
        for position, line in enumerate(witness_lines.read(self.folder)):
            if position >= self._lines:
                return
            if not line.restored:
                yield position, line

    def _extents(self) -> Iterator[tuple[witness_lines.WitnessedHead, int]]:
        """Each line, and up to where restores left it."""
        for position, line in self._whole_lines():
            yield line, self._kept_to(position, line.last)

    def _kept_to(self, position: int, last: int) -> int:
        """The last number of the line at `position` that no later restore made void."""
        later = bisect_right(self._cuts, position, key=lambda cut: cut[0])
        return min(last, self._cuts[later][1]) if later < len(self._cuts) else last


class Confrontation:
    """One testimony against the seals as they pass by."""

    def __init__(self, testimony: Testimony) -> None:
        self._testimony = testimony
        self._told = testimony.told()
        self._next = next(self._told, None)
        self._differs: int | None = None
        self._head_differs: int | None = None
        self._in_order = True
        self._unwitnessed = 0
        """The first number of the log that the witness passes over though it saw later ones."""

    def look_at(self, seal: SealedEntry) -> None:
        """Take the next seal, numbers ascending."""
        if self._going_on() and not self._unwitnessed and self._next is not None and self._next.number > seal.number:
            self._unwitnessed = seal.number
        while self._going_on() and (told := self._next) is not None and told.number <= seal.number:
            if told.number < seal.number or (told.leaf and told.leaf != seal.leaf[:SHORT]):
                self._differs = told.number
                return
            if told.head and told.head != seal.chain and self._head_differs is None:
                self._head_differs = told.number
            self._step()

    def contradictions(self) -> list[LogFinding]:
        """Where the log, read to its end, is not the log this witness saw: entries, a head, and lines that lack, all at once."""
        if self._going_on() and self._next is not None:
            self._differs = self._next.number
        name, found, differs = self._testimony.name, list[LogFinding](), None
        if not self._going_on():
            first = self._differs if self._in_order and self._differs is not None else 0
            witnessed, present = self._witnessed(first), _present(first)
            differs = min((number for number, leaf in witnessed.items() if present.get(number) != leaf), default=None)
            found = compare_with_witness(witnessed, present, witness=name)
        # From the first entry that differs on, every head differs with it: only one before that says more.
        head = self._head_differs if self._going_on() else self._first_differing_head()
        if head and (differs is None or head < differs):
            found.append(LogFinding(head, Fault.CHAIN, witness=name))
        if self._unwitnessed and self._unwitnessed not in {each.number for each in found}:
            found.append(LogFinding(self._unwitnessed, Fault.UNWITNESSED, witness=name))
        return found

    def _going_on(self) -> bool:
        return self._differs is None and self._in_order

    def _step(self) -> None:
        """Go to what the witness was told next; a file that goes back without a restore is compared whole at the end."""
        before, self._next = self._next, next(self._told, None)
        if before and self._next and self._next.number <= before.number:
            self._in_order = False

    def _witnessed(self, first: int) -> dict[int, str]:
        """Of each number what was told first: what came into the same witness later cannot take that back."""
        witnessed: dict[int, str] = {}
        for told in self._testimony.told():
            if told.number >= first and told.leaf:
                witnessed.setdefault(told.number, told.leaf)
        return witnessed

    def _first_differing_head(self) -> int | None:
        heads: dict[int, str] = {}
        for told in self._testimony.told():
            if told.head:
                heads.setdefault(told.number, told.head)
        now = dict(Seal.objects.filter(number__in=list(heads)).values_list("number", "chain"))
        return min((number for number, head in heads.items() if now.get(number) != head), default=None)


def other_heads(testimony: Testimony) -> list[LogFinding]:
    """The heads that cover other numbers than the witness was told, or say another moment; their values are compared elsewhere."""
    found = []
    for lines in batched(testimony.heads_told(), 1_000):
        now = Head.objects.in_bulk([line.last for line in lines])
        for line in lines:
            head = now.get(line.last)
            if head is None or (head.first, head.sealed_at) != (line.first, datetime.fromisoformat(line.at)):
                found.append(LogFinding(line.last, Fault.HEAD, witness=testimony.name))
    return found


def unvouched(testimonies: Iterable[Testimony]) -> list[LogFinding]:
    """The entries that no witness holds as they were when they were made: all that do were refilled later."""
    read = list(testimonies)
    refilled = [(refill.first, refill.last) for each in read for refill in each.refilled]
    lacking = without(refilled, [span for each in read for span in each.held])
    return [LogFinding(first, Fault.REFILLED, last=last) for first, last in lacking]


def lagging(testimonies: Iterable[Testimony], until: int) -> list[LogFinding]:
    """The witnesses that should know the log up to a number and do not: cut, or emptied."""
    behind = [each for each in testimonies if each.last_number < until]
    return [LogFinding(each.last_number + 1, Fault.UNWITNESSED, witness=each.name) for each in behind]


def _present(first: int) -> dict[int, str]:
    rows = Seal.objects.filter(number__gte=first).values_list("number", "leaf")
    return {number: leaf[:SHORT] for number, leaf in rows.iterator(chunk_size=10_000)}
