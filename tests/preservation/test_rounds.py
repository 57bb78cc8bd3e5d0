"""The continuous audit: whose turn it is, at which pace and hours, what a run finds, and what the page says of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from preservation.kept_project import KeptProject, roots, site_settings
from zhudang.events.models import Message
from zhudang.identity.models import Account
from zhudang.preservation import rounds, site_queries
from zhudang.preservation.domain.rhythm import Rhythm, rhythm_of
from zhudang.preservation.models import ArchivalObject, Copy, Reading

LONG_AGO = timedelta(days=70)


def _unread_for(span: timedelta, *, site: str = "b") -> int:
    """Let the copies of a place look as if they had been read so long ago."""
    then = timezone.now() - span
    return Copy.objects.filter(site__code=site).update(looked_at=then, verified_at=then)


def test_nothing_is_read_before_its_turn(kept: KeptProject) -> None:
    _unread_for(timedelta(days=59))
    assert rounds.read_on("b").copies == 0


def test_every_copy_in_turn_is_read_the_longest_unread_first(kept: KeptProject) -> None:
    count = _unread_for(LONG_AGO)
    eldest = Copy.objects.filter(site__code="b").last()
    Copy.objects.filter(pk=eldest.pk).update(looked_at=timezone.now() - 2 * LONG_AGO)
    assert rounds.read_on("b", seconds=0).copies == 0
    site = eldest.site_id
    assert rounds.in_turn(site, Rhythm(), timezone.now()).first() == eldest
    summary = rounds.read_on("b")
    assert (summary.copies, summary.sound, summary.wrong_count) == (count, count, 0) and summary.bytes > 0
    assert rounds.read_on("b").copies == 0
    assert not Copy.objects.filter(site__code="b", verified_at__lt=timezone.now() - timedelta(hours=1)).exists()


def test_damage_is_found_told_and_mended_without_anybody_asking(kept: KeptProject, tmp_path: Path) -> None:
    path = next(iter(sorted((tmp_path / "b" / "store").rglob("v1/content/files/0001.pdf"))))
    whole = path.read_bytes()
    path.write_bytes(b"rotten" + whole[6:])
    _unread_for(LONG_AGO)
    summary = rounds.read_on("b")
    assert summary.repaired == 1 and summary.wrong_count == 0
    assert next(iter(sorted((tmp_path / "b" / "store").rglob("v1/content/files/0001.pdf")))).read_bytes() == whole
    assert Message.objects.filter(kind="preservation.copy.damaged").exists()


def test_what_could_not_be_mended_is_tried_again_the_next_day_and_not_all_day_long(kept, tmp_path: Path) -> None:
    for site in "ab":
        next(iter(sorted((tmp_path / site / "store").rglob("v1/content/files/0001.pdf")))).write_bytes(b"rotten")
    _unread_for(LONG_AGO)
    assert rounds.read_on("b").wrong_count == 1
    assert rounds.read_on("b").copies == 0
    Copy.objects.filter(state="damaged").update(looked_at=timezone.now() - timedelta(hours=25))
    assert rounds.read_on("b").copies == 1


def test_a_place_out_of_reach_or_out_of_hours_is_left_alone(kept: KeptProject, settings, tmp_path: Path) -> None:
    _unread_for(LONG_AGO)
    hour = timezone.localtime().hour
    settings.SITES = [{**site, "read_hours": [(hour + 2) % 24, (hour + 3) % 24]} for site in settings.SITES]
    assert rounds.read_on("b").copies == 0
    settings.SITES = site_settings(tmp_path)
    roots(tmp_path)[1].folder.rename(tmp_path / "away")
    assert rounds.read_on("b").copies == 0 and rounds.read_on("nowhere").copies == 0


def test_a_reader_keeps_to_its_pace() -> None:
    moment, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        moment[0] += seconds

    pace = rounds.Pace(10.0, 3600.0, clock=lambda: moment[0], sleep=sleep)
    for _ in range(5):
        moment[0] += 0.5
        pace(20)
    assert pace.read / (moment[0] - 100.5) == pytest.approx(10.0)
    moment[0] += 1000
    pace(20)
    assert len(slept) == 5, "a slow medium is not slowed further"


def test_a_reader_waits_no_longer_than_its_run_lasts() -> None:
    slept: list[float] = []
    rounds.Pace(10.0, 480.0, clock=lambda: 100.0, sleep=slept.append)(10**9)
    assert slept == [480.0]


@given(st.integers(0, 24), st.integers(0, 24), st.integers(0, 23))
def test_the_hours_of_a_day_are_those_for_reading_or_not(begin: int, end: int, hour: int) -> None:
    if begin == end:
        return
    rhythm = Rhythm(hours=(begin, end))
    open_hours = {hour for hour in range(24) if rhythm.is_time(datetime(2026, 6, 17, hour, tzinfo=UTC))}
    assert len(open_hours) == rhythm.hours_a_day % 24 or rhythm.hours_a_day == 24
    assert rhythm.is_time(datetime(2026, 6, 17, hour, 59, tzinfo=UTC)) is (hour in open_hours)


def test_the_forecast_says_whether_a_place_can_be_read_in_time() -> None:
    overnight = Rhythm(days=90, bytes_per_second=10_000_000, hours=(22, 6))
    assert overnight.hours_a_day == 8
    assert overnight.days_for(10_000_000 * 3600 * 8 * 20) == pytest.approx(20)
    assert overnight.keeps_up_with(8_000_000_000_000) and not overnight.keeps_up_with(9_000_000_000_000)


def test_a_wrong_rhythm_tells_all_that_is_wrong_with_it() -> None:
    assert rhythm_of({"code": "a"}) == Rhythm()
    assert rhythm_of({"code": "a", "read_megabytes_per_second": 0.5, "read_hours": [22, 6]}) == Rhythm(
        bytes_per_second=500_000, hours=(22, 6)
    )
    with pytest.raises(ValueError, match=r"site a: read_megabytes_per_second: 0 .*; read_hours: .22. is no pair"):
        rhythm_of({"code": "a", "read_megabytes_per_second": 0, "read_hours": [22]})


def test_the_register_tells_how_far_a_place_is_and_whether_it_keeps_up(kept: KeptProject) -> None:
    count = _unread_for(timedelta(days=100))
    row = next(row for row in site_queries.site_rows(timezone.now()) if row.code == "b")
    assert (row.round.in_time, row.round.waiting, row.round.keeps_up) == (0, count, True)
    browser = Client()
    browser.force_login(Account.objects.get(username="archivist"))
    assert f"{count} 份轮到了" in browser.get("/preservation/sites/").content.decode()
    ArchivalObject.objects.update(stored_bytes=10**15)
    assert "读不过来" in browser.get("/preservation/sites/").content.decode()


def test_what_is_read_in_turn_stands_among_the_readings_one_row_a_place_and_day(kept, tmp_path: Path) -> None:
    count = _unread_for(LONG_AGO)
    rounds.read_on("b")
    _unread_for(LONG_AGO)
    next(iter(sorted((tmp_path / "b" / "store").rglob("v1/content/files/0001.pdf")))).write_bytes(b"rotten")
    rounds.read_on("b")
    row = Reading.objects.get(asked_by="rounds:b")
    assert (row.copies, row.sound, row.repaired, row.wrong_count) == (2 * count, 2 * count, 1, 0)
    assert [each["state"] for each in row.wrong] == ["repaired"]
    Reading.objects.update(started_at=timezone.now() - timedelta(days=1))
    _unread_for(LONG_AGO)
    rounds.read_on("b")
    assert [row.copies for row in Reading.objects.filter(asked_by="rounds:b")] == [count, 2 * count]
    browser = Client()
    browser.force_login(Account.objects.get(username="archivist"))
    assert "按期巡检 b" in browser.get("/preservation/readings/").content.decode()
