"""Handover's part of the home pages, and short answers for other contexts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from zhudang.documents import queries as documents
from zhudang.handover.domain.states import RUNNING, ApplicationState, ItemState, TransferState
from zhudang.handover.models import Application, Certificate, Commitment, Notice, Opinion, Transfer
from zhudang.handover.queries.lists import (
    ApplicationRow,
    DeliveryRow,
    TransferRow,
    applications,
    awaiting_transfer,
    deliveries,
    transfers,
)
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.rights import Actor
from zhudang.registry.models import Project


@dataclass(frozen=True)
class ReviewerHome:
    """What a reviewer should do now: the cases under review by their clock."""

    due: Sequence[ApplicationRow]
    overdue: int
    today: int
    soon: int
    correcting: Sequence[ApplicationRow]
    accepted_waiting: int


def reviewer_home(actor: Actor, now: datetime) -> ReviewerHome:
    """The reviewer's queue, the nearest due day first."""
    rows = applications(actor, state="running")
    due = [row for row in rows if row.state == ApplicationState.REVIEWING]
    day = timezone.localtime(now).date()
    clocks = [row.clock for row in due if row.clock]
    return ReviewerHome(
        due=due, overdue=sum(1 for clock in clocks if clock.overdue), today=sum(1 for clock in clocks if clock.due == day),
        soon=sum(1 for clock in clocks if not clock.overdue and clock.due != day and clock.left <= 3),
        correcting=[row for row in rows if row.state == ApplicationState.CORRECTING],
        accepted_waiting=len(awaiting_transfer(actor)),
    )  # fmt: skip


@dataclass(frozen=True)
class ClientHome:
    """What waits for the client in acceptance and transfer."""

    notices: Sequence[tuple[UUID, str, str]]
    deliveries: Sequence[DeliveryRow]
    correcting: Sequence[ApplicationRow]
    returned: Sequence[ApplicationRow]
    reviewing: Sequence[ApplicationRow]
    to_hand_over: Sequence[ApplicationRow]
    commitments: Sequence[tuple[UUID, str, date, int, bool]]


def client_home(actor: Actor, now: datetime) -> ClientHome:
    """Notices to acknowledge, deliveries to sign for, lists to work off, promises to keep."""
    mine = actor.organisations_as(*FILERS)
    rows = applications(actor)
    unread = (
        Notice.objects.filter(project__client_id__in=mine)
        .exclude(receipts__step="acknowledged")
        .select_related("project")
    )
    promises = Commitment.objects.filter(project__client_id__in=mine, fulfilled_at__isnull=True).select_related(
        "project"
    )
    today = timezone.localtime(now).date()
    again = set(Application.objects.filter(previous__in=[r.id for r in rows]).values_list("previous_id", flat=True))
    return ClientHome(
        notices=[(n.id, n.project.name, _number(n.document_id)) for n in unread.order_by("-issued_at")[:20]],
        deliveries=[d for d in deliveries(actor, state="sent") if d.organisation_id not in mine],
        correcting=[r for r in rows if r.state == ApplicationState.CORRECTING],
        returned=[r for r in rows if r.state == ApplicationState.RETURNED and r.id not in again],
        reviewing=[r for r in rows if r.state == ApplicationState.REVIEWING],
        to_hand_over=awaiting_transfer(actor),
        commitments=[(c.project_id, c.project.name, c.due_on, (c.due_on - today).days, c.breached_at is not None) for c in promises],
    )  # fmt: skip


def _number(document_id: UUID | None) -> str:
    card = documents.document(document_id)
    return card.number if card else ""


@dataclass(frozen=True)
class ArchivistQueue:
    """What waits for the archivist: transfers to receive, to count, to see preserved."""

    proposed: Sequence[TransferRow]
    counting: Sequence[TransferRow]
    received: Sequence[TransferRow]
    awaiting: Sequence[ApplicationRow]


def archivist_queue(actor: Actor) -> ArchivistQueue:
    """The transfers by where they stand."""
    rows = transfers(actor)

    def standing(state: TransferState) -> list[TransferRow]:
        return [row for row in rows if row.state == state]

    return ArchivistQueue(
        standing(TransferState.PROPOSED),
        standing(TransferState.COUNTING),
        standing(TransferState.RECEIVED),
        awaiting_transfer(actor),
    )


@dataclass(frozen=True)
class ProjectStatus:
    """How far a project is in notice, acceptance, transfer and certificate; every step with its own row as proof."""

    notice_id: UUID | None
    notice_number: str
    notice_acknowledged: bool
    application_id: UUID | None
    application_number: str
    application_state: str
    opinion_number: str
    opinion_covers_all: bool
    transfer_id: UUID | None
    transfer_state: str
    certificate_id: UUID | None
    certificate_number: str
    commitment_due: date | None
    commitment_breached: bool
    commitment_fulfilled: bool
    documents: Sequence[documents.DocumentCard]


def project_status(project_id: UUID) -> ProjectStatus:
    """How far a project is. Rights were asked by the caller."""
    notice = Notice.objects.filter(project_id=project_id).order_by("sequence").first()
    application = Application.objects.filter(project_id=project_id).order_by("-applied_at").first()
    opinion = Opinion.objects.filter(project_id=project_id, voided_at__isnull=True).order_by("-issued_at").first()
    transfer = Transfer.objects.filter(project_id=project_id).order_by("-proposed_at").first()
    certificate = Certificate.objects.filter(project_id=project_id).order_by("-issued_at").first()
    promise = Commitment.objects.filter(project_id=project_id).first()
    return ProjectStatus(
        notice.id if notice else None, _number(notice.document_id) if notice else "",
        bool(notice and notice.receipts.filter(step="acknowledged").exists()),
        application.id if application else None, application.number if application else "",
        application.state if application else "", _number(opinion.document_id) if opinion else "",
        bool(opinion and opinion.covers_all), transfer.id if transfer else None, transfer.state if transfer else "",
        certificate.id if certificate else None, _number(certificate.document_id) if certificate else "",
        promise.due_on if promise else None, bool(promise and promise.breached_at), bool(promise and promise.fulfilled_at),
        documents.documents_of(project_id),
    )  # fmt: skip


def acceptance_state(code: str) -> Mapping[str, Any]:
    """The answer to the completion filing (A3): whether a valid acceptance opinion covers the project.

    A clear no without one: unknown project, nothing applied, under review, returned, only stages accepted, voided.
    `transfer` follows exchange.md 2.7: 0 not transferred, 1 promised, 2 partly, 3 transferred.
    """
    project = Project.objects.filter(code=code).first()
    if project is None:
        return {
            "project": code,
            "known": False,
            "accepted": False,
            "reason": "unknown_project",
            "opinion": None,
            "transfer": 0,
        }
    opinions = list(Opinion.objects.filter(project=project, voided_at__isnull=True).order_by("-issued_at"))
    valid = next((row for row in opinions if row.covers_all), None)
    last = Application.objects.filter(project=project).order_by("-applied_at").first()
    reason = "accepted" if valid else "partly_accepted" if opinions else last.state if last else "nothing_applied"
    return {
        "project": project.code, "known": True, "accepted": valid is not None, "reason": reason,
        "opinion": _opinion(valid) if valid else None, "transfer": _transfer_code(project.id),
    }  # fmt: skip


def _opinion(row: Opinion) -> dict[str, Any]:
    card = documents.document(row.document_id)
    return {
        "number": card.number if card else "", "check_code": card.check_code if card else "", "issuer": row.issuer,
        "issued_at": row.issued_at.isoformat(), "mode": row.application.mode, "pdf_file": str(card.file_id) if card else "",
    }  # fmt: skip


def _transfer_code(project_id: UUID) -> int:
    rows = list(Transfer.objects.filter(project_id=project_id).values_list("state", flat=True))
    arrived = [state for state in rows if state in {TransferState.RECEIVED, TransferState.PRESERVED}]
    promise = Commitment.objects.filter(project_id=project_id, fulfilled_at__isnull=True).exists()
    accepted = Application.objects.filter(project_id=project_id, state=ApplicationState.ACCEPTED.value).count()
    if arrived and len(arrived) >= accepted and not promise:
        return 3
    if arrived:
        return 2
    return 1 if promise else 0


def open_items(application_id: UUID) -> int:
    """How many items of a review are not judged."""
    return Application.objects.get(pk=application_id).items.filter(state=ItemState.OPEN.value).count()


def is_running(project_id: UUID) -> bool:
    """Whether an application of the project is being corrected or reviewed."""
    return Application.objects.filter(project_id=project_id, state__in=[s.value for s in RUNNING]).exists()
