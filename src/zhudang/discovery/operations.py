"""Bring the index level with the records: idempotent, bounded, safe to be killed anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction

from zhudang.checks.engine import CannotRead
from zhudang.content import queries as content
from zhudang.discovery.domain import folding
from zhudang.discovery.models import Entry, PageText
from zhudang.filing import queries as filing

log = structlog.get_logger("zhudang.discovery")
DESCRIPTION_PAGE = 0

# Two statements, each a join of whole tables once; together with OR they would ask for the files of every record.
_BEHIND = """
    SELECT r.id FROM filing_record r LEFT JOIN discovery_entry e ON e.record_id = r.id
    WHERE e.id IS NULL OR e.revision <> r.revision OR r.withdrawn_at > e.indexed_at
    ORDER BY r.id LIMIT %s
"""
_CHECKED_SINCE = """
    SELECT DISTINCT e.record_id FROM content_file c
    JOIN filing_recordfile f ON f.file_id = c.id AND f.replaced_at IS NULL
    JOIN discovery_entry e ON e.record_id = f.record_id
    WHERE c.checked_at > e.indexed_at ORDER BY e.record_id LIMIT %s
"""


def index_stale(*, limit: int, now: datetime) -> int:
    """Index up to `limit` records that are new or changed; give how many were done."""
    ids = _stale(_BEHIND, limit) or _stale(_CHECKED_SINCE, limit)
    for record in filing.records_by_id(ids).values():
        try:
            index_record(record, now=now)
        except Exception:
            # One file nobody can read must not keep all others from being found: its description still is.
            log.exception("record not indexed whole", record=str(record.id))
            index_record(replace(record, files=()), now=now)
    return len(ids)


def _stale(sql: str, limit: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [limit])
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def index_record(record: filing.RecordRow, *, now: datetime) -> None:
    """Write the description and the text of the current readable files of one record into the index."""
    entry = Entry.objects.select_for_update(no_key=True).filter(record_id=record.id).first()
    known: Mapping[str, Any] = entry.files if entry else {}
    current = {str(f.file_id): f for f in record.files if f.current and f.part != "native" and f.verdict is not None}
    gone = [file_id for file_id in known if file_id not in current]
    PageText.objects.filter(record_id=record.id, page=DESCRIPTION_PAGE).delete()
    if gone:
        PageText.objects.filter(record_id=record.id, file_id__in=gone).delete()
    rows = [(record.id, None, DESCRIPTION_PAGE, 0, description_text(record))]
    outcome = {file_id: told for file_id, told in known.items() if file_id in current}
    for file_id, row in current.items():
        if file_id not in outcome:
            outcome[file_id] = _read(record.id, row, rows)
    _write(rows)
    year = record.formed_on.year if record.formed_on else None
    Entry.objects.update_or_create(
        record_id=record.id, defaults={"revision": record.revision, "files": outcome, "year": year, "indexed_at": now}
    )


def description_text(record: filing.RecordRow) -> str:
    """What can be found of a record without opening its files."""
    return " \n ".join(
        part
        for part in (
            record.title, record.document_no, record.responsible, record.code, record.unit_work_name, record.notes,
            *filing.names_around(record.id),
        )
        if part
    )  # fmt: skip


def _read(record_id: UUID, row: filing.FileRow, rows: list[tuple[UUID, UUID | None, int, int, str]]) -> dict[str, Any]:
    """Take the text of one file, page by page; a file that gives none is told with its reason."""
    if row.verdict == "fail":
        return {"pages": 0, "why": "not_readable"}
    pages = 0
    try:
        for number, text in content.page_texts(row.file_id):
            folded = folding.fold(text)
            if not folded:
                continue
            pages += 1
            rows.extend((record_id, row.file_id, number, i, part) for i, part in enumerate(folding.parts(folded)))
    except CannotRead as problem:
        log.info("no text", file=str(row.file_id), why=str(problem))
        return {"pages": pages, "why": "not_readable"}
    return {"pages": pages, "why": "" if pages else "no_text"}


def _write(rows: Iterable[tuple[UUID, UUID | None, int, int, str]]) -> None:
    """Insert index rows; the set of lexemes goes in as an array, so no parser and no stop word stands between."""
    made = []
    for record_id, file_id, page, part, text in rows:
        folded = folding.fold(text)
        made.append((record_id, file_id, page, part, folded, sorted(folding.lexemes(folded))))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO discovery_pagetext (record_id, file_id, page, part, text, lexemes)"
            " VALUES (%s, %s, %s, %s, %s, array_to_tsvector(%s::text[]))",
            made,
        )
