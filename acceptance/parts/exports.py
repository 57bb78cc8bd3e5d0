"""Every register of an installation as PostgreSQL writes it: `python -m acceptance.parts.exports FILE`, to lay two side by side."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

NUMBERED_BY_THE_DATABASE = {"registry.permit_unit_work": {"id"}, "handover.application_unit_work": {"id"}}


def export() -> dict[str, list[str]]:
    """Register -> its rows, each a line of JSON, sorted: those of projects and the archive's own.

    Columns that do not come back from the store (`Register.without`) are left out: docs/operations/verify-and-rebuild.md.
    """
    from django.db import connection

    from zhudang.preservation import archive_registers, catalogue
    from zhudang.preservation.disposal import registers as disposals

    told: dict[str, list[str]] = {}
    registers = [register for holdings in catalogue._ALL.values() for register in holdings.REGISTERS]
    # What both tell, the archive's own registers tell whole.
    whole = {each.name: each for each in (*registers, *disposals.REGISTERS, *archive_registers.REGISTERS)}
    with connection.cursor() as cursor:
        for name, register in whole.items():
            left_out = NUMBERED_BY_THE_DATABASE.get(name, set()) | register.without - {"in_record"}
            cursor.execute(f'SELECT to_jsonb(t) FROM "{register.model._meta.db_table}" t')
            rows: list[Any] = [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]
            kept = [{column: value for column, value in row.items() if column not in left_out} for row in rows]
            told[name] = sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in kept)
    return told


def differences(lost: dict[str, list[str]], back: dict[str, list[str]]) -> list[str]:
    """Everything in which a rebuilt catalogue is not the lost one, a line each."""
    told = []
    for name, rows in lost.items():
        here, there = set(rows), set(back[name])
        told += [f"{name} lost: {row[:300]}" for row in sorted(here - there)]
        told += [f"{name} other: {row[:300]}" for row in sorted(there - here)]
    return told


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()
    Path(sys.argv[1]).write_text(json.dumps(export(), ensure_ascii=False), encoding="utf-8")
