"""Every register of an installation as PostgreSQL writes it: `python -m acceptance.parts.exports FILE`, to lay two side by side."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

BACKUP_ONLY = {
    "identity.account": {"password", "clearance", "is_active", "must_change_password", "language", "theme", "phone", "last_login",
                         "shortcuts_on", "disabled_at", "password_changed_at", "is_demo"},
    "registry.permit_unit_work": {"id"}, "handover.application_unit_work": {"id"},
}  # fmt: skip
"""Columns that do not come back from the store: docs/operations/verify-and-rebuild.md names them."""
ONLY_WHAT_IS_POINTED_AT = ("identity.", "filing.scope_list", "filing.scope_item")


def export() -> dict[str, list[str]]:
    """Register -> its rows, each a line of JSON, sorted."""
    from django.db import connection

    from zhudang.preservation import catalogue

    told: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for holdings in catalogue._ALL.values():
            for register in holdings.REGISTERS:
                left_out = BACKUP_ONLY.get(register.name, set())
                cursor.execute(f'SELECT to_jsonb(t) FROM "{register.model._meta.db_table}" t')
                rows: list[Any] = [
                    json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()
                ]
                kept = [{name: value for name, value in row.items() if name not in left_out} for row in rows]
                told[register.name] = sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in kept)
    return told


def differences(lost: dict[str, list[str]], back: dict[str, list[str]]) -> list[str]:
    """Everything in which a rebuilt catalogue is not the lost one, a line each."""
    told = []
    for name, rows in lost.items():
        here, there = set(rows), set(back[name])
        if name.startswith(ONLY_WHAT_IS_POINTED_AT):
            here &= there
            if name.startswith("filing."):  # lists of the rule data are loaded again under other keys
                there &= here
        told += [f"{name} lost: {row[:300]}" for row in sorted(here - there)]
        told += [f"{name} other: {row[:300]}" for row in sorted(there - here)]
    return told


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()
    Path(sys.argv[1]).write_text(json.dumps(export(), ensure_ascii=False), encoding="utf-8")
