"""A catalogue that changes every night fills an object slowly, and is never held up by how full it is."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from zhudang.preservation.domain.batching import is_due
from zhudang.preservation.domain.succession import LIMITS, has_room

NIGHT = timedelta(days=1)


def versions_after(years: int) -> list[int]:
    """The nights on which a version is written, of a catalogue that changes every day; its object is succeeded when full."""
    written, in_object = [0], 1
    for night in range(1, years * 365):
        if is_due(in_object, (night - written[-1]) * NIGHT):
            written.append(night)
            in_object = in_object + 1 if has_room(in_object, LIMITS) else 1
    return written


def test_at_first_every_night_is_written_and_never_is_more_than_a_month_gathered():
    written = versions_after(6)
    assert written[:60] == list(range(60))
    assert max(later - earlier for earlier, later in pairwise(written)) <= 30


def test_an_object_lasts_two_years_of_nightly_changes():
    assert len([night for night in versions_after(2) if night < 2 * 365]) < LIMITS.versions


@given(st.integers(min_value=1, max_value=10_000))
def test_no_number_of_versions_stops_the_changes(versions: int):
    assert is_due(versions, timedelta(days=30))
