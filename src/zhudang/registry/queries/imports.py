"""The report of an import, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry.models import ImportRow, ImportRun
from zhudang.shared.refusals import NotFound, Reason


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One import with its counts."""

    run_id: UUID
    kind: str
    file_name: str
    sha256: str
    applied: bool
    account_name: str
    started_at: datetime
    applied_at: datetime | None
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many rows the list has."""
        return sum(self.counts.values())

    @property
    def good(self) -> int:
        """How many rows would be, or were, entered."""
        return sum(self.counts.get(verdict, 0) for verdict in ("new", "change", "done"))


@dataclass(frozen=True, slots=True)
class RowFacts:
    """One row with what became of it."""

    number: int
    cells: Mapping[str, Any]
    verdict: str
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    subject: str


def import_runs(actor: Actor) -> QuerySet[ImportRun]:
    """Give the imports done here, the latest first."""
    rights.demand(actor, "registry.import.read")
    return ImportRun.objects.order_by("-started_at", "-id")


def shape_run(run: ImportRun) -> RunFacts:
    """Shape one import."""
    counts = dict(run.rows.values_list("verdict").annotate(n=Count("pk")).order_by("verdict"))
    return RunFacts(
        run.pk,
        run.kind,
        run.file_name,
        run.sha256,
        run.state == ImportRun.State.APPLIED,
        run.account_name,
        run.started_at,
        run.applied_at,
        counts,
    )


def import_run(actor: Actor, run_id: UUID) -> RunFacts:
    """Give one import.

    Raises:
        NotFound: no such import.
    """
    run = import_runs(actor).filter(pk=run_id).first()
    if run is None:
        raise NotFound
    return shape_run(run)


def import_rows(actor: Actor, run_id: UUID, verdict: str = "") -> QuerySet[ImportRow]:
    """Give the rows of an import in their order."""
    rights.demand(actor, "registry.import.read")
    rows = ImportRow.objects.filter(run_id=run_id).order_by("number")
    return rows.filter(verdict=verdict) if verdict else rows


def shape_import_row(row: ImportRow) -> RowFacts:
    """Shape one row."""
    return RowFacts(row.number, row.values, row.verdict, _reasons(row.reasons), _reasons(row.warnings), row.subject)


def _reasons(stored: list[dict[str, Any]]) -> tuple[Reason, ...]:
    return tuple(Reason(one["code"], one["data"]) for one in stored)
