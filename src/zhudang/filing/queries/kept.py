"""What filing holds as preserved, counted by volume: one side of the comparison of the books."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Max, QuerySet, Sum

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
