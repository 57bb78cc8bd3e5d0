"""Rows written as JSON into a table, read by PostgreSQL itself: some ten times the speed of models, for whole registers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection


def insert(
    model: Any, lines: Sequence[str], described: Sequence[Any], *, update: Sequence[Any], filling: Mapping[str, Any]
) -> None:
    """Insert rows; one whose key is there already takes the values of the columns `update`, or stays where that is empty.

    Args:
        lines: one JSON object a row, column -> value as `shared.plain.plain` writes it; all with the same columns.
        described: the fields the rows may hold. Those they do not hold, and the model's other fields, take `filling`
            or the field's own default; a key that is not described is given by the database.
    """
    quote, meta = connection.ops.quote_name, model._meta
    there = json.loads(lines[0]).keys()
    columns, values, parameters = [], [], []
    for field in meta.concrete_fields:
        held = field in described and field.attname in there
        if not held and field is meta.pk:
            continue
        columns.append(quote(field.column))
        if held:
            values.append(f"r.{quote(field.column)}")
        else:
            default = filling[field.attname] if field.attname in filling else field.get_default()
            values.append("%s")
            parameters.append(field.get_db_prep_save(default, connection))
    changes = ", ".join(f"{quote(field.column)} = EXCLUDED.{quote(field.column)}" for field in update)
    on_conflict = f"({quote(meta.pk.column)}) DO UPDATE SET {changes}" if update else "DO NOTHING"
    table = quote(meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
            f" FROM json_populate_recordset(NULL::{table}, %s::json) AS r ON CONFLICT {on_conflict}",
            [*parameters, f"[{','.join(lines)}]"],
        )
