"""Judge a chain: which entries were changed, removed, inserted or put in another order, by number."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from zhudang.audit.domain.chain import GENESIS, SHORT, LoggedEntry, SealedEntry, leaf_of, link


class Fault(StrEnum):
    """What is wrong with an entry or with the chain at its number."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CHAIN = "chain"
    """The chain's own value at this number is not what follows from the one before."""
    TREE = "tree"
    """The Merkle tree over all entries up to this number is not the one that was kept or signed."""
    UNWITNESSED = "unwitnessed"
    """A witness that saw later entries, or should have, holds nothing of this one: lines were taken out of it."""
    REFILLED = "refilled"
    """No witness holds this entry as it was when it was made: those that do were refilled out of the database later."""
    RESTORED = "restored"
    """A line of a witness says that the log was restored to this number, and no act in the log does."""
    HEAD = "head"
    """The head that closed over this number covers others, or was made at another moment, than this witness was told."""
    STRANGE_KEY = "strange_key"
    """The root over all entries up to this number is signed with a key that is none of this log."""
    SEARCH = "search"
    """What the search goes by lacks for the stretch that ends here, or is not what its entries say: they may not be found."""
    HELD = "held"
    """Entries have waited for the seal for long, and it could not be set now: somebody keeps the sealer from it."""


@dataclass(frozen=True, order=True)
class LogFinding:
    """One fault of the log. `number` is 0 where the entry never had one."""

    number: int
    fault: Fault
    entry_id: UUID | None = None
    witness: str = ""
    last: int = 0
    """Where the fault is one of several numbers in a row, the last of them."""


Span = tuple[int, int]
"""First and last number."""


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """What of `spans` none of `others` covers, ascending and joined."""
    steps: list[tuple[int, int, int]] = []
    for first, last in spans:
        steps += [(first, 1, 0), (last + 1, -1, 0)]
    for first, last in others:
        steps += [(first, 0, 1), (last + 1, 0, -1)]
    found: list[Span] = []
    within = covered = 0
    steps.sort()
    for (number, more, cover), (until, *_) in pairwise(steps):
        within, covered = within + more, covered + cover
        if within and not covered and until > number:
            if found and found[-1][1] == number - 1:
                found[-1] = (found[-1][0], until - 1)
            else:
                found.append((number, until - 1))
    return found


class ChainJudge:
    """Walks the seals in order, beside the entries they name, and collects what does not agree."""

    def __init__(self) -> None:
        self.findings: list[LogFinding] = []
        self.count = 0
        self.last_number = 0
        self.last_chain = GENESIS
        self._present: dict[int, tuple[str, UUID]] = {}
        self._sealed_leaves: dict[str, int] = {}

    def look_at(self, seal: SealedEntry, entry: LoggedEntry | None) -> None:
        """Take the next seal (numbers ascending) and the entry found under its id, or None."""
        for missing in range(self.last_number + 1, seal.number):
            self.findings.append(LogFinding(missing, Fault.REMOVED))
        if seal.number == self.last_number + 1 and link(self.last_chain, seal.number, seal.leaf) != seal.chain:
            self.findings.append(LogFinding(seal.number, Fault.CHAIN, seal.entry_id))
        self.last_number, self.last_chain = seal.number, seal.chain
        self.count += 1
        if entry is None:
            self.findings.append(LogFinding(seal.number, Fault.REMOVED, seal.entry_id))
            self._sealed_leaves[seal.leaf] = seal.number
        elif (leaf := leaf_of(entry)) != seal.leaf:
            self._present[seal.number] = (leaf, seal.entry_id)
            self._sealed_leaves[seal.leaf] = seal.number

    def judge(self) -> list[LogFinding]:
        """All findings so far; entries that changed places with others are told from changed ones."""
        moved = [
            LogFinding(number, Fault.REORDERED if leaf in self._sealed_leaves else Fault.CHANGED, entry_id)
            for number, (leaf, entry_id) in self._present.items()
        ]
        return sorted({*self.findings, *moved}, key=lambda finding: (finding.number, finding.fault))


def compare_with_witness(witnessed: Mapping[int, str], present: Mapping[int, str], *, witness: str) -> list[LogFinding]:
    """Tell where a chain, complete in itself, differs from what a witness was given.

    Args:
        witnessed: number -> first SHORT hex digits of the leaf, as written outside the database at the time.
        present: the same from the seals as they are now.
        witness: name of the witness, for the finding.
    """
    differing = {number for number in witnessed if present.get(number) != witnessed[number]}
    if not differing:
        return []
    first = min(differing)
    then = {leaf: number for number, leaf in witnessed.items() if number >= first}
    now = {leaf: number for number, leaf in present.items() if number >= first}
    reordered = _out_of_order([now[leaf] for leaf in sorted(then, key=then.__getitem__) if leaf in now])
    findings = []
    for leaf, number in then.items():
        if leaf in now:
            if now[leaf] in reordered:
                findings.append(LogFinding(number, Fault.REORDERED, witness=witness))
        elif number in present and present[number] not in then:
            findings.append(LogFinding(number, Fault.CHANGED, witness=witness))
        else:
            findings.append(LogFinding(number, Fault.REMOVED, witness=witness))
    last_witnessed = max(witnessed)
    for leaf, number in now.items():
        if leaf not in then and number <= last_witnessed and not _stands_for_another(number, witnessed, now):
            findings.append(LogFinding(number, Fault.INSERTED, witness=witness))
    return sorted(findings)


def _stands_for_another(number: int, witnessed: Mapping[int, str], now: Mapping[str, int]) -> bool:
    """Whether the unknown leaf at `number` is the changed form of what stood there."""
    return number in witnessed and witnessed[number] not in now


def _out_of_order(positions: list[int]) -> set[int]:
    """The positions that must be taken out so that the rest ascend (longest ascending subsequence)."""
    tails: list[int] = []
    tail_index: list[int] = []
    before: list[int] = []
    for index, position in enumerate(positions):
        place = bisect_left(tails, position)
        before.append(tail_index[place - 1] if place else -1)
        if place == len(tails):
            tails.append(position)
            tail_index.append(index)
        else:
            tails[place] = position
            tail_index[place] = index
    kept = set()
    index = tail_index[-1] if tail_index else -1
    while index >= 0:
        kept.add(positions[index])
        index = before[index]
    return set(positions) - kept


def shorten(leaves: Iterable[str]) -> list[str]:
    """Leaves as a witness keeps them."""
    return [leaf[:SHORT] for leaf in leaves]
