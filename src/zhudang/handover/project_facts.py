"""A project as handover's documents and pages name it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from zhudang.registry.models import Party, Permit, Project, UnitWork
from zhudang.shared.refusals import NotFound

ROLE_WORDS = {
    "client": "建设单位", "survey": "勘察单位", "design": "设计单位", "contractor": "施工单位", "supervisor": "监理单位",
}  # fmt: skip


@dataclass(frozen=True)
class ProjectFacts:
    """What a document prints of a project."""

    id: UUID
    code: str
    name: str
    kind: str
    address: str
    client_id: UUID
    client_name: str
    level: int
    running: bool
    accepted_on: date | None
    started_on: date | None
    completed_on: date | None
    long_works: bool
    unit_works: tuple[tuple[UUID, str], ...]
    permits: tuple[tuple[str, str, date], ...]
    parties: tuple[tuple[str, str], ...]

    def permit(self, kind: str) -> str:
        """The latest number of a kind of permit, or a dash."""
        return next((number for of, number, _day in reversed(self.permits) if of == kind), "—")


def project_card(project_id: UUID) -> ProjectFacts:
    """Gather a project's facts.

    Raises:
        NotFound: no such project.
    """
    found = project_cards([project_id])
    if project_id not in found:
        raise NotFound
    return found[project_id]


def project_cards(project_ids: Iterable[UUID]) -> dict[UUID, ProjectFacts]:
    """Gather the facts of many projects in four statements. Rights were asked by the caller."""
    ids = list(set(project_ids))
    units: dict[UUID, list[tuple[UUID, str]]] = {}
    for row in (
        UnitWork.objects.filter(phase__project_id__in=ids).order_by("phase__code", "code").select_related("phase")
    ):
        units.setdefault(row.phase.project_id, []).append((row.id, row.name))
    permits: dict[UUID, list[tuple[str, str, date]]] = {}
    for permit in Permit.objects.filter(project_id__in=ids).order_by("issued_on", "number"):
        permits.setdefault(permit.project_id, []).append((permit.kind, permit.number, permit.issued_on))
    parties: dict[UUID, list[tuple[str, str]]] = {}
    for party in (
        Party.objects.filter(project_id__in=ids, until__isnull=True)
        .select_related("organisation")
        .order_by("since", "id")
    ):
        parties.setdefault(party.project_id, []).append((party.role, party.organisation.name))
    return {
        row.id: ProjectFacts(
            id=row.id, code=row.code, name=row.name, kind=row.kind, address=row.address, client_id=row.client_id,
            client_name=row.client.name, level=row.level, running=row.status == "running", accepted_on=row.accepted_on,
            started_on=row.started_on, completed_on=row.completed_on, long_works=row.long_works,
            unit_works=tuple(units.get(row.id, ())), permits=tuple(permits.get(row.id, ())),
            parties=tuple(parties.get(row.id, ())),
        )
        for row in Project.objects.filter(pk__in=ids).select_related("client")
    }  # fmt: skip
