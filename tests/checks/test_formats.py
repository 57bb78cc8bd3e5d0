"""What a file is: PRONOM's identifier where PRONOM knows it, ours where it does not, doubt where there is doubt."""

import io
import json
import time
from pathlib import Path

import pytest
from PIL import Image

from samples.checks.looking import codes, examine
from samples.checks.making import put, zip_of
from samples.checks.office import docx
from zhudang.checks.encodings import encoding_of
from zhudang.checks.formats import Identified, Identifier

OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def identify(path: Path) -> Identified:
    scratch = path.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    return Identifier(scratch).identify(path, path.name)


def ole_with(folder: Path, stream: str, name: str) -> Path:
    """A compound file of one stream: header, allocation table, directory."""
    import struct

    end, free, table = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    header = OLE + bytes(16) + struct.pack("<5H6x9L", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109L", 0, *[free] * 108)
    fat = struct.pack("<128L", table, end, *range(3, 10), end, *[free] * 118)

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = title.encode("utf-16-le") + b"\0\0" if title else b""
        return raw.ljust(64, b"\0") + struct.pack(
            "<HBBLLL16xL8x8xLQ", len(raw), kind, 1, free, free, child, 0, start, size
        )

    directory = entry("Root Entry", 5, 1, end, 0) + entry(stream, 2, free, 2, 4096) + entry("", 0, free, 0, 0) * 2
    return put(folder, name, header + fat + directory + bytes(4096))


@pytest.mark.parametrize(
    ("name", "content", "format_id"),
    [
        ("a.json", b'{"a": 1}', "fmt/817"),
        ("noname", b'{"a": 1}\n{"a": 2}\n', "fmt/2054"),
        ("a.svg", b'<svg version="1.1" xmlns="http://www.w3.org/2000/svg"></svg>', "fmt/92"),
        ("a.xml", b'<uof:UOF xmlns:uof="http://schemas.uof.org"></uof:UOF>', "zd/uof"),
        ("b.svg", b"<!-- > -->" * 700 + b'<svg xmlns="http://www.w3.org/2000/svg"/>', "fmt/92"),
        ("c.svg", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>', "fmt/92"),
        ("a.caj", b"CAJ" + bytes(range(200)), "zd/caj"),
        ("a.mp3", (b"\xff\xfb\x90\x00" + bytes(413)) * 4, "fmt/134"),
    ],
)
def test_content_names_the_format(name, content, format_id, tmp_path):
    seen = identify(put(tmp_path, name, content))
    assert (seen.format.id, seen.mismatch, seen.claimed_only) == (format_id, False, False)
    assert seen.format.name
    assert seen.format.mime
    assert seen.format.basis


@pytest.mark.parametrize(
    ("stream", "name", "format_id"),
    [
        ("BasicFileInfo", "楼.rvt", "zd/rvt"),
        ("BasicFileInfo", "门.rfa", "zd/rfa"),
        ("WordDocument", "说明.wps", "zd/wps"),
        ("Workbook", "清单.et", "zd/et"),
        ("PowerPoint Document", "汇报.dps", "zd/dps"),
    ],
)
def test_a_compound_file_is_named_by_its_streams(stream, name, format_id, tmp_path):
    seen = identify(ole_with(tmp_path, stream, name))
    assert (seen.format.id, seen.mismatch) == (format_id, False)


def test_zip_envelopes_are_looked_into(tmp_path):
    assert identify(zip_of(tmp_path, {"a.ifc": b"ISO-10303-21;"}, "a.ifczip")).format.id == "zd/ifczip"
    assert identify(zip_of(tmp_path, {"bcf.version": b"<v/>"}, "a.bcf")).format.id == "zd/bcf"
    assert identify(docx(tmp_path, name="a.wps")).format.id == "zd/wps"
    assert identify(zip_of(tmp_path, {"a.txt": b"x"}, "a.zip")).format.id == "x-fmt/263"


@pytest.mark.parametrize("content", [b"P1" + b" " * 8000 + b"x", b"<!-- --> " * 900 + b"<", b"999\n" * 2000])
def test_naming_takes_no_time_on_text_made_to_take_it(content, tmp_path):
    started = time.monotonic()
    identify(put(tmp_path, "a.xml", content))
    assert time.monotonic() - started < 10


def test_what_only_the_ending_says_is_told_as_doubt(tmp_path):
    report = examine(put(tmp_path, "造价.gbq6", bytes(range(1, 32)) * 40), tmp_path)
    assert report["format"]["id"] == "zd/gbq6"
    assert report["format"]["basis"].startswith("extension only")
    assert [found["code"] for found in report["findings"]] == ["FMT-005"]
    assert report["verdict"] == "manual"


def test_a_false_ending_is_told(tmp_path):
    report = examine(put(tmp_path, "图.jpg", b"%PDF-1.4\n%%EOF"), tmp_path)
    assert "FMT-002" in {found["code"] for found in report["findings"]}


def test_a_very_long_or_strange_ending_hurts_nobody(tmp_path):
    path = put(tmp_path, "a.txt", b"text")
    for name in ("a." + "x" * 5000, "a.t\0xt", "." * 300, ""):
        assert Identifier(tmp_path).identify(path, name).kind


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("联通".encode("gbk"), "gb2312"),
        ("图纸".encode("gbk"), "gb2312"),
        ("é à ü".encode(), "utf-8"),
        ("竣工图编制说明".encode("hz"), "hz"),
        (b"~{ not Chinese", "ascii"),
        ("竣工图".encode("utf-16"), "utf-16"),
        ("工程竣工验收报告".encode("utf-16-le"), "utf-16-le"),
        ("一般一级的一个工程一览".encode("utf-16-be"), "utf-16-be"),
        ("地基与基础，主体结构。\n".encode("utf-16-le"), "utf-16-le"),
        (b"this app can break", "ascii"),
        (bytes(range(256)), None),
    ],
)
def test_short_texts_are_not_misread(text, encoding):
    assert encoding_of(text) == encoding


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.csv", "名称,数量\n钢筋,=cmd|' /c calc'!A0\n", "OFF-003"),
        ("a.csv", '"=DDE(""excel"",""x"")",1\n', "OFF-003"),
        ("a.slk", "ID;P\nO;E\nNN;NAuto_open;ER1C1\nE\n", "OFF-001"),
        ("a.xml", '<?xml version="1.0"?><a><binData name="editdata.mso">QWN0</binData></a>', "OFF-001"),
    ],
)
def test_lists_and_flat_documents_that_run_something_are_told(name, text, code, tmp_path):
    assert code in {found["code"] for found in examine(put(tmp_path, name, text.encode()), tmp_path)["findings"]}


def test_an_ordinary_list_passes(tmp_path):
    text = "编号,温差,说明\n1,-5,A|B 两区\n2,+3,注意!\n"
    assert examine(put(tmp_path, "a.csv", text.encode()), tmp_path)["verdict"] == "pass"


def test_a_report_of_formats_is_plain_data(tmp_path):
    out = io.StringIO()
    json.dump(examine(put(tmp_path, "a.json", b"[]"), tmp_path), out)
    assert '"fmt/817"' in out.getvalue()


def test_a_bigtiff_is_no_zoomify_picture_and_an_mpo_is_a_jpeg(tmp_path):
    big, several = tmp_path / "big.tif", tmp_path / "two.mpo"
    picture = Image.new("L", (20, 20))
    picture.save(big, big_tiff=True)
    picture.save(several, format="MPO", save_all=True, append_images=[picture])
    assert (examine(big, tmp_path)["format"]["id"], codes(examine(big, tmp_path)) & {"FMT-002"}) == ("fmt/1917", set())
    assert "FMT-002" not in codes(examine(several, tmp_path))


def test_text_that_calls_itself_xml_is_read_as_xml(tmp_path):
    assert "XML-001" in codes(examine(put(tmp_path, "a.fodt", b"some text, no element at all\n" * 9), tmp_path))
