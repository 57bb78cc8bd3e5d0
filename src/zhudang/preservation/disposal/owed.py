"""Places that still hold what was destroyed elsewhere (待销毁): offline, write-once, in a bucket, out of reach, on paper or film.

Each is a duty with a day by which it should be done: so many days after it was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Min, QuerySet
from django.utils import timezone

from zhudang.preservation.disposal.models import DisposalStep
from zhudang.preservation.domain.disposal import clear_by

SITE, REGISTERED = "site:", "registered:"
WORKING_STORE, SEARCH_INDEX = "working-store", "search-index"


def owed_at(site_code: str) -> QuerySet[DisposalStep, Any]:
    """The ids of the objects whose old bytes a site still holds; for use in another query."""
    return DisposalStep.objects.filter(place=f"{SITE}{site_code}", gone=False).values_list("item__object_id", flat=True)


def steps_of(case_id: UUID, place: str) -> QuerySet[DisposalStep]:
    """What a place still owes a case."""
    return DisposalStep.objects.filter(item__case_id=case_id, place=place, gone=False)


def overdue(today: date) -> Iterator[tuple[UUID, str, date]]:
    """What should have been cleared by now: (case, place, the day it was due)."""
    rows = DisposalStep.objects.filter(gone=False).order_by("item__case__number", "place")
    for row in rows.values("item__case_id", "item__case__rules", "place").annotate(since=Min("at")):
        due = clear_by(timezone.localtime(row["since"]).date(), row["item__case__rules"])
        if due < today:
            yield row["item__case_id"], row["place"], due


def bucket_site(place: str) -> Any:
    """The site in use of an owed place where that is a bucket, else None."""
    from zhudang.preservation.models import Site

    code = place.removeprefix(SITE)
    return Site.objects.filter(code=code, kind="s3", in_use=True).first() if place.startswith(SITE) else None


def is_bucket(place: str) -> bool:
    """Whether an owed place is a bucket in use: deleted in by its keeper, and shown clear by looking."""
    return bucket_site(place) is not None
