"""How an obligation stands (the nine states), from facts alone. The SQL in queries/standing.py says the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Standing(StrEnum):
    """What a row of the checklist shows. A suggested date that passed is no breach: only the law's clocks are."""

    NA = "na"
    BACK = "back"
    FILED = "filed"
    PENCIL = "pencil"
    DRAFT = "draft"
    PASSED = "passed"
    SOON = "soon"
    DUE = "due"
    LATER = "later"


OWED_NOW = frozenset({Standing.BACK, Standing.PENCIL, Standing.DRAFT, Standing.PASSED, Standing.SOON, Standing.DUE})


@dataclass(frozen=True)
class StandingFacts:
    """What the state of one obligation depends on; counts are of what the viewer may know of."""

    not_applicable: bool
    filed: int
    back: int
    drafts: int
    suggestions: int
    milestone_on: date | None
    suggested_on: date | None


def standing_of(facts: StandingFacts, *, today: date, soon_until: date) -> Standing:
    """Tell how an obligation stands.

    Args:
        soon_until: last day that counts as near (some working days ahead).
    """
    if facts.not_applicable:
        return Standing.NA
    if facts.back:
        return Standing.BACK
    if facts.filed:
        return Standing.FILED
    if facts.suggestions:
        return Standing.PENCIL
    if facts.drafts:
        return Standing.DRAFT
    if facts.milestone_on is None or facts.milestone_on > today:
        return Standing.LATER
    if facts.suggested_on is None:
        return Standing.DUE
    if facts.suggested_on < today:
        return Standing.PASSED
    return Standing.SOON if facts.suggested_on <= soon_until else Standing.DUE
