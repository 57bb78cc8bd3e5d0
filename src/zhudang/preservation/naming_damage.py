"""Of a copy whose own inventory cannot be trusted, or is not the one that counts, which files are other than they were written.

Such a copy may be sound in itself: rewritten with its inventories, or another object in its place. The inventory that counts
is known by its digest, which the log tells; it lies in the copy itself or at another place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from zhudang.preservation import far_copies, logged
from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable
from zhudang.preservation.models import Copy
from zhudang.preservation.ocfl.inventory import INVENTORY, Inventory, InventoryUnreadable, read_inventory
from zhudang.preservation.ocfl.verifier import (
    INVENTORY_BAD,
    NOT_AN_OBJECT,
    UNEXPECTED,
    UNREADABLE,
    Damage,
    StoredFiles,
    Verification,
    files_of,
    hold_against,
    known_files,
)
from zhudang.preservation.sites import Place

Progress = Callable[[int], None]


def named(
    copy: Copy,
    place: Place,
    all_places: Iterable[Place],
    found: Verification,
    damages: Sequence[Damage],
    wanted: Collection[str],
    progress: Progress | None,
) -> list[Damage]:
    """Give the damages with each file named whose digest is another than in the inventory that counts, and both digests.

    Args:
        found: what reading the copy by its own inventory showed.
        wanted: SHA-512 of the inventories the copy may have.

    Where that inventory is nowhere within reach the damages stay as they were found, with what is known of them.
    """
    if found.inventory is None and any(each.code == UNREADABLE for each in damages):
        return list(damages)  # what lets nobody in says nothing of its files
    trusted = found.inventory is not None and found.inventory.sha512 in wanted
    if trusted and all(_is_told_whole(each) for each in damages):
        return list(damages)
    if place.root is not None and place.root.link_to(copy.object.ocfl_id) is not None:
        return list(damages)
    counts = _inventory_that_counts(copy, place, all_places, wanted)
    if counts is None:
        only = next(iter(wanted)) if len(wanted) == 1 else ""
        return [replace(each, expected=only) if _lacks_expected(each) else each for each in damages]
    return _by_name(copy, place, counts, damages, progress)


def _by_name(
    copy: Copy, place: Place, counts: Inventory, damages: Sequence[Damage], progress: Progress | None
) -> list[Damage]:
    object_id = copy.object.ocfl_id
    files, known = files_of(counts, logged.states_of([copy.object_id])[copy.object_id]), known_files(counts)
    if place.bucket is not None:
        held = tuple(hold_against(place.bucket.tree(object_id, progress), files, known))
        settled = far_copies.without_coming(Verification(object_id, counts, 0, 0, held), copy)
        held = settled.damages if settled else held
    else:
        assert place.root is not None
        held = tuple(hold_against(StoredFiles(place.root.object_folder(object_id), progress), files, known))
    kept = [
        each
        for each in damages
        if each.code == NOT_AN_OBJECT
        or (each.path not in files and (each.code != UNEXPECTED or each.path not in known))
    ]
    paths = {each.path for each in kept}
    told = sorted([*kept, *(each for each in held if each.path not in paths)], key=lambda each: (each.path, each.code))
    return told or list(damages)


def _inventory_that_counts(
    copy: Copy, place: Place, all_places: Iterable[Place], wanted: Collection[str]
) -> Inventory | None:
    for each in (place, *(other for other in all_places if other is not place)):
        # A place that fell silent has no say in what the others hold; the copy itself was read a moment ago.
        with suppress(BucketUnreachable, BucketFull, OSError):
            for path in (INVENTORY, *(f"v{number}/{INVENTORY}" for number in {copy.version, copy.object.version})):
                data = _read(each, copy.object.ocfl_id, path)
                if data is None or hashlib.sha512(data).hexdigest() not in wanted:
                    continue
                with suppress(InventoryUnreadable):
                    return read_inventory(data)
    return None


def _read(place: Place, object_id: str, path: str) -> bytes | None:
    if place.bucket is not None:
        return place.bucket.object_file(object_id, path) if place.reached else None
    if place.root is None:
        return None
    try:
        return (place.root.object_folder(object_id) / path).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _is_told_whole(damage: Damage) -> bool:
    return damage.code != INVENTORY_BAD and bool(damage.expected or damage.code == UNEXPECTED)


def _lacks_expected(damage: Damage) -> bool:
    return damage.path == INVENTORY and not damage.expected
