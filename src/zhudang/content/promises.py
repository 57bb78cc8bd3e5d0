"""What must hold at any moment, whatever was killed: asked by `doctor` and after every fault of the acceptance run.

A file that waits for its check, an upload that waits for its digests, uncounted bytes behind counted ones: all of
these are lawful. What is told here is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from zhudang.content import store
from zhudang.content.models import Blob, CheckRequest, CheckRun, File, Upload

_AT_ONCE = 2000


@dataclass(frozen=True)
class Broken:
    """One promise that does not hold.

    Attributes:
        code: bytes_missing, counted_missing, verdict_without_run, check_forgotten, arrived_without_bytes.
        subject: the row, or the digest of the bytes.
    """

    code: str
    subject: str


def broken_promises() -> Iterator[Broken]:
    """Yield everything that must not be; nothing is yielded when all is well."""
    yield from _missing_bytes()
    yield from _uploads()
    yield from _checks()


def _missing_bytes() -> Iterator[Broken]:
    for sha256, size in Blob.objects.values_list("sha256", "size").iterator(chunk_size=_AT_ONCE):
        if not _holds(sha256, size):
            yield Broken("bytes_missing", sha256)


def _holds(sha256: str, size: int) -> bool:
    try:
        return store.blob_path(sha256).stat().st_size == size
    except FileNotFoundError:
        return False


def _uploads() -> Iterator[Broken]:
    """Counted bytes are there; bytes of an arrived upload are with it, or already in their place."""
    for row in Upload.objects.filter(state__in=[Upload.State.RECEIVING, Upload.State.ARRIVED], offset__gt=0).iterator():
        path = store.upload_path(row.id)
        there = path.stat().st_size if path.exists() else 0
        moved = bool(row.sha256) and _holds(row.sha256, row.length)
        if there < row.offset and not moved and _unchanged(row):
            code = "counted_missing" if row.state == Upload.State.RECEIVING else "arrived_without_bytes"
            yield Broken(code, f"content.upload:{row.id}")


def _unchanged(row: Upload) -> bool:
    # A running server moves on between the two looks; only what stands still is broken.
    return Upload.objects.filter(id=row.id, state=row.state, offset=row.offset).exists()


def _checks() -> Iterator[Broken]:
    """No verdict without a run; no received file that nobody will ever look at."""
    runs = CheckRun.objects.filter(file=OuterRef("id"))
    owed = CheckRequest.objects.filter(file=OuterRef("id"))
    files = File.objects.filter(own_document=False)
    for file_id in files.filter(~Exists(runs), verdict__isnull=False).values_list("id", flat=True):
        yield Broken("verdict_without_run", f"content.file:{file_id}")
    for file_id in files.filter(~Exists(runs), ~Exists(owed), verdict__isnull=True).values_list("id", flat=True):
        yield Broken("check_forgotten", f"content.file:{file_id}")
