"""Bring values into what JSON holds."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

_ALREADY = frozenset({str, int, float, bool})
"""These very types, not those derived from them: an Enum may be a string as well."""


def plain(value: Any) -> Any:
    """Bring a value into what JSON holds: identifiers, dates, numbers and codes as text where needed."""
    if value is None or type(value) in _ALREADY:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, bool | int | float | str):
        return value
    return str(value)
