"""PDF/A: one document per rule, judged by the clause it breaks."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from samples.checks.archival import annotated, claiming, drawing
from samples.checks.making import Maker
from zhudang.checks.pdfa import cmaps, syntax, xmp
from zhudang.checks.pdfa.claims import claim
from zhudang.checks.pdfa.clauses import PARTS, all_clauses, untested
from zhudang.checks.pdfa.judge import judge
from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.xmp_types import Types, predefined

Change = Callable[[pikepdf.Pdf], None]


def judged(path: Path) -> Judgement:
    with pikepdf.open(path, inherit_page_attributes=False) as pdf:
        claimed = claim(pdf)
        assert claimed is not None
        return judge(pdf, path, *claimed)


def catalog(**entries: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        for key, value in entries.items():
            pdf.Root[f"/{key}"] = value

    return change


def page(**entries: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        for key, value in entries.items():
            pdf.pages[0].obj[f"/{key}"] = value

    return change


def state(**entries: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Resources = Dictionary(ExtGState=Dictionary(G1=Dictionary(**entries)))
        pdf.pages[0].obj.Contents = pdf.make_stream(b"/G1 gs")

    return change


def drawn(**entries: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        thing = pdf.make_stream(b"", Type=Name.XObject, **entries)
        pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(X1=thing))
        pdf.pages[0].obj.Contents = pdf.make_stream(b"/X1 Do")

    return change


def embedding(content: bytes | Maker) -> Change:
    """Embeds bytes, or a document another maker makes."""

    def change(pdf: pikepdf.Pdf) -> None:
        data = content if isinstance(content, bytes) else _made(content)
        pdf.attachments["inner.pdf"] = pikepdf.AttachedFileSpec(pdf, data, mime_type="application/pdf")

    return change


def unassociated(pdf: pikepdf.Pdf) -> None:
    embedding(b"plain text")(pdf)
    for thing in pdf.objects:
        if isinstance(thing, Dictionary) and "/EF" in thing:
            del thing["/AFRelationship"]


def _made(maker: Maker) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return maker(Path(folder)).read_bytes()


def signed(**entries: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        field = Dictionary(FT=Name.Sig, T="s", V=Dictionary(Type=Name.Sig, **entries))
        pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(field)]))

    return change


HISTORY = (
    '<xmpMM:History xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"><rdf:Seq><rdf:li rdf:parseType="Resource"/>'
    "</rdf:Seq></xmpMM:History>"
)
IMAGE = {"Subtype": Name.Image, "Width": 1, "Height": 1, "BitsPerComponent": 8}
CASES: list[tuple[str, str, Change | None, str]] = [
    ("1b", "6.4", state(ca=0.5), ""),
    ("1b", "6.4", state(SMask=Dictionary(S=Name.Alpha)), ""),
    ("1b", "6.4", state(BM=Name.Multiply), ""),
    ("1b", "6.1.13", catalog(OCProperties=Dictionary()), ""),
    ("1b", "6.5.2", annotated(Subtype=Name.FileAttachment, F=4), ""),
    ("1b", "6.5.3", annotated(Subtype=Name.Square, F=4, CA=0.5), ""),
    ("1b", "6.6.1", catalog(OpenAction=Dictionary(S=Name.JavaScript, JS="1")), ""),
    ("1b", "6.7.3", lambda pdf: pdf.trailer.__setitem__("/Info", Dictionary(Title="T")), ""),
    ("1b", "6.7.2", None, "<dc:unknown>x</dc:unknown>"),
    ("1a", "6.8.2.2", None, ""),
    ("1a", "6.8.3.3", None, ""),
    ("2b", "6.1.6", lambda pdf: pdf.pages[0].obj.__setitem__("/Contents", pdf.make_stream(b"<ABC> pop")), ""),
    ("2b", "6.1.10", drawing(b"BI /W 1 /H 1 /BPC 8 /CS /G /F /LZW ID x EI"), ""),
    ("2b", "6.1.12", catalog(Perms=Dictionary(Other=Dictionary())), ""),
    ("2b", "6.1.13", catalog(Extra=2**31), ""),
    ("2b", "6.1.13", catalog(Extra=Name("/" + "n" * 128)), ""),
    ("2b", "6.1.13", page(MediaBox=Array([0, 0, 2, 2])), ""),
    ("2b", "6.1.13", drawing(b"q " * 29 + b"Q " * 29), ""),
    ("2b", "6.2.2", drawing(b"/Lost gs"), ""),
    ("2b", "6.2.2", drawing(b"BX 1 2 strange EX"), ""),
    ("2b", "6.2.4.3", drawing(b"0 0 1 rg"), ""),
    ("2b", "6.2.4.3", drawing(b"0 0 9 9 re f"), ""),
    ("2b", "6.2.4.3", drawing(b"0 0 0 1 K"), ""),
    ("2b", "6.2.5", state(TR=Name.Identity), ""),
    ("2b", "6.2.5", state(HT=Dictionary(HalftoneType=6)), ""),
    ("2b", "6.2.6", drawing(b"/Vivid ri"), ""),
    ("2b", "6.2.5", state(RI=Name.Vivid), ""),
    ("2b", "6.2.8.1", drawn(**IMAGE, Intent=Name.Vivid), ""),
    ("2b", "6.2.8.1", drawn(**IMAGE, Alternates=Array([])), ""),
    ("2b", "6.2.8.1", drawn(**IMAGE, Interpolate=True), ""),
    ("2b", "6.2.9.1", drawn(Subtype=Name.Form, OPI=Dictionary()), ""),
    ("2b", "6.2.9.2", drawn(Subtype=Name.Form, Ref=Dictionary()), ""),
    ("2b", "6.2.9.3", drawn(Subtype=Name.PS), ""),
    ("2b", "6.2.10", state(BM=Name.Strange), ""),
    ("2b", "6.2.10", state(ca=0.5), ""),
    ("2b", "6.3.1", annotated(Subtype=Name("/3D"), F=4), ""),
    ("2b", "6.3.2", annotated(Subtype=Name.Square), ""),
    ("2b", "6.3.3", annotated(Subtype=Name.Square, F=4), ""),
    ("2b", "6.4.1", annotated(Subtype=Name.Widget, F=4, A=Dictionary(S=Name.GoTo)), ""),
    ("2b", "6.4.2", catalog(AcroForm=Dictionary(Fields=[], XFA="x")), ""),
    ("2b", "6.5.1", catalog(OpenAction=Dictionary(S=Name.Named, N=Name.Print)), ""),
    ("2b", "6.5.2", page(AA=Dictionary()), ""),
    ("2b", "6.6.2.3.1", None, "<dc:title>plain</dc:title>"),
    ("2b", "6.9", catalog(OCProperties=Dictionary(OCGs=[], D=Dictionary(Name="a", AS=Array([])))), ""),
    ("2b", "6.10", page(PresSteps=Dictionary()), ""),
    ("2b", "6.11", catalog(Requirements=Array([])), ""),
    ("2b", "6.6.6", None, HISTORY),
    ("2b", "6.8", embedding(b"plain text"), ""),
    ("2b", "6.8", embedding(claiming("2b", drawing(b"0 0 1 rg"))), ""),
    ("2b", "6.4.3", signed(ByteRange=Array([0, 1, 2, 3]), Contents=pikepdf.String("")), ""),
    ("3b", "6.8", unassociated, ""),
    ("2a", "6.7.4", catalog(Lang="no language!", MarkInfo=Dictionary(Marked=True)), ""),
    ("2a", "6.7.3.4", catalog(StructTreeRoot=Dictionary(RoleMap=Dictionary(Own=Name.Other))), ""),
    ("4", "6.1.3", lambda pdf: pdf.trailer.__setitem__("/Info", Dictionary(Title="T")), ""),
    ("4", "6.1.12", catalog(Version=Name("/1.7")), ""),
    ("4", "6.6.1", catalog(OpenAction=Dictionary(S=Name.Launch)), ""),
    ("4", "6.6.3", page(AA=Dictionary(O=Dictionary(S=Name.GoTo))), ""),
    ("4", "6.12", catalog(Requirements=Array([])), ""),
    ("4f", "6.9", None, ""),
]


@pytest.mark.parametrize(("claimed", "clause", "change", "more"), CASES)
def test_a_broken_rule_is_told_with_its_clause(
    claimed: str, clause: str, change: Change | None, more: str, tmp_path: Path
):
    assert clause in judged(claiming(claimed, change, more)(tmp_path)).clauses


@pytest.mark.parametrize(("part", "broken"), [("1b", True), ("2b", False)])
def test_a_cross_reference_stream_is_newer_than_part_1(part: str, broken: bool, tmp_path: Path):
    path = claiming(part)(tmp_path)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.save(
            path,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            fix_metadata_version=False,
            compress_streams=False,
        )
    assert ("xref-stream" in judged(path).violations) is broken


@pytest.mark.parametrize(("claimed", "key", "broken"), [("2b", "HTP", True), ("4", "HTP", False), ("4", "HTO", True)])
def test_the_origin_of_a_halftone_has_another_key_in_part_4(claimed: str, key: str, broken: bool, tmp_path: Path):
    judgement = judged(claiming(claimed, state(**{key: Array([0, 0])}))(tmp_path))
    assert ("halftone-phase" in judgement.violations) is broken


def _cmyk_profile(extra: bytes = b"") -> bytes:
    head = bytearray(128)
    head[8], head[12:20], head[36:40] = 4, b"prtrCMYK", b"acsp"
    return bytes(head) + extra


@pytest.mark.parametrize(("drawn_in", "broken"), [(b"", True), (b"another", False)])
def test_a_cmyk_profile_may_not_be_that_of_the_blending_space(drawn_in: bytes, broken: bool, tmp_path: Path):
    def blended(pdf: pikepdf.Pdf) -> None:
        spaces = [Array([Name.ICCBased, pdf.make_stream(_cmyk_profile(extra), N=4)]) for extra in (b"", drawn_in)]
        drawing(b"/C cs 0 0 0 1 sc 0 0 9 9 re f")(pdf)
        page = pdf.pages[0].obj
        page.Resources = Dictionary(ColorSpace=Dictionary(C=pdf.make_indirect(spaces[1])))
        page.Group = Dictionary(S=Name.Transparency, CS=pdf.make_indirect(spaces[0]))

    assert ("icc-identical" in judged(claiming("4", blended)(tmp_path)).violations) is broken


@pytest.mark.parametrize("claimed", ["1b", "2b", "2u", "3b", "4"])
def test_a_document_that_keeps_its_clauses_conforms(claimed: str, tmp_path: Path):
    judgement = judged(claiming(claimed, drawing(b"q Q"))(tmp_path))
    assert not judgement.violations
    assert not judgement.incomplete


def test_the_same_feature_is_weighed_by_the_part_that_is_claimed(tmp_path: Path):
    assert not judged(
        claiming("2b", catalog(OCProperties=Dictionary(OCGs=[], D=Dictionary(Name="a"))))(tmp_path)
    ).clauses
    assert not judged(claiming("4", catalog(OpenAction=Dictionary(S=Name.JavaScript, JS="1")))(tmp_path)).clauses


def test_an_embedded_document_that_conforms_may_stay(tmp_path: Path):
    judgement = judged(claiming("2b", embedding(claiming("1b")))(tmp_path))
    assert "embedded-pdfa" not in judgement.violations


def test_a_document_without_claim_is_not_judged(tmp_path: Path):
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        assert claim(pdf) is None


def test_every_rule_names_a_clause_and_speaks_both_languages():
    for rule, clause in all_clauses().items():
        assert clause.numbers, rule
        assert clause.what_zh, rule
        assert clause.what_en, rule
    assert all(untested(part, "a") for part in PARTS)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        (lambda data: b"x" + data, "header"),
        (lambda data: data.replace(b"%\xbf\xf7\xa2\xfe", b"%abcd"), "header-comment"),
        (lambda data: data + b"after", "after-eof"),
        (lambda data: data.replace(b"1 0 obj\n", b"1  0 obj"), "object-spacing"),
        (lambda data: data.replace(b"stream\n<?", b"stream\r<?"), "stream-eol"),
        (lambda data: data.replace(b"\nendstream", b" endstream"), "stream-length"),
        (lambda data: data.replace(b"xref\n0", b"xref \n0"), "xref-eol"),
    ],
)
def test_bytes_are_judged_as_they_lie_on_disk(damage: Callable[[bytes], bytes], rule: str, tmp_path: Path):
    path = claiming("1b")(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    judgement = Judgement(1, "b")
    with pikepdf.open(path, suppress_warnings=True) as pdf:
        syntax.examine(judgement, path, pdf)
    assert rule in judgement.violations


def test_hexadecimal_strings_inside_literal_strings_do_not_count():
    judgement = Judgement(2, "b")
    syntax.judge_strings(judgement, b"(a (nested) \\) <abc>) % <abc>\n<abcd> << /K 1 >>", "page 1")
    assert not judgement.violations


def test_the_bytes_of_inline_images_are_no_strings():
    judgement = Judgement(2, "b")
    syntax.judge_strings(judgement, b"BI /W 1 /H 1 ID <abc>(( EI Q <abcd> Tj", "page 1")
    assert not judgement.violations


def test_a_packet_tells_arrays_structures_and_languages_apart():
    packet = xmp.read(
        b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="here">
        <dc:title><rdf:Alt><rdf:li xml:lang="x-default">T</rdf:li></rdf:Alt></dc:title>
        <dc:creator><rdf:Seq><rdf:li>A</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"""
    )
    kinds = {node.name: node.kind for node in packet.properties}
    assert kinds == {"source": "simple", "title": "alt", "creator": "seq"}
    types, table = Types(2), predefined(2)
    assert all(types.fits(node, table[node.namespace, node.name]) for node in packet.properties)


@pytest.mark.parametrize("text", [b"", b"no xml", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", b"<a><b></a>"])
def test_what_is_no_packet_is_refused(text: bytes):
    with pytest.raises(xmp.NotXmp):
        xmp.read(text)


def test_strings_split_by_the_code_space_of_their_map():
    with pikepdf.new() as pdf:
        found = cmaps.read(
            pdf.make_stream(
                b"2 begincodespacerange <00> <80> <8140> <9FFC> endcodespacerange "
                b"1 begincidrange <8140> <8142> 7 endcidrange 1 beginbfrange <00> <02> <0041> endbfrange"
            )
        )
    assert found is not None
    assert list(found.split(b"\x20\x81\x40\x21")) == [0x20, 0x8140, 0x21]
    assert found.cids[0x8142] == 9
    assert found.texts[2] == "C"


def test_a_map_of_endless_ranges_ends():
    ranges = b"<0000> <FFFF> <0041> " * 500
    with pikepdf.new() as pdf:
        found = cmaps.read(pdf.make_stream(b"1 beginbfrange " + ranges + b" endbfrange"))
    assert found is not None
    assert len(found.texts) <= cmaps.MOST_ENTRIES
