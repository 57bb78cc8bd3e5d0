"""Write many changed rows in one statement, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, models

T = TypeVar("T")
INSERTED_AT_ONCE = 250
"""Rows of one INSERT: the server parses every value of a statement into memory before it writes the first."""
CHANGED_AT_ONCE = 2_000


def batched(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut rows into lists of at most `size`."""
    supply = iter(rows)
    while some := list(islice(supply, size)):
        yield some


def save_changed(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Save `fields` of rows that exist and are locked by the caller: an UPDATE from arrays of values, a few thousand rows each.

    Django's `bulk_update` writes a CASE a row and a field, whose making and planning grows with the square of the
    rows; an upsert writes every column of every row.
    """
    for some in batched(rows, CHANGED_AT_ONCE):
        _save_together(some, fields)


def _save_together(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    meta = type(rows[0])._meta
    key = meta.pk
    changed: list[Any] = [meta.get_field(name) for name in fields]
    columns = [[_stored(key, row) for row in rows], *([_stored(field, row) for row in rows] for field in changed)]
    quote = connection.ops.quote_name
    named = [f"v{number}" for number in range(len(changed))]
    pairs = zip(changed, named, strict=True)
    settings = ", ".join(f"{quote(str(field.column))} = n.{value}" for field, value in pairs)
    kinds = ", ".join(
        f"%s::{field.rel_db_type(connection) if field.is_relation else field.db_type(connection)}[]"
        for field in (key, *changed)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(meta.db_table)} AS t SET {settings} FROM unnest({kinds}) AS n (id, {', '.join(named)})"
            f" WHERE t.{quote(str(key.column))} = n.id",
            columns,
        )


def _stored(field: Any, row: models.Model) -> Any:
    return field.get_db_prep_save(getattr(row, field.attname), connection)
