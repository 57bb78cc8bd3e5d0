"""Folding, pairs and terms: rules without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhudang.discovery.domain import folding

HAN = st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=30)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("隐蔽 工程", "隐蔽工程"),
        ("ＫＬ－１２", "KL-12"),
        ("二层\n梁 板", "二层梁板"),
        ("hrb400", "HRB400"),
    ],
)
def test_what_people_type_folds_to_what_was_stored(typed: str, stored: str) -> None:
    assert folding.fold(typed) == folding.fold(stored)


@given(before=HAN, wanted=HAN, after=HAN)
def test_the_pairs_of_any_run_are_among_the_pairs_of_the_text_around_it(before: str, wanted: str, after: str) -> None:
    folded = folding.fold(before + wanted + after)
    for term in folding.terms(f"“{wanted}”"):
        assert set(term.lexemes) <= folding.lexemes(folded)


@given(st.text(max_size=400))
def test_any_text_can_be_folded_twice_without_change(text: str) -> None:
    assert folding.fold(folding.fold(text)) == folding.fold(text)


@given(st.lists(HAN, min_size=1, max_size=3), st.integers(0, 30_000))
def test_a_run_across_a_cut_of_a_long_page_is_found_whole_in_one_part(runs: list[str], at: int) -> None:
    filler = "档" * 20_000
    text = folding.fold(filler[:at] + runs[0] + filler[at:])
    assert any(folding.fold(runs[0]) in part for part in folding.parts(text))


def test_one_character_is_told_as_too_short() -> None:
    assert folding.terms("桩") == ()
    assert folding.too_short("桩 隐蔽工程") == ("桩",)


def test_the_middle_of_a_code_is_found() -> None:
    folded = folding.fold("项目代码 2403-990241-48-01-012345")
    (term,) = folding.terms("990241-48")
    assert set(term.lexemes) <= folding.lexemes(folded)
    assert term.text in folded


def test_a_snippet_marks_every_term_and_nothing_else() -> None:
    pieces = folding.snippet(folding.fold("一二三四五六隐蔽工程验收七八九十"), folding.terms("隐蔽 验收"))
    assert [text for text, hit in pieces if hit] == ["隐蔽", "验收"]


def test_a_lone_surrogate_of_a_broken_file_is_folded_to_something_a_row_can_hold() -> None:
    folding.fold("隐蔽\ud800工程\x00").encode("utf-8")
