"""PDF facts and frame: sheets, blank pages, references, what was left when time ran out."""

from pathlib import Path

import pikepdf
import pytest
from pikepdf import Dictionary, Name

from samples.checks.archival import claiming, drawing
from samples.checks.looking import examine
from samples.checks.pdf import new_pdf, pdf_with, saved, with_text
from zhudang.checks.openers import pdf, pdf_pages
from zhudang.checks.paper import sheet_name


@pytest.mark.parametrize(
    ("size", "name"),
    [
        ((210, 297), "A4"),
        ((841, 594), "A1"),
        ((841, 1486), "A0+1/4"),
        ((594, 1051), "A1+1/4"),
        ((420, 1189), "A2+1"),
        ((594, 2102), "A1+3/2"),
        ((1189, 1682), "A0×2"),
        ((420, 900), "A2+"),
        ((100, 200), "100×200 mm"),
    ],
)
def test_sheets_are_named_as_drawing_offices_name_them(size: tuple[float, float], name: str):
    assert sheet_name(*size) == name


def test_blank_pages_and_pages_with_text_are_counted(tmp_path: Path):
    path = pdf_with(with_text, pages=3)(tmp_path)
    facts = examine(path, tmp_path)["facts"]
    assert (facts["pages"], facts["text_pages"], facts["scan_pages"]) == (3, 1, 0)
    assert facts["blank_pages"] == [2, 3]


def test_a_link_to_a_file_is_an_external_reference_and_one_to_the_web_is_not(tmp_path: Path):
    def linked(address: str) -> Path:
        document = new_pdf()
        document.Root.OpenAction = Dictionary(S=Name.URI, URI=address)
        return saved(document, tmp_path, "linked.pdf")

    assert examine(linked("file:///C:/plan.dwg"), tmp_path)["facts"]["active_content"] == ["external_reference"]
    assert examine(linked("https://example.org/"), tmp_path)["facts"]["active_content"] == []


def test_the_fact_names_claim_answer_and_clauses(tmp_path: Path):
    good = examine(claiming("2b", drawing(b"q Q"))(tmp_path), tmp_path)["facts"]["pdfa"]
    assert (good["claims"], good["conforms"], good["violations"]) == ("2b", True, [])
    assert "6.2.8.2" in good["not_covered"]
    bad = examine(claiming("2b", drawing(b"0 0 1 rg"))(tmp_path), tmp_path)
    assert (bad["facts"]["pdfa"]["conforms"], bad["facts"]["pdfa"]["violations"]) == (False, ["6.2.4.3"])
    assert bad["verdict"] == "warn"
    found = next(each for each in bad["findings"] if each["code"] == "PDA-002")
    assert (found["data"]["part"], found["data"]["clause"], found["data"]["places"]) == (2, "6.2.4.3", ["page 1"])
    assert "ISO 19005-2 第 6.2.4.3 条" in found["message"]


def test_a_document_that_claims_nothing_is_not_judged(tmp_path: Path):
    fact = examine(saved(new_pdf(), tmp_path, "plain.pdf"), tmp_path)["facts"]["pdfa"]
    assert fact == {"claims": None, "conforms": None, "violations": [], "not_covered": []}


def test_pages_not_reached_in_time_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pdf, "LEAST_S", -1.0)
    monkeypatch.setattr(pdf_pages, "BUDGET_S", -1.0)
    report = examine(saved(new_pdf(3), tmp_path, "late.pdf"), tmp_path)
    assert report["not_checked"]["PDF-014"] == "pages_from_1"


def test_a_document_without_readable_version_is_told_and_not_refused(tmp_path: Path):
    path = saved(new_pdf(), tmp_path, "odd.pdf")
    path.write_bytes(path.read_bytes().replace(b"%PDF-1.", b"%PDF-9.", 1))
    report = examine(path, tmp_path)
    assert "PDF-020" in {found["code"] for found in report["findings"]}
    assert report["verdict"] == "warn"


def test_a_stream_that_would_not_fit_into_memory_is_not_decoded(tmp_path: Path):
    document = new_pdf()
    document.Root.Extra = document.make_stream(bytes(300_000_000))
    report = examine(saved(document, tmp_path, "bomb.pdf", compress_streams=True), tmp_path)
    assert "PDF-021" not in {found["code"] for found in report["findings"]}
    assert pikepdf.open(tmp_path / "bomb.pdf").Root.Extra.Length < 1_000_000


def _tree(pdf: pikepdf.Pdf, **node: object) -> None:
    pdf.Root["/Names"] = Dictionary(Dests=Dictionary(Kids=pikepdf.Array([pdf.make_indirect(Dictionary(**node))])))


def _structured(pdf: pikepdf.Pdf, kids: object, kind: Name = Name.StructTreeRoot) -> None:
    pdf.Root["/StructTreeRoot"] = pdf.make_indirect(Dictionary(Type=kind, K=kids))


def _bookmark(pdf: pikepdf.Pdf, **entries: object) -> None:
    item = pdf.make_indirect(Dictionary(Title=pikepdf.String("a"), **entries))
    pdf.Root["/Outlines"] = pdf.make_indirect(Dictionary(Type=Name("/Outlines"), First=item, Last=item))


def _set(target: object, key: str, value: object) -> None:
    target[key] = value  # type: ignore[index]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda pdf: _set(pdf.Root, "/Outlines", pikepdf.String("x")), "catalogue"),
        (lambda pdf: _set(pdf.Root, "/OpenAction", pikepdf.Array([Name("/Fit")])), "catalogue"),
        (lambda pdf: _set(pdf.trailer, "/Info", pdf.make_indirect(Dictionary(CreationDate="yesterday"))), "date"),
        (lambda pdf: _set(pdf.pages[0].obj, "/Rotate", 45), "page"),
        (lambda pdf: _set(pdf.pages[0].obj, "/Annots", pikepdf.Array([Dictionary(Subtype=Name("/Link"))])), "page"),
        (lambda pdf: _set(pdf.pages[0].obj, "/MediaBox", pikepdf.Array([0, 0, 0, 842])), "page"),
        (lambda pdf: _set(pdf.pages[0].obj.Resources, "/Font", pikepdf.Array([])), "page"),
        (lambda pdf: _tree(pdf, Names=pikepdf.Array([pikepdf.String("a"), 1])), "name tree"),
        (lambda pdf: _tree(pdf, Limits=pikepdf.Array([pikepdf.String("a"), pikepdf.String("b")])), "name tree"),
        (lambda pdf: _set(pdf.Root, "/Dests", Dictionary(a=pikepdf.Array([Name.Fit]))), "destination"),
        (lambda pdf: _bookmark(pdf, Dest=pikepdf.Array([pdf.Root, Name.Fit])), "outline"),
        (lambda pdf: _bookmark(pdf, A=Dictionary(S=Name.GoTo, D=pikepdf.Array([Name.Fit]))), "outline"),
        (lambda pdf: _structured(pdf, pikepdf.Array([]), Name.Other), "structure"),
        (lambda pdf: _structured(pdf, pikepdf.String("x")), "structure"),
        (lambda pdf: _structured(pdf, Dictionary(S=Name.P, A=pikepdf.String("x"))), "structure"),
        (lambda pdf: _structured(pdf, Dictionary(S=Name.P, K=Dictionary(Type=Name.StructElem))), "structure"),
    ],
)
def test_entries_of_the_wrong_type_are_told(tmp_path: Path, spoil, words: str):
    path = pdf_with(with_text)(tmp_path)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        spoil(pdf)
        pdf.save(path)
    told = [found for found in examine(path, tmp_path)["findings"] if found["code"] == "PDF-020"]
    assert any(words in found["data"]["what"]["en"] for found in told)


def test_trees_as_they_should_be_raise_nothing(tmp_path: Path):
    path = pdf_with(with_text)(tmp_path)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        target = pikepdf.Array([pdf.pages[0].obj, Name.Fit])
        limits = pikepdf.Array([pikepdf.String("a"), pikepdf.String("a")])
        _tree(pdf, Names=pikepdf.Array([pikepdf.String("a"), target]), Limits=limits)
        pdf.Root["/Dests"] = Dictionary(b=Dictionary(D=target))
        _bookmark(pdf, Dest=target)
        mark = Dictionary(Type=Name.MCR, MCID=0, Pg=pdf.pages[0].obj)
        kids = pikepdf.Array([0, mark])
        _structured(pdf, Dictionary(S=Name.P, K=kids, A=pikepdf.Array([Dictionary(O=Name.Layout), 0])))
        pdf.save(path)
    assert "PDF-020" not in {found["code"] for found in examine(path, tmp_path)["findings"]}


def test_an_outline_that_comes_back_to_itself_is_told(tmp_path: Path):
    path = pdf_with(with_text)(tmp_path)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        item = pdf.make_indirect(Dictionary(Title=pikepdf.String("a")))
        item["/Next"] = item
        pdf.Root["/Outlines"] = pdf.make_indirect(Dictionary(Type=Name("/Outlines"), First=item, Last=item))
        pdf.save(path)
    assert "PDF-020" in {found["code"] for found in examine(path, tmp_path)["findings"]}


@pytest.mark.parametrize(("lost", "damaged"), [(0, False), (4, False), (20, True)])
def test_deflated_content_that_misses_its_last_block_is_damaged(tmp_path: Path, lost: int, damaged: bool):
    import zlib

    raw = zlib.compress(b"BT /F1 24 Tf 72 700 Td (Hello) Tj ET " + bytes(range(256)) * 4)
    path = pdf_with(with_text)(tmp_path)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        stream = pdf.make_stream(b"")
        stream.write(raw[: len(raw) - lost], filter=Name("/FlateDecode"))
        pdf.Root["/Extra"] = stream
        pdf.save(path, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    assert ("PDF-021" in {found["code"] for found in examine(path, tmp_path)["findings"]}) is damaged
