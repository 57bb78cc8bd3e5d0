"""One copy read whole: what was found is noted, told, and mended from another place."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.preservation import far_copies, logged, naming_damage
from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl import replicate
from zhudang.preservation.ocfl.content import CopyDiffers, SourceChanged
from zhudang.preservation.ocfl.inventory import INVENTORY, Inventory
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, StoreFull, StoreUnreachable
from zhudang.preservation.ocfl.verifier import (
    MISSING,
    NO_ROOM,
    NOT_AN_OBJECT,
    UNREADABLE,
    Damage,
    Verification,
    sha512_of,
    verify_object,
)
from zhudang.preservation.outcomes import (
    AHEAD,
    NOT_WRITTEN,
    REPAIRED,
    UNREACHABLE,
    Outcome,
)
from zhudang.preservation.sites import NOT_WRITABLE, Place, still_there

UNDER_DESTRUCTION = Q(object__condemned_at__isnull=False, object__destroyed_at__isnull=True)
"""Copies that a disposal is removing at this moment: reading them would find them missing and bring them back."""
Progress = Callable[[int], None]


class UnderDestruction(Exception):
    """A copy's destruction began, or ended, while it was being read: what was found says nothing."""


def read_copy(
    copy: Copy,
    place: Place,
    all_places: list[Place],
    *,
    repair: bool,
    now: datetime,
    said: logged.Said,
    progress: Progress | None = None,
) -> Outcome:
    """Read one copy whole and note what was found; where asked, a damaged or missing one is mended from another place.

    A place that goes away meanwhile lost nothing: that is told (UNREACHABLE), and nothing is noted.

    Args:
        said: what the log said of its object a moment ago; where the copy does not fit that, the log is asked again.

    Raises:
        StoreUnreachable: the place is not there.
        UnderDestruction.
    """
    if not place.there:
        raise StoreUnreachable(place.path)
    if repair and copy.object_id in said.disagreeing and logged.settle(copy.object_id, now=now):
        _refresh(copy)
    try:
        outcome = _read_one(copy, place, all_places, now, said, progress)
        if repair and not outcome.sound:
            outcome = _mend(copy, place, all_places, outcome, now) or outcome
    except StoreFull as full:
        # It stays as it was found; the next are read all the same.
        no_room = asdict(Damage(NO_ROOM, str(full.folder)))
        return replace(outcome, damages=(*outcome.damages, no_room))
    except (BucketUnreachable, BucketFull):
        if place.bucket is None:
            raise
        # Nothing is known, so nothing is noted: a bucket that fell silent neither verified nor lost anything.
        return Outcome(place.code, copy.object.ocfl_id, copy.object.title, UNREACHABLE)
    except (OSError, StoreUnreachable):
        if place.bucket is not None or still_there(place):
            raise
        return Outcome(place.code, copy.object.ocfl_id, copy.object.title, UNREACHABLE)
    return outcome


def _read_one(
    copy: Copy, place: Place, all_places: list[Place], now: datetime, said: logged.Said, progress: Progress | None
) -> Outcome:
    object_id = copy.object.ocfl_id
    found = (
        far_copies.look(copy, place, place.bucket, progress)
        if place.bucket is not None
        else _looked_at(place.root, object_id, progress)
    )
    if (found is None or not found.sound) and not Copy.objects.exclude(UNDER_DESTRUCTION).filter(pk=copy.pk).exists():
        raise UnderDestruction
    if place.root is not None and (found is None or not found.sound) and not still_there(place):
        raise StoreUnreachable(place.path)
    wanted = _wanted(copy, place, said.states[copy.object_id])
    if found is None:
        gone = asdict(Damage(MISSING, INVENTORY, min(wanted)))
        missing = Outcome(place.code, object_id, copy.object.title, CopyState.MISSING.value, damages=(gone,))
        return _note(copy, place, missing, now)
    if found.inventory is not None and found.inventory.sha512 not in wanted:
        # It may have been kept since the log was asked.
        wanted = _wanted(copy, place, logged.states_of([copy.object_id])[copy.object_id])
    if place.root is not None and found.inventory is not None and found.sound and found.inventory.sha512 not in wanted:
        # A writer's bytes stand before its rows do: what counts is what both say while nobody writes.
        with _undisturbed(place.root):
            _refresh(copy)
            found = verify_object(place.root.object_folder(object_id), object_id=object_id, progress=progress)
        wanted = _wanted(copy, place, logged.states_of([copy.object_id])[copy.object_id])
    damages = list(found.damages)
    if found.inventory is not None and not damages and found.inventory.sha512 not in wanted:
        if _goes_on_from(place, found.inventory, copy.object):
            return _note(
                copy, place, Outcome(place.code, object_id, copy.object.title, AHEAD, found.files, found.bytes), now
            )
        # Another version, or another object under its name: sound in itself is not enough.
        damages = [Damage("STO-004", "inventory.json", min(wanted), found.inventory.sha512)]
    if damages:
        damages = naming_damage.named(copy, place, all_places, found, damages, wanted, progress)
    state = CopyState.DAMAGED.value if damages else CopyState.VERIFIED.value
    told = tuple(asdict(damage) for damage in damages)
    return _note(
        copy, place, Outcome(place.code, object_id, copy.object.title, state, found.files, found.bytes, told), now
    )


def _refresh(copy: Copy) -> None:
    """Read a copy's row again, and its object's.

    Raises:
        UnderDestruction.
    """
    if not Copy.objects.exclude(UNDER_DESTRUCTION).filter(pk=copy.pk).exists():
        raise UnderDestruction
    copy.refresh_from_db()


def _wanted(copy: Copy, place: Place, states: logged.States) -> set[str]:
    """The SHA-512 of the inventories that a copy may have: by the log, and by the rows where it tells nothing."""
    told = states if copy.object.condemned_at is None else {}
    newest = told[max(told)] if told else copy.object.inventory_sha512
    if place.facts.at_ingest or copy.version >= copy.object.version:
        return {newest}
    # It lags; a bucket may have been brought up just now, its row not yet.
    return {told.get(copy.version, copy.inventory_sha512)} | ({newest} if place.bucket is not None else set())


def _looked_at(root: StorageRoot | None, object_id: str, progress: Progress | None) -> Verification | None:
    """Read a copy in a folder whole; None where nothing lies there."""
    assert root is not None
    folder = root.object_folder(object_id)
    try:
        return _read_whole(root, folder, object_id, progress)
    except PermissionError as closed:
        path = Path(closed.filename or folder)
        damage = Damage(
            UNREADABLE, path.relative_to(root.folder).as_posix() if path.is_relative_to(root.folder) else "."
        )
        return Verification(object_id, None, 0, 0, (damage,))


def _read_whole(root: StorageRoot, folder: Path, object_id: str, progress: Progress | None) -> Verification | None:
    if (link := root.link_to(object_id)) is not None:
        damage = Damage(NOT_AN_OBJECT, link.relative_to(root.folder).as_posix())
        return Verification(object_id, None, 0, 0, (damage,))
    if not folder.is_dir():
        return None
    found = verify_object(folder, object_id=object_id, progress=progress)
    if found.damages:
        # A writer may just have been at it: what counts is what is there while nobody writes.
        with _undisturbed(root) as writable:
            if writable:
                root.mend(object_id)
            found = verify_object(folder, object_id=object_id, progress=progress)
    return found


@contextmanager
def _undisturbed(root: StorageRoot) -> Iterator[bool]:
    """Be the only writer; where the medium, or this account's rights, let us write nothing, go on without. Tells which."""
    with ExitStack() as held:
        try:
            held.enter_context(root.only_writer())
        except OSError as problem:
            if problem.errno not in NOT_WRITABLE:
                raise
            writable = False
        else:
            writable = True
        yield writable


def _goes_on_from(place: Place, found: Inventory, row: ArchivalObject) -> bool:
    """Tell whether an object holds the version the rows know, unchanged, and newer ones after it."""
    if found.head <= row.version:
        return False
    if place.bucket is not None:
        return place.bucket.version_sha512(row.ocfl_id, row.version) == row.inventory_sha512
    assert place.root is not None
    known = place.root.object_folder(row.ocfl_id) / f"v{row.version}" / INVENTORY
    return known.exists() and sha512_of(known)[0] == row.inventory_sha512


def note_damage(copy: Copy, place: Place, damages: list[Damage], *, now: datetime) -> bool:
    """Note that somebody who read part of a copy found it damaged, and tell people; False when that was known."""
    if copy.state == CopyState.DAMAGED.value:
        return False
    told = tuple(asdict(damage) for damage in damages)
    state = CopyState.DAMAGED.value
    _note(copy, place, Outcome(place.code, copy.object.ocfl_id, copy.object.title, state, damages=told), now)
    return True


@transaction.atomic
def _note(copy: Copy, place: Place, outcome: Outcome, now: datetime) -> Outcome:
    state = CopyState.VERIFIED.value if outcome.sound else outcome.state
    changes: dict[str, Any] = {"state": state, "looked_at": now, "damages": list(outcome.damages)}
    if outcome.sound:
        changes |= {"verified_at": now, "damages": []}
    became_bad = not outcome.sound and copy.state != state
    Copy.objects.filter(pk=copy.pk).update(**changes)
    if became_bad or outcome.state == REPAIRED:
        audit.record(
            actor="system", act=f"preservation.copy.{outcome.state}", subject=copy.object, at=now,
            data={"site": place.code, "damages": list(outcome.damages)},
        )  # fmt: skip
    if became_bad:
        for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
            events.tell(
                kind=f"preservation.copy.{outcome.state}", at=now, organisation_id=organisation_id,
                roles=[Role.ARCHIVIST, Role.KEEPER], data={"title": outcome.title, "site": place.name},
                link=f"/preservation/{copy.object_id}/",
            )  # fmt: skip
    return outcome


_NO_SOURCE = (ObjectDamaged, StoreUnreachable, SourceChanged, CopyDiffers, OSError, ValueError)
"""Why another place's copy cannot mend one: it is damaged itself, away, or not what its inventory says."""


def _mend(copy: Copy, place: Place, all_places: list[Place], found: Outcome, now: datetime) -> Outcome | None:
    """Replace a damaged copy from the first other place whose copy is the one the rows name, whole."""
    if place.bucket is not None:
        others = [other for other in all_places if other is not place]
        mended = far_copies.mend(copy, place, place.bucket, others, found.damages, now)
        return _mended(copy, place, found, now) if mended else None
    for other in all_places:
        if other is place or other.root is None or place.root is None:
            continue
        try:
            source = other.root.inventory(copy.object.ocfl_id)
            if source is None or source.sha512 != copy.object.inventory_sha512:
                continue
            with _undisturbed(place.root) as writable:
                if not writable:
                    return _not_written(found, place, OSError(errno.EROFS, ""))
                # A destruction may have begun since the copy was read; both write under this lock.
                if (
                    ArchivalObject.objects.filter(
                        pk=copy.object_id,
                        inventory_sha512=copy.object.inventory_sha512,
                        condemned_at=copy.object.condemned_at,
                    ).count()
                    == 0
                ):
                    return None
                replicate.replace_object(other.root, place.root, copy.object.ocfl_id, now=now)
        except _NO_SOURCE as problem:
            if isinstance(problem, OSError) and problem.errno in NOT_WRITABLE | {errno.EFBIG}:
                found = _not_written(found, place, problem)
            continue
        return _mended(copy, place, found, now)
    with suppress(*_NO_SOURCE, BucketUnreachable):
        if place.root is not None and far_copies.mend_folder(place.root, copy.object, all_places, now):
            return _mended(copy, place, found, now)
    return found


def _not_written(found: Outcome, place: Place, problem: OSError) -> Outcome:
    """As it was found, and why it stays so."""
    told = asdict(Damage(NOT_WRITTEN, str(place.path), "", errno.errorcode.get(problem.errno or 0, "")))
    return replace(found, damages=(*found.damages, told))


def _mended(copy: Copy, place: Place, found: Outcome, now: datetime) -> Outcome:
    repaired = Outcome(place.code, found.object, found.title, REPAIRED, found.files, found.bytes, found.damages)
    # What lagged on a removable set or in a bucket is the newest version now.
    Copy.objects.filter(pk=copy.pk).update(version=copy.object.version, inventory_sha512=copy.object.inventory_sha512)
    return _note(copy, place, repaired, now)
