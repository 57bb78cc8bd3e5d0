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

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from zhudang.checks.business import signing_boxes, stamps, title_block
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
MARK_SIDE = 16
FLAT = 0.5
"""Spread of grey values (0 … 255) below which a page shows nothing to know it by."""
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
            page.picture = _picture(sheet, page.scale)
            _note(page, seen, signs=signs)
        seen["page_marks"].append(_text_mark(text) if plain else _picture_mark(page.picture))
        return title_block.corner(page) if large else text
    finally:
        words.close()
        sheet.close()


def _note(page: Page, seen: dict[str, list[Any]], *, signs: bool) -> None:
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


def _picture(sheet: pdfium.PdfPage, per_mm: float) -> NDArray[np.uint8]:
    drawn = sheet.render(scale=per_mm * MM_PER_POINT, rev_byteorder=True, may_draw_forms=False)
    return np.asarray(drawn.to_numpy()[:, :, :3])


def _text_mark(text: str) -> str:
    return "t:" + hashlib.sha256(folded(text).encode("utf-8", "replace")).hexdigest()[:32]


def _picture_mark(picture: NDArray[np.uint8] | None) -> str:
    """256 bits: whether each of 16 × 16 fields is lighter than the one to its right; empty for a blank page."""
    if picture is None or min(picture.shape[:2]) < MARK_SIDE + 1:
        return ""
    grey = picture[:, :, 1].astype(np.uint32)
    rows = np.linspace(0, grey.shape[0], MARK_SIDE, endpoint=False).astype(int)
    columns = np.linspace(0, grey.shape[1], MARK_SIDE + 1, endpoint=False).astype(int)
    sums = np.add.reduceat(np.add.reduceat(grey, rows, axis=0), columns, axis=1)
    areas = np.outer(np.diff([*rows, grey.shape[0]]), np.diff([*columns, grey.shape[1]]))
    fields = sums / areas
    if float(fields.std()) < FLAT:
        return ""
    bits = (fields[:, :-1] > fields[:, 1:]).flatten()
    return "i:" + f"{int(''.join('1' if bit else '0' for bit in bits), 2):064x}"
