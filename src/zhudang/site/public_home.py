"""The public's first page: what of the holdings is open, counted and put on a shelf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from zhudang.filing import queries as filing
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry

SPINES_SHOWN = 18
# A shelf with one book on it looks like a mistake.
FEWEST_SPINES = 3
PAPERS = {"building": "k", "road": "b", "bridge": "d", "pipeline": "e"}


@dataclass(frozen=True)
class Spine:
    """One project on the shelf of the first page."""

    year: int
    title: str
    paper: str


@dataclass(frozen=True)
class Kept:
    """One number of the holdings with its word."""

    count: int
    word: str


def public_home(actor: Actor) -> dict[str, Any]:
    """Give what the page shows of the holdings this person may know of; nothing when nothing is open."""
    projects = registry.visible_projects(actor)
    count = projects.count()
    if not count:
        return {"holdings": [], "kept": []}
    shelf = [
        Spine(row.accepted_on.year, row.name[:8], PAPERS.get(row.kind, "k"))
        for row in projects.exclude(accepted_on=None).order_by("accepted_on", "code")[:SPINES_SHOWN]
        if row.accepted_on
    ]
    counts = [Kept(count, _("个项目")), Kept(filing.visible_to(actor).count(), _("件文件"))]
    return {"holdings": shelf if len(shelf) >= FEWEST_SPINES else [], "kept": [one for one in counts if one.count]}
