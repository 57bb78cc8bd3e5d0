"""Signed PDF that somebody tried to change without the signature noticing, and keys and hashes seldom met."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

from samples.checks import signatures as made
from zhudang.checks.examine import Case
from zhudang.checks.model import Severity
from zhudang.checks.openers import pdf_signatures
from zhudang.checks.trust import Trust


def look(content: bytes, folder: Path, trust: Trust | None = None) -> Case:
    path = folder / "attacked.pdf"
    path.write_bytes(content)
    case = Case(path, path.name, len(content), folder, trust=trust or Trust())
    pdf_signatures.examine(case)
    return case


def told(content: bytes, folder: Path, trust: Trust | None = None) -> dict[str, Any]:
    return look(content, folder, trust).facts["signatures"][0]


def blocks(case: Case) -> bool:
    return any(each.severity is Severity.BLOCK for each in case.findings)


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "root.pem").write_bytes(made.root().certificate.public_bytes(serialization.Encoding.PEM))
    return Trust.from_folder(folder)


@pytest.fixture(scope="module")
def signed() -> bytes:
    return made.sign(made.page())


def appended(content: bytes, end: bytes, *, moved_to: bytes = b"") -> bytes:
    """A later revision written by hand: another page content, or only a table that leads its number elsewhere."""
    number = int(re.search(rb"/Contents (\d+) 0 R", content)[1])  # type: ignore[index]
    start = int(re.findall(rb"startxref\s+(\d+)", content)[-1])
    root = re.findall(rb"/Root (\d+) 0 R", content)[-1]
    forged = b"BT /F1 24 Tf 72 700 Td (Forged) Tj ET"
    body = b"\n%d 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (number, len(forged), forged)
    place = len(content) + 1
    if moved_to:
        body, place = b"\n", content.index(moved_to)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, place)
    trailer = b"trailer\n<</Size 99/Root %s 0 R/Prev %d>>\nstartxref\n%d\n" % (root, start, len(content) + len(body))
    return content + body + table + trailer + end


@pytest.mark.parametrize("end", [b"%%EOF\n", b"", b"%%EO"])
def test_a_later_revision_counts_whether_or_not_it_has_an_end_mark(end: bytes, signed: bytes, tmp_path: Path):
    case = look(appended(signed, end), tmp_path)
    assert case.facts["signatures"][0]["status"] == "modified"
    assert blocks(case)


def test_a_later_table_that_leads_a_number_to_another_object_is_a_change(signed: bytes, tmp_path: Path):
    assert told(appended(signed, b"%%EOF\n", moved_to=b"1 0 obj"), tmp_path)["status"] == "modified"


def test_words_after_the_end_are_no_change(signed: bytes, tmp_path: Path, trust: Trust):
    assert told(signed + b"<!-- served in 3 ms -->", tmp_path, trust)["status"] == "valid"


@pytest.mark.parametrize(
    ("key", "method"), [(ed25519.Ed25519PrivateKey, "sha512"), (ed448.Ed448PrivateKey, "shake256")]
)
def test_keys_on_edwards_curves_are_verified(key: Any, method: str, tmp_path: Path, trust: Trust):
    who = made.identity("Edwards", made.root(), key=key.generate())
    assert told(made.sign(made.page(), who, md_algorithm=method), tmp_path, trust)["status"] == "valid"
