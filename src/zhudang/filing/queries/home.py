"""The clerk's home: what is owed, by when, what came back, what waits for a yes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Q

from zhudang.content import queries as content
from zhudang.filing.models import Record, ScopeAdoption, Suggestion
from zhudang.filing.queries.standing import UnitProgress, name_what_is_next, progress_by_unit
from zhudang.filing.queries.visibility import visible
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry
from zhudang.registry.models import Milestone, Party, UnitWork

MOST_RETURNED = 30
MOST_UNITS = 40
MOST_RUNS = 4


@dataclass(frozen=True)
class ReturnedRow:
    """A record that came back: reason first, cure, code; whether it was mended already."""

    id: UUID
    title: str
    code: str
    unit_work_name: str
    unit_work_id: UUID | None
    project_name: str
    reason: str
    cure: str
    finding: str
    returned_at: datetime | None
    returned_by: str
    cured: bool
    mine: bool


@dataclass(frozen=True)
class UnitRow:
    """A unit work with its progress."""

    id: UUID
    name: str
    project_id: UUID
    project_name: str
    milestone: str
    milestone_on: date | None
    progress: UnitProgress

    @property
    def standing(self) -> str:
        """The state mark's code for the whole unit work."""
        p = self.progress
        if p.owed and p.filed >= p.owed:
            return "filed"
        if p.back:
            return "back"
        if p.passed:
            return "warn"
        if p.soon:
            return "soon"
        return "owed" if p.now else "none"


@dataclass(frozen=True)
class RunRow:
    """What came in together and how its check ended."""

    folder: str
    at: datetime
    passed: int
    warned: int
    manual: int
    failed: int
    project_id: UUID | None


@dataclass(frozen=True)
class PencilRow:
    """A suggestion waiting for a person."""

    id: UUID
    project_id: UUID
    file_name: str
    code: str
    title: str
    confidence: int


@dataclass(frozen=True)
class ClerkHome:
    """The clerk's home page."""

    today: date
    projects: tuple[tuple[UUID, str, str], ...]
    chosen: UUID | None
    returned: tuple[ReturnedRow, ...]
    returned_count: int
    cured_count: int
    units: tuple[UnitRow, ...]
    unit_count: int
    owed: int
    filed: int
    now: int
    passed: int
    soon: int
    later: int
    not_applicable: int
    runs: tuple[RunRow, ...]
    pencil: tuple[PencilRow, ...]
    pencil_count: int
    waiting: int
    lists: tuple[str, ...]

    @property
    def first_project(self) -> UUID | None:
        """Where the drop zone puts files when nothing is chosen."""
        return self.chosen or (self.projects[0][0] if self.projects else None)


def projects_of(actor: Actor) -> list[tuple[UUID, str, str]]:
    """The projects the person files in: as client or as a party of today; newest first."""
    mine = actor.organisations_as(*FILERS)
    joined = Party.objects.filter(organisation_id__in=mine, until__isnull=True).values("project_id")
    rows = registry.visible_projects(actor).filter(Q(client_id__in=mine) | Q(id__in=joined))
    return list(rows.order_by("-registered_at").values_list("id", "name", "code"))


def clerk_home(actor: Actor, *, today: date, project_id: UUID | None = None) -> ClerkHome:
    """What should I do now? For everyone who files; counts only what the person may know of."""
    projects = projects_of(actor)
    chosen = next((p for p, _name, _code in projects if p == project_id), None)
    ids = [chosen] if chosen else [p for p, _name, _code in projects]
    units = _units(actor, ids, today)
    back = _returned(actor, ids)
    returned, cured = back.order_by().aggregate(  # one look at the rows that came back
        returned=Count("id", filter=Q(cured_at__isnull=True)), cured=Count("id", filter=Q(cured_at__isnull=False))
    ).values()  # fmt: skip
    pencil = Suggestion.objects.filter(
        state="open", project_id__in=ids, organisation_id__in=actor.organisations_as(*FILERS)
    )
    kinds = set(UnitWork.objects.filter(phase__project_id__in=ids).order_by().values_list("kind", flat=True).distinct())
    every, pencil_count = [u.progress for u in units], pencil.count()
    return ClerkHome(
        today=today, projects=tuple(projects), chosen=chosen, returned=tuple(_shape(r, actor) for r in back[:MOST_RETURNED]) if returned or cured else (),
        returned_count=returned, cured_count=cured,
        units=_with_next(actor, units[:MOST_UNITS], today), unit_count=len(units),
        owed=sum(p.owed for p in every), filed=sum(p.filed for p in every), now=sum(p.now for p in every),
        passed=sum(p.passed for p in every), soon=sum(p.soon for p in every), later=sum(p.later for p in every),
        not_applicable=sum(p.not_applicable for p in every), runs=_runs(actor, ids),
        pencil=_pencil(pencil) if pencil_count else (), pencil_count=pencil_count, waiting=unassigned(actor, ids).count(),
        lists=tuple(ScopeAdoption.objects.filter(kind__in=kinds).order_by("scope_list__title").values_list("scope_list__title", flat=True).distinct()),
    )  # fmt: skip


def unassigned(actor: Actor, project_ids: list[UUID]) -> Any:
    """Files of the person's own organisations that no record holds yet."""
    mine = actor.organisations_as(*FILERS)
    waiting = content.visible_to(actor).filter(in_record=False, own_document=False)
    return waiting.filter(project_id__in=project_ids, organisation_id__in=mine)


def owed_by_units(actor: Actor, *, today: date) -> list[UnitRow]:
    """Every unit work the person files for with what it owes, the most pressing first; what comes next isn't named."""
    return _units(actor, [project for project, _name, _code in projects_of(actor)], today)


def _units(actor: Actor, ids: list[UUID], today: date) -> list[UnitRow]:
    """Unit works, the most pressing first."""
    progress = progress_by_unit(actor, ids, today=today)
    rows = UnitWork.objects.filter(id__in=progress).values_list(
        "id", "name", "phase__project_id", "phase__project__name"
    )
    steps: dict[UUID, tuple[str, date | None]] = {}
    for unit, kind, day in (
        Milestone.objects.filter(unit_work_id__in=progress, happened_on__isnull=False)
        .order_by("unit_work_id", "happened_on")
        .values_list("unit_work_id", "kind", "happened_on")
    ):
        steps[unit] = (kind, day)
    found = [
        UnitRow(i, name, project, project_name, *steps.get(i, ("", None)), progress[i])
        for i, name, project, project_name in rows
    ]
    return sorted(found, key=lambda u: (not u.progress.now, u.progress.next_on or date.max, u.project_name, u.name))


def _with_next(actor: Actor, units: list[UnitRow], today: date) -> tuple[UnitRow, ...]:
    projects = {unit.project_id for unit in units}
    named = name_what_is_next(actor, projects, [unit.progress for unit in units], today=today)
    return tuple(replace(unit, progress=named[unit.id]) for unit in units)


def _returned(actor: Actor, ids: list[UUID]) -> Any:
    return (
        Record.objects.live()
        .filter(visible(actor), project_id__in=ids, state="returned")
        .select_related("unit_work", "project")
        .order_by(F("cured_at").desc(nulls_first=True), "-returned_at", "id")
    )


def _shape(row: Record, actor: Actor) -> ReturnedRow:
    return ReturnedRow(
        id=row.id, title=row.title, code=row.code, unit_work_name=row.unit_work.name if row.unit_work else "",
        unit_work_id=row.unit_work_id, project_name=row.project.name, reason=row.returned_reason,
        cure=row.returned_cure, finding=row.returned_code, returned_at=row.returned_at, returned_by=row.returned_by,
        cured=row.cured_at is not None, mine=row.organisation_id in actor.organisation_ids,
    )  # fmt: skip


def _runs(actor: Actor, ids: list[UUID]) -> tuple[RunRow, ...]:
    """The latest checked folders of the person's own files."""
    checked = (
        content.visible_to(actor)
        .filter(project_id__in=ids, own_document=False, checked_at__isnull=False)
        .filter(organisation_id__in=actor.organisations_as(*FILERS))
    )
    # The folders first, each by a walk down the newest files: counting every folder to show four reads all files.
    chosen: list[Q] = []
    while len(chosen) < MOST_RUNS:
        rest = checked.exclude(reduce(or_, chosen)) if chosen else checked
        if (newest := rest.order_by("-checked_at").values("project_id", "folder").first()) is None:
            break
        chosen.append(Q(**newest))
    if not chosen:
        return ()
    rows = (
        checked.filter(reduce(or_, chosen))
        .values("project_id", "folder")
        .annotate(
            at=Max("checked_at"),
            passed=Count("id", filter=Q(verdict="pass")),
            warned=Count("id", filter=Q(verdict="warn")),
            manual=Count("id", filter=Q(verdict="manual")),
            failed=Count("id", filter=Q(verdict="fail")),
        )
        .order_by("-at")
    )
    return tuple(RunRow(**row) for row in rows)


def _pencil(rows: Any) -> tuple[PencilRow, ...]:
    fields = (
        "id",
        "project_id",
        "file__name",
        "obligation__scope_item__code",
        "obligation__scope_item__title",
        "confidence",
    )
    return tuple(PencilRow(*row) for row in rows.order_by("-confidence", "id").values_list(*fields)[:4])
