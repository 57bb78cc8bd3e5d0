"""Places that still held what was destroyed elsewhere: cleared once two have signed, and proven by reading or looking there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import Actor, demand
from zhudang.preservation.disposal import in_buckets, owed
from zhudang.preservation.disposal.cases import locked, log_case
from zhudang.preservation.disposal.executing import note_tombstone
from zhudang.preservation.disposal.models import DisposalCase, DisposalStep
from zhudang.preservation.disposal.removing import Warrant, bring_tombstone, warrant_for
from zhudang.preservation.disposal.untouched import NotAsTold, require_as_told, tell_people
from zhudang.preservation.domain.disposal import legal_day
from zhudang.preservation.models import ArchivalObject, RegisteredCopy, Site
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot
from zhudang.preservation.sites import Place, places
from zhudang.shared.refusals import NotFound

REMIND_AGAIN = timedelta(days=30)
_ENOUGH = 2
"""Persons who sign that a place was cleared; a trigger holds to it."""


def clear_place(case_id: UUID, place_key: str) -> int:
    """Clear an owed place that two witnesses signed for; gives how many volumes are clear there now.

    A site within reach is cleared by us and read back; a bucket was cleared by its keeper, which a look into it must show.
    Of what cannot be reached the signatures are the proof: the medium was destroyed, or cleared by hand. Of a case that a hand
    changed nothing is cleared, and people are told.
    """
    owing = _owing(case_id, place_key)
    place = _place_of(place_key)
    try:
        require_as_told(DisposalCase.objects.get(pk=case_id))
    except NotAsTold as cause:
        tell_people(case_id, cause.reason, timezone.now())
        return 0
    done = 0
    for step in owing:
        if place is not None and in_buckets.is_bucket(place):
            done += look_at(step, place)
            continue
        if place is not None and place.root is not None and not place.facts.worm:
            _clear_at(warrant_for(step.item_id), place, place.root, step)
        else:
            _clear_by_signature(step, place_key)
        done += 1
    return done


@transaction.atomic
def ask_to_look(*, actor: Actor, case_id: UUID, place: str, now: datetime) -> None:
    """Have a bucket looked into now for what a case destroyed elsewhere.

    Raises:
        Forbidden, NotFound: no such case, or nothing owed there.
    """
    from zhudang.preservation import jobs

    demand(actor, "preservation.disposal.execute")
    case = locked(actor, case_id)
    if not _owing(case_id, place) or not owed.is_bucket(place):
        raise NotFound
    log_case(actor, "look_asked", case, now, place=place)
    jobs.look_at_owed.defer(case_id=str(case_id), place=place)


def give_list(*, actor: Actor, case_id: UUID, place: str, now: datetime) -> str:
    """Give the list of what a bucket's keeper is to delete for a case, as it was last seen; its digest goes to the log.

    Raises:
        Forbidden, NotFound: no such case, nothing owed there, or no bucket.
    """
    demand(actor, "preservation.disposal.read")
    with transaction.atomic():
        case = locked(actor, case_id)
        return _list(actor, case, place, now)


def lists_of(site: Site, *, now: datetime) -> Iterator[tuple[DisposalCase, str]]:
    """The lists of all cases that a bucket owes something to, for the command; each digest goes to the log."""
    key = f"{owed.SITE}{site.code}"
    cases = DisposalStep.objects.filter(place=key, gone=False).order_by().values("item__case_id")
    for case in DisposalCase.objects.filter(pk__in=cases).order_by("number"):
        with transaction.atomic():
            yield case, _list("zhudang site owed", case, key, now)


def _list(actor: Actor | str, case: DisposalCase, place: str, now: datetime) -> str:
    owing = _owing(case.pk, place)
    site = owed.bucket_site(place)
    if not owing or site is None:
        raise NotFound
    text, digest, number = in_buckets.list_for_keeper(case, site, owing)
    log_case(actor, "keys_given", case, now, place=place, keys=number, keys_sha256=digest)
    return text


def look_at_place(case_id: UUID, place_key: str) -> int:
    """Look into a bucket for what it owes a case; gives how many volumes came clear."""
    place = _place_of(place_key)
    if place is None or not in_buckets.is_bucket(place):
        return 0
    return sum(look_at(step, place) for step in _owing(case_id, place_key))


def look_into_buckets(site_code: str = "") -> int:
    """Look into every bucket (or one) that owes something; gives how many volumes came clear."""
    rows = DisposalStep.objects.filter(gone=False, place__startswith=owed.SITE)
    if site_code:
        rows = rows.filter(place=f"{owed.SITE}{site_code}")
    done = 0
    for case_id, key in rows.order_by("item__case_id", "place").values_list("item__case_id", "place").distinct():
        done += look_at_place(case_id, key)
    return done


def look_at(step: DisposalStep, place: Place) -> bool:
    """Look what a bucket still holds of a volume and note it; tells whether it is clear: nothing there, and two signed."""
    seen = in_buckets.look(place, step.item, timezone.now())
    with transaction.atomic():
        step = (
            DisposalStep.objects.select_for_update(no_key=True, of=("self",))
            .select_related("item__case")
            .get(pk=step.pk)
        )
        if step.gone:
            return True
        before = step.proof.get("keys_sha256")
        step.proof = {**step.proof, **seen.as_proof()}
        step.save(update_fields=["proof"])
        row = ArchivalObject.objects.get(pk=step.item.object_id)
        if seen.keys is not None and step.proof["keys_sha256"] != before:
            note_keys(row, step, seen.at)
        signed = step.item.case.signatures.filter(place=step.place).count()
        if seen.keys is None or seen.keys or signed < _ENOUGH:
            return False
        _note_clear(step, {"nothing_left_at": seen.at.isoformat()}, row, None)
    return True


def note_keys(row: ArchivalObject, step: DisposalStep, now: datetime) -> None:
    """Write to the log which list of keys a bucket was seen to hold of a destroyed volume."""
    case = step.item.case
    audit.record(
        actor="system", act="preservation.volume.keys_listed", subject=row, at=now,
        data={
            "case": case.number, "approved_sha256": case.approved_sha256, "place": step.place,
            "keys": len(step.proof["keys"]), "keys_sha256": step.proof["keys_sha256"],
        },
    )  # fmt: skip


def still_overdue(today: date) -> Iterator[tuple[DisposalStep, date]]:
    """What should have been cleared by now and is not, volume by volume, with the day it was due.

    A bucket that was asked to be cleared is looked into first; one that does not answer counts as it was last seen.
    """
    for case_id, key, due in list(owed.overdue(today)):
        look_at_place(case_id, key)
        for step in _owing(case_id, key):
            yield step, due


@transaction.atomic
def remind(now: datetime) -> int:
    """Tell the archive's people of places that should have been cleared by now, each once a month; gives how many."""
    told = 0
    today = legal_day(now)
    for case_id, place, due in owed.overdue(today):
        last = (
            owed.steps_of(case_id, place).exclude(proof__reminded_at=None).values_list("proof__reminded_at", flat=True)
        )
        if any(now - datetime.fromisoformat(moment) < REMIND_AGAIN for moment in last):
            continue
        case = DisposalCase.objects.get(pk=case_id)
        name = ""
        for step in owed.steps_of(case_id, place).select_for_update(no_key=True):
            name = step.place_name or place
            step.proof = {**step.proof, "reminded_at": now.isoformat()}
            step.save(update_fields=["proof"])
        log_case("system", "overdue", case, now, place=place, due=due)
        for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
            events.tell(
                kind="preservation.disposal.overdue", at=now, organisation_id=organisation_id,
                roles=[Role.ARCHIVIST, Role.KEEPER], link=f"/preservation/disposal/{case.pk}/",
                data={"case": case.number, "place": name, "due": due},
            )  # fmt: skip
        told += 1
    return told


def _owing(case_id: UUID, place: str) -> list[DisposalStep]:
    return list(owed.steps_of(case_id, place).select_related("item__case").order_by("item__position"))


def _place_of(place_key: str) -> Place | None:
    code = place_key.removeprefix(owed.SITE)
    return next((p for p in places() if place_key.startswith(owed.SITE) and p.code == code), None)


def _clear_at(warrant: Warrant, place: Place, root: StorageRoot, step: DisposalStep) -> None:
    """Bring the tombstone of a volume to a place that held its bytes, in their stead."""
    row = ArchivalObject.objects.get(pk=warrant.item.object_id)
    source = next(
        other.root for other in places()
        if other.root is not None and other.code != place.code and _holds(other.root, row)
    )  # fmt: skip
    with root.only_writer():
        bring_tombstone(warrant, source, root)
    _note_clear(step, {"tombstone_sha512": row.inventory_sha512}, row, place.site_id)


def _holds(root: StorageRoot, row: ArchivalObject) -> bool:
    try:
        found = root.inventory(row.ocfl_id)
    except (ObjectDamaged, OSError):
        return False
    return found is not None and found.sha512 == row.inventory_sha512


def _clear_by_signature(step: DisposalStep, place_key: str) -> None:
    row = ArchivalObject.objects.get(pk=step.item.object_id)
    _note_clear(step, {"signed": True}, row, None)
    if place_key.startswith(owed.REGISTERED):
        label = place_key.removeprefix(owed.REGISTERED)
        RegisteredCopy.objects.filter(object=row, label=label, withdrawn_at=None).update(
            withdrawn_at=timezone.now(), withdrawn_because=f"鉴定销毁 {step.item.case.number}"
        )


@transaction.atomic
def _note_clear(step: DisposalStep, proof: dict[str, Any], row: ArchivalObject, site_id: UUID | None) -> None:
    now = timezone.now()
    signed = step.item.case.signatures.filter(place=step.place)
    witnesses = [{"name": each.name, "note": each.note, "at": each.at.isoformat()} for each in signed]
    step.gone, step.at, step.proof = True, now, {**step.proof, **proof, "witnesses": witnesses}
    step.save(update_fields=["gone", "at", "proof"])
    if site_id:
        note_tombstone(row, site_id, now)
    audit.record(
        actor="system", act="preservation.volume.cleared", subject=row, at=now,
        data={"case": step.item.case.number, "list_sha256": step.item.case.list_sha256, "place": step.place, **proof, "witnesses": witnesses},
    )  # fmt: skip
