"""What one witness was told, held against the log while it is read: both run in the order of their numbers, side by side.

Nothing is kept in memory of what agrees, so a log of any length can be verified; only from the first number that
differs on are both sides laid out whole, to tell what was changed, removed, inserted or put in another order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from zhudang.audit import witness
from zhudang.audit.domain.chain import SHORT, SealedEntry
from zhudang.audit.domain.judging import Fault, LogFinding, compare_with_witness
from zhudang.audit.models import Seal
from zhudang.audit.tree_heads import SignedHead


@dataclass(frozen=True)
class WitnessReport:
    """What one witness said."""

    folder: str
    heads: int
    last_number: int
    lost_by_restore: int = 0
    tree_heads: int = 0


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
    _lines: int = 0
    _cuts: list[tuple[int, int]] = field(default_factory=list)
    """For each restore: how many lines stood before it, and the last number that it and all later ones left."""

    @classmethod
    def of(cls, folder: Path, name: str = "") -> Testimony:
        """Read a witness once for its restores and its extent; `name` is what people call it where the folder is not it."""
        said = cls(folder, name or str(folder), tree=witness.read_tree(folder))
        for line in witness.read(folder):
            if line.restored:
                said._cuts.append((said._lines, line.last))
            said._lines += 1
        lowest = None
        for place in reversed(range(len(said._cuts))):
            before, last = said._cuts[place]
            lowest = last if lowest is None else min(last, lowest)
            said._cuts[place] = (before, lowest)
        for first, last, kept_to in said._extents():
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

    def report(self) -> WitnessReport:
        return WitnessReport(self.name, self.heads, self.last_number, self.lost_by_restore, len(self.tree))

    def _whole_lines(self) -> Iterator[tuple[int, witness.WitnessedHead]]:
        for position, line in enumerate(witness.read(self.folder)):
            if position >= self._lines:
                return
            if not line.restored:
                yield position, line

    def _extents(self) -> Iterator[tuple[int, int, int]]:
        """First and last number of each line, and up to where restores left it."""
        for position, line in self._whole_lines():
            yield line.first, line.last, self._kept_to(position, line.last)

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
        """Where the log, read to its end, is not the log this witness saw."""
        if self._going_on() and self._next is not None:
            self._differs = self._next.number
        name = self._testimony.name
        if self._differs is not None or not self._in_order:
            first = self._differs if self._in_order and self._differs is not None else 0
            if found := compare_with_witness(self._witnessed(first), _present(first), witness=name):
                return found
        differing = self._head_differs if self._going_on() else self._first_differing_head()
        if differing:
            return [LogFinding(differing, Fault.CHAIN, witness=name)]
        return [LogFinding(self._unwitnessed, Fault.UNWITNESSED, witness=name)] if self._unwitnessed else []

    def _going_on(self) -> bool:
        return self._differs is None and self._in_order

    def _step(self) -> None:
        """Go to what the witness was told next; a file that goes back without a restore is compared whole at the end."""
        before, self._next = self._next, next(self._told, None)
        if before and self._next and self._next.number <= before.number:
            self._in_order = False

    def _witnessed(self, first: int) -> dict[int, str]:
        return {told.number: told.leaf for told in self._testimony.told() if told.number >= first and told.leaf}

    def _first_differing_head(self) -> int | None:
        heads = {told.number: told.head for told in self._testimony.told() if told.head}
        now = dict(Seal.objects.filter(number__in=list(heads)).values_list("number", "chain"))
        return min((number for number, head in heads.items() if now.get(number) != head), default=None)


def _present(first: int) -> dict[int, str]:
    rows = Seal.objects.filter(number__gte=first).values_list("number", "leaf")
    return {number: leaf[:SHORT] for number, leaf in rows.iterator(chunk_size=10_000)}
