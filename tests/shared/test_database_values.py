"""Lists of ids go to the database as one array, moments come back whole, and both mean what Django's own ways mean."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection
from django.db.backends.postgresql.psycopg_any import register_tzloader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhudang.events.models import Delivery, Event
from zhudang.shared import database_values
from zhudang.shared.ids import new_id

NOW = datetime(2026, 6, 17, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def events():
    rows = [Event(id=new_id(), kind="a", subject=f"s{n}", data={}, at=NOW) for n in range(5)]
    Event.objects.bulk_create(rows)
    return [row.id for row in rows]


@pytest.fixture(params=[database_values.FEW, 1], autouse=True)
def few(request, monkeypatch):
    """Short lists go Django's way; every test is true of both ways."""
    monkeypatch.setattr(database_values, "FEW", request.param)


def found(ids):
    return set(Event.objects.filter(id__in=ids).values_list("id", flat=True))


@pytest.mark.parametrize(
    "made", [list, tuple, set, frozenset, dict.fromkeys, lambda ids: dict.fromkeys(ids, 1).keys(), iter]
)
def test_any_collection_of_ids_finds_its_rows(events, made):
    assert found(made(events[:3])) == set(events[:3])


def test_ids_twice_unknown_as_text_or_none_find_what_they_name(events):
    assert found([events[0], events[0], new_id()]) == {events[0]}
    assert found([str(events[0]), events[1], None]) == set(events[:2])
    assert found(Event.objects.filter(subject="s2").values("id")) == {events[2]}
    assert found([]) == set() and set(Event.objects.exclude(id__in=[])) == set(Event.objects.all())
    assert set(Event.objects.exclude(id__in=events[:4]).values_list("id", flat=True)) == {events[4]}


def test_a_word_that_is_no_id_is_refused_as_ever(events):
    with pytest.raises(Exception, match="UUID"):
        found([events[0], "not an id"])


def test_a_thousand_ids_are_one_value_of_the_statement():
    _, values = Event.objects.filter(id__in=[new_id() for _ in range(1000)]).query.sql_with_params()
    _, related = Delivery.objects.filter(event__in=[new_id() for _ in range(1000)]).query.sql_with_params()
    assert len(values) == len(related) == 1


def test_one_id_is_an_equality_so_that_an_index_is_walked_in_its_order(monkeypatch):
    monkeypatch.setattr(database_values, "FEW", 8)
    with connection.cursor() as cursor:
        # Of a table without rows the planner sorts as gladly as it walks the index; here it sorts only when it must.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    plan = Delivery.objects.filter(event_id__in=[new_id()]).order_by("handler").explain()
    assert "Sort" not in plan
    many = Delivery.objects.filter(event_id__in=[new_id() for _ in range(9)]).order_by("handler").explain()
    assert "Sort" in many, "a list of ids is no equality: were it one, this test could not fail"


def test_a_foreign_key_takes_rows_ids_and_queries_alike(events):
    Delivery.objects.bulk_create(Delivery(event_id=event, handler=f"h{n}") for n, event in enumerate(events))
    rows = list(Event.objects.filter(id__in=events[:2]))
    for wanted in (rows, events[:2], set(events[:2]), Event.objects.filter(id__in=events[:2]), [rows[0], events[1]]):
        assert set(Delivery.objects.filter(event__in=wanted).values_list("event_id", flat=True)) == set(events[:2])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_every_moment_comes_back_as_it_went(moment):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [moment])
        [back] = cursor.fetchone()
    assert back == moment and back.tzinfo is UTC


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Asia/Kolkata"])
def test_a_session_in_another_zone_is_read_as_django_reads_it(zone):
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL TIME ZONE '{zone}'")
        told = {}
        for name in ("ours", "theirs"):
            if name == "theirs":
                register_tzloader(UTC, cursor)
            cursor.execute("SELECT '1990-07-01 08:30:00.000005+08'::timestamptz")
            [told[name]] = cursor.fetchone()
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")
    assert told["ours"] == told["theirs"]


def test_a_moment_python_cannot_hold_is_refused():
    with connection.cursor() as cursor, pytest.raises(DataError):
        cursor.execute("SELECT 'infinity'::timestamptz")
        cursor.fetchone()
