"""Shared pieces of pages: lists from the address, files out of lists, refusals told whole, drawings."""

import csv
import io
from datetime import date, datetime, timedelta, timezone

import openpyxl
import pytest
from django.contrib.messages.storage.fallback import FallbackStorage
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from zhudang.shared.refusals import Reason, Refusal
from zhudang.shared.web import drawings, exports, lists, refusal, shapes, wording
from zhudang.shared.working_days import add_working_days, calendar_of


def asked(query: str):
    return RequestFactory().get(f"/list/?{query}")


def written(template: str, **context: object) -> str:
    return Template("{% load zd %}" + template).render(Context(context))


def test_a_list_reads_its_state_from_the_address_and_nothing_else():
    state = lists.read_state(asked("q=+桩基+&sort=-name&page=3&state=late&other=1"), filters=("state",))
    assert (state.q, state.sort, state.page, dict(state.filters)) == ("桩基", "-name", 3, {"state": "late"})


@pytest.mark.parametrize("page", ["", "0", "-1", "x", "9" * 30, "１２"])
def test_a_page_that_is_no_number_is_the_first_or_a_real_one(page):
    state = lists.read_state(asked(f"page={page}"))
    assert state.page >= 1


def test_an_unknown_sort_key_means_the_lists_own_order():
    columns = {"name": "name", "due": ["due", "-code"]}
    assert lists.read_state(asked("sort=password")).order(columns, "code") == ["code"]
    assert lists.read_state(asked("sort=-due")).order(columns, "code") == ["-due", "code"]


def test_a_page_beyond_the_end_gives_the_last_page():
    page = lists.take_page(list(range(120)), lists.read_state(asked("page=99")))
    assert (page.number, page.first, page.last, page.total, page.pages) == (3, 101, 120, 120, 3)


def test_an_empty_list_has_one_empty_page():
    page = lists.take_page([], lists.read_state(asked("")))
    assert (page.number, page.first, page.last, page.pages) == (1, 0, 0, 1)


def test_a_spreadsheet_never_gets_a_formula_out_of_a_name():
    answer = exports.list_file("xlsx", "清单", ["题名", "页"], [["=1+1", 3], ["地基", None]])
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    assert sheet["A2"].value == "=1+1" and sheet["A2"].data_type == "s"
    assert "filename*=UTF-8''%E6%B8%85%E5%8D%95.xlsx" in answer["Content-Disposition"]
    text = b"".join(exports.list_file("csv", "清单", ["题名"], [["=1+1"], ["-2"], [-2]]).streaming_content).decode(
        "utf-8-sig"
    )
    assert [row[0] for row in csv.reader(io.StringIO(text))] == ["题名", "'=1+1", "'-2", "-2"]


def test_every_reason_of_a_refusal_reaches_the_next_page():
    request = asked("")
    request.session = {}
    request._messages = FallbackStorage(request)
    refusal.teach({"sample.empty": "没有文件", "sample.late": "晚了 %(days)s 天"})
    refusal.tell(request, Refusal("sample.empty", Reason("sample.late", {"days": 3})), "还不能提交：")
    (told,) = list(request._messages)
    assert "refusal" in told.tags
    for words in ("还不能提交：", "没有文件", "晚了 3 天"):
        assert words in str(told)


def test_a_reason_is_text_and_never_markup():
    assert "&lt;b&gt;" in written('{% refusal "不行" reasons %}', reasons=["<b>粗</b>"])


def test_a_code_without_words_is_shown_as_it_is():
    assert refusal.sentence(Reason("nowhere.to_be_found")) == "nowhere.to_be_found"


def test_every_state_is_shape_and_word_together():
    for code in shapes.STATE_SHAPES:
        drawn = written("{% state code word %}", code=code, word="词")
        assert "<svg" in drawn and "词" in drawn and f"st-{code}" in drawn


def test_the_ring_never_rounds_up_to_complete():
    assert "ring done" not in written("{% ring 99.9 %}")
    assert "ring done" in written("{% ring 100 %}")


def test_spines_keep_their_letters_readable_and_fit_their_width():
    widths = drawings.spine_widths([1, 1, 300, 1, 1], 208)
    assert min(widths) >= drawings.NARROWEST_SPINE - 0.1
    assert sum(widths) == pytest.approx(208, abs=0.6)


def test_a_late_part_has_a_red_edge_and_an_unfilled_one_no_fill():
    drawn = written("{% spines parts %}", parts=[("A", 10, 10, 0), ("C", 20, 5, 2), ("E", 0, 0, 0)])
    assert 'class="full"' in drawn and 'class="late"' in drawn and "五部分：A 10/10" in drawn


def test_the_clock_draws_holidays_with_their_name_and_today_half():
    clock = add_working_days(date(2026, 6, 15), 5, calendar_of([(date(2026, 6, 19), "holiday", "端午")]))
    drawn = str(drawings.workdays(clock, date(2026, 6, 17)))
    assert 'class="h"' in drawn and "端午" in drawn and 'class="now"' in drawn and 'class="p"' in drawn


def test_dates_are_written_as_the_language_writes_them():
    day, moment = date(2026, 6, 17), datetime(2026, 6, 17, 20, 5, tzinfo=timezone(timedelta(0)))
    with translation.override("zh-hans"):
        assert wording.write_date(day) == "2026年6月17日"
        assert wording.write_date(day, "short") == "6月17日"
        assert wording.write_datetime(moment) == "2026年6月18日 04:05"
    with translation.override("en"):
        assert wording.write_date(day) == "17 Jun 2026"
    assert wording.write_date(None) == ""


@pytest.mark.parametrize(
    ("size", "told"), [(0, "0 B"), (999, "999 B"), (1000, "0.98 KB"), (1_474_560_000, "1.37 GB"), (None, "")]
)
def test_sizes_have_three_digits_at_most(size, told):
    assert wording.write_size(size) == told


def test_a_filter_chip_keeps_the_other_filters_and_leaves_the_page():
    request = asked("state=late&page=4&q=桩基")
    drawn = written('{% filter_chip "kind" "road" "道路" 2 %}', request=request)
    assert "state=late" in drawn and "kind=road" in drawn and "page=" not in drawn


def test_a_character_no_database_takes_is_left_out_of_what_is_asked_for():
    state = lists.read_state(asked("q=%00桩%00基&sort=%00&state=%00"), filters=("state",))
    assert (state.q, state.sort, dict(state.filters)) == ("桩基", "", {})
