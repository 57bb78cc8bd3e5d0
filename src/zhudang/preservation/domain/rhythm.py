"""How often the copies at a place are read whole, how fast, and at which hours: the plan of the continuous audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zhudang.preservation.domain.states import READ_AGAIN_AFTER_DAYS

MEGABYTE = 1_000_000
EARLY = 2 / 3
"""A copy's turn comes when two thirds of the days have passed, so that a place that was written in one week is read over a
month and nothing becomes due while it waits for its turn."""


@dataclass(frozen=True)
class Rhythm:
    """The rhythm of one place.

    Attributes:
        days: every copy is read whole at least so often.
        bytes_per_second: no faster than this, on average over a run, so that people's work is not held up.
        hours: from and until which hour of the day (local time); (0, 24) is always, (22, 6) overnight.
    """

    days: int = READ_AGAIN_AFTER_DAYS
    bytes_per_second: int = 20 * MEGABYTE
    hours: tuple[int, int] = (0, 24)

    @property
    def hours_a_day(self) -> int:
        """How many hours of a day are for reading."""
        begin, end = self.hours
        return end - begin if begin < end else 24 - begin + end

    def is_time(self, moment: datetime) -> bool:
        """Whether the hour of this local moment is one for reading."""
        begin, end = self.hours
        return begin <= moment.hour < end if begin < end else moment.hour >= begin or moment.hour < end

    def days_for(self, size: int) -> float:
        """Forecast: days it takes to read so many bytes at this speed in these hours."""
        return size / (self.bytes_per_second * 3600 * self.hours_a_day)

    def keeps_up_with(self, size: int) -> bool:
        """Whether a place of so many bytes can be read as often as is asked: within the part of the days left for it."""
        return self.days_for(size) <= self.days * (1 - EARLY)


def rhythm_of(item: Mapping[str, Any]) -> Rhythm:
    """Read a site's rhythm from its settings: `read_megabytes_per_second`, `read_hours` as [22, 6]; what is not said is ours.

    Raises:
        ValueError: tells what is wrong, all of it at once.
    """
    wrong = []
    speed = item.get("read_megabytes_per_second", 20)
    if isinstance(speed, bool) or not isinstance(speed, int | float) or speed * MEGABYTE < 1:
        wrong.append(f"read_megabytes_per_second: {speed!r} is no speed, a byte a second at least")
    hours = item.get("read_hours", [0, 24])
    sound = (
        isinstance(hours, list)
        and len(hours) == 2
        and all(isinstance(hour, int) and not isinstance(hour, bool) and 0 <= hour <= 24 for hour in hours)
        and hours[0] != hours[1]
    )
    if not sound:
        wrong.append(f"read_hours: {hours!r} is no pair of different hours from 0 to 24")
    if wrong:
        raise ValueError(f"site {item.get('code', '?')}: {'; '.join(wrong)}")
    return Rhythm(bytes_per_second=int(speed * MEGABYTE), hours=(hours[0], hours[1]))
