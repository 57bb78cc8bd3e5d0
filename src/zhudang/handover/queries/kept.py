"""A transfer as preservation asks for it: which volumes were received with it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from zhudang.handover.models import Transfer, VolumeCount
from zhudang.shared.refusals import NotFound


@dataclass(frozen=True)
class ReceivedTransfer:
    """A received transfer and the volumes that came with it, in order; absent ones are left out."""

    id: UUID
    project_id: UUID
    received_by: str
    volume_ids: tuple[UUID, ...]


def transfer_to_keep(transfer_id: UUID) -> ReceivedTransfer:
    """Give the volumes of a received transfer.

    Raises:
        NotFound: no such transfer, or it was not received yet.
    """
    received = Transfer.objects.filter(id=transfer_id, received_at__isnull=False)
    found = received.values_list("project_id", "received_by").first()
    if found is None:
        raise NotFound
    counts = VolumeCount.objects.filter(transfer_id=transfer_id, absent=False).order_by("position")
    return ReceivedTransfer(transfer_id, *found, tuple(counts.values_list("volume_id", flat=True)))
