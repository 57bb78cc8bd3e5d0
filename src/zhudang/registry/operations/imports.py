"""Lists of projects, unit works and parties read in: a bad row stops only itself.

A dry run and the import are the same acts; the dry run takes them back at the end, so what it
foretells is what happens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction

from zhudang.audit import operations as audit
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry.domain.tables import TABLES, ReadRow, read_rows
from zhudang.registry.models import ImportRow, ImportRun
from zhudang.registry.operations import import_rows
from zhudang.shared.plain import plain
from zhudang.shared.refusals import NotFound, Reason, Refusal

MOST_ROWS = 1_000


class CannotImport(Refusal):
    """The list cannot be read at all."""


@dataclass
class RowOutcome:
    """What became of one row."""

    verdict: str
    subject: str = ""
    reasons: Sequence[Reason] = ()
    warnings: Sequence[Reason] = field(default_factory=tuple)


class _TakeBack(Exception):
    """Ends a dry run: everything it did is undone."""


Act = Callable[[Actor, ReadRow, datetime], RowOutcome]
_ACTS: dict[str, Act] = {
    "projects": import_rows.import_project,
    "unit_works": import_rows.import_unit_work,
    "parties": import_rows.import_party,
}


def check_import(
    *, actor: Actor, kind: str, file_name: str, sha256: str, table: Sequence[dict[str, Any]], now: datetime
) -> UUID:
    """Look at a list: try every row, take everything back, keep the report.

    Args:
        table: rows as read from the file, column title -> cell.

    Raises:
        CannotImport: unknown kind, columns missing, too many rows.
    """
    rights.demand(actor, "registry.import.run")
    rows = _rows_of(kind, table)
    outcomes: list[RowOutcome] = []
    try:
        with transaction.atomic():
            outcomes = _try_rows(actor, kind, rows, now)
            raise _TakeBack
    except _TakeBack:
        pass
    with transaction.atomic():
        run = ImportRun.objects.create(
            kind=kind,
            file_name=file_name[:255],
            sha256=sha256,
            account_id=actor.account_id,
            account_name=actor.name or actor.username,
            started_at=now,
        )
        _keep(run, rows, outcomes)
        audit.record(
            actor=actor,
            act="registry.import.checked",
            subject=f"registry.import:{run.pk}",
            at=now,
            data={"kind": kind, "file": file_name, "sha256": sha256, "rows": len(rows), **_counts(outcomes)},
        )
    return run.pk


@transaction.atomic
def apply_import(*, actor: Actor, run_id: UUID, now: datetime) -> None:
    """Do what a dry run foretold: every row that can be entered is, the others keep their reasons.

    Rows are judged again, because the registry may have changed since the dry run.
    """
    rights.demand(actor, "registry.import.run")
    run = ImportRun.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if run is None:
        raise NotFound
    if run.state == ImportRun.State.APPLIED:
        raise CannotImport(Reason("registry.import_applied", {}))
    stored = list(run.rows.order_by("number"))
    rows = read_rows(run.kind, [row.values for row in stored])
    outcomes = _try_rows(actor, run.kind, rows, now)
    for row, outcome in zip(stored, outcomes, strict=True):
        row.verdict = "done" if outcome.verdict in {"new", "change"} else outcome.verdict
        row.reasons, row.warnings, row.subject = _plain(outcome.reasons), _plain(outcome.warnings), outcome.subject
    ImportRow.objects.bulk_update(stored, ["verdict", "reasons", "warnings", "subject"])
    run.state, run.applied_at = ImportRun.State.APPLIED, now
    run.save(update_fields=["state", "applied_at"])
    audit.record(
        actor=actor,
        act="registry.import.applied",
        subject=f"registry.import:{run.pk}",
        at=now,
        data={"kind": run.kind, **_counts(outcomes)},
    )


def _rows_of(kind: str, table: Sequence[dict[str, Any]]) -> list[ReadRow]:
    if kind not in TABLES:
        raise CannotImport(Reason("registry.import_kind_unknown", {"value": kind}))
    if len(table) > MOST_ROWS:
        raise CannotImport(Reason("registry.file_too_large", {"limit": MOST_ROWS}))
    present = {title for row in table[:1] for title in row}
    missing = [column.title for column in TABLES[kind] if column.must and not present & column.titles]
    if missing:
        raise CannotImport(Reason("registry.columns_missing", {"columns": "、".join(missing)}))
    return read_rows(kind, table)


def _try_rows(actor: Actor, kind: str, rows: Sequence[ReadRow], now: datetime) -> list[RowOutcome]:
    outcomes: list[RowOutcome] = []
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = row.key
        if row.reasons:
            outcomes.append(RowOutcome("bad", reasons=row.reasons))
        elif key in seen:
            outcomes.append(RowOutcome("bad", reasons=[Reason("registry.row_twice", {"row": seen[key]})]))
        else:
            seen[key] = row.number
            outcomes.append(_try_row(_ACTS[kind], actor, row, now))
    return outcomes


def _try_row(act: Act, actor: Actor, row: ReadRow, now: datetime) -> RowOutcome:
    try:
        # A row that fails half-way takes back its own half only.
        with transaction.atomic():
            return act(actor, row, now)
    except Refusal as refused:
        return RowOutcome("bad", reasons=refused.reasons)
    except NotFound:
        return RowOutcome(
            "bad", reasons=[Reason("registry.row_project_unknown", {"value": row.values.get("project_code", "")})]
        )
    except DatabaseError as exc:
        return RowOutcome("bad", reasons=[Reason("registry.file_unread", {"why": type(exc).__name__})])


def _keep(run: ImportRun, rows: Sequence[ReadRow], outcomes: Sequence[RowOutcome]) -> None:
    ImportRow.objects.bulk_create(
        ImportRow(
            run=run,
            number=row.number,
            values=row.cells,
            verdict=outcome.verdict,
            reasons=_plain(outcome.reasons),
            warnings=_plain(outcome.warnings),
            subject="",
        )
        for row, outcome in zip(rows, outcomes, strict=True)
    )


def _plain(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    return [{"code": reason.code, "data": plain(reason.data)} for reason in reasons]


def _counts(outcomes: Sequence[RowOutcome]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.verdict] = counts.get(outcome.verdict, 0) + 1
    return counts
