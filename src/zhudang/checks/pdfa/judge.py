"""Judge one open document against the part and level of ISO 19005 it claims."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf

from zhudang.checks.pdfa import annotations as notes
from zhudang.checks.pdfa import document, metadata, objects, signatures, structure, syntax
from zhudang.checks.pdfa.claims import claim
from zhudang.checks.pdfa.clauses import all_clauses
from zhudang.checks.pdfa.colour import Colours
from zhudang.checks.pdfa.content import Reader
from zhudang.checks.pdfa.document import inherited
from zhudang.checks.pdfa.fonts import Fonts
from zhudang.checks.pdfa.judgement import Judgement

EMBEDDABLE = {2: {1, 2}, 4: {1, 2, 4}}
DEEPEST_EMBEDDED = 2
TROUBLES = (
    pikepdf.PdfError,
    pikepdf.DataDecodingError,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)


def judge(pdf: pikepdf.Pdf, path: Path, part: int, level: str, depth: int = 0) -> Judgement:
    """Run every examination.

    Args:
        depth: how many documents this one is embedded in.
        part: as `claim` tells; for an unreadable identification (0) the part that fits the file's version.
    """
    judgement = Judgement(part or _likely_part(pdf), level)
    if not part:
        judgement.violate("identification")
    colours = Colours(judgement)

    def conforms(data: bytes) -> bool | None:
        return _embedded_conforms(data, judgement.part, depth)

    _guard(judgement, "syntax", lambda: syntax.examine(judgement, path, pdf))
    inventory = objects.Inventory()
    _guard(judgement, "objects", lambda: vars(inventory).update(vars(objects.examine(judgement, pdf))))
    _guard(judgement, "catalog", lambda: document.examine(judgement, pdf, inventory, conforms))
    _guard(judgement, "metadata", lambda: metadata.examine(judgement, pdf, inventory))
    if level == "a" or judgement.part == 4:
        _guard(judgement, "structure", lambda: structure.examine(judgement, pdf))
    _guard(judgement, "intents", lambda: _intents(colours, pdf))
    rgb = colours.document == "RGB "
    _guard(judgement, "annotations", lambda: notes.examine(judgement, pdf, rgb_intent=rgb))
    _guard(judgement, "signatures", lambda: signatures.examine(judgement, path, pdf))
    _guard(judgement, "content", lambda: _content(judgement, pdf, colours))
    return judgement


def _embedded_conforms(data: bytes, part: int, depth: int) -> bool | None:
    """Whether an embedded file is PDF/A of a part its document may hold (ISO 19005-2, 6.8; -4, 6.9)."""
    if data.lstrip()[:5] != b"%PDF-":
        return False
    if depth >= DEEPEST_EMBEDDED:
        return None
    with tempfile.NamedTemporaryFile(suffix=".pdf") as copy:
        copy.write(data)
        copy.flush()
        try:
            with pikepdf.open(copy.name, suppress_warnings=True, inherit_page_attributes=False) as inner:
                claimed = claim(inner)
                if claimed is None or claimed[0] not in EMBEDDABLE[part]:
                    return False
                found = judge(inner, Path(copy.name), *claimed, depth=depth + 1)
        except TROUBLES:
            return False
    return None if found.incomplete and not found.violations else not found.violations


def _intents(colours: Colours, pdf: pikepdf.Pdf) -> None:
    colours.document = colours.intents(pdf.Root, "document")


def _content(judgement: Judgement, pdf: pikepdf.Pdf, colours: Colours) -> None:
    fonts = Fonts(judgement)
    reader = Reader(judgement, colours, fonts)
    for number, page in enumerate(pdf.pages, 1):
        _boundaries(judgement, page.obj, f"page {number}")
        reader.page(page.obj, number)
        if reader.out_of_time:
            judgement.incomplete, judgement.late = True, number
            for rule in ("operator", "device-rgb", "font-embedded", "glyph-missing", "widths"):
                judgement.leave(rule)
            break
    fonts.judge()


def _boundaries(judgement: Judgement, page: Any, place: str) -> None:
    for name in ("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox"):
        box = inherited(page, name) if name in {"/MediaBox", "/CropBox"} else page.get(name)
        if isinstance(box, pikepdf.Array) and len(box) == 4:
            left, bottom, right, top = (float(edge) for edge in box)
            if not all(3 <= side <= 14400 for side in (abs(right - left), abs(top - bottom))):
                judgement.violate("limit-page", place)


def _likely_part(pdf: pikepdf.Pdf) -> int:
    if pdf.pdf_version.startswith("2"):
        return 4
    return 1 if pdf.pdf_version <= "1.4" else 2


TOPICS = {
    "syntax": {"file"},
    "objects": {"file"},
    "catalog": {"optional", "forms", "embedded"},
    "metadata": {"metadata"},
    "structure": {"structure"},
    "intents": {"graphics"},
    "annotations": {"annotations", "actions"},
    "signatures": {"forms"},
    "content": {"graphics", "fonts", "transparency"},
}


def _guard(judgement: Judgement, name: str, examination: Callable[[], None]) -> None:
    """Run one examination; where objects are not what they should be, its rules stay undecided."""
    try:
        examination()
    except TROUBLES:
        judgement.incomplete = True
        for rule, clause in all_clauses().items():
            if clause.topic in TOPICS[name]:
                judgement.leave(rule)
