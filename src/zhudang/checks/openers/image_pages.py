"""Frames handed to the scan measurement, and its values told as findings and as the fact `scan`."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from zhudang.checks.examine import Case
from zhudang.checks.openers import scan_quality

MOST_PAGES = 300
"""Pages measured; the facts keep the values of the first few."""
KEPT_PAGES = 50
SKEW_DEG = 1.0
"""DA/T 31-2017, 10.2 names no number; projects set 1° [knowledge]."""
BORDER_MM, BORDER_SHARE = 2.0, 0.01
"""Border that cropping (10.3) would have left; as a share of the short side where no resolution is known."""
EDGE_MM, EDGE_PX = 0.42, 5.5
"""Sharpest edges wider than this are blurred to the eye at reading distance."""
PAPER_TONE, CONTRAST = 130, 50
SAMPLES = {"uchar": "u1", "ushort": "u2"}


class Pages:
    """Measures pages as they are decoded; `tell` sums them up."""

    def __init__(self, case: Case, camera: bool) -> None:
        self._case = case
        self._camera = camera
        self._seen = 0
        self._values: list[dict[str, Any]] = []

    @property
    def scanned(self) -> bool:
        """Whether any frame is a scanned page."""
        return bool(self._values)

    def add(self, picture: Any, density: tuple[float, float] | None) -> None:
        """Measure one decoded frame."""
        self._seen += 1
        if len(self._values) >= MOST_PAGES or min(picture.size) < scan_quality.PAGE_PX or self._camera:
            return
        grey = _grey(picture)
        if grey is None:
            return
        factor = max(1, round(max(grey.size) / scan_quality.REDUCED_PX))
        small = np.asarray(grey.reduce(factor) if factor > 1 else grey)
        places = scan_quality.liveliest(small, factor) if picture.mode != "1" else []
        side = scan_quality.TILE_PX
        tiles = tuple(
            np.asarray(grey.crop((x, y, min(x + side, grey.width), min(y + side, grey.height)))) for x, y in places
        )
        self._measure(scan_quality.Page(small, factor, tiles, _dpi(density), picture.mode == "1", self._camera))

    def add_streamed(self, image: Any, density: tuple[float, float] | None) -> None:
        """Decode one large frame in strips; the same pass makes the reduced copy."""
        self._seen += 1
        factor = max(1, round(max(image.width, image.height) / scan_quality.REDUCED_PX))
        bitonal = (
            image.interpretation == "b-w"
            and "bits-per-sample" in image.get_fields()
            and image.get("bits-per-sample") == 1
        )
        small = image.shrink(factor, factor)
        values = np.frombuffer(small.write_to_memory(), SAMPLES.get(small.format, "u1"))
        grey = _toned(values.reshape(small.height, small.width, small.bands), small)
        if grey is not None:
            self._measure(scan_quality.Page(grey, factor, (), _dpi(density), bitonal, self._camera))

    def _measure(self, page: scan_quality.Page) -> None:
        if scan_quality.looks_scanned(page):
            values = {"page": self._seen, **scan_quality.measure(page)}
            values["short_px"] = min(page.grey.shape) * page.scale
            self._values.append(values)

    def tell(self) -> None:
        """Facts, and a finding for each kind of defect with the pages that show it."""
        if not self._values:
            return
        self._case.facts["scan"] = self._summary()
        self._find("SCN-001", self._beyond("skew_deg", SKEW_DEG), "skew_deg")
        self._find("SCN-002", [each for each in self._values if _bordered(each)], "black_border_px", "black_border_mm")
        self._find("SCN-003", [each for each in self._values if each["blank"]], "ink_share")
        self._find("SCN-004", [each for each in self._values if _blurred(each)], "edge_px", "edge_mm")
        self._find("SCN-005", [each for each in self._values if _dim(each)], "paper_tone", "contrast")

    def _beyond(self, name: str, limit: float) -> list[dict[str, Any]]:
        return [each for each in self._values if each[name] is not None and abs(each[name]) > limit]

    def _find(self, code: str, pages: list[dict[str, Any]], *names: str) -> None:
        if not pages:
            return
        worst = max(pages, key=lambda each: abs(each[names[0]] or 0))
        self._case.find(
            code, pages=[each["page"] for each in pages[:20]], count=len(pages), **{n: worst[n] for n in names}
        )

    def _summary(self) -> dict[str, Any]:
        """The worst of each value, and the pages one by one."""

        def worst(name: str) -> Any:
            known = [each[name] for each in self._values if each[name] is not None]
            return max(known, key=abs) if known else None

        told = self._case.facts["image"]
        return {
            "pages": len(self._values),
            "skew_deg": worst("skew_deg"),
            "black_border_px": worst("black_border_px"),
            "black_border_mm": worst("black_border_mm"),
            "blank": [each["page"] for each in self._values if each["blank"]],
            "edge_px": worst("edge_px"),
            "edge_mm": worst("edge_mm"),
            "colour_mode": told.get("colour_mode"),
            "bit_depth": told.get("bit_depth"),
            "compression": told.get("compression"),
            "each": [
                {key: value for key, value in each.items() if key != "short_px"} for each in self._values[:KEPT_PAGES]
            ],
        }


def _toned(values: Any, image: Any) -> Any:
    """Grey of 8 bits from the samples of a reduced copy; None where they are no tones."""
    if image.format not in SAMPLES:
        return None
    colours = 3 if image.bands >= 3 else 1
    grey = values[:, :, :colours].mean(axis=2)
    if image.format == "ushort":
        grey = grey / 256
    if image.interpretation == "cmyk":
        grey = (255 - grey) * (255 - values[:, :, 3]) / 255
    return grey.clip(0, 255).astype(np.uint8)


def _bordered(values: dict[str, Any]) -> bool:
    if values["black_border_mm"] is not None:
        return bool(values["black_border_mm"] >= BORDER_MM)
    return bool(values["black_border_px"] >= BORDER_SHARE * values["short_px"])


def _blurred(values: dict[str, Any]) -> bool:
    if values["edge_mm"] is not None:
        return bool(values["edge_mm"] > EDGE_MM and values["edge_px"] > 3)
    return bool(values["edge_px"] is not None and values["edge_px"] > EDGE_PX)


def _dim(values: dict[str, Any]) -> bool:
    """The page is dark, or its writing hardly differs from the paper."""
    faint = values["contrast"] is not None and values["contrast"] < CONTRAST
    return bool(values["paper_tone"] < PAPER_TONE or faint)


def _dpi(density: tuple[float, float] | None) -> float | None:
    return min(density) if density and 30 <= min(density) <= 5000 else None


def _grey(picture: Any) -> Any:
    """The frame in grey on white; None where its values are no tones (floating point, signed)."""
    if picture.mode in {"F", "I"}:
        return None
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode in {"RGBA", "LA", "PA", "RGBa"} or "transparency" in picture.info:
        shown = picture.convert("RGBA")
        ground = Image.new("RGBA", shown.size, "white")
        return Image.alpha_composite(ground, shown).convert("L")
    return picture.convert("L")
