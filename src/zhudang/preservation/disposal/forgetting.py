"""What upper contexts keep of a volume's content, forgotten with it: they say how, in their `apps.py`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from uuid import UUID

Forget = Callable[[Collection[UUID]], int]
"""(records) -> how many pieces of their content are left, which must come to 0. Safe to call again."""

_forgetters: dict[str, Forget] = {}


def register(place: str, forget: Forget) -> None:
    """Have a context's content of destroyed records forgotten; `place` is what the list calls it."""
    _forgetters[place] = forget


def forget(record_ids: Collection[UUID]) -> dict[str, int]:
    """Have it forgotten everywhere; gives what is left by place."""
    return {place: forget(record_ids) for place, forget in sorted(_forgetters.items())}
