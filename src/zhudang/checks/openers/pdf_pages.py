"""PDF pages as a reader shows them: text, images and their resolution."""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from zhudang.checks import limits
from zhudang.checks.business.look import Look
from zhudang.checks.examine import Case

BUDGET_S = 30.0
"""Longest time for looking into pages; what is left over is told, not guessed."""
PAGE_SHARE = 0.5
"""An image that covers this much of its page makes it a scanned page."""
FORM_DEPTH = 3
MOST_TOLD = 1000


def examine(case: Case, budget_s: float = BUDGET_S) -> None:
    """Measure every page within the time; note pages no reader can show."""
    try:
        document = pdfium.PdfDocument(case.path)
    except pdfium.PdfiumError as trouble:
        case.find("PDF-001", detail=f"pdfium: {str(trouble)[:120]}")
        return
    looking = Look()
    try:
        _pages(case, document, budget_s, looking)
        looking.tell(case, len(document))
    finally:
        document.close()


def _pages(case: Case, document: pdfium.PdfDocument, budget_s: float, looking: Look) -> None:
    characters, lowest, lowest_page = 0, math.inf, 0
    unreadable: list[int] = []
    blank: list[int] = []
    texts = scans = 0
    began = time.monotonic()
    for index in range(len(document)):
        if time.monotonic() - began - looking.spent_s > budget_s:
            case.not_checked["PDF-014"] = f"pages_from_{index + 1}"
            break
        try:
            page = document[index]
        except pdfium.PdfiumError:
            unreadable.append(index + 1)
            if looking.wants(index + 1):
                looking.past_unreadable()
            continue
        with _text_of(page) as (words, text):
            # Spaces and line breaks the reader made up have no shape and are not counted.
            shown = sum(not character.isspace() for character in text or "")
            characters += shown
            texts += shown > 0
            if not shown and pdfium_c.FPDFPage_CountObjects(page.raw) == 0:
                blank.append(index + 1)
            dpi = _scan_dpi(page)
            scans += dpi is not None
            if dpi is not None and dpi < lowest:
                lowest, lowest_page = dpi, index + 1
            if looking.wants(index + 1):
                looking.at(page, words, text, index + 1)
        page.close()
    if unreadable:
        case.find("PDF-018", pages=unreadable[:20])
    case.facts.update(text_chars=characters, text_pages=texts, scan_pages=scans, blank_pages=blank[:MOST_TOLD])
    if blank:
        case.find("PDF-022", pages=blank[:20])
    if lowest < math.inf:
        case.facts["dpi"] = round(lowest)
        if round(lowest) < limits.DIGITISATION_DPI:
            case.find("PDF-014", page=lowest_page, dpi=round(lowest), least=limits.DIGITISATION_DPI)


@contextmanager
def _text_of(page: pdfium.PdfPage) -> Iterator[tuple[pdfium.PdfTextPage | None, str | None]]:
    """Give the open text of a page and its characters; None where the reader cannot."""
    try:
        words = page.get_textpage()
    except pdfium.PdfiumError:
        yield None, None
        return
    try:
        try:
            text = str(words.get_text_range())
        except pdfium.PdfiumError:
            text = None
        yield words, text
    finally:
        words.close()


def _scan_dpi(page: pdfium.PdfPage) -> float | None:
    """Lowest resolution of the images that make this page a scan; None when it is none."""
    width, height = page.get_size()
    area = width * height
    if area <= 0:
        return None
    dpis = []
    for thing in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=FORM_DEPTH):
        left, bottom, right, top = thing.get_bounds()
        shown_width, shown_height = right - left, top - bottom
        if shown_width <= 0 or shown_height <= 0 or shown_width * shown_height < PAGE_SHARE * area:
            continue
        pixels_x, pixels_y = ctypes.c_uint(), ctypes.c_uint()
        if not pdfium_c.FPDFImageObj_GetImagePixelSize(thing.raw, pixels_x, pixels_y):
            continue
        sides = sorted((pixels_x.value, pixels_y.value))
        shown = sorted((shown_width, shown_height))
        dpis.append(min(sides[0] / shown[0], sides[1] / shown[1]) * 72)
    return min(dpis, default=None)
