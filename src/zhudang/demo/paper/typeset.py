"""Typeset the demo's pages: typst source to PDF, or to pictures that look scanned."""

import io
import json
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typst
from PIL import Image, ImageFilter

from zhudang.documents import render

FORMS = Path(__file__).parent / "forms"


@cache
def fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(render.FONTS)])


def pdf(form: str, data: Mapping[str, Any]) -> bytes:
    """One form as a native PDF with its text."""
    made = typst.compile(
        _path(form), root=str(FORMS), font_paths=fonts(), sys_inputs=_inputs(data), format="pdf", timestamp=0
    )
    return bytes(made)  # type: ignore[arg-type]


def pictures(form: str, data: Mapping[str, Any], *, dpi: int) -> list[Image.Image]:
    """One form as one picture a page, in grey."""
    made = typst.compile(
        _path(form), root=str(FORMS), font_paths=fonts(), sys_inputs=_inputs(data), format="png", ppi=dpi
    )
    pages = [made] if isinstance(made, bytes) else list(made)  # type: ignore[arg-type]
    return [Image.open(io.BytesIO(page)).convert("RGB") for page in pages]


def _path(form: str) -> str:
    return str(FORMS / f"{form}.typ")


def _inputs(data: Mapping[str, Any]) -> dict[str, str]:
    return {"data": json.dumps(data, ensure_ascii=False)}


def scanned(pages: list[Image.Image], rng: random.Random, *, dpi: int) -> bytes:
    """Pages as a scanner gives them: slightly turned, grey paper, soft, JPEG inside a PDF."""
    worn = [_worn(page, rng) for page in pages]
    out = io.BytesIO()
    worn[0].save(out, "PDF", save_all=True, append_images=worn[1:], resolution=dpi, quality=72)
    return out.getvalue()


def _worn(page: Image.Image, rng: random.Random) -> Image.Image:
    turned = page.rotate(rng.uniform(-0.5, 0.5), resample=Image.Resampling.BILINEAR, fillcolor=(246, 244, 238))
    paper = Image.new("RGB", turned.size, (246, 244, 238))
    mixed = Image.blend(turned, paper, 0.10)
    grain = Image.effect_noise((turned.width // 4, turned.height // 4), 18).resize(turned.size).convert("RGB")
    return Image.blend(mixed, grain, 0.035).filter(ImageFilter.GaussianBlur(0.5))
