"""What a converter gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Made:
    """One file that was made.

    Args:
        name: its name in the folder of results.
        label: what it holds of the original where there are several (a sheet's name); else empty.
        ending: of the name people see.
    """

    name: str
    label: str
    ending: str


@dataclass(frozen=True)
class Converted:
    """All that was made of one file, compared with it.

    Args:
        figures: what was compared, in numbers, and what the target cannot hold (`not_carried`).
    """

    made: tuple[Made, ...]
    figures: dict[str, Any] = field(default_factory=dict)


class NotConverted(Exception):
    """Nothing is kept of this file: the tool cannot read it, or the result is not what the original says.

    Args:
        reason: code of the words people read, below `preservation.migration_`.
    """

    def __init__(self, reason: str, **data: Any) -> None:
        super().__init__(reason)
        self.reason, self.data = reason, data


class NotNeeded(NotConverted):
    """The file is already what the path leads to."""
