"""The working calendar as the rule of working days takes it."""

from __future__ import annotations

from datetime import date

from zhudang.registry.models import CalendarDay, CalendarYear
from zhudang.shared.working_days import Calendar, calendar_of


def working_calendar(since: date | None = None) -> Calendar:
    """Give the calendar of our rows.

    Args:
        since: leave out the years before this day's; deadlines look ahead only.
    """
    days, years = CalendarDay.objects.all(), CalendarYear.objects.all()
    if since is not None:
        days, years = days.filter(day__year__gte=since.year), years.filter(year__gte=since.year)
    return calendar_of(days.values_list("day", "kind", "name"), years.values_list("year", flat=True))


def calendar_years() -> tuple[int, ...]:
    """Give the years whose calendar is read in, in order."""
    return tuple(CalendarYear.objects.order_by("year").values_list("year", flat=True))


def calendar_year_published(year: int) -> bool:
    """Tell whether a year's working calendar is read in; if not, weekdays are counted and marked."""
    return CalendarYear.objects.filter(year=year).exists()
