"""What pages say first of places that cannot be reached now: none of the copies there counts meanwhile."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from zhudang.preservation import words
from zhudang.preservation.domain.site_facts import Kind, SiteFacts
from zhudang.preservation.sites import Place, another_there
from zhudang.shared.refusals import Reason


def out_of_reach(all_places: Iterable[Place]) -> list[tuple[str, str]]:
    """(name, why) of each place whose copies do not count now; a set that lies apart as it should is none.

    Of a bucket this is as it was last asked.
    """
    return [
        (place.name, _why(place.facts, another_there(place) if place.carries else None, place.address))
        for place in all_places
        if not place.counts
    ]


def _why(facts: SiteFacts, astray: Reason | None, path: str) -> str:
    if astray:
        return words.sentence(astray)
    if facts.kind is Kind.S3:
        return _("没有连上：%(path)s") % {"path": path}
    return _("找不到：%(path)s") % {"path": path}
