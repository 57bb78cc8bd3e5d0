"""Deadlines in working days, with every day shown as it was counted."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from zhudang.registry.operations.calendars import published_days
from zhudang.shared.working_days import DayKind, add_working_days, calendar_of, count_working_days

DAYS_2026, _SOURCE = published_days(2026)
CALENDAR = calendar_of(DAYS_2026, [2026])
DATES = st.dates(date(2025, 6, 1), date(2027, 6, 1))


def test_a_named_holiday_does_not_count_and_is_named():
    clock = add_working_days(date(2026, 6, 17), 3, CALENDAR)
    assert clock.due == date(2026, 6, 23)
    holiday = next(box for box in clock.boxes if box.kind is DayKind.HOLIDAY)
    assert holiday.name == "端午节"
    assert holiday.number is None


def test_a_weekend_day_worked_instead_counts_as_a_working_day():
    worked = [day for day, kind, _name in DAYS_2026 if kind == "makeup"]
    assert worked
    assert all(CALENDAR.works(day) and day.weekday() >= 5 for day in worked)


def test_a_year_without_a_calendar_counts_weekdays_and_says_so():
    clock = add_working_days(date(2027, 9, 30), 1, CALENDAR)
    assert clock.due == date(2027, 10, 1)
    assert clock.unpublished


def test_days_while_the_clock_stood_still_are_shown_and_not_counted():
    clock = add_working_days(date(2026, 3, 2), 3, CALENDAR, stopped=[(date(2026, 3, 3), date(2026, 3, 5))])
    assert clock.due == date(2026, 3, 9)
    assert [box.day.day for box in clock.boxes if box.stopped] == [4, 5]


def test_what_is_used_and_what_is_left_add_up_to_what_was_granted():
    clock = add_working_days(date(2026, 6, 15), 5, CALENDAR)
    today = date(2026, 6, 18)
    assert (clock.used(today), clock.left(today)) == (2, 3)
    assert not clock.overdue(clock.due)
    assert clock.overdue(date(2026, 6, 25))


@given(DATES, st.integers(0, 60))
def test_the_due_day_works_and_counting_back_gives_the_term(start, n):
    clock = add_working_days(start, n, CALENDAR)
    assert count_working_days(start, clock.due, CALENDAR) == n
    assert n == 0 or CALENDAR.works(clock.due)
    assert [box.number for box in clock.boxes if box.number] == list(range(1, n + 1))


@given(DATES, st.integers(0, 40), st.integers(0, 40))
def test_terms_add_up(start, first, second):
    halfway = add_working_days(start, first, CALENDAR).due
    assert add_working_days(halfway, second, CALENDAR).due == add_working_days(start, first + second, CALENDAR).due
