"""The page of one record: description, place, files with a viewer each, where it has been, what proves it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from zhudang.content import queries as content
from zhudang.discovery.models import Entry
from zhudang.filing import queries as filing
from zhudang.identity.rights import Actor
from zhudang.preservation import queries as preservation
from zhudang.preservation.disposal import queries as preservation_disposal
from zhudang.registry import queries as registry

_VIEWERS = {
    "application/pdf": "pdf",
    "image/jpeg": "image",
    "image/png": "image",
    "image/tiff": "image",
    "image/webp": "image",
}


@dataclass(frozen=True)
class FileView:
    """One file of the record and how it can be looked at: pdf, image, pages (rendered), none."""

    row: filing.FileRow
    viewer: str
    blocking: int
    told: int
    text_pages: int | None
    why_no_text: str
    renditions: tuple[preservation.RenditionRow, ...] = ()
    """What was made of it and kept beside it; the original is what counts."""


@dataclass(frozen=True)
class Shown:
    """What the viewer shows: a file of the record, or a rendition where only that can be looked at.

    Args:
        original_id: the file itself, or the one the rendition was made of.
    """

    file_id: UUID
    name: str
    format_name: str
    size_bytes: int
    viewer: str
    original_id: UUID


@dataclass(frozen=True)
class Moment:
    """One step of the record's way, with its time; a step not reached has none and is not shown."""

    label: str
    at: datetime
    by: str = ""


@dataclass(frozen=True)
class RecordPage:
    """Everything the page of one record shows.

    Args:
        reference_code: the record's own; its volume's while it has no place in it.
    """

    record: filing.RecordRow
    project_name: str
    project_code: str
    volume: filing.VolumeRow | None
    reference_code: str
    files: tuple[FileView, ...]
    former_files: tuple[filing.FileRow, ...]
    way: tuple[Moment, ...]
    proofs: tuple[preservation.CopyRow, ...]
    indexed: bool
    disposal: preservation_disposal.Tombstone | None
    """The volume was destroyed: only this page is left of it."""


def record_page(actor: Actor, record_id: UUID) -> RecordPage:
    """The page of one record.

    Raises:
        NotFound: absent, another's, above the person's level.
    """
    filing.known_record(actor, record_id)
    record = filing.records_by_id([record_id])[record_id]
    project = registry.project_page(actor, record.project_id)
    entry = Entry.objects.filter(record_id=record_id).first()
    current = [row for row in record.files if row.current]
    findings = content.findings_of([row.file_id for row in current])
    read = entry.files if entry else {}
    made = preservation.renditions_of([row.file_id for row in current])
    volume = (
        next((v for v in filing.volumes_of(record.project_id) if v.id == record.volume_id), None)
        if record.volume_id
        else None
    )
    gone = bool(volume and volume.destroyed_at)
    files = tuple(
        _file_view(
            row,
            findings.get(row.file_id, []),
            read.get(str(row.file_id)),
            () if gone else made.get(row.file_id, ()),
            destroyed=gone,
        )
        for row in current
    )
    proofs = preservation.state_of(volume.id, timezone.now()) if volume and volume.preserved_at and not gone else ()
    former = tuple(row for row in record.files if not row.current)
    destroyed = preservation_disposal.tombstone_of(volume.id) if volume and volume.destroyed_at else None
    return RecordPage(
        record,
        project.name,
        project.code,
        volume,
        _reference_code(volume, record),
        files,
        former,
        _way(record, volume),
        proofs,
        entry is not None,
        destroyed,
    )


def shown_of(page: RecordPage, wanted: str = "") -> Shown | None:
    """The file asked for by id, else the first that can be looked at, files before renditions; None where none can."""
    files = [
        Shown(f.row.file_id, f.row.name, f.row.format_name, f.row.size_bytes, f.viewer, f.row.file_id)
        for f in page.files
    ]
    made = [
        Shown(
            each.file.id, each.file.name, each.file.format_name, each.file.size, _VIEWERS.get(each.file.mime, ""),
            each.original_id,
        )
        for f in page.files
        for each in f.renditions
    ]  # fmt: skip
    asked_for = next((each for each in (*files, *made) if str(each.file_id) == wanted), None)
    return asked_for or next((each for each in (*files, *made) if each.viewer), None)


def _file_view(
    row: filing.FileRow,
    findings: list[content.FileFinding],
    read: dict[str, object] | None,
    made: Iterable[preservation.RenditionRow],
    *,
    destroyed: bool,
) -> FileView:
    viewer = _VIEWERS.get(row.mime, "")
    if row.verdict == "fail" or row.verdict is None or destroyed:
        viewer = ""
    blocking = sum(1 for finding in findings if finding.severity == "block")
    text_pages = int(str(read["pages"])) if read else None
    why_no_text = str(read.get("why", "")) if read else ""
    return FileView(row, viewer, blocking, len(findings), text_pages, why_no_text, tuple(made))


def _reference_code(volume: filing.VolumeRow | None, record: filing.RecordRow) -> str:
    code = volume.reference_code if volume else None
    return filing.record_code(code, record.position) or code or ""


def _way(record: filing.RecordRow, volume: filing.VolumeRow | None) -> tuple[Moment, ...]:
    steps = (
        (_("建立"), record.created_at, ""), (pgettext("course", "归档"), record.filed_at, record.filed_by), (_("交建设单位"), record.delivered_at, ""),
        (_("建设单位签收"), record.with_client_at, ""), (_("报送验收"), record.submitted_at, ""), (_("退回"), record.returned_at, ""),
        (_("验收合格"), record.accepted_at, ""), (_("移交进馆"), record.transferred_at, ""), (_("入库保存并核验"), record.preserved_at, ""),
        (_("鉴定销毁"), volume.destroyed_at if volume else None, ""),
    )  # fmt: skip
    return tuple(sorted((Moment(label, at, by) for label, at, by in steps if at), key=lambda moment: moment.at))
