"""Filing's words as template filters: stored codes into what people read."""

from __future__ import annotations

from typing import Any

from django import template

from zhudang.filing import words
from zhudang.registry.words import milestone_title

register = template.Library()


@register.filter
def state_word(code: str) -> str:
    """The word for a record's state."""
    return str(words.STATES.get(code, code))


@register.filter
def standing_word(code: str) -> str:
    """The word for how an obligation stands."""
    return str(words.STANDINGS.get(code, code))


@register.filter
def standing_mark(code: str) -> str:
    """The state mark for how an obligation stands."""
    return words.STANDING_MARKS.get(code, "none")


@register.filter
def role_word(code: str) -> str:
    """The short word for a party's role."""
    return str(words.ROLES.get(code, code))


@register.filter
def mark(code: str) -> str:
    """▲ △ — ？ for a keeper's mark."""
    return words.MARKS.get(code, code)


@register.filter
def mark_word(code: str) -> str:
    """A keeper's mark in words, for readers."""
    return str(words.MARK_WORDS.get(code, code))


@register.filter
def step_word(code: str) -> str:
    """The name of a building step."""
    return milestone_title(code)


@register.filter
def why(reasons: Any) -> str:
    """All reasons of a guess in one line."""
    return words.why_all(reasons)


@register.filter
def level_word(level: int) -> str:
    """The word for a secrecy level."""
    return str(words.LEVELS.get(level, level))


@register.filter
def retention_word(code: str) -> str:
    """The word for a retention."""
    return str(words.RETENTIONS.get(code, code))


@register.filter
def carrier_word(code: str) -> str:
    """The word for a carrier."""
    return str(words.CARRIERS.get(code, code))
