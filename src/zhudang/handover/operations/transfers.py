"""Transfer and receiving: proposed by the client, counted volume by volume, received by another, preserved, certified."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.documents import operations as documents
from zhudang.events import operations as events
from zhudang.filing import operations as filing
from zhudang.filing import queries as filing_queries
from zhudang.filing.queries import VolumeRow
from zhudang.handover import papers
from zhudang.handover.domain.applications import why_not_act
from zhudang.handover.domain.states import Act, TransferAct, TransferState
from zhudang.handover.domain.transfers import Counted, why_not_count, why_not_receive, why_not_transfer_act
from zhudang.handover.models import Application, Transfer, VolumeCount
from zhudang.handover.operations.common import CannotTransfer, demand, demand_revision, lock, name_of, refuse, touch
from zhudang.handover.project_facts import project_card
from zhudang.identity.rights import Actor
from zhudang.shared.refusals import NotFound, Reason


@transaction.atomic
def propose_transfer(
    *, actor: Actor, application_id: UUID, handed_by: str, now: datetime, responsible: str = ""
) -> UUID:
    """The client hands over what was accepted: names who brings it and who answers for it.

    Raises:
        NotFound, Forbidden.
        CannotTransfer: not accepted, proposed already, or nobody named.
    """
    application = lock(Application, application_id)
    demand(actor, "handover.transfer.propose", application.project_id)
    reasons = why_not_act(application.state, Act.PROPOSE_TRANSFER)
    if Transfer.objects.filter(application=application).exists():
        reasons.append(Reason("handover.transfer_already"))
    if not handed_by.strip():
        reasons.append(Reason("handover.nobody_hands_over"))
    refuse(CannotTransfer, reasons)
    transfer = Transfer.objects.create(
        project_id=application.project_id, application=application, number=documents.take_number("transfer", now),
        mode=application.mode, handed_by=handed_by.strip(), responsible=responsible.strip(),
        proposed_by=name_of(actor), proposed_at=now, changed_by=name_of(actor), changed_at=now,
    )  # fmt: skip
    _tell(actor, "handover.transfer.proposed", transfer, now, {})
    return transfer.id


@transaction.atomic
def begin_receiving(
    *, actor: Actor, transfer_id: UUID, now: datetime, class_codes: Mapping[str, str] | None = None,
    revision: int | None = None,
) -> int:  # fmt: skip
    """The archive arranges what it accepted, gives reference codes and accession numbers, and lays out the count.

    Returns:
        how many volumes are to be counted.
    """
    transfer = lock(Transfer, transfer_id)
    demand(actor, "handover.transfer.receive", transfer.project_id)
    demand_revision(transfer, revision, actor)
    refuse(CannotTransfer, why_not_transfer_act(transfer.state, TransferAct.BEGIN))
    filing.arrange_project(actor=actor, project_id=transfer.project_id, now=now, class_codes=class_codes)
    taken = set(
        VolumeCount.objects.filter(transfer__project_id=transfer.project_id).values_list("volume_id", flat=True)
    )
    volumes = [v for v in filing_queries.volumes_of(transfer.project_id, arranged=True) if v.id not in taken]
    refuse(CannotTransfer, [] if volumes else [Reason("handover.nothing_arranged")])
    VolumeCount.objects.bulk_create(
        VolumeCount(transfer=transfer, volume_id=volume.id, position=position)
        for position, volume in enumerate(volumes, start=1)
    )
    transfer.state, transfer.began_at = TransferState.COUNTING.value, now
    touch(transfer, actor, now, ["state", "began_at"])
    _tell(actor, "handover.transfer.counting", transfer, now, {"volumes": len(volumes)})
    return len(volumes)


def listed(volume: VolumeRow) -> tuple[int, int, int, int, int]:
    """A volume's numbers as the catalogue lists them: records, text pages, drawing sheets, photographs, others."""
    return (volume.record_count, volume.text_pages, volume.drawing_sheets, volume.photo_count, volume.other_count)


@transaction.atomic
def count_volume(
    *, actor: Actor, transfer_id: UUID, volume_id: UUID, now: datetime, records: int | None = None,
    text_pages: int | None = None, drawing_sheets: int | None = None, photos: int | None = None,
    others: int | None = None, stamps_sampled: int = 0, absent: bool = False, note: str = "",
) -> None:  # fmt: skip
    """Write down what was counted in one volume; a difference needs a note and goes on the supplement list.

    Args:
        stamps_sampled: how many stamps and signatures were looked at.
        absent: the volume was not there.
    """
    transfer = lock(Transfer, transfer_id)
    demand(actor, "handover.transfer.count", transfer.project_id)
    row = VolumeCount.objects.filter(transfer=transfer, volume_id=volume_id).first()
    volume = next((v for v in filing_queries.volumes_of(transfer.project_id, arranged=True) if v.id == volume_id), None)
    if row is None or volume is None:
        raise NotFound
    numbers = (records, text_pages, drawing_sheets, photos, others)
    differs = numbers != listed(volume)
    refuse(CannotTransfer, why_not_count(transfer.state, numbers=numbers, absent=absent, differs=differs, note=note))
    row.records, row.text_pages, row.drawing_sheets, row.photos, row.others = (None,) * 5 if absent else numbers
    row.stamps_sampled, row.absent, row.note = max(0, stamps_sampled), absent, note.strip()
    row.counted_by, row.counted_name, row.counted_at = actor.username, name_of(actor), now
    row.save()
    audit.record(
        actor=actor, act="handover.volume.counted", subject=row, at=now,
        data={"transfer": transfer.id, "volume": volume_id, "counted": numbers, "absent": absent, "note": note.strip()},
    )  # fmt: skip


@transaction.atomic
def receive_transfer(*, actor: Actor, transfer_id: UUID, now: datetime, revision: int | None = None) -> None:
    """Receive what was counted: the receiver is another person than the counter; preservation starts from here.

    Raises:
        CannotTransfer: volumes left to count, or the counter tries to receive.
    """
    transfer = lock(Transfer, transfer_id)
    demand(actor, "handover.transfer.receive", transfer.project_id)
    demand_revision(transfer, revision, actor)
    volumes = {v.id: v for v in filing_queries.volumes_of(transfer.project_id, arranged=True)}
    rows = list(transfer.counts.all())
    shapes = [counted_of(row, volumes[row.volume_id]) for row in rows]
    refuse(
        CannotTransfer,
        why_not_receive(transfer.state, shapes, counters={row.counted_by for row in rows}, receiver=actor.username),
    )
    present = [row for row in rows if not row.absent]
    record_ids = [r.id for row in present for r in filing_queries.records_of_volume(row.volume_id)]
    filing.mark_transferred(actor=actor, record_ids=record_ids, now=now)
    transfer.supplement = [
        _lacking(row, volumes[row.volume_id], shape) for row, shape in zip(rows, shapes, strict=True) if shape.differs
    ]
    transfer.state, transfer.received_at = TransferState.RECEIVED.value, now
    transfer.received_by, transfer.received_name = actor.username, name_of(actor)
    transfer.document_id = _receiving_list(transfer, rows, volumes, shapes, actor, now)
    touch(transfer, actor, now, ["state", "received_at", "received_by", "received_name", "supplement", "document"])
    _tell(actor, "handover.transfer.received", transfer, now, {"volumes": len(present), "records": len(record_ids)})
    data = {
        "transfer_id": transfer.id, "project_id": transfer.project_id, "volume_ids": [row.volume_id for row in present],
    }  # fmt: skip
    events.publish(kind="handover.transferred", subject=f"handover.transfer:{transfer.id}", data=data, at=now)


def counted_of(row: VolumeCount, volume: VolumeRow) -> Counted:
    """A counted volume as the rules see it."""
    numbers = (row.records, row.text_pages, row.drawing_sheets, row.photos, row.others)
    return Counted(volume.title, listed(volume), numbers, row.absent, row.note)


def _lacking(row: VolumeCount, volume: VolumeRow, shape: Counted) -> dict[str, Any]:
    return {
        "volume": str(row.volume_id), "code": volume.reference_code or "", "title": volume.title,
        "listed": list(shape.listed), "counted": list(shape.counted), "absent": row.absent, "note": row.note,
    }  # fmt: skip


def _receiving_list(
    transfer: Transfer, rows: list[VolumeCount], volumes: Mapping[UUID, VolumeRow], shapes: list[Counted], actor: Actor,
    now: datetime,
) -> UUID:  # fmt: skip
    card = project_card(transfer.project_id)
    printed = [
        [
            str(row.position), volumes[row.volume_id].reference_code or "", volumes[row.volume_id].title,
            *("—" if value is None else str(value) for value in shape.counted),
            "缺" if row.absent else "有出入" if shape.differs else "相符",
        ]
        for row, shape in zip(rows, shapes, strict=True)
    ]  # fmt: skip
    people = {
        "handed_by": transfer.handed_by, "responsible": transfer.responsible, "received_by": name_of(actor),
        "counted_by": "、".join(dict.fromkeys(row.counted_name for row in rows)), "date": documents.write_day(now),
    }  # fmt: skip
    paper, record = papers.receiving(
        card, transfer.number, printed, transfer.supplement, people, f"handover.transfer:{transfer.id}"
    )
    return documents.issue(kind="receiving", project_id=card.id, record=record, paper=paper, actor=actor, now=now).id


def _tell(actor: Actor, act: str, transfer: Transfer, now: datetime, data: Mapping[str, Any]) -> None:
    full = {"project_id": transfer.project_id, "number": transfer.number, **data}
    audit.record(actor=actor, act=act, subject=transfer, at=now, data=full)
    events.publish(kind=act, subject=f"handover.transfer:{transfer.id}", data=full, at=now)
