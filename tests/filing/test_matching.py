"""The first suggestion, measured on names like those of a site office: right often, and honest about how often."""

from __future__ import annotations

import csv
from pathlib import Path
from uuid import uuid4

import pytest

from zhudang.filing import data_files, naming
from zhudang.filing.domain.matching import SURE, Matcher, Named, Target, Unit

NAMES = list(csv.DictReader((Path(__file__).parent / "labelled_names.csv").open(encoding="utf-8")))
UNIT, OTHER = uuid4(), uuid4()
ROWS = [r for r in data_files.load().lists[0].rows if r.project_type == "building" and not r.is_heading]


def matcher(units: int = 1) -> Matcher:
    targets = [Target(uuid4(), r.code, r.title, UNIT, r.part) for r in ROWS]
    if units == 2:
        targets += [Target(uuid4(), r.code, r.title, OTHER, r.part) for r in ROWS]
    known = [Unit(UNIT, "1# 住宅楼"), Unit(OTHER, "地下车库")][:units]
    return Matcher(targets, known, naming.synonyms())


def measured() -> list[tuple[int, bool]]:
    """(confidence, right) of every labelled name the system says something about."""
    one = matcher()
    codes = {t.id: t.code for t in one.targets}
    guesses = [(one.guess(Named(r["folder"], r["name"])), r["code"]) for r in NAMES]
    return [(g.confidence, codes[g.target_id] == code) for g, code in guesses if g]


def test_most_names_with_a_place_are_put_there():
    one = matcher()
    codes = {t.id: t.code for t in one.targets}
    placed = [r for r in NAMES if r["code"]]
    right = [r for r in placed if (g := one.guess(Named(r["folder"], r["name"]))) and codes[g.target_id] == r["code"]]
    assert len(right) / len(placed) > 0.85, [r["name"] for r in placed if r not in right]


def test_confidence_says_about_how_often_it_is_right():
    found = measured()
    for low, high in ((SURE, 101), (0, SURE)):
        inside = [(c, ok) for c, ok in found if low <= c < high]
        claimed = sum(c for c, _ok in inside) / len(inside)
        actual = 100 * sum(ok for _c, ok in inside) / len(inside)
        assert abs(claimed - actual) < 8 if low else abs(claimed - actual) < 20, (low, claimed, actual, len(inside))


def test_nothing_is_said_about_names_that_say_nothing():
    one = matcher()
    for name in ("扫描0001.pdf", "IMG_20250601.jpg", "新建文本文档.txt", "1.pdf"):
        assert one.guess(Named("", name)) is None, name


def test_a_code_in_the_name_is_the_strongest_evidence():
    one = matcher()
    guess = one.guess(Named("随便", "C6.2-9 扫描.pdf"))
    assert guess and guess.reasons[0][0] == "code" and guess.confidence > 90


def test_the_unit_work_is_read_from_the_folders_and_unknown_ones_lower_the_confidence():
    both = matcher(2)
    units = {t.id: t.unit_id for t in both.targets}
    in_garage = both.guess(Named("地下车库/基础", "地基验槽记录.pdf"))
    assert (
        in_garage and units[in_garage.target_id] == OTHER and ("unit_named", {"unit": "地下车库"}) in in_garage.reasons
    )
    nowhere = both.guess(Named("资料", "地基验槽记录.pdf"))
    assert nowhere and nowhere.confidence <= 50 and nowhere.reasons[-1][0] == "unit_unknown"


@pytest.mark.parametrize("short", ["验槽", "砼试块", "图审", "洽商"])
def test_the_trades_short_forms_are_understood_and_named_as_the_reason(short):
    guess = matcher().guess(Named("", f"{short}.pdf"))
    assert guess and any(code == "synonym" for code, _data in guess.reasons)


def test_five_thousand_names_take_seconds():
    import time

    one = matcher()
    began = time.monotonic()
    for number in range(5000):
        row = NAMES[number % len(NAMES)]
        one.guess(Named(row["folder"], f"{number}_{row['name']}"))
    assert time.monotonic() - began < 15
