"""Images: every frame decoded to its end, resolution, size."""

from __future__ import annotations

import warnings
from typing import Any

from PIL import Image, UnidentifiedImageError

from zhudang.checks.examine import Case
from zhudang.checks.limits import DIGITISATION_DPI, PIXELS

STREAM_PIXELS = 60_000_000
"""Larger frames are decoded in strips, so that a big drawing stays within a worker's memory."""
FRAMES = 5000
DPI_RANGE = (30, 5000)

Image.MAX_IMAGE_PIXELS = PIXELS // 2
warnings.simplefilter("ignore")


def examine(case: Case) -> None:
    case.facts["encrypted"] = False
    try:
        picture = Image.open(case.path)
    except Image.DecompressionBombError:
        case.find("IMG-003", pixels=f">{PIXELS}")
        return
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError) as trouble:
        _by_vips(case, str(trouble))
        return
    with picture:
        width, height = picture.size
        case.facts.update(width=width, height=height, mode=picture.mode, release=picture.format)
        if width * height > STREAM_PIXELS:
            _by_vips(case, "large")
        else:
            _frames(case, picture)
        _resolution(case, picture)


def _frames(case: Case, picture: Any) -> None:
    """Decode all frames; the last frame reached is told when one fails."""
    count = min(getattr(picture, "n_frames", 1), FRAMES)
    case.facts["pages"] = getattr(picture, "n_frames", 1)
    for frame in range(count):
        try:
            picture.seek(frame)
            if picture.size[0] * picture.size[1] > PIXELS // 2:
                case.find("IMG-003", pixels=picture.size[0] * picture.size[1])
                return
            picture.load()
        except (OSError, EOFError, SyntaxError, ValueError, IndexError, TypeError, KeyError) as trouble:
            _broken(case, frame + 1, str(trouble))
            return


def _broken(case: Case, frame: int, detail: str) -> None:
    if "truncated" in detail.lower() or "incomplete" in detail.lower():
        case.find("IMG-002", frame=frame, detail=detail[:160])
    elif _vips_reads(case):
        case.find("IMG-006", detail=detail[:160])
    else:
        case.find("IMG-001", detail=detail[:160])


def _by_vips(case: Case, detail: str) -> None:
    """A second decoder, which works in strips and knows more variants."""
    try:
        import pyvips

        whole = pyvips.Image.new_from_file(str(case.path), access="sequential", fail_on="truncated")
        if whole.width * whole.height > PIXELS:
            case.find("IMG-003", pixels=whole.width * whole.height)
            return
        case.facts.update(width=whole.width, height=whole.height)
        pages = whole.get("n-pages") if "n-pages" in whole.get_fields() else 1
        for page in range(min(pages, FRAMES)):
            _vips_frame(case, page, pages)
        case.facts["pages"] = pages
        if case.facts["dpi"] is None and whole.xres > 1.01:
            _take_dpi(case, whole.xres * 25.4, whole.yres * 25.4)
    except Exception as trouble:  # pyvips raises its own Error for everything
        told = detail if detail != "large" else str(trouble)
        code = "IMG-002" if "truncated" in str(trouble) + detail else "IMG-001"
        case.find(code, frame=1, detail=told.strip().splitlines()[0][:160] if told.strip() else "?")


def _vips_frame(case: Case, page: int, pages: int) -> None:
    import pyvips

    options: dict[str, Any] = {"access": "sequential", "fail_on": "truncated"}
    if pages > 1:
        options["page"] = page
    pyvips.Image.new_from_file(str(case.path), **options).avg()


def _vips_reads(case: Case) -> bool:
    try:
        _vips_frame(case, 0, 1)
    except Exception:  # pyvips raises its own Error for everything
        return False
    return True


def _resolution(case: Case, picture: Any) -> None:
    if case.facts["dpi"] is not None:
        return
    try:
        stated = picture.info.get("dpi")
        if stated:
            _take_dpi(case, float(stated[0]), float(stated[1]))
    except (TypeError, ValueError, ZeroDivisionError, IndexError, OverflowError):
        stated = None
    if case.facts["dpi"] is None:
        case.find("IMG-004")


def _take_dpi(case: Case, across: float, down: float) -> None:
    lowest = min(across, down)
    if not DPI_RANGE[0] <= lowest <= DPI_RANGE[1]:
        return
    case.facts["dpi"] = round(lowest)
    if round(lowest) < DIGITISATION_DPI:
        case.find("IMG-005", dpi=round(lowest), least=DIGITISATION_DPI)
