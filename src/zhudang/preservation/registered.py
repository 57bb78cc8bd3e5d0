"""Copies on paper or film of vital records: registered, looked at from time to time, withdrawn; never read back by digest."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from zhudang.audit import operations as audit
from zhudang.identity.rights import Actor, demand
from zhudang.preservation import queries
from zhudang.preservation.domain.site_facts import ANALOGUE
from zhudang.preservation.models import ArchivalObject, RegisteredCopy
from zhudang.preservation.ocfl.inventory import INVENTORY
from zhudang.preservation.ocfl.verifier import sha512_of
from zhudang.preservation.sites import places
from zhudang.shared.refusals import NotFound, Reason, Refusal


class CannotRegister(Refusal):
    """What was said of the copy cannot be so."""


@transaction.atomic
def register_copy(
    *, actor: Actor, object_id: UUID, medium: str, label: str, place: str, made_on: date, made_by: str,
    version: int, today: date, now: datetime,
) -> UUID:  # fmt: skip
    """Register a copy on paper or film of one version of a volume or a project's catalogue; gives its id.

    Raises:
        Forbidden, NotFound: no such object, or none this actor may know of.
        CannotRegister: with every reason.
    """
    demand(actor, "preservation.copy.register")
    item = _visible(actor, object_id, now)
    reasons = []
    if medium not in ANALOGUE:
        reasons.append(Reason("preservation.registered_medium"))
    if not (label.strip() and place.strip() and made_by.strip()):
        reasons.append(Reason("preservation.registered_blank"))
    if made_on > today:
        reasons.append(Reason("preservation.registered_future"))
    if is_label_used(label):
        reasons.append(Reason("preservation.registered_label", {"label": label.strip()}))
    digest = _digest(item, version)
    if not digest:
        reasons.append(Reason("preservation.registered_version", {"version": version, "newest": item.version}))
    if reasons:
        raise CannotRegister(*reasons)
    try:
        with transaction.atomic():
            row = RegisteredCopy.objects.create(
                object=item, medium=medium, label=label.strip(), place=place.strip(), made_on=made_on,
                made_by=made_by.strip(), version=version, inventory_sha512=digest, registered_at=now,
                registered_by=actor.username,
            )  # fmt: skip
    except IntegrityError:  # somebody registered the same label at the same moment
        raise CannotRegister(Reason("preservation.registered_label", {"label": label.strip()})) from None
    audit.record(
        actor=actor, act="preservation.registered_copy.entered", subject=row, at=now,
        data={
            "object": item.ocfl_id, "version": version, "inventory_sha512": digest, "medium": medium, "label": row.label,
            "place": row.place, "made_on": made_on, "made_by": row.made_by,
        },
    )  # fmt: skip
    return row.pk


@transaction.atomic
def note_inspection(*, actor: Actor, copy_id: UUID, on: date, today: date, now: datetime) -> UUID:
    """Note that somebody looked at a registered copy and found it there and legible; gives its object's id.

    Raises:
        Forbidden, NotFound.
        CannotRegister: a day before it was made, or to come; or it is withdrawn.
    """
    row = _lock(actor, copy_id, now)
    if not row.made_on <= on <= today:
        raise CannotRegister(Reason("preservation.registered_inspected", {"made_on": row.made_on}))
    row.inspected_on, row.inspected_by = on, actor.username
    row.save(update_fields=["inspected_on", "inspected_by"])
    audit.record(
        actor=actor,
        act="preservation.registered_copy.inspected",
        subject=row,
        at=now,
        data={"on": on, "label": row.label},
    )
    return row.object_id


@transaction.atomic
def withdraw_copy(*, actor: Actor, copy_id: UUID, because: str, now: datetime) -> UUID:
    """Note that a registered copy is lost, destroyed or no longer kept; the row stays. Gives its object's id.

    Raises:
        Forbidden, NotFound.
        CannotRegister: no reason was given, or it is withdrawn already.
    """
    row = _lock(actor, copy_id, now)
    if not because.strip():
        raise CannotRegister(Reason("preservation.registered_because"))
    row.withdrawn_at, row.withdrawn_because = now, because.strip()
    row.save(update_fields=["withdrawn_at", "withdrawn_because"])
    audit.record(
        actor=actor, act="preservation.registered_copy.withdrawn", subject=row, at=now,
        data={"label": row.label, "because": row.withdrawn_because},
    )  # fmt: skip
    return row.object_id


def is_label_used(label: str) -> bool:
    """Whether a copy that is kept bears this label."""
    return RegisteredCopy.objects.filter(label=label.strip(), withdrawn_at=None).exists()


def object_of(copy_id: UUID) -> UUID:
    """The object a registered copy is of."""
    return RegisteredCopy.objects.values_list("object_id", flat=True).get(pk=copy_id)


def _visible(actor: Actor, object_id: UUID, now: datetime) -> ArchivalObject:
    item = queries.known_objects(actor).filter(pk=object_id).first()
    if item is None:
        raise NotFound
    return item


def _lock(actor: Actor, copy_id: UUID, now: datetime) -> RegisteredCopy:
    demand(actor, "preservation.copy.register")
    row = RegisteredCopy.objects.select_for_update(no_key=True).filter(pk=copy_id).first()
    if row is None:
        raise NotFound
    _visible(actor, row.object_id, now)
    if row.withdrawn_at:
        raise CannotRegister(Reason("preservation.registered_gone"))
    return row


def _digest(item: ArchivalObject, version: int) -> str:
    """SHA-512 of the inventory of one version, as the rows or a place within reach know it; or nothing."""
    if version == item.version:
        return item.inventory_sha512
    if not 1 <= version < item.version:
        return ""
    for place in places():
        if place.root is None:
            continue
        path = place.root.object_folder(item.ocfl_id) / f"v{version}" / INVENTORY
        try:
            return sha512_of(path)[0]
        except OSError:
            continue
    return ""
