"""Renditions of preserved files: what goes into their volume's object, what people see beside the original."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from zhudang.content import queries as content
from zhudang.preservation.models import Rendition
from zhudang.shared.plain import plain
from zhudang.shared.refusals import NotFound

if TYPE_CHECKING:
    from zhudang.identity.rights import Actor

FOLDER = "renditions"


@dataclass(frozen=True)
class RenditionRow:
    """A rendition as a page shows it."""

    id: UUID
    file: content.StoredFile
    original_id: UUID
    path: str
    label: str
    tool: str
    tool_version: str
    check_kind: str
    figures: Mapping[str, Any]
    made_at: datetime
    orderer_name: str
    kept_at: datetime
    superseded_at: datetime | None


def counting(volume_id: UUID) -> dict[UUID, list[Rendition]]:
    """The renditions that belong into the next version of a volume's object, by original: of each path the newest.

    Those already made and not kept yet are among them: whoever packs the volume next brings them in.
    """
    newest: dict[tuple[UUID, str], Rendition] = {}
    rows = list(Rendition.objects.filter(volume_id=volume_id).order_by("made_at", "id"))
    for row in rows:
        newest[row.original_id, row.path] = row
    found: dict[UUID, list[Rendition]] = {}
    for row in sorted(rows, key=lambda each: (each.path, each.part)):
        last = newest[row.original_id, row.path]
        if (row.made_at, row.migration_id) == (last.made_at, last.migration_id):
            found.setdefault(row.original_id, []).append(row)
    return found


def described(row: Rendition, file: content.StoredFile, stored_as: str) -> dict[str, Any]:
    """What a description says of a rendition, by the keys of `description.RENDITION_LABELS`."""
    told = plain(
        {
            "id": file.id, "stored_as": stored_as, "name": file.name, "label": row.label, "size_bytes": file.size,
            "sha256": file.sha256, "sm3": file.sm3, "format_id": file.format_id, "format_name": file.format_name,
            "mime": file.mime, "made_at": row.made_at, "tool": row.tool, "tool_version": row.tool_version,
            "parameters": row.parameters, "source_sha256": row.source_sha256, "check": row.check_kind,
            "figures": row.figures, "ordered_by": row.orderer_name, "order": row.migration_id,
        }
    )  # fmt: skip
    return dict(told)


@transaction.atomic
def note_kept(volume_id: UUID, *, now: datetime) -> int:
    """Note that the renditions of a volume stand at every place, and that they take the place of earlier ones; tells how many are new."""
    ids = [row.id for rows in counting(volume_id).values() for row in rows]
    if not ids:
        return 0
    new = Rendition.objects.filter(id__in=ids, kept_at__isnull=True).update(kept_at=now)
    Rendition.objects.filter(volume_id=volume_id, superseded_at__isnull=True).exclude(id__in=ids).update(
        superseded_at=now
    )
    return new


def of_originals(file_ids: Iterable[UUID], *, superseded: bool = False) -> dict[UUID, list[RenditionRow]]:
    """The kept renditions of these files, by original. Rights were asked by the caller: they are the original's."""
    return _shown(Rendition.objects.filter(original_id__in=list(file_ids)), superseded=superseded)


def of_volume(volume_id: UUID) -> dict[UUID, list[RenditionRow]]:
    """All kept renditions of a volume, superseded ones too, by original. Rights were asked by the caller."""
    return _shown(Rendition.objects.filter(volume_id=volume_id), superseded=True)


def _shown(rows: Any, *, superseded: bool) -> dict[UUID, list[RenditionRow]]:
    rows = rows.filter(kept_at__isnull=False)
    found = list(rows if superseded else rows.filter(superseded_at__isnull=True))
    files = content.stored_files(row.file_id for row in found)
    answer: dict[UUID, list[RenditionRow]] = {}
    for row in found:
        answer.setdefault(row.original_id, []).append(
            RenditionRow(
                row.id, files[row.file_id], row.original_id, row.path, row.label, row.tool, row.tool_version, row.check_kind,
                row.figures, row.made_at, row.orderer_name, row.kept_at, row.superseded_at,
            )
        )  # fmt: skip
    return answer


def readable(actor: Actor, file_ids: frozenset[UUID]) -> set[UUID]:
    """Those of these files that are renditions of something the actor may read (see `content.places`)."""
    opened = set()
    rows = Rendition.objects.filter(file_id__in=file_ids, kept_at__isnull=False)
    for file_id, original_id in rows.values_list("file_id", "original_id"):
        try:
            content.file_for(actor, original_id)
        except NotFound:
            continue
        opened.add(file_id)
    return opened
