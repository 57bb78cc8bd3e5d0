"""Business review: what stands on the page, and whether the description agrees with it."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples.checks import business as samples
from zhudang.checks.business import agreement, sets
from zhudang.checks.business.agreement import Described, Seen
from zhudang.checks.business.sets import Member
from zhudang.checks.examine import Examiner

TEXT = (
    "云溪县滨河安居房一期 隐蔽工程验收记录 施工单位：青石建筑工程有限公司 钢筋品种规格数量位置符合设计要求 2024年3月5日"
)
SOUND = Described(
    title="隐蔽工程验收记录",
    formed_on=date(2024, 3, 5),
    responsible=("青石建筑工程有限公司",),
    project=("滨河安居房一期",),
)


def facts(content: bytes, folder: Path) -> dict:
    path = folder / "page.pdf"
    path.write_bytes(content)
    task = {"path": str(path), "name": path.name, "label": path.name, "sha256": None, "sm3": None}
    report = Examiner(folder).examine({**task, "expect_sha256": None, "depth": "full"})
    return {**report["facts"], "codes": [found["code"] for found in report["findings"]]}


def codes(described: Described, seen: Seen) -> list[str]:
    return [found.code for found in agreement.check(described, seen)]


def test_a_signed_and_stamped_form_leaves_nothing_to_ask(tmp_path: Path):
    seen = facts(samples.form(), tmp_path)
    assert not {"BIZ-001", "BIZ-002"} & set(seen["codes"])
    assert [stamp["kind"] for stamp in seen["stamps"]] == ["round"]
    assert 38 < seen["stamps"][0]["width_mm"] < 44


def test_a_sentence_that_names_a_signer_asks_nobody_to_sign(tmp_path: Path):
    seen = facts(samples.form(signed=False), tmp_path)
    assert [box["label"] for box in seen["blank_boxes"]] == ["项目经理", "专业监理工程师"]


def test_a_drawing_shows_its_title_block_and_its_as_built_stamp(tmp_path: Path):
    seen = facts(samples.drawing(), tmp_path)
    assert seen["title_blocks"][0]["number"] == "建施-03"
    assert seen["title_blocks"][0]["project"] == "云溪县滨河安居房一期"
    assert [stamp["kind"] for stamp in seen["stamps"]] == ["as_built"]
    assert facts(samples.drawing(stamped=False), tmp_path)["stamps"] == []


def test_a_description_that_agrees_is_left_alone():
    assert codes(SOUND, Seen(text=TEXT)) == []


def test_a_scan_without_text_is_not_compared():
    assert codes(SOUND, Seen(text="")) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": "土壤氡浓度检测报告"}, "BIZ-004"),
        ({"formed_on": date(2024, 5, 3)}, "BIZ-005"),
        ({"document_no": "隐-017"}, "BIZ-007"),
        ({"project": ("城北给水主干管",)}, "BIZ-009"),
        ({"responsible": ("虹桥路桥工程有限公司",)}, "BIZ-010"),
    ],
)
def test_each_disagreement_has_its_code(change: dict, code: str):
    from dataclasses import replace

    assert codes(replace(SOUND, **change), Seen(text=TEXT)) == [code]


def test_the_title_block_decides_number_and_project_of_a_drawing():
    block = {"number": "建施-03", "project": "云溪县滨河安居房一期", "title": "一层平面图"}
    sheet = Described(title="一层平面图", document_no="建施-04", project=("城北给水主干管",), is_drawing=True)
    assert codes(sheet, Seen(title_blocks=[block])) == ["BIZ-006", "BIZ-008"]


def test_an_as_built_drawing_without_its_stamp_is_told_only_when_someone_looked():
    sheet = Described(title="一层平面图", as_built=True)
    assert codes(sheet, Seen(looked_for_stamps=True, sheets=1)) == ["BIZ-003"]
    assert codes(sheet, Seen(looked_for_stamps=False)) == []
    assert codes(sheet, Seen(looked_for_stamps=True, stamps=[{"kind": "as_built"}])) == []


@given(st.dates(min_value=date(1949, 10, 1), max_value=date(2099, 12, 31)))
def test_every_day_is_read_in_western_and_chinese_figures(day: date):
    figures = "〇一二三四五六七八九"
    small = [""] + [
        ("" if n < 10 else "十" if n < 20 else figures[n // 10] + "十") + (figures[n % 10] if n % 10 else "")
        for n in range(1, 32)
    ]
    chinese = "".join(figures[int(c)] for c in str(day.year)) + f"年{small[day.month]}月{small[day.day]}日"
    for text in (f"{day.year}年{day.month}月{day.day}日", day.isoformat(), day.strftime("%Y.%m.%d"), chinese):
        assert agreement.dates_in(f"签于 {text}，有效") == [day]


def test_impossible_days_are_no_dates():
    assert agreement.dates_in("2024年2月30日 二〇二四年十三月一日") == []


def test_gaps_are_told_in_the_numbers_own_form():
    assert sets.gaps(["建施-01", "建施-02", "建施-04", "结施-1", "结施-2", "无"]) == [("建施-", ["建施-03"])]


@given(st.sets(st.integers(1, 40), min_size=3))
def test_a_sequence_without_gaps_is_never_scolded(figures: set[int]):
    assert sets.gaps(f"建施-{n:02d}" for n in range(1, max(figures) + 1)) == []


def test_a_page_that_stood_before_is_told_on_the_later_record():
    first = Member("一", marks=("t:1", "i:" + "0" * 64))
    near = Member("三", marks=("t:9", "i:" + "0" * 63 + "7"))
    other = Member("四", marks=("t:8", "i:" + "f" * 64))
    found = sets.check([first, near, other])
    assert [(name, [f.code for f in told]) for name, told in found.items()] == [("三", ["BIZ-012"])]
    assert found["三"][0].data["pages"] == [2]


def test_a_title_may_carry_what_its_catalogue_adds():
    titled = Described(title="1# 住宅楼隐蔽工程验收记录及其附件", around=("1# 住宅楼",))
    assert codes(titled, Seen(text=TEXT)) == []


@given(st.integers(0, 2**256 - 1), st.sets(st.integers(0, 255), max_size=sets.NEAR_BITS))
def test_pictures_are_alike_up_to_the_bits_that_may_differ(bits: int, flipped: set[int]):
    other = bits
    for place in flipped:
        other ^= 1 << place
    found = sets.check([Member("一", (f"i:{bits:064x}",)), Member("二", (f"i:{other:064x}",))])
    assert list(found) == ["二"]


def test_a_sequence_that_goes_on_begins_with_its_first_number():
    numbers = ["建施-11", "建施-12", "建施-14"]
    assert sets.gaps(numbers, from_one=False) == [("建施-", ["建施-13"])]
    assert sets.gaps(numbers) == []


def test_a_large_sheet_is_read_where_its_title_block_stands(tmp_path: Path):
    seen = facts(samples.drawing(), tmp_path)
    assert "建施-03" in seen["reading"]["opening"]
    assert seen["stamp_pages"] == seen["looked_pages"] == 1


def test_of_a_text_not_read_whole_nothing_is_said_to_be_missing():
    from dataclasses import replace

    other = replace(SOUND, document_no="隐-017", project=("城北给水主干管",), responsible=("虹桥路桥工程有限公司",))
    assert codes(other, Seen(text=TEXT)) == ["BIZ-007", "BIZ-009", "BIZ-010"]
    assert codes(other, Seen(text=TEXT, whole=False)) == []
    assert codes(replace(other, title="土壤氡浓度检测报告"), Seen(text=TEXT, whole=False)) == ["BIZ-004"]


@pytest.mark.parametrize("mark", ["t:1", "i:" + "0f" * 32])
def test_printed_matter_that_stands_everywhere_is_told_a_few_times_only(mark: str):
    found = sets.check([Member(f"{n:03}", (mark,)) for n in range(50)])
    assert list(found) == ["001", "002", "003"]
