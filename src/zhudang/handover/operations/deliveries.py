"""A party delivers its records to the client with a list; the client inspects, signs, or gives back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.documents import operations as documents
from zhudang.events import operations as events
from zhudang.filing import operations as filing
from zhudang.filing import queries as filing_queries
from zhudang.filing.operations import Return
from zhudang.handover.domain.deliveries import DeliverableRecord, why_not_close, why_not_deliver
from zhudang.handover.domain.states import DeliveryState
from zhudang.handover.models import Delivery, DeliveryItem
from zhudang.handover.operations.common import CannotDeliver, demand, demand_revision, lock, name_of, refuse, touch
from zhudang.identity.rights import Actor
from zhudang.shared.bulk import INSERTED_AT_ONCE, batched, save_changed


def _acting_for(actor: Actor, party_ids: frozenset[UUID], client_id: UUID | None) -> UUID | None:
    """The organisation a person delivers for: the first of theirs that is a party and not the client."""
    theirs = [m.organisation_id for m in actor.memberships if m.organisation_id in party_ids]
    return next((each for each in theirs if each != client_id), theirs[0] if theirs else None)


@transaction.atomic
def deliver(*, actor: Actor, project_id: UUID, record_ids: Sequence[UUID], now: datetime, note: str = "") -> UUID:
    """Deliver filed records to the client with one list; the client's people may see them from now on.

    Raises:
        NotFound, Forbidden.
        CannotDeliver: with every reason; nothing was delivered.
    """
    facts = demand(actor, "handover.delivery.make", project_id)
    organisation_id = _acting_for(actor, facts.party_ids, facts.client_id)
    wanted = list(dict.fromkeys(record_ids))
    rows = [
        row for row in filing_queries.records_by_id(wanted, with_files=False).values() if row.project_id == project_id
    ]
    if organisation_id is None or facts.client_id is None:
        refuse(CannotDeliver, why_not_deliver([], wanted=len(wanted), organisation_id=project_id, client_id=project_id))
    assert organisation_id is not None and facts.client_id is not None
    records = [DeliverableRecord(r.id, r.title, r.state, r.organisation_id, r.to_client) for r in rows]
    refuse(
        CannotDeliver,
        why_not_deliver(records, wanted=len(wanted), organisation_id=organisation_id, client_id=facts.client_id),
    )
    delivery = Delivery.objects.create(
        project_id=project_id, number=documents.take_number("delivery", now), organisation_id=organisation_id,
        note=note.strip(), sent_by=name_of(actor), sent_at=now, changed_by=name_of(actor), changed_at=now,
    )  # fmt: skip
    order = {record_id: position for position, record_id in enumerate(wanted, start=1)}
    for some in batched(rows, INSERTED_AT_ONCE):
        DeliveryItem.objects.bulk_create(
            DeliveryItem(delivery=delivery, record_id=row.id, position=order[row.id]) for row in some
        )
    filing.mark_delivered(actor=actor, record_ids=wanted, now=now)
    _tell(actor, "handover.delivery.sent", delivery, now, {"records": len(rows)})
    events.tell(
        organisation_id=facts.client_id, kind="handover.delivery_sent", at=now, link=f"/handover/deliveries/{delivery.id}/",
        data={"number": delivery.number, "count": len(rows)},
    )  # fmt: skip
    return delivery.id


@transaction.atomic
def sign_delivery(
    *,
    actor: Actor,
    delivery_id: UUID,
    now: datetime,
    returns: Mapping[UUID, str] | None = None,
    revision: int | None = None,
) -> None:
    """Sign for a delivery as a whole; records in `returns` go back to the party, each with the client's own words.

    Args:
        returns: record -> reason. When all are given back the delivery counts as returned.

    Raises:
        NotFound, Forbidden, Conflict.
        CannotDeliver: with every reason.
    """
    delivery = lock(Delivery, delivery_id)
    demand(actor, "handover.delivery.sign", delivery.project_id)
    demand_revision(delivery, revision, actor)
    back = {record_id: reason.strip() for record_id, reason in (returns or {}).items()}
    items = list(delivery.items.all())
    on_list = frozenset(item.record_id for item in items)
    refuse(CannotDeliver, why_not_close(delivery.state, on_list, back))
    for item in items:
        item.returned_reason = back.get(item.record_id, "")
    save_changed([item for item in items if item.returned_reason], ["returned_reason"])
    kept = [item.record_id for item in items if item.record_id not in back]
    if kept:
        filing.mark_with_client(actor=actor, record_ids=kept, now=now)
    if back:
        filing.mark_returned(
            actor=actor,
            returns={record_id: Return(reason=reason, code="client") for record_id, reason in back.items()},
            now=now,
        )
    delivery.state = (DeliveryState.SIGNED if kept else DeliveryState.RETURNED).value
    delivery.closed_by, delivery.closed_at = name_of(actor), now
    touch(delivery, actor, now, ["state", "closed_by", "closed_at"])
    _tell(actor, f"handover.delivery.{delivery.state}", delivery, now, {"kept": len(kept), "returned": len(back)})
    events.tell(
        organisation_id=delivery.organisation_id, kind="handover.delivery_closed", at=now,
        link=f"/handover/deliveries/{delivery.id}/",
        data={"number": delivery.number, "kept": len(kept), "returned": len(back)},
    )  # fmt: skip


def return_delivery(
    *, actor: Actor, delivery_id: UUID, reason: str, now: datetime, revision: int | None = None
) -> None:
    """Give a whole delivery back with one reason."""
    record_ids = DeliveryItem.objects.filter(delivery_id=delivery_id).values_list("record_id", flat=True)
    sign_delivery(
        actor=actor, delivery_id=delivery_id, now=now, returns=dict.fromkeys(record_ids, reason), revision=revision
    )


def _tell(actor: Actor, act: str, delivery: Delivery, now: datetime, data: Mapping[str, object]) -> None:
    full = {"project_id": delivery.project_id, "number": delivery.number, **data}
    audit.record(actor=actor, act=act, subject=delivery, at=now, data=full)
    events.publish(kind=act, subject=f"handover.delivery:{delivery.id}", data=full, at=now)
