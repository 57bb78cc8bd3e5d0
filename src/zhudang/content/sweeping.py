"""Bring rows, partial files and stored bytes into agreement after whatever happened.

Runs at start and every two minutes. Each step may be killed anywhere and be run again.
"""

from __future__ import annotations

import fcntl
import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet

from zhudang.content import destroying, operations, store
from zhudang.content.models import Blob, CheckRequest, File, Upload

log = structlog.get_logger("zhudang.content")

ORPHAN_AFTER = timedelta(hours=1)
OVERDUE_AFTER = timedelta(seconds=30)
KEPT_AFTER_END = timedelta(days=7)
_AT_ONCE = 500
T = TypeVar("T")


@dataclass(frozen=True)
class Swept:
    """What a sweep did, in numbers.

    Attributes:
        missing: stored bytes named by a row but not on disk; nothing can mend that here, it is told in the log.
    """

    expired: int = 0
    finished_again: int = 0
    checks_owed_again: int = 0
    partial_removed: int = 0
    blobs_removed: int = 0
    forgotten: int = 0
    missing: int = 0


def sweep(*, now: datetime, whole_store: bool = False) -> Swept:
    """Reconcile everything once.

    Args:
        whole_store: also compare all stored bytes with their rows, which reads every folder of the store.
    """
    store.prepare()
    removed, missing = _stored_bytes(now) if whole_store else (0, 0)
    swept = Swept(
        expired=_expire(now),
        finished_again=_finish_arrived(now),
        checks_owed_again=_owe_forgotten_checks(now),
        partial_removed=_remove_partial(now),
        blobs_removed=removed,
        forgotten=_forget_ended(now),
        missing=missing,
    )
    if swept != Swept():
        log.info("swept", **swept.__dict__)
    return swept


def _expire(now: datetime) -> int:
    """Mark uploads past their date as expired and remove what they held."""
    ended = list(
        Upload.objects.filter(state=Upload.State.RECEIVING, expires_at__lt=now).values_list("id", flat=True)[:_AT_ONCE]
    )
    count = 0
    for upload_id in ended:
        if not _is_being_written(store.upload_path(upload_id)):
            still = Upload.objects.filter(id=upload_id, state=Upload.State.RECEIVING, expires_at__lt=now)
            count += still.update(state=Upload.State.EXPIRED)
            store.upload_path(upload_id).unlink(missing_ok=True)
    return count


def _is_being_written(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _finish_arrived(now: datetime) -> int:
    """Defer once more what arrived but has no file yet: whoever was at it is gone."""
    from zhudang.content import jobs

    waiting = Upload.objects.filter(state=Upload.State.ARRIVED, arrived_at__lt=now - OVERDUE_AFTER)
    ids = list(waiting.values_list("id", flat=True)[:_AT_ONCE])
    left = [each for each in ids if not _is_being_written(store.upload_path(each))]
    for each in left:
        jobs.verify_upload.defer(upload_id=str(each))
    return len(left)


def _owe_forgotten_checks(now: datetime) -> int:
    """Defer once more checks that are owed but not being made, and owe those nobody noted."""
    from zhudang.content import jobs

    unnoted = File.objects.filter(
        verdict__isnull=True, own_document=False, check_request__isnull=True, received_at__lt=now - OVERDUE_AFTER
    )
    missed = list(unnoted.values_list("id", flat=True)[:_AT_ONCE])
    CheckRequest.objects.bulk_create(
        [CheckRequest(file_id=each, requested_at=now) for each in missed], ignore_conflicts=True
    )
    with transaction.atomic():
        overdue = CheckRequest.objects.select_for_update(skip_locked=True, no_key=True).filter(
            requested_at__lt=now - OVERDUE_AFTER
        )
        late = [each.file_id for each in overdue.order_by("requested_at")[:_AT_ONCE]]
    again = missed + late
    if again:
        jobs.check_files.defer(file_ids=[str(each) for each in again])
    return len(again)


def _remove_partial(now: datetime) -> int:
    """Remove files being taken in that nobody will name any more."""
    count = 0
    for batch in _batches(path for path in store.unfinished() if _older(path, ORPHAN_AFTER)):
        ids = [UUID(path.name) for path in batch]
        open_ones = Upload.objects.filter(id__in=ids, state__in=[Upload.State.RECEIVING, Upload.State.ARRIVED])
        named = set(open_ones.values_list("id", flat=True))
        for path, upload_id in zip(batch, ids, strict=True):
            if upload_id not in named and not _is_being_written(path):
                path.unlink(missing_ok=True)
                count += 1
    return count


def _older(path: Path, age: timedelta) -> bool:
    try:
        return time.time() - path.stat().st_mtime > age.total_seconds()
    except FileNotFoundError:
        return False


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    supply = iter(items)
    while batch := list(itertools.islice(supply, _AT_ONCE)):
        yield batch


def _stored_bytes(now: datetime) -> tuple[int, int]:
    """Remove stored bytes no row names; count rows whose bytes are missing."""
    removed = 0
    for batch in _batches(store.stored_names()):
        removed += _remove_unnamed(batch)
    missing = 0
    for rows in _batches(_expected().iterator(chunk_size=_AT_ONCE)):
        lost = [sha256 for sha256, size in rows if not _is_there(store.blob_path(sha256), size)]
        missing += len(lost)
        for sha256 in lost:
            log.error("stored bytes are missing or cut off", sha256=sha256)
    return removed, missing


def _expected() -> QuerySet[Blob, tuple[str, int]]:
    destroyed = destroying.without_living_files(Blob.objects.all())
    return Blob.objects.exclude(pk__in=destroyed.values("pk")).values_list("sha256", "size")


def _is_there(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


@transaction.atomic
def _remove_unnamed(names: list[str]) -> int:
    # Alone with the store: nobody is between moving bytes to their place and writing the row that names them.
    operations.hold_store(alone=True)
    named = set(Blob.objects.filter(sha256__in=names).values_list("sha256", flat=True))
    arrived = Upload.objects.filter(sha256__in=names, state=Upload.State.ARRIVED)
    named |= set(arrived.values_list("sha256", flat=True))
    unnamed = [name for name in names if name not in named]
    for name in unnamed:
        store.blob_path(name).unlink(missing_ok=True)
    return len(unnamed)


def _forget_ended(now: datetime) -> int:
    """Forget uploads that ended long ago; their files and the log stay."""
    ended = Upload.objects.filter(
        state__in=[Upload.State.DONE, Upload.State.EXPIRED, Upload.State.REFUSED], expires_at__lt=now - KEPT_AFTER_END
    )
    return ended.filter(id__in=list(ended.values_list("id", flat=True)[:_AT_ONCE])).delete()[0]
