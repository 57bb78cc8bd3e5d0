"""What a city prints on its documents: names, number templates, the line in the seal.

The city pack (ZHUDANG_CITY_PACK, a folder) may hold a file of the same name as a built-in one; what it
says replaces the built-in values, key by key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

_BUILT_IN = Path(__file__).parent / "data" / "documents.json"


def overlaid(built_in: Path) -> dict[str, Any]:
    """Read a built-in data file with what the city pack says about it laid over; sections merge, values replace."""
    known: dict[str, Any] = json.loads(built_in.read_text(encoding="utf-8"))
    own = Path(settings.CITY_PACK) / built_in.name if settings.CITY_PACK else None
    if own and own.is_file():
        for key, value in json.loads(own.read_text(encoding="utf-8")).items():
            known[key] = {**known[key], **value} if isinstance(known.get(key), dict) else value
    return known


@dataclass(frozen=True)
class Letterhead:
    """The names a city's documents carry."""

    archive: str
    department: str
    seal_line: str
    numbers: Mapping[str, str]

    def issuer(self, which: str) -> str:
        """Name the issuer: "archive" or "department"."""
        return self.department if which == "department" else self.archive

    def number(self, kind: str, year: int, n: int) -> str:
        """Write the n-th number of the year as the city writes it.

        Raises:
            KeyError: the city names no number for this kind.
        """
        return self.numbers[kind].format(year=year, n=n)


@cache
def letterhead() -> Letterhead:
    """The names and numbers in force; read once, a change needs a restart.

    Raises:
        ValueError: a number template that cannot tell two numbers or two years apart.
    """
    data = overlaid(_BUILT_IN)
    numbers = {kind: str(row["template"]) for kind, row in data["numbers"].items()}
    for kind, template in numbers.items():
        if template.format(year=2026, n=1) in {template.format(year=2026, n=2), template.format(year=2027, n=1)}:
            raise ValueError(f"number template of {kind} lacks {{year}} or {{n}}: {template}")
    archive = getattr(settings, "ARCHIVE_NAME", "") or data["archive"]
    return Letterhead(archive, data["department"], data["seal_line"], numbers)
