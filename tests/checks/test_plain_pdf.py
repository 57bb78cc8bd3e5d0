"""A plain PDF is told without asking PRONOM for the whole file, and is told the same."""

import shutil
from pathlib import Path

import pygfried
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhudang.checks.formats import Identifier
from zhudang.checks.plain_pdf import header_of_plain

BODY = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
TAIL = b"trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"
VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "2.0")
FINER = (
    b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>",
    b"pdfaid:part='1' pdfaid:conformance='A'",
    b"/GTS_PDFXVersion (PDF/X-1a:2003)",
    b"<pdfxid:GTS_PDFXVersion>PDF/X-4</pdfxid:GTS_PDFXVersion>",
    b"<pdfe:ISO_PDFEVersion>PDF/E-1</pdfe:ISO_PDFEVersion>",
    b"/Creator (Adobe Illustrator 9.0)",
    b"/AIMetaData 3 0 R",
)
PRONOM = pygfried.Scanner()


@pytest.fixture(scope="module")
def identifier(tmp_path_factory: pytest.TempPathFactory) -> Identifier:
    return Identifier(tmp_path_factory.mktemp("scratch"))


def written(folder: Path, content: bytes) -> Path:
    path = folder / "a.pdf"
    path.write_bytes(content)
    return path


def is_plain(path: Path) -> bool:
    content = path.read_bytes()
    return header_of_plain(path, content[:8192], len(content)) is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plain_pdf_gets_the_identifier_pronom_gives_it(tmp_path: Path, identifier: Identifier, version: str) -> None:
    path = written(tmp_path, b"%PDF-" + version.encode() + b"\n" + BODY + b"% filler\n" * 4000 + TAIL)
    assert is_plain(path)
    assert identifier.identify(path, path.name).format.id == PRONOM.identify(str(path))


@pytest.mark.parametrize("mark", FINER)
def test_a_mark_of_a_finer_profile_anywhere_leaves_the_file_to_pronom(
    tmp_path: Path, identifier: Identifier, mark: bytes
) -> None:
    path = written(tmp_path, b"%PDF-1.4\n" + BODY + b"% filler\n" * 4000 + mark + b"\n" + TAIL)
    assert not is_plain(path)
    assert identifier.identify(path, path.name).format.id == PRONOM.identify(str(path))


@pytest.mark.parametrize("tail", [b"", b"%%EO", TAIL + b"more after the end", TAIL + b"\0" * 40])
def test_an_unusual_end_is_no_plain_pdf(tmp_path: Path, tail: bytes) -> None:
    assert not is_plain(written(tmp_path, b"%PDF-1.4\n" + BODY + tail))


def test_a_plain_pdf_under_another_ending_is_told_of(tmp_path: Path, identifier: Identifier) -> None:
    path = written(tmp_path, b"%PDF-1.4\n" + BODY + TAIL)
    drawing = tmp_path / "a.dwg"
    shutil.copy(path, drawing)
    assert identifier.identify(drawing, drawing.name).mismatch
    assert not identifier.identify(path, path.name).mismatch


@given(
    version=st.sampled_from(VERSIONS),
    middle=st.lists(st.one_of(st.binary(max_size=200), st.sampled_from(FINER)), max_size=6),
    end=st.sampled_from((b"%%EOF", b"%%EOF\r\n", b"%%EOF\n\n", b"%EOF", b"")),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_whatever_stands_in_a_pdf_the_answer_is_pronoms(
    tmp_path: Path, identifier: Identifier, version: str, middle: list[bytes], end: bytes
) -> None:
    path = written(tmp_path, b"%PDF-" + version.encode() + b"\n" + BODY + b"\n".join(middle) + b"\n" + end)
    asked = PRONOM.identify(str(path))
    if is_plain(path):
        assert identifier.identify(path, path.name).format.id == asked
