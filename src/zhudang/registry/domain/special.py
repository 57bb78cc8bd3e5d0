"""The special record (专业记载) of a unit work: its items by kind of works, as data with their source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from zhudang.shared.refusals import Reason

DATA = Path(__file__).resolve().parent.parent / "data" / "special.json"
TYPES = ("text", "number", "whole")
TEXT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class SpecialItem:
    """One item of the special record.

    Args:
        unit: of measure, printed behind the value; empty for none.
    """

    code: str
    title: str
    title_en: str
    type: str
    unit: str


class BadSpecialData(ValueError):
    """The data file is not what it must be; the start stops with the place."""


def read_items(path: Path = DATA) -> Mapping[str, tuple[SpecialItem, ...]]:
    """Read and check the items of one installation, by kind of works."""
    found = {}
    for kind, rows in json.loads(path.read_text(encoding="utf-8"))["fields"].items():
        try:
            items = tuple(SpecialItem(**row) for row in rows)
        except TypeError as exc:
            raise BadSpecialData(f"{path}: {kind}: {exc}") from exc
        codes = [item.code for item in items]
        if len(set(codes)) != len(codes) or any(item.type not in TYPES for item in items):
            raise BadSpecialData(f"{path}: {kind}: a code stands twice, or a type is unknown")
        found[kind] = items
    return found


@lru_cache(maxsize=1)
def _items() -> Mapping[str, tuple[SpecialItem, ...]]:
    return read_items()


def items_for(kind: str) -> tuple[SpecialItem, ...]:
    """Give the items of a kind of works, in order."""
    return _items().get(kind, ())


def why_not_special(kind: str, values: Mapping[str, Any]) -> list[Reason]:
    """Tell what is wrong with a special record; items of another kind of works are refused by name."""
    known = {item.code: item for item in items_for(kind)}
    reasons = []
    for code, value in values.items():
        item = known.get(code)
        if item is None:
            reasons.append(Reason("registry.special_unknown", {"value": code}))
        elif item.type == "text":
            if not isinstance(value, str) or len(value) > TEXT_LENGTH:
                reasons.append(Reason("registry.special_text", {"title": item.title, "limit": TEXT_LENGTH}))
        elif (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or value < 0
            or (item.type == "whole" and value != int(value))
        ):
            reasons.append(Reason("registry.special_number", {"title": item.title}))
    return reasons
