"""Verify the log: every entry against its seal, every seal against the one before, every head against the witnesses.

The Merkle tree is grown anew beside it, and held against every kept part of it and every head that was ever signed.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from zhudang.audit import search_blocks, tree, tree_heads, witness
from zhudang.audit.domain import merkle
from zhudang.audit.domain.chain import LoggedEntry, SealedEntry, raw
from zhudang.audit.domain.judging import ChainJudge, Fault, LogFinding
from zhudang.audit.models import TreeHead, TreeTile
from zhudang.audit.queries import tail
from zhudang.audit.testimony import Confrontation, Testimony, WitnessReport, lagging, other_heads, unvouched
from zhudang.audit.tree_heads import as_signed

SLOW_SEALING = timedelta(minutes=5)
"""A tail older than this means that no sealer is running, or that it is kept from its work."""
BACK = timedelta(days=1)
_MOST_BACK = 100


@dataclass(frozen=True)
class LogVerdict:
    """What a verification found. `is_sound` says that nothing was changed, removed, inserted or reordered."""

    sealed: int
    last_number: int
    head: str
    tree_heads: int
    """Signed heads of the Merkle tree, all of them recomputed."""
    unsealed: int
    back_in_time: tuple[int, ...]
    """Numbers whose entry says that it was made more than a day before the one sealed before it: a clock was set back, or a
    date was written by hand. No fault by itself."""
    findings: tuple[LogFinding, ...]
    witnesses: tuple[WitnessReport, ...]
    verified_at: datetime

    @property
    def is_sound(self) -> bool:
        return not self.findings


_IN_ORDER = """
    SELECT s.number, s.entry_id, s.leaf, s.chain, e.id, e.at, e.actor, e.account_id, e.act, e.subject, e.data::text
    FROM audit_seal s LEFT JOIN audit_entry e ON e.id = s.entry_id ORDER BY s.number
"""
_OUTSIDE = """
    SELECT e.id FROM audit_entry e
    WHERE NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.entry_id = e.id)
      AND NOT EXISTS (SELECT 1 FROM audit_unsealed u WHERE u.entry_id = e.id)
"""
_TAIL_WITHOUT_ENTRY = """
    SELECT u.entry_id FROM audit_unsealed u WHERE NOT EXISTS (SELECT 1 FROM audit_entry e WHERE e.id = u.entry_id)
"""
_HEADS = """
    SELECT h.last FROM audit_head h LEFT JOIN audit_seal s ON s.number = h.last
    WHERE s.chain IS DISTINCT FROM h.chain
    UNION SELECT expected FROM (
        SELECT first, lag(last, 1, 0::bigint) OVER (ORDER BY last) + 1 AS expected FROM audit_head
    ) told WHERE first <> expected
    UNION SELECT max(number) FROM audit_seal HAVING max(number) IS DISTINCT FROM (SELECT max(last) FROM audit_head)
"""
_SEALED_UNTIL = "SELECT coalesce(max(last), 0) FROM audit_head WHERE sealed_at < %s"


def verify(now: datetime) -> LogVerdict:
    """Read the whole log and every witness side by side; memory does not grow with the log while they agree.

    Whoever asks has sealed what waited before (`sealing.seal_everything`): what has waited for long then is a finding.

    The witnesses are read first: what they know has been committed before, so the snapshot taken next must hold it.
    """
    with witness.all_folders() as found:
        told = witness.acts_of_restore()
        return _verified([Testimony.of(folder, name, told) for name, folder in found], now)


def _verified(testimonies: Sequence[Testimony], now: datetime) -> LogVerdict:
    judge, moments, confronted = ChainJudge(), _Moments(), [Confrontation(testimony) for testimony in testimonies]
    with _one_snapshot():
        grown = _TreeGrownAnew()
        for seal, entry in _walk():
            judge.look_at(seal, entry)
            moments.look_at(seal, entry)
            grown.add(seal)
            for confrontation in confronted:
                confrontation.look_at(seal)
        findings = judge.judge()
        findings += [LogFinding(0, Fault.INSERTED, row[0]) for row in _rows(_OUTSIDE)]
        findings += [LogFinding(0, Fault.REMOVED, row[0]) for row in _rows(_TAIL_WITHOUT_ENTRY)]
        findings += [LogFinding(row[0] or 0, Fault.CHAIN) for row in _rows(_HEADS)]
        for confrontation in confronted:
            findings += confrontation.contradictions()
        findings += grown.contradictions(testimonies)
        findings += [LogFinding(n, Fault.RESTORED, witness=each.name) for each in testimonies for n in each.untold]
        findings += [finding for each in testimonies for finding in other_heads(each)]
        findings += [LogFinding(number, Fault.SEARCH) for number in search_blocks.faults()]
        findings += lagging(testimonies, _rows(_SEALED_UNTIL, [now - SLOW_SEALING])[0][0]) + unvouched(testimonies)
        unsealed, oldest = tail()
        if oldest and now - oldest > SLOW_SEALING:
            findings.append(LogFinding(0, Fault.HELD))
    return LogVerdict(
        sealed=judge.count,
        last_number=judge.last_number,
        head=judge.last_chain,
        tree_heads=len(grown.kept),
        unsealed=unsealed,
        back_in_time=tuple(moments.back),
        findings=tuple(_once_each(findings)),
        witnesses=tuple(testimony.report() for testimony in testimonies),
        verified_at=now,
    )


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """Everything below sees the log at one moment, whatever is being written and sealed meanwhile."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _walk() -> Iterator[tuple[SealedEntry, LoggedEntry | None]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_IN_ORDER)
        for number, entry_id, leaf, chain, found, at, actor, account_id, act, subject, data in cursor:
            entry = LoggedEntry(found, at, actor, account_id, act, subject, json.loads(data)) if found else None
            yield SealedEntry(number, entry_id, leaf, chain), entry


def _rows(query: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


class _Moments:
    """Where the moments of the entries, in the order of their numbers, go back by more than a day."""

    def __init__(self) -> None:
        self.back: list[int] = []
        self._before: datetime | None = None

    def look_at(self, seal: SealedEntry, entry: LoggedEntry | None) -> None:
        """Take the next seal, numbers ascending, and its entry."""
        if entry is None:
            return
        if self._before and entry.at < self._before - BACK and len(self.back) < _MOST_BACK:
            self.back.append(seal.number)
        self._before = entry.at


class _TreeGrownAnew:
    """The tree over the seals as they are now, against the kept parts and signed heads, here and with the witnesses."""

    def __init__(self) -> None:
        self.kept = [as_signed(row) for row in TreeHead.objects.all()]
        self._tiles = {(h, i): digest for h, i, digest in TreeTile.objects.values_list("height", "index", "digest")}
        self._frontier = merkle.Frontier(on_part=self._compare_part)
        self._roots: dict[int, str] = {}
        self._wanted = {head.size for head in self.kept}
        self._false_parts: list[int] = []
        self._lacking: list[tuple[int, int]] = []
        self._reach: dict[int, int] = {}
        """Height -> the last part of it that is kept: what lacks before it was there once, what lacks behind it is to come."""

    def add(self, seal: SealedEntry) -> None:
        """Take the next seal, numbers ascending."""
        self._frontier.add(raw(seal.leaf))
        if self._frontier.size in self._wanted:
            self._roots[self._frontier.size] = self._frontier.root().hex()

    def _compare_part(self, height: int, index: int, digest: merkle.Digest) -> None:
        if height % tree.WIDTH:
            return
        kept = self._tiles.pop((height, index), None)
        if kept is None:
            self._lacking.append((height, index))
            return
        self._reach[height] = index
        if kept != digest.hex():
            self._false_parts.append((index + 1) << height)

    def contradictions(self, testimonies: Iterable[Testimony]) -> list[LogFinding]:
        """Parts and heads that are not those of the log as it is; every head a witness holds is one we signed."""
        # Parts beyond the log make the sealer believe that the tree has grown, and keep it from growing.
        lacking = [(index + 1) << height for height, index in self._lacking if index < self._reach.get(height, 0)]
        beyond = [self._frontier.size] if self._tiles else []
        found = [LogFinding(end, Fault.TREE) for end in (*self._false_parts, *lacking, *beyond)]
        found += [
            LogFinding(head.size, Fault.TREE)
            for head in self.kept
            if self._roots.get(head.size) != head.root or not head.is_signed
        ]
        known = tree_heads.known_keys()
        found += [LogFinding(head.size, Fault.STRANGE_KEY) for head in self.kept if known and head.key not in known]
        ours = {head.size: head for head in self.kept}
        for testimony in testimonies:
            found += [
                LogFinding(head.size, Fault.TREE, witness=testimony.name)
                for head in testimony.tree
                if ours.get(head.size) != head
            ]
        return found


_OF_AN_ENTRY = frozenset({Fault.CHANGED, Fault.REMOVED, Fault.INSERTED, Fault.REORDERED})


def _once_each(findings: list[LogFinding]) -> list[LogFinding]:
    """One finding a number and fault; a broken link, head or tree says nothing more where an entry itself is named."""
    named = {finding.number for finding in findings if finding.fault in _OF_AN_ENTRY}
    first = min((number for number in named if number), default=None)
    seen: dict[tuple[int, Fault, Any], LogFinding] = {}
    for finding in findings:
        if finding.fault is Fault.CHAIN and finding.number in named:
            continue
        if finding.fault is Fault.TREE and first is not None and first <= finding.number:
            continue
        if finding.fault in {Fault.HEAD, Fault.SEARCH} and named:
            continue
        place = finding.witness if finding.fault in {Fault.RESTORED, Fault.UNWITNESSED} else finding.entry_id
        of_place = finding.fault in {Fault.RESTORED, Fault.UNWITNESSED} or not finding.number
        seen.setdefault((finding.number, finding.fault, place if of_place else None), finding)
    return sorted(seen.values(), key=lambda finding: (finding.number, finding.fault))
