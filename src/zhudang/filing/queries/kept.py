"""What filing holds as preserved, counted by volume: one side of the comparison of the books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Min, QuerySet, Sum

from zhudang.filing.domain.states import RecordState
from zhudang.filing.models import Record, RecordFile


def preserved_volume_sizes() -> dict[UUID, tuple[int, int]]:
    """Tell the current files of preserved records by volume: number and bytes."""
    rows = (
        RecordFile.objects.filter(
            record__state=RecordState.PRESERVED.value, record__withdrawn_at__isnull=True, replaced_at__isnull=True
        )
        .values("record__volume_id")
        .annotate(files=Count("id"), size=Sum("file__blob__size"))
        .values_list("record__volume_id", "files", "size")
    )
    return {volume_id: (files, size) for volume_id, files, size in rows if volume_id}


def preserved_blobs() -> QuerySet[RecordFile, tuple[UUID]]:
    """The ids of the bytes behind current files of preserved records; for use in another query."""
    return RecordFile.objects.filter(
        record__state=RecordState.PRESERVED.value, record__withdrawn_at__isnull=True, replaced_at__isnull=True
    ).values_list("file__blob_id")


def highest_levels(project_id: UUID) -> dict[UUID, int]:
    """Tell the highest secrecy level among the records of each volume of a project."""
    rows = Record.objects.live().filter(project_id=project_id, volume_id__isnull=False).order_by()
    return dict(rows.values("volume_id").annotate(highest=Max("level")).values_list("volume_id", "highest"))


@dataclass(frozen=True, slots=True)
class FormatSum:
    """The current files of one format in one volume: how many, how large, and when the first and last were received."""

    volume_id: UUID
    format_id: str
    format_name: str
    mime: str
    files: int
    bytes: int
    oldest_at: datetime
    newest_at: datetime


def formats_of_volumes(volume_ids: Iterable[UUID]) -> list[FormatSum]:
    """The formats of volumes' current files, added up: one statement whatever their number."""
    rows = (
        RecordFile.objects.filter(
            record__volume_id__in=list(volume_ids), record__withdrawn_at__isnull=True, replaced_at__isnull=True
        )
        .values("record__volume_id", "file__format_id", "file__mime")
        .annotate(
            name=Max("file__format_name"), files=Count("id"), size=Sum("file__blob__size"),
            oldest=Min("file__received_at"), newest=Max("file__received_at"),
        )
        .order_by()
    )  # fmt: skip
    return [
        FormatSum(
            row["record__volume_id"], row["file__format_id"], row["name"], row["file__mime"], row["files"], row["size"],
            row["oldest"], row["newest"],
        )
        for row in rows
    ]  # fmt: skip


def volume_of_file(file_id: UUID) -> UUID | None:
    """The volume that holds a current file of a record; none where none does."""
    rows = RecordFile.objects.filter(file_id=file_id, replaced_at__isnull=True, record__withdrawn_at__isnull=True)
    return rows.values_list("record__volume_id", flat=True).first()
