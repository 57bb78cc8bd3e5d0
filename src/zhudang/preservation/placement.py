"""Which places each holding class goes to: what people chose last, else every place in use."""

from __future__ import annotations

from collections.abc import Mapping

from zhudang.preservation.models import Placement
from zhudang.preservation.policy_file import policy


def chosen_places() -> dict[str, frozenset[str]]:
    """Class code -> codes of the places chosen for it; a class nobody placed goes to every place and is not there."""
    newest = Placement.objects.order_by("class_code", "-chosen_at", "-id").distinct("class_code")
    return {row.class_code: frozenset(row.sites) for row in newest}


def places_of(kind: str, level: int, chosen: Mapping[str, frozenset[str]] | None = None) -> frozenset[str] | None:
    """Codes of the places an object of this kind and level goes to; None is every place."""
    placed = chosen_places() if chosen is None else chosen
    return placed.get(policy().class_of(kind, level).code)
