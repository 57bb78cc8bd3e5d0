"""Pictures on OFD pages: do they open, and how fine is a scanned page?"""

from __future__ import annotations

import io
import math
import time
import warnings
from typing import Any

from PIL import Image, UnidentifiedImageError

from zhudang.checks import limits
from zhudang.checks.examine import Case
from zhudang.checks.ofdfile import OfdDocument, OfdError, Resource, descendants, numbers

SCAN_SHARE = 0.6
"""A picture that covers this much of its page makes it a scanned page."""
MM_PER_INCH = 25.4
PICTURE_BYTES = 128 * 1024 * 1024
MOST_PIXELS = 120_000_000
DECODE_SECONDS = 20.0
"""Beyond this only the heads of pictures are read, and the report says so."""
NOT_PILLOW = (".jb2", ".jbig2", ".gb2", ".gbig2")


class Pictures:
    """Gathers over all pages; `tell` puts the lowest resolution into the facts."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._sizes: dict[str, tuple[int, int] | None] = {}
        self._defined: dict[int, dict[str, Resource]] = {}
        self._until = time.monotonic() + DECODE_SECONDS
        self._lowest = math.inf
        self._lowest_page = 0

    def define(self, document: OfdDocument, resource: Resource) -> None:
        self._media(document)[resource.id] = resource

    def _media(self, document: OfdDocument) -> dict[str, Resource]:
        if id(document) not in self._defined:
            self._defined[id(document)] = {each.id: each for each in document.resources() if each.kind == "media"}
        return self._defined[id(document)]

    def look(self, document: OfdDocument, layers: list[Any], number: int, page_mm: tuple[float, float]) -> None:
        """Open every picture of a page once; `page_mm` is (width, height)."""
        for layer in layers:
            for thing in descendants(layer, "ImageObject"):
                resource = self._media(document).get(thing.get("ResourceID", ""))
                if resource is None or not resource.present:
                    continue
                pixels = self._pixels(document, resource, number)
                dpi = _scan_dpi(thing, pixels, page_mm) if pixels else None
                if dpi is not None and dpi < self._lowest:
                    self._lowest, self._lowest_page = dpi, number

    def open_all(self, document: OfdDocument, layers: list[Any]) -> None:
        """Open pictures that stand on no page by themselves, in annotations: do they open?"""
        for layer in layers:
            for thing in descendants(layer, "ImageObject"):
                resource = self._media(document).get(thing.get("ResourceID", ""))
                if resource is not None and resource.present:
                    self._pixels(document, resource, 0)

    def tell(self) -> None:
        if self._lowest == math.inf:
            return
        dpi = round(self._lowest)
        self._case.facts["dpi"] = dpi
        if dpi < limits.DIGITISATION_DPI:
            self._case.find("OFD-018", page=self._lowest_page, dpi=dpi, least=limits.DIGITISATION_DPI)

    def _pixels(self, document: OfdDocument, resource: Resource, number: int) -> tuple[int, int] | None:
        place = resource.path
        if place not in self._sizes:
            self._sizes[place] = None if place.lower().endswith(NOT_PILLOW) else self._open(document, place, number)
        return self._sizes[place]

    def _open(self, document: OfdDocument, place: str, number: int) -> tuple[int, int] | None:
        try:
            content = document.ofd.read(place, PICTURE_BYTES)
        except OfdError as trouble:
            self._case.find("OFD-019", place=place, why=trouble.reason)
            return None
        if not content:
            self._case.find("OFD-019", place=place, why="empty")
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with Image.open(io.BytesIO(content)) as picture:
                    size = (int(picture.size[0]), int(picture.size[1]))
                    self._decode(picture, size, number)
                    return size
        except UnidentifiedImageError:
            if content[:4] != b"\x97JB2":
                self._case.find("OFD-019", place=place, why="format")
        except Image.DecompressionBombError:
            self._case.find("OFD-019", place=place, why="too many pixels")
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError, TypeError) as trouble:
            self._case.find("OFD-019", place=place, why=str(trouble)[:100])
        return None

    def _decode(self, picture: Any, size: tuple[int, int], number: int) -> None:
        if time.monotonic() > self._until:
            self._case.not_checked.setdefault("OFD-019", f"pages_from_{number}")
        elif size[0] * size[1] <= MOST_PIXELS:
            picture.draft("L", (size[0] // 8, size[1] // 8))
            picture.load()


def _scan_dpi(thing: Any, pixels: tuple[int, int], page_mm: tuple[float, float]) -> float | None:
    """Resolution of a picture that covers its page; None for a smaller one. The CTM turns a unit square."""
    box, ctm = numbers(thing.get("Boundary")), numbers(thing.get("CTM"))
    if len(ctm) == 6:
        across, down = math.hypot(ctm[0], ctm[1]), math.hypot(ctm[2], ctm[3])
    elif len(box) == 4:
        across, down = box[2], box[3]
    else:
        return None
    if across <= 0 or down <= 0 or across * down < SCAN_SHARE * page_mm[0] * page_mm[1]:
        return None
    return min(pixels[0] / across, pixels[1] / down) * MM_PER_INCH
