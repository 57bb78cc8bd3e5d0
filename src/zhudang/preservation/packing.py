"""What goes into an object: facts of the lower contexts gathered, described, and named for the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from zhudang.content import queries as content
from zhudang.filing import queries as filing
from zhudang.filing import reporting
from zhudang.preservation import around_volumes
from zhudang.preservation.around_volumes import Around
from zhudang.preservation.domain import description, names, provenance
from zhudang.preservation.formats import renditions
from zhudang.preservation.models import ArchivalObject, Rendition
from zhudang.preservation.ocfl.content import Content, content_of_bytes, content_of_path
from zhudang.shared.plain import plain

VOLUME, PROJECT, ARCHIVE = "volume", "project", "archive"


@dataclass(frozen=True)
class Package:
    """An object as it should stand in every store: who it is, and its files.

    Args:
        project_id: None for the archive's own registers.
        files, bytes: of the originals alone.
        class_level: the highest secrecy level of anything it tells, by which its key class is chosen.
        log_number: of registers the last number of the log when they were read: what those acts did is in them.
    """

    thing_id: UUID
    kind: str
    project_id: UUID | None
    title: str
    level: int
    reference_code: str
    accession_no: str
    contents: tuple[Content, ...]
    files: int
    bytes: int
    class_level: int
    log_number: int | None = None

    @property
    def object_id(self) -> str:
        """The object's permanent identifier."""
        return names.object_id(self.thing_id)


@contextmanager
def one_moment() -> Iterator[None]:
    """See all rows as of one moment, so that what is described together belongs together."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def pack_volume(around: Around, volume: filing.VolumeRow, *, ingested_at: datetime | None = None) -> Package:
    """Make the package of a volume from what is known now; the same facts give the same bytes.

    Args:
        around: gathered once for all volumes of a project.
        ingested_at: when the first version is, or was, made: it is packed for that one, with the documents of before.
            Without it the row knows, and all documents are told.
    """
    with one_moment():
        rows = filing.records_of_volume(volume.id)
        reports = content.reports(file_id for row in rows for file_id in row.file_ids)
        counting = renditions.counting(volume.id)
    records, originals = _records(volume, rows, reports)
    made = _with_renditions(records, counting)
    # One after another, each let go once it is written: a volume may have ten thousand records.
    documents = [
        *_descriptions(around, volume, records, ingested_at),
        _document("checks.json", {**_checks(records, reports), "report": _report(volume, rows, reports)}),
        _document("provenance.json", _provenance(around, volume, rows, records, ingested_at)),
        _document(
            "rights.json", description.rights_of(_volume_facts(volume), records, project_open=around.project_open)
        ),
    ]
    return Package(
        thing_id=volume.id,
        kind=VOLUME,
        project_id=volume.project_id,
        title=volume.title,
        level=volume.level,
        reference_code=volume.reference_code or "",
        accession_no=volume.accession_no or "",
        contents=(*documents, *originals, *made),
        files=len(originals),
        bytes=sum(original.size for original in originals),
        # What a volume's description says of its project is part of it.
        class_level=max(volume.level, around.project["level"], *(row.level for row in rows)),
    )


def _document(path: str, told: Mapping[str, Any]) -> Content:
    return content_of_bytes(path, names.json_bytes(told))


def _descriptions(
    around: Around, volume: filing.VolumeRow, records: Sequence[dict[str, Any]], ingested_at: datetime | None
) -> list[Content]:
    """The description as JSON and as XML."""
    links = around.links(volume, until=ingested_at)
    described = _without_internal(description.describe_volume(around.project, _volume_facts(volume), records, links))
    return [
        _document("description.json", described), content_of_bytes(description.XML, description.as_xml(described)),
    ]  # fmt: skip


def content_of_file(file: content.StoredFile, path: str) -> Content:
    """Make a file of a package from stored bytes, read when they are needed."""
    return content_of_path(path, file.path, file.size, file.sha256)


def _volume_facts(volume: filing.VolumeRow) -> dict[str, Any]:
    facts = {key: getattr(volume, key, None) for key in description.VOLUME_LABELS}
    return dict(plain({**facts, "unit_work": volume.unit_work_name}))


def _records(
    volume: filing.VolumeRow, rows: Sequence[filing.RecordRow], reports: Mapping[UUID, content.CheckReport]
) -> tuple[list[dict[str, Any]], list[Content]]:
    records: list[dict[str, Any]] = []
    originals: list[Content] = []
    for row in rows:
        files = []
        for file_row in row.files:
            if not file_row.current:
                continue
            report = reports[file_row.file_id]
            path = names.stored_name(len(originals) + 1, report.file.name)
            originals.append(content_of_file(report.file, path))
            files.append(_file_facts(row, file_row, report, path))
        records.append(_record_facts(volume, row, files))
    return records, originals


def _with_renditions(records: Sequence[dict[str, Any]], counting: Mapping[UUID, Sequence[Rendition]]) -> list[Content]:
    """Put what was made of the files beside what is said of them; give the bytes, named by the number of their original."""
    if not counting:
        return []
    stored = content.stored_files(row.file_id for rows in counting.values() for row in rows)
    made: list[Content] = []
    for file in (file for record in records for file in record["files"]):
        told = []
        for row in counting.get(UUID(file["id"]), ()):
            result = stored[row.file_id]
            path = names.rendition_name(file["stored_as"], row.path, row.part, result.name)
            made.append(content_of_file(result, path))
            told.append(renditions.described(row, result, path))
        if told:
            file["renditions"] = told
    return made


def _record_facts(volume: filing.VolumeRow, row: filing.RecordRow, files: list[dict[str, Any]]) -> dict[str, Any]:
    facts = {key: getattr(row, key, None) for key in description.RECORD_LABELS}
    moments = {key: getattr(row, key) for key in ("filed_at", "with_client_at", "accepted_at", "transferred_at")}
    return {
        **plain({**facts, **moments, "legal_force": row.legal_force, "e_sealed": row.e_sealed}),
        "reference_code": filing.record_code(volume.reference_code, row.position) or None,
        "scope_code": row.code,
        "filed_by_organisation": row.organisation_name,
        "files": files,
    }


def _file_facts(
    row: filing.RecordRow, file_row: filing.FileRow, report: content.CheckReport, path: str
) -> dict[str, Any]:
    file = report.file
    return dict(
        plain(
            {
                "id": file.id,
                "stored_as": path,
                "original_name": file.name,
                "original_folder": file.folder,
                "part": file_row.part,
                "version": file_row.version,
                "size_bytes": file.size,
                "sha256": file.sha256,
                "sm3": file.sm3,
                "format_id": file.format_id,
                "format_name": file.format_name,
                "mime": file.mime,
                "pages": file.pages,
                "received_at": file.received_at,
                "uploaded_by_organisation": row.organisation_name,
                "checked_at": file.checked_at,
                "check_engine": report.engine,
                "verdict": file.verdict,
                "signatures": file.facts.get("signatures"),
            }
        )
    )


_MOMENTS = ("filed_at", "with_client_at", "accepted_at", "transferred_at", "legal_force", "e_sealed")
_OF_OTHERS = ("checked_at", "check_engine", "verdict", "signatures")


def _without_internal(described: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of the description what provenance, rights and checks say in their own place."""
    records = []
    for record in described["records"]:
        kept = {key: value for key, value in record.items() if key not in _MOMENTS}
        kept["files"] = [
            {key: value for key, value in file.items() if key not in _OF_OTHERS} for file in record["files"]
        ]
        records.append(kept)
    return {**described, "records": records}


def _provenance(
    around: Around,
    volume: filing.VolumeRow,
    rows: Sequence[filing.RecordRow],
    records: Sequence[Mapping[str, Any]],
    ingested_at: datetime | None,
) -> dict[str, Any]:
    acts, senders = around.acts(rows), around_volumes.senders(rows)
    if ingested_at is None:
        kept = ArchivalObject.objects.filter(id=volume.id).values_list("first_kept_at", flat=True)
        ingested_at = kept.first()
    ingestion = None
    if ingested_at:
        moment = ingested_at.astimezone(UTC).isoformat(timespec="seconds")
        ingestion = provenance.Ingestion(str(volume.id), moment, around.received_by(volume.id))
    told = [
        {
            **record,
            "acts": acts[UUID(record["id"])],
            "files": [{**file, "uploaded_by": senders[UUID(file["id"])]} for file in record["files"]],
        }
        for record in records
    ]
    return provenance.provenance_of(told, ingestion)


def _report(
    volume: filing.VolumeRow, rows: Sequence[filing.RecordRow], reports: Mapping[UUID, content.CheckReport]
) -> dict[str, Any]:
    """The check report of the volume as of its arrangement, the same numbers as its page; files stand beside it."""
    report = reporting.report_over(
        rows, title=volume.title, subject=("filing.volume", str(volume.id)), project_id=volume.project_id,
        seen=[volume.id], stage="CQ", declared=volume.record_count, now=volume.arranged_at, known=reports,
    )  # fmt: skip
    return dict(plain(report.without_files()))


def _checks(records: Sequence[Mapping[str, Any]], reports: Mapping[UUID, content.CheckReport]) -> dict[str, Any]:
    told = []
    for record in records:
        for file in record["files"]:
            report = reports[UUID(file["id"])]
            told.append(
                {
                    "file": file["id"],
                    "stored_as": file["stored_as"],
                    "engine": report.engine,
                    "checked_at": plain(report.finished_at),
                    "verdict": report.file.verdict or "not_checked",
                    "format": report.format,
                    "findings": [
                        {
                            "code": finding.code,
                            "dimension": finding.dimension,
                            "severity": finding.severity,
                            "message": finding.message,
                            "data": finding.data,
                        }
                        for finding in report.findings
                    ],
                    "facts": report.facts,
                    "not_checked": report.not_checked,
                }
            )
    return {"format": "zhudang-checks/1", "files": told}
