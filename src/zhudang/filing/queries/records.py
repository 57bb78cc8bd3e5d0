"""Records as other contexts read them: one row each, files included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from zhudang.filing import data_files
from zhudang.filing.domain import codes
from zhudang.filing.models import Record, RecordFile, Volume


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a record: which, in what part, which version, still current or replaced."""

    file_id: UUID
    name: str
    folder: str
    part: str
    version: int
    current: bool
    verdict: str | None
    mime: str
    format_name: str
    size_bytes: int
    pages: int | None
    sha256: str
    sm3: str
    replaced_at: datetime | None
    replaced_why: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record with its description, its place in the work and its current files."""

    id: UUID
    project_id: UUID
    unit_work_id: UUID | None
    unit_work_name: str
    obligation_id: UUID | None
    organisation_id: UUID
    organisation_name: str
    part: str
    code: str
    title: str
    document_no: str
    responsible: str
    formed_on: date | None
    formed_until: date | None
    manuscript: str
    copy_kind: str
    pages: int | None
    carrier: str
    specialty: str
    level: int
    secrecy_term: str
    retention: str
    keywords: str
    origin: str
    has_paper: bool
    legal_force: bool | None
    e_sealed: bool | None
    notes: str
    state: str
    to_client: bool
    to_archive: bool
    returned_reason: str
    returned_cure: str
    returned_code: str
    returned_at: datetime | None
    cured_at: datetime | None
    filed_at: datetime | None
    filed_by: str
    delivered_at: datetime | None
    with_client_at: datetime | None
    submitted_at: datetime | None
    accepted_at: datetime | None
    transferred_at: datetime | None
    preserved_at: datetime | None
    volume_id: UUID | None
    position: int | None
    page_from: int | None
    page_to: int | None
    created_at: datetime
    changed_at: datetime
    changed_by: str
    revision: int
    files: tuple[FileRow, ...] = ()

    @property
    def file_ids(self) -> tuple[UUID, ...]:
        """The current files, readable ones first."""
        return tuple(f.file_id for f in self.files if f.current)


_SAME = [
    name for name in RecordRow.__dataclass_fields__ if name not in {"unit_work_name", "organisation_name", "files"}
]
_ID = _SAME.index("id")
_PART_ORDER = {"rendition": 0, "original": 1, "native": 2}


def records_of(
    project_id: UUID, *, states: Iterable[str] = (), to_archive: bool | None = None, with_files: bool = True
) -> list[RecordRow]:
    """The live records of one project in filing order, with their files.

    Args:
        states: only these states; empty means all.
        to_archive: only records that go to the archive (True) or stay outside it (False).
        with_files: False leaves `files` empty, for who asks about thousands of records and not about their files.
    """
    rows = Record.objects.of_project(project_id).order_by("part", "order_key", "id")
    if wanted := list(states):
        rows = rows.filter(state__in=wanted)
    if to_archive is not None:
        rows = rows.filter(to_archive=to_archive)
    return _rows(rows, with_files=with_files)


def records_by_id(record_ids: Iterable[UUID], *, with_files: bool = True) -> dict[UUID, RecordRow]:
    """The named records (withdrawn ones too), by id; see `records_of` for `with_files`."""
    rows = _rows(Record.objects.filter(id__in=list(record_ids)), with_files=with_files)
    return {row.id: row for row in rows}


def iter_record_ids(*, states: Iterable[str] = (), after: UUID | None = None, limit: int = 1000) -> list[UUID]:
    """A bounded batch of record ids in id order, for jobs that walk over everything."""
    rows = Record.objects.live().order_by("id")
    if wanted := list(states):
        rows = rows.filter(state__in=wanted)
    if after is not None:
        rows = rows.filter(id__gt=after)
    return list(rows.values_list("id", flat=True)[:limit])


def record_of_file(file_id: UUID) -> UUID | None:
    """The record a file belongs to now, or belonged to last."""
    rows = RecordFile.objects.filter(file_id=file_id).order_by("replaced_at", "-added_at")
    return rows.values_list("record_id", flat=True).first()


def answered_by(project_id: UUID, *, state: str) -> set[UUID]:
    """The obligations that the live records of a project in this state answer."""
    rows = Record.objects.of_project(project_id).filter(state=state, obligation__isnull=False)
    return set(rows.values_list("obligation_id", flat=True))


def current_verdicts(record_ids: Iterable[UUID]) -> dict[UUID, list[tuple[str, str | None]]]:
    """Part (`original`, `rendition`, `native`) and verdict of the files of records as they stand, by record."""
    answer: dict[UUID, list[tuple[str, str | None]]] = {}
    rows = RecordFile.objects.filter(record_id__in=list(record_ids), replaced_at__isnull=True)
    for record_id, part, verdict in rows.values_list("record_id", "part", "file__verdict"):
        answer.setdefault(record_id, []).append((part, verdict))
    return answer


def _rows(records: Any, *, with_files: bool = True) -> list[RecordRow]:
    """Two statements whatever the number: the records, then their files."""
    # Of ten thousand records the values stand in memory once, not with fifty names each.
    found = list(records.values_list(*_SAME, "unit_work__name", "organisation__name"))
    files = _files([values[_ID] for values in found]) if with_files else {}
    return [
        RecordRow(
            **dict(zip(_SAME, values, strict=False)),
            unit_work_name=values[-2] or "",
            organisation_name=values[-1] or "",
            files=tuple(files.get(values[_ID], ())),
        )
        for values in found
    ]


def _files(record_ids: list[UUID]) -> dict[UUID, list[FileRow]]:
    """Files by record: current before replaced, readable before native."""
    by_record: dict[UUID, list[FileRow]] = {}
    rows = RecordFile.objects.filter(record_id__in=record_ids).values_list(
        "record_id", "file_id", "file__name", "file__folder", "part", "version", "replaced_at", "replaced_why",
        "file__verdict", "file__mime", "file__format_name", "file__blob__size", "file__pages",
        "file__blob__sha256", "file__blob__sm3",
    )  # fmt: skip
    for record_id, file_id, name, folder, part, version, gone, why, verdict, mime, fmt, size, pages, sha, sm3 in rows:
        by_record.setdefault(record_id, []).append(
            FileRow(
                file_id=file_id,
                name=name,
                folder=folder,
                part=part,
                version=version,
                current=gone is None,
                verdict=verdict,
                mime=mime,
                format_name=fmt,
                size_bytes=size,
                pages=pages,
                sha256=sha,
                sm3=sm3,
                replaced_at=gone,
                replaced_why=why,
            )
        )
    for files in by_record.values():
        files.sort(key=lambda f: (not f.current, _PART_ORDER.get(f.part, 9), -f.version, f.name))
    return by_record


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """A volume as a list, a certificate or the store shows it."""

    id: UUID
    project_id: UUID
    unit_work_id: UUID | None
    unit_work_name: str
    part: str
    carrier: str
    sequence: int
    title: str
    compiled_by: str
    formed_on: date | None
    formed_until: date | None
    level: int
    retention: str
    text_pages: int
    drawing_sheets: int
    photo_count: int
    other_count: int
    record_count: int
    thickness_mm: float
    class_code: str
    reference_code: str | None
    accession_no: str | None
    note: dict[str, Any]
    arranged_at: datetime | None
    arranged_by: str
    preserved_at: datetime | None
    destroyed_at: datetime | None


_VOLUME_SAME = [n for n in VolumeRow.__dataclass_fields__ if n not in {"unit_work_name", "thickness_mm"}]


def volumes_of(project_id: UUID, *, arranged: bool | None = None) -> list[VolumeRow]:
    """The volumes of one project in set order; `arranged` narrows to numbered or unnumbered ones."""
    rows = Volume.objects.filter(project_id=project_id).order_by("sequence", "id")
    if arranged is not None:
        rows = rows.filter(arranged_at__isnull=not arranged)
    return [
        VolumeRow(
            **{n: r[n] for n in _VOLUME_SAME},
            unit_work_name=r["unit_work__name"] or "",
            thickness_mm=float(r["thickness_mm"]),
        )
        for r in rows.values(*_VOLUME_SAME, "unit_work__name", "thickness_mm")
    ]


def records_of_volume(volume_id: UUID) -> list[RecordRow]:
    """The records of one volume in their order."""
    return _rows(Record.objects.live().filter(volume_id=volume_id).order_by("position"))


def record_code(volume_code: str | None, position: int | None) -> str:
    """The reference code (档号) of a record, the same on every page, paper and in the store; empty while there is none."""
    if not volume_code or not position:
        return ""
    return codes.record_code(data_files.policy().file_template, volume_code, position)


def volume_and_position(code: str) -> tuple[str, int] | None:
    """Read a record's reference code, written with or without leading zeros; None when it is not of that form."""
    return codes.read_record_code(data_files.policy().file_template, code)


def iter_volumes(*, after: UUID | None = None, limit: int = 500) -> Iterator[UUID]:
    """Arranged volumes in id order, for jobs that walk over everything."""
    rows = Volume.objects.filter(arranged_at__isnull=False).order_by("id")
    if after is not None:
        rows = rows.filter(id__gt=after)
    yield from rows.values_list("id", flat=True)[:limit]
