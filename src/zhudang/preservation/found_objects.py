"""Objects found in a store while the catalogue is rebuilt: their rows, which goes on from which, and their copies at the places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery

from zhudang.audit import operations as audit
from zhudang.filing import queries as filing
from zhudang.preservation import archive_registers, catalogue
from zhudang.preservation.disposal import tombstone
from zhudang.preservation.disposal.owed import owed_at
from zhudang.preservation.domain.names import ARCHIVE_ID, is_original
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl import sealing
from zhudang.preservation.ocfl.reader import object_inventories
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.sites import Place
from zhudang.preservation.stored_objects import Store, StoredObject


@dataclass(frozen=True)
class Thing:
    """What an object is of, as its row says it."""

    kind: str
    title: str
    level: int
    class_level: int
    project_id: UUID | None = None
    volume_id: UUID | None = None
    reference_code: str = ""
    accession_no: str = ""
    gone_at: datetime | None = None


def of_project(row: Any, class_level: int) -> Thing:
    """Tell of a project's object what its row says."""
    return Thing("project", row.name, row.level, class_level, row.id, reference_code=row.code or "")


def of_volume(row: filing.VolumeRow, class_level: int) -> Thing:
    """Tell of a volume's object what its row says."""
    codes = row.reference_code or "", row.accession_no or ""
    return Thing("volume", row.title, row.level, class_level, row.project_id, row.id, *codes, row.destroyed_at)


def register(item: StoredObject, thing: Thing) -> None:
    """Make the row of an object that was found; what still owes its removal gets none."""
    held, inventory = item.held(), item.inventory
    if thing.gone_at and tombstone.FILE not in held:
        # A set that still owes the removal: its bytes are no holding, and `zhudang verify` tells that the tombstone lacks.
        return
    originals = [path for path in held if is_original(path)]
    sizes = {path: item.size(file) for path, file in held.items()}
    ArchivalObject.objects.create(
        id=item.name.row_id,
        ocfl_id=inventory.object_id,
        part=item.name.part,
        generation=item.name.generation,
        newest=False,
        kind=thing.kind,
        project_id=thing.project_id,
        volume_id=thing.volume_id,
        title=thing.title,
        reference_code=thing.reference_code,
        accession_no=thing.accession_no,
        level=thing.level,
        version=inventory.head,
        files=len(originals),
        bytes=sum(sizes[path] for path in originals),
        stored_bytes=sum(sizes.values()),
        class_level=thing.class_level,
        condemned_at=thing.gone_at,
        destroyed_at=thing.gone_at,
        protection=sealing.protection_of(inventory),
        inventory_sha512=inventory.sha512,
        first_kept_at=inventory.versions[1].created,
        kept_at=inventory.versions[inventory.head].created,
    )


def level_archive(levels: Mapping[UUID, int]) -> None:
    """Give the archive's own objects the level of the most secret thing they speak of."""
    if ARCHIVE_ID in levels:
        level = archive_registers.level_of(catalogue.Highest(levels[ARCHIVE_ID]))
        ArchivalObject.objects.filter(kind="archive").update(level=level, class_level=level)


def link_generations(store: Store) -> None:
    """Note of each part's objects which is the newest, and which name their successor."""
    newest = ArchivalObject.objects.filter(
        ~Exists(
            ArchivalObject.objects.filter(
                Q(volume=OuterRef("volume")) | Q(volume=None, project=OuterRef("project")) | Q(kind="archive"),
                kind=OuterRef("kind"), part=OuterRef("part"), generation__gt=OuterRef("generation"),
            )
        )
    )  # fmt: skip
    newest.update(newest=True)
    older = set(ArchivalObject.objects.filter(newest=False).values_list("ocfl_id", flat=True))
    for item in store.objects() if older else ():
        name = item.name
        if str(name) in older and item.successor() == str(name.successor):
            there = ArchivalObject.objects.filter(id=name.successor.row_id).values("id")
            ArchivalObject.objects.filter(id=name.row_id).update(successor=Subquery(there))


def register_copies(place: Place, root: StorageRoot) -> None:
    """Make the rows of the copies at a place, as written: nobody has read them yet."""
    known = {row.ocfl_id: row for row in ArchivalObject.objects.all()}
    rows = []
    # A set that still holds what was destroyed elsewhere holds no copy of what stands in the store now.
    owing = set(owed_at(place.code))
    for _, inventory in object_inventories(root):
        if (row := known.get(inventory.object_id)) and row.pk not in owing:
            written = inventory.versions[inventory.head].created
            rows.append(
                Copy(
                    object=row,
                    site_id=place.site_id,
                    version=inventory.head,
                    state=CopyState.WRITTEN.value,
                    written_at=written,
                    inventory_sha512=inventory.sha512,
                )
            )
    Copy.objects.bulk_create(rows)


def tell_what_was_found(now: datetime) -> None:
    """Write each object's state to the log: from here on copies are held against it (`logged`)."""
    rows = ArchivalObject.objects.filter(condemned_at=None).order_by("pk")
    found = rows.values_list("pk", "ocfl_id", "version", "inventory_sha512").iterator(chunk_size=1000)
    audit.record_many(
        actor="system", act="preservation.object.rebuilt", at=now,
        about=(
            (f"preservation.archivalobject:{pk}", {"object": ocfl_id, "version": version, "inventory_sha512": digest})
            for pk, ocfl_id, version, digest in found
        ),
    )  # fmt: skip
