"""Places that still hold what was destroyed elsewhere (待销毁): offline, write-once, in a bucket, out of reach, on paper or film.

Each is a duty with a day by which it should be done: so many days after it was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Count, F, Func, Max, Min, Q, QuerySet, Sum
from django.db.models.fields.json import KT

from zhudang.preservation.disposal.models import DisposalStep
from zhudang.preservation.domain.disposal import clear_by, legal_day

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
        due = clear_by(legal_day(row["since"]), row["item__case__rules"])
        if due < today:
            yield row["item__case_id"], row["place"], due


@dataclass(frozen=True)
class LastLook:
    """What the last looks into a bucket showed of a case's volumes.

    Args:
        left: things still to delete; None where not all of it was ever seen.
        looked_at: the oldest of these looks.
        problem: why the newest look at one of them failed; empty where none did.
    """

    left: int | None
    looked_at: datetime | None
    problem: str


def last_look(case_id: UUID, place: str) -> LastLook:
    """What is known of an owed bucket; added up by the database, since the lists of keys are long."""
    length = Func(F("proof__keys"), function="jsonb_array_length", output_field=BigIntegerField())
    told = steps_of(case_id, place).aggregate(
        all=Count("pk"), seen=Count("pk", filter=Q(proof__has_key="keys")), left=Sum(length),
        looked_at=Min(KT("proof__looked_at")), problem=Max(KT("proof__problem")),
    )  # fmt: skip
    whole = told["all"] == told["seen"]
    looked = datetime.fromisoformat(told["looked_at"]) if whole and told["looked_at"] else None
    return LastLook(told["left"] or 0 if whole else None, looked, told["problem"] or "")


def bucket_site(place: str) -> Any:
    """The site in use of an owed place where that is a bucket, else None."""
    from zhudang.preservation.models import Site

    code = place.removeprefix(SITE)
    return Site.objects.filter(code=code, kind="s3", in_use=True).first() if place.startswith(SITE) else None


def is_bucket(place: str) -> bool:
    """Whether an owed place is a bucket in use: deleted in by its keeper, and shown clear by looking."""
    return bucket_site(place) is not None
