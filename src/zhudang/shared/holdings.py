"""Registers as plain rows, for the store, and rows back into registers: `describe` and `restore` of every context.

A context's `holdings.py` says which tables hold a project's register; this module turns their rows into what JSON
holds and back, field by field, so that a rebuilt register is equal to the lost one. It knows models only by the way
they behave and imports no framework.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zhudang.shared.plain import plain

Row = dict[str, Any]
_BATCH = 1000


@dataclass(frozen=True)
class Register:
    """One table of a context: its name in the store and the model its rows belong to.

    Args:
        name: for example `registry.project`; fixed for ever, since stores carry it.
        without: columns that are not described: passwords, numbers of the database's own.
        lasting: rows are only added, never changed by a later description (links of two rows).
        merge: brings a described row together with the row that is there already (counters).
    """

    name: str
    model: Any
    without: frozenset[str] = frozenset()
    lasting: bool = False
    merge: Callable[[Row, Row], Row] | None = None
    filling: Mapping[str, Any] = field(default_factory=dict)
    """Values for the columns that are not described, when a row comes back."""


def describe_rows(register: Register, rows: Any) -> list[Row]:
    """Turn rows of a queryset into plain rows in the order of their keys."""
    fields = _fields(register)
    found = [_plain_row(fields, values) for values in rows.values_list(*(f.attname for f in fields))]
    key = register.model._meta.pk.attname
    return sorted(found, key=lambda row: str(row.get(key) or sorted(row.items(), key=str)))


def restore_rows(register: Register, rows: Sequence[Row]) -> int:
    """Bring plain rows back; a row that is there already takes the described values. Tells how many rows were given.

    Call it in a transaction: references are checked at its end, so the order of tables does not matter.
    """
    fields = _fields(register)
    model = register.model
    key = model._meta.pk
    for start in range(0, len(rows), _BATCH):
        batch = list(rows[start : start + _BATCH])
        if register.merge is not None:
            batch = _merged(register, batch)
        made = [_made(register, fields, row) for row in batch]
        if register.lasting:
            model._base_manager.bulk_create(made, ignore_conflicts=True)
            continue
        others = [f.name for f in fields if f is not key]
        if others:
            model._base_manager.bulk_create(made, update_conflicts=True, unique_fields=[key.name], update_fields=others)
        else:
            model._base_manager.bulk_create(made, ignore_conflicts=True)
    return len(rows)


def references(registers: Iterable[tuple[Register, Sequence[Row]]], to: Any) -> set[str]:
    """Tell the keys of model `to` that described rows point at."""
    found: set[str] = set()
    for register, rows in registers:
        pointing = [f.attname for f in _fields(register) if f.is_relation and f.related_model is to]
        for row in rows:
            found.update(row[name] for name in pointing if row.get(name) is not None)
    return found


def _fields(register: Register) -> list[Any]:
    return [f for f in register.model._meta.concrete_fields if f.attname not in register.without]


def _plain_row(fields: Sequence[Any], values: Sequence[Any]) -> Row:
    return {f.attname: _plain(value) for f, value in zip(fields, values, strict=True)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"base64": base64.b64encode(bytes(value)).decode()}
    return plain(value)


def _made(register: Register, fields: Sequence[Any], row: Row) -> Any:
    # Columns the store does not know yet (it is older than this version) keep the model's own default.
    values = {f.attname: _python(f, row[f.attname]) for f in fields if f.attname in row}
    return register.model(**{**register.filling, **values})


def _python(model_field: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, dict) and set(value) == {"base64"} and model_field.get_internal_type() == "BinaryField":
        return base64.b64decode(value["base64"])
    if model_field.get_internal_type() == "JSONField":
        return value
    if model_field.is_relation:
        return model_field.target_field.to_python(value)
    return model_field.to_python(value)


def _merged(register: Register, batch: list[Row]) -> list[Row]:
    assert register.merge is not None
    key = register.model._meta.pk.attname
    there = register.model._base_manager.filter(pk__in=[row[key] for row in batch])
    known = {row[key]: row for row in describe_rows(register, there)}
    return [register.merge(known[row[key]], row) if row[key] in known else row for row in batch]


Description = dict[str, list[Row]]
"""A context's register of one project: table name -> rows."""


def describe_all(sources: Iterable[tuple[Register, Any]]) -> Description:
    """Describe several tables; sources are pairs of a register and the queryset of its rows."""
    return {register.name: describe_rows(register, rows) for register, rows in sources}


def restore_all(registers: Iterable[Register], described: Mapping[str, Sequence[Row]]) -> dict[str, int]:
    """Bring several tables back; gives the number of rows by table."""
    return {register.name: restore_rows(register, described.get(register.name, ())) for register in registers}
