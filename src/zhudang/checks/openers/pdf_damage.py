"""What the reader of a PDF had to repair, and what could not be repaired: a lost end, lost objects."""

from __future__ import annotations

import re

import pikepdf

from zhudang.checks.examine import Case

TAIL_BYTES = 2048
LAST_BYTES = 1024 * 1024
LARGEST_BYTES = 256 * 1024 * 1024
REFERENCE = re.compile(rb"(?<![\w.])(\d{1,7})[ \r\n]+(\d{1,5})[ \r\n]+R(?!\w)")
MOST_REFERENCES = 100_000
BESIDES = tuple(
    f"/{key}".encode() for key in ("Info", "Parent", "P", "Prev", "Metadata", "Thumb", "Length", "PieceInfo")
)
"""Keys whose object no page needs; their loss alone is no loss of content."""
LONGEST_KEY = 16


def examine(case: Case, pdf: pikepdf.Pdf) -> None:
    """Tell repairs. A rebuilt table in a file without its end was cut off; one that lacks objects lost them."""
    with case.path.open("rb") as stream:
        stream.seek(max(0, case.size - TAIL_BYTES))
        ended = b"%%EOF" in stream.read()
    warnings = [str(warning).rsplit("): ", 1)[-1] for warning in pdf.get_warnings()]
    rebuilt = any("reconstruct" in warning or "xref" in warning for warning in warnings)
    if not ended:
        code = "PDF-012" if rebuilt and _cut_off(case) else "PDF-013"
        case.find(code)
    if warnings:
        case.find("PDF-008", count=len(warnings), first=warnings[0][:160])
    if any("reconstruct" in warning for warning in warnings) and (lost := _lost(case, pdf)):
        case.find("PDF-024", count=lost)


def _cut_off(case: Case) -> bool:
    """A file whose last object never ends was cut within it."""
    with case.path.open("rb") as stream:
        stream.seek(max(0, case.size - LAST_BYTES))
        tail = stream.read()
    return tail.rfind(b"endobj") < tail.rfind(b" obj") or b"startxref" not in tail


def _lost(case: Case, pdf: pikepdf.Pdf) -> int:
    """How many objects the file refers to and does not hold. In a sound file a few may be gone by intention:
    the answer counts only where the table had to be rebuilt, for then something else is lost too."""
    if case.size > LARGEST_BYTES:
        return 0
    wanted: set[tuple[int, int]] = set()
    content = case.path.read_bytes()
    for found in REFERENCE.finditer(content):
        if content[max(0, found.start() - LONGEST_KEY) : found.start()].rstrip().endswith(BESIDES):
            continue
        wanted.add((int(found[1]), int(found[2])))
        if len(wanted) > MOST_REFERENCES:
            break
    return sum(not _held(pdf, one) for one in wanted)


def _held(pdf: pikepdf.Pdf, number: tuple[int, int]) -> bool:
    try:
        return pdf.get_object(number) is not None
    except (pikepdf.PdfError, ValueError, OverflowError):
        return False
