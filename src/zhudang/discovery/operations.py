"""Bring the index level with the records: idempotent, bounded, safe to be killed anywhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils import timezone

from zhudang.checks.engine import CannotRead
from zhudang.content import queries as content
from zhudang.discovery.domain import folding
from zhudang.discovery.models import Entry, PageText
from zhudang.filing import queries as filing
from zhudang.shared.bulk import batched

log = structlog.get_logger("zhudang.discovery")
DESCRIPTION_PAGE = 0
MOST_RECORDS, MOST_PAGES = 100, 1_000
"""Of a group of records indexed in one transaction."""
Row = tuple[UUID, UUID | None, int, int, str, date | None]
"""Record, file (None for the description), page, part of a long page, text, date of a description."""

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
    for together in _together(filing.findable(ids)):
        try:
            index_records(together, now=now)
        except Exception:
            _index_one_by_one(together, now)
    return len(ids)


NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def index_descriptions(record_ids: Sequence[UUID]) -> None:
    """Index the descriptions alone, so that records can be found before their files were read.

    They count as indexed before any file was checked: `index_stale` reads the files of all of them later.
    """
    records = [replace(record, files={}) for record in filing.findable(record_ids)]
    for some in batched(records, MOST_RECORDS * 5):
        index_records(some, now=NEVER)


def _together(records: Iterable[filing.Findable]) -> Iterator[list[filing.Findable]]:
    """Cut records into groups whose text fits into memory at once, by the pages of their files."""
    group: list[filing.Findable] = []
    pages = 0
    for record in records:
        pages += 1 + sum(file.pages or 1 for file in record.files.values())
        if group and (pages > MOST_PAGES or len(group) >= MOST_RECORDS):
            yield group
            group, pages = [], 0
        group.append(record)
    if group:
        yield group


def _index_one_by_one(records: Iterable[filing.Findable], now: datetime) -> None:
    for record in records:
        try:
            index_records([record], now=now)
        except Exception:
            # One file nobody can read must not keep all others from being found: its description still is.
            log.exception("record not indexed whole", record=str(record.id))
            index_records([replace(record, files={})], now=now)


def _stale(sql: str, limit: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [limit])
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def index_records(records: Sequence[filing.Findable], *, now: datetime) -> None:
    """Write the descriptions and the text of the current readable files of these records into the index.

    A handful of statements whatever the number of records; what the index says of a record already is left as it is:
    most changes of a record are steps on its road, which change nothing it is found by.
    """
    ids = [record.id for record in records]
    entries = {e.record_id: e for e in Entry.objects.select_for_update(no_key=True).filter(record_id__in=ids)}
    described = {
        record_id: (text, newest)
        for record_id, text, newest in PageText.objects.filter(record_id__in=ids, page=DESCRIPTION_PAGE).values_list(
            "record_id", "text", "newest"
        )
    }
    stored = content.stored_files(
        file_id for record in records for file_id in record.files if str(file_id) not in _known(entries, record)
    )
    rows: list[Row] = []
    made: list[Entry] = []
    gone: list[str] = []
    told_anew: list[UUID] = []
    for record in records:
        known = _known(entries, record)
        current = {str(file_id): file for file_id, file in record.files.items()}
        gone += [file_id for file_id in known if file_id not in current]
        text = " \n ".join(record.words)
        if described.get(record.id) != (folding.fold(text), record.formed_on):
            told_anew.append(record.id)
            rows.append((record.id, None, DESCRIPTION_PAGE, 0, text, record.formed_on))
        outcome = {file_id: told for file_id, told in known.items() if file_id in current}
        for file_id, file in record.files.items():
            if str(file_id) not in outcome:
                outcome[str(file_id)] = _read(record.id, file_id, file, stored[file_id], rows)
        year = record.formed_on.year if record.formed_on else None
        made.append(Entry(record_id=record.id, revision=record.revision, files=outcome, year=year, indexed_at=now))
    PageText.objects.filter(record_id__in=told_anew, page=DESCRIPTION_PAGE).delete()
    if gone:
        PageText.objects.filter(record_id__in=ids, file_id__in=gone).delete()
    _write(rows)
    Entry.objects.bulk_create(
        made,
        update_conflicts=True,
        unique_fields=["record"],
        update_fields=["revision", "files", "year", "indexed_at"],
    )


def forget_destroyed(record_ids: Collection[UUID]) -> int:
    """Take the page texts of destroyed files out of the index; their records are found by description still.

    Returns:
        How many page texts of these records are left.
    """
    for some in batched(filing.findable(list(record_ids)), MOST_RECORDS):
        index_records(some, now=timezone.now())
    # Also what an index of before left behind and no entry tells of.
    PageText.objects.filter(record_id__in=record_ids).exclude(page=DESCRIPTION_PAGE).delete()
    return PageText.objects.filter(record_id__in=record_ids).exclude(page=DESCRIPTION_PAGE).count()


def _known(entries: Mapping[UUID, Entry], record: filing.Findable) -> Mapping[str, Any]:
    """Files of the record the index has read, with the outcome."""
    return entries[record.id].files if record.id in entries else {}


def _read(
    record_id: UUID, file_id: UUID, readable: filing.ReadableFile, file: content.StoredFile, rows: list[Row]
) -> dict[str, Any]:
    """Take the text of one file, page by page; a file that gives none is told with its reason."""
    if readable.verdict == "fail":
        return {"pages": 0, "why": "not_readable"}
    pages = 0
    try:
        for number, text in content.page_texts_of(file):
            folded = folding.fold(text)
            if not folded:
                continue
            pages += 1
            rows.extend((record_id, file_id, number, i, part, None) for i, part in enumerate(folding.parts(folded)))
    except CannotRead as problem:
        log.info("no text", file=str(file_id), why=str(problem))
        return {"pages": pages, "why": "not_readable"}
    return {"pages": pages, "why": "" if pages else "no_text"}


def _write(rows: Iterable[Row]) -> None:
    """Insert index rows in one statement a thousand rows.

    The set of lexemes goes in as an array, so no parser and no stop word stands between; the arrays come joined by a
    character that no folded text holds, since arrays of different lengths cannot stand in one.
    """
    for some in batched(rows, 1000):
        made = []
        for record_id, file_id, page, part, text, newest in some:
            folded = folding.fold(text)
            lexemes = folding.lexemes(folded) | (folding.marks(newest) if page == DESCRIPTION_PAGE else set())
            made.append((record_id, file_id, page, part, folded, newest, "\n".join(sorted(lexemes))))
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO discovery_pagetext (record_id, file_id, page, part, text, newest, lexemes)"
                " SELECT n.record_id, n.file_id, n.page, n.part, n.text, n.newest, array_to_tsvector(string_to_array(n.pairs, E'\\n'))"
                " FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::smallint[], %s::text[], %s::date[], %s::text[])"
                " AS n (record_id, file_id, page, part, text, newest, pairs)",
                [list(column) for column in zip(*made, strict=True)],
            )
