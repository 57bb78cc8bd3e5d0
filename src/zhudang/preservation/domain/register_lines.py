"""Two states of a register, a row of JSON a line: which rows differ, and in which columns."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

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
        """The row's own identifier; of a row without one all it says, so that it only comes and goes."""
        return key_of(self.after or self.before or {})

    @property
    def columns(self) -> tuple[str, ...]:
        """Of a changed row, the columns whose values differ."""
        if self.before is None or self.after is None:
            return ()
        return tuple(name for name, value in self.after.items() if self.before.get(name) != value)


def key_of(row: Row) -> str:
    """What tells a row from the others of its table."""
    return str(row[KEY]) if KEY in row else json.dumps(row, sort_keys=True, ensure_ascii=False)


def identifiers_in(text: str) -> Iterator[str]:
    """Find the UUIDs in a text, as they are written in lower case."""
    return (found[0] for found in _UUID.finditer(text))


def differences(table: str, before: Lines, after: Lines) -> Iterator[Difference]:
    """Tell the rows that differ between two states of a table.

    A column that only one state knows (the program was upgraded in between) is not compared. Memory: a digest a row,
    and the rows that differ.
    """
    common = _common(before, after)
    old_rows = {key_of(row): row for row in _only_in(before, after, common)}
    for row in _only_in(after, before, common):
        yield Difference(table, old_rows.pop(key_of(row), None), row)
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
        yield row if common is None else {name: value for name, value in row.items() if name in common}


def _digest(row: Row) -> bytes:
    return hashlib.blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=16).digest()
