"""Every column of every register comes back as it was, whatever stands in it; what does not come back is named in the documents."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from preservation.kept_project import KeptProject, site_settings
from preservation.test_rebuilding import _another_empty_database
from zhudang.preservation import catalogue, command
from zhudang.preservation.ingesting import keep_project
from zhudang.registry.models import Project, UnitWork
from zhudang.shared.holdings import Register

REGISTERS: list[Register] = [register for holdings in catalogue._ALL.values() for register in holdings.REGISTERS]
ODD = "一“二”\\三\n'四'\t𠮷 %s"
BACKUP_ONLY = {
    "identity.account": {"password", "clearance", "is_active", "must_change_password", "language", "theme", "phone", "last_login",
                         "shortcuts_on", "disabled_at", "password_changed_at", "is_demo"},
}  # fmt: skip
"""Columns a project's catalogue does not hold; the archive's own registers hold what does not open an account."""
OF_NOBODY_HERE = {"identity.organisation", "identity.account", "filing.scope_list", "filing.scope_item"}
"""Registers of which a project's catalogue brings only those rows back that something transferred points at."""
ODD_ROWS = {
    "documents.sealed_document", "handover.application", "handover.certificate", "handover.clock_stop", "handover.commitment",
    "handover.delivery", "handover.notice", "handover.rectification_list", "handover.transfer", "registry.party", "registry.permit",
    "registry.phase", "registry.project_name", "registry.responsibility", "registry.structure", "registry.unit_work",
}  # fmt: skip
"""Registers that hold at least one row of odd values here; the others come back in the drill of a lost database."""
NUMBERED_BY_THE_DATABASE = {"registry.permit_unit_work": {"id"}, "handover.application_unit_work": {"id"}}


@pytest.fixture
def places(settings, tmp_path: Path) -> Path:
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    return tmp_path


def every_row(register: Register) -> list[str]:
    """All rows of a register's table with all their columns, as PostgreSQL itself writes them."""
    left_out = BACKUP_ONLY.get(register.name, set()) | NUMBERED_BY_THE_DATABASE.get(register.name, set())
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT to_jsonb(t) FROM "{register.model._meta.db_table}" t')
        rows = [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]
    kept = [{name: value for name, value in row.items() if name not in left_out} for row in rows]
    return sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in kept)


def odd_value(field: Any, project: KeptProject, number: int) -> Any:
    """A value of the field's type that is easily lost on the way."""
    kind = field.get_internal_type()
    if field.choices:
        return field.choices[0][0]
    if kind in {"CharField", "TextField"}:
        return f"{number}{ODD}"[: field.max_length or 200]
    return {
        "DateField": date(1899, 12, 31), "DateTimeField": datetime(1969, 7, 20, 20, 17, 40, 123456, tzinfo=UTC), "BooleanField": True,
        "IntegerField": -number, "SmallIntegerField": number % 5, "PositiveSmallIntegerField": 1, "BigIntegerField": 2**53 + number,
        "DecimalField": Decimal("1.5"), "FloatField": 0.1, "JSONField": {"甲": [1, None, ODD]}, "UUIDField": project.project_id,
        "BinaryField": bytes(range(256)),
    }.get(kind)  # fmt: skip


def in_this_project(field: Any, project: KeptProject) -> Any:
    """The key of a row of the project, where the field's model has one."""
    model = field.related_model
    if model is Project:
        return project.project_id
    own = {UnitWork: project.site.unit_id, apps.get_model("filing.Record"): project.record_ids[0], apps.get_model("filing.Volume"): project.volume_ids[0]}  # fmt: skip
    if model in own:
        return own[model]
    columns = {f.attname for f in model._meta.concrete_fields}
    rows = model._base_manager.all()
    rows = rows.filter(project_id=project.project_id) if "project_id" in columns else rows
    return rows.order_by("pk").values_list("pk", flat=True).last()


def odd_row(register: Register, project: KeptProject, number: int) -> bool:
    """Add a row of the project to the register, every column with an odd value where the table's own rules let it."""
    model = register.model
    for odd in (True, False):
        values = {}
        for field in model._meta.concrete_fields:
            if field.primary_key:
                continue
            if field.is_relation:
                values[field.attname] = (
                    None if field.null and field.related_model is model else in_this_project(field, project)
                )
            elif (
                odd
                or field.attname == "project_id"
                or (not field.has_default() and not field.null and not getattr(field, "blank", False))
            ):
                values[field.attname] = odd_value(field, project, number)
        try:
            with transaction.atomic():
                row = model(**values)
                if model._meta.pk.get_internal_type() == "UUIDField":
                    row.pk = uuid4()
                row.save(force_insert=True)
                return True
        except (IntegrityError, ValueError, TypeError):
            continue
    return False


def test_every_column_of_every_register_comes_back_as_it_was(committed_db, cluster, django_db_blocker, places: Path):
    with django_db_blocker.unblock():
        project = KeptProject()
        project.preserve()
        made = {
            register.name
            for number, register in enumerate(REGISTERS, start=3)
            if _of_the_project(register) and odd_row(register, project, number)
        }
        keep_project(project.project_id)
        lost = {register.name: every_row(register) for register in REGISTERS}
        shutil.rmtree(places / "content")
        with _another_empty_database(cluster):
            assert command.rebuild("a") == 0
            back = {register.name: every_row(register) for register in REGISTERS}
        for name, rows in lost.items():
            assert set(back[name]) <= set(rows), name
            assert name in OF_NOBODY_HERE or back[name] == rows, name
        assert made >= ODD_ROWS


def _of_the_project(register: Register) -> bool:
    return register.name.split(".")[0] in {"registry", "handover", "documents"} and register.model is not Project
