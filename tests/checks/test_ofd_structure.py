"""What the OFD opener tells about containers, structure and pictures."""

import zipfile
from pathlib import Path

import pytest

from samples.checks.making import put
from samples.checks.ofd import NAMESPACE, ofd, ofd_changed, ofd_parts
from samples.checks.ofd_signed import Plan, seal_bytes
from zhudang.checks.examine import Case
from zhudang.checks.formats import Identifier
from zhudang.checks.model import Severity
from zhudang.checks.ofdfile import OfdFile
from zhudang.checks.openers import eseal
from zhudang.checks.openers import ofd as opener


def look(path: Path) -> Case:
    case = Case(path, path.name, path.stat().st_size, path.parent)
    opener.examine(case)
    return case


def codes(case: Case) -> set[str]:
    return {found.code for found in case.findings}


def renamed(folder: Path, change) -> Path:
    path = folder / "renamed.ofd"
    with zipfile.ZipFile(path, "w") as container:
        for place, content in ofd_parts().items():
            container.writestr(change(place), content)
    return path


def identified(path: Path, scratch: Path) -> str:
    return Identifier(scratch).identify(path, path.name).format.id


def test_an_ofd_without_fault_raises_nothing(tmp_path: Path):
    case = look(ofd(tmp_path, ofd_parts(3)))
    assert not case.findings
    assert (case.facts["pages"], case.facts["encrypted"], case.facts["release"]) == (3, False, "1.0")
    assert case.facts["page_sizes"] == {"A4": 3}


def test_a_folder_packed_whole_is_read_and_told(tmp_path: Path):
    path = renamed(tmp_path, lambda place: f"资料/{place}")
    case = look(path)
    assert identified(path, tmp_path) == "zd/ofd"
    assert case.facts["pages"] == 1
    assert codes(case) == {"OFD-015"}


def test_a_zip_with_an_ofd_unpacked_in_a_folder_stays_a_zip(tmp_path: Path):
    path = renamed(tmp_path, lambda place: f"资料/{place}").rename(tmp_path / "a.zip")
    assert identified(path, tmp_path) != "zd/ofd"


@pytest.mark.parametrize("change", [str.lower, lambda place: place.replace("/", "\\")])
def test_names_in_other_letters_or_with_backslashes_are_followed(tmp_path: Path, change):
    path = renamed(tmp_path, change)
    case = look(path)
    assert identified(path, tmp_path) == "zd/ofd"
    assert case.facts["pages"] == 1
    assert case.facts["text_chars"] == 10


def test_bytes_before_the_zip_do_not_hide_an_ofd(tmp_path: Path):
    path = ofd(tmp_path, ofd_parts())
    path.write_bytes(b"<!-- made by -->\n" + path.read_bytes())
    assert identified(path, tmp_path) == "zd/ofd"


def test_half_an_ofd_is_still_one_and_blocks(tmp_path: Path):
    path = ofd(tmp_path, ofd_parts())
    path.write_bytes(path.read_bytes()[:-200])
    assert identified(path, tmp_path) == "zd/ofd"
    assert any(found.severity is Severity.BLOCK for found in look(path).findings)


def test_an_ofd_encrypted_by_gmt_0099_is_told_as_encrypted(tmp_path: Path):
    case = look(ofd(tmp_path, {**ofd_parts(), "Encryptions.xml": f'<Encryptions xmlns="{NAMESPACE}"/>'}))
    assert codes(case) == {"OFD-002"}
    assert case.facts["encrypted"] is True


def test_a_template_that_a_page_uses_and_is_missing_blocks(tmp_path: Path):
    def change(parts):
        document, page = "Doc_0/Document.xml", "Doc_0/Pages/P0/Content.xml"
        parts[document] = parts[document].replace(
            "</ofd:CommonData>", '<ofd:TemplatePage ID="50" BaseLoc="Tpls/T0.xml"/></ofd:CommonData>'
        )
        parts[page] = parts[page].replace("<ofd:Content>", '<ofd:Template TemplateID="50"/><ofd:Content>')

    assert "OFD-005" in codes(look(ofd_changed(change)(tmp_path)))


def test_a_template_nobody_uses_and_is_missing_is_a_warning(tmp_path: Path):
    def change(parts):
        parts["Doc_0/Document.xml"] = parts["Doc_0/Document.xml"].replace(
            "</ofd:CommonData>", '<ofd:TemplatePage ID="50" BaseLoc="Tpls/T0.xml"/></ofd:CommonData>'
        )

    assert codes(look(ofd_changed(change)(tmp_path))) == {"OFD-013"}


def test_two_documents_are_both_read(tmp_path: Path):
    def change(parts):
        second = {place.replace("Doc_0", "Doc_1"): text for place, text in parts.items() if place != "OFD.xml"}
        body = parts["OFD.xml"].partition("<ofd:DocBody>")[2].partition("</ofd:DocBody>")[0]
        parts["OFD.xml"] = parts["OFD.xml"].replace(
            "</ofd:OFD>", f"<ofd:DocBody>{body.replace('Doc_0', 'Doc_1')}</ofd:DocBody></ofd:OFD>"
        )
        parts.update(second)

    case = look(ofd_changed(change, pages=2)(tmp_path))
    assert (case.facts["pages"], case.facts["documents"]) == (4, 2)
    assert "OFD-017" in codes(case)


def test_a_link_is_active_content_but_no_reason_to_refuse(tmp_path: Path):
    def change(parts):
        page = "Doc_0/Pages/P0/Content.xml"
        parts[page] = parts[page].replace("<ofd:TextCode", '<ofd:URI URI="http://example.org/"/><ofd:TextCode')

    case = look(ofd_changed(change)(tmp_path))
    assert case.facts["active_content"] == ["external_reference"]
    assert [found.severity for found in case.findings] == [Severity.INFO]


def test_broken_xml_of_a_page_blocks_and_names_the_page(tmp_path: Path):
    def change(parts):
        parts["Doc_0/Pages/P1/Content.xml"] = "<ofd:Page>"

    found = look(ofd_changed(change, pages=2)(tmp_path)).findings
    assert [(each.code, each.data["page"]) for each in found if each.severity is Severity.BLOCK] == [("OFD-004", 2)]


def test_an_entity_bomb_is_not_expanded(tmp_path: Path):
    def change(parts):
        bomb = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
            f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9)
        )
        parts["Doc_0/Pages/P0/Content.xml"] = f"{bomb}]><Page>&j;</Page>"

    case = look(ofd_changed(change)(tmp_path))
    assert case.facts["text_chars"] in (0, None)


@pytest.mark.parametrize(
    ("plan", "told"), [(Plan(), {"SIG-003"}), (Plan(layout="old"), {"SIG-003"}), (Plan(change_seal=True), {"OFD-024"})]
)
def test_a_seal_by_itself_is_known_and_verified(tmp_path: Path, plan: Plan, told: set[str]):
    path = put(tmp_path, "seal.esl", seal_bytes(plan))
    case = Case(path, path.name, path.stat().st_size, tmp_path)
    eseal.examine(case)
    assert identified(path, tmp_path) == "zd/eseal"
    assert codes(case) == told
    assert case.facts["seal"]["name"] == "云溪县城建档案馆公章"


def test_the_lowest_resolution_of_scanned_pages_is_a_fact(tmp_path: Path):
    from samples.checks import BAD, GOOD

    assert look(BAD["OFD-018"](tmp_path)).facts["dpi"] == 100
    assert look(GOOD["ofd-scan"](tmp_path)).facts["dpi"] == 200


def test_places_are_found_relative_to_document_container_or_root(tmp_path: Path):
    with_root = OfdFile(ofd(tmp_path, ofd_parts()))
    assert with_root.locate("/Doc_0/Document.xml", "Doc_0") == "Doc_0/Document.xml"
    assert with_root.locate("Document.xml", "Doc_0") == "Doc_0/Document.xml"
    assert with_root.locate("Doc_0/Document.xml", "Doc_0/Signs") == "Doc_0/Document.xml"
    assert with_root.locate("../../../etc/passwd", "Doc_0") is None


def test_an_ofd_that_lost_its_root_is_still_one_and_cannot_be_opened(tmp_path: Path):
    parts = ofd_parts()
    del parts["OFD.xml"]
    path = ofd(tmp_path, parts)
    assert identified(path, tmp_path) == "zd/ofd"
    assert "OFD-001" in codes(look(path))


@pytest.mark.parametrize(("content", "told"), [("rubbish", True), ("", True), ("OTTO and more", False)])
def test_a_font_file_that_is_no_font_is_told(content: str, told: bool, tmp_path: Path):
    path = ofd(tmp_path, {**ofd_parts(), "Doc_0/Res/f.ttf": content})
    assert ("OFD-013" in codes(look(path))) is told


def test_bytes_behind_the_container_are_told_and_not_refused(tmp_path: Path):
    path = ofd(tmp_path, ofd_parts())
    path.write_bytes(path.read_bytes() + bytes(200))
    assert codes(look(path)) == {"OFD-015"}


def test_a_picture_of_an_annotation_is_opened_too(tmp_path: Path):
    parts = ofd_parts()
    media = '<ofd:MultiMedias><ofd:MultiMedia ID="7"><ofd:MediaFile>i.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias>'
    parts["Doc_0/PublicRes.xml"] = parts["Doc_0/PublicRes.xml"].replace("</ofd:Res>", media + "</ofd:Res>")
    parts["Doc_0/Res/i.png"] = "no picture"
    parts["Doc_0/Document.xml"] = parts["Doc_0/Document.xml"].replace(
        "</ofd:Document>", "<ofd:Annotations>Annots.xml</ofd:Annotations></ofd:Document>"
    )
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    parts["Doc_0/Annots.xml"] = (
        f'<ofd:Annotations {space}><ofd:Page PageID="10"><ofd:FileLoc>Note.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>'
    )
    parts["Doc_0/Note.xml"] = (
        f'<ofd:PageAnnot {space}><ofd:Annot><ofd:Appearance><ofd:ImageObject ID="8" ResourceID="7" Boundary="0 0 9 9"/>'
        "</ofd:Appearance></ofd:Annot></ofd:PageAnnot>"
    )
    assert codes(look(ofd(tmp_path, parts))) == {"OFD-019"}
