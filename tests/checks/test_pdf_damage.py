"""PDF content that is damaged in a way lenient readers pass over: streams, fonts, pictures, drawing instructions."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from samples.checks.looking import codes, examine
from samples.checks.making import put
from samples.checks.pdf import holed_pdf, new_pdf, pdf_bytes, pdf_with, saved, with_image, with_text

AS_IT_IS = {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.none}
DEFLATED = Name.FlateDecode


def found(change: Callable[[pikepdf.Pdf], object], folder: Path) -> set[str]:
    """Codes of a document with a line of text after a change."""
    document = new_pdf()
    with_text(document)
    change(document)
    return codes(examine(saved(document, folder, "changed.pdf", **AS_IT_IS), folder))


def drawn(content: bytes) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        document.pages[0].obj.Contents = document.make_stream(content)

    return change


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)) * 4,
        b"BT /F1 24 Tf 72 700 Td (Hel" + bytes(range(128, 256)),
        b"<html><body>404 not found</body></html>",
        bytes(each ^ 0x55 for each in b"BT /F1 24 Tf 72 700 Td (Hello) Tj ET q 1 0 0 1 0 0 cm Q"),
    ],
)
def test_a_page_whose_content_is_no_drawing_instruction_is_told(content: bytes, tmp_path: Path):
    assert "PDF-023" in found(drawn(content), tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"% nothing here\n",
        b"BT /F1 24 Tf 72 700 Td (" + bytes(range(128, 256)) + b") Tj ET",
        b"BT /F1 24 Tf (a\\)b(c(" + bytes(range(160, 256)) + b"))) Tj ET",
        b"q 9 0 0 9 0 0 cm BI /W 16 /H 8 /BPC 8 /CS /G ID " + bytes(range(128, 256)) + b" EI Q",
        "/中文名称的图层内容 BMC EMC 0 0 m 9 9 l S".encode(),
        b"q Q",
    ],
)
def test_strings_pictures_and_names_may_hold_any_byte(content: bytes, tmp_path: Path):
    assert "PDF-023" not in found(drawn(content), tmp_path)


def test_content_split_over_several_streams_is_read_as_one(tmp_path: Path):
    def split(document: pikepdf.Pdf) -> None:
        parts = [b"BT /F1 24 Tf", b"72 700 Td (" + bytes(range(160, 256)), b") Tj ET"]
        document.pages[0].obj.Contents = Array([document.make_stream(part) for part in parts])

    assert not {"PDF-023", "PDF-015"} & found(split, tmp_path)


@pytest.mark.parametrize(("content", "name"), [(b"BT /F7 9 Tf (a) Tj ET", "/F7"), (b"q /Im3 Do Q", "/Im3")])
def test_a_font_or_picture_that_is_named_and_not_there_is_told(content: bytes, name: str, tmp_path: Path):
    document = new_pdf()
    drawn(content)(document)
    report = examine(saved(document, tmp_path, "named.pdf"), tmp_path)
    assert [each["data"]["name"] for each in report["findings"] if each["code"] == "PDF-015"] == [name]


def test_content_kept_in_another_file_is_an_external_reference(tmp_path: Path):
    def outside(document: pikepdf.Pdf) -> None:
        document.pages[0].obj.Contents = document.make_stream(b"", F="//server/share/content")

    assert "PDF-010" in found(outside, tmp_path)


def test_a_file_embedded_without_a_name_is_an_attachment(tmp_path: Path):
    def associated(document: pikepdf.Pdf) -> None:
        content = document.make_stream(b"hidden")
        held = Dictionary(Type=Name.Filespec, F="a.txt", EF=Dictionary(F=content))
        document.Root.AF = Array([document.make_indirect(held)])

    assert "PDF-006" in found(associated, tmp_path)


def test_a_script_behind_a_bookmark_is_told(tmp_path: Path):
    def bookmarked(document: pikepdf.Pdf) -> None:
        action = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
        second = document.make_indirect(Dictionary(Title="b", A=action))
        first = document.make_indirect(Dictionary(Title="a", First=second, Last=second))
        document.Root.Outlines = document.make_indirect(Dictionary(First=first, Last=first))

    assert "PDF-004" in found(bookmarked, tmp_path)


def font(program: bytes, key: str, **entries: object) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        stream = document.make_stream(zlib.compress(program), Filter=DEFLATED, **entries)
        descriptor = document.make_indirect(Dictionary(Type=Name.FontDescriptor, FontName=Name.Some))
        descriptor[key] = stream
        document.pages[0].obj.Resources.Font.F1.FontDescriptor = descriptor

    return change


TABLES = b"".join(
    tag + bytes(4) + (44 + 100 * number).to_bytes(4, "big") + (100).to_bytes(4, "big")
    for number, tag in enumerate((b"glyf", b"head"))
)
SFNT = b"\0\1\0\0\0\2" + bytes(6) + TABLES + bytes(200)


@pytest.mark.parametrize(
    ("program", "key", "entries", "damaged"),
    [
        (SFNT, "/FontFile2", {"Length1": len(SFNT)}, False),
        (SFNT[:150], "/FontFile2", {"Length1": len(SFNT)}, True),
        (b"", "/FontFile2", {"Length1": 900}, True),
        (b"rubbish" * 40, "/FontFile2", {"Length1": 280}, True),
        (b"%!PS-AdobeFont-1.0" + bytes(500), "/FontFile", {"Length1": 200, "Length2": 300}, False),
        (b"%!PS-AdobeFont-1.0", "/FontFile", {"Length1": 200, "Length2": 300}, True),
        (b"\1\0\4\1" + bytes(60), "/FontFile3", {"Subtype": Name.Type1C}, False),
        (b"rubbish" * 9, "/FontFile3", {"Subtype": Name.Type1C}, True),
    ],
)
def test_a_font_program_that_is_none_or_is_cut_is_told(
    program: bytes, key: str, entries: dict[str, object], damaged: bool, tmp_path: Path
):
    assert ("PDF-021" in found(font(program, key, **entries), tmp_path)) is damaged


@pytest.mark.parametrize(("rows", "damaged"), [(100, False), (99, False), (60, True), (0, True)])
def test_a_picture_with_fewer_bytes_than_its_size_needs_is_told(rows: int, damaged: bool, tmp_path: Path):
    def pictured(document: pikepdf.Pdf) -> None:
        picture = document.make_stream(
            zlib.compress(bytes(300 * rows)),
            Filter=DEFLATED,
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=100,
            Height=100,
            ColorSpace=Name.DeviceRGB,
            BitsPerComponent=8,
        )
        document.pages[0].obj.Resources.XObject = Dictionary(Im1=picture)

    assert ("PDF-021" in found(pictured, tmp_path)) is damaged


def compressed(form: str, mode: str) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 60).convert(mode).save(
        buffer, form, **({"compression": "group4"} if mode == "1" else {})
    )
    return buffer.getvalue()


def coded(data: bytes, coding: Name, **entries: object) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        with_image(document, 40)
        document.pages[0].obj.Resources.XObject.Im1.write(data, filter=coding, decode_parms=Dictionary(**entries))

    return change


def test_a_jpeg_picture_cut_before_its_data_is_told(tmp_path: Path):
    whole = compressed("JPEG", "L")
    assert "PDF-021" not in found(coded(whole, Name.DCTDecode), tmp_path)
    assert "PDF-021" in found(coded(whole[:100], Name.DCTDecode), tmp_path)
    assert "PDF-021" in found(coded(bytes(800), Name.DCTDecode), tmp_path)


def test_group_4_data_with_a_hole_are_told(tmp_path: Path):
    with Image.open(io.BytesIO(compressed("TIFF", "1"))) as picture:
        start, size = picture.tag_v2[273][0], picture.tag_v2[279][0]  # type: ignore[attr-defined]
    data = compressed("TIFF", "1")[start : start + size]
    assert "PDF-021" not in found(coded(data, Name.CCITTFaxDecode, K=-1), tmp_path)
    assert "PDF-021" in found(coded(data[:90] + bytes(100) + data[190:], Name.CCITTFaxDecode, K=-1), tmp_path)


def test_a_document_that_lost_a_piece_in_its_middle_is_refused(tmp_path: Path):
    report = examine(put(tmp_path, "holed.pdf", holed_pdf()), tmp_path)
    assert report["verdict"] == "fail"
    assert "PDF-024" in codes(report)


def test_a_document_that_lost_only_its_table_is_told_and_not_refused(tmp_path: Path):
    whole = pdf_bytes()
    path = put(tmp_path, "table.pdf", whole.replace(b"startxref\n", b"startxref\n9"))
    assert not {"PDF-024", "PDF-012"} & codes(examine(path, tmp_path))


def test_an_ordinary_document_raises_none_of_this(tmp_path: Path):
    assert codes(examine(pdf_with(with_text)(tmp_path), tmp_path)) == {"PDF-011"}
