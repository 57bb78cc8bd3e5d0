"""Looks at the pages of a PDF for the business review. Inside workers only; bounded in pages and time.

Facts it leaves: `stamps` and `blank_boxes` (page, place in mm), `title_blocks`, `page_marks` (one a page),
`reading` (opening and closing text), `looked_pages`, `stamp_pages` (how many of them were searched for stamps).
"""

from __future__ import annotations

import ctypes
import hashlib
import time
from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from zhudang.checks.business import signing_boxes, title_block
from zhudang.checks.business.page import MM_PER_POINT, Page, as_json, folded, lines_of
from zhudang.checks.examine import Case

PAGES = 60
BUDGET_S = 6.0
POINTS_PER_MM = 2.4
"""About 60 dpi: a signature of 2 mm strokes is still seen, a page costs some milliseconds."""
MOST_POINTS = 3_000_000
READ_CHARACTERS = 1000
MARK_TEXT = 60
LEAST_TEXT = 8
"""Characters from which a page is known by its text, with and without an image on it; below, by its picture."""
TOLD = 12


class Look:
    """The first pages of one document, looked at one by one while they are open; `tell` turns them into facts."""

    def __init__(self) -> None:
        self._seen: dict[str, list[Any]] = {
            "stamps": [],
            "blank_boxes": [],
            "title_blocks": [],
            "page_marks": [],
            "stamp_pages": [],
        }
        self._opening = self._closing = ""
        self._looked = 0
        self.spent_s = 0.0

    def wants(self, number: int) -> bool:
        """Tell whether this page, counted from 1, is still within pages and time."""
        return number <= PAGES and self.spent_s <= BUDGET_S

    def at(self, sheet: pdfium.PdfPage, words: pdfium.PdfTextPage | None, text: str | None, number: int) -> None:
        """Look at an open page.

        Args:
            words, text: the page's text as the reader gives it; None where it cannot.
        """
        began = time.monotonic()
        try:
            if words is None or text is None:
                raise pdfium.PdfiumError("no text page")
            told = _look(sheet, words, text, number, self._seen)
        except pdfium.PdfiumError:
            self.past_unreadable()
        else:
            self._looked += 1
            self._opening = self._opening or told
            self._closing = told or self._closing
        self.spent_s += time.monotonic() - began

    def past_unreadable(self) -> None:
        """Note a page that cannot be shown: it has no mark."""
        self._seen["page_marks"].append("")

    def tell(self, case: Case, count: int) -> None:
        """Make facts and findings of `case`, a document of `count` pages, from what was seen."""
        seen = self._seen
        case.facts.update({**seen, "stamp_pages": len(seen["stamp_pages"])})
        case.facts["reading"] = {
            "opening": self._opening[:READ_CHARACTERS],
            "closing": self._closing[-READ_CHARACTERS:],
        }
        case.facts["looked_pages"] = self._looked
        if self._looked < count:
            case.not_checked["BIZ-001"] = f"pages_from_{self._looked + 1}"
        if seen["blank_boxes"]:
            told = [f"{box['label']}（{box['page']}）" for box in seen["blank_boxes"]]
            case.find("BIZ-001", boxes=list(dict.fromkeys(told))[:TOLD], count=len(seen["blank_boxes"]))
        if missing := _stamps_missing(seen):
            case.find("BIZ-002", pages=missing[:TOLD])


def _look(sheet: pdfium.PdfPage, words: pdfium.PdfTextPage, text: str, number: int, seen: dict[str, list[Any]]) -> str:
    """See one page; gives its text, of a large sheet what stands where its title block is."""
    text = text.replace("\r\n", "\n").replace("\ufffe", "")
    across, down = (each * MM_PER_POINT for each in sheet.get_size())
    page = Page(number, across, down)
    signs = signing_boxes.mentions(text)
    large = max(across, down) >= title_block.LARGE_MM
    known = len(folded(text))
    plain = known >= MARK_TEXT or (known >= LEAST_TEXT and not _has_picture(sheet))
    if signs or large:
        page.words = lines_of(_characters(sheet, words))
    if large and (block := title_block.read(page)):
        seen["title_blocks"].append({"page": number, **block})
    if signs or large or not plain:
        page.scale = min(POINTS_PER_MM, (MOST_POINTS / max(1.0, across * down)) ** 0.5)
        from zhudang.checks.business import pictures  # numpy, for pages that must be seen only

        page.picture = pictures.of(sheet, page.scale)
        _note(page, seen, signs=signs)
    seen["page_marks"].append(_text_mark(text) if plain else pictures.mark(page.picture))
    return title_block.corner(page) if large else text


def _note(page: Page, seen: dict[str, list[Any]], *, signs: bool) -> None:
    from zhudang.checks.business import stamps

    found = stamps.find(page)
    seen["stamp_pages"].append(page.number)
    seen["stamps"] += [{"kind": stamp.kind, **as_json(stamp.box, page.number)} for stamp in found]
    if signs:
        for empty in signing_boxes.find(page, [stamp.box for stamp in found]):
            seen["blank_boxes"].append({"label": empty.label, "kind": empty.kind, **as_json(empty.place, page.number)})


def _stamps_missing(seen: dict[str, list[Any]]) -> list[int]:
    """Pages that ask for a stamp, where the place is empty and no stamp stands anywhere on the page."""
    asked = {box["page"] for box in seen["blank_boxes"] if box["kind"] == "stamp"}
    return sorted(asked - {stamp["page"] for stamp in seen["stamps"]})


def _has_picture(sheet: pdfium.PdfPage) -> bool:
    """Whether an image stands on the page: then its few words may be a header above a scan."""
    return any(True for _ in sheet.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _characters(sheet: pdfium.PdfPage, words: pdfium.PdfTextPage) -> Iterator[tuple[str, float, float, float, float]]:
    """Every character with its box in millimetres from the top left of the page as shown."""
    crop = sheet.get_cropbox()
    height = sheet.get_size()[1]
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    for index in range(min(words.count_chars(), 20_000)):
        code = pdfium_c.FPDFText_GetUnicode(words.raw, index)
        if code in {0, 0xFFFE} or not pdfium_c.FPDFText_GetCharBox(words.raw, index, left, right, bottom, top):
            continue
        yield (
            chr(code),
            (left.value - crop[0]) * MM_PER_POINT,
            (height - (top.value - crop[1])) * MM_PER_POINT,
            (right.value - crop[0]) * MM_PER_POINT,
            (height - (bottom.value - crop[1])) * MM_PER_POINT,
        )


def _text_mark(text: str) -> str:
    return "t:" + hashlib.sha256(folded(text).encode("utf-8", "replace")).hexdigest()[:32]
