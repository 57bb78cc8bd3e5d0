"""The project list and the project's page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry import facts
from zhudang.registry.domain import identifiers
from zhudang.registry.domain.milestones import milestones_for
from zhudang.registry.domain.projects import ENDED, ProjectDraft, warnings_about_project
from zhudang.registry.models import Milestone, Permit, Project, ProjectName, Responsibility, UnitWork
from zhudang.registry.queries.facts import PartyFacts, parties_of, visible_projects, visible_structures
from zhudang.shared.refusals import NotFound, Reason

STATES: Mapping[str, Q] = {
    "running": Q(status="running", accepted_on__isnull=True),
    "accepted": Q(status="running", accepted_on__isnull=False),
    "suspended": Q(status="suspended"),
    "ended": Q(status__in=ENDED),
}


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """One row of the project list."""

    project_id: UUID
    code: str
    name: str
    kind: str
    address: str
    client: str
    level: int
    status: str
    state: str
    started_on: date | None
    accepted_on: date | None
    registered_at: datetime
    unit_count: int


@dataclass(frozen=True, slots=True)
class ProjectCounts:
    """How many projects stand behind each filter chip, counted within what the person may know of."""

    total: int
    by_state: Mapping[str, int]
    by_kind: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of building on a unit work's line."""

    code: str
    planned_on: date | None
    happened_on: date | None
    order: int


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit work on the project's page."""

    unit_work_id: UUID
    code: str
    name: str
    kind: str
    nature: str
    structure_id: UUID | None
    structure_name: str
    steps: tuple[StepRow, ...]
    last_step: StepRow | None
    next_step: StepRow | None
    revision: int
    special: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase with its unit works."""

    phase_id: UUID
    code: str
    name: str
    units: tuple[UnitRow, ...]


@dataclass(frozen=True, slots=True)
class PermitRow:
    """A permit as it is shown."""

    permit_id: UUID
    kind: str
    number: str
    issued_on: date
    issuer: str
    source: str
    warnings: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class ResponsibilityRow:
    """One line of the responsibility register."""

    duty: str
    person: str
    phone: str
    organisation: str
    note: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name the project bore."""

    name: str
    since: date | None
    until: date | None
    basis: str


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """Everything the project's page shows."""

    project_id: UUID
    code: str
    name: str
    kind: str
    address: str
    area_code: str
    client_id: UUID
    client: str
    level: int
    is_open: bool
    status: str
    lon: float | None
    lat: float | None
    started_on: date | None
    completed_on: date | None
    accepted_on: date | None
    long_works: bool
    registered_at: datetime
    revision: int
    changed_at: datetime
    changed_by: str
    continued_in: tuple[UUID, str] | None
    split_from: tuple[UUID, str] | None
    former_names: tuple[FormerName, ...]
    phases: tuple[PhaseRow, ...]
    parties: tuple[PartyFacts, ...]
    permits: tuple[PermitRow, ...]
    responsibilities: tuple[ResponsibilityRow, ...]
    warnings: tuple[Reason, ...]
    may: Mapping[str, bool]

    @property
    def unit_count(self) -> int:
        """How many unit works the project has."""
        return sum(len(phase.units) for phase in self.phases)

    @property
    def present_parties(self) -> tuple[PartyFacts, ...]:
        """Those who take part today."""
        return tuple(party for party in self.parties if party.until is None)

    @property
    def ended(self) -> bool:
        """True when nothing of the registration changes any more."""
        return self.status in ENDED


def state_of(status: str, accepted_on: date | None) -> str:
    """Tell under which chip of the list a project stands."""
    if status in ENDED:
        return "ended"
    return "accepted" if status == "running" and accepted_on else status


def find_projects(actor: Actor, *, q: str = "", state: str = "", kind: str = "") -> QuerySet[Project]:
    """Give the projects `actor` may know of that answer the words and filters."""
    rows = visible_projects(actor)
    for word in q.split():
        code = identifiers.normalise(word)
        rows = rows.filter(
            Q(name__icontains=word) | Q(address__icontains=word) | Q(code__contains=code)
            | Q(names__name__icontains=word) | Q(client__name__icontains=word)
            | Q(permits__number__contains=code) | Q(phases__code__contains=code)
        )  # fmt: skip
    if q:
        rows = Project.objects.filter(pk__in=rows.values("pk"))
    if state in STATES:
        rows = rows.filter(STATES[state])
    if kind:
        rows = rows.filter(kind=kind)
    return rows


def list_order(rows: QuerySet[Project], order: Sequence[str]) -> QuerySet[Project]:
    """Order a list and read what its rows show."""
    counted = rows.select_related("client").annotate(units=Count("phases__unit_works"))
    return counted.order_by(*order, "id")


def shape_row(project: Any) -> ProjectRow:
    """Shape one row of `list_order`."""
    return ProjectRow(
        project.pk,
        project.code,
        project.name,
        project.kind,
        project.address,
        project.client.name,
        project.level,
        project.status,
        state_of(project.status, project.accepted_on),
        project.started_on,
        project.accepted_on,
        project.registered_at,
        project.units,
    )


def count_projects(actor: Actor, *, q: str = "", state: str = "", kind: str = "") -> ProjectCounts:
    """Count what stands behind the chips; each chip within the other filter."""
    by_state = find_projects(actor, q=q, kind=kind).aggregate(
        total=Count("pk"), **{name: Count("pk", filter=condition) for name, condition in STATES.items()}
    )
    kinds = find_projects(actor, q=q, state=state).values_list("kind").annotate(n=Count("pk")).order_by("kind")
    return ProjectCounts(by_state.pop("total"), by_state, dict(kinds))


ACTS = (
    "registry.project.describe", "registry.project.rename", "registry.project.suspend", "registry.project.classify",
    "registry.phase.add", "registry.unit_work.add", "registry.party.add", "registry.party.replace",
    "registry.permit.record", "registry.milestone.record", "registry.acceptance.record",
    "registry.responsibility.record",
)  # fmt: skip
PAGES = ("filing.checklist.read", "filing.volume.read", "handover.notice.read", "handover.delivery.read")
"""Acts of the pages a project's page leads to: nobody is shown a way that ends in a refusal."""


def project_page(actor: Actor, project_id: UUID) -> ProjectPage:
    """Give the project's page as `actor` may see it.

    Raises:
        NotFound: no such project, or none this actor may know of.
    """
    project = (
        visible_projects(actor).select_related("client", "continued_in", "split_from").filter(pk=project_id).first()
    )
    if project is None:
        raise NotFound
    thing = facts.facts_of(project)
    visible = set(
        visible_projects(actor)
        .filter(pk__in=[pk for pk in (project.continued_in_id, project.split_from_id) if pk])
        .values_list("pk", flat=True)
    )
    return ProjectPage(
        project_id=project.pk, code=project.code, name=project.name, kind=project.kind, address=project.address,
        area_code=project.area_code, client_id=project.client_id, client=project.client.name, level=project.level,
        is_open=project.is_open, status=project.status, lon=project.lon, lat=project.lat,
        started_on=project.started_on, completed_on=project.completed_on, accepted_on=project.accepted_on,
        long_works=project.long_works, registered_at=project.registered_at, revision=project.revision,
        changed_at=project.changed_at, changed_by=project.changed_by,
        continued_in=_link(project.continued_in, visible), split_from=_link(project.split_from, visible),
        former_names=_former_names(project), phases=_phases(actor, project), parties=parties_of(project.pk),
        permits=_permits(project), responsibilities=_responsibilities(project), warnings=_warnings(project),
        may={act.removeprefix("registry."): rights.may(actor, act, thing) for act in (*ACTS, *PAGES)},
    )  # fmt: skip


def _link(project: Project | None, visible: set[UUID]) -> tuple[UUID, str] | None:
    return (project.pk, project.name) if project is not None and project.pk in visible else None


def _former_names(project: Project) -> tuple[FormerName, ...]:
    rows = ProjectName.objects.filter(project=project, until__isnull=False).order_by("until")
    return tuple(FormerName(row.name, row.since, row.until, row.basis) for row in rows)


def project_names(project_id: UUID) -> tuple[str, ...]:
    """Every name a project has or had, the present one first. Rights were asked by the caller."""
    present = Project.objects.filter(pk=project_id).values_list("name", flat=True)
    former = ProjectName.objects.filter(project_id=project_id, until__isnull=False).order_by("-until")
    return tuple(dict.fromkeys((*present, *former.values_list("name", flat=True))))


def _phases(actor: Actor, project: Project) -> tuple[PhaseRow, ...]:
    known = set(visible_structures(actor).filter(unit_works__phase__project=project).values_list("pk", flat=True))
    steps: dict[UUID, dict[str, Milestone]] = {}
    for row in Milestone.objects.filter(unit_work__phase__project=project):
        steps.setdefault(row.unit_work_id, {})[row.kind] = row
    units: dict[UUID, list[UnitRow]] = {}
    for unit in UnitWork.objects.filter(phase__project=project).select_related("structure").order_by("code"):
        units.setdefault(unit.phase_id, []).append(_unit(unit, known, steps.get(unit.pk, {})))
    return tuple(
        PhaseRow(phase.pk, phase.code, phase.name, tuple(units.get(phase.pk, ())))
        for phase in project.phases.order_by("code")
    )


def _unit(unit: UnitWork, known: Collection[UUID], recorded: Mapping[str, Milestone]) -> UnitRow:
    steps = tuple(
        StepRow(
            kind.code,
            recorded[kind.code].planned_on if kind.code in recorded else None,
            recorded[kind.code].happened_on if kind.code in recorded else None,
            kind.order,
        )
        for kind in milestones_for(unit.kind)
    )
    done = [step for step in steps if step.happened_on]
    ahead = [step for step in steps if not step.happened_on and (not done or step.order > done[-1].order)]
    return UnitRow(
        unit.pk,
        unit.code,
        unit.name,
        unit.kind,
        unit.nature,
        unit.structure_id if unit.structure_id in known else None,
        unit.structure.name if unit.structure and unit.structure_id in known else "",
        steps,
        done[-1] if done else None,
        next((step for step in ahead if step.planned_on), ahead[0] if ahead else None),
        unit.revision,
        unit.special,
    )


def _permits(project: Project) -> tuple[PermitRow, ...]:
    rows = Permit.objects.filter(project=project).order_by("issued_on", "number")
    return tuple(
        PermitRow(row.pk, row.kind, row.number, row.issued_on, row.issuer, row.source, _permit_warnings(row))
        for row in rows
    )


def _permit_warnings(permit: Permit) -> tuple[Reason, ...]:
    verdict = identifiers.check_permit(
        permit.kind,
        permit.number,
        today=facts.today_of(permit.recorded_at),
        known_areas=facts.known_areas(permit.issued_on),
    )
    return tuple(Reason(f"registry.{code}", {"value": verdict.value}) for code in verdict.reasons)


def _responsibilities(project: Project) -> tuple[ResponsibilityRow, ...]:
    rows = Responsibility.objects.filter(project=project).select_related("organisation").order_by("duty", "since")
    return tuple(
        ResponsibilityRow(
            row.duty,
            row.person,
            row.phone,
            row.organisation.name if row.organisation else "",
            row.note,
            row.since,
            row.until,
        )
        for row in rows
    )


def _warnings(project: Project) -> tuple[Reason, ...]:
    draft = ProjectDraft(project.code, project.name, project.kind, area_code=project.area_code)
    areas = facts.known_areas(facts.today_of(project.registered_at))
    return tuple(warnings_about_project(draft, known_areas=areas))
