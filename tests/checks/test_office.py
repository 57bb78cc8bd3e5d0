"""Office documents: what runs, what loads from elsewhere, what is locked, in every container and disguise."""

import struct

import pytest

from samples.checks.looking import codes, examine
from samples.checks.making import put, zip_of
from samples.checks.office import docx, relation
from zhudang.checks.openers import biff


def record(kind: int, content: bytes) -> bytes:
    return struct.pack("<2H", kind, len(content)) + content


BOF8 = record(0x809, struct.pack("<2H", 0x600, 5) + bytes(12))


@pytest.mark.parametrize(
    "body",
    [
        "<w:r><w:instrText>DD</w:instrText></w:r><w:r><w:instrText>EAUTO c:\\x.exe</w:instrText></w:r>",
        '<w:fldSimple w:instr=" DDE excel book "/>',
        "<w:instrText>QUOTE 68 68 69 65 85 84 79</w:instrText>",
    ],
)
def test_a_dde_field_is_found_however_it_is_cut(body, tmp_path):
    report = examine(docx(tmp_path, body=body), tmp_path)
    assert "OFF-003" in codes(report)
    assert report["facts"]["active_content"] == ["dde"]


def test_words_about_dde_are_no_field(tmp_path):
    report = examine(docx(tmp_path, body="<w:t>DDEAUTO is dangerous</w:t>"), tmp_path)
    assert "OFF-003" not in codes(report)


def test_a_template_on_this_computer_is_a_reference_and_one_on_a_network_is_dangerous(tmp_path):
    near = examine(docx(tmp_path, relation("attachedTemplate", "file:///C:/Templates/a.dotx")), tmp_path)
    assert near["facts"]["active_content"] == ["external_reference"]
    far = examine(docx(tmp_path, relation("attachedTemplate", "\\\\\\\\server\\share\\a.dotm")), tmp_path)
    assert far["facts"]["active_content"] == ["remote_template"]


def test_a_document_whose_main_part_is_broken_cannot_be_opened(tmp_path):
    root = '<Relationships><Relationship Type="x/officeDocument" Target="word/document.xml"/></Relationships>'
    report = examine(docx(tmp_path, {"_rels/.rels": root}, body="<w:p>"), tmp_path)
    assert "OFF-006" in codes(report)
    report = examine(docx(tmp_path, {"_rels/.rels": root.replace("document.xml", "other.xml")}), tmp_path)
    assert "OFF-006" in codes(report)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (rb"{\rtf1{\*\template http://example.test/a.dotm}}", "OFF-004"),
        (rb"{\rtf1{\*\template \u104?\u116?\u116?\u112?://example.test}}", "OFF-004"),
        (rb"{\rtf1{\field{\*\fldinst {\b DD}{EAUTO c:\\x.exe}}{\fldrslt x}}}", "OFF-003"),
        (rb"{\rtf1{\object\objemb{\*\objdata 0105}}}", "OFF-005"),
        (rb"{\rtf1{\field{\*\fldinst INCLUDEPICTURE c:\\a.png}{\fldrslt x}}}", "OFF-007"),
        (rb"{\rtf1 cut {\b off", "OFF-006"),
    ],
)
def test_rtf_is_read_through_its_disguises(text, code, tmp_path):
    assert code in codes(examine(put(tmp_path, "a.rtf", text), tmp_path))


def test_a_plain_rtf_passes(tmp_path):
    report = examine(put(tmp_path, "a.rtf", rb"{\rtf1\ansi{\*\template C:\\a.dot}\b DDE is a word\par}"), tmp_path)
    assert report["verdict"] == "pass"


def test_excel_records_tell_macro_sheets_dde_and_locks():
    path = "cmd\x03/c calc".encode("latin-1")
    link = record(0x1AE, struct.pack("<2HB", 1, len(path), 0) + path)
    macro = record(0x809, struct.pack("<2H", 0x600, 0x40) + bytes(12))
    book = biff.read(BOF8 + link + macro + record(0x0A, b""))
    assert (book.dde, book.macro_sheets, book.locked, book.whole) == (["cmd|/c calc"], 1, False, True)
    assert biff.read(BOF8 + record(0x2F, bytes(6))).locked
    assert not biff.read(BOF8 + struct.pack("<2H", 0x85, 40)).whole


def test_an_old_workbook_without_a_container_opens(tmp_path):
    old = record(0x409, struct.pack("<3H", 0, 0x10, 0)) + record(0x0A, b"")
    report = examine(put(tmp_path, "old.xls", old), tmp_path)
    assert report["verdict"] != "fail"


def test_opendocument_basic_and_outside_pictures_are_told(tmp_path):
    mime = b"application/vnd.oasis.opendocument.text"
    content = b'<a xmlns:draw="d" xmlns:xlink="x"><draw:image xlink:href="http://example.test/a.png"/></a>'
    parts = {"mimetype": mime, "content.xml": content, "Basic/Standard/Module1.xml": b"<m/>"}
    report = examine(zip_of(tmp_path, parts, "a.odt"), tmp_path)
    assert report["facts"]["active_content"] == ["external_reference", "macro"]
    empty = {"mimetype": mime, "content.xml": b"<a/>", "Basic/Standard/script-lb.xml": b"<m/>"}
    assert "OFF-001" not in codes(examine(zip_of(tmp_path, empty, "b.odt"), tmp_path))
