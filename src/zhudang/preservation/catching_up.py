"""A place caught up with what it lacks, each copy counted only when it was read back: a removable set called in, or a new place.

Safe to kill anywhere: what was copied has its row, a run that goes on passes over what the one before it has read.
"""

from __future__ import annotations

import csv
import errno
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.events import work
from zhudang.identity.rights import Actor, demand
from zhudang.preservation import copy_reading, far_copies, logged, placement, rounds
from zhudang.preservation.bucket import credentials
from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable
from zhudang.preservation.disposal.owed import owed_at
from zhudang.preservation.domain.site_facts import Kind
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.keys import keyring
from zhudang.preservation.models import ArchivalObject, CatchUp, Copy, Site
from zhudang.preservation.ocfl import durable, layout, replicate
from zhudang.preservation.ocfl.content import CopyDiffers, SourceChanged
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, StoreFull, StoreUnreachable
from zhudang.preservation.ocfl.verifier import Verification, verify_object
from zhudang.preservation.outcomes import UNREACHABLE
from zhudang.preservation.policy_file import policy
from zhudang.preservation.sites import Place, meet, out_of_reach, places, still_there, why_failed
from zhudang.shared.refusals import NotFound, Reason, Refusal
from zhudang.shared.web.exports import FORMULA_STARTS

BATCH = 100
RUN_SECONDS = 3000.0
"""A run nobody asked for ends before the next is due, so that other work gets its turn."""
GO_ON_DAYS = 30
"""A run that was stopped is gone on with for so long: what it read is not read again."""
OPEN_LEVEL = 0
CATALOGUE = "CATALOGUE.csv"

Told = Callable[[int, str], None]


class CannotCatchUp(Refusal):
    """The place is not there to be written to; nothing was begun."""


@dataclass
class Done:
    """What came of a run: copies written, copies read whole, their bytes, and how many are not as they should be."""

    copied: int = 0
    read: int = 0
    bytes: int = 0
    wrong: int = 0
    not_taken: Reason | None = None
    """Why the medium did not take a file, though it takes others."""

    def counts(self) -> dict[str, int]:
        return {"copied": self.copied, "read": self.read, "bytes": self.bytes, "wrong": self.wrong}


@transaction.atomic
def ask(*, actor: Actor, site_code: str, now: datetime) -> UUID:
    """Ask for a place to be caught up and read whole; gives the id of the work to follow, that under way where there is one.

    Raises:
        Forbidden, NotFound.
        CannotCatchUp: it does not lie at its path, or no set of its label does.
    """
    from zhudang.preservation import jobs

    demand(actor, "preservation.site.catch_up")
    place = _place(site_code, now)
    subject = f"preservation.site:{place.site_id}"
    if under_way := work.under_way(kind="preservation.catch_up", subject=subject, actor=actor, now=now):
        return under_way
    total = lacking(place).count() + Copy.objects.filter(site_id=place.site_id).count()
    work_id = work.start(kind="preservation.catch_up", subject=subject, actor=actor, total=total, now=now)
    row = CatchUp.objects.create(site_id=place.site_id, asked_by=actor.username, started_at=now)
    audit.record(actor=actor, act="preservation.catch_up.asked", subject=subject, at=now, data={"code": site_code})
    jobs.catch_up.configure(lock=f"preservation.catch_up:{site_code}").defer(
        catch_up_id=str(row.id), work_id=str(work_id)
    )
    return work_id


def run(catch_up_id: UUID, *, work_id: UUID) -> None:
    """Do an asked run, told to the page that follows the work; run twice, it does nothing more."""
    row = CatchUp.objects.select_related("site").get(id=catch_up_id)
    if row.finished_at:
        return
    link = {"link": reverse("preservation:site", args=[row.site_id])}
    try:
        done = catch_up(row, told=lambda number, note: work.advance_or_stop(work_id, number, note))
    except work.Cancelled:
        work.finish(work_id, "cancelled", link)
    except Refusal as refusal:
        from zhudang.preservation.words import sentence

        work.finish(work_id, "failed", {"reason": str(sentence(refusal.reasons[0])), **link})
    else:
        work.finish(work_id, "done", {**done.counts(), **link})


def catch_up(row: CatchUp, *, told: Told | None = None) -> Done:
    """Write what the place lacks, then read everything there whole.

    Raises:
        work.Cancelled: from `told`; what was done stays.
        CannotCatchUp: the place is not there, went away, or is full; the row says so.
    """
    done = Done()
    began = began_at(row)
    try:
        place = _place(row.site.code, timezone.now())
        _make_ready(place)
        everywhere = places()
        pace = rounds.Pace(rounds.rhythms()[place.code].bytes_per_second, timedelta(days=1).total_seconds())
        for item in lacking(place).iterator(chunk_size=BATCH):
            _still_there(place)
            _bring(item, place, everywhere, done, pace)
            _tell(told, done, item.title)
        # A bucket is read in turn, at its own pace: to read all of it at every run would take its road for nothing.
        for copy in _unread(place, began) if place.bucket is None else ():
            _still_there(place)
            try:
                outcome = copy_reading.read_copy(
                    copy, place, everywhere, repair=True, now=timezone.now(), progress=pace
                )
            except copy_reading.UnderDestruction:
                continue
            if outcome.state == UNREACHABLE:
                raise StoreUnreachable(place.path)
            done.read, done.bytes, done.wrong = (
                done.read + 1,
                done.bytes + outcome.bytes,
                done.wrong + (not outcome.sound),
            )
            _tell(told, done, outcome.title)
        left = lacking(place).count()
        if place.facts.offline and place.root is not None:
            _still_there(place)
            _write_catalogue(place, place.root)
    except work.Cancelled:
        _close(row, done, Reason("preservation.catch_up_cancelled"))
        raise
    except (StoreFull, StoreUnreachable, BucketFull, BucketUnreachable, OSError) as cause:
        reason = _why_stopped(row.site.name, cause)
        _close(row, done, reason)
        raise CannotCatchUp(reason) from cause
    except CannotCatchUp as refusal:
        _close(row, done, refusal.reasons[0])
        raise
    _close(row, done, done.not_taken, complete=not done.wrong and not left)
    return done


def _why_stopped(name: str, cause: Exception) -> Reason:
    if isinstance(cause, StoreFull | BucketFull):
        return Reason("preservation.disk_full", {"place": name})
    if isinstance(cause, BucketUnreachable):
        return _not_reached(name, cause.problem)
    return (
        why_failed(name, cause) if isinstance(cause, OSError) else Reason("preservation.unreachable", {"place": name})
    )


def lacking(place: Place) -> QuerySet[ArchivalObject]:
    """The objects this place should hold in their newest version and does not, by their ids."""
    current = Copy.objects.filter(
        object=OuterRef("pk"), site_id=place.site_id, version=OuterRef("version"),
        inventory_sha512=OuterRef("inventory_sha512"),
    ).exclude(state=CopyState.MISSING.value)  # fmt: skip
    wanted = Q(pk__in=[])
    chosen = placement.chosen_places()
    for need, kind, level in _each_kind():
        placed = chosen.get(need)
        if placed is None or place.code in placed:
            wanted |= Q(kind=kind, level=level)
    found = ArchivalObject.objects.filter(wanted).filter(~Exists(current)).order_by("id")
    # What a disposal is removing comes nowhere; where old bytes are still owed, their clearing brings the tombstone.
    found = found.exclude(condemned_at__isnull=False, destroyed_at__isnull=True)
    return found.exclude(pk__in=owed_at(place.code))


def _each_kind() -> Iterator[tuple[str, str, int]]:
    from zhudang.preservation.domain.policy_data import KINDS, LEVELS

    for kind in KINDS:
        for level in LEVELS:
            yield policy().class_of(kind, level).code, kind, level


def began_at(row: CatchUp) -> datetime:
    """When the run this one goes on with began: the earliest of those before it that came to no end."""
    began = row.started_at
    before = CatchUp.objects.filter(site_id=row.site_id, started_at__lt=row.started_at).order_by("-started_at")
    for earlier in before.iterator():
        if earlier.complete or earlier.wrong or row.started_at - earlier.started_at > timedelta(days=GO_ON_DAYS):
            break
        began = earlier.started_at
    return began


def _place(site_code: str, now: datetime) -> Place:
    place = next((place for place in places(now) if place.code == site_code), None)
    if place is None:
        raise NotFound
    if place.facts.kind is Kind.S3:
        return _bucket_place(place, now)
    if place.root is None:
        raise CannotCatchUp(out_of_reach(place))
    return place


def _bucket_place(place: Place, now: datetime) -> Place:
    """A bucket that answered just now."""
    try:
        credentials.read(place.code)
    except credentials.CredentialsUnusable as refusal:
        raise CannotCatchUp(*refusal.reasons) from refusal
    place = meet(place, now)
    if not place.reached:
        problem = Site.objects.values_list("contact", flat=True).get(pk=place.site_id).get("problem", "")
        raise CannotCatchUp(_not_reached(place.name, problem))
    return place


def _not_reached(name: str, problem: str) -> Reason:
    return Reason("preservation.bucket_unreachable", {"place": name, "problem": problem})


def _make_ready(place: Place) -> None:
    """Give the place the key files, and a bucket its root."""
    if place.bucket is not None:
        far_copies.make_ready(place, place.bucket, timezone.now())
    elif place.root is not None:
        keyring.equip([place.root])


def _still_there(place: Place) -> None:
    """Stop when a set was taken away under us: what cannot be read then is not missing."""
    if place.root is not None and not still_there(place):
        raise CannotCatchUp(Reason("preservation.unreachable", {"place": place.name}))


def _bring(item: ArchivalObject, place: Place, everywhere: list[Place], done: Done, pace: rounds.Pace) -> None:
    """Bring one object to the place in its newest version, read it back whole, then write the row."""
    logged.settle(item.pk, now=timezone.now())
    fresh = ArchivalObject.objects.filter(pk=item.pk).first()
    if fresh is None or (fresh.condemned_at and not fresh.destroyed_at):
        return
    item = fresh
    if place.bucket is not None:
        found = far_copies.bring(item, place, place.bucket, everywhere, pace)
    else:
        assert place.root is not None
        try:
            found = _brought(item, place.root, everywhere, pace)
        except OSError as refused:
            if refused.errno != errno.EFBIG:
                raise
            # This file is too large for the medium; the others are brought all the same.
            done.not_taken = why_failed(place.name, refused)
            found = None
        _still_there(place)
    if found is None and not ArchivalObject.objects.filter(pk=item.pk, condemned_at=item.condemned_at).exists():
        return  # its destruction began meanwhile
    if found is None or not found.sound or found.inventory is None or found.inventory.sha512 != item.inventory_sha512:
        done.wrong += 1
        return
    _note(item, place, timezone.now())
    done.copied, done.bytes = done.copied + 1, done.bytes + found.bytes


def _brought(
    item: ArchivalObject, root: StorageRoot, everywhere: list[Place], pace: rounds.Pace
) -> Verification | None:
    with root.only_writer():
        if not far_copies.as_it_was(item):
            return None
        item.refresh_from_db()
        if not _copied(item, root, everywhere):
            return None
        return verify_object(root.object_folder(item.ocfl_id), object_id=item.ocfl_id, progress=pace)


def _copied(item: ArchivalObject, root: StorageRoot, everywhere: list[Place]) -> bool:
    """Copy what lacks from the first other place that holds the version the rows name; a damaged copy is set aside."""
    for other in everywhere:
        if other.root is None or other.root.folder == root.folder:
            continue
        try:
            source = other.root.inventory(item.ocfl_id)
            if source is None or source.sha512 != item.inventory_sha512:
                continue
            try:
                replicate.bring_up_to(other.root, root, item.ocfl_id)
            except ObjectDamaged:
                replicate.replace_object(other.root, root, item.ocfl_id, now=timezone.now())
        except (ObjectDamaged, SourceChanged, CopyDiffers, FileNotFoundError):
            continue
        return True
    return False


@transaction.atomic
def _note(item: ArchivalObject, place: Place, now: datetime) -> None:
    rows = ArchivalObject.objects.select_for_update(no_key=True).filter(pk=item.pk, condemned_at=item.condemned_at)
    if not rows.exists():
        return  # its destruction began meanwhile, and finds what was brought
    Copy.objects.update_or_create(
        object=item, site_id=place.site_id,
        defaults={
            "version": item.version, "state": CopyState.VERIFIED.value, "written_at": now, "verified_at": now,
            "looked_at": now, "damages": [], "inventory_sha512": item.inventory_sha512,
        },
    )  # fmt: skip
    audit.record(
        actor="system", act="preservation.copy.caught_up", subject=item, at=now,
        data={"site": place.code, "version": item.version, "inventory_sha512": item.inventory_sha512},
    )  # fmt: skip


def _unread(place: Place, began: datetime) -> Iterator[Copy]:
    """The copies there that nobody has looked at since `began`; reading one notes it, so each comes once."""
    rows = (
        Copy.objects.filter(site_id=place.site_id).exclude(looked_at__gte=began).exclude(copy_reading.UNDER_DESTRUCTION)
    )
    rows = rows.select_related("object")
    while batch := list(rows.order_by(F("looked_at").asc(nulls_first=True), "object_id")[:BATCH]):
        yield from batch


def _tell(told: Told | None, done: Done, note: str) -> None:
    if told:
        told(done.copied + done.read + done.wrong, note)


@transaction.atomic
def _close(row: CatchUp, done: Done, reason: Reason | None, *, complete: bool = False) -> None:
    now = timezone.now()
    because = {"code": reason.code, "data": dict(reason.data)} if reason else {}
    CatchUp.objects.filter(pk=row.pk).update(
        finished_at=now, complete=complete, stopped_because=because, **done.counts()
    )
    audit.record(
        actor=row.asked_by, act="preservation.catch_up.done", subject=row.site, at=now,
        data={**done.counts(), "code": row.site.code, "complete": complete, "stopped": because},
    )  # fmt: skip


def _write_catalogue(place: Place, root: StorageRoot) -> None:
    """Write on the set itself what is on it; titles only of what is open, since the set leaves the house."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(
        ["总登记号 accession", "档号 code", "题名 title", "对象 object", "版本 version", "文件夹 folder", "清单 inventory sha512", "读回 verified"]
    )  # fmt: skip
    rows = (
        Copy.objects.filter(site_id=place.site_id)
        .select_related("object")
        .order_by("object__accession_no", "object_id")
    )
    for copy in rows.iterator(chunk_size=BATCH):
        item = copy.object
        table.writerow(
            [
                item.accession_no, item.reference_code, _title(item), item.ocfl_id,
                copy.version, f"store/{layout.object_path(item.ocfl_id)}", copy.inventory_sha512,
                copy.verified_at.isoformat() if copy.verified_at else "",
            ]
        )  # fmt: skip
    durable.replace_durably(root.place / CATALOGUE, b"\xef\xbb\xbf" + text.getvalue().encode())


def _title(item: ArchivalObject) -> str:
    if item.level != OPEN_LEVEL:
        return ""
    return f"'{item.title}" if item.title.startswith(FORMULA_STARTS) else item.title


def bucket_due(site_code: str, now: datetime) -> bool:
    """Whether a bucket is to be caught up now: something lacks there, key files too, or it is a day since nothing did."""
    place = next((place for place in places(now) if place.code == site_code), None)
    if place is None or place.bucket is None:
        return False
    last = CatchUp.objects.filter(site_id=place.site_id, complete=True).first()
    if last is None or now - last.started_at >= timedelta(days=1) or lacking(place).exists():
        return True
    return not far_copies.has_keys(Site.objects.get(pk=place.site_id))


def by_itself(site_code: str, *, seconds: float = RUN_SECONDS) -> Done | None:
    """Catch a bucket up that is due and there, for so many seconds at most; what is left the next run does.

    Gives None where nothing was begun. A bucket that does not answer leaves no run behind: its page says so already.
    """
    now, until = timezone.now(), time.monotonic() + seconds
    if not bucket_due(site_code, now):
        return None
    try:
        place = _place(site_code, now)
    except CannotCatchUp:
        return None
    row = CatchUp.objects.create(site_id=place.site_id, asked_by="system", started_at=now)

    def told(_number: int, _note: str) -> None:
        if time.monotonic() > until:
            raise CannotCatchUp(Reason("preservation.catch_up_goes_on"))

    try:
        return catch_up(row, told=told)
    except CannotCatchUp:
        return None


def begin_for_command(site_code: str) -> CatchUp:
    """Open the row of a run started by `zhudang call-in`.

    Raises:
        NotFound, CannotCatchUp.
    """
    now = timezone.now()
    _place(site_code, now)
    return CatchUp.objects.create(site=Site.objects.get(code=site_code), asked_by="zhudang call-in", started_at=now)
