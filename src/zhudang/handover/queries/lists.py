"""Lists of handover: applications, deliveries, transfers, notices; only of projects the actor may know of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Q

from zhudang.documents import queries as documents
from zhudang.documents.queries import DocumentCard
from zhudang.handover.domain.states import RUNNING, ApplicationState, ItemState
from zhudang.handover.models import Application, Delivery, Notice, Transfer
from zhudang.handover.queries.clock import ClockView, clock_of, clocks_of
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry
from zhudang.registry.models import Permit


@dataclass(frozen=True)
class ApplicationRow:
    """An application in a list."""

    id: UUID
    number: str
    project_id: UUID
    project_name: str
    client_name: str
    kind: str
    mode: str
    round: int
    channel: str
    state: str
    applied_at: datetime
    total: int
    judged: int
    returned: int
    clock: ClockView | None


def applications(actor: Actor, *, state: str = "", q: str = "") -> list[ApplicationRow]:
    """The applications an actor may know of, running ones first by their clock, then newest first.

    Parties that are not the client see none: an application is the client's and the archive's.
    """
    rows = Application.objects.filter(project__in=registry.visible_projects(actor)).select_related("project__client")
    if not (actor.of_archive or actor.of_department or actor.is_system):
        rows = rows.filter(project__client_id__in=actor.organisations_as(*FILERS))
    if state == "running":
        rows = rows.filter(state__in=[each.value for each in RUNNING])
    elif state:
        rows = rows.filter(state=state)
    if q:
        rows = rows.filter(Q(project__name__icontains=q) | Q(number__icontains=q) | Q(project__code__icontains=q))
    judged = Q(items__state__in=[s.value for s in ItemState if s is not ItemState.OPEN])
    found = list(
        rows.annotate(
            total=Count("items"), judged=Count("items", filter=judged),
            returned=Count("items", filter=Q(items__state=ItemState.RETURNED.value)),
        ).order_by("-applied_at")[:2000]
    )  # fmt: skip
    clocks = clocks_of(found)
    shaped = [_row(row, clocks.get(row.id)) for row in found]
    return sorted(
        shaped, key=lambda r: (r.state not in RUNNING, r.clock.due if r.clock and r.state in RUNNING else date.max)
    )


def _row(row: Application, clock: ClockView | None) -> ApplicationRow:
    return ApplicationRow(
        row.id, row.number, row.project_id, row.project.name, row.project.client.name, row.kind, row.mode, row.round,
        row.channel, row.state, row.applied_at, getattr(row, "total", 0), getattr(row, "judged", 0), getattr(row, "returned", 0), clock,
    )  # fmt: skip


def state_counts(rows: Iterable[ApplicationRow]) -> dict[str, int]:
    """How many applications stand in each state."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    return counts


@dataclass(frozen=True)
class DeliveryRow:
    """A delivery in a list."""

    id: UUID
    number: str
    project_id: UUID
    project_name: str
    organisation_id: UUID
    organisation_name: str
    state: str
    count: int
    returned: int
    sent_by: str
    sent_at: datetime
    closed_by: str
    closed_at: datetime | None


def deliveries(actor: Actor, *, project_id: UUID | None = None, state: str = "") -> list[DeliveryRow]:
    """Deliveries made by or to the actor's organisations; the archive sees those of all projects it knows."""
    rows = Delivery.objects.filter(project__in=registry.visible_projects(actor)).select_related(
        "organisation", "project"
    )
    if not (actor.of_archive or actor.of_department or actor.is_system):
        mine = actor.organisations_as(*FILERS)
        rows = rows.filter(Q(organisation_id__in=mine) | Q(project__client_id__in=mine))
    if project_id:
        rows = rows.filter(project_id=project_id)
    if state:
        rows = rows.filter(state=state)
    counted = rows.annotate(count=Count("items"), back=Count("items", filter=~Q(items__returned_reason="")))
    return [
        DeliveryRow(
            r.id, r.number, r.project_id, r.project.name, r.organisation_id, r.organisation.name, r.state, r.count, r.back,
            r.sent_by, r.sent_at, r.closed_by, r.closed_at,
        )
        for r in counted.order_by("-sent_at")[:1000]
    ]  # fmt: skip


@dataclass(frozen=True)
class TransferRow:
    """A transfer in a list."""

    id: UUID
    number: str
    project_id: UUID
    project_name: str
    client_name: str
    mode: str
    state: str
    volumes: int
    counted: int
    proposed_at: datetime
    received_at: datetime | None
    preserved_at: datetime | None
    certificate_id: UUID | None
    certificate: DocumentCard | None


def transfers(actor: Actor, *, state: str = "", project_id: UUID | None = None) -> list[TransferRow]:
    """The transfers an actor may know of, open ones first."""
    rows = Transfer.objects.filter(project__in=registry.visible_projects(actor)).select_related(
        "project__client", "certificate"
    )
    if not (actor.of_archive or actor.of_department or actor.is_system):
        rows = rows.filter(project__client_id__in=actor.organisations_as(*FILERS))
    if state:
        rows = rows.filter(state=state)
    if project_id:
        rows = rows.filter(project_id=project_id)
    counted = rows.annotate(volumes=Count("counts"), done=Count("counts", filter=Q(counts__counted_at__isnull=False)))
    return [_transfer(row) for row in counted.order_by("received_at", "-proposed_at")[:1000]]


def _transfer(row: Transfer) -> TransferRow:
    certificate = getattr(row, "certificate", None)
    return TransferRow(
        row.id, row.number, row.project_id, row.project.name, row.project.client.name, row.mode, row.state,
        getattr(row, "volumes", 0), getattr(row, "done", 0), row.proposed_at, row.received_at, row.preserved_at,
        certificate.id if certificate else None, documents.document(certificate.document_id) if certificate else None,
    )  # fmt: skip


def permits_without_notice(project_id: UUID) -> list[UUID]:
    """The permits of a project that was never told anything, oldest first; none once it has its notice."""
    if Notice.objects.filter(project_id=project_id).exists():
        return []
    return list(Permit.objects.filter(project_id=project_id).order_by("issued_on", "id").values_list("id", flat=True))


def awaiting_transfer(actor: Actor) -> list[ApplicationRow]:
    """Accepted applications whose records nobody has handed over yet."""
    rows = applications(actor, state=ApplicationState.ACCEPTED.value)
    taken = set(
        Transfer.objects.filter(application_id__in=[r.id for r in rows]).values_list("application_id", flat=True)
    )
    return [row for row in rows if row.id not in taken]


__all__ = [
    "ApplicationRow", "DeliveryRow", "TransferRow", "applications", "awaiting_transfer", "clock_of", "deliveries",
    "permits_without_notice", "state_counts", "transfers",
]  # fmt: skip
