"""The metadata scheme (`data/elements.csv`): which elements a description has, of what form, and whether it must.

Source: CJJ/T 187-2012 and GB/T 50323-2001 as far as known; obligations there were not seen, so the table decides.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from zhudang.checks.model import Finding
from zhudang.checks.rules import finding

LEVELS = ("project", "volume", "record")
TYPES = ("text", "date", "integer", "choice")
LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the scheme.

    `obligation`: required or optional. `told_by`: the finding code that already tells its absence, so that nothing
    is told twice.
    """

    id: str
    level: str
    field: str
    name_zh: str
    name_en: str
    type: str
    min_len: int | None
    max_len: int | None
    domain: frozenset[str]
    obligation: str
    told_by: str
    source: str
    mark: str


@cache
def all_elements() -> tuple[Element, ...]:
    """The scheme in the order of the table."""
    with (Path(__file__).parent / "data" / "elements.csv").open(encoding="utf-8", newline="") as lines:
        rows: list[dict[str, Any]] = list(csv.DictReader(lines))
    for row in rows:
        row["min_len"] = int(row["min_len"]) if row["min_len"] else None
        row["max_len"] = int(row["max_len"]) if row["max_len"] else None
        row["domain"] = frozenset(filter(None, row["domain"].split("|")))
    return tuple(Element(**row) for row in rows)


def check_values(level: str, values: Mapping[str, Any]) -> Iterable[Finding]:
    """Hold a description's values against the scheme: presence, obligation, type, length, domain, characters.

    Args:
        level: project, volume or record.
        values: element field -> value; a field that is not there is a missing element, an empty one an empty element.
    """
    for element in all_elements():
        if element.level != level:
            continue
        name = {"zh": element.name_zh, "en": element.name_en}
        if element.field not in values:
            if element.obligation == "required":
                yield finding("DSC-026", element=name)
            continue
        value = values[element.field]
        if value is None or (isinstance(value, str) and not value.strip()):
            if element.obligation == "required" and not element.told_by:
                yield finding("DSC-025", element=name)
            continue
        yield from _form(element, value, name)


def _form(element: Element, value: Any, name: Mapping[str, Any]) -> Iterable[Finding]:
    shown = str(value)[:LONGEST_SHOWN]
    if not _is(element.type, value):
        yield finding("DSC-022", element=name, value=shown, type=element.type)
        return
    if element.type == "choice" and str(value) not in element.domain and not element.told_by:
        yield finding("DSC-023", element=name, value=shown)
    if element.type != "text":
        return
    length = len(value.strip())
    if length < (element.min_len or 0) or length > (element.max_len or length):
        yield finding("DSC-021", element=name, length=length, least=element.min_len or 0, most=element.max_len or "…")
    if element.field != "title" and (odd := sorted({each for each in value if unfit(each)} - set("\n\r\t"))):
        yield finding("DSC-024", element=name, characters=[f"U+{ord(each):04X}" for each in odd])


def _is(kind: str, value: Any) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind == "date":
        return isinstance(value, date) or (isinstance(value, str) and _is_date(value))
    return isinstance(value, str) or (kind == "choice" and isinstance(value, int))


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def unfit(character: str) -> bool:
    """Control characters, private use, replacement marks and the like; rare Chinese characters are fine."""
    return character == "�" or unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Cn"}
