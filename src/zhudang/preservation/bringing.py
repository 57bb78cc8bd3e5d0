"""One object brought to a place that lacks it, and read back there before its row says so."""

from __future__ import annotations

import errno
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.preservation import far_copies, logged, retention, rounds
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl import replicate
from zhudang.preservation.ocfl.content import CopyDiffers, SourceChanged
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, StoreUnreachable
from zhudang.preservation.ocfl.verifier import Verification, verify_object
from zhudang.preservation.sites import Place, still_there, why_failed
from zhudang.shared.refusals import Reason


class NotBrought(Exception):
    """No place gave a sound copy, or what was written does not read back as it should.

    Attributes:
        reason: why the medium did not take a file, though it takes others.
    """

    def __init__(self, reason: Reason | None = None) -> None:
        super().__init__(reason)
        self.reason = reason


def bring(item: ArchivalObject, place: Place, everywhere: list[Place], pace: rounds.Pace) -> int | None:
    """Bring one object to the place in its newest version, read it back whole, then write the row.

    Gives the bytes that were read back; None where its destruction began meanwhile.

    Raises:
        NotBrought.
        StoreUnreachable: the place was taken away under us.
    """
    logged.settle(item.pk, now=timezone.now())
    fresh = ArchivalObject.objects.filter(pk=item.pk).first()
    if fresh is None or (fresh.condemned_at and not fresh.destroyed_at):
        return None
    item, lay_there = fresh, False
    if place.bucket is not None:
        known = Copy.objects.filter(object=item, site_id=place.site_id).exists()
        lay_there = not known and bool(place.bucket.files(item.ocfl_id))
        found = far_copies.bring(item, place, place.bucket, everywhere, pace)
    else:
        assert place.root is not None
        try:
            found = _brought(item, place.root, everywhere, pace)
        except OSError as refused:
            if refused.errno != errno.EFBIG:
                raise
            # This file is too large for the medium; the others are brought all the same.
            raise NotBrought(why_failed(place.name, refused)) from refused
        finally:
            # A set that is gone would leave the bytes on the disk below its mount point.
            if not still_there(place):
                raise StoreUnreachable(place.path)
    if found is None and not ArchivalObject.objects.filter(pk=item.pk, condemned_at=item.condemned_at).exists():
        return None
    if found is None or not found.sound or found.inventory is None or found.inventory.sha512 != item.inventory_sha512:
        raise NotBrought
    _note(item, place, timezone.now())
    if lay_there:
        retention.take_over(item, place, timezone.now())
    return found.bytes


def _brought(
    item: ArchivalObject, root: StorageRoot, everywhere: list[Place], pace: rounds.Pace
) -> Verification | None:
    with root.only_writer():
        if not far_copies.as_it_was(item):
            return None
        item.refresh_from_db()
        if not _copied(item, root, everywhere):
            return None
        return verify_object(root.object_folder(item.ocfl_id), object_id=item.ocfl_id, progress=pace)


def _copied(item: ArchivalObject, root: StorageRoot, everywhere: list[Place]) -> bool:
    """Copy what lacks from the first other place that holds the version the rows name; a damaged copy is set aside."""
    for other in everywhere:
        if other.root is None or other.root.folder == root.folder:
            continue
        try:
            source = other.root.inventory(item.ocfl_id)
            if source is None or source.sha512 != item.inventory_sha512:
                continue
            try:
                replicate.bring_up_to(other.root, root, item.ocfl_id)
            except ObjectDamaged:
                replicate.replace_object(other.root, root, item.ocfl_id, now=timezone.now())
        except (ObjectDamaged, SourceChanged, CopyDiffers, FileNotFoundError):
            continue
        return True
    return False


@transaction.atomic
def _note(item: ArchivalObject, place: Place, now: datetime) -> None:
    rows = ArchivalObject.objects.select_for_update(no_key=True).filter(pk=item.pk, condemned_at=item.condemned_at)
    if not rows.exists():
        return  # its destruction began meanwhile, and finds what was brought
    Copy.objects.update_or_create(
        object=item, site_id=place.site_id,
        defaults={
            "version": item.version, "state": CopyState.VERIFIED.value, "written_at": now, "verified_at": now,
            "looked_at": now, "damages": [], "inventory_sha512": item.inventory_sha512,
        },
    )  # fmt: skip
    audit.record(
        actor="system", act="preservation.copy.caught_up", subject=item, at=now,
        data={"site": place.code, "version": item.version, "inventory_sha512": item.inventory_sha512},
    )  # fmt: skip
