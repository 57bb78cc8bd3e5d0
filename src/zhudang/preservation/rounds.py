"""The continuous audit: at every place, at its own pace, the copies are read whole one after another, the longest unread first.

Nobody has to ask for it. A run reads for some minutes and stops; what it read is noted copy by copy, so a killed run loses
the copy it was at. A damaged copy is told, set aside and mended as by any other reading (`copy_reading.read_copy`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from zhudang.preservation import copy_reading, logged, outcomes, own_files
from zhudang.preservation.domain.rhythm import EARLY, Rhythm, rhythm_of
from zhudang.preservation.domain.site_facts import read_sites
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import Copy, Reading
from zhudang.preservation.policy_file import call_in_days
from zhudang.preservation.sites import Place, bears_label, meet, places

log = structlog.get_logger("zhudang.preservation")
RUN_SECONDS = 480.0
"""A run ends before the next is due; what it was at is finished first."""

BATCH = 100
BY_TURN = "rounds:"
"""Who asked for a reading that nobody asked for; the place's code follows."""


def rhythms() -> dict[str, Rhythm]:
    """Site code -> rhythm, as the settings say; a removable set has the days between two calls.

    Raises:
        ValueError: a setting is wrong.
    """
    known = {str(item["code"]): rhythm_of(item) for item in settings.SITES}
    offline = [facts for facts in read_sites(settings.SITES).values() if facts.offline]
    return known | {facts.code: replace(known[facts.code], days=call_in_days(facts)) for facts in offline}


def whose_turn(site_id: UUID, rhythm: Rhythm, now: datetime) -> Q:
    """The condition that the turn of a copy of a place has come, unless a disposal is removing it (`copy_reading.UNDER_DESTRUCTION`).

    Those never looked at, those looked at long ago or at a moment to come (a clock ran ahead), and once a day those that were not sound then: another place may
    hold a sound copy by now.
    """
    before = now - timedelta(days=rhythm.days * EARLY)
    ailing = Q(looked_at__lt=now - timedelta(days=1)) & ~Q(state=CopyState.VERIFIED.value)
    due = Q(looked_at=None) | Q(looked_at__lt=before) | Q(looked_at__gt=now) | ailing
    return Q(site_id=site_id) & due


def in_turn(site_id: UUID, rhythm: Rhythm, now: datetime) -> QuerySet[Copy]:
    """The copies of a place whose turn has come, the longest unread first."""
    rows = Copy.objects.exclude(copy_reading.UNDER_DESTRUCTION).filter(whose_turn(site_id, rhythm, now))
    return rows.order_by(F("looked_at").asc(nulls_first=True), "object_id")


@dataclass
class Pace:
    """Holds a reader to so many bytes a second on average over a run, waiting no longer than the run lasts.

    A file is read at once, however large; the wait comes after it.
    """

    bytes_per_second: float
    seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    read: int = 0
    began: float = field(default=-1.0)

    def __call__(self, size: int) -> None:
        """Count bytes just read, and wait where that was faster than allowed."""
        if self.began < 0:
            self.began = self.clock()
        self.read += size
        gone = self.clock() - self.began
        ahead = min(self.read / self.bytes_per_second, self.seconds) - gone
        if ahead > 0:
            self.sleep(ahead)


def read_on(code: str, *, seconds: float = RUN_SECONDS) -> outcomes.Summary:
    """Read the copies of one place whose turn it is, for so many seconds at most, and mend what is damaged."""
    summary, until, now = outcomes.Summary(), time.monotonic() + seconds, timezone.now()
    all_places = places(now)
    place = next((place for place in all_places if place.code == code), None)
    rhythm = rhythms().get(code)
    # A bucket is asked every ten minutes whether it is there, also where it is not the hour for reading.
    place = meet(place, now) if place else None
    if place is None or rhythm is None or not place.there or not rhythm.is_time(timezone.localtime(now)):
        return summary
    pace = Pace(rhythm.bytes_per_second, seconds)
    # Reading a copy notes the moment, so the next batch holds only copies whose turn still is.
    while time.monotonic() < until and (batch := list(_batch(place, rhythm))):
        part = outcomes.Summary()
        said = logged.said_of({copy.object_id for copy in batch})
        try:
            for copy in batch:
                gone = place.facts.offline and not bears_label(place.path, place.facts.label)
                if gone or time.monotonic() >= until:
                    return summary
                try:
                    outcome = copy_reading.read_copy(
                        copy, place, all_places, repair=True, now=timezone.now(), said=said, progress=pace
                    )
                except copy_reading.UnderDestruction:
                    continue
                part.add(outcome)
                if outcome.state == outcomes.UNREACHABLE:
                    return summary
        finally:
            _note(code, part)
            summary += part
    return summary


def look_at_own_files(now: datetime) -> int:
    """Look at the stores' own files and those of the keys, mend what is wrong, and add it to the day's readings; tells how many places."""
    all_places, count = [meet(place, now) for place in places(now)], 0
    for outcome in own_files.look_at_all(all_places, repair=True, now=now, equipping=True):
        part = outcomes.Summary()
        part.add(outcome)
        _note(outcome.site, part)
        count += 1
    return count


@transaction.atomic
def _note(code: str, part: outcomes.Summary) -> None:
    """Add what was just read to the day's row of this place among the readings; at most a batch is lost with a killed run."""
    if not part.copies:
        return
    now = timezone.now()
    day = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Reading.objects.select_for_update(no_key=True).filter(asked_by=f"{BY_TURN}{code}", started_at__gte=day)
    row = rows.first() or Reading(asked_by=f"{BY_TURN}{code}", started_at=now)
    row.finished_at = now
    for name, value in asdict(part.after(row)).items():
        setattr(row, name, value)
    row.save()
    log.info("copies read in turn", site=code, copies=part.copies, bytes=part.bytes, wrong=part.wrong_count)


def _batch(place: Place, rhythm: Rhythm) -> QuerySet[Copy]:
    return in_turn(place.site_id, rhythm, timezone.now()).select_related("object")[:BATCH]
