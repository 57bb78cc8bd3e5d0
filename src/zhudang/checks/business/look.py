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


def pdf(case: Case, document: pdfium.PdfDocument) -> None:
    """Look at the first pages; what was found becomes facts and findings of `case`."""
    began, count = time.monotonic(), len(document)
    seen: dict[str, list[Any]] = {
        "stamps": [],
        "blank_boxes": [],
        "title_blocks": [],
        "page_marks": [],
        "stamp_pages": [],
    }
    opening, closing, looked = "", "", 0
    for index in range(min(count, PAGES)):
        if time.monotonic() - began > BUDGET_S:
            break
        try:
            text = _look(document[index], index + 1, seen)
        except pdfium.PdfiumError:
            seen["page_marks"].append("")
            continue
        looked += 1
        opening = opening or text
        closing = text or closing
    case.facts.update({**seen, "stamp_pages": len(seen["stamp_pages"])})
    case.facts["reading"] = {"opening": opening[:READ_CHARACTERS], "closing": closing[-READ_CHARACTERS:]}
    case.facts["looked_pages"] = looked
    if looked < count:
        case.not_checked["BIZ-001"] = f"pages_from_{looked + 1}"
    if seen["blank_boxes"]:
        told = [f"{box['label']}（{box['page']}）" for box in seen["blank_boxes"]]
        case.find("BIZ-001", boxes=list(dict.fromkeys(told))[:TOLD], count=len(seen["blank_boxes"]))
    if missing := _stamps_missing(seen):
        case.find("BIZ-002", pages=missing[:TOLD])


def _look(sheet: pdfium.PdfPage, number: int, seen: dict[str, list[Any]]) -> str:
    """See one page; gives its text, of a large sheet what stands where its title block is."""
    words = sheet.get_textpage()
    try:
        text = str(words.get_text_range()).replace("\r\n", "\n").replace("￾", "")
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
    finally:
        words.close()
        sheet.close()


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
