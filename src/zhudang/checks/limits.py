"""Figures the rules measure against: `data/limits.csv`, each with unit, source and doubt. A city may set others.

A figure is read by its name in capitals, `limits.DIGITISATION_DPI`, at the moment it is used: a profile may
have moved it (`use`).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DIGITISATION_DPI: int
TITLE_CHARACTERS: int
EARLIEST_YEAR: int
MEMBER_BYTES: int
TOTAL_BYTES: int
RATIO: int
RATIO_FROM_BYTES: int
MEMBERS: int
SCANNER_DAYS: int
PIXELS: int
ALLOCATION_BYTES = 3 * 1024**3
"""A backstop for one huge allocation between two looks of the watcher. A limit on address space would kill
the identification library's runtime, which reserves far more than it uses."""
READING_S = 40.0
"""Longest time for reading what an archive holds; what was not reached is told."""
INSIDE_FILES = 500
INSIDE_BYTES = 1024**3
INSIDE_FILE_BYTES = 256 * 1024**2
INSIDE_S = 25.0
INSIDE_DEPTH = 8
"""Files within files: how many, how many bytes in all and each, how long and how deep they are examined. The
nested bombs of record hide their load on the sixth level."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One figure; `least` and `most` bound what a city may set, `mark` is the doubt of its source."""

    name: str
    value: float
    unit: str
    least: float
    most: float
    source: str
    mark: str
    about_zh: str
    about_en: str


@cache
def all_limits() -> Mapping[str, Limit]:
    """Every figure by name, as delivered."""
    with (Path(__file__).parent / "data" / "limits.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {
        row["name"]: Limit(
            row["name"], _number(row["value"]), row["unit"], _number(row["least"]), _number(row["most"]),
            row["source"], row["mark"], row["about_zh"], row["about_en"],
        )
        for row in rows
    }  # fmt: skip


def _number(text: str) -> float:
    return float(text) if "." in text else int(text)


_moved: dict[str, float] = {}


def use(moved: Mapping[str, float]) -> None:
    """Take a city's figures for this process; figures it does not name stand as delivered."""
    _moved.clear()
    _moved.update(moved)


def value(name: str) -> float:
    """The figure that holds in this process. An unknown name is a bug and raises."""
    return _moved[name] if name in _moved else all_limits()[name].value


def __getattr__(name: str) -> float:
    if name.isupper() and name.lower() in all_limits():
        return value(name.lower())
    raise AttributeError(name)
