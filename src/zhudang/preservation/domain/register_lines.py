"""Two states of a register, a row of JSON a line: which rows differ, and which of them an act accounts for."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

KEY = "id"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Row = dict[str, Any]
Lines = Callable[[], Iterable[bytes]]
"""Gives a register's lines from their beginning, as often as it is asked."""


@dataclass(frozen=True)
class Difference:
    """A row that is not the same in both states: changed, come (`before` is None) or gone (`after` is None)."""

    table: str
    before: Row | None
    after: Row | None

    @property
    def key(self) -> str:
        """The row's own identifier."""
        return str((self.after or self.before or {})[KEY])

    @property
    def columns(self) -> tuple[str, ...]:
        """Of a changed row, the columns whose values differ."""
        if self.before is None or self.after is None:
            return ()
        return tuple(name for name, value in self.after.items() if self.before.get(name) != value)

    @property
    def identifiers(self) -> frozenset[str]:
        """Every identifier in the row, its own and those of what it belongs to, before and after."""
        return frozenset(identifiers_in(json.dumps([self.before, self.after])))


def identifiers_in(text: str) -> Iterator[str]:
    """Find the UUIDs in a text, as they are written in lower case."""
    return (found[0] for found in _UUID.finditer(text))


def differences(table: str, before: Lines, after: Lines) -> Iterator[Difference]:
    """Tell the rows that differ between two states of a table; rows without an identifier are passed over.

    A column that only one state knows (the program was upgraded in between) is not compared. Memory: a digest a row,
    and the rows that differ.
    """
    common = _common(before, after)
    old_rows = {row[KEY]: row for row in _only_in(before, after, common)}
    for row in _only_in(after, before, common):
        yield Difference(table, old_rows.pop(row[KEY], None), row)
    yield from (Difference(table, row, None) for row in old_rows.values())


def _common(before: Lines, after: Lines) -> set[str] | None:
    """The columns both states know; None where one is empty and all of the other's are compared."""
    firsts = [next(iter(lines()), None) for lines in (before, after)]
    known = [set(json.loads(line)) for line in firsts if line]
    return known[0] & known[1] if len(known) == 2 else None


def _only_in(these: Lines, others: Lines, common: set[str] | None) -> Iterator[Row]:
    known = {_digest(row) for row in _rows(others, common)}
    return (row for row in _rows(these, common) if _digest(row) not in known)


def _rows(lines: Lines, common: set[str] | None) -> Iterator[Row]:
    for line in lines():
        row = json.loads(line)
        if KEY in row:
            yield row if common is None else {name: value for name, value in row.items() if name in common}


def _digest(row: Row) -> bytes:
    return hashlib.blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=16).digest()


class Accounting(Protocol):
    """What accounts for a row that changed."""

    def acts(self, table: str) -> tuple[str, ...]:
        """How the acts begin that can change a table's rows."""

    def identifiers(self, row: Difference) -> frozenset[str]:
        """Of the row's identifiers those by which an act accounts for it."""


def unaccounted(found: Iterable[Difference], acts: Iterable[tuple[str, str]], by: Accounting) -> list[Difference]:
    """Keep the differences that no act of their kind names, neither the row itself nor what it belongs to.

    Args:
        acts: each act's name, and what it says, subject and facts, as text with identifiers in it; read once.
    """
    left = list(found)
    wanted = frozenset(chain.from_iterable(by.identifiers(each) for each in left))
    beginnings = {each.table: by.acts(each.table) for each in left}
    named: dict[str, set[str]] = {table: set() for table in beginnings}
    for act, text in acts:
        about = wanted.intersection(identifiers_in(text))
        for table, begins in beginnings.items():
            if act.startswith(begins):
                named[table] |= about
    return [each for each in left if not by.identifiers(each) & named[each.table]]
