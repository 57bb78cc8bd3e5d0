"""Typeset the demo's pages: typst source to PDF, or to pictures that look scanned."""

import ctypes
import io
import json
import math
import random
import time
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
import typst
from PIL import Image

from zhudang.documents import render

FORMS = Path(__file__).parent / "forms"
PAPER = (246, 244, 238)
_SCANNED_AT = time.gmtime(1_711_036_800)  # in every scanned PDF: the same pages, the same bytes


@cache
def fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(render.FONTS)])


def pdf(form: str, data: Mapping[str, Any]) -> bytes:
    """One form as a native PDF with its text."""
    made = typst.compile(
        str(FORMS / f"{form}.typ"), root=str(FORMS), font_paths=fonts(), format="pdf", timestamp=0, pdf_tags=False,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )  # fmt: skip
    return bytes(made)


def pictures(data: bytes, rng: random.Random, *, dpi: int, most: int | None = None) -> list[Image.Image]:
    """The first pages of a PDF as they lie on a scanner's glass: slightly turned, on grey paper.

    Args:
        data: the PDF.
        most: how many pages at most, or all.
    """
    document = pypdfium2.PdfDocument(data)
    try:
        return [_laid(document[number], rng, dpi) for number in range(min(len(document), most or len(document)))]
    finally:
        document.close()


def scanned(pages: Sequence[Image.Image], *, dpi: int) -> bytes:
    """Pages as a scanner gives them: a little noise, JPEG inside a PDF; same pages, same bytes."""
    worn = [Image.blend(page, _grain(page.size), 0.13) for page in pages]
    out = io.BytesIO()
    worn[0].save(
        out, "PDF", save_all=True, append_images=worn[1:], resolution=dpi, quality=72,
        creationDate=_SCANNED_AT, modDate=_SCANNED_AT,
    )  # fmt: skip
    return out.getvalue()


def _laid(page: pypdfium2.PdfPage, rng: random.Random, dpi: int) -> Image.Image:
    """Draw a page turned by up to half a degree; turning a drawn picture would cost three times the drawing."""
    scale = dpi / 72
    width, height = (math.ceil(side * scale) for side in page.get_size())
    turn = math.radians(rng.uniform(-0.5, 0.5))
    cos, sin = math.cos(turn) * scale, math.sin(turn) * scale
    # About the middle of the sheet, which stays where it is.
    x, y = (side / 2 for side in page.get_size())
    matrix = pdfium.FS_MATRIX(cos, sin, -sin, cos, x * scale - cos * x + sin * y, y * scale - sin * x - cos * y)
    clip = pdfium.FS_RECTF(0, 0, width, height)
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_BGR)
    bitmap.fill_rect((*PAPER, 255), 0, 0, width, height)
    pdfium.FPDF_RenderPageBitmapWithMatrix(bitmap, page, ctypes.byref(matrix), ctypes.byref(clip), pdfium.FPDF_ANNOT)
    picture = bitmap.to_pil().copy()
    bitmap.close()
    return picture


@lru_cache(maxsize=4)
def _grain(size: tuple[int, int]) -> Image.Image:
    """Grey paper with a little noise, the same in every run, made once for each size."""
    small = (size[0] // 4, size[1] // 4)
    even = Image.frombytes("L", small, random.Random("grain").randbytes(small[0] * small[1]))
    noise = even.point(lambda value: 128 + (value - 128) // 4).resize(size).convert("RGB")
    return Image.blend(Image.new("RGB", size, PAPER), noise, 0.27)
