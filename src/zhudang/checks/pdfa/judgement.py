"""What an examination against ISO 19005 found: violations by rule and place, and what it could not decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from zhudang.checks.pdfa.clauses import Clause, all_clauses

MOST_PLACES = 5


@dataclass
class Violation:
    """A rule that is broken: how often, and the first places."""

    clause: Clause
    count: int = 0
    places: list[str] = field(default_factory=list)


@dataclass
class Judgement:
    """Collects violations of one claim.

    Args:
        part: 1 to 4.
        level: a, b, u, e, f or nothing.
        undecided: rules that could not be decided for this document.
        incomplete: whether an examination broke off, so that the whole cannot be called conforming.
        late: the first page not looked at within the time; 0 when all were.
    """

    part: int
    level: str
    violations: dict[str, Violation] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)
    incomplete: bool = False
    late: int = 0

    def violate(self, rule: str, place: str = "") -> None:
        """Note that `rule` is broken at `place`; a rule this claim does not have is passed over."""
        clause = all_clauses()[rule]
        if not clause.applies(self.part, self.level):
            return
        found = self.violations.setdefault(rule, Violation(clause))
        found.count += 1
        if place and place not in found.places and len(found.places) < MOST_PLACES:
            found.places.append(place)

    def leave(self, rule: str) -> None:
        """Note that `rule` could not be decided here."""
        if all_clauses()[rule].applies(self.part, self.level):
            self.undecided.add(rule)

    @property
    def clauses(self) -> list[str]:
        """Numbers of the clauses violated, in the order of the standard."""
        return self.numbered(violation.clause.numbers[self.part] for violation in self.violations.values())

    @property
    def not_covered(self) -> list[str]:
        """Numbers of clauses this document leaves undecided."""
        return self.numbered(all_clauses()[rule].numbers[self.part] for rule in self.undecided)

    @staticmethod
    def numbered(numbers: Iterable[str]) -> list[str]:
        """Clause numbers once each, in the order of the standard."""
        return sorted(set(numbers), key=lambda number: [int(piece) for piece in number.split(".")])
