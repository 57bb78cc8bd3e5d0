"""Volumes (立卷): which records lie together, in what order, on which pages.

Source: filing-rules.md 2.3 and 2.4 (GB/T 50328 chapter 5): five parts apart, one set per unit work, carriers
apart; C by division and maker, D by specialty; documents in list order, text before drawings, reply before
request, final before draft, body before annex, drawings by specialty then number; pages from 1 in each volume.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from zhudang.filing.domain.policy import Policy

CARRIER_ORDER = {"text": 0, "drawing": 1, "photo": 2, "av": 3, "model": 4}
SPECIALTY_ORDER = {
    s: n
    for n, s in enumerate(
        [
            "总施",
            "建施",
            "结施",
            "钢施",
            "幕施",
            "装施",
            "水施",
            "暖施",
            "电施",
            "弱电",
            "路施",
            "桥施",
            "管施",
            "绿施",
            "景施",
        ]
    )
}
RETENTION_ORDER = {"": 0, "short": 1, "long": 2, "permanent": 3}
_REPLY = re.compile(r"批复|批准|审批意见|审查意见|回复|答复|通知书")
_REQUEST = re.compile(r"请示|申请|报审|报验|申报|请求")
_ANNEX = re.compile(r"附件|附图|附表|附录")
_DRAFT = re.compile(r"草案|草稿|征求意见|送审稿")
_MANUSCRIPT = {"original": 0, "final": 1, "duplicate": 2, "copy": 3, "draft": 4, "": 0}


@dataclass(frozen=True)
class Piece:
    """A record as far as arranging asks."""

    id: UUID
    unit_work_id: UUID | None
    unit_order: int
    part: str
    group: str
    organisation_id: UUID
    organisation: str
    order_key: int
    carrier: str
    title: str
    document_no: str
    specialty: str
    manuscript: str
    formed_on: date | None
    formed_until: date | None
    pages: int
    paper_size: str
    level: int
    retention: str


@dataclass(frozen=True)
class Placed:
    """A record in its place: position from 1, pages from 1 (None where pages are not numbered)."""

    piece: Piece
    position: int
    page_from: int | None
    page_to: int | None


@dataclass(frozen=True)
class Bundle:
    """A volume to be: its records in order and what follows from them."""

    unit_work_id: UUID | None
    part: str
    carrier: str
    group: str
    placed: tuple[Placed, ...]
    thickness_mm: float
    too_thick: bool = False
    makers: tuple[str, ...] = field(default=())

    @property
    def pages(self) -> int:
        """Numbered pages in all."""
        return sum(p.piece.pages for p in self.placed if p.page_from is not None)

    @property
    def formed(self) -> tuple[date | None, date | None]:
        """The earliest and the latest date of the contents."""
        days = [d for p in self.placed for d in (p.piece.formed_on, p.piece.formed_until) if d]
        return (min(days), max(days)) if days else (None, None)

    @property
    def level(self) -> int:
        """The highest secrecy level of the contents."""
        return max(p.piece.level for p in self.placed)

    @property
    def retention(self) -> str:
        """The longest retention of the contents; empty when nothing was said."""
        return max((p.piece.retention for p in self.placed), key=lambda r: RETENTION_ORDER.get(r, 0))


def natural(text: str) -> tuple[Any, ...]:
    """Sort key in which 结施-2 comes before 结施-10."""
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.split(r"(\d+)", text) if p)


def order_of(piece: Piece) -> tuple[Any, ...]:
    """Where a record stands among its volume's records."""
    if piece.carrier == "drawing":
        return (
            SPECIALTY_ORDER.get(piece.specialty, 99),
            piece.order_key,
            natural(piece.document_no or piece.title),
            str(piece.id),
        )
    return (
        piece.order_key,
        _reply_rank(piece.title),
        1 if _DRAFT.search(piece.title) else 0,
        1 if _ANNEX.search(piece.title) else 0,
        _MANUSCRIPT.get(piece.manuscript, 5),
        piece.formed_on or date.max,
        natural(piece.document_no),
        natural(piece.title),
        str(piece.id),
    )


def _reply_rank(title: str) -> int:
    """Reply before request (批复在前，请示在后); a title that is neither stands with the replies."""
    if _REQUEST.search(title) and not _REPLY.search(title):
        return 1
    return 0


def shelf_of(piece: Piece) -> tuple[Any, ...]:
    """What must lie apart: unit work, part, carrier; in C the division and its maker, in D the specialty."""
    apart: tuple[Any, ...] = (
        piece.unit_order,
        str(piece.unit_work_id),
        piece.part,
        CARRIER_ORDER.get(piece.carrier, 9),
    )
    if piece.part == "C":
        return (*apart, natural(piece.group), str(piece.organisation_id))
    if piece.part == "D":
        return (*apart, natural(piece.group), "")
    return (*apart, (), "")


def thickness_of(piece: Piece, policy: Policy) -> float:
    """How many millimetres the record takes in its volume; nothing for what is not on paper."""
    if piece.carrier == "text":
        return piece.pages / policy.text_pages_per_mm
    if piece.carrier == "drawing":
        size = piece.paper_size[:2].upper()
        layers = policy.layers.get(size, policy.layers["unknown"])
        return piece.pages * layers / policy.layers_per_mm
    return 0.0


def bundle(pieces: Iterable[Piece], policy: Policy) -> list[Bundle]:
    """Arrange records into volumes in set order A to E, none thicker than the policy allows.

    A single record thicker than the limit gets a volume of its own, marked too thick.
    """
    bundles: list[Bundle] = []
    ordered = sorted(pieces, key=lambda p: (shelf_of(p), order_of(p)))
    for _shelf, members in groupby(ordered, key=shelf_of):
        bundles += _cut(list(members), policy)
    return bundles


def _cut(members: Sequence[Piece], policy: Policy) -> list[Bundle]:
    limit = policy.drawing_mm if members[0].carrier == "drawing" else policy.text_mm
    bundles: list[Bundle] = []
    current: list[Piece] = []
    thick = 0.0
    for piece in members:
        own = thickness_of(piece, policy)
        if current and thick + own > limit:
            bundles.append(_bundle(current, thick, limit))
            current, thick = [], 0.0
        current.append(piece)
        thick += own
    bundles.append(_bundle(current, thick, limit))
    return bundles


def _bundle(pieces: Sequence[Piece], thick: float, limit: float) -> Bundle:
    first = pieces[0]
    groups = {p.group for p in pieces}
    return Bundle(
        unit_work_id=first.unit_work_id,
        part=first.part,
        carrier=first.carrier,
        group=first.group if len(groups) == 1 else "",
        placed=tuple(number_pages(pieces)),
        thickness_mm=round(thick, 1),
        too_thick=thick > limit,
        makers=tuple(dict.fromkeys(p.organisation for p in pieces)),
    )


def number_pages(pieces: Sequence[Piece]) -> list[Placed]:
    """Give positions and page numbers from 1; sound, pictures in motion and models have no pages."""
    placed, page = [], 0
    for position, piece in enumerate(pieces, start=1):
        if piece.carrier in {"av", "model"} or piece.pages < 1:
            placed.append(Placed(piece, position, None, None))
            continue
        placed.append(Placed(piece, position, page + 1, page + piece.pages))
        page += piece.pages
    return placed


def page_text(placed: Placed, *, last: bool) -> str:
    """The page column of the in-volume list: first page; first to last for the last record."""
    if placed.page_from is None:
        return ""
    if last and placed.page_to != placed.page_from:
        return f"{placed.page_from}～{placed.page_to}"
    return str(placed.page_from)


def moved(pieces: Sequence[Piece], piece_id: UUID, to: int) -> list[Piece]:
    """The clerk's own sequence: one record put at position `to` (from 1), the others closing up."""
    rest = [p for p in pieces if p.id != piece_id]
    chosen = next(p for p in pieces if p.id == piece_id)
    at = max(0, min(len(rest), to - 1))
    return [*rest[:at], replace(chosen), *rest[at:]]
