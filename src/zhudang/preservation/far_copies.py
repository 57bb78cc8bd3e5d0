"""Copies in buckets: made ready, brought, looked at, mended; and what a bucket can mend elsewhere.

All of it talks to a server somewhere: nothing here holds a transaction open meanwhile. A bucket that does not answer is
`BucketUnreachable`, which says nothing of the copies in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.preservation import sites
from zhudang.preservation.bucket.client import BucketUnreachable
from zhudang.preservation.bucket.fetching import fetch_object
from zhudang.preservation.bucket.proving import Proof, proof_of, prove
from zhudang.preservation.bucket.root import BucketRoot
from zhudang.preservation.keys import given, wrapping
from zhudang.preservation.models import ArchivalObject, Copy, Site
from zhudang.preservation.ocfl import replicate
from zhudang.preservation.ocfl.content import CopyDiffers, SourceChanged
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot
from zhudang.preservation.ocfl.verifier import CHANGED, INVENTORY_BAD, MISSING, UNEXPECTED, Verification
from zhudang.preservation.sites import Place

Progress = Callable[[int], None]
PROVE_AGAIN = timedelta(days=1)
_TRIES = 2
_OF_VERSION = re.compile(r"v(\d+)/")


def make_ready(place: Place, bucket: BucketRoot, now: datetime) -> None:
    """Give a bucket the root's own files and the key files it lacks, read back; once a day try again whether deleting is denied."""
    site = Site.objects.get(pk=place.site_id)
    with sites.only_writer_of(place):
        files, digest = _key_files()
        if not bucket.prepare(files) or not bucket.prepare(files):
            noted = {"at": now.isoformat(), "sha256": digest} if files else {}
            Site.objects.filter(pk=site.pk).update(key_files=noted)
        if site.prepared_at is None:
            Site.objects.filter(pk=site.pk).update(prepared_at=now)
    known = proof_of(site.proof)
    if known is None or not timedelta(0) <= now - known.at < PROVE_AGAIN:
        prove_deletion(place, bucket, now)


def prove_deletion(place: Place, bucket: BucketRoot, now: datetime) -> Proof:
    """Try whether this installation can delete there, and note what came of it; logged where it is not as before."""
    proof = prove(bucket.bucket, now)
    with transaction.atomic():
        site = Site.objects.select_for_update(no_key=True).get(pk=place.site_id)
        before = proof_of(site.proof)
        Site.objects.filter(pk=site.pk).update(proof=proof.as_data())
        if before is None or replace(before, at=now) != proof:
            audit.record(
                actor="system", act="preservation.site.proved", subject=site, at=now,
                data={"code": site.code, "before": site.proof, **proof.as_data()},
            )  # fmt: skip
    return proof


def bring(
    item: ArchivalObject, place: Place, bucket: BucketRoot, everywhere: Iterable[Place], progress: Progress
) -> Verification | None:
    """Bring one object to a bucket in the version the rows name and read it back whole; None where that did not come about.

    What did not arrive as sent is written once more.
    """
    for other in _sources(item, everywhere):
        with sites.only_writer_of(place):
            if not as_it_was(item):
                return None
            found = _written(other, bucket, item.ocfl_id, (), progress)
        if found is not None and found.sound and found.inventory and found.inventory.sha512 == item.inventory_sha512:
            return found
    return None


def look(copy: Copy, place: Place, bucket: BucketRoot, progress: Progress | None) -> Verification | None:
    """Read a copy whole; None where nothing lies there. What a writer is at, or died at, is no damage."""
    object_id = copy.object.ocfl_id
    found = without_coming(bucket.verify(object_id, progress), copy)
    if found is None or found.sound:
        return found
    # A writer may just have been at it: what counts is what is there while nobody writes.
    with sites.only_writer_of(place):
        bucket.mend_head(object_id)
        return without_coming(bucket.verify(object_id, progress), copy)


def mend(
    copy: Copy,
    place: Place,
    bucket: BucketRoot,
    everywhere: Iterable[Place],
    damages: Iterable[dict[str, str]],
    now: datetime,
) -> Verification | None:
    """Write over what is damaged or missing from a sound copy elsewhere, and read it back; None where that failed.

    What is written over stays: as an earlier version of its key, or copied to the quarantine. What should not be there
    stays too, since nothing can be deleted, and keeps the copy from being sound until the bucket's keeper removes it.
    """
    paths = {each["path"] for each in damages if each["code"] != UNEXPECTED}
    for other in _sources(copy.object, everywhere):
        with sites.only_writer_of(place):
            if not as_it_was(copy.object):
                return None
            if not keeps_versions(bucket):
                bucket.set_aside(copy.object.ocfl_id, sorted(paths), now)
            found = _written(other, bucket, copy.object.ocfl_id, paths, None)
        if found is not None and found.sound:
            return found
    return None


def mend_folder(root: StorageRoot, item: ArchivalObject, everywhere: Iterable[Place], now: datetime) -> bool:
    """Mend a copy in a folder from a bucket that holds the version the rows name; tells whether one could."""
    for other in everywhere:
        if other.bucket is None or not other.reached:
            continue
        if other.bucket.version_sha512(item.ocfl_id, item.version) != item.inventory_sha512:
            continue
        with root.only_writer():
            fetched = StorageRoot.create(root.new_staging())
            with fetched.only_writer():
                if fetch_object(other.bucket, fetched, item.ocfl_id):
                    continue
            if not as_it_was(item):
                return False
            replicate.replace_object(fetched, root, item.ocfl_id, now=now)
            root.clear_staging()
        return True
    return False


def as_it_was(item: ArchivalObject) -> bool:
    """Whether the row is still as it was read: a destruction that began since comes first, and nothing is copied then.

    Asked while nobody else writes at the place; the execution waits for that lock before it looks what lies there.
    """
    as_read = ArchivalObject.objects.filter(pk=item.pk, condemned_at=item.condemned_at, destroyed_at=item.destroyed_at)
    return as_read.exists()


def _sources(item: ArchivalObject, everywhere: Iterable[Place]) -> Iterable[StorageRoot]:
    """The folders that hold the version the rows name, as far as its inventory tells."""
    for other in everywhere:
        if other.root is None:
            continue
        try:
            inventory = other.root.inventory(item.ocfl_id)
        except (ObjectDamaged, OSError):
            continue
        if inventory is not None and inventory.sha512 == item.inventory_sha512:
            yield other.root


def _written(
    source: StorageRoot, bucket: BucketRoot, object_id: str, again: Iterable[str], progress: Progress | None
) -> Verification | None:
    found: Verification | None = None
    for _ in range(_TRIES):
        try:
            bucket.bring_up_to(source, object_id, again=frozenset(again), progress=progress)
        except (SourceChanged, CopyDiffers, FileNotFoundError):
            return None
        found = bucket.verify(object_id, progress)
        if found is None or found.sound:
            return found
        again = {damage.path for damage in found.damages if damage.code in {MISSING, CHANGED, INVENTORY_BAD}}
        if not again:
            return found
    return found


def without_coming(found: Verification | None, copy: Copy) -> Verification | None:
    """Leave out the files of a version that is on its way there: what a killed upload left, the next one goes on with."""
    if found is None or found.inventory is None:
        return found
    coming = range(found.inventory.head + 1, copy.object.version + 1)
    kept = tuple(
        damage
        for damage in found.damages
        if not (damage.code == UNEXPECTED and (match := _OF_VERSION.match(damage.path)) and int(match[1]) in coming)
    )
    return replace(found, damages=kept)


def keeps_versions(bucket: BucketRoot) -> bool:
    """Whether what is written over stays as an earlier version; where the bucket will not say, no."""
    try:
        return bool(bucket.bucket.ask("get_bucket_versioning").get("Status") == "Enabled")
    except BucketUnreachable:
        return False


def _key_files() -> tuple[dict[str, bytes], str]:
    """The register and the wrapped key files, and a digest of them: whoever holds the bucket and enough shares can read it."""
    with wrapping.only_one() as home:
        register = wrapping.register_at(home) if given.vouches_for_register(home) else None
        return (wrapping.files_for_stores(register), wrapping.digest_of_files(register)) if register else ({}, "")


def has_keys(site: Site) -> bool:
    """Whether the key files were last seen in a bucket as they are here, or there are none to give."""
    register = wrapping.register_at(wrapping.folder())
    return register is None or site.key_files.get("sha256") == wrapping.digest_of_files(register)
