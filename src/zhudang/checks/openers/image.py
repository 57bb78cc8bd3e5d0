"""Images: every frame decoded to its end, resolution, size."""

from __future__ import annotations

import warnings
from typing import Any

from PIL import Image

from zhudang.checks import limits
from zhudang.checks.examine import Case
from zhudang.checks.openers.image_structure import png_trouble, tiff_is_whole
from zhudang.checks.openers.media_structure import troubles

STREAM_PIXELS = 60_000_000
"""Larger frames are decoded in strips, so that a big drawing stays within a worker's memory."""
FRAMES = 5000
DECODED = {"image/jpeg", "image/png", "image/tiff", "image/gif", "image/bmp", "image/jp2", "image/webp", ""}
"""Formats the decoders here know: what they cannot show of these is damaged."""
DPI_RANGE = (30, 5000)

Image.MAX_IMAGE_PIXELS = limits.PIXELS // 2
warnings.simplefilter("ignore")


def examine(case: Case) -> None:
    case.facts["encrypted"] = False
    if spoiled := png_trouble(case.path):
        _png(case, spoiled)
        if spoiled == "truncated":
            return
    if case.format.mime == "image/tiff" and tiff_is_whole(case.path) is False:
        case.find("IMG-002", frame=1, detail="TIFF")
        return
    for trouble in troubles(case.path):
        code = "IMG-002" if trouble.cut else "IMG-006"
        case.find(code, frame=1, detail=f"{trouble.name}: {trouble.why}")
    try:
        picture = Image.open(case.path)
    except Image.DecompressionBombError:
        case.find("IMG-003", pixels=f">{limits.PIXELS}")
        return
    except Exception as unread:  # plug-ins raise anything on damaged headers
        _by_vips(case, str(unread))
        return
    with picture:
        width, height = picture.size
        case.facts.update(width=width, height=height, mode=picture.mode, release=picture.format)
        if width * height > STREAM_PIXELS:
            _by_vips(case, "large")
        else:
            _frames(case, picture)
        _resolution(case, picture)


def _png(case: Case, trouble: str) -> None:
    """A wrong checksum in a chunk the picture needs is damage; elsewhere it is a fault to tell."""
    if trouble == "truncated":
        case.find("IMG-002", frame=1, detail="PNG")
    elif trouble.split()[-1][:1].isupper():
        case.find("IMG-001", detail=trouble)
    else:
        case.find("IMG-006", detail=trouble)


def _frames(case: Case, picture: Any) -> None:
    """Decode all frames; the last frame reached is told when one fails."""
    try:
        counted = getattr(picture, "n_frames", 1)
    except Exception as trouble:  # a directory of frames that leads nowhere
        _broken(case, 1, str(trouble))
        return
    case.facts["pages"] = counted
    for frame in range(min(counted, FRAMES)):
        try:
            picture.seek(frame)
            if picture.size[0] * picture.size[1] > limits.PIXELS // 2:
                case.find("IMG-003", pixels=picture.size[0] * picture.size[1])
                return
            picture.load()
        except Image.DecompressionBombError:
            case.find("IMG-003", pixels=f">{limits.PIXELS}")
            return
        except MemoryError:
            raise
        except Exception as trouble:  # decoders raise anything on damaged data
            _broken(case, frame + 1, str(trouble))
            return


def _broken(case: Case, frame: int, detail: str) -> None:
    if "truncated" in detail.lower() or "incomplete" in detail.lower():
        case.find("IMG-002", frame=frame, detail=detail[:160])
    elif _vips_reads(case):
        case.find("IMG-006", detail=detail[:160])
    else:
        _undecoded(case, frame, detail)


def _undecoded(case: Case, frame: int, detail: str) -> None:
    """No decoder here shows it: is the file damaged, or only of a kind they do not know?"""
    whole = tiff_is_whole(case.path) if case.format.mime == "image/tiff" else None
    rare = case.format.id and case.format.mime not in DECODED and not case.format.basis.startswith("own")
    first = detail.strip().splitlines()[0][:160] if detail.strip() else "?"
    if whole or rare:
        case.find("IMG-007", format=case.format.name, detail=first)
    elif whole is False or "truncated" in detail:
        case.find("IMG-002", frame=frame, detail=first)
    else:
        case.find("IMG-001", detail=first)


def _by_vips(case: Case, detail: str) -> None:
    """A second decoder, which works in strips and knows more variants."""
    try:
        import pyvips

        whole = pyvips.Image.new_from_file(str(case.path), access="sequential", fail_on="truncated")
        if whole.width * whole.height > limits.PIXELS:
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
        _undecoded(case, 1, detail if detail != "large" else str(trouble))


def _vips_frame(case: Case, page: int, pages: int, fail_on: str = "truncated") -> None:
    import pyvips

    options: dict[str, Any] = {"access": "sequential", "fail_on": fail_on}
    if pages > 1:
        options["page"] = page
    pyvips.Image.new_from_file(str(case.path), **options).avg()


def _vips_reads(case: Case) -> bool:
    try:
        _vips_frame(case, 0, 1, fail_on="error")
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
    if round(lowest) < limits.DIGITISATION_DPI:
        case.find("IMG-005", dpi=round(lowest), least=limits.DIGITISATION_DPI)
