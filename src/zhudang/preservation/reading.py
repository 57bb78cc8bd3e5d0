"""Read copies whole and say what was found: the fixity check of every copy, and the mending of a damaged one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.events import work
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import Actor, demand
from zhudang.preservation import far_copies, logged, site_code
from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.keys import keyring
from zhudang.preservation.models import ArchivalObject, Copy, Reading
from zhudang.preservation.ocfl import replicate
from zhudang.preservation.ocfl.inventory import INVENTORY, Inventory
from zhudang.preservation.ocfl.root import StorageRoot, StoreFull, StoreUnreachable
from zhudang.preservation.ocfl.verifier import NOT_AN_OBJECT, Damage, Verification, sha512_of, verify_object
from zhudang.preservation.ocfl.writer import CopyDiffers, SourceChanged
from zhudang.preservation.sites import Place, meet, places

MOST_ROWS = 500
_BATCH = 200
UNKNOWN, UNREACHABLE, REPAIRED, AHEAD, FORGED = "unknown", "unreachable", "repaired", "ahead", "forged"
NOT_AS_LOGGED, NO_ROOM, ANOTHER_SITE = "STO-007", "STO-008", "STO-009"
RETURNED, OWED = "returned", "owed"

UNDER_DESTRUCTION = Q(object__condemned_at__isnull=False, object__destroyed_at__isnull=True)
"""Copies that a disposal is removing at this moment: reading them would find them missing and bring them back."""


class UnderDestruction(Exception):
    """A copy's destruction began, or ended, while it was being read: what was found says nothing."""


COUNTS = ("copies", "files", "bytes", "sound", "repaired", "wrong_count")

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Outcome:
    """What reading one copy showed.

    Args:
        state: verified, damaged, missing, repaired, unreachable, unknown (an object the rows do not know, or what
            is no object at all), ahead (sound, with versions the rows do not know: the database was restored from before), forged (the rows tell otherwise
            than the log, of a destruction, of an object's state or of its copies), returned (part of a destroyed volume
            lies where it was cleared), or owed (a place should have been cleared of it by now).
    """

    site: str
    object: str
    title: str
    state: str
    files: int = 0
    bytes: int = 0
    damages: tuple[dict[str, str], ...] = ()

    @property
    def sound(self) -> bool:
        """Whether the copy is now as it was written."""
        return self.state in {CopyState.VERIFIED.value, REPAIRED, AHEAD}


@dataclass
class Summary:
    """The counts of a reading."""

    copies: int = 0
    files: int = 0
    bytes: int = 0
    sound: int = 0
    repaired: int = 0
    wrong: list[dict[str, Any]] = field(default_factory=list)
    wrong_count: int = 0

    def add(self, outcome: Outcome) -> None:
        self.copies += 1
        self.files += outcome.files
        self.bytes += outcome.bytes
        self.sound += outcome.sound
        self.repaired += outcome.state == REPAIRED
        if outcome.state != CopyState.VERIFIED.value:
            self.wrong_count += outcome.state != REPAIRED
            if len(self.wrong) < MOST_ROWS:
                self.wrong.append(asdict(outcome))

    def __iadd__(self, more: Summary) -> Summary:
        """Count what was read after this."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(more, name))
        self.wrong = [*self.wrong, *more.wrong][:MOST_ROWS]
        return self

    def after(self, row: Reading) -> Summary:
        """This, counted after what a row of the readings holds already."""
        before = Summary(**{name: getattr(row, name) for name in COUNTS}, wrong=row.wrong)
        before += self
        return before


@transaction.atomic
def ask(*, actor: Actor, now: datetime, object_id: UUID | None = None) -> UUID:
    """Ask for all copies (or one object's) to be read; gives the id of the work to follow, that under way where there is one.

    Raises:
        Forbidden.
    """
    from zhudang.preservation import jobs

    demand(actor, "preservation.object.verify")
    subject = f"preservation.archivalobject:{object_id}" if object_id else "preservation.store:all"
    if under_way := work.under_way(kind="preservation.read", subject=subject, actor=actor, now=now):
        return under_way
    total = _rows(object_id).count()
    work_id = work.start(kind="preservation.read", subject=subject, actor=actor, total=total, now=now)
    reading = Reading.objects.create(asked_by=actor.username, started_at=now)
    audit.record(actor=actor, act="preservation.reading.asked", subject=subject, at=now, data={"copies": total})
    jobs.read_copies.defer(
        reading_id=str(reading.id), work_id=str(work_id), object_id=str(object_id) if object_id else ""
    )
    return work_id


def run(reading_id: UUID, *, work_id: UUID, object_id: UUID | None) -> None:
    """Do an asked reading; damaged copies are mended from a sound one."""
    reading = Reading.objects.get(id=reading_id)
    if reading.finished_at:
        return
    summary = Summary()

    try:
        for outcome in read_all(object_id=object_id, repair=True, now=timezone.now):
            summary.add(outcome)
            work.advance_or_stop(work_id, summary.copies, outcome.title)
    except work.Cancelled:
        close(reading, summary)
        work.finish(work_id, "cancelled", {"link": "/preservation/"})
        return
    close(reading, summary)
    work.finish(
        work_id, "done", {"copies": summary.copies, "wrong": summary.wrong_count, "link": "/preservation/readings/"}
    )


@transaction.atomic
def close(reading: Reading, summary: Summary) -> None:
    """Write the result of a reading and tell the archive's people when something is wrong."""
    now = timezone.now()
    counts = asdict(summary)
    Reading.objects.filter(pk=reading.pk).update(finished_at=now, **counts)
    audit.record(
        actor=reading.asked_by, act="preservation.reading.done", subject=reading, at=now,
        data={name: value for name, value in counts.items() if name != "wrong"},
    )  # fmt: skip


def read_all(
    *, object_id: UUID | None = None, repair: bool, now: Callable[[], datetime], progress: Progress | None = None
) -> Iterator[Outcome]:
    """Read every copy whole, the longest unread first; a row is updated as soon as its copy was read.

    Args:
        repair: put a sound copy in the place of a damaged or missing one; the damaged one is set aside.

    Copies on a removable set that lies apart are passed over: they are read when it is called in.
    """
    from zhudang.preservation import strays

    all_places = {place.site_id: meet(place, now()) for place in places()}
    near = {site_id for site_id, place in all_places.items() if place.there}
    away = {site_id for site_id, place in all_places.items() if place.away}
    far = _rows(object_id).exclude(site_id__in=near | away).select_related("object")
    for copy in far.iterator(chunk_size=_BATCH):
        place = all_places.get(copy.site_id)
        yield Outcome(place.code if place else str(copy.site_id), copy.object.ocfl_id, copy.object.title, UNREACHABLE)
    if object_id is None:
        for place in all_places.values():
            yield from _another_site(place)
            yield from _own_files(place, repair)
    yield from strays.rows_not_as_logged(object_id, repair, now)
    began = now()
    # A clock that ran ahead left moments to come: such copies were read at nobody knows when, and are read again.
    _rows(object_id).filter(looked_at__gt=began).update(looked_at=None)
    # Reading a copy notes the moment, so the next batch holds only copies not read yet; memory stays flat.
    unread = _rows(object_id).filter(site_id__in=near).exclude(looked_at__gte=began).select_related("object")
    silent: set[UUID] = set()
    while batch := list(unread.exclude(site_id__in=silent)[:_BATCH]):
        for copy in batch:
            if copy.site_id in silent:
                continue
            place = all_places[copy.site_id]
            try:
                told = read_copy(copy, place, list(all_places.values()), repair=repair, now=now(), progress=progress)
            except UnderDestruction:
                continue
            if told.state == UNREACHABLE:
                silent.add(copy.site_id)
            else:
                yield told
    for copy in unread.filter(site_id__in=silent).iterator(chunk_size=_BATCH):
        yield Outcome(all_places[copy.site_id].code, copy.object.ocfl_id, copy.object.title, UNREACHABLE)
    if object_id is None:
        yield from strays.unknown(list(all_places.values()))
        yield from strays.intruding(list(all_places.values()))
        yield from strays.in_buckets([place for place in all_places.values() if place.site_id not in silent])
        yield from strays.disposals_not_as_logged()
        yield from strays.holdings_not_as_logged()
        yield from strays.owed_too_long(now())


def copies_apart() -> int:
    """How many copies lie on removable sets that nobody has called in."""
    return Copy.objects.filter(site_id__in=[place.site_id for place in places() if place.away]).count()


def _another_site(place: Place) -> Iterator[Outcome]:
    """Tell a folder that carries another site's code."""
    if place.carries:
        told = {"code": ANOTHER_SITE, "path": site_code.FILE, "expected": place.code, "found": place.carries}
        yield Outcome(place.code, "store", place.name, UNREACHABLE, damages=(told,))


def _own_files(place: Place, repair: bool) -> Iterator[Outcome]:
    """Tell where the store's own files (declaration, layout, text, key files) are not as written, and write them anew."""
    try:
        wrong = [*place.root.damaged_own_files(), *keyring.lacking_at(place.root)] if place.root else []
        if place.bucket is not None and place.reached:
            wrong = place.bucket.damaged_own_files()
        if not wrong:
            return
        if repair and place.bucket is not None:
            place.bucket.prepare()
        elif repair:
            keyring.equip([StorageRoot.create(place.path)])
    except (BucketUnreachable, BucketFull):
        return  # its copies will tell
    damages = tuple(asdict(Damage("STO-002", path, "", "")) for path in wrong)
    yield Outcome(place.code, "store", place.name, REPAIRED if repair else CopyState.DAMAGED.value, damages=damages)


def read_copy(
    copy: Copy,
    place: Place,
    all_places: list[Place],
    *,
    repair: bool,
    now: datetime,
    progress: Progress | None = None,
) -> Outcome:
    """Read one copy whole and note what was found; where asked, a damaged or missing one is mended from another place.

    Raises:
        StoreUnreachable: the place is not there.
        UnderDestruction.
    """
    if not place.there:
        raise StoreUnreachable(place.path)
    if repair and logged.settle(copy.object_id, now=now):
        _refresh(copy)
    try:
        outcome = _read_one(copy, place, now, progress)
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
    return outcome


def _rows(object_id: UUID | None) -> Any:
    rows = Copy.objects.exclude(UNDER_DESTRUCTION).order_by(F("looked_at").asc(nulls_first=True), "object_id")
    return rows.filter(object_id=object_id) if object_id else rows


def _read_one(copy: Copy, place: Place, now: datetime, progress: Progress | None) -> Outcome:
    object_id = copy.object.ocfl_id
    found = (
        far_copies.look(copy, place, place.bucket, progress)
        if place.bucket is not None
        else _looked_at(place.root, object_id, progress)
    )
    if (found is None or not found.sound) and not Copy.objects.exclude(UNDER_DESTRUCTION).filter(pk=copy.pk).exists():
        raise UnderDestruction
    if found is None:
        return _note(copy, place, Outcome(place.code, object_id, copy.object.title, CopyState.MISSING.value), now)
    wanted = _wanted(copy, place)
    if place.root is not None and found.inventory is not None and found.sound and found.inventory.sha512 not in wanted:
        # A writer's bytes stand before its rows do: what counts is what both say while nobody writes.
        with place.root.only_writer():
            _refresh(copy)
            found = verify_object(place.root.object_folder(object_id), object_id=object_id, progress=progress)
        wanted = _wanted(copy, place)
    damages = list(found.damages)
    if found.inventory is not None and not damages and found.inventory.sha512 not in wanted:
        if _goes_on_from(place, found.inventory, copy.object):
            return _note(
                copy, place, Outcome(place.code, object_id, copy.object.title, AHEAD, found.files, found.bytes), now
            )
        # Another version, or another object under its name: sound in itself is not enough.
        damages = [Damage("STO-004", "inventory.json", min(wanted), found.inventory.sha512)]
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


def _wanted(copy: Copy, place: Place) -> set[str]:
    """The SHA-512 of the inventories that a copy may have: by the log, and by the rows where it tells nothing."""
    told = logged.states_of(copy.object_id) if copy.object.condemned_at is None else {}
    newest = told[max(told)] if told else copy.object.inventory_sha512
    if place.facts.at_ingest or copy.version >= copy.object.version:
        return {newest}
    # It lags; a bucket may have been brought up just now, its row not yet.
    return {told.get(copy.version, copy.inventory_sha512)} | ({newest} if place.bucket is not None else set())


def _looked_at(root: StorageRoot | None, object_id: str, progress: Progress | None) -> Verification | None:
    """Read a copy in a folder whole; None where nothing lies there."""
    assert root is not None
    folder = root.object_folder(object_id)
    if (link := root.link_to(object_id)) is not None:
        damage = Damage(NOT_AN_OBJECT, link.relative_to(root.folder).as_posix())
        return Verification(object_id, None, 0, 0, (damage,))
    if not folder.is_dir():
        return None
    found = verify_object(folder, object_id=object_id, progress=progress)
    if found.damages:
        # A writer may just have been at it: what counts is what is there while nobody writes.
        with root.only_writer():
            root.mend(object_id)
            found = verify_object(folder, object_id=object_id, progress=progress)
    return found


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
            with place.root.only_writer():
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
        except (SourceChanged, CopyDiffers, OSError, ValueError):
            continue
        return _mended(copy, place, found, now)
    with suppress(SourceChanged, CopyDiffers, OSError, ValueError, BucketUnreachable):
        if place.root is not None and far_copies.mend_folder(place.root, copy.object, all_places, now):
            return _mended(copy, place, found, now)
    return None


def _mended(copy: Copy, place: Place, found: Outcome, now: datetime) -> Outcome:
    repaired = Outcome(place.code, found.object, found.title, REPAIRED, found.files, found.bytes, found.damages)
    # What lagged on a removable set or in a bucket is the newest version now.
    Copy.objects.filter(pk=copy.pk).update(version=copy.object.version, inventory_sha512=copy.object.inventory_sha512)
    return _note(copy, place, repaired, now)
