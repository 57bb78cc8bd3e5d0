"""The working store's part of a disposal (鉴定销毁): files said destroyed, their bytes and pictures gone and proven so.

Only `preservation.disposal` calls this, for volumes of a case under execution; the database refuses the mark in every
other case (a trigger on `content_file.destroyed_at`), and without the mark nothing is removed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from zhudang.content import conf, operations, store
from zhudang.content.models import Blob, File, Upload


@dataclass(frozen=True)
class Gone:
    """What is proven gone.

    Args:
        files: marked as destroyed.
        blobs: of their bytes, how many are on the disk no more, with all pictures made of them.
        shared: how many stay because another file, not destroyed, has the same bytes.
    """

    files: int
    blobs: int
    shared: int


class StillThere(Exception):
    """Bytes that were removed can be read all the same: nothing counts as destroyed."""


@transaction.atomic
def mark_destroyed(file_ids: Collection[UUID], *, at: datetime) -> None:
    """Say that files are destroyed; a file that is so already keeps its moment.

    Raises:
        django.db.Error: the database knows of no case under execution that has them.
    """
    File.objects.filter(id__in=file_ids, destroyed_at__isnull=True).update(destroyed_at=at)


@transaction.atomic
def remove_bytes(file_ids: Collection[UUID]) -> Gone:
    """Remove the bytes of files marked as destroyed, and what was made of them; safe to run again.

    Raises:
        StillThere: something removed is there all the same.
    """
    # Alone with the store: nobody receives the same bytes between the question whose they are and their removal.
    operations.hold_store(alone=True)
    blobs = Blob.objects.filter(files__id__in=file_ids, files__destroyed_at__isnull=False).distinct()
    unwanted = list(without_living_files(blobs).values_list("sha256", flat=True))
    arriving = set(
        Upload.objects.filter(sha256__in=unwanted, state=Upload.State.ARRIVED).values_list("sha256", flat=True)
    )
    touched = set()
    for sha256 in unwanted:
        if sha256 in arriving:
            continue
        for path in _places_of(sha256):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            touched.add(path.parent)
    store.flush_folders(folder for folder in touched if folder.is_dir())
    gone = [sha256 for sha256 in unwanted if sha256 not in arriving]
    if left := [path for sha256 in gone for path in _places_of(sha256) if os.path.lexists(path)]:
        raise StillThere(str(left[0]))
    return Gone(len(set(file_ids)), len(gone), blobs.count() - len(gone))


def marked_files() -> dict[UUID, str]:
    """The files marked as destroyed, with their names."""
    return dict(File.objects.filter(destroyed_at__isnull=False).values_list("id", "name"))


def without_living_files(blobs: QuerySet[Blob]) -> QuerySet[Blob]:
    """Of these bytes those that belong to destroyed files only: nobody should look for them."""
    living = File.objects.filter(blob=OuterRef("pk"), destroyed_at__isnull=True)
    destroyed = File.objects.filter(blob=OuterRef("pk"), destroyed_at__isnull=False)
    return blobs.filter(Exists(destroyed), ~Exists(living))


def _places_of(sha256: str) -> Iterator[Path]:
    yield conf.root() / "blobs" / sha256[:2] / sha256
    yield conf.derivatives() / sha256[:2] / sha256
    yield conf.working_copies() / sha256[:2] / sha256
