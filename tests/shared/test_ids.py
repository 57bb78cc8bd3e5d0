"""Permanent identifiers tell when they were made."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from zhudang.shared.ids import made_at, new_id


def test_an_identifier_tells_when_it_was_made():
    before = datetime.now(UTC)
    made = made_at(new_id())
    assert made is not None and timedelta(0) <= made - before.replace(microsecond=0) < timedelta(minutes=1)
    assert made_at(UUID("01890000-0000-7000-8000-000000000000")) == datetime.fromtimestamp(0x018900000000 / 1000, UTC)


def test_one_that_was_drawn_by_lot_tells_nothing():
    assert made_at(uuid4()) is None
