"""Deadlines counted in working days, with every day shown as it was counted.

The rule knows no table: the calendar comes in as a mapping of the days the State Council (or the
city) has named. A year without a single named day is one whose calendar is not published yet: its
Mondays to Fridays count as working days and its boxes say so, so that the date can be counted again
when the calendar arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_LONGEST_SPAN_DAYS = 3660


class DayKind(StrEnum):
    """What one day of the calendar is."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"


@dataclass(frozen=True, slots=True)
class NamedDay:
    """A day the published calendar names: a holiday, or a weekend day worked in its stead."""

    kind: DayKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days published so far.

    Args:
        days: only holidays and make-up workdays need to be here; other days follow the week.
        years: the years whose calendar is published in full.
    """

    days: Mapping[date, NamedDay]
    years: frozenset[int]

    def day(self, day: date) -> NamedDay:
        """Tell what `day` is; weekdays decide where nothing is named."""
        if named := self.days.get(day):
            return named
        return NamedDay(DayKind.WEEKEND if day.weekday() >= 5 else DayKind.WORKDAY)

    def works(self, day: date) -> bool:
        """Tell whether people work on `day`."""
        return self.day(day).kind in {DayKind.WORKDAY, DayKind.MAKEUP}

    def published(self, day: date) -> bool:
        """Tell whether the calendar of that day's year is published (节假日已公布)."""
        return day.year in self.years


EMPTY_CALENDAR = Calendar({}, frozenset())


@dataclass(frozen=True, slots=True)
class DayBox:
    """One day on the way to a deadline, as drawn on the clock.

    Args:
        number: the how-manieth working day this is; None when it did not count.
        stopped: True when the clock stood still that day although people worked (补正).
    """

    day: date
    kind: DayKind
    name: str
    number: int | None
    published: bool
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline and how it was counted.

    Args:
        start: the day the clock was set going; counting begins with the day after.
        working_days: how many were granted.
        due: the last working day of the term.
    """

    start: date
    working_days: int
    due: date
    boxes: tuple[DayBox, ...]

    @property
    def unpublished(self) -> bool:
        """True when the term touches a year whose holidays are not published (节假日未公布)."""
        return any(not box.published for box in self.boxes)

    def used(self, today: date) -> int:
        """Count the working days of the term gone by before `today`, `today` itself not counted."""
        return sum(1 for box in self.boxes if box.number is not None and box.day < today)

    def left(self, today: date) -> int:
        """Count the working days still to come, `today` included; negative is never told here."""
        return sum(1 for box in self.boxes if box.number is not None and box.day >= today)

    def overdue(self, today: date) -> bool:
        """True from the day after the due day on."""
        return today > self.due


def calendar_of(days: Iterable[tuple[date, str, str]], years: Iterable[int] | None = None) -> Calendar:
    """Build a calendar from rows of (day, kind, name); years default to those of the rows."""
    named = {day: NamedDay(DayKind(kind), name) for day, kind, name in days}
    found = frozenset(years) if years is not None else frozenset(day.year for day in named)
    return Calendar(named, found)


def _box(day: date, calendar: Calendar, number: int | None, *, stopped: bool = False) -> DayBox:
    named = calendar.day(day)
    return DayBox(day, named.kind, named.name, number, calendar.published(day), stopped)


def add_working_days(
    start: date,
    n: int,
    calendar: Calendar = EMPTY_CALENDAR,
    *,
    stopped: Iterable[tuple[date, date | None]] = (),
) -> Clock:
    """Count `n` working days from the day after `start`; the last of them is the due day.

    Args:
        n: at least 0; with 0 the due day is `start` itself.
        stopped: spans in which the clock stood still: the day it stopped and the day it went on
            again. Days after the first and up to and including the second do not count. An open
            span (None) stops nothing here, because nobody knows yet how long it will be.

    Raises:
        ValueError: a negative term, or one that cannot end within ten years of days.
    """
    if n < 0:
        raise ValueError("a term of working days cannot be negative")
    spans = [(begin, end) for begin, end in stopped if end is not None]
    boxes: list[DayBox] = []
    counted, day = 0, start
    while counted < n:
        day += timedelta(days=1)
        if (day - start).days > _LONGEST_SPAN_DAYS:
            raise ValueError("the calendar has too few working days for this term")
        standing = any(begin < day <= end for begin, end in spans)
        if calendar.works(day) and not standing:
            counted += 1
            boxes.append(_box(day, calendar, counted))
        else:
            boxes.append(_box(day, calendar, None, stopped=standing and calendar.works(day)))
    return Clock(start, n, day if boxes else start, tuple(boxes))


def count_working_days(start: date, end: date, calendar: Calendar = EMPTY_CALENDAR) -> int:
    """Count the working days after `start` up to and including `end`; negative when `end` is earlier."""
    if end < start:
        return -count_working_days(end, start, calendar)
    span = (end - start).days
    return sum(1 for step in range(1, span + 1) if calendar.works(start + timedelta(days=step)))
