"""What the data say of formats: how each is opened, what endings claim, which media type it has, what it is mistaken for."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from zhudang.checks.model import Format
from zhudang.checks.rules import DATA


@dataclass(frozen=True, slots=True)
class Claim:
    """The kind of opener an ending asks for, and the family of formats it belongs to."""

    kind: str
    family: str


@cache
def kinds() -> dict[str, str]:
    """Format id, mime type or `class:` → kind of opener."""
    with (DATA / "kinds.csv").open(encoding="utf-8", newline="") as lines:
        return {row["key"]: row["kind"] for row in csv.DictReader(lines)}


@cache
def extensions() -> dict[str, Claim]:
    """Ending → what it claims."""
    with (DATA / "extensions.csv").open(encoding="utf-8", newline="") as lines:
        return {row["extension"]: Claim(row["kind"], row["family"]) for row in csv.DictReader(lines)}


@cache
def lookalikes() -> dict[tuple[str, str], Format]:
    """(PRONOM identifier, ending) → what it really is: formats whose signature fits another one's files too."""
    with (DATA / "lookalikes.csv").open(encoding="utf-8", newline="") as lines:
        return {
            (row["id"], row["ending"]): Format(row["instead"], row["name"], row["mime"], f"own rule: {row['ending']}")
            for row in csv.DictReader(lines)
        }


@cache
def mimes() -> dict[str, str]:
    """PRONOM identifier → media type, where PRONOM has none or a wrong one."""
    with (DATA / "mimes.csv").open(encoding="utf-8", newline="") as lines:
        return {row["id"]: row["mime"] for row in csv.DictReader(lines)}
