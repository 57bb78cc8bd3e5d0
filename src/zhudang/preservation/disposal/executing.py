"""The execution of a case, volume by volume; killed anywhere, the next run goes on until every place is clean or listed.

A volume's line gets its outcome in the last transaction, when every place was read back. Until then each step is done
again by the next run, and finds what is done already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.content import destroying
from zhudang.events import operations as events
from zhudang.events import work
from zhudang.filing import operations as filing
from zhudang.filing.queries import kept as filing_kept
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.preservation.disposal import forgetting, in_buckets, owed, tombstone
from zhudang.preservation.disposal.cases import log_case
from zhudang.preservation.disposal.lines import further_of
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem, DisposalStay, DisposalStep
from zhudang.preservation.disposal.removing import NotGone, Warrant, replace_by_tombstone, warrant_for
from zhudang.preservation.disposal.untouched import NotAsTold, require_as_told, tell_people
from zhudang.preservation.domain.disposal import CaseState, Outcome
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.models import ArchivalObject, Copy, HeldFormat, RegisteredCopy, Rendition, Site
from zhudang.preservation.ocfl import sealing
from zhudang.preservation.ocfl.content import CopyDiffers, SourceChanged
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.root import StoreFull, StoreUnreachable
from zhudang.preservation.sites import Place, places, writing
from zhudang.shared.refusals import Reason

log = structlog.get_logger("zhudang.preservation")
HALTING = (
    KeysUnusable,
    StoreFull,
    StoreUnreachable,
    CopyDiffers,
    SourceChanged,
    NotGone,
    OSError,
    destroying.StillThere,
    NotAsTold,
)

Told = Callable[[int, str], None]


class Stayed(Exception):
    """A stay stands on a volume: the execution waits for it to be lifted."""

    def __init__(self, item: DisposalItem) -> None:
        super().__init__(item.reference_code)
        self.item = item


@dataclass(frozen=True)
class Held:
    """A place that still holds the bytes, and why nothing can be removed there now."""

    place: str
    name: str
    why: str
    seen: in_buckets.Seen | None = None
    """Of a bucket: what lies there."""


def run(case_id: UUID) -> None:
    """Execute a case, told to the page that follows the work; a case that is not under execution is left alone.

    What halts it (a full disk, a place that fails, a stay) is written with its reason; the next run goes on from there.
    """
    case = DisposalCase.objects.filter(pk=case_id, state=CaseState.EXECUTING.value).first()
    if case is None:
        return
    done = case.items.exclude(outcome="").count()
    try:
        require_as_told(case)
        for item_id in case.items.filter(outcome="").order_by("position").values_list("pk", flat=True):
            item = destroy(item_id, now=timezone.now())
            done += 1
            if case.work_id:
                work.advance(case.work_id, done, item.title)
    except (*HALTING, Stayed) as cause:
        _halt(case, cause)
        return
    _finish(case_id)


def go_on() -> int:
    """Defer every execution that is not at its end: a killed one is taken up again. Tells how many there are."""
    from procrastinate.exceptions import AlreadyEnqueued

    from zhudang.preservation import jobs

    waiting = list(DisposalCase.objects.filter(state=CaseState.EXECUTING.value).values_list("pk", flat=True))
    for case_id in waiting:
        try:
            with transaction.atomic():
                jobs.dispose.configure(queueing_lock=f"preservation.dispose:{case_id}", lock="preservation").defer(
                    case_id=str(case_id)
                )
        except AlreadyEnqueued:
            continue
    return len(waiting)


def destroy(item_id: UUID, *, now: datetime) -> DisposalItem:
    """Destroy one volume at every place within reach, prove it, list the others, and only then say so.

    Raises:
        NoWarrant: no case under execution has it; nothing was touched.
        NotAsTold: the case's rows are not what the log says; nothing was touched.
        Stayed, and the reasons of `HALTING`: the next run goes on.
    """
    warrant = warrant_for(item_id)
    require_as_told(warrant.case, lines=False)
    _condemn(warrant, now)
    gone = _remove_from_working_store(warrant, now)
    here, held = _places_of(warrant, now)
    with writing(here) as roots:
        # Before the writers' lock was held the rows may have changed under us.
        warrant = warrant_for(item_id)
        inventory = replace_by_tombstone(warrant, roots) if roots else None
        if inventory is None:
            raise StoreUnreachable(places()[0].path)
        return _say_so(warrant, inventory, here, held, gone, timezone.now())


@transaction.atomic
def _condemn(warrant: Warrant, now: datetime) -> None:
    """From here on nothing reads, repairs, copies or writes the volume; a stay placed before this moment prevents it."""
    item = warrant.item
    rows = list(ArchivalObject.objects.select_for_update(no_key=True).filter(volume_id=item.object_id).order_by("pk"))
    if DisposalStay.objects.filter(object_id=item.object_id, lifted_at=None).exists():
        raise Stayed(item)
    if all(row.condemned_at for row in rows):
        return
    first = next(row for row in rows if row.pk == item.object_id)
    if first.inventory_sha512 != item.inventory_sha512 or further_of(rows) != item.further:
        # Not the volume that was appraised: people must look again.
        raise NotGone(f"{first.ocfl_id}: not the objects and versions that are on the list")
    for row in rows:
        row.condemned_at = row.condemned_at or now
        row.save(update_fields=["condemned_at"])


def _remove_from_working_store(warrant: Warrant, now: datetime) -> destroying.Gone:
    volume_id = warrant.item.object_id
    file_ids = [file_id for file_id, _current in filing_kept.files_of_volumes([volume_id])[volume_id]]
    file_ids += Rendition.objects.filter(volume_id=volume_id).values_list("file_id", flat=True)
    destroying.mark_destroyed(file_ids, at=now)
    gone = destroying.remove_bytes(file_ids)
    left = forgetting.forget(filing_kept.records_in(volume_id))
    if any(left.values()):
        raise destroying.StillThere(", ".join(place for place, number in left.items() if number))
    return gone


def _places_of(warrant: Warrant, now: datetime) -> tuple[list[Place], list[Held]]:
    """The places to clear now, and those that cannot be: lying apart, write-once, out of reach or out of use, on paper."""
    wanted = warrant.item.object_id
    with_copy = set(Copy.objects.filter(object__volume_id=wanted).values_list("site_id", flat=True))
    here, held = [], []
    for place in places():
        if in_buckets.is_bucket(place):
            told = place.site_id in with_copy
            seen = (
                in_buckets.look(place, warrant.item, now)
                if told or in_buckets.may_hold(place)
                else in_buckets.Seen(now, ())
            )
            if told or seen.keys != ():
                held.append(Held(f"{owed.SITE}{place.code}", place.name, "bucket", seen))
        elif place.root is not None and not place.facts.worm:
            # Also where no row tells of a copy: one that was half written may lie there.
            here.append(place)
        elif place.site_id in with_copy:
            why = _why_held(place)
            held.append(Held(f"{owed.SITE}{place.code}", place.name, why))
    for site in Site.objects.filter(pk__in=with_copy, in_use=False):
        held.append(Held(f"{owed.SITE}{site.code}", site.name, "out_of_use"))
    for copy in RegisteredCopy.objects.filter(object__volume_id=wanted, withdrawn_at=None):
        held.append(Held(f"{owed.REGISTERED}{copy.label}", f"{copy.label}，{copy.place}", copy.medium))
    return here, held


def _why_held(place: Place) -> str:
    if place.facts.worm:
        return "write_once"
    return "offline" if place.facts.offline else "unreachable"


@transaction.atomic
def _say_so(
    warrant: Warrant,
    inventory: Inventory,
    here: Sequence[Place],
    held: Sequence[Held],
    gone: destroying.Gone,
    now: datetime,
) -> DisposalItem:
    item = DisposalItem.objects.select_for_update(no_key=True).get(pk=warrant.item.pk)
    row = ArchivalObject.objects.select_for_update(no_key=True).get(pk=item.object_id)
    proof = {"tombstone_sha512": inventory.sha512, "was_sha512": item.inventory_sha512}
    if item.further:
        proof["further"] = list(warrant.further)
    _step(item, owed.WORKING_STORE, "", True, {"files": gone.files, "blobs": gone.blobs, "shared": gone.shared}, now)
    _step(item, owed.SEARCH_INDEX, "", True, {"left": 0}, now)
    for place in here:
        _step(item, f"{owed.SITE}{place.code}", place.name, True, proof, now)
    for each in held:
        seen_there = each.seen.as_proof() if each.seen else {}
        told = {"why": each.why, "was_sha512": item.inventory_sha512, **seen_there}
        _step(item, each.place, each.name, False, told, now)
    item.outcome, item.outcome_at, item.outcome_by = Outcome.DESTROYED.value, now, warrant.case.executor
    item.tombstone_sha512 = inventory.sha512
    item.save(update_fields=["outcome", "outcome_at", "outcome_by", "tombstone_sha512"])
    _forget_further(row)
    row.newest, row.successor = True, None
    row.version, row.files, row.bytes, row.kept_at, row.destroyed_at = inventory.head, 0, 0, now, now
    row.inventory_sha512, row.protection = inventory.sha512, sealing.protection_of(inventory)
    row.stored_bytes = sum(content.size for content in tombstone.contents_of(warrant.case, item))
    row.save()
    owing = [each.place.removeprefix(owed.SITE) for each in held]
    Copy.objects.filter(object=row, site__code__in=owing).delete()
    for place in here:
        note_tombstone(row, place.site_id, now)
    filing.note_destroyed(volume_id=item.object_id, at=now)
    HeldFormat.objects.filter(object_id=item.object_id).delete()
    case = warrant.case
    audit.record(
        actor=case.executor, act="preservation.volume.destroyed", subject=row, at=now,
        data={
            "case": case.number, "list_sha256": case.list_sha256, "approved_sha256": case.approved_sha256,
            "object": row.ocfl_id, "was_sha512": item.inventory_sha512, "tombstone_sha512": inventory.sha512,
            "gone_at": [place.code for place in here], "held_at": [each.place for each in held], "files": item.files,
            "shared": gone.shared, "removed": {"files": gone.files, "blobs": gone.blobs, "shared": gone.shared},
            "held_because": {each.place: each.why for each in held}, "places": {each.place: each.name for each in held} | {f"{owed.SITE}{place.code}": place.name for place in here},
            "keys_sha256": {each.place: in_buckets.digest_of(each.seen.keys) for each in held if each.seen and each.seen.keys}, **({"further": item.further} if item.further else {}),
        },
    )  # fmt: skip
    return item


def _forget_further(first: ArchivalObject) -> None:
    """Take the rows of a destroyed volume's other objects away: its tombstone and its list tell of them from here on."""
    others = ArchivalObject.objects.filter(volume_id=first.volume_id).exclude(pk=first.pk)
    ArchivalObject.objects.filter(volume_id=first.volume_id).update(successor=None, newest=False)
    Copy.objects.filter(object__in=others).delete()
    HeldFormat.objects.filter(object__in=others).delete()
    RegisteredCopy.objects.filter(object__in=others).update(object=first)
    others.delete()


def note_tombstone(row: ArchivalObject, site_id: UUID, now: datetime) -> None:
    """Write that a site holds the tombstone, just read back whole."""
    Copy.objects.update_or_create(
        object=row, site_id=site_id,
        defaults={
            "version": row.version, "state": CopyState.VERIFIED.value, "written_at": now, "verified_at": now,
            "looked_at": now, "damages": [], "inventory_sha512": row.inventory_sha512,
        },
    )  # fmt: skip


def _step(item: DisposalItem, place: str, name: str, gone: bool, proof: dict[str, Any], now: datetime) -> None:
    DisposalStep.objects.create(item=item, place=place, place_name=name, gone=gone, proof=proof, at=now)


@transaction.atomic
def _finish(case_id: UUID) -> None:
    from zhudang.preservation import jobs

    case = DisposalCase.objects.select_for_update(no_key=True).get(pk=case_id)
    if case.state != CaseState.EXECUTING.value:
        return
    now = timezone.now()
    case.state, case.ended_at, case.ended_by, case.ended_name = (
        CaseState.DONE.value,
        now,
        case.executor,
        case.executor_name,
    )
    case.halted_because = {}
    case.save(update_fields=["state", "ended_at", "ended_by", "ended_name", "halted_because"])
    destroyed = case.items.filter(outcome=Outcome.DESTROYED.value)
    left = DisposalStep.objects.filter(item__case=case, gone=False)
    owing = sorted(set(left.order_by().values_list("place", flat=True)))
    log_case(case.executor, "executed", case, now, destroyed=destroyed.count(), still_held_at=owing)
    for project_id in destroyed.order_by().values_list("project_id", flat=True).distinct():
        jobs.keep_project.defer(project_id=str(project_id))
    if owing:
        for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
            events.tell(
                kind="preservation.disposal.owed", at=now, organisation_id=organisation_id, roles=[Role.ARCHIVIST, Role.KEEPER],
                data={"case": case.number, "places": len(owing)}, link=f"/preservation/disposal/{case.pk}/",
            )  # fmt: skip
    if case.work_id:
        link = reverse("preservation:disposal_case", args=[case.pk])
        work.finish(case.work_id, "done", {"volumes": destroyed.count(), "link": link}, now=now)


@transaction.atomic
def _halt(case: DisposalCase, cause: Exception) -> None:
    reason = _reason(cause)
    if isinstance(cause, NotAsTold):
        tell_people(case.pk, cause.reason, timezone.now())
    because = {"code": reason.code, "data": dict(reason.data)}
    if DisposalCase.objects.filter(pk=case.pk, halted_because=because).exists():
        return
    DisposalCase.objects.filter(pk=case.pk, state=CaseState.EXECUTING.value).update(halted_because=because)
    log_case("system", "halted", case, timezone.now(), because=because)
    log.warning("a disposal halted", case=case.number, why=f"{type(cause).__name__}: {cause}")


def _reason(cause: Exception) -> Reason:
    if isinstance(cause, KeysUnusable):
        return cause.reasons[0]
    if isinstance(cause, NotAsTold):
        return cause.reason
    if isinstance(cause, Stayed):
        return Reason(
            "preservation.disposal_held", {"code": cause.item.reference_code, "title": cause.item.title, "because": "—"}
        )
    return Reason("preservation.disposal_halted", {"problem": f"{type(cause).__name__} {cause}"[:300]})
