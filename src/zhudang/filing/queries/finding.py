"""What a list of records found needs: rows by id, counts by property, names around a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from zhudang.filing.models import Record, RecordFile
from zhudang.filing.queries.records import record_code


@dataclass(frozen=True)
class FoundRow:
    """One record as a list of results shows it; `reference` is its reference code, its volume's while it has no place there."""

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
    destroyed: bool
    """Its volume was destroyed: only the description is left."""


def found_rows(record_ids: Sequence[UUID]) -> dict[UUID, FoundRow]:
    """The rows of these records by id, in one statement."""
    rows = Record.objects.filter(id__in=record_ids).values_list(
        "id", "title", "code", "project_id", "project__name", "unit_work__name", "organisation__name", "formed_on",
        "state", "volume__reference_code", "volume__destroyed_at", "position",
    )  # fmt: skip
    return {
        row[0]: FoundRow(
            *row[:5], row[5] or "", *row[6:9], record_code(row[9], row[11]) or row[9] or "", row[10] is not None
        )
        for row in rows
    }


def count_by(record_ids: Iterable[UUID], names: Sequence[str]) -> dict[str, list[tuple[Any, Any, int]]]:
    """Count these records by properties: name -> [(value, label, count)], the most frequent first, years downward.

    Names: kind, part, year, project, and state (`running` before transfer, `held` after).
    """
    rows = Record.objects.filter(id__in=list(record_ids)).order_by()
    told: dict[str, Counter[tuple[Any, Any]]] = {name: Counter() for name in names}
    # One statement, counted here: a statement a property costs more than the few thousand rows there may be.
    for row in rows.values_list("project__kind", "part", "formed_on", "state", "project_id", "project__name"):
        for name, pair in _properties(*row).items():
            if name in told and pair is not None:
                told[name][pair] += 1
    return {name: _ordered(name, counts) for name, counts in told.items()}


def _properties(
    kind: str, part: str, formed_on: date | None, state: str, project_id: UUID, project: str
) -> dict[str, tuple[Any, Any] | None]:
    stage = "held" if state in {"transferred", "preserved"} else "running"
    return {
        "kind": (kind, kind), "part": (part, part), "state": (stage, stage), "project": (project_id, project),
        "year": (formed_on.year, formed_on.year) if formed_on else None,
    }  # fmt: skip


def _ordered(name: str, counts: Counter[tuple[Any, Any]]) -> list[tuple[Any, Any, int]]:
    rows = [(value, label, count) for (value, label), count in counts.most_common()]
    if name == "year":
        rows.sort(key=lambda row: -row[0])
    if name == "state":
        rows.sort(key=lambda row: row[0] != "running")
    return rows[:8]


@dataclass(frozen=True, slots=True)
class Findable:
    """What a record can be found by.

    Args:
        words: its own description, then project, project code, maker, volume numbers.
        files: file id -> pages, of the current files that may be read for their text and were checked.
    """

    id: UUID
    revision: int
    formed_on: date | None
    words: tuple[str, ...]
    files: Mapping[UUID, ReadableFile]


@dataclass(frozen=True, slots=True)
class ReadableFile:
    """A checked file that is read for its text."""

    verdict: str | None
    pages: int | None


def findable(record_ids: Sequence[UUID]) -> list[Findable]:
    """What these records (withdrawn ones too) can be found by, in two statements."""
    files: dict[UUID, dict[UUID, ReadableFile]] = {}
    current = RecordFile.objects.filter(
        record_id__in=record_ids,
        replaced_at__isnull=True,
        file__verdict__isnull=False,
        file__destroyed_at__isnull=True,
    ).exclude(part="native")
    for record_id, file_id, verdict, pages in current.order_by("record_id", "file_id").values_list(
        "record_id", "file_id", "file__verdict", "file__pages"
    ):
        files.setdefault(record_id, {})[file_id] = ReadableFile(verdict, pages)
    rows = Record.objects.filter(id__in=record_ids).order_by("id").values_list(
        "id", "revision", "formed_on", "title", "document_no", "responsible", "code", "unit_work__name", "notes",
        "project__name", "project__code", "project__address", "organisation__name", "volume__reference_code",
        "volume__accession_no", "obligation__scope_item__title", "keywords",
    )  # fmt: skip
    return [
        Findable(
            row[0], row[1], row[2], tuple(dict.fromkeys(str(word) for word in row[3:] if word)), files.get(row[0], {})
        )
        for row in rows
    ]
