"""Pictures into baseline TIFF without compression; every pixel, the colour profile and the resolution are compared."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from zhudang.preservation.formats.converters.results import Converted, Made, NotConverted

MOST_PIXELS = 400_000_000
_NO_PALETTE_HOLDS = "transparency"
_RESOLUTION_STEP = 0.02
"""Resolutions are rationals in TIFF and whole pixels per metre in BMP and PNG: so much apart is the same, in dots per inch."""
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


def convert(source: Path, folder: Path) -> Converted:
    """Make a TIFF of a picture.

    Raises:
        NotConverted: unreadable, of several frames, or what was read back is not what was there.
    """
    target = folder / "1"
    try:
        with Image.open(source) as picture:
            if getattr(picture, "n_frames", 1) != 1:
                raise NotConverted("frames", frames=picture.n_frames)  # type: ignore[attr-defined]
            picture.load()
            if picture.mode == "P" and _NO_PALETTE_HOLDS in picture.info:
                raise NotConverted("transparent_palette")
            dpi = picture.info.get("dpi")
            profile = picture.info.get("icc_profile")
            more = {"dpi": dpi} if dpi else {}
            picture.save(target, format="TIFF", compression=None, icc_profile=profile, **more)
            figures = _compared(picture, target)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as problem:
        raise NotConverted("unreadable", problem=f"{type(problem).__name__}: {problem}"[:300]) from problem
    return Converted((Made("1", "", "tif"),), figures)


def _compared(original: Image.Image, target: Path) -> dict[str, object]:
    """Read the result back and compare it; memory holds both pictures."""
    with Image.open(target) as result:
        result.load()
        if (result.mode, result.size) != (original.mode, original.size):
            raise NotConverted(
                "differs", what="size",
                expected=f"{original.mode} {original.width}×{original.height}",
                found=f"{result.mode} {result.width}×{result.height}",
            )  # fmt: skip
        # TIFF has room for all colours of a palette and fills up those the picture has not.
        palette = original.getpalette() or []
        if (result.getpalette() or [])[: len(palette)] != palette or result.tobytes() != original.tobytes():
            raise NotConverted("differs", what="pixels", expected="", found="")
        if (result.info.get("icc_profile") or None) != (original.info.get("icc_profile") or None):
            raise NotConverted("differs", what="profile", expected="", found="")
        before, after = original.info.get("dpi"), result.info.get("dpi")
        if before and (not after or any(abs(a - b) > _RESOLUTION_STEP for a, b in zip(before, after, strict=True))):
            raise NotConverted("differs", what="resolution", expected=str(before), found=str(after))
        left = sorted(str(name) for name in original.info if name not in _CARRIED)
    figures: dict[str, object] = {"pixels": original.width * original.height, "mode": original.mode}
    return figures | ({"not_carried": left} if left else {})


_CARRIED = {
    "dpi",
    "icc_profile",
    "compression",
    "jfif",
    "background",
    "version",
    "duration",
    "extension",
    "orientation",
    "interlace",
}
"""Members of a picture's facts that are carried, or say only how the original was packed."""
