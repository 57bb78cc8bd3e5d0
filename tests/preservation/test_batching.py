"""A catalogue that changes every night for years does not run out of versions."""

from datetime import timedelta
from itertools import pairwise

from zhudang.preservation.domain.batching import MOST_VERSIONS, is_due

NIGHT = timedelta(days=1)


def versions_after(years: int) -> list[int]:
    """The nights on which a version is written, of a catalogue that changes every day."""
    written, nights = [0], years * 365
    for night in range(1, nights):
        if is_due(len(written), (night - written[-1]) * NIGHT):
            written.append(night)
    return written


def test_six_years_of_nightly_changes_fit_into_one_object():
    assert len(versions_after(6)) < MOST_VERSIONS


def test_at_first_every_night_is_written_and_never_is_more_than_a_year_gathered():
    written = versions_after(6)
    assert written[:60] == list(range(60))
    assert max(later - earlier for earlier, later in pairwise(written)) <= 365


def test_a_full_object_takes_no_more():
    assert not is_due(MOST_VERSIONS, timedelta(days=10_000))
