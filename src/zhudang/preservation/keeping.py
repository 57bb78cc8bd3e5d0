"""Bring a volume or project into every store and say so only then: store what lacks (`storing`), write the rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.filing import operations as filing
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.domain.succession import Limits
from zhudang.preservation.formats import held, renditions
from zhudang.preservation.keys import keyring
from zhudang.preservation.models import ArchivalObject, Copy, of_thing
from zhudang.preservation.ocfl import sealing
from zhudang.preservation.ocfl.content import Act, Progress
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.writer import write_version
from zhudang.preservation.packing import VOLUME, Package
from zhudang.preservation.sites import Place
from zhudang.preservation.storing import Kept, KeptObject, Known, Storing, Write

SYSTEM_ADDRESS = "urn:zhudang:system"
_NOTHING = Known()


def limits() -> Limits:
    """What one object holds at most, as the settings say."""
    return Limits(settings.OBJECT_VERSIONS, settings.OBJECT_FILES)


def keep(
    package: Package,
    roots: Sequence[StorageRoot],
    *,
    message: str,
    now: datetime,
    known: Known = _NOTHING,
    progress: Progress | None = None,
    write: Write = write_version,
) -> Kept:
    """Make every place hold the package as the newest state of its volume or project, read back; inside `sites.writing`.

    Safe to run again after a crash anywhere: a place that lags is brought up to date from one that does not, a version
    that is there already is read whole instead of being written again, a succession half done is finished.

    Args:
        known: what the rows know of its objects.
        write: who writes a version.

    Raises:
        StoreFull, SourceChanged, CopyDiffers, TooLarge, NoSoundCopy.
        KeysUnusable: it is to be encrypted and cannot be; nothing was written.
    """
    return Storing(
        roots=roots,
        protection=keyring.protection(package.class_level, roots),
        act=Act(created=now, message=message, user_name="筑档 Zhudang", user_address=SYSTEM_ADDRESS),
        open_keys=lambda: keyring.identities(roots),
        known=known,
        limits=limits(),
        progress=progress,
        write=write,
    ).store(package.thing_id, package.contents)


@transaction.atomic
def note_kept(package: Package, kept: Kept, places: Sequence[Place], *, now: datetime) -> None:
    """Write that a state stands in every store, each copy read back; its volume counts as preserved from here on."""
    if not kept.read:
        return
    # Titles and levels are the thing's: an older object must not be shown to more people than the newest.
    ArchivalObject.objects.filter(of_thing(package.thing_id)).update(**_shared(package))
    for each in kept.objects:
        if each.read:
            _note_object(package, each, places, now)
    for each in kept.objects:
        if each.closed:
            _note_closed(each, now)
    if package.kind == VOLUME:
        filing.note_preserved(volume_ids=[package.thing_id], at=now)
        renditions.note_kept(package.thing_id, now=now)
        held.note([package.thing_id])


def _shared(package: Package) -> dict[str, Any]:
    return {
        "title": package.title, "level": package.level, "reference_code": package.reference_code,
        "accession_no": package.accession_no, "class_level": package.class_level,
    }  # fmt: skip


def _note_object(package: Package, each: KeptObject, places: Sequence[Place], now: datetime) -> None:
    name, digest = each.name, each.inventory.sha512
    facts = {
        **_shared(package), "version": each.inventory.head, "files": each.files, "bytes": each.bytes,
        "stored_bytes": each.stored_bytes, "inventory_sha512": digest, "kept_at": now,
        "protection": sealing.protection_of(each.inventory),
    }  # fmt: skip
    row = ArchivalObject.objects.select_for_update(no_key=True).filter(id=name.row_id).first()
    if row is None:
        older = ArchivalObject.objects.filter(of_thing(name.thing), part=name.part, generation__lt=name.generation)
        older.update(newest=False)
        row = ArchivalObject.objects.create(
            id=name.row_id, ocfl_id=str(name), kind=package.kind, project_id=package.project_id,
            volume_id=package.thing_id if package.kind == VOLUME else None, part=name.part, generation=name.generation,
            newest=not each.closed, first_kept_at=each.inventory.versions[1].created, **facts,
        )  # fmt: skip
    else:
        for field, value in facts.items():
            setattr(row, field, value)
        row.save(update_fields=list(facts))
    for place in places:
        Copy.objects.update_or_create(
            object=row,
            site_id=place.site_id,
            defaults={
                "version": each.inventory.head, "state": CopyState.VERIFIED.value, "written_at": now, "verified_at": now,
                "looked_at": now, "damages": [], "inventory_sha512": digest,
            },
        )  # fmt: skip
    audit.record(
        actor="system", act=f"preservation.{package.kind}.kept", subject=row, at=now,
        data={
            "object": str(name), "version": each.inventory.head, "inventory_sha512": digest,
            "sites": [place.code for place in places], "files": each.files, "bytes": each.bytes,
            "accession_no": package.accession_no, "written": each.changed, "protection": row.protection,
            **({} if package.log_number is None else {"log_number": package.log_number}),
        },
    )  # fmt: skip


def _note_closed(each: KeptObject, now: datetime) -> None:
    """Write that an object names its successor, which names it: the link stands both ways."""
    row = ArchivalObject.objects.get(id=each.name.row_id)
    if row.successor_id is None:
        row.successor_id = each.name.successor.row_id
        row.save(update_fields=["successor"])
        audit.record(
            actor="system", act="preservation.object.succeeded", subject=row, at=now,
            data={"object": str(each.name), "successor": str(each.name.successor), "version": each.inventory.head},
        )  # fmt: skip


def known_of(thing_id: UUID, places: Sequence[Place]) -> Known:
    """What the rows know of the objects of a volume or project, and of their copies at these places."""
    rows = list(ArchivalObject.objects.filter(of_thing(thing_id)))
    wanted = {place.site_id for place in places}
    good: dict[UUID, set[UUID]] = {}
    versions = {row.pk: row.version for row in rows}
    sound = Copy.objects.filter(object__in=rows, state=CopyState.VERIFIED.value)
    for object_id, site_id, version in sound.values_list("object_id", "site_id", "version"):
        if version == versions[object_id]:
            good.setdefault(object_id, set()).add(site_id)
    return Known(
        read={row.ocfl_id: row.inventory_sha512 for row in rows if good.get(row.pk, set()) >= wanted},
        newest={row.part: row.generation for row in rows if row.newest},
        closed=frozenset(row.ocfl_id for row in rows if row.successor_id),
    )
