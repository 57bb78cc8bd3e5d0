"""The rules of ISO 19005 as data: `data/pdfa/clauses.csv`, a row per rule with its clause in every part."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from zhudang.checks.model import Severity
from zhudang.checks.rules import DATA

PARTS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule.

    Args:
        rule: our name of it.
        topic: family of clauses, to which a finding code belongs.
        numbers: part of ISO 19005 -> clause number; a part without the rule is absent.
        claims: the only claims (`2u`) it applies to; empty for all.
        severity: where it weighs otherwise than its finding code.
    """

    rule: str
    topic: str
    numbers: Mapping[int, str]
    claims: frozenset[str]
    severity: Severity | None
    what_zh: str
    what_en: str

    def applies(self, part: int, level: str) -> bool:
        return part in self.numbers and (not self.claims or f"{part}{level}" in self.claims)


@cache
def all_clauses() -> Mapping[str, Clause]:
    """Every rule by name, in the order of the data."""
    with (DATA / "pdfa" / "clauses.csv").open(encoding="utf-8", newline="") as lines:
        return {row["rule"]: _clause(row) for row in csv.DictReader(lines)}


def _clause(row: Mapping[str, str]) -> Clause:
    return Clause(
        rule=row["rule"],
        topic=row["topic"],
        numbers={part: row[f"part_{part}"] for part in PARTS if row[f"part_{part}"]},
        claims=frozenset(row["claims"].split()),
        severity=Severity(row["severity"]) if row["severity"] else None,
        what_zh=row["what_zh"],
        what_en=row["what_en"],
    )


@cache
def untested(part: int, level: str) -> frozenset[str]:
    """Clauses of a part that no rule here tests, or not in full."""
    with (DATA / "pdfa" / "untested.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return frozenset(
        row["clause"] for row in rows if row["part"] == str(part) and (not row["levels"] or level in row["levels"])
    )
