"""Fonts drawings name but never hold: which of them every CAD program brings, which must come along."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import PureWindowsPath

from zhudang.checks.examine import Case
from zhudang.checks.rules import DATA

TRUETYPE = (".ttf", ".ttc", ".otf", ".pfb")


@cache
def supplied() -> frozenset[str]:
    """Names (lower case, with ending) that the usual CAD programs and Chinese Windows bring."""
    with (DATA / "cad_fonts.csv").open(encoding="utf-8", newline="") as lines:
        return frozenset(row["font"] for row in csv.DictReader(lines))


def tell(case: Case, names: Iterable[str]) -> None:
    """Note the fonts as a fact, and those to be supplied as a finding."""
    fonts = sorted({_plain(name) for name in names if name.strip()})
    case.facts["fonts"] = fonts[:100]
    beside = {path.name.lower() for path in case.path.parent.iterdir()} if case.path.name == case.name else set()
    missing = [font for font in fonts if font not in supplied() and font not in beside]
    if missing:
        case.find("CAD-009", fonts=missing[:20])


def _plain(name: str) -> str:
    """File name without its folder, in lower case, `.shx` where no ending is written."""
    plain = PureWindowsPath(name.strip()).name.lower()
    return plain if plain.endswith((".shx", *TRUETYPE)) else f"{plain}.shx"
