"""Office documents, good and bad."""

from __future__ import annotations

from pathlib import Path

from samples.checks.making import Maker, half
from samples.checks.ofd import ofd

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(folder: Path, extra: dict[str, str] | None = None, body: str = "", name: str = "sample.docx") -> Path:
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": "<Relationships/>",
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
        **(extra or {}),
    }
    return ofd(folder, parts, name)


def relation(kind: str, target: str) -> dict[str, str]:
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    link = f'<Relationship Id="r1" Type="{base}/{kind}" Target="{target}" TargetMode="External"/>'
    return {"word/_rels/settings.xml.rels": f"<Relationships>{link}</Relationships>"}


def within(kind: str, target: str) -> str:
    """A part of relations with one that leads to another part."""
    return f'<Relationships><Relationship Id="r1" Type="x/{kind}" Target="{target}"/></Relationships>'


def _locked_docx(folder: Path) -> Path:
    import msoffcrypto.format.ooxml as ooxml

    plain, locked = docx(folder, name="open.docx"), folder / "locked.docx"
    with plain.open("rb") as source, locked.open("wb") as target:
        ooxml.OOXMLFile(source).encrypt("secret", target)
    return locked


BAD: dict[str, Maker] = {
    "OFF-001": lambda folder: docx(folder, {"word/vbaProject.bin": "x"}),
    "OFF-002": _locked_docx,
    "OFF-003": lambda folder: docx(folder, body="<w:instrText>DDEAUTO c:\\\\x.exe</w:instrText>"),
    "OFF-004": lambda folder: docx(folder, relation("attachedTemplate", "http://example.test/t.dotm")),
    "OFF-005": lambda folder: docx(folder, {"word/embeddings/oleObject1.bin": "x"}),
    "OFF-006": half(docx, "half.docx"),
    "OFF-007": lambda folder: docx(folder, relation("image", "file:///c:/a.png")),
    "OFF-008": lambda folder: docx(folder, {"word/activeX/activeX1.xml": "<ax/>"}),
    "OFF-009": lambda folder: docx(folder, {"word/_rels/document.xml.rels": within("image", "media/gone.png")}),
}

GOOD: dict[str, Maker] = {
    "docx": docx,
}
