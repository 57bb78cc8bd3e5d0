"""Places that still hold what was destroyed elsewhere (待销毁): offline, write-once, out of reach, on paper or film."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from zhudang.preservation.disposal.models import DisposalStep

SITE, REGISTERED = "site:", "registered:"
WORKING_STORE, SEARCH_INDEX = "working-store", "search-index"


def owed_at(site_code: str) -> QuerySet[DisposalStep, Any]:
    """The ids of the objects whose old bytes a site still holds; for use in another query."""
    return DisposalStep.objects.filter(place=f"{SITE}{site_code}", gone=False).values_list("item__object_id", flat=True)


def owing_sites(object_id: UUID) -> set[str]:
    """The codes of the sites that still hold the bytes of a destroyed object."""
    rows = DisposalStep.objects.filter(item__object_id=object_id, gone=False, place__startswith=SITE)
    return {place.removeprefix(SITE) for place in rows.values_list("place", flat=True)}
