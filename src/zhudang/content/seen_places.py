"""Where on the page a check saw something, from the facts of its run: pages from 1, millimetres from the top left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zhudang.checks.model import Finding
from zhudang.content.queries import FileFinding

EMPTY, STAMP, TITLE_BLOCK = "empty", "stamp", "title_block"


@dataclass(frozen=True)
class Place:
    """One thing on a page.

    Attributes:
        kind: empty (a place for a signature or stamp that looks empty), stamp, or title_block.
        what: the label beside an empty place, the kind of a stamp, the sheet number of a title block.
        left, top, width, height: millimetres; None where only the page is known.
    """

    page: int
    kind: str
    what: str
    left: float | None = None
    top: float | None = None
    width: float | None = None
    height: float | None = None


def places_in(facts: Mapping[str, Any]) -> list[Place]:
    """Everything the check saw, page by page from the top."""
    found = [_place(each, EMPTY, each.get("label", "")) for each in facts.get("blank_boxes") or ()]
    found += [_place(each, STAMP, each.get("kind", "")) for each in facts.get("stamps") or ()]
    found += [
        Place(each["page"], TITLE_BLOCK, " ".join(each[name] for name in ("number", "title") if each.get(name)))
        for each in facts.get("title_blocks") or ()
    ]
    return sorted(found, key=lambda place: (place.page, place.top or 0.0))


def _place(told: Mapping[str, Any], kind: str, what: str) -> Place:
    box = [told.get(name) for name in ("left_mm", "top_mm", "width_mm", "height_mm")]
    return Place(told["page"], kind, what, *box)


def pages_of(finding: Finding | FileFinding, facts: Mapping[str, Any]) -> list[int]:
    """The pages a finding of the business review speaks of; empty where it names none."""
    if finding.code == "BIZ-001":
        return sorted({place.page for place in places_in(facts) if place.kind == EMPTY})
    pages = finding.data.get("pages") if finding.code.startswith("BIZ-") else None
    return [page for page in pages if isinstance(page, int)] if isinstance(pages, list) else []
