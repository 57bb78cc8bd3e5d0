"""The time for which nobody may delete what a bucket holds: looked at before it ends, lengthened where the bucket lets us, and told.

What is lengthened is what is held: the files of all objects there but those a disposal condemned, and the store's own
files. Between two looks nothing is asked of the server: nothing can end before the earliest end of the last look, nor
before what was written since has been there for its days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.audit import queries as acts
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.preservation import far_copies
from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable, Missing
from zhudang.preservation.bucket.proving import proof_of
from zhudang.preservation.bucket.retaining import Retained, Wish, lengthen
from zhudang.preservation.bucket.root import OWN_FILES, README, BucketRoot
from zhudang.preservation.keys import wrapping
from zhudang.preservation.models import Copy, Site
from zhudang.preservation.sites import Place, meet, only_writer_of, places

log = structlog.get_logger("zhudang.preservation")
LOOKED = "preservation.site.retention_looked_at"
_BATCH = 200


@dataclass(frozen=True)
class Standing:
    """How the retention of a bucket's holdings stands, as far as was seen.

    Args:
        ends_at: nothing held there ends earlier; None where nothing is held, or nothing that was seen has a retention.
        looked_at: of the last whole look; None before the first, when `ends_at` is counted from the days alone.
        near: it ends within the days in which it is lengthened, or has ended.
        last: what the last whole look told: files, lengthened, without, refused, problem.
    """

    ends_at: datetime | None
    looked_at: datetime | None
    near: bool
    last: dict[str, Any]


@dataclass(frozen=True)
class _Terms:
    """For how long files are kept there from their writing, and how long before the end that is lengthened."""

    period: timedelta
    ahead: timedelta
    asked_for: bool


def standing(place: Place, now: datetime) -> Standing | None:
    """Tell how the retention of what a bucket holds stands; None where it keeps nothing from anybody, or is not to be lengthened."""
    terms = _terms(place)
    if terms is None:
        return None
    last = acts.facts_about(f"preservation.site:{place.site_id}", [LOOKED]).filter(data__complete=True)
    seen = last.order_by("-at", "-id").first()
    if seen is None:
        since = Site.objects.values_list("prepared_at", flat=True).get(pk=place.site_id)
        held = Copy.objects.filter(site_id=place.site_id).exists()
        ends = since + terms.period if since and held else None
        return Standing(ends, None, ends is not None and ends <= now + terms.ahead, {})
    told = datetime.fromisoformat(seen.data["ends_at"]) if seen.data["ends_at"] else None
    # What was written since then ends later than this.
    ends = min(filter(None, (told, seen.at + terms.period)), default=None)
    near = (ends is not None and ends <= now + terms.ahead) or bool(seen.data["refused"])
    return Standing(ends if told else None, seen.at, near, dict(seen.data))


def look_after(place: Place, now: datetime) -> Retained | None:
    """Look at all that is held in a bucket whose retention ends soon, and lengthen it; None where nothing is to be done yet.

    All that ends in the first half of a period is lengthened with what ends soon, so that not every night some of it falls due.
    What was done is in the log, also where the server fell silent before the end.
    """
    terms, stands = _terms(place), standing(place, now)
    if terms is None or place.bucket is None or not place.reached or stands is None or not stands.near:
        return None
    wish = Wish(now, now + (terms.period + terms.ahead) / 2, now + terms.period, terms.asked_for)
    done, complete = Retained(), False
    try:
        for some in _lengthened(place, place.bucket, wish):
            done += some
        complete = True
    except (BucketUnreachable, BucketFull, Missing) as trouble:
        done.problem = getattr(trouble, "problem", "") or type(trouble).__name__
    _note(place, done, complete, now)
    return done


def look_after_all(now: datetime) -> None:
    """The same, at every bucket."""
    for place in places(now):
        if _terms(place) is not None:
            look_after(meet(place, now), now)


def _terms(place: Place) -> _Terms | None:
    """None where nothing says that the bucket keeps anything, or the sites file wants nothing lengthened."""
    if place.bucket is None:
        return None
    address = place.bucket.bucket.address
    proof = proof_of(Site.objects.values_list("proof", flat=True).get(pk=place.site_id))
    days = address.retention_days or (proof.retained_days if proof else 0)
    if proof is None or not proof.retained_days or not days or not address.renew_days:
        return None
    period = timedelta(days=days)
    return _Terms(period, min(timedelta(days=address.renew_days), period / 2), bool(address.retention_days))


def _lengthened(place: Place, bucket: BucketRoot, wish: Wish) -> Iterator[Retained]:
    """The store's own files, then object by object; nobody else writes there meanwhile, and no destruction begins."""
    with only_writer_of(place):
        register = wrapping.register_at(wrapping.folder())
        names = [*OWN_FILES, README, *(wrapping.files_for_stores(register) if register else ())]
        yield lengthen(bucket.bucket, [bucket.key(name) for name in names], wish)
    held = Copy.objects.filter(site_id=place.site_id, object__condemned_at=None).select_related("object")
    for copy in held.order_by("object_id").iterator(chunk_size=_BATCH):
        with only_writer_of(place):
            if far_copies.as_it_was(copy.object):
                files = bucket.files(copy.object.ocfl_id)
                yield lengthen(bucket.bucket, [each.key for each in files.values()], wish)


@transaction.atomic
def _note(place: Place, done: Retained, complete: bool, now: datetime) -> None:
    """Write to the log what a look did, and tell people where something could not be lengthened; the same again is no news."""
    site = Site.objects.select_for_update(no_key=True).get(pk=place.site_id)
    data = {
        "code": site.code, "complete": complete, "ends_at": done.ends_at.isoformat() if done.ends_at else "",
        "files": done.files, "lengthened": done.lengthened, "without": done.without, "refused": done.refused,
        "problem": done.problem,
    }  # fmt: skip
    before = acts.facts_about(f"preservation.site:{site.pk}", [LOOKED]).order_by("-at", "-id").first()
    if before is not None and before.data == data and not done.lengthened:
        return
    audit.record(actor="system", act=LOOKED, subject=site, at=now, data=data)
    if not done.refused and complete:
        return
    log.error("a retention could not be lengthened", site=site.code, refused=done.refused, problem=done.problem)
    until = f"{timezone.localtime(done.ends_at):%Y-%m-%d}" if done.ends_at else "—"
    for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
        events.tell(
            kind="preservation.site.retention_ends", at=now, organisation_id=organisation_id,
            roles=[Role.ARCHIVIST, Role.KEEPER], link=f"/preservation/sites/{site.pk}/",
            data={"place": site.name, "until": until, "files": done.refused, "problem": done.problem},
        )  # fmt: skip
