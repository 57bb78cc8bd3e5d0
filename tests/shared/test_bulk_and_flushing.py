"""Many rows changed in one statement; large files forced to the disk as they are written."""

from datetime import UTC, datetime

import pytest

from zhudang.events.models import Event
from zhudang.shared import flushing
from zhudang.shared.bulk import save_changed
from zhudang.shared.flushing import Flusher
from zhudang.shared.ids import new_id

NOW = datetime(2026, 6, 17, tzinfo=UTC)


@pytest.mark.django_db
def test_only_the_named_fields_of_the_given_rows_change(django_assert_num_queries):
    rows = [Event(id=new_id(), kind="a", subject=f"s{n}", data={"n": n}, at=NOW) for n in range(5)]
    Event.objects.bulk_create(rows)
    for row in rows:
        row.kind, row.subject, row.data = "b", "not saved", {"n": None, "words": ["甲", "'"]}
    with django_assert_num_queries(1):
        save_changed(rows[:4], ["kind", "data"])
    stored = list(Event.objects.filter(id__in=[row.id for row in rows]).order_by("id"))
    assert [(row.kind, row.subject) for row in stored] == [("b", f"s{n}") for n in range(4)] + [("a", "s4")]
    assert stored[0].data == {"n": None, "words": ["甲", "'"]} and stored[4].data == {"n": 4}


@pytest.mark.django_db
def test_no_rows_cost_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        save_changed([], ["kind"])


def test_a_large_file_is_forced_on_the_way_and_at_the_end(tmp_path, monkeypatch):
    forced = []
    monkeypatch.setattr(flushing, "FORCED_EVERY_BYTES", 10)
    monkeypatch.setattr(flushing.os, "fdatasync", lambda _fd: forced.append("part"))
    monkeypatch.setattr(flushing.os, "fsync", lambda _fd: forced.append("whole"))
    flusher = Flusher(7)
    for _ in range(7):
        flusher.wrote(4)
    flusher.close()
    assert forced == ["part", "part", "whole"]


def test_a_part_that_cannot_be_forced_is_told(tmp_path, monkeypatch):
    def full(_fd):
        raise OSError(28, "no room")

    monkeypatch.setattr(flushing, "FORCED_EVERY_BYTES", 10)
    monkeypatch.setattr(flushing.os, "fdatasync", full)
    monkeypatch.setattr(flushing.os, "fsync", lambda _fd: None)
    flusher = Flusher(7)
    flusher.wrote(10)
    with pytest.raises(OSError, match="no room"):
        flusher.close()
