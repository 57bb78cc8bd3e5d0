"""Documents from typst layouts as PDF/A: same data, same bytes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import segno
import typst

from zhudang.documents.layouts import layout_for

Standard = Literal["a-2b", "a-3b"]
FORMS = Path(__file__).parent / "forms"
FONTS = Path(__file__).parent / "fonts"
# Documents that carry no date of their own (covers, lists printed on demand) take this one: 2024-03-22, Shanghai.
_NO_DATE = 1_711_036_800
_one_at_a_time = Lock()


class FontsMissing(RuntimeError):
    """The fonts that print Chinese are not there: the front-end build puts them in `documents/fonts`."""


@dataclass(frozen=True)
class Attachment:
    """A file carried inside a PDF/A-3b document; `relationship` is PDF's word: data, source, supplement."""

    name: str
    text: str
    mime: str
    description: str
    relationship: str = "data"


@dataclass(frozen=True)
class SealPlace:
    """Where the 42 mm seal belongs: page from 0, lower left corner in points from the page's lower left."""

    page: int
    x: float
    y: float


@cache
def _fonts() -> typst.Fonts:
    if not any(FONTS.glob("*.ttf")):
        raise FontsMissing(f"no fonts in {FONTS.name}/")
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])


def fonts_present() -> bool:
    """Tell whether documents can be printed at all (asked by the health check)."""
    return len(list(FONTS.glob("Noto*SC*.ttf"))) >= 6


def _source(template: str, data: Mapping[str, Any]) -> Path:
    return FORMS / f"{layout_for(template, data)}.typ"


def render_pdf(
    template: str,
    data: Mapping[str, Any],
    *,
    standard: Standard = "a-2b",
    attachments: Sequence[Attachment] = (),
    dated: datetime | None = None,
) -> bytes:
    """Print a document as PDF/A; the same data give the same bytes.

    Args:
        template: a name in `layouts.LAYOUT_OF`.
        data: JSON values as the layout wants them.
        attachments: only with a-3b; PDF/A-2b refuses them.
        dated: the document's own moment, written as its creation date; timezone-aware.

    Raises:
        LayoutIncomplete: what the form needs is not in `data`.
        FontsMissing: no font to print Chinese with.
    """
    if attachments and standard != "a-3b":
        raise ValueError("only PDF/A-3b carries attachments")
    source = _source(template, data)
    carried = [vars(item) for item in attachments]
    inputs = {"data": json.dumps({**data, "attachments": carried}, ensure_ascii=False, sort_keys=True)}
    stamp = int(dated.timestamp()) if dated else _NO_DATE
    with _one_at_a_time:
        printed = typst.compile(
            str(source),
            root=str(FORMS),
            font_paths=_fonts(),
            format="pdf",
            sys_inputs=inputs,
            pdf_standards=[standard],
            timestamp=stamp,
        )
    return bytes(printed)


def seal_place(template: str, data: Mapping[str, Any]) -> SealPlace | None:
    """Ask the laid-out document where its seal goes; None when it has no such place."""
    source = _source(template, data)
    inputs = {"data": json.dumps({**data, "attachments": []}, ensure_ascii=False, sort_keys=True)}
    with _one_at_a_time:
        answer = typst.query(
            str(source), "<seal>", field="value", root=str(FORMS), font_paths=_fonts(), sys_inputs=inputs
        )
    found = json.loads(answer)
    if not found:
        return None
    height_pt, seal_pt = 841.89, 42 / 25.4 * 72
    return SealPlace(found[0]["page"] - 1, found[0]["x"], height_pt - found[0]["y"] - seal_pt)


def qr_svg(address: str) -> str:
    """Draw an address as a QR code, as SVG text."""
    out = BytesIO()
    segno.make(address, error="m").save(out, kind="svg", border=0, xmldecl=False, omitsize=True)
    return out.getvalue().decode()
