"""Read the copies whole and say what was found: the fixity check of every copy, and of what lies beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.events import work
from zhudang.identity.rights import Actor, demand
from zhudang.preservation import logged, own_files, site_code, strays
from zhudang.preservation.copy_reading import UNDER_DESTRUCTION, Progress, UnderDestruction, read_copy
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import Copy, Reading
from zhudang.preservation.outcomes import ANOTHER_SITE, UNREACHABLE, Outcome, Summary
from zhudang.preservation.sites import Place, meet, places
from zhudang.shared.bulk import batched

_BATCH = 200


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
        yield from own_files.look_at_all(list(all_places.values()), repair=repair, now=now())
    yield from strays.rows_not_as_logged(object_id, repair, now)
    began = now()
    # A clock that ran ahead left moments to come: such copies were read at nobody knows when, and are read again.
    _rows(object_id).filter(looked_at__gt=began).update(looked_at=None)
    # Reading a copy notes the moment, so the next batch holds only copies not read yet; memory stays flat.
    reader = _Reader(all_places, repair, now, progress)
    unread = _rows(object_id).filter(site_id__in=near).exclude(looked_at__gte=began).select_related("object")
    while batch := list(unread.exclude(site_id__in=reader.silent)[:_BATCH]):
        yield from reader.read(batch)
    # What another reading came to first is passed over where it was sound; what was not is told here as well.
    not_sound = ~Q(state=CopyState.VERIFIED.value)
    noted = _rows(object_id).filter(not_sound, site_id__in=near, looked_at__gte=began).values_list("pk", flat=True)
    by_others = set(noted) - reader.told_wrong
    for some in batched(by_others, _BATCH):
        yield from reader.read(list(_rows(None).filter(pk__in=some).select_related("object")))
    silent = reader.silent
    not_told = ~Q(looked_at__gte=began) | Q(pk__in=by_others - reader.told_wrong) & not_sound
    left = _rows(object_id).filter(not_told, site_id__in=silent).select_related("object")
    for copy in left.iterator(chunk_size=_BATCH):
        yield Outcome(all_places[copy.site_id].code, copy.object.ocfl_id, copy.object.title, UNREACHABLE)
    if object_id is None:
        still = [place for place in all_places.values() if place.site_id not in silent]
        yield from strays.unknown(still)
        yield from strays.intruding(still)
        yield from strays.in_buckets(still)
        yield from strays.disposals_not_as_logged()
        yield from strays.holdings_not_as_logged()
        yield from strays.accounts_not_as_logged()
        yield from strays.owed_too_long(now())


@dataclass
class _Reader:
    """Reads copies one after another, and remembers which places fell silent and which copies it told not to be as written."""

    all_places: Mapping[UUID, Place]
    repair: bool
    now: Callable[[], datetime]
    progress: Progress | None
    silent: set[UUID] = field(default_factory=set)
    told_wrong: set[UUID] = field(default_factory=set)

    def read(self, batch: Sequence[Copy]) -> Iterator[Outcome]:
        """Read some copies; those of a place that falls silent are left unread."""
        said, every_place = logged.said_of({copy.object_id for copy in batch}), list(self.all_places.values())
        for copy in batch:
            if copy.site_id in self.silent:
                continue
            place = self.all_places[copy.site_id]
            try:
                told = read_copy(
                    copy, place, every_place, repair=self.repair, now=self.now(), said=said, progress=self.progress
                )
            except UnderDestruction:
                continue
            if told.state == UNREACHABLE:
                self.silent.add(copy.site_id)
                continue
            if not told.sound:
                self.told_wrong.add(copy.pk)
            yield told


def copies_apart() -> int:
    """How many copies lie on removable sets that nobody has called in."""
    return Copy.objects.filter(site_id__in=[place.site_id for place in places() if place.away]).count()


def _another_site(place: Place) -> Iterator[Outcome]:
    """Tell a folder that carries another site's code."""
    if place.carries:
        told = {"code": ANOTHER_SITE, "path": site_code.FILE, "expected": place.code, "found": place.carries}
        yield Outcome(place.code, "store", place.name, UNREACHABLE, damages=(told,))


def _rows(object_id: UUID | None) -> Any:
    rows = Copy.objects.exclude(UNDER_DESTRUCTION).order_by(F("looked_at").asc(nulls_first=True), "object_id")
    return rows.filter(object_id=object_id) if object_id else rows
