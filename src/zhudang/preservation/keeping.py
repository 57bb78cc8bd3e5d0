"""Bring an object into every store and say so only then: settle the places, write what lacks, write the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.filing import operations as filing
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.formats import held, renditions
from zhudang.preservation.keys import keyring
from zhudang.preservation.keys.keyring import Protection
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl import replicate, sealing
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.reader import held_files
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot
from zhudang.preservation.ocfl.sealing import CannotOpen, Held, Seal
from zhudang.preservation.ocfl.verifier import verify_object
from zhudang.preservation.ocfl.writer import Act, CopyDiffers, Progress, write_version
from zhudang.preservation.packing import VOLUME, Package
from zhudang.preservation.sites import Place
from zhudang.shared.refusals import Reason

SYSTEM_ADDRESS = "urn:zhudang:system"


Write = Callable[..., Inventory]
"""What writes the next version of an object: `writer.write_version`, or the same in a process of its own."""


class NoSoundCopy(Exception):
    """Every copy of an object that ought to be there is damaged: people must decide, nothing is overwritten."""

    def __init__(self, object_id: str) -> None:
        super().__init__(object_id)
        self.object_id = object_id


@dataclass(frozen=True)
class Kept:
    """An object that now stands in every store as packed.

    Args:
        changed: a version was written.
        read: every copy was read back whole just now; else the rows say when it was.
    """

    inventory: Inventory
    changed: bool
    read: bool


def keep(
    package: Package,
    roots: Sequence[StorageRoot],
    *,
    message: str,
    now: datetime,
    read_before: str = "",
    progress: Progress | None = None,
    write: Write = write_version,
) -> Kept:
    """Make every place hold the package as its newest version, read back; inside `sites.writing`.

    Safe to run again after a crash anywhere: a place that lags is brought up to date from one that does not, and a
    version that is there already is read whole instead of being written again.

    Args:
        read_before: SHA-512 of the inventory whose copies the rows know to have been read: that version is not read again.
        write: who writes it, see `Write`.

    Raises:
        StoreFull, SourceChanged, CopyDiffers, TooLarge, NoSoundCopy.
        KeysUnusable: it is to be encrypted and cannot be; nothing was written.
    """
    protection = keyring.protection(package.class_level, roots)
    prior, unread = _settle(package.object_id, roots, now)
    held = _held(prior, roots, protection)
    if prior is not None and _state(held) == _wanted(package):
        # A job killed between the bytes and the rows leaves a newer version than the rows know: that one was not read.
        known = prior.sha512 == read_before
        if not known:
            _read_again(package.object_id, unread, roots, now, progress)
        return Kept(prior, changed=False, read=not known)
    act = Act(created=now, message=message, user_name="筑档 Zhudang", user_address=SYSTEM_ADDRESS)
    seal = _seal(protection, held)
    inventory = write(roots, package.object_id, package.contents, act=act, prior=prior, seal=seal, progress=progress)
    if seal:
        _open_again(package, inventory, roots, protection)
    if prior is not None:
        # Only the new version was read back while it was staged; a copy counts as read when all of it was.
        _read_again(package.object_id, roots, roots, now, progress)
    return Kept(inventory, changed=True, read=True)


def _settle(object_id: str, roots: Sequence[StorageRoot], now: datetime) -> tuple[Inventory | None, list[StorageRoot]]:
    """Bring all places to the same version; give its inventory, and the places whose copy nobody has read yet."""
    held: dict[StorageRoot, Inventory] = {}
    broken: list[StorageRoot] = []
    for root in roots:
        try:
            inventory = root.mended_inventory(object_id)
        except ObjectDamaged:
            broken.append(root)
            continue
        if inventory is not None:
            held[root] = inventory
    if not held:
        if broken:
            raise NoSoundCopy(object_id)
        return None, []
    best = max(held, key=lambda root: held[root].head)
    for root in roots:
        if root in broken:
            replicate.replace_object(best, root, object_id, now=now)
        elif root not in held or held[root].head < held[best].head:
            replicate.bring_up_to(best, root, object_id)
    return held[best], list(held)


def _read_again(
    object_id: str,
    unread: Sequence[StorageRoot],
    roots: Sequence[StorageRoot],
    now: datetime,
    progress: Progress | None,
) -> None:
    """Read copies found in place whole; replace one that is not as written from one that is."""
    damaged = [
        root
        for root in unread
        if not verify_object(root.object_folder(object_id), object_id=object_id, progress=progress).sound
    ]
    sound = [root for root in roots if root not in damaged]
    if damaged and not sound:
        raise NoSoundCopy(object_id)
    for root in damaged:
        replicate.replace_object(sound[0], root, object_id, now=now)


def _held(prior: Inventory | None, roots: Sequence[StorageRoot], protection: Protection) -> dict[str, Held]:
    """Tell the files of the newest version by their plain names; none of a sealed one where the next is to be plain.

    What was closed and is open now is written anew in the clear: otherwise it could never be read without a key.
    """
    if prior is None or (not protection.recipient and sealing.protection_of(prior) != sealing.PLAIN):
        return {}
    problem: CannotOpen | None = None
    for root in roots:
        try:
            return held_files(root.object_folder(prior.object_id), prior, protection.identities)
        except CannotOpen as failure:
            problem = failure
    assert problem is not None
    if problem.reason == "no_key":
        raise KeysUnusable(Reason("preservation.sealed_no_key", {"object": prior.object_id})) from problem
    raise NoSoundCopy(prior.object_id) from problem


def _state(held: Mapping[str, Held]) -> dict[str, str]:
    return {path: file.sha256 for path, file in held.items()}


def _wanted(package: Package) -> dict[str, str]:
    return {content.path: content.sha256 for content in package.contents}


def _seal(protection: Protection, held: Mapping[str, Held]) -> Seal | None:
    if not protection.recipient:
        return None
    return Seal(protection.recipient, protection.key_class, tuple(held.values()))


def _open_again(package: Package, inventory: Inventory, roots: Sequence[StorageRoot], protection: Protection) -> None:
    """Open the index that was just written, from every place: the key that sealed it opens it, and it tells of all files."""
    for root in roots:
        folder = root.object_folder(package.object_id)
        try:
            found = _state(held_files(folder, inventory, protection.identities))
        except CannotOpen as problem:
            raise CopyDiffers(root.place, [problem.name]) from problem
        if found != _wanted(package):
            raise CopyDiffers(root.place, [sealing.INDEX])


@transaction.atomic
def note_kept(package: Package, kept: Kept, places: Sequence[Place], *, now: datetime) -> None:
    """Write that an object stands in every store, each copy read back; its volume counts as preserved from here on."""
    if not kept.read:
        return
    digest = kept.inventory.sha512
    facts = {
        "kind": package.kind, "project_id": package.project_id, "title": package.title, "level": package.level,
        "reference_code": package.reference_code, "accession_no": package.accession_no,
        "version": kept.inventory.head, "files": package.files, "bytes": package.bytes,
        "stored_bytes": sum(content.size for content in package.contents), "inventory_sha512": digest, "kept_at": now,
        "volume_id": package.thing_id if package.kind == VOLUME else None, "ocfl_id": package.object_id,
        "class_level": package.class_level, "protection": sealing.protection_of(kept.inventory),
    }  # fmt: skip
    row = ArchivalObject.objects.select_for_update(no_key=True).filter(id=package.thing_id).first()
    if row is None:
        row = ArchivalObject.objects.create(id=package.thing_id, first_kept_at=now, **facts)
    else:
        for name, value in facts.items():
            setattr(row, name, value)
        row.save()
    for place in places:
        Copy.objects.update_or_create(
            object=row,
            site_id=place.site_id,
            defaults={
                "version": kept.inventory.head, "state": CopyState.VERIFIED.value, "written_at": now, "verified_at": now,
                "looked_at": now, "damages": [], "inventory_sha512": digest,
            },
        )  # fmt: skip
    audit.record(
        actor="system", act=f"preservation.{package.kind}.kept", subject=row, at=now,
        data={
            "object": package.object_id, "version": kept.inventory.head, "inventory_sha512": digest,
            "sites": [place.code for place in places], "files": package.files, "bytes": package.bytes,
            "accession_no": package.accession_no, "written": kept.changed, "protection": row.protection,
        },
    )  # fmt: skip
    if package.kind == VOLUME:
        filing.note_preserved(volume_ids=[package.thing_id], at=now)
        renditions.note_kept(package.thing_id, now=now)
        held.note([package.thing_id])


def kept_and_read(thing_id: UUID, places: Sequence[Place]) -> str:
    """SHA-512 of the inventory of the newest version that the rows know to be at every one of these places, read back; or nothing."""
    row = ArchivalObject.objects.filter(id=thing_id).first()
    if row is None:
        return ""
    good = Copy.objects.filter(object=row, state=CopyState.VERIFIED.value, version=row.version)
    everywhere = set(good.values_list("site_id", flat=True)) >= {place.site_id for place in places}
    return row.inventory_sha512 if everywhere else ""
