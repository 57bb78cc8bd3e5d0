"""The steps of building, as data with their sources and doubts. A city replaces `data/milestones.json`.

Which records a step makes due is the filing's to say (`filing/data/due.csv`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data" / "milestones.json"


@dataclass(frozen=True, slots=True)
class MilestoneKind:
    """One kind of step."""

    code: str
    title: str
    title_en: str
    kinds: tuple[str, ...]
    order: int
    source: str
    doubt: str


class BadMilestoneData(ValueError):
    """The data file is not what it must be; the start stops with the place."""


def read_milestones(path: Path = DATA) -> tuple[MilestoneKind, ...]:
    """Read and check the steps of one installation, in the order of building."""
    rows = json.loads(path.read_text(encoding="utf-8"))["milestones"]
    found = tuple(_read(row, order) for order, row in enumerate(rows))
    codes = [kind.code for kind in found]
    if len(set(codes)) != len(codes):
        raise BadMilestoneData(f"{path}: a milestone code stands twice")
    return found


def _read(row: dict[str, object], order: int) -> MilestoneKind:
    try:
        return MilestoneKind(
            code=str(row["code"]),
            title=str(row["title"]),
            title_en=str(row["title_en"]),
            kinds=tuple(row["kinds"]),  # type: ignore[arg-type]
            order=order,
            source=str(row["source"]),
            doubt=str(row["doubt"]),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise BadMilestoneData(f"milestone {order + 1} ({row.get('code', '?')}): {exc}") from exc


@lru_cache(maxsize=1)
def milestones() -> tuple[MilestoneKind, ...]:
    """The steps of this installation."""
    return read_milestones()


def milestones_for(kind: str) -> tuple[MilestoneKind, ...]:
    """The steps a unit work of `kind` goes through, in order."""
    return tuple(step for step in milestones() if kind in step.kinds)


def milestone(code: str) -> MilestoneKind | None:
    """The step of that code, or None."""
    return next((step for step in milestones() if step.code == code), None)


def why_not_milestone_kind(code: str, kind: str) -> bool:
    """True when a unit work of `kind` has no step `code`."""
    step = milestone(code)
    return step is None or kind not in step.kinds
