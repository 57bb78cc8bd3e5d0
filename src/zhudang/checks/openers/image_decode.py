"""Frames decoded to their end, by two decoders: what one of them cannot, or does only with complaints."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

from zhudang.checks import limits, rasters
from zhudang.checks.examine import Case
from zhudang.checks.openers.image_pages import Pages
from zhudang.checks.rasters import tiff_tags

STREAM_PIXELS = 60_000_000
"""Larger frames are decoded in strips, so that a big drawing stays within a worker's memory."""
WHOLE_PIXELS = 120_000_000
"""Progressive and interlaced pictures are decoded as a whole: larger ones do not fit a worker."""
FRAMES = 20_000
SECONDS = 40.0
"""Decoding stops here, and the report says at which frame."""
DECODED = {"image/jpeg", "image/png", "image/tiff", "image/gif", "image/bmp", "image/jp2", "image/webp", ""}
"""Formats the decoders here know: what they cannot show of these is damaged."""
DEPTHS = {"1": 1, "I;16": 16, "I;16B": 16, "I": 32, "F": 32}
COLOURS = {
    "1": "bitonal",
    "L": "grey",
    "LA": "grey",
    "I": "grey",
    "I;16": "grey",
    "I;16B": "grey",
    "F": "grey",
    "P": "palette",
    "PA": "palette",
    "CMYK": "CMYK",
    "LAB": "Lab",
}
COMPRESSIONS = {"GIF": "LZW", "JPEG2000": "JPEG 2000", "WEBP": "WebP", "AVIF": "AV1"}
COMPLAINT_BYTES = 2000
QUIET = frozenset({2, 3, 4, 7})
"""Compressions of TIFF (CCITT, JPEG) as its tag 259 numbers them."""
LOOKED_AT_TWICE = 20
"""Frames the second decoder looks at."""
FEW_FAULTS = 2
"""A directory with more irregularities than this is no rare variant, but damage."""


class Decoder:
    """Decodes one file; notes findings and facts on the case, hands every frame to `pages`."""

    def __init__(self, case: Case, structure: rasters.Structure, pages: Pages) -> None:
        self._case = case
        self._structure = structure
        self._pages = pages
        self._until = time.monotonic() + SECONDS
        self.densities: list[tuple[float, float]] = []

    def run(self) -> None:
        try:
            picture = Image.open(self._case.path)
        except Image.DecompressionBombError:
            self._case.find("IMG-003", pixels=f">{limits.PIXELS}")
            return
        except Exception as unread:  # plug-ins raise anything on damaged headers
            self._by_vips(str(unread))
            return
        with picture:
            self._describe(picture)
            width, height = picture.size
            if width * height > limits.PIXELS:
                self._case.find("IMG-003", pixels=width * height)
            elif width * height > STREAM_PIXELS:
                self._density(picture)
                self._by_vips("large")
            else:
                self._complaints(picture)

    def _describe(self, picture: Any) -> None:
        width, height = picture.size
        mode = picture.mode
        self._case.facts.update(width=width, height=height, mode=mode, release=picture.format)
        told = self._case.facts["image"]
        told["colour_mode"] = COLOURS.get(mode, "colour")
        told["bit_depth"] = told["bit_depth"] or DEPTHS.get(mode, 8)
        told["compression"] = told["compression"] or COMPRESSIONS.get(picture.format or "")
        told["icc_profile"] = bool(picture.info.get("icc_profile"))

    def _complaints(self, picture: Any) -> None:
        """Decode, and listen to what the library prints: some damage is only told there."""
        with _overheard(self._case) as heard:
            whole = self._frames(picture)
        words = heard()
        if whole and self._structure.kind == "tiff" and "Bad code word" in words:
            # After an error group 4 cannot find its lines again: the rest of the strip is lost.
            lost = "Fax4" in words
            self._case.find("IMG-001" if lost else "IMG-006", detail=words.splitlines()[0][:160])
        elif whole and self._structure.kind == "jpeg":
            self._second_opinion(1)
        elif whole and self._quietly_decoded():
            self._second_opinion(self._case.facts["pages"] or 1)

    def _quietly_decoded(self) -> bool:
        """Whether the frames of a TIFF are packed in a way whose damage the first decoder does not tell."""
        walked = self._structure.tiff
        directories = walked.directories if walked is not None and not walked.found else []
        return any(each.first(tiff_tags.COMPRESSION, 1) in QUIET for each in directories)

    def _second_opinion(self, pages: int) -> None:
        """The first decoder passes over damaged entropy-coded data; the second tells."""
        try:
            for page in range(min(pages, LOOKED_AT_TWICE)):
                if time.monotonic() < self._until:
                    _vips_frame(self._case, page, pages, "warning")
        except Exception as complaint:  # pyvips raises its own Error for everything
            self._case.find("IMG-006", detail=_first_line(str(complaint)))

    def _frames(self, picture: Any) -> bool:
        """Decode all frames; False after telling which one failed."""
        try:
            counted = getattr(picture, "n_frames", 1)
        except Exception as trouble:  # a directory of frames that leads nowhere
            self._broken(1, str(trouble))
            return False
        self._case.facts["pages"] = counted
        for frame in range(counted):
            if time.monotonic() > self._until or frame >= FRAMES:
                self._case.not_checked["IMG-002"] = f"pages_from_{frame + 1}"
                return True
            try:
                picture.seek(frame)
                if picture.size[0] * picture.size[1] > limits.PIXELS // 2:
                    self._case.find("IMG-003", pixels=picture.size[0] * picture.size[1])
                    return False
                self._density(picture)
                picture.load()
            except Image.DecompressionBombError:
                self._case.find("IMG-003", pixels=f">{limits.PIXELS}")
                return False
            except MemoryError:
                raise
            except Exception as trouble:  # decoders raise anything on damaged data
                self._broken(frame + 1, str(trouble))
                return False
            self._pages.add(picture, self.densities[-1] if self.densities else None)
        return True

    def _density(self, picture: Any) -> None:
        try:
            stated = picture.info.get("dpi")
            if stated:
                self.densities.append((float(stated[0]), float(stated[1])))
        except (TypeError, ValueError, ZeroDivisionError, IndexError, OverflowError):
            return

    def _broken(self, frame: int, detail: str) -> None:
        if "truncated" in detail.lower() or "incomplete" in detail.lower():
            self._case.find("IMG-002", frame=frame, detail=detail[:160])
        elif self._vips_reads():
            self._case.find("IMG-006", detail=detail[:160])
        else:
            self._undecoded(frame, detail)

    def _undecoded(self, frame: int, detail: str) -> None:
        """No decoder here shows it: is the file damaged, or only of a kind they do not know?"""
        known = self._structure.kind in {"tiff", "jpeg"}
        sound = known and len(self._structure.found) <= FEW_FAULTS
        form = self._case.format
        walked = self._structure.kind in {"psd", "djvu", "jxl"}
        rare = walked or (form.id and form.mime not in DECODED and not form.basis.startswith("own"))
        first = _first_line(detail)
        if (sound and self._rare_variant(detail)) or (rare and not self._structure.found):
            self._case.find("IMG-007", format=form.name, detail=first)
        elif "truncated" in detail:
            self._case.find("IMG-002", frame=frame, detail=first)
        else:
            self._case.find("IMG-001", detail=first)

    def _rare_variant(self, detail: str) -> bool:
        """Whether a sound structure says this variant is none the decoders know."""
        if self._structure.jpeg is not None:
            return self._structure.jpeg.rare
        return "decoder error" not in detail

    def _by_vips(self, detail: str) -> None:
        """A second decoder, which works in strips and knows more variants."""
        try:
            import pyvips

            whole = pyvips.Image.new_from_file(str(self._case.path), access="sequential", fail_on="error")
            if whole.width * whole.height > limits.PIXELS:
                self._case.find("IMG-003", pixels=whole.width * whole.height)
                return
            self._case.facts.update(width=whole.width, height=whole.height)
            if whole.width * whole.height > WHOLE_PIXELS and self._at_once():
                self._case.find("IMG-009", pixels=whole.width * whole.height)
                return
            pages = whole.get("n-pages") if "n-pages" in whole.get_fields() else 1
            self._case.facts["pages"] = pages
            if not self.densities and whole.xres > 1.01:
                self.densities.append((whole.xres * 25.4, whole.yres * 25.4))
            for page in range(min(pages, FRAMES)):
                if time.monotonic() > self._until:
                    self._case.not_checked["IMG-002"] = f"pages_from_{page + 1}"
                    return
                shown = whole if page == 0 else _vips_open(self._case, page, pages, "error")
                self._pages.add_streamed(shown, self.densities[-1] if self.densities else None)
        except Exception as trouble:  # pyvips raises its own Error for everything
            self._undecoded(1, detail if detail != "large" else str(trouble))

    def _at_once(self) -> bool:
        """Whether decoding needs all pixels in memory."""
        if self._structure.jpeg is not None:
            return self._structure.jpeg.progressive
        return self._structure.interlaced

    def _vips_reads(self) -> bool:
        try:
            _vips_frame(self._case, 0, 1, "error")
        except Exception:  # pyvips raises its own Error for everything
            return False
        return True


def _vips_open(case: Case, page: int, pages: int, fail_on: str) -> Any:
    import pyvips

    options: dict[str, Any] = {"access": "sequential", "fail_on": fail_on}
    if pages > 1:
        options["page"] = page
    return pyvips.Image.new_from_file(str(case.path), **options)


def _vips_frame(case: Case, page: int, pages: int, fail_on: str) -> None:
    _vips_open(case, page, pages, fail_on).avg()


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:160] if text.strip() else "?"


@contextmanager
def _overheard(case: Case) -> Iterator[Any]:
    """Collect what native code prints to standard error; the value is a function giving it."""
    place = case.scratch / "heard"
    kept = os.dup(2)
    ear = os.open(place, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(ear, 2)
    text = ""
    try:
        yield lambda: text
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        text = os.pread(ear, COMPLAINT_BYTES, 0).decode("utf-8", "replace")
        os.close(ear)
        place.unlink(missing_ok=True)
