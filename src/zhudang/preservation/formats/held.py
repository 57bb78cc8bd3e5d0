"""Which formats an object holds: counted when it is kept, from rows, so that nobody ever counts all files for a page."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum

from zhudang.filing.queries.kept import formats_of_volumes
from zhudang.preservation.models import ArchivalObject, HeldFormat, Rendition

BATCH = 500
# Counted at the first of a volume's objects, whatever parts its files are spread over.
_NOT_COUNTED = Q(kind="volume", part=1, generation=1, files__gt=0, condemned_at=None) & ~Exists(
    HeldFormat.objects.filter(object_id=OuterRef("pk"))
)


@transaction.atomic
def note(object_ids: Iterable[UUID]) -> None:
    """Write the sums of these volumes' objects anew, as their rows stand now."""
    ids = list(object_ids)
    rows = [
        HeldFormat(
            object_id=each.volume_id, format_id=each.format_id, format_name=each.format_name, mime=each.mime, files=each.files,
            bytes=each.bytes, oldest_at=each.oldest_at, newest_at=each.newest_at,
        )
        for each in formats_of_volumes(ids)
    ]  # fmt: skip
    HeldFormat.objects.filter(object_id__in=ids).delete()
    HeldFormat.objects.bulk_create([*rows, *_renditions(ids)])


def _renditions(ids: list[UUID]) -> list[HeldFormat]:
    rows = (
        Rendition.objects.filter(volume_id__in=ids, kept_at__isnull=False, superseded_at__isnull=True)
        .values("volume_id", "file__format_id", "file__mime")
        .annotate(
            name=Max("file__format_name"), files=Count("id"), size=Sum("file__blob__size"),
            oldest=Min("made_at"), newest=Max("made_at"),
        )
        .order_by()
    )  # fmt: skip
    return [
        HeldFormat(
            object_id=row["volume_id"], format_id=row["file__format_id"], format_name=row["name"], mime=row["file__mime"],
            rendition=True, files=row["files"], bytes=row["size"], oldest_at=row["oldest"], newest_at=row["newest"],
        )
        for row in rows
    ]  # fmt: skip


def uncounted(known: QuerySet[ArchivalObject]) -> int:
    """How many of these volumes' objects were kept before formats were counted, or brought back without."""
    return known.filter(_NOT_COUNTED).count()


def note_uncounted() -> int:
    """Count those that nobody counted yet, some at a time; safe to stop anywhere. Gives how many it was."""
    number = 0
    waiting = ArchivalObject.objects.filter(_NOT_COUNTED).order_by("id")
    after = UUID(int=0)
    while ids := list(waiting.filter(id__gt=after).values_list("id", flat=True)[:BATCH]):
        note(ids)
        number, after = number + len(ids), ids[-1]
    return number
