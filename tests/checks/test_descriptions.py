"""Rules on descriptions: facts in, every finding out at once."""

from dataclasses import replace
from datetime import date

import pytest

from zhudang.checks.descriptions import DescribedFile, Description, check
from zhudang.checks.rules import all_rules

TODAY = date(2026, 6, 17)
RIGHT = Description(
    title="一层混凝土检验批质量验收记录",
    responsible="云溪建工集团",
    formed_on=date(2026, 5, 3),
    document_no="02-01-001",
    pages=2,
    files=(DescribedFile("a.pdf", pages=2, kind="pdf"),),
)

WRONG = {
    "DSC-001": replace(RIGHT, title="  "),
    "DSC-002": replace(RIGHT, responsible=""),
    "DSC-003": replace(RIGHT, formed_on=None),
    "DSC-004": replace(RIGHT, formed_on=date(2026, 6, 18)),
    "DSC-005": replace(RIGHT, formed_on=date(1926, 5, 3)),
    "DSC-006": replace(RIGHT, formed_until=date(2026, 5, 2)),
    "DSC-007": replace(RIGHT, pages=3),
    "DSC-008": replace(RIGHT, document_no="", wants_number=True),
    "DSC-009": replace(RIGHT, title="记录\x07"),
    "DSC-010": replace(RIGHT, title="长" * 201),
    "DSC-011": replace(RIGHT, level=7),
    "DSC-012": replace(RIGHT, files=()),
    "DSC-013": replace(RIGHT, pages=None, files=(DescribedFile("a.dwg", kind="dwg"),)),
}


def test_a_right_description_has_no_finding():
    assert check(RIGHT, today=TODAY) == []


def test_every_description_code_has_a_case():
    assert set(WRONG) == {code for code in all_rules() if code.startswith("DSC") and code < "DSC-021"}


@pytest.mark.parametrize(("code", "record"), list(WRONG.items()))
def test_a_wrong_description_is_told(code, record):
    assert [found.code for found in check(record, today=TODAY)] == [code]


def test_everything_wrong_is_told_at_once():
    record = Description(title="", responsible="", formed_on=None)
    assert {found.code for found in check(record, today=TODAY)} == {"DSC-001", "DSC-002", "DSC-003", "DSC-012"}


@pytest.mark.parametrize("title", ["𠮷林段𨱏路面图", "B-1/C-2 轴 ±0.000 平面图", "①～⑤轴立面图", "Ⅲ级钢筋ø12"])
def test_characters_of_the_trade_and_rare_names_are_fit_for_titles(title):
    assert check(replace(RIGHT, title=title), today=TODAY) == []


def test_paper_only_records_need_no_file_and_drawings_with_a_rendition_no_second_one():
    assert check(replace(RIGHT, files=(), paper_only=True), today=TODAY) == []
    both = (DescribedFile("a.dwg", part="native", kind="dwg"), DescribedFile("a.pdf", "rendition", 2, "pdf"))
    assert check(replace(RIGHT, files=both), today=TODAY) == []


def test_pages_that_nobody_counted_are_not_compared():
    files = (DescribedFile("a.pdf", pages=2, kind="pdf"), DescribedFile("b.pdf", pages=None, kind="pdf"))
    assert check(replace(RIGHT, pages=9, files=files), today=TODAY) == []
