"""Which places a holding class should go to: proposed, explained, and refused where it breaks the policy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations

from zhudang.preservation.domain.copy_policy import Need, Standing, Verdict, judge
from zhudang.preservation.domain.site_facts import SiteFacts
from zhudang.shared.refusals import Reason


@dataclass(frozen=True)
class Proposal:
    """The smallest set of places that gives a class what it needs; where none does, all of them and what still lacks."""

    sites: tuple[SiteFacts, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def enough(self) -> bool:
        """Whether every requirement is met."""
        return all(verdict.standing is Standing.MET for verdict in self.verdicts)


def propose(need: Need, sites: Sequence[SiteFacts]) -> Proposal:
    """Propose places for a class, as though every copy there counted.

    Another place never makes a requirement worse, so where all of them together do not suffice nothing does. Copies
    on paper or film are a matter of single holdings: `analogue` is not judged here.
    """
    ordered = sorted(sites, key=lambda site: (len(site.unknown), site.code))
    everything = _judged(need, ordered)
    if not all(verdict.standing is Standing.MET for verdict in everything):
        return Proposal(tuple(sorted(sites, key=lambda site: site.code)), everything)
    for size in range(1, len(ordered) + 1):
        for chosen in combinations(ordered, size):
            verdicts = _judged(need, chosen)
            if all(verdict.standing is Standing.MET for verdict in verdicts):
                return Proposal(tuple(sorted(chosen, key=lambda site: site.code)), verdicts)
    return Proposal(tuple(ordered), everything)


def why_not_place(need: Need, chosen: Sequence[SiteFacts], *, planned: Collection[str] = ()) -> list[Reason]:
    """Tell everything that keeps a class from being placed at these places only; an empty list means go.

    Args:
        planned: requirements a standing, dated plan of remedy names.
    """
    if not chosen:
        return [Reason("preservation.place_nowhere", {})]
    if not any(site.at_ingest for site in chosen):
        return [Reason("preservation.place_offline_only", {})]
    reasons = []
    for verdict in _judged(need, chosen):
        if verdict.standing is not Standing.MET and verdict.requirement not in planned:
            reasons.append(Reason("preservation.place_breaks", {"requirement": verdict.requirement}))
            reasons += verdict.reasons
    return reasons


def _judged(need: Need, sites: Sequence[SiteFacts]) -> tuple[Verdict, ...]:
    return tuple(verdict for verdict in judge(need, sites) if verdict.requirement != "analogue")


@dataclass(frozen=True)
class Plan:
    """A standing plan of remedy: which requirements it will cure, and by when."""

    requirements: frozenset[str]
    until: date

    def is_overdue(self, today: date) -> bool:
        """Whether its day has passed; on the day itself it still stands."""
        return today > self.until


class Shown(StrEnum):
    """How a requirement is shown to people, the best first."""

    MET = "met"
    WAITING = "waiting"
    """The offline set lacks it and is not overdue to be called in, or is connected and not taken away yet."""
    PLANNED = "planned"
    UNKNOWN = "unknown"
    NOT_MET = "not_met"
    OVERDUE = "overdue"
    """The plan of remedy has run out."""


ORDER = tuple(Shown)
BELOW = tuple(Shown)[1:]


def show(
    now: Standing, when_called_in: Standing, *, all_copies_well: bool, plan: Plan | None, requirement: str, today: date
) -> Shown:
    """Tell how a requirement is shown.

    A plan excuses places that are not there yet, never a copy that should count and does not.

    Args:
        now: as the copies stand.
        when_called_in: as they will stand once the offline sets are caught up with.
        all_copies_well: every place of the class holds a copy that counts, or waits for its set to be called in.
    """
    if now is Standing.MET:
        return Shown.MET
    if when_called_in is Standing.MET:
        return Shown.WAITING
    if plan is not None and requirement in plan.requirements:
        if plan.is_overdue(today):
            return Shown.OVERDUE
        if all_copies_well:
            return Shown.PLANNED
    return Shown.UNKNOWN if now is Standing.UNKNOWN else Shown.NOT_MET


def worst_shown(shown: Collection[Shown]) -> Shown:
    """Tell the worst of several."""
    return max(shown, key=ORDER.index, default=Shown.MET)
