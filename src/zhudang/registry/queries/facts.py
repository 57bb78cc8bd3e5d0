"""Plain facts other contexts ask the registry for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from zhudang.content.places import Place
from zhudang.identity.rights import Actor, ThingFacts
from zhudang.registry import facts
from zhudang.registry.domain import identifiers
from zhudang.registry.models import Milestone, Party, PartyUnit, Project, ProjectStatus, Structure, UnitWork
from zhudang.shared.refusals import NotFound

_CLOSED = {ProjectStatus.CANCELLED, ProjectStatus.MERGED}


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """One organisation's part in a project.

    Args:
        unit_work_ids: empty means all unit works.
    """

    party_id: UUID
    organisation_id: UUID
    organisation_name: str
    role: str
    since: date | None
    until: date | None
    unit_work_ids: frozenset[UUID]

    def works_on(self, unit_work_id: UUID) -> bool:
        """Tell whether this party works on a unit work."""
        return not self.unit_work_ids or unit_work_id in self.unit_work_ids


@dataclass(frozen=True, slots=True)
class UnitWorkFacts:
    """A unit work with what filing, handover and the structure's page ask of it.

    Args:
        milestones: step code -> (planned_on, happened_on).
    """

    unit_work_id: UUID
    code: str
    name: str
    kind: str
    nature: str
    phase_id: UUID
    phase_code: str
    phase_name: str
    project_id: UUID
    project_code: str
    project_name: str
    client_id: UUID
    level: int
    status: str
    structure_id: UUID | None
    special: Mapping[str, Any]
    accepted_on: date | None
    milestones: Mapping[str, tuple[date | None, date | None]]
    parties: tuple[PartyFacts, ...]

    def parties_in(self, role: str) -> tuple[PartyFacts, ...]:
        """Give today's parties of a role that work on this unit work."""
        return tuple(
            party
            for party in self.parties
            if party.role == role and party.until is None and party.works_on(self.unit_work_id)
        )


def visible_projects(actor: Actor) -> QuerySet[Project]:
    """Give the projects `actor` may know of; filter and count only what this leaves."""
    return Project.objects.filter(facts.project_filter(actor))


def visible_structures(actor: Actor) -> QuerySet[Structure]:
    """Give the structures `actor` may know of."""
    return Structure.objects.filter(facts.structure_filter(actor))


def is_visible(actor: Actor, project_id: UUID) -> bool:
    """Tell whether `actor` may know of a project."""
    return visible_projects(actor).filter(pk=project_id).exists()


def project_facts(project_id: UUID) -> ThingFacts:
    """Give what rights need of a project.

    Raises:
        NotFound: no such project.
    """
    project = Project.objects.filter(pk=project_id).first()
    if project is None:
        raise NotFound
    return facts.facts_of(project)


def project_of_unit_work(unit_work_id: UUID) -> UUID:
    """Give the project a unit work belongs to today.

    Raises:
        NotFound: no such unit work.
    """
    found = UnitWork.objects.filter(pk=unit_work_id).values_list("phase__project_id", flat=True).first()
    if found is None:
        raise NotFound
    return found


def place_of(project_id: UUID, unit_work_id: UUID | None = None) -> Place | None:
    """Tell content where files of a project may be put; None when there is no such place."""
    project = Project.objects.filter(pk=project_id).first()
    if project is None:
        return None
    if unit_work_id and not UnitWork.objects.filter(pk=unit_work_id, phase__project=project).exists():
        return None
    running = Party.objects.filter(project=project, until__isnull=True).values_list("organisation_id", flat=True)
    return Place(
        project_id=project.pk,
        client_id=project.client_id,
        party_ids=frozenset(running),
        level=project.level,
        closed=project.status in _CLOSED,
        unit_work_id=unit_work_id,
    )


def parties_of(project_id: UUID, *, former: bool = True) -> tuple[PartyFacts, ...]:
    """Give the parties of a project, the earliest first; former ones too unless told otherwise."""
    rows = Party.objects.filter(project_id=project_id).select_related("organisation").order_by("since", "id")
    if not former:
        rows = rows.filter(until__isnull=True)
    units: dict[UUID, set[UUID]] = {}
    for party_id, unit_id in PartyUnit.objects.filter(party__project_id=project_id).values_list(
        "party_id", "unit_work_id"
    ):
        units.setdefault(party_id, set()).add(unit_id)
    return tuple(
        PartyFacts(
            row.pk,
            row.organisation_id,
            row.organisation.name,
            row.role,
            row.since,
            row.until,
            frozenset(units.get(row.pk, ())),
        )
        for row in rows
    )


def organisations_of(project_id: UUID, role: str) -> tuple[tuple[UUID, str], ...]:
    """Give id and name of today's parties of a role."""
    return tuple(
        (party.organisation_id, party.organisation_name)
        for party in parties_of(project_id, former=False)
        if party.role == role
    )


def unit_work_facts(unit_work_id: UUID) -> UnitWorkFacts:
    """Give a unit work with its project, milestones and parties.

    Raises:
        NotFound: no such unit work.
    """
    unit = UnitWork.objects.select_related("phase__project").filter(pk=unit_work_id).first()
    if unit is None:
        raise NotFound
    steps = {row.kind: (row.planned_on, row.happened_on) for row in Milestone.objects.filter(unit_work=unit)}
    return _shape(unit, steps, parties_of(unit.phase.project_id))


def unit_works_of(project_id: UUID) -> tuple[UnitWorkFacts, ...]:
    """Give all unit works of a project, by phase and code, in four queries."""
    units = list(
        UnitWork.objects.select_related("phase__project")
        .filter(phase__project_id=project_id)
        .order_by("phase__code", "code")
    )
    steps: dict[UUID, dict[str, tuple[date | None, date | None]]] = {}
    for row in Milestone.objects.filter(unit_work__phase__project_id=project_id):
        steps.setdefault(row.unit_work_id, {})[row.kind] = (row.planned_on, row.happened_on)
    parties = parties_of(project_id)
    return tuple(_shape(unit, steps.get(unit.pk, {}), parties) for unit in units)


def _shape(
    unit: UnitWork, steps: Mapping[str, tuple[date | None, date | None]], parties: tuple[PartyFacts, ...]
) -> UnitWorkFacts:
    project = unit.phase.project
    return UnitWorkFacts(
        unit_work_id=unit.pk,
        code=unit.code,
        name=unit.name,
        kind=unit.kind,
        nature=unit.nature,
        phase_id=unit.phase_id,
        phase_code=unit.phase.code,
        phase_name=unit.phase.name,
        project_id=project.pk,
        project_code=project.code,
        project_name=project.name,
        client_id=project.client_id,
        level=project.level,
        status=project.status,
        structure_id=unit.structure_id,
        special=unit.special,
        accepted_on=project.accepted_on,
        milestones=steps,
        parties=tuple(party for party in parties if party.works_on(unit.pk)),
    )


def project_of_party(party_id: UUID) -> UUID:
    """Give the project of a party.

    Raises:
        NotFound: no such party.
    """
    found = Party.objects.filter(pk=party_id).values_list("project_id", flat=True).first()
    if found is None:
        raise NotFound
    return found


def project_by_code(actor: Actor, code: str) -> UUID:
    """Give the project of a code, as people write codes.

    Raises:
        NotFound: no such project, or none this actor may know of.
    """
    found = visible_projects(actor).filter(code=identifiers.normalise(code)).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound
    return found
