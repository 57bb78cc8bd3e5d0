"""Text by page of PDF and OFD, for search. Inside workers only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PAGE_CHARACTERS = 2_000_000


class Unreadable(Exception):
    """The document cannot be read; `reason` is a word."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


def page_texts(path: Path, format_id: str | None = None) -> Iterator[tuple[int, str]]:
    """Yield (page from 1, text); nothing for formats that have no pages of text."""
    with path.open("rb") as stream:
        head = stream.read(1024)
    if b"%PDF-" in head:
        yield from _pdf(path)
    elif format_id == "zd/ofd" or (format_id is None and head.startswith(b"PK")):
        yield from _ofd(path, certain=format_id == "zd/ofd")


def _pdf(path: Path) -> Iterator[tuple[int, str]]:
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as trouble:
        raise Unreadable("cannot_open", str(trouble)) from trouble
    try:
        for index in range(len(document)):
            yield index + 1, _pdf_page(document, index)
    finally:
        document.close()


def _pdf_page(document: object, index: int) -> str:
    import pypdfium2 as pdfium

    try:
        page = document[index]  # type: ignore[index]
        words = page.get_textpage()
        text = words.get_text_range().replace("\r\n", "\n").replace("￾", "")
        words.close()
        page.close()
    except pdfium.PdfiumError:
        return ""
    return _storable(text)


def _storable(text: str) -> str:
    """Text a database can hold: no NUL, no halves of characters."""
    return text[:PAGE_CHARACTERS].replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _ofd(path: Path, *, certain: bool) -> Iterator[tuple[int, str]]:
    from zhudang.checks.ofdfile import OfdError, OfdFile

    try:
        ofd = OfdFile(path)
    except OfdError as trouble:
        if certain:
            raise Unreadable("cannot_open", str(trouble)) from trouble
        return
    try:
        for number, (document, place) in enumerate(ofd.pages(), 1):
            try:
                yield number, _storable(document.page_text(place))
            except OfdError:
                yield number, ""
    finally:
        ofd.close()
