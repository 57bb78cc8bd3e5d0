"""The time for which nobody may delete what a bucket holds: looked at before it ends, lengthened where the bucket lets us, and told.

What is lengthened is what is needed: the files of all objects there, tombstones among them, but what a disposal condemned and
the bucket still owes; the store's own files; and the pieces of the log's witness, of each the oldest version, which is the one
that is read. What was written over is lengthened too until its copy was read whole and found sound since: until then it may be
the only sound one. The quarantine and the probe are left to their day.

Between two looks nothing is asked of the server: nothing can end before the earliest end of the last look, nor
before what was written since has been there for its days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.audit import queries as acts
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.preservation import far_copies, far_witness
from zhudang.preservation.bucket.client import DENIED, BucketFull, BucketUnreachable, Missing
from zhudang.preservation.bucket.proving import Proof, proof_of
from zhudang.preservation.bucket.retaining import Held, Retained, Wish, lengthen
from zhudang.preservation.bucket.root import OWN_FILES, README, BucketRoot
from zhudang.preservation.bucket.versions import Version
from zhudang.preservation.disposal.owed import owed_at
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.keys import wrapping
from zhudang.preservation.models import ArchivalObject, Copy, Site
from zhudang.preservation.sites import Place, meet, only_writer_of, places

log = structlog.get_logger("zhudang.preservation")
LOOKED = "preservation.site.retention_looked_at"
HOLDINGS, WITNESS = "holdings", "witness"
WHAT = (HOLDINGS, WITNESS)
_BATCH = 200
MOST_REFUSED = 1000
"""Of a bucket that refused so many and lengthened none no more is asked that night."""
_MESSAGES = {HOLDINGS: "preservation.site.retention_ends", WITNESS: "preservation.site.witness_retention_ends"}


@dataclass(frozen=True)
class Standing:
    """How the retention of some of what a bucket holds stands, as far as was seen.

    Args:
        what: HOLDINGS or WITNESS.
        ends_at: none of it ends earlier; None where there is none, none that was seen has a retention, or nobody looked yet.
        looked_at: of the last whole look; None before the first.
        near: it is to be looked at: never was, ends within the days in which it is lengthened, or was refused.
        last: what the last look told, whole or not (`LOOKED`); empty before the first.
    """

    what: str
    ends_at: datetime | None
    looked_at: datetime | None
    near: bool
    last: dict[str, Any]

    @property
    def is_open(self) -> bool:
        """Whether anything that was seen stands against it."""
        told = self.last
        return bool(told) and (self.near or bool(told["without"] or told["weaker"] or told["unlisted"]))


@dataclass(frozen=True)
class _Terms:
    """For how long files are kept there from their writing, and how long before the end that is lengthened.

    Args:
        asked_for: what has no retention is given one.
        clock: how far the server's clock may be from ours.
    """

    period: timedelta
    ahead: timedelta
    asked_for: bool
    clock: timedelta


def standings(place: Place, now: datetime) -> tuple[Standing, ...]:
    """Tell how the retention of what a bucket holds stands; nothing where it keeps nothing from anybody, or is not to be lengthened."""
    terms = _terms(place)
    told = (_standing(place, terms, what, now) for what in WHAT) if terms else ()
    return tuple(each for each in told if each is not None)


def _standing(place: Place, terms: _Terms, what: str, now: datetime) -> Standing | None:
    looks = acts.facts_about(_subject(place), [LOOKED]).filter(data__what=what, data__path=place.address)
    last = looks.order_by("-at", "-id").first()
    if last is None:
        # Files may lie there from before this installation knew the bucket: nothing is said of them unseen.
        if what == HOLDINGS:
            there = Copy.objects.filter(site_id=place.site_id).exists()
        else:
            there = Site.objects.filter(pk=place.site_id, prepared_at__isnull=False).exists()
        return Standing(what, None, None, True, {}) if there else None
    seen = last if last.data["complete"] else looks.filter(data__complete=True).order_by("-at", "-id").first()
    if seen is None:
        return Standing(what, None, None, True, dict(last.data))
    told = datetime.fromisoformat(seen.data["ends_at"]) if seen.data["ends_at"] else None
    # What was written since then ends later than this.
    ends = min(filter(None, (told, seen.at + terms.period)))
    near = ends <= now + terms.ahead or bool(last.data["refused"]) or not last.data["complete"]
    return Standing(what, ends if told else None, seen.at, near, dict(last.data))


def look_after(place: Place, now: datetime) -> dict[str, Retained]:
    """Look at what is held in a bucket where its retention ends soon, and lengthen it; tells what was looked at, and what came of it.

    All that ends in the first half of a period is lengthened with what ends soon, so that not every night some of it falls due.
    What was done is in the log, also where the server fell silent before the end.
    """
    terms, done = _terms(place), {}
    if terms is None or place.bucket is None or not place.reached:
        return {}
    wish = Wish(now, now + (terms.period + terms.ahead) / 2, now + terms.period, terms.asked_for)
    look = _Look(place, place.bucket, wish, terms.clock)
    for what, through in ((HOLDINGS, look.holdings), (WITNESS, look.witness)):
        stands = _standing(place, terms, what, now)
        if stands is not None and stands.near:
            done[what], complete = _through(through())
            _note(place, what, done[what], complete, now)
    return done


def take_over(item: ArchivalObject, place: Place, now: datetime) -> None:
    """Lengthen at once what lay in a bucket of an object before its copy was known here: no look before says anything of it."""
    terms = _terms(place)
    if terms is None or place.bucket is None:
        return
    until = now + terms.period
    look = _Look(place, place.bucket, Wish(now, until, until, terms.asked_for), terms.clock)
    done, complete = _through(look.of_object(item))
    if done.refused or not complete:
        _note(place, HOLDINGS, done, False, now)


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
    days = _days(proof, address.retention_days)
    if proof is None or not days or not address.renew_days:
        return None
    period = timedelta(days=days)
    return _Terms(
        period, min(timedelta(days=address.renew_days), period / 2), bool(address.retention_days),
        timedelta(minutes=abs(proof.clock_off_minutes)),
    )  # fmt: skip


def _days(proof: Proof | None, stated: int) -> int:
    """For how many days what is written is kept: as the server was seen to name it, whatever the sites file says beyond that."""
    seen = (proof.named_days or proof.retained_days) if proof else 0
    return min(stated or seen, seen)


def _through(found: Iterator[Retained]) -> tuple[Retained, bool]:
    """Add up what a look tells, and whether it came to its end."""
    done = Retained()
    try:
        for some in found:
            done += some
            if done.refused >= MOST_REFUSED and not done.lengthened:
                return done, False
    except (BucketUnreachable, BucketFull, Missing) as trouble:
        done.problem = getattr(trouble, "problem", "") or type(trouble).__name__
        return done, False
    return done, True


@dataclass
class _Look:
    """One walk through a bucket.

    Args:
        clock: as `_Terms` has it.
    """

    place: Place
    bucket: BucketRoot
    wish: Wish
    clock: timedelta
    _lists_versions: bool = True

    def holdings(self) -> Iterator[Retained]:
        """The store's own files, then object by object; nobody else writes there meanwhile, and no destruction begins."""
        with only_writer_of(self.place):
            register = wrapping.register_at(wrapping.folder())
            names = [*OWN_FILES, README, *(wrapping.files_for_stores(register) if register else ())]
            yield self._lengthened([Held(self.bucket.key(name)) for name in names])
        copies = Copy.objects.filter(site_id=self.place.site_id).exclude(object_id__in=owed_at(self.place.code))
        held = copies.filter(Q(object__condemned_at=None) | Q(object__destroyed_at__isnull=False))
        for copy in held.select_related("object").order_by("object_id").iterator(chunk_size=_BATCH):
            with only_writer_of(self.place):
                if far_copies.as_it_was(copy.object):
                    yield self._lengthened(self._files(copy))

    def of_object(self, item: ArchivalObject) -> Iterator[Retained]:
        """The newest version of each file of an object."""
        yield self._lengthened([Held(row.key) for row in self.bucket.files(item.ocfl_id).values()])

    def witness(self) -> Iterator[Retained]:
        """The pieces of the log's witness, of each the version that is read."""
        pieces = far_witness.as_read(self.bucket.bucket)
        while some := [Held(key, version) for key, version in islice(pieces, _BATCH)]:
            self._lists_versions = all(each.version for each in some)
            yield self._lengthened(some)

    def _lengthened(self, held: list[Held]) -> Retained:
        told = lengthen(self.bucket.bucket, held, self.wish)
        told.unlisted = not self._lists_versions
        return told

    def _files(self, copy: Copy) -> list[Held]:
        """The files of an object to be kept: the newest of each, and what was written over and may still be needed."""
        object_id, found = copy.object.ocfl_id, list[Held]()
        if self._lists_versions:
            try:
                for versions in self.bucket.versions(object_id):
                    found += self._of_key(copy, versions)
            except BucketUnreachable as refused:
                if refused.problem not in DENIED:
                    raise
                self._lists_versions, found = False, []
        if not self._lists_versions:
            found = [Held(row.key) for row in self.bucket.files(object_id).values()]
        return found

    def _of_key(self, copy: Copy, versions: list[Version]) -> Iterator[Held]:
        newest = next((each for each in versions if each.newest), None)
        sound = copy.verified_at if copy.state == CopyState.VERIFIED.value else None
        read_since = newest is not None and sound is not None and newest.at + self.clock < sound
        for each in versions:
            if each.newest:
                yield Held(each.key, each.id)
            elif not read_since and copy.object.condemned_at is None:
                yield Held(each.key, each.id, earlier=True)


def _subject(place: Place) -> str:
    return f"preservation.site:{place.site_id}"


@transaction.atomic
def _note(place: Place, what: str, done: Retained, complete: bool, now: datetime) -> None:
    """Write to the log what a look did, and tell people where something could not be lengthened; the same again is no news."""
    site = Site.objects.select_for_update(no_key=True).get(pk=place.site_id)
    ends = done.ends_at.isoformat() if done.ends_at else ""
    data = {
        "code": site.code, "path": place.address, "what": what, "complete": complete, **asdict(done), "ends_at": ends,
    }  # fmt: skip
    looks = acts.facts_about(_subject(place), [LOOKED]).filter(data__what=what)
    before = looks.order_by("-at", "-id").first()
    if before is not None and before.data == data and (done.refused or not complete):
        return
    audit.record(actor="system", act=LOOKED, subject=site, at=now, data=data)
    if not done.refused and complete:
        return
    log.error(
        "a retention could not be lengthened", site=site.code, what=what, refused=done.refused, problem=done.problem
    )
    until = f"{timezone.localtime(done.ends_at):%Y-%m-%d}" if done.ends_at else "—"
    told = {f"/preservation/sites/{site.pk}/": [Role.ARCHIVIST, Role.KEEPER]}
    if what == WITNESS:
        told[f"/audit/?act={LOOKED}"] = [Role.AUDIT_ADMIN]
    for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
        for link, roles in told.items():
            events.tell(
                kind=_MESSAGES[what], at=now, organisation_id=organisation_id, roles=roles, link=link,
                data={"place": site.name, "until": until, "files": done.refused, "problem": done.problem},
            )  # fmt: skip
