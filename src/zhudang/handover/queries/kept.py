"""What preservation asks of handover: which volumes were received with a transfer, who did what on the way, which documents tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from zhudang.handover.domain.states import DeliveryState, ItemKind
from zhudang.handover.models import Certificate, DeliveryItem, Opinion, ReviewItem, Transfer, VolumeCount
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


@dataclass(frozen=True)
class VolumesTransfer:
    """The transfer a volume came with."""

    id: UUID
    number: str
    received_at: datetime
    received_by: str
    received_name: str


@dataclass(frozen=True)
class IssuedDocument:
    """A sealed document that tells of a project's handing over: `opinion`, `transfer` or `certificate`."""

    id: UUID
    kind: str
    number: str
    issued_at: datetime
    transfer_id: UUID | None = None


@dataclass(frozen=True)
class HandedOver:
    """A project's handing over as its volumes tell of it.

    Args:
        signed: record -> name of who signed for it, or applied with it, for the client.
        accepted: record -> name of who issued the opinion that accepted it.
        transfers: volume -> the transfer it came with.
        documents: in the order they were issued.
    """

    signed: Mapping[UUID, str]
    accepted: Mapping[UUID, str]
    transfers: Mapping[UUID, VolumesTransfer]
    documents: tuple[IssuedDocument, ...]


def handed_over(project_id: UUID) -> HandedOver:
    """Tell who handed a project's records over, and which documents tell of it; of several the last counts."""
    reviewed = ReviewItem.objects.filter(application__project_id=project_id, kind=ItemKind.RECORD.value)
    applied = reviewed.order_by("application__applied_at").values_list("record_id", "application__applied_by")
    accepted = reviewed.filter(application__opinion__voided_at__isnull=True, application__opinion__isnull=False)
    opinions = accepted.order_by("application__opinion__issued_at")
    delivered = DeliveryItem.objects.filter(
        delivery__project_id=project_id, delivery__state=DeliveryState.SIGNED.value, returned_reason=""
    ).order_by("delivery__closed_at")
    counts = VolumeCount.objects.filter(
        transfer__project_id=project_id, transfer__received_at__isnull=False, absent=False
    ).select_related("transfer")
    return HandedOver(
        signed={pk: name for pk, name in applied if pk}
        | dict(delivered.values_list("record_id", "delivery__closed_by")),
        accepted={pk: name for pk, name in opinions.values_list("record_id", "application__opinion__issued_by") if pk},
        transfers={
            count.volume_id: VolumesTransfer(
                count.transfer.id, count.transfer.number, count.transfer.received_at, count.transfer.received_by,
                count.transfer.received_name,
            )
            for count in counts.order_by("transfer__received_at")
            if count.transfer.received_at
        },
        documents=_documents(project_id),
    )  # fmt: skip


def _documents(project_id: UUID) -> tuple[IssuedDocument, ...]:
    told = [
        IssuedDocument(row.document.id, "opinion", row.document.number, row.document.issued_at)
        for row in Opinion.objects.filter(project_id=project_id, voided_at__isnull=True).select_related("document")
        if row.document
    ]
    told += [
        IssuedDocument(row.document.id, "transfer", row.document.number, row.document.issued_at, row.id)
        for row in Transfer.objects.filter(project_id=project_id).select_related("document")
        if row.document
    ]
    told += [
        IssuedDocument(row.document.id, "certificate", row.document.number, row.document.issued_at, row.transfer_id)
        for row in Certificate.objects.filter(project_id=project_id).select_related("document")
        if row.document
    ]
    return tuple(sorted(told, key=lambda each: (each.issued_at, each.number)))
