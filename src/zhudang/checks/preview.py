"""Pictures of pages, for viewers. Inside workers only."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

MAX_WIDTH = 4000
MAX_PIXELS = 40_000_000


class NoPicture(Exception):
    """There is nothing to show; `reason` is `no_such_page`, `no_picture` or `cannot_open`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


def answer(task: dict[str, Any]) -> dict[str, Any]:
    png = render(Path(task["path"]), int(task["page"]), int(task["width"]))
    return {"png": base64.b64encode(png).decode("ascii")}


def render(path: Path, page: int, width: int) -> bytes:
    """PNG of page `page` (from 1), `width` pixels wide, never larger than the limits above."""
    width = max(16, min(width, MAX_WIDTH))
    with path.open("rb") as stream:
        head = stream.read(1024)
    if b"%PDF-" in head:
        return _pdf(path, page, width)
    return _image(path, page, width)


def _pdf(path: Path, page: int, width: int) -> bytes:
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as trouble:
        raise NoPicture("cannot_open", str(trouble)) from trouble
    try:
        if not 1 <= page <= len(document):
            raise NoPicture("no_such_page")
        sheet = document[page - 1]
        across, down = sheet.get_size()
        scale = min(width / max(1.0, across), (MAX_PIXELS / max(1.0, across * down)) ** 0.5)
        picture = sheet.render(scale=scale, rev_byteorder=True).to_pil()
        return _png(picture.convert("RGB"))
    except pdfium.PdfiumError as trouble:
        raise NoPicture("cannot_open", str(trouble)) from trouble
    finally:
        document.close()


def _image(path: Path, page: int, width: int) -> bytes:
    """Shrink while loading where the format allows, so that very large scans stay in bounds."""
    import pyvips

    try:
        if page > 1:
            picture = pyvips.Image.new_from_file(str(path), page=page - 1, access="sequential")
            picture = picture.thumbnail_image(width, size="down")
        else:
            picture = pyvips.Image.thumbnail(str(path), width, size="down", height=width * 8)
        return bytes(picture.write_to_buffer(".png", strip=True))
    except pyvips.Error as trouble:
        told = str(trouble)
        reason = "no_such_page" if page > 1 else "no_picture"
        raise NoPicture(reason, told[:120]) from trouble


def _png(picture: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()
