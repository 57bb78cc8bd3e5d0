"""Lists and prose that stop in the middle are told of; those that only look odd are not."""

import pytest

from samples.checks.texts import PARAGRAPH
from zhudang.checks.openers.text_shape import stops_in_a_sentence, uneven_rows

ROWS = "桩号,管径,材质\n" + "K0+100,300,铸铁\n" * 20


@pytest.mark.parametrize("at", [15, 25, 50])
def test_prose_cut_after_a_comma_within_a_sentence_is_told(at):
    assert stops_in_a_sentence(PARAGRAPH * 9 + PARAGRAPH[:at])


def test_prose_of_several_lines_a_paragraph_is_told_too():
    english = "The contractor hands over the drawings,\nthe client signs for them, and the archive keeps both.\n\n"
    assert stops_in_a_sentence(english * 9 + "The contractor hands over, and")
    assert not stops_in_a_sentence(english * 9)
    assert not stops_in_a_sentence(english * 9 + "See also the rules, which stand at https://example.test")


@pytest.mark.parametrize(
    "text",
    [
        PARAGRAPH * 3 + PARAGRAPH[:20],
        PARAGRAPH * 9 + PARAGRAPH[:20] + "\n",
        PARAGRAPH * 9 + "2026年6月17日",
        PARAGRAPH * 9 + "云溪县住房和城乡建设委员会",
        "第一章 总则\n第二章 移交\n第三章 接收，保管\n" * 9 + "第四章 利用，统计",
    ],
    ids=["short", "line end", "date", "sender", "list"],
)
def test_what_may_well_end_so_is_not(text):
    assert not stops_in_a_sentence(text)


def test_few_rows_of_other_length_are_named_by_their_numbers():
    assert uneven_rows(ROWS + "K0+200,300\n" + ROWS.partition("\n")[2]) == (3, [22])
    assert uneven_rows(ROWS + 'K0+200,300,"铸铁,内衬"\n') == (3, [])


@pytest.mark.parametrize(
    "text",
    [
        "表一\n" + ROWS,
        ROWS + "合计\n",
        "# 手工整理\n" + ROWS + "\n,,\n",
        ROWS + "甲,乙\n1,2\n" * 20,
        "a,b\n1,2\n1\n",
    ],
    ids=["title", "sum", "comment", "two tables", "few cells"],
)
def test_lists_of_another_kind_are_left_alone(text):
    assert uneven_rows(text)[1] == []
