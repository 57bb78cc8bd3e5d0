"""Does a document claim PDF/A? Light enough to ask of every PDF."""

from __future__ import annotations

import pikepdf

MARK = b"aiim.org/pdfa/ns/id"
WIDE_MARKS = (MARK.decode().encode("utf-16-le")[:-1], MARK.decode().encode("utf-16-be")[1:])
LARGEST_BYTES = 8 * 1024 * 1024
PARTS = {"1", "2", "3", "4"}


def claim(pdf: pikepdf.Pdf) -> tuple[int, str] | None:
    """Part and level a document claims; None when it claims no PDF/A.

    A document with a PDF/A output intent or the identification's namespace claims it, even where the
    identification itself cannot be read: part 0 then.

    Raises:
        pikepdf.PdfError: its metadata cannot be read, and nothing else speaks of PDF/A.
    """
    data = _metadata(pdf)
    marked = MARK in data or any(mark in data for mark in WIDE_MARKS)
    if not marked and not _intent(pdf):
        return None
    from zhudang.checks.pdfa import xmp  # an XML parser only for documents that need it

    try:
        packet = xmp.read(data)
    except xmp.NotXmp:
        return 0, ""
    part, level = packet.property(xmp.PDFA_ID, "part"), packet.property(xmp.PDFA_ID, "conformance")
    number = part.value.strip() if part is not None else ""
    letter = level.value.strip().lower() if level is not None else ""
    return (int(number) if number in PARTS else 0), letter[:1]


def _metadata(pdf: pikepdf.Pdf) -> bytes:
    stream = pdf.Root.get("/Metadata")
    if not isinstance(stream, pikepdf.Stream):
        return b""
    try:
        return stream.read_bytes()[:LARGEST_BYTES]
    except (pikepdf.PdfError, pikepdf.DataDecodingError, RuntimeError):
        if not _intent(pdf):
            raise
        return b""


def _intent(pdf: pikepdf.Pdf) -> bool:
    intents = pdf.Root.get("/OutputIntents")
    listed = list(intents) if isinstance(intents, pikepdf.Array) else []
    return any(isinstance(each, pikepdf.Dictionary) and each.get("/S") == "/GTS_PDFA1" for each in listed)
