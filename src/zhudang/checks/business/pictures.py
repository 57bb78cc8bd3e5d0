"""Pictures of pages as a reader shows them, and what a page is known by when it has no text."""

from __future__ import annotations

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

from zhudang.checks.business.page import MM_PER_POINT

MARK_SIDE = 16
FLAT = 0.5
"""Spread of grey values (0 … 255) below which a page shows nothing to know it by."""


def of(sheet: pdfium.PdfPage, per_mm: float) -> NDArray[np.uint8]:
    """Rows × columns × 3 of red, green and blue, 8 bit, `per_mm` points per millimetre."""
    drawn = sheet.render(scale=per_mm * MM_PER_POINT, rev_byteorder=True, may_draw_forms=False)
    return np.asarray(drawn.to_numpy()[:, :, :3])


def mark(picture: NDArray[np.uint8] | None) -> str:
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
