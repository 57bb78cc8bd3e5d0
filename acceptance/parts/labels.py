"""Labelled files: what a label lets us ask, and which labels we looked into and hold to be weak."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from zhudang.checks.model import FileReport, Severity

HERE = Path(__file__).parent
REFUSE, TELL, SOUND, INFECTED = "refuse", "tell", "sound", "infected"
"""Must fail; must at least be told (not pass); must not fail; must fail where a virus scanner is configured."""
VERDICTS = (REFUSE, TELL, SOUND)
ALTERED, KEPT, DOUBTED, TRUSTED, UNSIGNED = "altered", "kept", "doubted", "trusted", "unsigned"
"""A signature broken or content changed; none of both; something told; a chain to an anchor; no signature."""


@dataclass(frozen=True)
class Label:
    """One row of an `expected.csv`."""

    folder: str
    path: Path
    kind: str
    expected: str
    observed: str

    @property
    def asked(self) -> str | None:
        asked = self._first("expectations.csv")
        if asked == INFECTED:
            return REFUSE if os.environ.get("ZHUDANG_CLAMD") else None
        return asked

    @property
    def signed(self) -> str | None:
        return self._first("signed.csv")

    def _first(self, table: str) -> str | None:
        return next((row["asked"] or None for row in rows(table) if self.fits(row)), None)

    def fits(self, row: dict[str, str]) -> bool:
        return (
            row["folder"] == self.folder
            and re.fullmatch(row["kind"], self.kind) is not None
            and re.search(row["expected"], self.expected, re.IGNORECASE) is not None
        )

    def weakness(self, question: str, report: FileReport) -> str | None:
        """Why a disagreement here says nothing: what the label speaks of is another thing than was found."""
        if question not in (*VERDICTS, "signatures"):
            return None
        blocking = {found.code for found in report.findings if found.severity is Severity.BLOCK}
        for row in rows("weak_labels.csv"):
            codes, told = set(row["codes"].split()), set(row["told"].split())
            same_kind = row["asked"] == question and self.fits(row) and re.search(row["observed"], self.observed)
            if same_kind and (not codes or (blocking and blocking <= codes)) and told <= report.codes:
                return row["reason"]
        return None


@cache
def rows(table: str) -> tuple[dict[str, str], ...]:
    with (HERE / table).open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


def labels(data: Path) -> Iterator[Label]:
    for table in sorted(data.glob("*/expected.csv")):
        if table.parent.name.startswith("packages-"):
            continue
        with table.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                path = table.parent / row["file"]
                if path.is_file():
                    yield Label(table.parent.name, path, row["kind"], row["expected"], row.get("observed") or "")
