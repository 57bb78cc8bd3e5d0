"""The steps of building that make records due, as data with their sources.

Which records a step makes due is the customary reading of the filing scope's groups, not the text
of a standard: `doubt` says so, and pages show it. A city replaces `data/milestones.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data" / "milestones.json"


@dataclass(frozen=True, slots=True)
class Due:
    """Records a step makes due: a prefix of scope codes and days of grace after the step."""

    prefix: str
    days: int


@dataclass(frozen=True, slots=True)
class MilestoneKind:
    """One kind of step."""

    code: str
    title: str
    title_en: str
    kinds: tuple[str, ...]
    order: int
    due: tuple[Due, ...]
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
        due = tuple(Due(str(d["prefix"]), int(d["days"])) for d in row["due"])  # type: ignore[attr-defined]
        return MilestoneKind(
            code=str(row["code"]),
            title=str(row["title"]),
            title_en=str(row["title_en"]),
            kinds=tuple(row["kinds"]),  # type: ignore[arg-type]
            order=order,
            due=due,
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


def step_that_makes_due(scope_code: str, kind: str) -> tuple[MilestoneKind, int] | None:
    """Tell which step of a unit work makes a scope item due, and after how many days.

    The longest prefix wins; among equal ones the earlier step. None when no step is known to.
    """
    best: tuple[int, MilestoneKind, int] | None = None
    for step in milestones_for(kind):
        for due in step.due:
            if _is_in(scope_code, due.prefix) and (best is None or len(due.prefix) > best[0]):
                best = (len(due.prefix), step, due.days)
    return (best[1], best[2]) if best else None


def _is_in(code: str, prefix: str) -> bool:
    if not code.startswith(prefix):
        return False
    rest = code[len(prefix) :]
    # C5-1 must not catch C5-12, nor C1 catch C10.
    return not rest or not (prefix[-1].isdigit() and rest[0].isdigit())


def why_not_milestone_kind(code: str, kind: str) -> bool:
    """True when a unit work of `kind` has no step `code`."""
    step = milestone(code)
    return step is None or kind not in step.kinds


def order_of(codes: Sequence[str]) -> list[str]:
    """Sort step codes in the order of building; unknown ones last."""
    rank = {step.code: step.order for step in milestones()}
    return sorted(codes, key=lambda code: (rank.get(code, len(rank)), code))
