"""Registers as plain rows, for the store, and rows back into registers: `describe` and `restore` of every context.

A context's `holdings.py` says which tables hold a project's register; this module turns their rows into what JSON
holds and back, field by field, so that a rebuilt register is equal to the lost one. Rows come and go one by one:
memory does not grow with their number. It knows models only by the way they behave; rows go in by `json_rows`.
"""

import base64
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from zhudang.shared import json_rows
from zhudang.shared.plain import plain

Row = dict[str, Any]
_BATCH = 1000
_KEYS = 500


@dataclass(frozen=True)
class Register:
    """One table of a context: its name in the store and the model its rows belong to.

    Args:
        name: for example `registry.project`; fixed for ever, since stores carry it.
        without: columns that are not described: passwords, numbers of the database's own.
        lasting: rows are only added, never changed by a later description (links of two rows).
        merge: brings a described row together with the row that is there already (counters).
        filling: values for the columns that are not described, when a row comes back.
    """

    name: str
    model: Any
    without: frozenset[str] = frozenset()
    lasting: bool = False
    merge: Callable[[Row, Row], Row] | None = None
    filling: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> list[Any]:
        """The described columns."""
        return [f for f in self.model._meta.concrete_fields if f.attname not in self.without]

    @property
    def binary(self) -> bool:
        """Whether a column holds bytes, which JSON cannot."""
        return any(f.get_internal_type() == "BinaryField" for f in self.fields)

    def pointing_at(self, model: Any) -> list[str]:
        """The columns that hold keys of `model`."""
        return [f.attname for f in self.fields if f.is_relation and f.related_model is model]


@dataclass(frozen=True)
class Described:
    """The rows of one table, as often as they are asked for, always in the same order."""

    register: Register
    rows: Any

    def __iter__(self) -> Iterator[Row]:
        fields = self.register.fields
        names = [f.attname for f in fields]
        key = self.register.model._meta.pk.attname
        ordered = self.rows.order_by(*([key] if key in names else names))
        for values in ordered.values_list(*names).iterator(chunk_size=_BATCH):
            yield {name: _plain(value) for name, value in zip(names, values, strict=True)}

    def keys_of(self, model: Any) -> set[str]:
        """The keys of `model` that the rows point at."""
        found: set[str] = set()
        for column in self.register.pointing_at(model):
            values = self.rows.order_by().values_list(column, flat=True).distinct()
            found.update(str(value) for value in values.iterator(chunk_size=_BATCH) if value is not None)
        return found


@dataclass(frozen=True)
class DescribedByKeys:
    """As `Described`, for rows picked by very many keys: a bounded number of keys in each question.

    Args:
        column: which column the keys are of; rows come in the order of the keys' groups.
        where: what else the rows must be.
    """

    register: Register
    column: str
    keys: Collection[str]
    where: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Row]:
        for part in self._parts():
            yield from part

    def keys_of(self, model: Any) -> set[str]:
        """The keys of `model` that the rows point at."""
        found: set[str] = set()
        for part in self._parts():
            found |= part.keys_of(model)
        return found

    def _parts(self) -> Iterator[Described]:
        waiting = iter(sorted(self.keys))
        while some := list(islice(waiting, _KEYS)):
            rows = self.register.model._base_manager.filter(**{f"{self.column}__in": some}, **self.where)
            yield Described(self.register, rows)


Description = dict[str, Iterable[Row]]
"""A context's register of one project: table name -> rows."""


def describe_all(sources: Iterable[tuple[Register, Any]]) -> Description:
    """Describe several tables; sources are pairs of a register and the queryset of its rows."""
    return {register.name: Described(register, rows) for register, rows in sources}


def restore_all(registers: Iterable[Register], described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring several tables back; gives the number of rows by table."""
    return {register.name: restore_rows(register, described.get(register.name, ())) for register in registers}


def restore_rows(register: Register, rows: Iterable[Row]) -> int:
    """Bring plain rows back; a row that is there already takes the described values. Tells how many rows were given.

    Call it in a transaction: references are checked at its end, so the order of tables does not matter.
    """
    waiting, number = _lines(register, rows), 0
    while batch := list(islice(waiting, _BATCH)):
        _restore_batch(register, batch)
        number += len(batch)
    return number


def _lines(register: Register, rows: Iterable[Row]) -> Iterator[str]:
    """The rows as JSON text: as a stored table has them already, or written here."""
    lines = getattr(rows, "lines", None)
    if lines is not None and not register.binary:
        yield from lines()
        return
    for row in rows:
        yield json.dumps({name: _hex(value) for name, value in row.items()}, ensure_ascii=False)


def binary(value: Mapping[str, str]) -> bytes:
    """Read bytes as a described row holds them."""
    return base64.b64decode(value["base64"])


def _hex(value: Any) -> Any:
    """Bytes as PostgreSQL reads them from text."""
    if isinstance(value, Mapping) and set(value) == {"base64"}:
        return "\\x" + binary(value).hex()
    return value


def take_place(fresh: Any, pk: str) -> None:
    """Let a row made anew become the one of before: give it that key, wherever it is pointed at; inside a transaction."""
    point_elsewhere(fresh, pk)
    type(fresh)._base_manager.filter(id=fresh.pk).update(id=pk)


def point_elsewhere(row: Any, pk: str) -> None:
    """Let whatever points at a row point at another of its table; references are checked at the end of the transaction."""
    for relation in type(row)._meta.get_fields(include_hidden=True):
        if relation.auto_created and relation.one_to_many:
            column = relation.field.attname
            relation.related_model._base_manager.filter(**{column: row.pk}).update(**{column: pk})


def references(tables: Iterable[Iterable[Row]], to: Any) -> set[str]:
    """Tell the keys of model `to` that described tables point at."""
    found: set[str] = set()
    for table in tables:
        if isinstance(table, Described | DescribedByKeys):
            found |= table.keys_of(to)
    return found


def _restore_batch(register: Register, batch: list[str]) -> None:
    model, fields = register.model, register.fields
    if register.merge is not None:
        batch = [json.dumps(row, ensure_ascii=False) for row in _merged(register, list(map(json.loads, batch)))]
    others = [] if register.lasting else [f for f in fields if f is not model._meta.pk]
    json_rows.insert(model, batch, fields, update=others, filling=register.filling)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"base64": base64.b64encode(bytes(value)).decode()}
    return plain(value)


def _merged(register: Register, batch: list[Row]) -> list[Row]:
    assert register.merge is not None
    key = register.model._meta.pk.attname
    there = Described(register, register.model._base_manager.filter(pk__in=[row[key] for row in batch]))
    known = {row[key]: row for row in there}
    return [register.merge(known[row[key]], row) if row[key] in known else row for row in batch]
