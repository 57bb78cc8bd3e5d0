"""One application, delivery, notice, transfer or certificate as its page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from zhudang.checks.model import Finding
from zhudang.documents import queries as documents
from zhudang.documents.queries import DocumentCard
from zhudang.filing import queries as filing
from zhudang.filing.queries import RecordRow, VolumeRow
from zhudang.handover.domain.notices import OwedItem
from zhudang.handover.domain.states import ApplicationState, TransferState
from zhudang.handover.models import Application, Certificate, Commitment, Delivery, Notice, Transfer
from zhudang.handover.operations.common import demand
from zhudang.handover.operations.gathering import gather
from zhudang.handover.operations.notices import read_items
from zhudang.handover.operations.transfers import counted_of, listed
from zhudang.handover.project_facts import ProjectFacts, project_card
from zhudang.handover.queries.clock import ClockView, clock_of
from zhudang.identity import rights
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.rights import Actor
from zhudang.shared.refusals import NotFound, Reason


def _found(model: Any, row_id: UUID, *related: str) -> Any:
    row = model.objects.select_related(*related).filter(pk=row_id).first()
    if row is None:
        raise NotFound
    return row


def sees_the_whole(actor: Actor, client_id: UUID | None) -> bool:
    """Whether a person sees a project's papers whole: its client, archive and department; parties see their own part."""
    return actor.of_archive or actor.of_department or actor.is_system or actor.holds_at(client_id, *FILERS)


@dataclass(frozen=True)
class NoticePage:
    """A filing notice with what it told, grouped, and who has received it."""

    id: UUID
    card: ProjectFacts
    sequence: int
    issued_at: datetime
    document: DocumentCard | None
    groups: Sequence[tuple[str, str, str, Sequence[OwedItem]]]
    total: int
    dropped: int
    receipts: Mapping[str, tuple[datetime, str]]
    may_acknowledge: bool
    others: Sequence[tuple[UUID, int, DocumentCard | None]]
    may_see_paper: bool


def notice_page(actor: Actor, notice_id: UUID) -> NoticePage:
    """One notice for its page; parties see only what they themselves owe of it.

    Raises:
        NotFound, Forbidden.
    """
    notice = _found(Notice, notice_id)
    facts = demand(actor, "handover.notice.read", notice.project_id)
    card = project_card(notice.project_id)
    items = read_items(notice.items)
    whole = sees_the_whole(actor, card.client_id)
    if not whole:
        mine = {str(each) for each in actor.organisations_as(*FILERS)}
        items = [item for item in items if item.organisation in mine]
    groups: dict[tuple[str, str, str], list[OwedItem]] = {}
    for item in items:
        groups.setdefault((item.unit_work, item.party_role, item.party), []).append(item)
    receipts = {row.step: (row.at, row.by) for row in notice.receipts.all()}
    others = [
        (row.id, row.sequence, documents.document(row.document_id))
        for row in Notice.objects.filter(project_id=notice.project_id).order_by("sequence")
    ]
    return NoticePage(
        notice.id, card, notice.sequence, notice.issued_at, documents.document(notice.document_id),
        [(unit, role, party, owed) for (unit, role, party), owed in groups.items()], len(items), len(notice.withdrawn), receipts,
        "acknowledged" not in receipts and rights.may(actor, "handover.notice.acknowledge", facts), others, whole,
    )  # fmt: skip


@dataclass(frozen=True)
class DeliveryPage:
    """A delivery list with its records."""

    id: UUID
    card: ProjectFacts
    number: str
    organisation_name: str
    state: str
    note: str
    sent_by: str
    sent_at: datetime
    closed_by: str
    closed_at: datetime | None
    revision: int
    rows: Sequence[tuple[RecordRow, str]]
    may_sign: bool


def delivery_page(actor: Actor, delivery_id: UUID) -> DeliveryPage:
    """One delivery for its page.

    Raises:
        NotFound: also for parties that neither sent nor received it.
    """
    row = _found(Delivery, delivery_id, "organisation")
    facts = demand(actor, "handover.delivery.read", row.project_id)
    office = actor.of_archive or actor.of_department or actor.is_system
    if not office and not (actor.holds_at(row.organisation_id, *FILERS) or actor.holds_at(facts.client_id, *FILERS)):
        raise NotFound
    items = list(row.items.all())
    records = filing.records_by_id([item.record_id for item in items])
    return DeliveryPage(
        row.id, project_card(row.project_id), row.number, row.organisation.name, row.state, row.note, row.sent_by, row.sent_at,
        row.closed_by, row.closed_at, row.revision, [(records[i.record_id], i.returned_reason) for i in items],
        row.state == "sent" and rights.may(actor, "handover.delivery.sign", facts),
    )  # fmt: skip


@dataclass(frozen=True)
class Deliverable:
    """What a party could deliver now, for the page where it makes its list."""

    card: ProjectFacts
    records: Sequence[RecordRow]
    may_deliver: bool
    is_client: bool


def deliverable(actor: Actor, project_id: UUID) -> Deliverable:
    """The actor's own filed records of a project.

    Raises:
        NotFound.
    """
    facts = demand(actor, "handover.delivery.read", project_id)
    mine = {org for org in actor.organisations_as(*FILERS) if org in facts.party_ids and org != facts.client_id}
    rows = [r for r in filing.records_of(project_id, states=["filed"]) if r.organisation_id in mine] if mine else []
    may = rights.may(actor, "handover.delivery.make", facts)
    return Deliverable(project_card(project_id), rows, may and bool(mine), actor.holds_at(facts.client_id, *FILERS))


@dataclass(frozen=True)
class ApplicationPage:
    """An application for its page: what was applied for, the clock, the list or the opinion, the rounds."""

    row: Application
    card: ProjectFacts
    units: Sequence[str]
    counts: Mapping[str, int]
    clock: ClockView | None
    correction: Sequence[Reason]
    correction_document: DocumentCard | None
    entries: Sequence[Mapping[str, Any]]
    rectification: DocumentCard | None
    opinion: DocumentCard | None
    opinion_text: str
    rounds: Sequence[tuple[UUID, str, int, str, datetime]]
    commitment: Commitment | None
    transfer_id: UUID | None
    may_review: bool
    may_transfer: bool
    may_supplement: bool
    may_withdraw: bool
    may_apply_again: bool


def application_page(actor: Actor, application_id: UUID) -> ApplicationPage:
    """One application for its page.

    Raises:
        NotFound, Forbidden.
    """
    row = _found(Application, application_id)
    facts = demand(actor, "handover.application.read", row.project_id)
    counts: dict[str, int] = {}
    for state in row.items.values_list("state", flat=True):
        counts[state] = counts.get(state, 0) + 1
    listed_ = getattr(row, "rectification", None)
    opinion = getattr(row, "opinion", None)
    transfer = Transfer.objects.filter(application=row).first()
    rounds = Application.objects.filter(project_id=row.project_id).order_by("applied_at")

    def may(act: str) -> bool:
        return rights.may(actor, act, facts)

    return ApplicationPage(
        row=row, card=project_card(row.project_id), units=list(row.unit_works.values_list("name", flat=True)), counts=counts,
        clock=clock_of(row), correction=[Reason(r["code"], r["data"]) for r in row.correction],
        correction_document=documents.document(row.correction_document_id),
        entries=listed_.entries if listed_ else [], rectification=documents.document(listed_.document_id) if listed_ else None,
        opinion=documents.document(opinion.document_id) if opinion else None, opinion_text=opinion.text if opinion else "",
        rounds=[(r.id, r.number, r.round, r.state, r.applied_at) for r in rounds],
        commitment=Commitment.objects.filter(project_id=row.project_id).first(), transfer_id=transfer.id if transfer else None,
        may_review=row.state == ApplicationState.REVIEWING and may("handover.review.judge"),
        may_transfer=row.state == ApplicationState.ACCEPTED and transfer is None and may("handover.transfer.propose"),
        may_supplement=row.state == ApplicationState.CORRECTING and may("handover.application.supplement"),
        may_withdraw=row.state in {"correcting", "reviewing"} and may("handover.application.withdraw"),
        may_apply_again=row.state == ApplicationState.RETURNED and not row.later.exists() and may("handover.application.submit"),
    )  # fmt: skip


@dataclass(frozen=True)
class ApplyPage:
    """What applying now would mean, with everything that is in the way."""

    card: ProjectFacts
    kind: str
    modes: Sequence[str]
    mode: str
    ready: Sequence[RecordRow]
    submitted: int
    missing: Sequence[Any]
    undelivered: int
    returned: Sequence[RecordRow]
    promised: Sequence[Any]
    needs_commitment: bool
    latest_due: date
    reasons: Sequence[Reason]
    advice: Sequence[tuple[str, Finding]]
    """What business review would ask about these records together; it never keeps anybody from applying."""


def apply_page(actor: Actor, project_id: UUID, mode: str, today: date) -> ApplyPage:
    """The form for applying.

    Raises:
        NotFound, Forbidden: only the client applies.
    """
    from zhudang.handover.domain.applications import why_not_apply
    from zhudang.handover.domain.commitments import latest_day
    from zhudang.handover.domain.states import Kind
    from zhudang.handover.policy import policy

    demand(actor, "handover.application.submit", project_id)
    modes = tuple(policy().transfer_modes)
    last = (
        Application.objects.filter(project_id=project_id).order_by("-applied_at").values_list("mode", flat=True).first()
    )
    chosen = mode if mode in modes else last or modes[0]
    found = gather(project_id, chosen, with_files=True)
    committed = Commitment.objects.filter(project_id=project_id).exists()
    return ApplyPage(
        card=found.card, kind=str(found.kind), modes=modes, mode=chosen, ready=[*found.ready, *found.own_filed],
        submitted=len(found.submitted), missing=found.missing, undelivered=len(found.undelivered), returned=found.returned,
        promised=found.promised, needs_commitment=bool(found.promised) and found.kind != Kind.LATE and not committed,
        latest_due=latest_day(today, policy().commitment_months_at_most), reasons=why_not_apply(found.facts),
        advice=_advice(actor, [*found.submitted, *found.ready, *found.own_filed]),
    )  # fmt: skip


def _advice(actor: Actor, records: Sequence[RecordRow]) -> list[tuple[str, Finding]]:
    """Over the records that exist for this person: no title may be told of another."""
    known = set(filing.visible_to(actor).filter(id__in=[row.id for row in records]).values_list("id", flat=True))
    return filing.advice_among([row for row in records if row.id in known])


@dataclass(frozen=True)
class CountRow:
    """One volume of a transfer: as listed, as counted."""

    volume: VolumeRow
    position: int
    listed: tuple[int, int, int, int, int]
    counted: tuple[int | None, int | None, int | None, int | None, int | None]
    done: bool
    differs: bool
    absent: bool
    note: str
    stamps_sampled: int
    counted_by: str


@dataclass(frozen=True)
class TransferPage:
    """A transfer for its page."""

    row: Transfer
    card: ProjectFacts
    counts: Sequence[CountRow]
    done: int
    preserved: int
    document: DocumentCard | None
    opinion: DocumentCard | None
    certificate_id: UUID | None
    certificate: DocumentCard | None
    promised_left: Sequence[str]
    commitment: Commitment | None
    may_begin: bool
    may_count: bool
    may_receive: bool
    may_certify: bool


def transfer_page(actor: Actor, transfer_id: UUID) -> TransferPage:
    """One transfer for its page.

    Raises:
        NotFound, Forbidden.
    """
    from zhudang.handover.operations.certificates import promised_left

    row = _found(Transfer, transfer_id, "application")
    facts = demand(actor, "handover.transfer.read", row.project_id)
    volumes = {v.id: v for v in filing.volumes_of(row.project_id, arranged=True)}
    counts = [_count(each, volumes[each.volume_id]) for each in row.counts.all() if each.volume_id in volumes]
    certificate = Certificate.objects.filter(transfer=row).first()
    opinion = getattr(row.application, "opinion", None)

    def may(act: str, *states: TransferState) -> bool:
        return row.state in states and rights.may(actor, act, facts)

    return TransferPage(
        row=row, card=project_card(row.project_id), counts=counts, done=sum(1 for c in counts if c.done),
        preserved=sum(1 for c in counts if c.volume.preserved_at), document=documents.document(row.document_id),
        opinion=documents.document(opinion.document_id) if opinion else None,
        certificate_id=certificate.id if certificate else None,
        certificate=documents.document(certificate.document_id) if certificate else None,
        promised_left=promised_left(row.project_id), commitment=Commitment.objects.filter(project_id=row.project_id).first(),
        may_begin=may("handover.transfer.receive", TransferState.PROPOSED),
        may_count=may("handover.transfer.count", TransferState.COUNTING),
        may_receive=may("handover.transfer.receive", TransferState.COUNTING),
        may_certify=certificate is None and may("handover.certificate.issue", TransferState.PRESERVED),
    )  # fmt: skip


def _count(row: Any, volume: VolumeRow) -> CountRow:
    shape = counted_of(row, volume)
    return CountRow(
        volume, row.position, listed(volume), shape.counted, row.counted_at is not None, shape.done and shape.differs,
        row.absent, row.note, row.stamps_sampled, row.counted_name,
    )  # fmt: skip


@dataclass(frozen=True)
class CertificatePage:
    """A certificate as printed, for its page."""

    id: UUID
    card: ProjectFacts
    document: DocumentCard | None
    printed: Mapping[str, Any]
    transfer_id: UUID
    supplements: UUID | None
    supplemented_by: Sequence[tuple[UUID, str]]


def certificate_page(actor: Actor, certificate_id: UUID) -> CertificatePage:
    """One certificate for its page.

    Raises:
        NotFound, Forbidden.
    """
    row = _found(Certificate, certificate_id)
    demand(actor, "handover.certificate.read", row.project_id)
    later = [
        (each.id, card.number) for each in row.supplemented_by.all() if (card := documents.document(each.document_id))
    ]
    return CertificatePage(
        row.id, project_card(row.project_id), documents.document(row.document_id), documents.printed_data(row.document_id),
        row.transfer_id, row.supplements_id, later,
    )  # fmt: skip


def paper_file(actor: Actor, document_id: UUID) -> DocumentCard:
    """A document of a project, for those who may read it: its client and parties, archive and department.

    Raises:
        NotFound: no such document, not sealed yet, or not this actor's to see.
    """
    card = documents.document(document_id)
    if card is None or card.project_id is None or card.file_id is None:
        raise NotFound
    act = {
        "notice": "handover.notice.read", "certificate": "handover.certificate.read", "receiving": "handover.transfer.read",
    }.get(card.kind, "handover.application.read")  # fmt: skip
    facts = demand(actor, act, card.project_id)
    if not sees_the_whole(actor, facts.client_id):
        raise NotFound
    return card


def volumes_to_count(transfer_id: UUID) -> list[VolumeRow]:
    """The volumes of a transfer in the order they are counted, as the catalogue lists them. Rights asked by the caller."""
    transfer = _found(Transfer, transfer_id)
    volumes = {v.id: v for v in filing.volumes_of(transfer.project_id, arranged=True)}
    return [volumes[row.volume_id] for row in transfer.counts.all() if row.volume_id in volumes]


def transfer_state(transfer_id: UUID) -> str:
    """Where a transfer stands."""
    return str(_found(Transfer, transfer_id).state)
