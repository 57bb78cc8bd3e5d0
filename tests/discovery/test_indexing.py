"""The index follows the records, and leaves alone what it says of them already."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from filing_support import NOW, Site

from zhudang.discovery import operations
from zhudang.discovery.models import Entry, PageText
from zhudang.filing.models import Record

pytestmark = pytest.mark.django_db


def test_a_step_on_the_road_changes_nothing_a_record_is_found_by() -> None:
    record_id = Site().record()
    assert operations.index_stale(limit=10, now=NOW) == 1
    before = set(PageText.objects.filter(record_id=record_id).values_list("id", flat=True))
    assert before
    Record.objects.filter(id=record_id).update(state="delivered", revision=F("revision") + 1)
    assert operations.index_stale(limit=10, now=NOW + timedelta(minutes=1)) == 1
    assert set(PageText.objects.filter(record_id=record_id).values_list("id", flat=True)) == before
    assert Entry.objects.get(record_id=record_id).revision == Record.objects.get(id=record_id).revision
    assert operations.index_stale(limit=10, now=NOW + timedelta(minutes=2)) == 0


@pytest.mark.parametrize("change", [{"title": "桩位偏差记录"}, {"formed_on": "2024-02-29"}])
def test_a_new_description_takes_the_place_of_the_old_one(change: dict[str, str]) -> None:
    record_id = Site().record()
    operations.index_stale(limit=10, now=NOW)
    [before] = PageText.objects.filter(record_id=record_id, page=0)
    Record.objects.filter(id=record_id).update(revision=F("revision") + 1, **change)
    operations.index_stale(limit=10, now=NOW + timedelta(minutes=1))
    [after] = PageText.objects.filter(record_id=record_id, page=0)
    assert (after.text, str(after.newest)) != (before.text, str(before.newest))
    assert change.get("title", "") in after.text
    assert str(after.newest) == change.get("formed_on", str(before.newest))
