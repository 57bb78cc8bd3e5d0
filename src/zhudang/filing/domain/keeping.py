"""Who makes a document, who keeps it, and whether it is owed at all.

The scope tables have five keepers: client (builder), design, contractor, supervisor, archive. A survey
party has no column of its own there.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

KEEPERS = ("builder", "designer", "contractor", "supervisor", "archive")
OWN_COLUMN = {
    "client": "builder",
    "design": "designer",
    "contractor": "contractor",
    "supervisor": "supervisor",
}


class Owed(StrEnum):
    """How strongly a document is owed, over all keepers."""

    MUST = "must"
    OPTIONAL = "optional"
    OWN = "own"
    UNSURE = "unsure"
    NONE = "none"


def how_owed(marks: Mapping[str, str]) -> Owed:
    """Tell how strongly a document is owed beyond the one who makes it.

    ``must``: client or archive must keep it. ``optional``: one of them may. ``own``: only its maker (or
    another party) keeps it, so nothing travels. ``unsure``: the table's source does not tell the marks of
    client and archive; people must confirm before it is asked for. ``none``: nobody keeps it.
    """
    travels = [marks.get("archive", ""), marks.get("builder", "")]
    if "must" in travels:
        return Owed.MUST
    if "unsure" in travels:
        return Owed.UNSURE
    if "optional" in travels:
        return Owed.OPTIONAL
    others = [marks.get(k, "") for k in ("designer", "contractor", "supervisor")]
    if any(mark in {"must", "optional"} for mark in others):
        return Owed.OWN
    return Owed.UNSURE if "unsure" in others else Owed.NONE


def own_mark(marks: Mapping[str, str], provider: str) -> str:
    """The mark in the maker's own column (本单位存); ``unsure`` where the table has no such column."""
    column = OWN_COLUMN.get(provider)
    return marks.get(column, "") if column else "unsure"


def travels_to_client(marks: Mapping[str, str], provider: str) -> bool:
    """Whether the client gets a copy (交建设单位); unsure rows do, until people decide otherwise."""
    return provider != "client" and marks.get("builder") in {"must", "optional", "unsure"}


def travels_to_archive(marks: Mapping[str, str]) -> bool:
    """Whether the archive takes it (交馆); unsure rows go along, the archive decides at review."""
    return marks.get("archive") in {"must", "optional", "unsure"}
