"""Rules on batches and the metadata scheme: what only shows when descriptions are looked at together."""

import re
from dataclasses import replace
from datetime import date

import pytest

from zhudang.checks.batch import Batch, DescribedRecord, check, missing_numbers
from zhudang.checks.descriptions import DescribedFile, Description
from zhudang.checks.rules import all_rules
from zhudang.checks.scheme import LEVELS, TYPES, all_elements

TODAY = date(2026, 6, 17)
VALUES = {
    "title": "一层混凝土检验批质量验收记录",
    "responsible": "云溪建工集团",
    "formed_on": date(2026, 5, 3),
    "carrier": "text",
    "level": 0,
    "pages": 2,
}
RIGHT = DescribedRecord(
    "一层混凝土检验批质量验收记录",
    Description(
        title="一层混凝土检验批质量验收记录", responsible="云溪建工集团", formed_on=date(2026, 5, 3), document_no="02-01-001",
        pages=2, files=(DescribedFile("a.pdf", pages=2, kind="pdf"),),
    ),
    VALUES, volume="第一卷", position=1, page_from=1, page_to=2, reference_code="B1·1-2024-0036-012-001",
    digests=("aa",), steps={"归档": True},
)  # fmt: skip
SECOND = replace(
    RIGHT, subject="二层记录", description=replace(RIGHT.description, title="二层记录", document_no="2"),
    position=2, page_from=3, page_to=4, reference_code="B1·1-2024-0036-012-002", digests=("bb",),
)  # fmt: skip
FORM = re.compile(r"[A-Z]\d·\d-\d{4}-\d{4}-\d{3}-\d{3}")
BATCH = Batch(
    records=(RIGHT, SECOND), code_form=FORM, declared_items=2, declared_bytes=20, counted_items=2, counted_bytes=20,
    owed=(("C6", "检验批", True),),
)  # fmt: skip


def with_values(**changes):
    return replace(BATCH, records=(replace(RIGHT, values={**VALUES, **changes}), SECOND))


def second(**changes):
    return replace(BATCH, records=(RIGHT, replace(SECOND, **changes)))


WRONG = {
    "DSC-021": with_values(responsible="云"),
    "DSC-022": with_values(formed_until="2026年5月"),
    "DSC-023": with_values(carrier="paper"),
    "DSC-024": with_values(responsible="云溪\x07建工"),
    "DSC-025": with_values(carrier=""),
    "DSC-026": replace(
        BATCH, records=(replace(RIGHT, values={k: v for k, v in VALUES.items() if k != "carrier"}), SECOND)
    ),
    "DSC-027": second(reference_code="B1·1-2024-36-12-2"),
    "DSC-028": second(reference_code=RIGHT.reference_code),
    "DSC-029": second(description=RIGHT.description),
    "DSC-030": second(digests=("aa",)),
    "DSC-031": second(position=3),
    "DSC-032": second(page_from=4, page_to=5),
    "DSC-033": replace(BATCH, declared_items=3),
    "DSC-034": replace(BATCH, declared_bytes=21),
    "DSC-035": second(steps={"归档": False}),
    "DSC-036": replace(BATCH, owed=(("C6", "检验批", False),)),
}


def test_a_right_batch_has_no_finding_and_says_which_items_it_ran():
    report = check(BATCH, today=TODAY)
    assert report.findings == ()
    assert report.ran == {
        "1-2", "1-3", "1-4", "1-5", "1-6", "1-7", "1-8", "1-10", "1-11", "2-1", "2-2", "2-3", "2-4", "2-5", "2-6", "2-9",
    }  # fmt: skip


@pytest.mark.parametrize(("code", "batch"), list(WRONG.items()))
def test_a_wrong_batch_is_told(code, batch):
    assert [found.code for _, found in check(batch, today=TODAY).findings] == [code]


def test_every_code_of_a_batch_has_a_case():
    assert set(WRONG) == {code for code in all_rules() if code.startswith("DSC") and code >= "DSC-021"}


def test_nothing_given_runs_nothing():
    assert check(Batch(), today=TODAY).ran == frozenset()
    bare = Batch(
        records=(replace(RIGHT, volume="", reference_code="", steps={}, description=Description("a", "b", None)),)
    )
    assert not check(bare, today=TODAY).ran & {"1-7", "1-10", "2-1", "2-2", "2-5", "2-6", "2-9"}


def test_what_one_rule_tells_the_scheme_does_not_tell_again():
    empty = replace(
        RIGHT,
        description=Description("", "", None, paper_only=True),
        values={**VALUES, "title": "", "responsible": "", "formed_on": None},
    )
    codes = [found.code for _, found in check(Batch(records=(empty,)), today=TODAY).findings]
    assert codes == ["DSC-001", "DSC-002", "DSC-003"]


def test_gaps_are_named_and_endless_ones_bounded():
    assert missing_numbers([1, 2, 5]) == [3, 4]
    assert len(missing_numbers([10**9])) == 1000


def test_the_scheme_is_well_formed():
    elements = all_elements()
    assert len({element.id for element in elements}) == len(elements)
    for element in elements:
        assert element.level in LEVELS
        assert element.type in TYPES
        assert element.obligation in {"required", "optional"}
        assert bool(element.domain) == (element.type == "choice")
        assert not element.told_by or element.told_by in all_rules()
        assert element.source
        assert element.mark in {"page", "knowledge", "inferred", "own"}
