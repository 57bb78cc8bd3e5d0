"""The forms print, the same data give the same bytes, and a form that lacks a fact is not printed."""

from datetime import UTC, datetime
from io import BytesIO

import pikepdf
import pypdfium2
import pytest

from zhudang.documents.layouts import LAYOUT_OF, REQUIRED, LayoutIncomplete, layout_for
from zhudang.documents.render import FORMS, Attachment, fonts_present, render_pdf, seal_place

pytestmark = pytest.mark.skipif(not fonts_present(), reason="the front-end build has not put the fonts in place")

LETTER = {
    "title": "建设工程归档告知书", "issuer": "云溪县城建档案馆", "date": "2026年6月12日", "number": "云城档告字〔2026〕第 0007 号",
    "to": "云溪安居建设有限公司", "paragraphs": ["现一次性告知本工程归档要求。"],
    "parts": [{"heading": "应归档文件", "columns": [{"title": "编号", "width": "18mm"}, {"title": "文件", "width": "1fr"}],
               "rows": [{"group": "建设单位"}, *[[f"A1-{i}", "项目建议书批复文件"] for i in range(80)]]}],
}  # fmt: skip
SAMPLES = {
    "letter": LETTER,
    "certificate": {
        "issuer": "云溪县城建档案馆", "number": "第 0038 号", "check_code": "7K3F 92QD", "client": "云溪安居建设有限公司", "body": "发给此凭证。",
        "facts": [{"label": "工程名称", "value": "综合楼", "wide": True}], "quantities": [["纸质", "1", "2", "3", "—", "6"]],
        "proof": [{"label": "记录摘要", "value": "SM3 00", "mono": True}], "date": "2026年6月12日",
        "qr_svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><path d="M0 0h1v1z"/></svg>', "verify_url": "http://x/",
    },
    "cover": {"issuer": "馆", "title": "综合楼 施工文件", "reference_code": "I4-1", "compiled_by": "施工单位", "date_span": "2025", "retention": "永久"},
    "contents": {"title": "施工文件", "rows": [["1", "C5-1", "施工单位", "隐蔽工程验收记录", "2025-04-08", "1", ""]]},
    "note": {"pages": 3, "text_pages": 3, "drawing_pages": 0, "photos": 0, "remarks": ["C5-3 不涉及：无桩基。"]},
    "catalogue": {"project": "综合楼", "rows": [["I4-1", "施工文件", "3", "0", "", "施工单位", "2026", "永久", "内部", ""]]},
    "seal": {"name": "云溪县城建档案馆", "line": "测试章"},
}  # fmt: skip


def text_of(pdf: bytes) -> str:
    opened = pypdfium2.PdfDocument(pdf)
    return "".join(opened[i].get_textpage().get_text_range() for i in range(len(opened)))


@pytest.mark.parametrize("layout", sorted(REQUIRED))
def test_every_form_prints_with_its_fonts_inside(layout):
    pdf = render_pdf(layout, SAMPLES[layout], standard="a-2b")
    with pikepdf.open(BytesIO(pdf)) as opened:
        fonts = [f for page in opened.pages for f in page.get("/Resources", {}).get("/Font", {}).values()]
        assert fonts or layout == "seal"
        for font in fonts:
            descendant = font["/DescendantFonts"][0]["/FontDescriptor"]
            assert any(key in descendant for key in ("/FontFile2", "/FontFile3"))
        assert b"pdfaid:part>2" in opened.Root.Metadata.read_bytes()


def test_the_forms_have_a_sample_each_and_a_file_each():
    assert set(SAMPLES) == set(REQUIRED)
    assert {LAYOUT_OF[name] for name in LAYOUT_OF} <= {path.stem for path in FORMS.glob("*.typ")}


def test_the_same_data_give_the_same_bytes():
    moment = datetime(2026, 6, 12, tzinfo=UTC)
    assert render_pdf("notice", LETTER, dated=moment) == render_pdf("notice", LETTER, dated=moment)


def test_all_rows_of_a_long_list_are_printed_with_the_head_repeated():
    printed = text_of(render_pdf("notice", LETTER))
    assert all(f"A1-{i}" in printed for i in range(80))
    assert printed.count("编号") >= 2


def test_everything_missing_is_told_at_once():
    with pytest.raises(LayoutIncomplete) as told:
        layout_for("cover", {"title": "x"})
    assert "issuer" in str(told.value) and "reference_code" in str(told.value)


def test_a_certificate_carries_its_record_and_a_letter_refuses_to():
    record = Attachment("record.json", '{"a":1}', "application/json", "机读凭证")
    pdf = render_pdf("certificate", SAMPLES["certificate"], standard="a-3b", attachments=[record])
    with pikepdf.open(BytesIO(pdf)) as opened:
        assert opened.attachments["record.json"].get_file().read_bytes() == b'{"a":1}'
    with pytest.raises(ValueError, match="A-3b"):
        render_pdf("notice", LETTER, attachments=[record])


def test_the_seal_has_a_place_on_the_last_page_within_the_paper():
    place = seal_place("notice", LETTER)
    assert place is not None and place.page == len(pypdfium2.PdfDocument(render_pdf("notice", LETTER))) - 1
    assert 0 < place.x < 595 - 119 and 0 < place.y < 842 - 119
