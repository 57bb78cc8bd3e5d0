"""What an examination against ISO 19005 found: violations by rule and place, and what it could not decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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
    """Collects violations of one claim (`part` 1–4, `level` a, b, u, e, f or nothing)."""

    part: int
    level: str
    violations: dict[str, Violation] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)

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
        return _numbers(self.violations, self.part)

    @property
    def not_covered(self) -> list[str]:
        return _numbers(self.undecided - set(self.violations), self.part)


def _numbers(rules: Any, part: int) -> list[str]:
    numbers = {all_clauses()[rule].numbers[part] for rule in rules}
    return sorted(numbers, key=lambda number: [int(piece) for piece in number.split(".")])
