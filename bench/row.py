"""A line of the table of figures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    figure: str
    against: str
    target: str
    met: bool | None
