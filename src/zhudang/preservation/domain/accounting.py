"""Which rows that differ are accounted for by acts of the log, each taken for no more than it can have done (`effects`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from zhudang.preservation.domain.effects import ACTOR, ADDED_BY_PROGRAM, BY_PROGRAM, Effect, effects_of
from zhudang.preservation.domain.register_lines import Difference, identifiers_in

_UNSAID = object()


@dataclass(frozen=True)
class Act:
    """An act of the log.

    Args:
        id: later acts have higher ones.
        facts: what it says, as JSON.
        seen: what it did at once stands in the earlier of the two states already.
    """

    id: str
    name: str
    actor: str
    subject: str
    facts: str
    seen: bool = False

    @cached_property
    def named(self) -> frozenset[str]:
        """Every identifier in it."""
        return frozenset(identifiers_in(f"{self.subject} {self.facts}"))

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """Its facts."""
        return dict(json.loads(self.facts))

    def says(self, key: str) -> Any:
        """The value it tells under this key, or `_UNSAID`."""
        return self.actor if key == ACTOR else self.data.get(key, _UNSAID)

    @cached_property
    def listed(self) -> Mapping[str, Any] | None:
        """The columns it lists as changed, with their new values; None where it lists none."""
        changes, after = self.data.get("changes"), self.data.get("after")
        if isinstance(changes, list):
            return {each["field"]: each["is"] for each in changes}
        if isinstance(changes, dict):
            return {name: pair[1] for name, pair in changes.items()}
        return after if isinstance(after, dict) else None


@dataclass(frozen=True)
class Unaccounted:
    """A row that came, went or changed, and no act can have done that; of a changed one the columns concerned."""

    row: Difference
    columns: tuple[str, ...]

    @property
    def table(self) -> str:
        return self.row.table

    @property
    def key(self) -> str:
        return self.row.key

    @property
    def how(self) -> str:
        """Whether it was added, removed or changed."""
        return "added" if self.row.before is None else "removed" if self.row.after is None else "changed"


def unaccounted(found: Iterable[Difference], acts: Iterable[Act]) -> list[Unaccounted]:
    """Keep the differences that no act can have made.

    Args:
        acts: in any order, read once.
    """
    judged = [_Judged(each) for each in found]
    rows = _Index(judged)
    done: set[int] = set()
    for act in acts:
        for effect in effects_of(act.name):
            if effect.table not in rows.tables or (act.seen and not effect.later) or id(effect) in done:
                continue
            if any(act.says(key) != value for key, value in effect.when.items()):
                continue
            for row in rows.meant(effect, act):
                row.take(act, effect)
            if not effect.by and not effect.told:
                done.add(id(effect))
    return [left for row in judged if (left := row.left()) is not None]


class _Index:
    """The rows that differ, by the identifiers that acts may name them by."""

    def __init__(self, rows: Sequence[_Judged]) -> None:
        self.tables: dict[str, list[_Judged]] = {}
        for row in rows:
            self.tables.setdefault(row.row.table, []).append(row)
        self._by: dict[tuple[str, str], dict[str, list[_Judged]]] = {}

    def meant(self, effect: Effect, act: Act) -> Iterator[_Judged]:
        """The rows that an act with this effect is about."""
        if not effect.by:
            yield from self.tables[effect.table]
        for column in effect.by:
            rows = self._rows_by(effect.table, column)
            for identifier in rows.keys() & act.named:
                yield from rows[identifier]

    def _rows_by(self, table: str, column: str) -> dict[str, list[_Judged]]:
        if (table, column) not in self._by:
            rows: dict[str, list[_Judged]] = {}
            for each in self.tables[table]:
                for identifier in {state[column] for state in each.states if state.get(column)}:
                    rows.setdefault(str(identifier), []).append(each)
            self._by[table, column] = rows
        return self._by[table, column]


@dataclass
class _Judged:
    """A row that differs, and what acts account for of it."""

    row: Difference
    whole: bool = False
    """An act brought it, or took it away."""
    told: dict[str, tuple[str, Any]] = field(default_factory=dict)
    """Column -> the newest act that can have changed it, and the value that one tells."""

    @property
    def states(self) -> list[Mapping[str, Any]]:
        return [state for state in (self.row.before, self.row.after) if state is not None]

    def take(self, act: Act, effect: Effect) -> None:
        """Let an act account for what it can have done to this row."""
        if self.row.before is None:
            after = self.row.after or {}
            told = ((column, act.says(key)) for column, key in effect.told.items())
            self.whole |= effect.adds and all(_is(value, after.get(column)) for column, value in told)
        elif self.row.after is None:
            self.whole |= effect.removes
        else:
            for column, value in self._changed(act, effect):
                if column not in self.told or self.told[column][0] < act.id:
                    self.told[column] = act.id, value

    def _changed(self, act: Act, effect: Effect) -> Iterator[tuple[str, Any]]:
        listed = act.listed if effect.listed else None
        unlisted = effect.unlisted if effect.listed and listed is None else frozenset[str]()
        for column in self.row.columns:
            if listed is not None and column in listed:
                yield column, listed[column]
            elif column in effect.columns or column in unlisted:
                yield column, act.says(effect.told[column]) if column in effect.told else _UNSAID

    def left(self) -> Unaccounted | None:
        """What no act accounts for."""
        row = self.row
        if row.before is None and row.table in ADDED_BY_PROGRAM:
            return None
        if row.before is None or row.after is None:
            return None if self.whole else Unaccounted(row, ())
        alone = BY_PROGRAM.get(row.table, frozenset())
        columns = tuple(
            name
            for name in row.columns
            if name not in alone and not (name in self.told and _is(self.told[name][1], row.after[name]))
        )
        return Unaccounted(row, columns) if columns else None


def _is(told: Any, found: Any) -> bool:
    """Whether a column holds what an act tells of it; of bytes it tells their number alone."""
    if told is _UNSAID or (isinstance(found, dict) and "base64" in found):
        return True
    return bool(told == found) or (told in ("", None) and found in ("", None))
