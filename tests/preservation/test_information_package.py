"""An E-ARK information package, whatever the names in it."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from lxml import etree

from preservation.eark_judge import judged_by_eark
from zhudang.preservation.domain.names import json_bytes
from zhudang.preservation.giving import csip
from zhudang.preservation.giving.gathering import GivenVolume
from zhudang.preservation.giving.sinks import package_at
from zhudang.preservation.ocfl.content import content_of_bytes
from zhudang.preservation.packing import VOLUME, Package

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def volume(files: dict[str, bytes], title: str = "地基", mime: str = "application/pdf") -> GivenVolume:
    described = {"records": [{"files": [{"stored_as": path, "mime": mime} for path in files]}]}
    contents = tuple(
        content_of_bytes(path, data) for path, data in {"description.json": json_bytes(described), "rights.json": b"{}", "provenance.json": b"{}", **files}.items()
    )  # fmt: skip
    thing = UUID("0199a5d2-0000-7000-8000-000000000001")
    return GivenVolume(Package(thing, VOLUME, thing, title, 0, "I1-2026-0001-001", "1", contents, 1, 1, 0))


def written(target: Path, *volumes: GivenVolume, source: str = "城建档案馆") -> Path:
    with package_at(target, NOW) as sink:
        csip.write(sink, volumes, package_id="urn:uuid:1", source=source, now=NOW)
    return target


def test_names_with_marks_of_xml_in_them_are_told_as_they_are(tmp_path: Path) -> None:
    source = "甲 & 乙 <\"馆\"> 'x'\x0b"
    package = written(tmp_path / "p", volume({"files/0001.pdf": b"%PDF-1.7"}), source=source)
    assert "error" not in judged_by_eark(package)
    assert etree.parse(package / "METS.xml").getroot().get("LABEL") == source.replace("\x0b", "")


def test_renditions_are_a_representation_of_their_own(tmp_path: Path) -> None:
    package = written(tmp_path / "p", volume({"files/0001.bmp": b"BM", "renditions/0001-bmp-tiff-1.tif": b"II"}))
    assert "error" not in judged_by_eark(package)
    assert [path.name for path in (package / "representations/rep1").rglob("*.*")] == ["0001.bmp"]
    assert [path.name for path in (package / "representations/rep2").rglob("*.*")] == ["0001-bmp-tiff-1.tif"]


def test_a_file_whose_type_is_not_known_says_so(tmp_path: Path) -> None:
    package = written(tmp_path / "p", volume({"files/0001.bin": b"?"}, mime=""))
    assert "error" not in judged_by_eark(package)
    [named] = etree.parse(package / "METS.xml").xpath(
        "//m:fileGrp[@USE = 'Representations/rep1']/m:file/@MIMETYPE", namespaces={"m": "http://www.loc.gov/METS/"}
    )
    assert named == "application/octet-stream"
