"""When a retention has ended, and who may do what: rules without a database."""

import tomllib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhudang.preservation.disposal import rules_file
from zhudang.preservation.disposal import words as disposal_words
from zhudang.preservation.domain import disposal
from zhudang.preservation.domain.disposal import HoldingFacts, read_rules, wait_until, why_not_dispose

OURS = tomllib.loads(rules_file.OURS.read_text(encoding="utf-8"))
RULES = read_rules(OURS)
READY = HoldingFacts("E1-2004-0001-001", "道路施工记录", "short", date(2004, 3, 1), 0)
TODAY = date(2026, 6, 17)


def codes(facts: HoldingFacts, today: date = TODAY) -> list[str]:
    return [reason.code.removeprefix("preservation.disposal_") for reason in why_not_dispose(facts, RULES, today=today)]


def test_a_short_term_of_twenty_years_is_counted_from_the_year_after():
    assert RULES.ends_on("short", date(2004, 3, 1)) == date(2024, 12, 31)
    assert codes(READY, date(2024, 12, 31)) == ["not_ended"]
    assert codes(READY, date(2025, 1, 1)) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"retention": "permanent"}, ["never_ends"]), ({"retention": "long"}, ["works_stand"]),
        ({"retention": ""}, ["no_retention"]), ({"newest": None}, ["no_date"]), ({"level": 2}, ["classified"]),
        ({"holds": ("诉讼", "查档")}, ["held", "held"]), ({"unproven": ("",)}, ["unproven"]), ({"in_case": "销2026-001"}, ["in_case"]),
        ({"destroyed": True}, ["gone"]), ({"extended_until": date(2026, 6, 17)}, ["extended"]), ({"extended_until": date(2026, 6, 16)}, []),
        ({"retention": "permanent", "level": 3, "holds": ("诉讼",), "unproven": ("a库",)}, ["never_ends", "classified", "held", "unproven"]),
    ],
)  # fmt: skip
def test_each_thing_against_it_is_a_reason_and_all_come_at_once(changed, told):
    assert codes(replace(READY, **changed)) == told


LONG = replace(READY, retention="long", works_ended=date(2024, 5, 1))


def test_what_is_kept_as_long_as_the_works_may_go_from_the_day_after_they_were_gone():
    assert codes(LONG, date(2024, 5, 1)) == ["not_ended"]
    assert codes(LONG, date(2024, 5, 2)) == []
    assert codes(replace(LONG, newest=None), date(2024, 5, 2)) == []


def test_a_document_made_after_the_works_were_gone_puts_the_end_off_to_its_own_day():
    assert codes(replace(LONG, newest=date(2024, 7, 9)), date(2024, 7, 9)) == ["not_ended"]
    assert codes(replace(LONG, newest=date(2024, 7, 9)), date(2024, 7, 10)) == []


def test_works_that_are_gone_end_no_other_period():
    gone = replace(LONG, retention="short", newest=date(2020, 1, 1))
    assert codes(gone) == ["not_ended"]
    assert codes(replace(gone, retention="permanent")) == ["never_ends"]


@given(
    st.dates(date(1950, 1, 1), date(2060, 1, 1)),
    st.dates(date(1950, 1, 1), date(2100, 1, 1)),
    st.sampled_from(sorted(RULES.retentions)),
)
def test_the_first_choice_of_the_database_holds_exactly_what_the_rule_lets_pass(newest, today, code):
    year = RULES.latest_year(code, today)
    chosen = year is not None and newest <= date(year, 12, 31) if year is None or year > 0 else False
    passed = not why_not_dispose(replace(READY, retention=code, newest=newest), RULES, today=today)
    assert passed == (chosen and not RULES.retentions[code].with_works)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 400))
def test_the_wait_is_as_many_whole_days_as_the_file_says(day, days):
    assert wait_until(day, days) - day == timedelta(days=days)


def test_a_file_that_makes_no_sense_is_told_whole():
    wrong = {
        **OURS,
        "committee": {"members": 0, "source": "x"},
        "waiting": {"days": 0},
        "retention": [{"code": "permanent", "years": 5}, {"code": "long", "years": 5, "with_works": True}],
    }
    with pytest.raises(ValueError) as told:
        read_rules(wrong)
    for part in (
        "[committee] members",
        "[waiting]",
        "permanent: cannot have years",
        "long: with_works is true or false",
        "source, name_zh or name_en",
    ):
        assert part in str(told.value)


def test_every_state_and_outcome_has_words_and_every_source_stands():
    assert set(disposal_words.STATES) == set(disposal_words.MARKS) == set(disposal.CaseState) == set(disposal.NEXT)
    assert set(disposal_words.OUTCOMES) == set(disposal_words.OUTCOME_MARKS) == set(disposal.Outcome)
    assert all(period.source for period in RULES.retentions.values())
