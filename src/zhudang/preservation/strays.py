"""What is wrong in the stores besides the copies: objects without rows, rows and destructions not as logged, or not carried out everywhere."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from zhudang.identity import as_logged as accounts_as_logged
from zhudang.preservation import as_logged, logged
from zhudang.preservation.bucket.client import BucketUnreachable
from zhudang.preservation.bucket.lying import lying_in
from zhudang.preservation.disposal import checking, clearing
from zhudang.preservation.disposal.owed import SITE, owed_at
from zhudang.preservation.domain.disposal import legal_day
from zhudang.preservation.domain.names import ObjectName, object_name
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import ArchivalObject
from zhudang.preservation.ocfl.intruders import LEVELS, intruders, object_ids_by_name
from zhudang.preservation.ocfl.inventory import INVENTORY, Inventory
from zhudang.preservation.ocfl.reader import object_inventories
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot
from zhudang.preservation.ocfl.verifier import UNEXPECTED, UNREADABLE, Damage, sha512_of
from zhudang.preservation.outcomes import FORGED, NOT_AS_LOGGED, OWED, REPAIRED, RETURNED, UNKNOWN, UNREACHABLE, Outcome
from zhudang.preservation.sites import Place

_BATCH = 200


def unknown(all_places: list[Place]) -> Iterator[Outcome]:
    """Tell objects in a folder's store that no row knows: left by another installation, by a lost database, or after a destruction."""
    for place in all_places:
        if place.root is None:
            continue
        closed: dict[str, OSError] = {}
        for strange in _without_row(inventory.object_id for _, inventory in _readable_ones(place.root, closed)):
            yield from _not_known(place, strange)
        for path, problem in closed.items():
            told = asdict(Damage(UNREADABLE, path, "", errno.errorcode.get(problem.errno or 0, "")))
            yield Outcome(place.code, path, place.name, CopyState.DAMAGED.value, damages=(told,))


def _readable_ones(root: StorageRoot, closed: dict[str, OSError]) -> Iterator[tuple[Path, Inventory]]:
    """The objects with their inventories; folders that cannot be listed are noted in `closed`, and who keeps them knows no object there."""

    def left_out(folder: Path, problem: Exception) -> None:
        if isinstance(problem, OSError) and len(folder.relative_to(root.folder).parts) <= LEVELS:
            closed[folder.relative_to(root.folder).as_posix()] = problem

    yield from object_inventories(root, left_out)


def intruding(all_places: list[Place]) -> Iterator[Outcome]:
    """Tell what lies in a folder's store and is no object: by its path, or by the id its folder's name tells."""
    for place in all_places:
        if place.root is None:
            continue
        for path in intruders(place.root):
            yield Outcome(place.code, path, place.name, UNKNOWN, damages=_as_found(place.root, path))
        for strange in _without_row(object_ids_by_name(place.root)):
            yield from _not_known(place, [each for each in strange if not _readable(place.root, each)])


def _as_found(root: StorageRoot, path: str) -> tuple[dict[str, str], ...]:
    """What a file that does not belong there holds; of a folder nothing is told."""
    try:
        digest = sha512_of(root.folder / path)[0] if _is_plain_file(root.folder / path) else ""
    except OSError:
        return ()
    if not digest:
        return ()
    return (asdict(Damage(UNEXPECTED, path, found=digest)),)


def _is_plain_file(path: Path) -> bool:
    # Opening what is no file may wait for ever.
    return path.is_file() and not path.is_symlink()


def in_buckets(all_places: list[Place]) -> Iterator[Outcome]:
    """Tell what `unknown` and `intruding` tell of folders: each bucket is listed once, and an object is known there by its folder's name."""
    for place in all_places:
        if place.bucket is None or not place.reached:
            continue
        lying = lying_in(place.bucket)
        try:
            while batch := list(islice(lying, _BATCH)):
                for path in (thing for thing, is_object in batch if not is_object):
                    yield Outcome(place.code, path, place.name, UNKNOWN)
                for strange in _without_row(thing for thing, is_object in batch if is_object):
                    yield from _not_known(place, strange)
        except BucketUnreachable:
            # What was not listed may be anything.
            yield Outcome(place.code, "store", place.name, UNREACHABLE)


def _without_row(object_ids: Iterable[str]) -> Iterator[list[str]]:
    """Tell, some at a time, which of these objects no row knows; those that do not bear a name of ours are left out."""
    ours = (object_id for object_id in object_ids if object_name(object_id) is not None)
    while batch := list(islice(ours, _BATCH)):
        known = set(ArchivalObject.objects.filter(ocfl_id__in=batch).values_list("ocfl_id", flat=True))
        yield [object_id for object_id in batch if object_id not in known]


def _readable(root: StorageRoot, object_id: str) -> bool:
    """Whether `unknown` told of it already."""
    try:
        return root.inventory(object_id) is not None
    except (ObjectDamaged, OSError):
        return False


def _not_known(place: Place, object_ids: list[str]) -> Iterator[Outcome]:
    """Tell what lies there without a row, but for what is owed there since its volume was destroyed elsewhere."""
    things = {object_id: name.thing for object_id in object_ids if (name := object_name(object_id)) is not None}
    gone = ArchivalObject.objects.filter(pk__in=things.values(), destroyed_at__isnull=False)
    destroyed = dict(gone.values_list("pk", "title"))
    owing = set(owed_at(place.code).filter(item__object_id__in=destroyed))
    for object_id, thing in things.items():
        if thing in owing:
            continue
        state = RETURNED if thing in destroyed else UNKNOWN
        yield Outcome(place.code, object_id, destroyed.get(thing, object_id), state)


def rows_not_as_logged(object_id: UUID | None, repair: bool, now: Callable[[], datetime]) -> Iterator[Outcome]:
    """Tell the rows whose state of an object is not the one in the log; where asked, they are put back."""
    for each in list(logged.disagreements(None if object_id is None else [object_id])):
        if repair and logged.settle(each.object_id, now=now()) is None:
            continue
        damages = ({"code": NOT_AS_LOGGED, "path": INVENTORY, "expected": each.said[1], "found": each.found[1]},)
        yield Outcome("log", each.ocfl_id, each.title, REPAIRED if repair else FORGED, damages=damages)


def disposals_not_as_logged() -> Iterator[Outcome]:
    """Tell what counts as destroyed, or does not, otherwise than the log says."""
    for finding in checking.check():
        yield Outcome(
            "log",
            finding.subject,
            finding.title,
            FORGED,
            damages=({"code": finding.code, "path": finding.told, "expected": "", "found": ""},),
        )


def holdings_not_as_logged() -> Iterator[Outcome]:
    """Tell objects and copies that the rows do not know though the log does, or the other way round."""
    for each in as_logged.check():
        damage = {"code": each.code, "path": each.told, "expected": "", "found": ""}
        yield Outcome("log", each.object, each.title, FORGED, damages=(damage,))


def accounts_not_as_logged() -> Iterator[Outcome]:
    """Tell accounts that are open, cleared or in roles otherwise than the log says."""
    for each in accounts_as_logged.check():
        damage = {"code": each.code, "path": each.told, "expected": "", "found": ""}
        yield Outcome("log", f"identity.account:{each.account_id}", each.username, FORGED, damages=(damage,))


def owed_too_long(now: datetime) -> Iterator[Outcome]:
    """Tell what should have been cleared by now where it was destroyed elsewhere; into buckets a look is taken first."""
    for step, due in clearing.still_overdue(legal_day(now)):
        code = step.place.removeprefix(SITE)
        left = len(step.proof.get("keys") or ()) or ""
        told = {"code": "DSP-006", "path": step.place_name or step.place, "expected": f"{due}", "found": f"{left}"}
        yield Outcome(code, str(ObjectName(step.item.object_id)), step.item.title, OWED, damages=(told,))
