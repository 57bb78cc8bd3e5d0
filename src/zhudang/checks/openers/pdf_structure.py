"""A PDF's own frame: header, page tree, and whether every object and stream can be read."""

from __future__ import annotations

import re
import time
import zlib
from typing import Any

import pikepdf

from zhudang.checks.examine import Case

HEADER = re.compile(rb"%PDF-(1\.[0-7]|2\.\d)(?=[\r\n %])")
HEAD_BYTES = 1024
DEEP_BYTES = 16 * 1024 * 1024
"""Larger files are not read object by object here; their pages are looked at all the same."""
BUDGET_S = 4.0
STEP_BYTES = 1024 * 1024
FAULTS = {
    "offset": {"zh": "文件头不在开头", "en": "the header is not at the start"},
    "version": {"zh": "文件头没有有效的版本号", "en": "the header has no valid version"},
    "count": {"zh": "声明的页数与实际不符", "en": "the declared number of pages is wrong"},
    "media": {"zh": "有页没有尺寸", "en": "a page has no size"},
}


def examine(case: Case, pdf: pikepdf.Pdf) -> None:
    """Note where the frame of the document is not as ISO 32000 prescribes."""
    _header(case)
    _tree(case, pdf)
    if case.size <= DEEP_BYTES:
        _streams(case, pdf)


def _fault(case: Case, name: str) -> None:
    case.find("PDF-020", what=FAULTS[name])


def _header(case: Case) -> None:
    with case.path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head[:5] != b"%PDF-":
        _fault(case, "offset")
    start = head.find(b"%PDF-")
    if start < 0 or HEADER.match(head, start) is None:
        _fault(case, "version")


def _tree(case: Case, pdf: pikepdf.Pdf) -> None:
    root: Any = pdf.Root.get("/Pages")
    if isinstance(root, pikepdf.Dictionary) and root.get("/Count") != case.facts["pages"]:
        _fault(case, "count")
    first: Any = pdf.pages[0].obj
    if "/MediaBox" not in first:
        parent: Any = first.get("/Parent")
        for _ in range(40):
            if not isinstance(parent, pikepdf.Dictionary) or "/MediaBox" in parent:
                break
            parent = parent.get("/Parent")
        if not isinstance(parent, pikepdf.Dictionary):
            _fault(case, "media")


def _streams(case: Case, pdf: pikepdf.Pdf) -> None:
    """Inflate every deflated stream, keeping nothing; what does not inflate is damaged content."""
    damaged, until = 0, time.monotonic() + BUDGET_S
    for thing in pdf.objects:
        if time.monotonic() > until:
            case.not_checked["PDF-021"] = "too_large"
            break
        if (
            isinstance(thing, pikepdf.Stream)
            and _filters(thing)[:1] == ["/FlateDecode"]
            and not _inflates(thing, until)
        ):
            damaged += 1
    if damaged:
        case.find("PDF-021", count=damaged)


def _filters(stream: Any) -> list[str]:
    named = stream.get("/Filter")
    listed = list(named) if isinstance(named, pikepdf.Array) else [] if named is None else [named]
    return [str(each) for each in listed]


def _inflates(stream: Any, until: float) -> bool:
    try:
        raw = stream.read_raw_bytes()
        inflater = zlib.decompressobj()
        inflater.decompress(raw, STEP_BYTES)
        while inflater.unconsumed_tail and time.monotonic() < until:
            inflater.decompress(inflater.unconsumed_tail, STEP_BYTES)
    except (zlib.error, pikepdf.PdfError, RuntimeError):
        return False
    return True
