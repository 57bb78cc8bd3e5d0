"""Rules on descriptions (著录): plain facts in, findings out. Nothing here reads a file or a clock.

The four properties ask whether a description is complete and possible; the business review (C4) asks
whether it agrees with what was filed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from zhudang.checks import limits
from zhudang.checks.model import Finding
from zhudang.checks.rules import finding
from zhudang.checks.scheme import unfit

LEVELS = range(5)
NATIVE_KINDS = frozenset({"dwg", "dxf", "ifc", "rvt", "skp", "dgn", "office"})
READABLE_KINDS = frozenset({"pdf", "ofd", "image", "media"})
NUMBERED = {"drawing": "图纸", "text": "公文"}
"""Carriers whose records usually carry a number. A text need not; it is asked only where told so."""


@dataclass(frozen=True, slots=True)
class DescribedFile:
    """A file of the record: what the check of the file itself found out."""

    name: str
    part: str = "original"
    pages: int | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """What was written about a record.

    Args:
        pages: as described, None when not entered.
        level: 0 公开 … 4 绝密.
        carrier: text, drawing, photo, av, model.
        paper_only: the record exists on paper and that was stated.
        wants_number: whether this kind of record should carry a document or drawing number.
        not_before: nothing of this project can be older, when known; else the earliest plausible year counts.
    """

    title: str
    responsible: str
    formed_on: date | None
    formed_until: date | None = None
    document_no: str = ""
    pages: int | None = None
    level: int = 0
    carrier: str = "text"
    paper_only: bool = False
    wants_number: bool = False
    not_before: date | None = None
    files: Sequence[DescribedFile] = ()


def check(record: Description, *, today: date) -> list[Finding]:
    """Everything wrong with a description, all at once, in the order of the form."""
    return [*_title(record), *_responsible(record), *_dates(record, today), *_rest(record), *_files(record)]


def _title(record: Description) -> Iterable[Finding]:
    title = record.title.strip()
    if not title:
        yield finding("DSC-001")
        return
    if odd := sorted({character for character in title if unfit(character)}):
        yield finding("DSC-009", characters=[f"U+{ord(character):04X}" for character in odd])
    if len(title) > limits.TITLE_CHARACTERS:
        yield finding("DSC-010", length=len(title), most=limits.TITLE_CHARACTERS)


def _responsible(record: Description) -> Iterable[Finding]:
    if not record.responsible.strip():
        yield finding("DSC-002")


def _dates(record: Description, today: date) -> Iterable[Finding]:
    formed = record.formed_on
    if formed is None:
        yield finding("DSC-003")
        return
    latest = max(formed, record.formed_until or formed)
    if latest > today:
        yield finding("DSC-004", formed_on=latest.isoformat(), today=today.isoformat())
    earliest = record.not_before or date(limits.EARLIEST_YEAR, 1, 1)
    if formed < earliest:
        yield finding("DSC-005", formed_on=formed.isoformat(), earliest=earliest.isoformat())
    if record.formed_until is not None and formed > record.formed_until:
        until = record.formed_until.isoformat()
        yield finding("DSC-006", formed_on=formed.isoformat(), formed_until=until)


def _rest(record: Description) -> Iterable[Finding]:
    if record.wants_number and not record.document_no.strip():
        yield finding("DSC-008", kind=NUMBERED.get(record.carrier, "文件"))
    if record.level not in LEVELS:
        yield finding("DSC-011", level=record.level)


def _files(record: Description) -> Iterable[Finding]:
    if not record.files:
        if not record.paper_only:
            yield finding("DSC-012")
        return
    kinds = {file.kind for file in record.files}
    if kinds & NATIVE_KINDS - {"office"} and not kinds & READABLE_KINDS:
        yield finding("DSC-013", formats=sorted(kinds & NATIVE_KINDS))
    counted = _counted(record.files)
    if counted is not None and record.pages is not None and counted != record.pages:
        yield finding("DSC-007", described=record.pages, counted=counted)


def _counted(files: Sequence[DescribedFile]) -> int | None:
    """Pages of what is read: renditions where there are any, else originals; None when one is unknown."""
    readable = [file for file in files if file.part == "rendition"]
    readable = readable or [file for file in files if file.part == "original"]
    pages = [file.pages for file in readable]
    if not pages or any(each is None for each in pages):
        return None
    return sum(each for each in pages if each is not None)
