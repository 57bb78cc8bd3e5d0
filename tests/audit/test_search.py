"""Finding entries in a long log: the same ones reading everything would find, a bounded piece of it at a time."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from zhudang.audit import operations, sealing, search, search_blocks, verification, witness
from zhudang.audit.domain.chain import LoggedEntry, leaf_of
from zhudang.audit.domain.grams import grams, grams_asked
from zhudang.audit.domain.judging import Fault
from zhudang.audit.models import Entry, Seal, SearchBlock, Unsealed
from zhudang.audit.search import Asked, find

BEGUN = timezone.now().replace(year=2025, month=3, day=1, hour=4)


@pytest.fixture
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of eight entries, four looked through for a request: a long log in small."""
    for module in (search, search_blocks):
        monkeypatch.setattr(module, "WIDTH", 8)
    monkeypatch.setattr(search, "LOOK_AT", 4)


@pytest.fixture
def log_of_200(committed_db: str, short_blocks: None, settings: Any, tmp_path: Path) -> str:
    """Two hundred entries of which blocks tell, and five that wait for their seal."""
    settings.DATA, settings.SITES = tmp_path, []
    witness._up_to.clear()
    _write(200)
    _seal()
    _write(5, start=200)
    return committed_db


def _write(count: int, start: int = 0) -> None:
    for n in range(start, start + count):
        data = {
            "title": f"桥梁隐蔽工程验收记录 {n}",
            "document_no": f"C5-1-{n:06d}",
            "mark": "古桥拆除" if n in {3, 90, 202} else "",
        }
        operations.record(
            actor="inspector" if n % 50 == 9 else "clerk", act="filing.record.filed" if n % 2 else "filing.record.described",
            subject=f"filing.record:{n:04d}", at=BEGUN + timedelta(hours=n), data=data,
        )  # fmt: skip


def _seal() -> None:
    sealing.seal_everything(timezone.now())
    while not search_blocks.grow():
        pass


def _pages(
    asked: Asked, *, limit: int = 7, oldest_first: bool = False, between: Callable[[], None] = lambda: None
) -> Iterator[search.Found]:
    place, seen = "", 0
    while True:
        found = find(asked, place=place, oldest_first=oldest_first, limit=limit, seen=seen)
        yield found
        if not found.past:
            return
        place, seen = found.past, found.last
        between()


def _subjects(found: Iterator[search.Found]) -> list[str]:
    return [row.subject for page in found for row in page.rows]


def _all_as_read(asked: Asked) -> list[str]:
    """The subjects reading every entry finds, newest first."""
    rows = Entry.objects.filter(asked.condition).order_by("-id")
    if asked.only is not None:
        rows = rows.filter(id__in=Seal.objects.filter(number=asked.only).values("entry_id"))
    return list(rows.values_list("subject", flat=True))


ASKED = [
    Asked(), Asked(q="古桥拆除"), Asked(q="000090"), Asked(q="C5-1-00009"), Asked(q="隐蔽"), Asked(q="没有写过"), Asked(q="桥"), Asked(q="DESCRIBED"),
    Asked(q="document_no"), Asked(actor="inspector"), Asked(actor="insp"), Asked(act="filing.record.f"), Asked(act="record"), Asked(subject="record:009"),
    Asked(number="90"), Asked(number="9999"), Asked(number="90", actor="nobody"), Asked(since="2025-03-03", until="2025-03-04"), Asked(until="2025-03-02"),
    Asked(since="2999-01-01"), Asked(since="no day"), Asked(actor="inspector", q="隐蔽", act="filing", since="2025-03-02"), Asked(q='"mark": "古'),
]  # fmt: skip


@pytest.mark.parametrize("oldest_first", [False, True])
def test_page_by_page_and_as_a_file_the_log_gives_what_reading_every_entry_gives(
    log_of_200: str, oldest_first: bool
) -> None:
    assert SearchBlock.objects.count() == 25 and Unsealed.objects.count() == 5
    for asked in ASKED:
        read = _all_as_read(asked)
        expected = list(reversed(read)) if oldest_first else read
        assert _subjects(_pages(asked, oldest_first=oldest_first)) == expected, asked
        assert [row[4] for row in search.walk(asked, oldest_first=oldest_first)] == expected, asked


def test_every_entry_is_shown_exactly_once_while_others_come_in_and_are_sealed(log_of_200: str) -> None:
    there = _all_as_read(Asked())
    coming = iter(range(1_000, 9_000, 3))

    def between() -> None:
        start = next(coming)
        _write(3, start=start)
        if start % 2:
            _seal()

    shown = _subjects(_pages(Asked(), limit=3, between=between))
    assert shown == there
    shown = _subjects(_pages(Asked(q="桥梁"), limit=3, between=between))
    assert len(shown) == len(set(shown)) and set(there) <= set(shown)


def test_a_tail_that_is_longer_than_one_request_looks_at_is_shown_and_taken_out_whole(
    log_of_200: str,
) -> None:
    _write(60, start=205)
    there = _all_as_read(Asked())
    assert _subjects(_pages(Asked())) == there and [row[4] for row in search.walk(Asked())] == there
    assert [row[4] for row in search.walk(Asked(), oldest_first=True)] == there[::-1]
    first = find(Asked(q="没有写过"), limit=7)
    assert not first.rows and first.past and not first.is_all


def test_looking_ends_after_so_many_stretches_and_says_where(log_of_200: str) -> None:
    """One character tells nothing of where it stands."""
    found = find(Asked(q="龘"), limit=7)
    assert (found.rows, found.is_all, found.counted) == ([], False, 0)
    assert found.looked_to == 200 - 3 * 8 + 1 and found.past == str(found.looked_to)
    last = list(_pages(Asked(q="龘")))[-1]
    assert last.is_all and last.looked_to is None and not last.past


def test_only_stretches_that_can_have_the_words_are_looked_at(log_of_200: str) -> None:
    found = find(Asked(q="古桥拆除"), limit=7)
    assert found.is_all and [row.subject[-4:] for row in found.rows] == ["0202", "0090", "0003"]
    assert (found.first, found.last, found.total) == (1, 3, 3)


def test_counting_stops_at_its_bound_and_says_so(log_of_200: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "COUNT_TO", 10)
    found = find(Asked(q="隐蔽"), limit=7)
    assert found.counted > 10 and not found.is_all and len(found.rows) == 7 and found.looked_to is None
    everything = find(Asked(), limit=7)
    assert everything.is_all and everything.total == 205


def test_the_log_is_searched_before_any_block_is_written(committed_db: str, short_blocks: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    settings.DATA, settings.SITES = tmp_path, []
    witness._up_to.clear()
    monkeypatch.setattr(search_blocks, "AT_ONCE", 0)
    _write(100)
    sealing.seal_everything(timezone.now())
    assert not SearchBlock.objects.exists()
    assert _subjects(_pages(Asked(q="古桥拆除"))) == ["filing.record:0090", "filing.record:0003"]


def test_a_log_from_before_the_blocks_is_caught_up_with_in_passes(log_of_200: str, superuser_connection: Callable[[str], Any]) -> None:  # fmt: skip
    hand = superuser_connection(log_of_200)
    hand.execute("SET session_replication_role = replica")
    hand.execute("DELETE FROM audit_searchblock")
    assert not search_blocks.grow() and SearchBlock.objects.count() == search_blocks.AT_ONCE
    assert find(Asked(q="古桥拆除"), limit=7).rows
    while not search_blocks.grow():
        pass
    assert SearchBlock.objects.count() == 25
    assert find(Asked(q="古桥拆除"), limit=7).total == 3


def test_blocks_are_only_ever_added_to(log_of_200: str) -> None:
    for statement in (
        "UPDATE audit_searchblock SET grams = '{}'",
        "DELETE FROM audit_searchblock",
        "TRUNCATE audit_searchblock",
    ):
        with pytest.raises(Exception, match=r"denied|append-only"), connection.cursor() as cursor:
            cursor.execute(statement)


def test_blocks_taken_away_hide_nothing_from_the_log_read_as_a_whole(
    log_of_200: str, superuser_connection: Callable[[str], Any]
) -> None:
    hand = superuser_connection(log_of_200)
    hand.execute("SET session_replication_role = replica")
    hand.execute("DELETE FROM audit_searchblock WHERE index BETWEEN 3 AND 9")
    there = _all_as_read(Asked())
    assert len(there) == 205
    assert _subjects(_pages(Asked())) == there and [row[4] for row in search.walk(Asked())] == there


def test_entries_taken_away_do_not_stop_the_blocks(log_of_200: str, superuser_connection: Callable[[str], Any]) -> None:
    _write(11, start=205)
    hand = superuser_connection(log_of_200)
    hand.execute("SET session_replication_role = replica")
    sealing.seal_tail(timezone.now())
    hand.execute(
        "DELETE FROM audit_entry e USING audit_seal s WHERE s.entry_id = e.id AND s.number BETWEEN 201 AND 208"
    )
    _seal()
    assert SearchBlock.objects.count() == 27
    assert not Entry.objects.filter(Q(subject="filing.record:0201")).exists()
    assert len(_subjects(_pages(Asked()))) == 208


TEXTS = st.text(alphabet='abcdefgz0189-_ 隐蔽工程验收，:{"', max_size=60)


@given(TEXTS, TEXTS, TEXTS)
def test_the_grams_asked_of_any_part_are_grams_of_the_whole(before: str, part: str, after: str) -> None:
    whole = grams(before + part.upper() + after)
    assert set(grams_asked(part)) <= whole and grams(part) <= whole


def test_words_and_numbers_and_identifiers_have_grams_to_tell_them_by() -> None:
    for text in ("古桥", "C5-1-012345", "filing.record", "0198f3c2-7d1e-7a3b-9c4d-5e6f7a8b9c0d"):
        assert grams_asked(text), text
    assert not grams_asked("桥") and not grams_asked("-") and not grams_asked("")


def test_blocks_taken_away_or_made_false_are_told_by_a_verification(log_of_200, superuser_connection) -> None:
    assert verification.verify(timezone.now()).is_sound
    hand = superuser_connection(log_of_200)
    hand.execute("SET session_replication_role = replica")
    hand.execute("DELETE FROM audit_searchblock WHERE index = 3")
    hand.execute("UPDATE audit_searchblock SET grams = '{1}' WHERE index = 5")
    assert search_blocks.faults(sample=SearchBlock.objects.count()) == [32, 48]
    found = verification.verify(timezone.now()).findings
    assert (32, Fault.SEARCH) in [(each.number, each.fault) for each in found]


def test_an_act_is_found_by_what_it_is_called_with_blocks_and_without(log_of_200: str) -> None:
    operations.record(
        actor="clerk", act="audit.log.exported", subject="audit.log", at=timezone.now(), data={"what": "x"}
    )
    _write(20, start=300)
    _seal()
    assert "audit.log.exported" in search.acts_called("导出日志")
    for asked in (
        Asked(act="导出日志"),
        Asked(q="导出日志"),
        Asked(act="audit.log.exp"),
        Asked(act="导出", q="audit.log"),
    ):
        assert asked.ways, "blocks tell where it stands"
        assert _subjects(_pages(asked)) == ["audit.log"]
    assert _subjects(_pages(Asked(act="导出日志", q="古桥拆除"))) == []


def test_what_is_no_day_and_no_number_is_told(log_of_200: str) -> None:
    assert Asked(since="2026/11/30", until="2026-13-01", number="abc").unread == ["since", "until", "number"]
    assert Asked(since="2026-11-30", number="7").unread == []


def test_a_line_taken_out_has_what_its_leaf_is_made_of(log_of_200: str) -> None:
    lines = list(search.walk(Asked(subject="filing.record:0003")))
    (line,) = lines
    _, _, actor, act, subject, data, entry_id, account_id, moment, leaf = line
    entry = LoggedEntry(entry_id, datetime.fromisoformat(moment), actor, account_id, act, subject, json.loads(data))
    assert leaf_of(entry) == leaf == Seal.objects.get(entry_id=entry_id).leaf
    assert next(search.walk(Asked(subject="filing.record:0204")))[-1] is None, "it waits for its seal"
