"""What a list of records found needs: rows by id, counts by property, names around a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import ExtractYear

from zhudang.filing.models import Record


@dataclass(frozen=True)
class FoundRow:
    """One record as a list of results shows it; `reference` is the volume's reference code, if it has one."""

    id: UUID
    title: str
    code: str
    project_id: UUID
    project_name: str
    unit_work_name: str
    organisation_name: str
    formed_on: date | None
    state: str
    reference: str


def found_rows(record_ids: Sequence[UUID]) -> dict[UUID, FoundRow]:
    """The rows of these records by id, in one statement."""
    rows = Record.objects.filter(id__in=record_ids).values_list(
        "id", "title", "code", "project_id", "project__name", "unit_work__name", "organisation__name", "formed_on",
        "state", "volume__reference_code",
    )  # fmt: skip
    return {row[0]: FoundRow(*row[:5], row[5] or "", *row[6:9], row[9] or "") for row in rows}


def count_by(record_ids: Iterable[UUID], names: Sequence[str]) -> dict[str, list[tuple[Any, Any, int]]]:
    """Count these records by properties: name -> [(value, label, count)], the most frequent first.

    Names: kind, part, year, project, and state (`running` before transfer, `held` after).
    """
    rows = Record.objects.filter(id__in=list(record_ids)).order_by()
    told: dict[str, list[tuple[Any, Any, int]]] = {}
    fields = {
        "kind": ("project__kind",),
        "part": ("part",),
        "project": ("project_id", "project__name"),
        "state": ("state",),
    }
    for name in names:
        if name == "year":
            values = (
                rows.exclude(formed_on=None)
                .annotate(year=ExtractYear("formed_on"))
                .values_list("year")
                .annotate(n=Count("id"))
                .order_by("-year")
            )
            told[name] = [(year, year, n) for year, n in values[:8]]
        elif name == "state":
            counts = {"running": 0, "held": 0}
            for state, n in rows.values_list("state").annotate(n=Count("id")):
                counts["held" if state in {"transferred", "preserved"} else "running"] += n
            told[name] = [(key, key, n) for key, n in counts.items() if n]
        else:
            found = rows.values_list(*fields[name]).annotate(n=Count("id")).order_by("-n")[:8]
            told[name] = [(row[0], row[-2], row[-1]) for row in found]
    return told


def names_around(record_id: UUID) -> tuple[str, ...]:
    """Words a record is looked for by beside its own description: project, its code, maker, volume numbers."""
    row = (
        Record.objects.filter(id=record_id)
        .values_list(
            "project__name", "project__code", "project__address", "organisation__name", "volume__reference_code",
            "volume__accession_no", "obligation__scope_item__title", "keywords",
        )
        .first()
    )  # fmt: skip
    return tuple(dict.fromkeys(str(word) for word in row or () if word))
