"""Was a signed PDF changed after a signature, and were the changes such as a signer must expect?

ISO 32000-1, 12.8: later signatures, timestamps, validation material and the filling of empty fields are expected;
notes only where a certifying signature allows them. Anything else is content changed after signing.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import pikepdf
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import EmbeddedPdfSignature, SignatureCoverageLevel

from zhudang.checks.alarms import OutOfTime, limited
from zhudang.checks.pdfa import xref
from zhudang.checks.signing.pdf_compare import Changes, TooMuch, compare
from zhudang.checks.signing.pdf_fields import Signed

for _noisy in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL + 1)
LONGEST_S, ALL_S = 8.0, 25.0
"""For the library's analysis of one signature; for all signatures of a file, their digests included."""
END = re.compile(rb"startxref\s+\d+\s+%%EOF\s*$")
OBJECT, TABLE = re.compile(rb"\d\s+\d+\s+obj\b"), re.compile(rb"(?<!start)xref\b|/XRef\b")
LATER_TABLE = re.compile(rb"(?<!start)xref\s+\d+\s+\d+\s")
TAIL_BYTES = 2048
BLOCK = 1024 * 1024
FORMS, NOTES = 2, 3
"""DocMDP levels (ISO 32000-1, table 254)."""


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Later:
    """What followed after a signature.

    `level`: `none`, `signatures` (signatures, timestamps, validation material), `form_filling`, `notes`, `other`
    (not allowed), or None where it could not be decided. `places` name what differs.
    """

    level: str | None
    covers_whole: bool
    places: tuple[str, ...] = ()
    why: str = ""

    @property
    def allowed(self) -> bool:
        return self.level not in (None, "other")


class History:
    """The revisions of one document, read once for all its signatures."""

    def __init__(self, path: Path, pdf: pikepdf.Pdf, stream: BinaryIO, size: int) -> None:
        self._path, self._pdf, self._stream, self._size = path, pdf, stream, size
        self._deadline = time.monotonic() + ALL_S
        self._reader: PdfFileReader | None = None
        with contextlib.suppress(Exception):  # what this reader cannot open raises anything; the other one compares
            self._reader = _timed(self._open)

    def _open(self) -> PdfFileReader:
        reader = PdfFileReader(self._stream, strict=False)
        if reader.encrypted:
            reader.decrypt("")
        return reader

    @property
    def left_s(self) -> float:
        """How much of the time for this file is left, in seconds; not below zero."""
        return max(0.0, self._deadline - time.monotonic())

    def after(self, signed: Signed) -> Later:
        """What followed after `signed`, whose byte range was found to be in order."""
        following = self._following(signed.end)
        if not following:
            return Later("none", covers_whole=True)
        if following == "loose":
            return Later("other", covers_whole=False, why="objects outside any revision")
        level, complaint = self._analysed(signed)
        if level == "none":
            level = None  # something follows: the library read another end of the file than other readers do
        if level is None and self._misleads(signed.end):
            return Later("other", covers_whole=False, why="a later table leads to other objects than it names")
        if level == "uncovered":
            return Later("other", covers_whole=False, why="signed range leaves out part of its revision")
        try:
            seen = compare(self._path, signed.end, self._pdf, self.left_s)
        except TooMuch:
            return Later(level, covers_whole=False, why="" if level else "too large to compare")
        except (pikepdf.PdfError, ValueError, TypeError, RuntimeError, AttributeError) as trouble:
            return Later(level or "other", covers_whole=False, why=f"signed bytes are no document: {trouble}"[:160])
        return _judged(seen, level, complaint, signed.permissions)

    def _following(self, end: int) -> str:
        """Nothing (""), objects without a table that lists them (`loose`), or something to look into (`more`)."""
        self._stream.seek(end)
        something = objects = tables = False
        kept = b""
        while block := self._stream.read(BLOCK):
            something |= bool(block.strip(b"\0\t\n\f\r "))
            both = kept + block
            objects |= OBJECT.search(both) is not None
            tables |= TABLE.search(both) is not None
            kept = block[-64:]
            if objects and tables:
                break
        if not something:
            return ""
        return "loose" if objects and not tables else "more"

    def _misleads(self, end: int) -> bool:
        """Whether a cross-reference table after `end` gives places where other objects stand, or none.

        Readers differ in what they show then: one goes by the place, another by the number.
        """
        with mmap.mmap(self._stream.fileno(), 0, access=mmap.ACCESS_READ) as held:
            for found in LATER_TABLE.finditer(held, end):
                for number, offset in xref.table_at(held, found.start()).offsets.items():
                    head = xref.OBJECT.match(held, offset)
                    if head is None or int(head[1]) != number:
                        return True
        return False

    def _analysed(self, signed: Signed) -> tuple[str | None, str]:
        """(level, complaint) by the library; level None where it cannot say, `uncovered` for a cut revision."""
        try:
            reader, time_s = self._reader, min(LONGEST_S, self.left_s)
            level = _timed(lambda: _library(reader, signed), time_s) if reader and time_s else None
        except TimeoutError:
            self._reader = None  # as slow for the next signature; our own comparison decides alone
            return None, ""
        except Exception as trouble:  # damaged revisions raise anything
            return None, f"{type(trouble).__name__}: {trouble}"[:160]
        if level is not None:
            return level
        self._stream.seek(max(0, signed.end - TAIL_BYTES))
        tail = self._stream.read(min(TAIL_BYTES, signed.end))
        return (None, "") if END.search(tail) else ("uncovered", "")


LEVELS = {
    ModificationLevel.NONE: "none",
    ModificationLevel.LTA_UPDATES: "signatures",
    ModificationLevel.FORM_FILLING: "signatures",
    ModificationLevel.ANNOTATIONS: "notes",
    ModificationLevel.OTHER: "other",
}
"""The library counts a further signature as form filling; our own comparison tells fields from signatures."""


def _library(reader: PdfFileReader, signed: Signed) -> tuple[str | None, str] | None:
    for name, _, holder in enumerate_sig_fields(reader, filled_status=True):
        if name != signed.name:
            continue
        found: Any = EmbeddedPdfSignature(reader, holder, name)
        found.compute_integrity_info()
        if found.coverage is not None and found.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
            return "uncovered", ""
        result = found.diff_result
        if not isinstance(result, DiffResult):
            return "other", str(result)
        told = found.summarise_integrity_info()
        if told["docmdp_ok"] is False:
            return "other", "DocMDP"
        return LEVELS[result.modification_level], ""
    return None


def _judged(seen: Changes, level: str | None, complaint: str, permissions: int | None) -> Later:
    """Both opinions in one. A value that stood there when signed and is another now is no filling of a form."""
    notes_allowed = permissions is not None and permissions >= NOTES
    forms_allowed = permissions is not None and permissions >= FORMS
    content = [*seen.content, *seen.overlaid]
    if not forms_allowed:
        content.extend(seen.replaced)
    if not notes_allowed:
        content.extend(seen.notes)
    if permissions == 1:
        content.extend(seen.filled)
    if level == "other" and content:
        return Later("other", False, tuple(content))
    if level == "other" and not _renumbered(complaint) and not (notes_allowed and seen.notes):
        return Later("other", False, (complaint[:160],))
    wrong = content if level is None else [each for each in content if each in (*seen.replaced, *seen.overlaid)]
    if wrong:
        return Later("other", False, tuple(wrong))
    if seen.notes:
        return Later("notes", False, tuple(seen.notes))
    if seen.filled or seen.replaced:
        return Later("form_filling", False, (*seen.filled, *seen.replaced))
    return Later("signatures", False, tuple(seen.signed))


def _renumbered(complaint: str) -> bool:
    """The library's objection is an object number used again, which shows nowhere."""
    return complaint.startswith("There are unexplained xrefs")


def _timed(work: Callable[[], Result], seconds: float = LONGEST_S) -> Result:
    """Do the work within the time; TimeoutError when it takes longer."""
    try:
        with limited(seconds):
            return work()
    except OutOfTime:
        raise TimeoutError("too large to analyse") from None
