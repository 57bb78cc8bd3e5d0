"""What people see of one object: its copies with their proof, its versions and stored files, what lies beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from zhudang.content import queries as content
from zhudang.identity.rights import Actor
from zhudang.preservation.domain.names import ARCHIVE_ID
from zhudang.preservation.formats import renditions
from zhudang.preservation.formats.renditions import RenditionRow
from zhudang.preservation.models import ArchivalObject, RegisteredCopy, of_thing
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.root import ObjectDamaged
from zhudang.preservation.queries import ObjectRow, known_objects, shown
from zhudang.preservation.sites import places
from zhudang.shared.refusals import NotFound


@dataclass(frozen=True)
class StoredPart:
    """A file of an object, from its inventory."""

    path: str
    stored_path: str
    sha512: str


@dataclass(frozen=True)
class VersionRow:
    """A version of an object, from its inventory."""

    number: int
    created: datetime
    message: str
    files: int


@dataclass(frozen=True)
class Relative:
    """Another object of the same volume or project."""

    id: UUID
    ocfl_id: str
    part: int
    files: int


@dataclass(frozen=True)
class ObjectPage:
    """One object with its copies and their proof."""

    row: ObjectRow
    ocfl_id: str
    first_kept_at: datetime
    stored_bytes: int
    inventory_sha512: str
    store_path: str
    versions: tuple[VersionRow, ...]
    parts: tuple[StoredPart, ...]
    registered: tuple[RegisteredCopy, ...]
    """Copies on paper and film, those withdrawn too."""
    predecessor: Relative | None
    successor: Relative | None
    successor_named: bool
    """The last version names the successor; until then only that one names this."""
    other_parts: tuple[Relative, ...]
    volume_id: UUID | None = None
    destroyed_at: datetime | None = None
    renditions: tuple[RenditionRow, ...] = ()
    """What was made of its files, superseded ones too; those of files this actor may read."""


def object_page(actor: Actor, object_id: UUID, now: datetime) -> ObjectPage:
    """One object.

    Raises:
        Forbidden, NotFound.
    """
    found = known_objects(actor).filter(pk=object_id).first()
    if found is None:
        raise NotFound
    (row,) = shown([found.pk], now)
    inventory, store_path = _inventory(found.ocfl_id)
    return ObjectPage(
        row=row,
        ocfl_id=found.ocfl_id,
        first_kept_at=found.first_kept_at,
        stored_bytes=found.stored_bytes,
        inventory_sha512=found.inventory_sha512,
        store_path=store_path,
        versions=_versions(inventory),
        parts=_parts(inventory),
        registered=tuple(RegisteredCopy.objects.filter(object=found)),
        **_relatives(found),
        renditions=_renditions(actor, found),
        volume_id=found.volume_id,
        destroyed_at=found.destroyed_at,
    )


def _relatives(row: ArchivalObject) -> dict[str, Any]:
    """The objects beside one: before it, after it, and the newest of the other parts; whoever may know one may know all."""
    thing_id = row.volume_id or row.project_id or ARCHIVE_ID
    rows = ArchivalObject.objects.filter(of_thing(thing_id)).order_by("part", "generation")
    beside = {(each.part, each.generation): Relative(each.pk, each.ocfl_id, each.part, each.files) for each in rows}
    newest = [(each.part, each.generation) for each in rows if each.newest and each.part != row.part]
    return {
        "predecessor": beside.get((row.part, row.generation - 1)),
        "successor": beside.get((row.part, row.generation + 1)),
        "successor_named": row.successor_id is not None,
        "other_parts": tuple(beside[key] for key in newest),
    }


def _renditions(actor: Actor, row: ArchivalObject) -> tuple[RenditionRow, ...]:
    if row.volume_id is None:
        return ()
    found = renditions.of_volume(row.volume_id)
    originals = content.stored_files(found)
    return tuple(each for pk, rows in found.items() if originals[pk].level <= actor.reach for each in rows)


def _inventory(ocfl_id: str) -> tuple[Inventory | None, str]:
    """Read the object's inventory from the first place that gives it, and its path below that store."""
    for place in places():
        if place.root is None:
            continue
        try:
            inventory = place.root.inventory(ocfl_id)
        except (ObjectDamaged, OSError):
            continue
        if inventory is not None:
            return inventory, place.root.object_folder(ocfl_id).relative_to(place.root.folder).as_posix()
    return None, ""


def _versions(inventory: Inventory | None) -> tuple[VersionRow, ...]:
    if inventory is None:
        return ()
    return tuple(
        VersionRow(number, version.created, version.message, len(version.state))
        for number, version in sorted(inventory.versions.items(), reverse=True)
    )


def _parts(inventory: Inventory | None) -> tuple[StoredPart, ...]:
    if inventory is None:
        return ()
    return tuple(
        StoredPart(path, inventory.stored_path(digest), digest) for path, digest in sorted(inventory.state.items())
    )
