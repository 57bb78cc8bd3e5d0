"""Typeset the demo's pages: typst source to PDF, or to pictures that look scanned."""

import io
import json
import random
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import typst
from PIL import Image

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


PAPER = (246, 244, 238)


def scanned(pages: list[Image.Image], rng: random.Random, *, dpi: int) -> bytes:
    """Pages as a scanner gives them: slightly turned, grey paper, soft, JPEG inside a PDF."""
    worn = [_worn(page, rng) for page in pages]
    out = io.BytesIO()
    worn[0].save(out, "PDF", save_all=True, append_images=worn[1:], resolution=dpi, quality=72)
    return out.getvalue()


def _worn(page: Image.Image, rng: random.Random) -> Image.Image:
    turned = page.rotate(rng.uniform(-0.5, 0.5), resample=Image.Resampling.BILINEAR, fillcolor=PAPER)
    return Image.blend(turned, _grain(turned.size), 0.13)  # turning has softened it already


@lru_cache(maxsize=4)
def _grain(size: tuple[int, int]) -> Image.Image:
    """Grey paper with a little noise, made once for each size: making it anew for each page took half the load."""
    noise = Image.effect_noise((size[0] // 4, size[1] // 4), 18).resize(size).convert("RGB")
    return Image.blend(Image.new("RGB", size, PAPER), noise, 0.27)
