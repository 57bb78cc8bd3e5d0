"""Words of an OFD page come out in the order people read them."""

from lxml import etree

from samples.checks.ofd import NAMESPACE
from zhudang.checks.ofdtext import text_in_reading_order


def page(*objects: str):
    return etree.fromstring(f'<Page xmlns="{NAMESPACE}"><Content><Layer>{"".join(objects)}</Layer></Content></Page>')


def words(text: str, box: str, attributes: str = 'X="0" Y="4"', more: str = 'Size="4"') -> str:
    return f'<TextObject Boundary="{box}" {more}><TextCode {attributes}>{text}</TextCode></TextObject>'


def read(*objects: str) -> str:
    return text_in_reading_order([page(*objects)])


def test_lines_come_from_the_top_and_words_from_the_left():
    assert read(
        words("第二行", "20 40 90 5"), words("右", "60 20 10 5"), words("左", "20 20 10 5"), words("末行", "20 60 20 5")
    ) == ("左 右\n第二行\n末行")


def test_characters_placed_one_by_one_become_words():
    assert read(*(words(each, f"{20 + 4 * n} 20 4 5") for n, each in enumerate("云溪县"))) == "云溪县"


def test_a_wide_gap_within_one_text_parts_words():
    assert read(words("甲乙丙丁", "20 20 90 5", 'X="0" Y="4" DeltaX="4 30 4"')) == "甲乙 丙丁"


def test_repeated_advances_are_counted():
    assert read(words("甲乙丙丁", "20 20 90 5", 'X="0" Y="4" DeltaX="g 2 4 30"')) == "甲乙丙 丁"


def test_a_value_over_a_form_stands_beside_its_label():
    form, value = page(words("工程名称：", "20 20 30 5")), page(words("云溪大桥", "41 20 30 5"))
    assert text_in_reading_order([form, value]) == "工程名称：云溪大桥"


def test_a_slightly_raised_word_stays_on_its_line():
    assert read(words("面积", "20 20 10 5"), words("12", "28 18.8 4 4"), words("㎡", "33 20 5 5")) == "面积12㎡"


def test_turned_pages_read_along_their_direction():
    turned = 'Size="4" CTM="0 1 -1 0 0 0"'
    assert (
        read(words("下一行", "100 20 5 50", more=turned), words("第一行", "120 20 5 50", more=turned))
        == "第一行\n下一行"
    )


def test_vertical_writing_reads_columns_from_the_right():
    down = 'X="0" Y="4" DeltaY="4 4"'
    assert read(words("左列字", "20 20 5 50", down), words("右列字", "40 20 5 50", down)) == "右列字\n左列字"


def test_the_same_words_drawn_twice_are_read_once():
    assert read(words("粗体", "20 20 20 5"), words("粗体", "20.1 20 20 5")) == "粗体"


def test_words_of_composite_graphics_stand_where_they_are_used():
    unit = etree.fromstring(
        f'<CompositeGraphicUnit xmlns="{NAMESPACE}" ID="9"><Content>{words("章", "0 0 5 5")}</Content>'
        "</CompositeGraphicUnit>"
    )
    used = page('<CompositeObject Boundary="60 20 9 9" ResourceID="9"/>', words("印", "20 20 5 5"))
    assert text_in_reading_order([used], {"9": unit}) == "印 章"


def test_numbers_that_are_none_do_no_harm():
    assert read(words("字", "a b c d", 'X="nan" Y="inf" DeltaX="g x 1 g"')) == "字"


def test_a_line_break_inside_a_text_is_a_space():
    assert read(words("你好\n      世界", "20 20 90 5")) == "你好 世界"
