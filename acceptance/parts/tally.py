"""Counts per folder and question: asked, agreed, missed, false alarms, weak labels; and the targets they must reach."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

TARGETS: dict[str, float] = {
    "refuse": 0.97,
    "tell": 0.93,
    "sound": 0.99,
    "signatures": 0.95,
    "PDF/A": 0.85,
    "identity": 0.97,
    "identity of OFD": 1.0,
    "unsafe archives": 1.0,
    "packages": 1.0,
}
"""Least share of labels, weak ones left out, that must agree."""


@dataclass
class Count:
    """`weak`: disagreements with labels we hold to be weak; they count neither as agreement nor as fault."""

    asked: int = 0
    agreed: int = 0
    missed: int = 0
    false_alarms: int = 0
    weak: int = 0

    @property
    def share(self) -> float:
        firm = self.asked - self.weak
        return self.agreed / firm if firm else 1.0

    @property
    def strict(self) -> float:
        """Share when every weak label counts as a fault."""
        return self.agreed / self.asked if self.asked else 1.0

    def add(self, other: Count) -> None:
        self.asked += other.asked
        self.agreed += other.agreed
        self.missed += other.missed
        self.false_alarms += other.false_alarms
        self.weak += other.weak

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "share": round(self.share, 4), "strict": round(self.strict, 4)}


@dataclass(frozen=True)
class Disagreement:
    """One label against one result. `weak`: why the label says nothing; empty when it does."""

    folder: str
    question: str
    name: str
    expected: str
    got: str
    alarm: bool = False
    weak: str = ""


@dataclass
class Tally:
    counts: dict[tuple[str, str], Count] = field(default_factory=lambda: defaultdict(Count))
    disagreements: list[Disagreement] = field(default_factory=list)
    unasked: int = 0
    lost: list[str] = field(default_factory=list)
    """Files on which a worker crashed, hung or filled its memory, with the code."""
    unfinished: list[str] = field(default_factory=list)

    def agreed(self, folder: str, question: str) -> None:
        count = self.counts[folder, question]
        count.asked += 1
        count.agreed += 1

    def differs(self, told: Disagreement) -> None:
        count = self.counts[told.folder, told.question]
        count.asked += 1
        if told.weak:
            count.weak += 1
        elif told.alarm:
            count.false_alarms += 1
        else:
            count.missed += 1
        self.disagreements.append(told)

    def totals(self) -> dict[str, Count]:
        totals: dict[str, Count] = {}
        for (_, question), count in self.counts.items():
            totals.setdefault(question, Count()).add(count)
        return totals

    def short_of_target(self) -> list[str]:
        totals = self.totals()
        return [
            question for question, least in TARGETS.items() if question in totals and totals[question].share < least
        ]

    def print(self, *, every: bool) -> None:
        print(
            f"{'folder':<16}{'question':<18}{'asked':>6}{'agreed':>8}{'missed':>8}{'false':>7}{'weak':>6}{'share':>9}"
        )
        order = list(TARGETS)
        for folder, question in sorted(self.counts, key=lambda key: (key[0], order.index(key[1]))):
            print(f"{folder:<16}{_line(question, self.counts[folder, question])}")
        totals = self.totals()
        for question in sorted(totals, key=order.index):
            count = totals[question]
            strict = f"; {count.strict:.1%} when weak labels count" if count.weak else ""
            print(f"{'all':<16}{_line(question, count)}  target {TARGETS[question]:.0%}{strict}")
        for each in self.disagreements if every else ():
            mark = "weak" if each.weak else "false alarm" if each.alarm else "missed"
            print(
                f"{mark}\t{each.folder}\t{each.question}\t{each.name}\t{each.got}\t{each.expected[:80]}\t{each.weak}".rstrip()
            )
        for title, names in (("lost", self.lost), ("unfinished", self.unfinished)):
            for name in names:
                print(f"{title}\t{name}")

    def as_json(self) -> dict[str, Any]:
        return {
            "folders": [
                {"folder": folder, "question": question, **count.as_json()}
                for (folder, question), count in sorted(self.counts.items())
            ],
            "all": {
                question: {**count.as_json(), "target": TARGETS[question]} for question, count in self.totals().items()
            },
            "disagreements": [vars(each) for each in self.disagreements],
            "not_asked": self.unasked,
            "lost": self.lost,
            "unfinished": self.unfinished,
        }


def _line(question: str, count: Count) -> str:
    numbers = f"{count.asked:>6}{count.agreed:>8}{count.missed:>8}{count.false_alarms:>7}{count.weak:>6}"
    return f"{question:<18}{numbers}{count.share:>9.1%}"
