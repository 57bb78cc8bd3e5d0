"""The chain itself and the judgement over it: plain rules, no database."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhudang.audit.domain import chain
from zhudang.audit.domain.chain import GENESIS, LoggedEntry, leaf_of, seal
from zhudang.audit.domain.judging import ChainJudge, Fault, compare_with_witness, without


def entry(n: int, **changes: object) -> LoggedEntry:
    made = LoggedEntry(
        UUID(int=n),
        datetime(2026, 6, 17, 8, n % 60, tzinfo=UTC),
        "wang",
        None,
        "filing.record.filed",
        f"filing.record:{n}",
        {"n": n},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def judged(entries: list[LoggedEntry], seals: list[chain.SealedEntry]) -> list[tuple[int, Fault]]:
    found = {e.id: e for e in entries}
    judge = ChainJudge()
    for sealed in sorted(seals, key=lambda s: s.number):
        judge.look_at(sealed, found.get(sealed.entry_id))
    return [(f.number, f.fault) for f in judge.judge()]


@pytest.fixture
def ten() -> tuple[list[LoggedEntry], list[chain.SealedEntry]]:
    entries = [entry(n) for n in range(1, 11)]
    return entries, list(seal(entries, last_number=0, last_chain=GENESIS))


def test_sm3_is_the_national_digest() -> None:
    vector = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert hashlib.new("sm3", b"abc").hexdigest() == vector


def test_a_sound_chain_has_no_findings(ten) -> None:
    assert judged(*ten) == []


def test_the_same_moment_in_another_zone_is_the_same_leaf() -> None:
    from zoneinfo import ZoneInfo

    here = entry(1)
    assert leaf_of(here) == leaf_of(replace(here, at=here.at.astimezone(ZoneInfo("Asia/Shanghai"))))


@pytest.mark.parametrize(
    "column, value",
    [("actor", "li"), ("act", "x"), ("subject", "y"), ("data", {"n": 0}), ("account_id", UUID(int=1)),
     ("at", datetime(2026, 6, 17, 9, tzinfo=UTC))],
)  # fmt: skip
def test_any_changed_column_of_an_entry_is_found_by_its_number(ten, column, value) -> None:
    entries, seals = ten
    entries[6] = replace(entries[6], **{column: value})
    assert judged(entries, seals) == [(7, Fault.CHANGED)]


def test_a_removed_entry_is_found_with_and_without_its_seal(ten) -> None:
    entries, seals = ten
    assert judged(entries[:3] + entries[4:], seals) == [(4, Fault.REMOVED)]
    assert judged(entries[:3] + entries[4:], seals[:3] + seals[4:]) == [(4, Fault.REMOVED)]


def test_two_entries_whose_contents_changed_places_are_reordered(ten) -> None:
    entries, seals = ten
    seals[2], seals[5] = replace(seals[2], entry_id=seals[5].entry_id), replace(seals[5], entry_id=seals[2].entry_id)
    assert judged(entries, seals) == [(3, Fault.REORDERED), (6, Fault.REORDERED)]


def test_a_seal_rewritten_to_suit_a_changed_entry_breaks_the_chain_there(ten) -> None:
    entries, seals = ten
    entries[4] = replace(entries[4], actor="mallory")
    seals[4] = replace(seals[4], leaf=leaf_of(entries[4]))
    assert judged(entries, seals) == [(5, Fault.CHAIN)]


WITNESSED = {n: f"{n:016x}" for n in range(1, 9)}


def against(leaves: list[str]) -> list[tuple[int, Fault]]:
    present = dict(enumerate(leaves, start=1))
    return [(f.number, f.fault) for f in compare_with_witness(WITNESSED, present, witness="w")]


def test_a_witness_finds_a_changed_row_under_a_recomputed_chain() -> None:
    leaves = list(WITNESSED.values())
    leaves[2] = "f" * 16
    assert against(leaves) == [(3, Fault.CHANGED)]


def test_a_witness_finds_removed_inserted_and_reordered_rows_by_number() -> None:
    leaves = list(WITNESSED.values())
    assert against(leaves[:2] + leaves[3:]) == [(3, Fault.REMOVED)]
    assert against([*leaves[:2], "f" * 16, *leaves[2:]]) == [(3, Fault.INSERTED)]
    assert against([*leaves[:2], leaves[5], *leaves[2:5], *leaves[6:]]) == [(6, Fault.REORDERED)]
    assert against(leaves[:5]) == [(6, Fault.REMOVED), (7, Fault.REMOVED), (8, Fault.REMOVED)]


def test_what_came_after_the_witness_was_last_told_is_no_finding() -> None:
    assert against([*WITNESSED.values(), "a" * 16, "b" * 16]) == []


@given(st.lists(st.integers(1, 8), unique=True))
def test_a_witness_always_notices_when_the_log_is_another(order: list[int]) -> None:
    found = against([WITNESSED[n] for n in order])
    assert bool(found) == (order != list(range(1, 9)))


SPANS = st.lists(
    st.tuples(st.integers(1, 30), st.integers(0, 9)).map(lambda each: (each[0], each[0] + each[1])), max_size=6
)


@given(spans=SPANS, others=SPANS)
def test_what_no_other_span_covers_is_told_joined_and_ascending(spans, others):
    def numbers(of: list[tuple[int, int]]) -> set[int]:
        return {number for first, last in of for number in range(first, last + 1)}

    found = without(spans, others)
    assert numbers(found) == numbers(spans) - numbers(others)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(found))
