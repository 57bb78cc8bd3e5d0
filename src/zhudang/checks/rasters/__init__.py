"""Structure of raster images, read without a decoder: what a lenient decoder passes over in silence."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from zhudang.checks.rasters import jp2, jpeg, png, small, tiff
from zhudang.checks.rasters.faults import Fault

WALKED_BYTES = 256 * 1024 * 1024
"""Larger files are not walked where the walk reads every byte."""
HEADS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8", "jpeg"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"8BPS", "psd"),
    (b"icns", "icns"),
    (b"AT&TFORM", "djvu"),
    (jp2.SIGNATURE[:8], "jp2"),
    (jp2.CODESTREAM, "jp2"),
    (b"\xff\x0a", "jxl"),
    (b"\0\0\0\x0cJXL ", "jxl"),
)
SMALL: dict[str, Callable[[bytes | memoryview], list[Fault]]] = {
    "gif": small.gif,
    "bmp": small.bmp,
    "webp": small.webp,
    "psd": small.psd,
    "djvu": small.djvu,
    "icns": small.icns,
    "jxl": small.jxl,
}


@dataclass
class Structure:
    """What a walk over the file tells. `kind` is empty for formats not walked here."""

    kind: str = ""
    found: list[Fault] = field(default_factory=list)
    jpeg: jpeg.Seen | None = None
    tiff: tiff.Seen | None = None
    png: png.Seen | None = None

    @property
    def interlaced(self) -> bool:
        """Whether a PNG is stored in passes over the whole picture."""
        return self.png is not None and self.png.interlaced

    @property
    def camera(self) -> bool:
        """Whether the file itself says it is a photograph."""
        return self.jpeg is not None and self.jpeg.camera


def structure(path: Path, claimed: str = "") -> Structure:
    """Walk an image file. `claimed` is the kind its name says: used when the head tells nothing."""
    with path.open("rb") as stream:
        head = stream.read(16)
    kind = kind_of(head) or (claimed if claimed in {"jp2", "tiff", "png", "gif"} else "")
    if kind == "png":
        state = png.read(path)
        return Structure(kind, state.found, png=state)
    if not kind or (path.stat().st_size > WALKED_BYTES and kind != "tiff"):
        return Structure(kind)
    with mapped(path) as content:
        if kind == "jpeg":
            seen = jpeg.read(content)
            return Structure(kind, seen.found, jpeg=seen)
        if kind == "tiff":
            walked = tiff.read(content)
            return Structure(kind, walked.found, tiff=walked)
        if kind == "jp2":
            return Structure(kind, jp2.read(content).found)
        return Structure(kind, SMALL[kind](content))


def kind_of(head: bytes) -> str:
    """The raster format a file begins as; empty when none of ours."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return next((kind for magic, kind in HEADS if head.startswith(magic)), "")


@contextmanager
def mapped(path: Path) -> Iterator[memoryview]:
    """The file's bytes without loading them; views must not outlive the block (they keep the map alive)."""
    with path.open("rb") as stream:
        if path.stat().st_size == 0:
            yield memoryview(b"")
            return
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        yield memoryview(mapped)
