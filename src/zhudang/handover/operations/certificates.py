"""After receiving: preservation reports, promises are kept or broken, certificates are issued."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.documents import operations as documents
from zhudang.documents import queries as documents_queries
from zhudang.events import operations as events
from zhudang.filing import queries as filing_queries
from zhudang.filing.queries import VolumeRow
from zhudang.handover import certificate_paper
from zhudang.handover.domain.commitments import is_breached
from zhudang.handover.domain.states import Mode, TransferAct, TransferState
from zhudang.handover.domain.transfers import why_not_certify, why_not_transfer_act
from zhudang.handover.models import Certificate, Commitment, Opinion, Transfer, VolumeCount
from zhudang.handover.operations.common import CannotTransfer, demand, lock, refuse, today_of, touch
from zhudang.handover.project_facts import project_card
from zhudang.identity.rights import SYSTEM, Actor
from zhudang.registry.models import Project


def _volumes(transfers: Sequence[Transfer]) -> list[VolumeRow]:
    """The volumes that came with these transfers, in order; absent ones left out."""
    came = set(
        VolumeCount.objects.filter(transfer__in=[t.id for t in transfers], absent=False).values_list(
            "volume_id", flat=True
        )
    )
    return [v for v in filing_queries.volumes_of(transfers[0].project_id, arranged=True) if v.id in came]


@transaction.atomic
def note_preserved(transfer_id: UUID, *, now: datetime) -> bool:
    """Preservation tells that it has written and read back every copy; tells whether that is so.

    It is only noted when every volume's own row proves it; may be called twice. Then promises are looked at and
    certificates issued where nothing is in the way.
    """
    transfer = lock(Transfer, transfer_id)
    Project.objects.select_for_update(of=("self",), no_key=True).get(pk=transfer.project_id)
    volumes = _volumes([transfer])
    if not volumes or any(volume.preserved_at is None for volume in volumes):
        return False
    if transfer.state == TransferState.RECEIVED:
        refuse(CannotTransfer, why_not_transfer_act(transfer.state, TransferAct.NOTE_PRESERVED))
        transfer.state, transfer.preserved_at = TransferState.PRESERVED.value, now
        touch(transfer, SYSTEM, now, ["state", "preserved_at"])
        data = {"project_id": transfer.project_id, "number": transfer.number, "volumes": len(volumes)}
        audit.record(actor=SYSTEM, act="handover.transfer.preserved", subject=transfer, at=now, data=data)
        events.publish(
            kind="handover.transfer.preserved", subject=f"handover.transfer:{transfer.id}", data=data, at=now
        )
    _keep_promise(transfer.project_id, now)
    for waiting in Transfer.objects.filter(
        project_id=transfer.project_id, state=TransferState.PRESERVED.value, certificate__isnull=True
    ).order_by("proposed_at"):
        if not _why_not_certify(waiting):
            _certify(waiting, SYSTEM, now)
    return True


def promised_left(project_id: UUID) -> list[str]:
    """Titles of promised documents that are not proven preserved yet."""
    commitment = Commitment.objects.filter(project_id=project_id).first()
    if commitment is None:
        return []
    kept = {str(each) for each in filing_queries.answered_by(project_id, state="preserved")}
    excused = {str(row.id) for row in filing_queries.project_obligations(project_id) if not row.applicable}
    return [row["title"] for row in commitment.promised if row["obligation"] not in kept | excused]


def _keep_promise(project_id: UUID, now: datetime) -> None:
    commitment = Commitment.objects.select_for_update(of=("self",), no_key=True).filter(project_id=project_id).first()
    if commitment is None or commitment.fulfilled_at or promised_left(project_id):
        return
    commitment.fulfilled_at = now
    commitment.save(update_fields=["fulfilled_at"])
    audit.record(
        actor=SYSTEM,
        act="handover.commitment.fulfilled",
        subject=commitment,
        at=now,
        data={"number": commitment.number},
    )


@transaction.atomic
def mark_breaches(*, now: datetime) -> int:
    """Mark every promise whose day has passed unkept; a mark is never taken back, keeping it late is noted beside."""
    broken = [
        row
        for row in Commitment.objects.select_for_update(of=("self",), no_key=True).filter(
            breached_at__isnull=True, fulfilled_at__isnull=True
        )
        if is_breached(due_on=row.due_on, today=today_of(now), fulfilled=False)
    ]
    for row in broken:
        row.breached_at = now
        row.save(update_fields=["breached_at"])
        data = {"project_id": row.project_id, "number": row.number, "due_on": row.due_on}
        audit.record(actor=SYSTEM, act="handover.commitment.breached", subject=row, at=now, data=data)
        events.publish(kind="handover.commitment.breached", subject=f"handover.commitment:{row.id}", data=data, at=now)
    return len(broken)


def _why_not_certify(transfer: Transfer) -> list:  # type: ignore[type-arg]
    volumes = _volumes([transfer])
    return why_not_certify(
        transfer.state, mode=transfer.mode, volumes=len(volumes),
        preserved=sum(1 for volume in volumes if volume.preserved_at),
        promised_left=len(promised_left(transfer.project_id)),
        has_certificate=Certificate.objects.filter(transfer=transfer).exists(),
    )  # fmt: skip


@transaction.atomic
def issue_certificate(*, actor: Actor, transfer_id: UUID, now: datetime) -> UUID:
    """Issue the certificate of a transfer by hand, where it was not issued by itself.

    Raises:
        CannotTransfer: not every volume is proven preserved, a promise is open, or it has one.
    """
    transfer = lock(Transfer, transfer_id)
    demand(actor, "handover.certificate.issue", transfer.project_id)
    refuse(CannotTransfer, _why_not_certify(transfer))
    return _certify(transfer, actor, now)


def _certify(transfer: Transfer, actor: Actor, now: datetime) -> UUID:
    first = (
        Certificate.objects.filter(project_id=transfer.project_id, supplements__isnull=True)
        .order_by("issued_at")
        .first()
    )
    volumes = _volumes([transfer])
    records = [
        certificate_paper.listed(record) for volume in volumes for record in filing_queries.records_of_volume(volume.id)
    ]
    row = Certificate(
        project_id=transfer.project_id, transfer=transfer, supplements=first, covers=[str(transfer.id)], issued_at=now
    )
    commitment = Commitment.objects.filter(project_id=transfer.project_id).first()
    paper, record = certificate_paper.certificate(
        project_card(transfer.project_id), volumes, records, mode=transfer.mode, opinions=_opinions(transfer),
        kept=bool(transfer.mode == Mode.COMMITMENT and commitment and commitment.fulfilled_at), people=_people(transfer, now),
        supplements=_number(first), verdicts=verdict_line(records), subject=f"handover.certificate:{row.id}",
        differences=len(transfer.supplement),
    )  # fmt: skip
    issued = documents.issue(
        kind="certificate", project_id=transfer.project_id, record=record, paper=paper, actor=actor, now=now
    )
    row.document_id = issued.id
    row.save(force_insert=True)
    data = {
        "project_id": transfer.project_id,
        "number": issued.number,
        "transfer": transfer.number,
        "volumes": len(volumes),
    }
    audit.record(actor=actor, act="handover.certificate.issued", subject=row, at=now, data=data)
    events.publish(kind="handover.certificate.issued", subject=f"handover.certificate:{row.id}", data=data, at=now)
    events.tell(
        organisation_id=project_card(transfer.project_id).client_id, kind="handover.certificate_issued", at=now,
        link=f"/handover/certificates/{row.id}/", data={"number": issued.number},
    )  # fmt: skip
    return row.id


def _number(certificate: Certificate | None) -> str:
    card = documents_queries.document(certificate.document_id) if certificate else None
    return card.number if card else ""


def _opinions(transfer: Transfer) -> list[str]:
    rows = Opinion.objects.filter(application=transfer.application_id)
    cards = [documents_queries.document(row.document_id) for row in rows]
    return [card.number for card in cards if card]


def _people(transfer: Transfer, now: datetime) -> dict[str, str]:
    counters = "、".join(dict.fromkeys(transfer.counts.order_by("position").values_list("counted_name", flat=True)))
    return {
        "handed_by": transfer.handed_by, "responsible": transfer.responsible,
        "handed_on": documents.write_day(transfer.proposed_at), "received_by": transfer.received_name,
        "supervised_by": counters,
    }  # fmt: skip


def verdict_line(records: Sequence[certificate_paper.Listed]) -> str:
    """The checks of everything transferred as one sentence; what nobody checked is said, not passed over."""
    verdicts = [verdict for record in records for *_digests, verdict in record.files]
    words = {
        "pass": "通过",
        "warn": "有提示",
        "manual": "待人工",
        "fail": "不通过",
        None: "未检",
        "not_checked": "未检",
    }
    counts: dict[str, int] = {}
    for verdict in verdicts:
        word = words.get(verdict, "未检")
        counts[word] = counts.get(word, 0) + 1
    return f"电子文件 {len(verdicts)} 件：" + "，".join(f"{word} {count} 件" for word, count in counts.items())
