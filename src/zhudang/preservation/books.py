"""Ledger, catalogue and store laid side by side (账物目相符): equal in volumes, files and bytes, or told where not.

Ledger: the accession register, the numbers given. Catalogue: volumes and records that count as preserved. Store:
what the inventories at each place say, read from the disk now (not every byte: that is the readings' work).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.events import work
from zhudang.filing.queries import kept as filing
from zhudang.identity.rights import Actor, demand
from zhudang.preservation import placement
from zhudang.preservation.bucket import shelf
from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable, Missing
from zhudang.preservation.disposal.owed import owed_at
from zhudang.preservation.domain.names import ObjectName, is_original, object_name
from zhudang.preservation.domain.site_facts import Kind
from zhudang.preservation.holding_classes import of_class
from zhudang.preservation.keys import keyring
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.models import ArchivalObject, BookComparison, Site
from zhudang.preservation.ocfl import sealing
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.reader import held_files, is_whole, object_inventories, plain_size
from zhudang.preservation.ocfl.sealing import CannotOpen, Held, Identities
from zhudang.preservation.sites import Place, meet, places
from zhudang.shared.refusals import Reason

MOST_DIFFERENCES = 500


@dataclass
class Side:
    """What one of the sides says: per volume its files and bytes.

    Args:
        volumes: id -> (files, bytes); None for a place out of reach.
    """

    side: str
    name: str
    volumes: dict[UUID, tuple[int, int]] | None = field(default_factory=dict)

    def counts(self) -> dict[str, Any]:
        """Give the side's sums for the page."""
        if self.volumes is None:
            return {"side": self.side, "name": self.name, "volumes": None, "files": None, "bytes": None}
        files = sum(count for count, _ in self.volumes.values())
        size = sum(size for _, size in self.volumes.values())
        return {"side": self.side, "name": self.name, "volumes": len(self.volumes), "files": files, "bytes": size}


def compare(*, actor: Actor, now: datetime) -> UUID:
    """Lay the books side by side and keep the result; gives its id.

    Raises:
        Forbidden.
        KeysUnusable: encrypted volumes could not be counted.
    """
    demand(actor, "preservation.object.verify")
    return _compared(actor.username, now)


def takes_long() -> bool:
    """Whether a bucket is to be counted: its server is asked for every object, which no page waits for."""
    return Site.objects.filter(kind=Kind.S3, in_use=True).exists()


@transaction.atomic
def ask(*, actor: Actor, now: datetime) -> UUID:
    """Ask for the books to be laid side by side; gives the id of the work to follow, that under way where there is one.

    Raises:
        Forbidden.
    """
    from zhudang.preservation import jobs

    demand(actor, "preservation.object.verify")
    subject = "preservation.store:all"
    if under_way := work.under_way(kind="preservation.books", subject=subject, actor=actor, now=now):
        return under_way
    work_id = work.start(kind="preservation.books", subject=subject, actor=actor, total=1, now=now)
    jobs.compare_books.defer(username=actor.username, work_id=str(work_id))
    return work_id


def run(username: str, *, work_id: UUID) -> None:
    """Do an asked comparison, told to the page that follows the work."""
    from zhudang.preservation.words import sentence

    link = {"link": reverse("preservation:books")}
    try:
        _compared(username, timezone.now())
    except KeysUnusable as refusal:
        work.finish(work_id, "failed", {"reason": str(sentence(refusal.reasons[0])), **link})
    else:
        work.finish(work_id, "done", link)


def _compared(username: str, now: datetime) -> UUID:
    all_places = places(now)
    # Buckets first: they take longest, and no transaction stands open while a server is asked.
    far = {place.code: _bucket(place, now) for place in all_places if place.facts.kind is Kind.S3}
    with transaction.atomic():
        ledger, catalogue = _ledger(), _catalogue()
        differences = list(differences_between(ledger, catalogue))
        stores = []
        for place in all_places:
            on_its_way = set[str]()
            if place.code in far:
                store, on_its_way = far[place.code]
                on_its_way |= _brought_since(place, now)
            else:
                store = _store(place)
            stores.append(store)
            elsewhere = _kept_elsewhere(place)
            found = [row for row in differences_between(ledger, store) if row["volume"] not in on_its_way]
            differences += [row for row in found if row["what"] != "lacking" or row["volume"] not in elsewhere]
        return _kept_result(username, [ledger, catalogue, *stores], differences, now)


def _kept_result(username: str, sides: list[Side], differences: list[dict[str, Any]], now: datetime) -> UUID:
    row = BookComparison.objects.create(
        made_at=now,
        made_by=username,
        sides=[side.counts() for side in sides],
        differences=differences[:MOST_DIFFERENCES],
        difference_count=len(differences),
    )
    audit.record(
        actor=username, act="preservation.books.compared", subject=row, at=now,
        data={"sides": row.sides, "differences": len(differences)},
    )  # fmt: skip
    return row.id


def differences_between(ledger: Side, other: Side) -> Iterable[dict[str, Any]]:
    """Tell every volume in which a side differs from the ledger: lacking there, too much there, other counts."""
    if ledger.volumes is None or other.volumes is None:
        return
    for volume_id in sorted(ledger.volumes.keys() | other.volumes.keys(), key=str):
        here, there = ledger.volumes.get(volume_id), other.volumes.get(volume_id)
        if here == there:
            continue
        what = "lacking" if there is None else "not_in_ledger" if here is None else "counts"
        yield {
            "side": other.side,
            "name": other.name,
            "volume": str(volume_id),
            "what": what,
            "ledger": here,
            "there": there,
        }


def _kept_elsewhere(place: Place) -> set[str]:
    """The volumes whose holding class people placed at other sites only: that they lack here is no difference."""
    wanted = Q(pk__in=[])
    for class_code, codes in placement.chosen_places().items():
        if place.code not in codes:
            wanted |= of_class(class_code)
    elsewhere = ArchivalObject.objects.filter(wanted, kind="volume").values_list("volume_id", flat=True)
    return {str(volume_id) for volume_id in elsewhere}


def _ledger() -> Side:
    newest = ArchivalObject.objects.filter(kind="volume", newest=True, destroyed_at=None)
    rows = newest.values("volume_id").annotate(Sum("files"), Sum("bytes")).order_by()
    return Side("ledger", "", {row["volume_id"]: (row["files__sum"], row["bytes__sum"]) for row in rows})


def _catalogue() -> Side:
    return Side("catalogue", "", filing.preserved_volume_sizes())


def _store(place: Place) -> Side:
    """Count what a place holds.

    Raises:
        KeysUnusable: it holds encrypted volumes and no key here opens them: they cannot be counted, which is not the
            same as lacking.
    """
    if place.root is None:
        return Side("site", place.name, None)
    counted: dict[UUID, _Counted] = {}
    # What was destroyed elsewhere and is still owed here is told as that, and is no holding.
    owing = set(owed_at(place.code))
    keys: Identities | None = None
    for folder, inventory in object_inventories(place.root):
        name = object_name(inventory.object_id)
        if name is None or name.thing in owing:
            continue
        if sealing.protection_of(inventory) != sealing.PLAIN and keys is None:
            keys = keyring.identities([place.root])
        try:
            held = held_files(folder, inventory, keys or Identities())
        except CannotOpen as problem:
            raise KeysUnusable(
                Reason(f"preservation.sealed_{problem.reason}", {"object": inventory.object_id})
            ) from problem
        counted.setdefault(name.thing, _Counted()).take(name, held, partial(_originals, folder, inventory, held))
    return Side("site", place.name, {thing: each.sums() for thing, each in counted.items() if each.is_volume})


def _bucket(place: Place, now: datetime) -> tuple[Side, set[str]]:
    """Count what a bucket holds; gives also the volumes that the hourly run has still to bring there.

    Raises:
        KeysUnusable: as `_store`.
    """
    from zhudang.preservation import catching_up

    on_its_way = _volumes(catching_up.lacking(place))
    met, owing = meet(place, now), set(owed_at(place.code))
    if met.bucket is None or not met.reached:
        return Side("site", place.name, None), on_its_way
    counted: dict[UUID, _Counted] = {}
    keys: Identities | None = None
    try:
        for item in shelf.objects(met.bucket):
            name = object_name(item.inventory.object_id)
            if name is None or name.thing in owing:
                continue
            if sealing.protection_of(item.inventory) != sealing.PLAIN and keys is None:
                keys = keyring.identities([])
            held = item.held(keys or Identities())
            counted.setdefault(name.thing, _Counted()).take(name, held, partial(_originals_in_bucket, item, held))
    except CannotOpen as problem:
        raise KeysUnusable(Reason(f"preservation.sealed_{problem.reason}", {"object": problem.name})) from problem
    except (BucketUnreachable, BucketFull, Missing):
        return Side("site", place.name, None), on_its_way
    return Side(
        "site", place.name, {thing: each.sums() for thing, each in counted.items() if each.is_volume}
    ), on_its_way


def _originals_in_bucket(item: shelf.Shelved, held: Mapping[str, Held]) -> tuple[int, int]:
    originals = [file for path, file in held.items() if is_original(path)]
    sizes = [size for file in originals if (size := item.plain_size(file)) is not None]
    return len(originals), sum(sizes)


def _volumes(objects: QuerySet[ArchivalObject]) -> set[str]:
    return {str(pk) for pk in objects.filter(kind="volume").values_list("volume_id", flat=True)}


def _brought_since(place: Place, began: datetime) -> set[str]:
    """The volumes brought to a place while it was being counted."""
    return _volumes(ArchivalObject.objects.filter(copies__site_id=place.site_id, copies__written_at__gte=began))


@dataclass
class _Counted:
    """What a place holds of one volume or project: of each part the newest object.

    Args:
        parts: part -> (generation, files, bytes).
        is_volume: its first part holds what only a volume's does; without that part it is not there.
    """

    parts: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    is_volume: bool = False

    def take(self, name: ObjectName, held: Mapping[str, Held], count: Callable[[], tuple[int, int]]) -> None:
        """Count an object, when it is the newest of its part so far."""
        self.is_volume = self.is_volume or "checks.json" in held
        if self.parts.get(name.part, (0,))[0] < name.generation:
            self.parts[name.part] = (name.generation, *count())

    def sums(self) -> tuple[int, int]:
        """Files and bytes of all parts."""
        return sum(files for _, files, _ in self.parts.values()), sum(size for _, _, size in self.parts.values())


def _originals(folder: Path, inventory: Inventory, held: Mapping[str, Held]) -> tuple[int, int]:
    """Count the original files of an object's newest version and the bytes of those that are on the disk."""
    originals = [file for path, file in held.items() if is_original(path)]
    there = [file for file in originals if is_whole(folder, inventory, file)]
    return len(originals), sum(plain_size(folder, inventory, file) for file in there)
