"""Scanned pages measured as DA/T 31 asks: skew, dark borders, blank, blur, tone. Prompts for a person, no verdicts.

Works on a reduced grey copy and a few full-size tiles. A photograph is no scan: it is recognised and left alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

REDUCED_PX = 1200
"""Long side of the reduced copy, or up to half as much again: about 100 dpi for A4."""
PAGE_PX = 600
"""Shorter pictures are cuttings or icons, no pages: A4 at 72 dpi is 595 wide."""
TILE_PX = 512
PAPER_SHARE = 0.4
"""A page is mostly paper: this share of it has nearly one tone, and little is brighter."""
PAPER_SPREAD = 14
BRIGHTER_SHARE = 0.12
DARK = 70
SKEW_RANGE, COARSE, FINE = 10.0, 0.5, 0.05
"""Degrees."""
CERTAIN = 1.12
"""How far the best angle must stand above the middle one, and above the range's ends, to be believed."""
POINTS = 30_000
FEWEST_POINTS = 400
BLANK_SHARE = 0.0002
MARGIN = 0.03
UNREST = 10
"""Tones: a block of writing deviates more, noise of the paper less."""


@dataclass(frozen=True, slots=True)
class Page:
    """One image, ready to be measured.

    Args:
        grey: the reduced copy, 0 black to 255 white.
        scale: pixels of the image for one of the copy.
        tiles: parts of the image at full size, for sharpness.
        dpi: of the image, as stated; None when unknown.
    """

    grey: Grey
    scale: float
    tiles: tuple[Grey, ...] = ()
    dpi: float | None = None
    bitonal: bool = False
    camera: bool = False


NO_BORDER = (0, 0, 0, 0)


def looks_scanned(page: Page) -> bool:
    """Whether the picture is a page of paper or a drawing, as far as its tones tell."""
    height, width = page.grey.shape
    if page.camera or min(height, width) * page.scale < PAGE_PX:
        return False
    if page.bitonal:
        return True
    histogram = _tones(page.grey)
    paper = _paper(histogram)
    share = histogram[max(0, paper - PAPER_SPREAD) : paper + PAPER_SPREAD + 1].sum()
    brighter = histogram[paper + PAPER_SPREAD + 1 :].sum()
    return bool(share >= PAPER_SHARE and brighter <= BRIGHTER_SHARE)


def measure(page: Page) -> dict[str, Any]:
    """Measured values of a scanned page; what cannot be told is None.

    Returns:
        `skew_deg` (counter-clockwise positive), `black_border_px` and `_mm` (widest side), `blank`,
        `ink_share`, `paper_tone` and `contrast` (0–255), `edge_px` and `edge_mm` (how wide a sharp edge is).
    """
    grey = page.grey
    border = _border(grey) if _paper(_tones(grey)) >= DARK else NO_BORDER
    inner = _inside(grey, border)
    paper = _paper(_tones(inner))
    ink = inner < _threshold(inner, paper)
    share = float(ink.mean()) if ink.size else 0.0
    # Faint writing has little ink by the threshold, but stands out from its surroundings.
    blank = share < BLANK_SHARE and _unrest(inner) < UNREST
    # Writing too faint for the threshold is measured by the darkest there is.
    dark = _percentile(inner[ink], 10) if share >= BLANK_SHARE else _percentile(inner, 0.2)
    contrast = None if blank else paper - dark
    edge = None if page.bitonal or blank else _edge_width(page.tiles)
    depth = max(border) * page.scale
    return {
        "skew_deg": None if blank else _skew(ink),
        "black_border_px": round(depth),
        "black_border_mm": _mm(depth, page.dpi),
        "blank": blank,
        "ink_share": round(share, 5),
        "paper_tone": paper,
        "contrast": None if contrast is None else round(contrast),
        "edge_px": None if edge is None else round(edge, 1),
        "edge_mm": None if edge is None else _mm(edge, page.dpi),
    }


def _mm(pixels: float, dpi: float | None) -> float | None:
    return round(pixels / dpi * 25.4, 2) if dpi else None


def _tones(grey: Grey) -> NDArray[np.float64]:
    """Share of each of the 256 tones."""
    return np.bincount(grey.ravel(), minlength=256) / max(1, grey.size)


def _paper(histogram: NDArray[np.float64]) -> int:
    """The commonest tone, its neighbours counted with it."""
    middle = int(np.argmax(np.convolve(histogram, np.ones(9), mode="same")))
    first = max(0, middle - 4)
    return first + int(np.argmax(histogram[first : middle + 5]))


def _percentile(values: Grey, percent: float) -> float:
    """The tone below which `percent` of the values lie, by counting tones: cheaper than sorting."""
    if not values.size:
        return 0.0
    counts = np.cumsum(np.bincount(values.ravel(), minlength=256))
    return float(np.searchsorted(counts, counts[-1] * percent / 100))


def _threshold(grey: Grey, paper: int) -> float:
    darkest = _percentile(grey, 0.5)
    return paper - max(30.0, 0.4 * (paper - darkest))


def _unrest(grey: Grey) -> float:
    """Deviation of tone within the liveliest 16-pixel blocks; the three topmost are left to specks of dust."""
    height, width = (side // 16 * 16 for side in grey.shape)
    if not height or not width:
        return 0.0
    blocks = grey[:height, :width].reshape(height // 16, 16, width // 16, 16).astype(np.float32)
    return float(np.sort(blocks.std(axis=(1, 3)), axis=None)[-4:][0])


def _border(grey: Grey) -> tuple[int, int, int, int]:
    """Depth of the dark border at top, bottom, left, right, in pixels of the copy; wedges of a skewed page count."""
    dark = grey < DARK
    sides = []
    for lines in (dark.T, dark[::-1].T, dark, dark[:, ::-1]):
        limit = int(lines.shape[1] * 0.4)
        light = ~lines[:, :limit] if limit else np.ones((1, 1), bool)
        first = np.where(light.any(axis=1), light.argmax(axis=1), light.shape[1])
        depth = int(np.percentile(first, 70))
        # A dark page, picture or binding that fills the copy is no border.
        sides.append(0 if depth >= light.shape[1] else depth)
    return sides[0], sides[1], sides[2], sides[3]


def _inside(grey: Grey, border: tuple[int, int, int, int]) -> Grey:
    """The copy without borders and outermost margin."""
    height, width = grey.shape
    top, bottom, left, right = border
    across, down = int(width * MARGIN), int(height * MARGIN)
    inner = grey[top + down : height - bottom - down, left + across : width - right - across]
    return inner if inner.size else grey


def _skew(ink: NDArray[np.bool_]) -> float | None:
    """Angle of lines of writing or drawing, in degrees; None when there are none to be sure of."""
    lower = ink[:-1] & ~ink[1:]
    right = ink[:, :-1] & ~ink[:, 1:]
    best: tuple[float, float] | None = None
    for edge, turned in ((lower, False), (right, True)):
        ys, xs = np.nonzero(edge)
        along, across = (ys, xs) if turned else (xs, ys)
        found = _angle(along, across)
        if found and (best is None or found[1] > best[1]):
            best = (-found[0] if turned else found[0], found[1])
    return None if best is None else round(best[0], 2) + 0.0


def _angle(along: NDArray[np.int64], across: NDArray[np.int64]) -> tuple[float, float] | None:
    """(angle, how much it stands out); None when no angle does."""
    if len(along) < FEWEST_POINTS:
        return None
    step = max(1, len(along) // POINTS)
    along, across = along[::step], across[::step]
    centred = along - along.mean()
    coarse = np.arange(-SKEW_RANGE, SKEW_RANGE + COARSE / 2, COARSE)
    scores = np.array([_sharpness(centred, across, angle) for angle in coarse])
    middle = float(np.median(scores))
    top = int(np.argmax(scores))
    certain = scores[top] / middle if middle else 0.0
    if certain < CERTAIN or top in (0, len(coarse) - 1):
        return None
    fine = np.arange(coarse[top] - COARSE, coarse[top] + COARSE + FINE / 2, FINE)
    finer = [_sharpness(centred, across, angle) for angle in fine]
    return float(fine[int(np.argmax(finer))]), float(certain)


def _sharpness(along: NDArray[np.float64], across: NDArray[np.int64], angle: float) -> float:
    """How unevenly the points fall on lines at this angle: sum of squared counts."""
    rows = np.round(across + along * math.tan(math.radians(angle))).astype(np.int64)
    counts = np.bincount(rows - rows.min())
    return float(np.square(counts, dtype=np.float64).sum())


def _edge_width(tiles: tuple[Grey, ...]) -> float | None:
    """Pixels over which the sharpest edges rise; the sharpest tile counts, a page may hold soft pictures."""
    widths = []
    for tile in tiles:
        values = tile.astype(np.int16)
        contrast = _percentile(tile, 99.5) - _percentile(tile, 0.5)
        if contrast < 40:
            continue
        slopes = (np.abs(np.diff(values, axis=axis)).astype(np.uint8) for axis in (0, 1))
        steepest = max(_percentile(slope, 99.5) for slope in slopes)
        if steepest > 0:
            widths.append(contrast / steepest)
    return min(widths) if widths else None


def liveliest(grey: Grey, scale: float, count: int = 3) -> list[tuple[int, int]]:
    """Places (left, top) of full-size tiles worth looking at for sharpness: where the copy changes most."""
    side = max(8, int(TILE_PX / scale))
    height, width = (length // side * side for length in grey.shape)
    if not height or not width:
        return [(0, 0)]
    blocks = grey[:height, :width].reshape(height // side, side, width // side, side).astype(np.float32)
    order = np.argsort(blocks.std(axis=(1, 3)).ravel())[::-1][:count]
    across = width // side
    return [(int(place % across * side * scale), int(place // across * side * scale)) for place in order]
