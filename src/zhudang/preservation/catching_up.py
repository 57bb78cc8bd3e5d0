"""A place caught up with what it lacks, each copy counted only when it was read back: a removable set called in, or a new place.

Safe to kill anywhere: what was copied has its row, a run that goes on passes over what the one before it has read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
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
from zhudang.preservation import bringing, copy_reading, far_copies, logged, own_files, placement, rounds, set_catalogue
from zhudang.preservation.bucket import credentials
from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable
from zhudang.preservation.disposal.owed import owed_at
from zhudang.preservation.domain.site_facts import Kind
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import ArchivalObject, CatchUp, Copy, Site
from zhudang.preservation.ocfl.root import StoreFull, StoreUnreachable
from zhudang.preservation.outcomes import UNREACHABLE, Outcome
from zhudang.preservation.policy_file import policy
from zhudang.preservation.sites import Place, meet, out_of_reach, places, still_there, why_failed
from zhudang.shared.refusals import NotFound, Reason, Refusal

BATCH = 100
RUN_SECONDS = 3000.0
"""A run nobody asked for ends before the next is due, so that other work gets its turn."""
GO_ON_DAYS = 30
"""A run that was stopped is gone on with for so long: what it read is not read again."""

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
        if place.bucket is None:
            for outcome in _read_there(place, everywhere, began, done, pace):
                _tell(told, done, outcome.title)
        left = lacking(place).count()
        if place.facts.offline and place.root is not None:
            _still_there(place)
            set_catalogue.write(place, place.root)
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
    """Give the place the key files, and a bucket its root; what is damaged among them is told and set aside."""
    list(own_files.look_at(place, repair=True, now=timezone.now(), equipping=True))
    if place.bucket is not None:
        far_copies.make_ready(place, place.bucket, timezone.now())


def _still_there(place: Place) -> None:
    """Stop when a set was taken away under us: what cannot be read then is not missing."""
    if place.root is not None and not still_there(place):
        raise CannotCatchUp(Reason("preservation.unreachable", {"place": place.name}))


def _bring(item: ArchivalObject, place: Place, everywhere: list[Place], done: Done, pace: rounds.Pace) -> None:
    try:
        size = bringing.bring(item, place, everywhere, pace)
    except bringing.NotBrought as refused:
        done.not_taken = refused.reason or done.not_taken
        done.wrong += 1
        return
    if size is not None:
        done.copied, done.bytes = done.copied + 1, done.bytes + size


def _unread(place: Place, began: datetime) -> Iterator[tuple[Copy, logged.Said]]:
    """The copies there that nobody has looked at since `began`; reading one notes it, so each comes once.

    With each comes what the log says of the objects of its batch.
    """
    rows = (
        Copy.objects.filter(site_id=place.site_id).exclude(looked_at__gte=began).exclude(copy_reading.UNDER_DESTRUCTION)
    )
    rows = rows.select_related("object")
    while batch := list(rows.order_by(F("looked_at").asc(nulls_first=True), "object_id")[:BATCH]):
        said = logged.said_of([copy.object_id for copy in batch])
        yield from ((copy, said) for copy in batch)


def _read_there(
    place: Place, everywhere: list[Place], began: datetime, done: Done, pace: rounds.Pace
) -> Iterator[Outcome]:
    """Read whole what nobody has looked at since `began`, mend it, and count what is wrong, whoever found it."""
    told_wrong: set[UUID] = set()
    for copy, said in _unread(place, began):
        _still_there(place)
        try:
            outcome = copy_reading.read_copy(
                copy, place, everywhere, repair=True, now=timezone.now(), said=said, progress=pace
            )
        except copy_reading.UnderDestruction:
            continue
        if outcome.state == UNREACHABLE:
            raise StoreUnreachable(place.path)
        done.read, done.bytes = done.read + 1, done.bytes + outcome.bytes
        if not outcome.sound:
            done.wrong += 1
            told_wrong.add(copy.pk)
        yield outcome
    done.wrong += _noted_by_others(place, began, told_wrong)


def _noted_by_others(place: Place, began: datetime, told: Collection[UUID]) -> int:
    """How many copies another reading came to first, and found not as written; those told here already are left out."""
    noted = Copy.objects.filter(~Q(state=CopyState.VERIFIED.value), site_id=place.site_id, looked_at__gte=began)
    return len(set(noted.exclude(copy_reading.UNDER_DESTRUCTION).values_list("pk", flat=True)) - set(told))


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
