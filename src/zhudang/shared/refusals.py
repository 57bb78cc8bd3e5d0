"""The expected «no»: every reason at once, as codes; the sentences live in each context's `words.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reason:
    """One reason why an act is refused.

    Attributes:
        code: stable and readable, `<context>.<what>`, e.g. `filing.empty`.
        data: what the sentence needs to be concrete (names, numbers, dates).
    """

    code: str
    data: Mapping[str, Any] = field(default_factory=dict)


class Refusal(Exception):
    """An act is refused for the reasons given; nothing has changed."""

    def __init__(self, *reasons: Reason | str) -> None:
        self.reasons: tuple[Reason, ...] = tuple(Reason(r) if isinstance(r, str) else r for r in reasons)
        super().__init__(", ".join(reason.code for reason in self.reasons))


class Forbidden(Refusal):
    """The actor knows the object but may not do this with it."""


class Conflict(Refusal):
    """Somebody else changed the object first; data names who, when, old and new."""


class NotFound(Exception):
    """No such object, or none this actor may know of: the two are never told apart."""
