"""A party delivers to the client; the client inspects, signs or gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from zhudang.handover.domain.states import DeliveryState
from zhudang.shared.refusals import Reason


@dataclass(frozen=True)
class DeliverableRecord:
    """A record as far as delivering it is concerned."""

    id: UUID
    title: str
    state: str
    organisation_id: UUID
    to_client: bool = True


def why_not_deliver(
    records: Sequence[DeliverableRecord], *, wanted: int, organisation_id: UUID, client_id: UUID
) -> list[Reason]:
    """Tell everything that keeps these records from being delivered to the client on one list.

    Args:
        wanted: how many were asked for; fewer found means some do not exist for this party.
    """
    reasons = []
    if not wanted:
        reasons.append(Reason("handover.delivery_empty"))
    if len(records) < wanted:
        reasons.append(Reason("handover.delivery_unknown_records", {"count": wanted - len(records)}))
    if organisation_id == client_id:
        reasons.append(Reason("handover.delivery_to_oneself"))
    for record in records:
        if record.organisation_id != organisation_id:
            reasons.append(Reason("handover.not_your_record", {"title": record.title}))
        elif record.state != "filed":
            reasons.append(Reason("handover.record_not_filed", {"title": record.title, "state": record.state}))
    return reasons


def why_not_close(state: str, on_list: frozenset[UUID], returns: Mapping[UUID, str]) -> list[Reason]:
    """Tell everything that keeps the client from signing for a delivery, giving back the records in `returns`."""
    reasons = []
    if state != DeliveryState.SENT:
        reasons.append(Reason("handover.delivery_closed", {"state": state}))
    if unknown := set(returns) - on_list:
        reasons.append(Reason("handover.not_on_list", {"count": len(unknown)}))
    if without := sum(1 for reason in returns.values() if not reason.strip()):
        reasons.append(Reason("handover.return_without_reason", {"count": without}))
    return reasons
