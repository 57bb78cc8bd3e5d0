"""Entering and describing projects, phases and unit works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Model

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.identity import rights
from zhudang.identity.models import Organisation
from zhudang.identity.rights import Actor
from zhudang.registry import facts
from zhudang.registry.domain import identifiers
from zhudang.registry.domain.projects import (
    ProjectDraft,
    differences,
    why_not_change,
    why_not_name,
    why_not_phase,
    why_not_project,
    why_not_unit_work,
)
from zhudang.registry.domain.special import why_not_special
from zhudang.registry.models import Party, PartyRole, Phase, Project, ProjectName, Structure, UnitWork
from zhudang.shared.refusals import NotFound, Reason, Refusal

Row = TypeVar("Row", bound=Model)


class CannotRegister(Refusal):
    """A project, phase or unit work cannot be entered as given."""


class CannotChange(Refusal):
    """A registration cannot be changed as wished."""


def why_not_register(draft: ProjectDraft, *, now: datetime) -> list[Reason]:
    """Everything that speaks against registering a project, its client apart."""
    today = facts.today_of(now)
    taken = Project.objects.filter(code=identifiers.normalise(draft.code)).exists()
    return why_not_project(draft, today=today, code_taken=taken, known_areas=facts.known_areas(today))


@transaction.atomic
def register_project(
    *,
    actor: Actor,
    code: str,
    name: str,
    kind: str,
    client_id: UUID,
    now: datetime,
    address: str = "",
    area_code: str = "",
    level: int = 1,
    lon: float | None = None,
    lat: float | None = None,
    site_wkb: bytes | None = None,
    started_on: date | None = None,
    completed_on: date | None = None,
    long_works: bool = False,
) -> UUID:
    """Enter a project (报建登记); its client becomes its first party.

    Raises:
        CannotRegister: with every reason.
        Forbidden: a client's people may enter only their own projects.
    """
    rights.demand(actor, "registry.project.create", rights.ThingFacts(client_id=client_id))
    today, value = facts.today_of(now), identifiers.normalise(code)
    draft = ProjectDraft(code, name, kind, address, area_code, level, lon, lat, started_on, completed_on)
    reasons = why_not_register(draft, now=now)
    if not Organisation.objects.filter(pk=client_id).exists():
        reasons.append(Reason("registry.client_unknown", {}))
    if reasons:
        raise CannotRegister(*reasons)
    project = _create(
        Project,
        Reason("registry.code_taken", {"value": value}),
        code=value,
        name=name.strip(),
        kind=kind,
        address=address.strip(),
        area_code=identifiers.normalise(area_code) or value.split("-")[1],
        client_id=client_id,
        level=level,
        lon=lon,
        lat=lat,
        site_wkb=site_wkb,
        started_on=started_on,
        completed_on=completed_on,
        long_works=long_works,
        registered_at=now,
        registered_by=actor.account_id,
        changed_at=now,
        changed_by=actor.name or actor.username,
    )
    ProjectName.objects.create(project=project, name=project.name)
    Party.objects.create(project=project, organisation_id=client_id, role=PartyRole.CLIENT, since=today)
    _tell(actor, "registry.project.registered", f"registry.project:{project.pk}", now, project, {"code": value})
    return project.pk


@transaction.atomic
def describe_project(
    *, actor: Actor, project_id: UUID, now: datetime, revision: int | None = None, **wanted: Any
) -> None:
    """Change what is registered of a project, except its name, code, client and level.

    Args:
        revision: the revision the form was filled from; a newer one is a conflict.
        wanted: any of kind, address, area_code, lon, lat, site_wkb, started_on, completed_on, long_works.

    Raises:
        Conflict: somebody else changed it first; old and new side by side.
        CannotChange: with every reason.
    """
    unknown = set(wanted) - _DESCRIBABLE
    if unknown:
        raise TypeError(f"not describable: {sorted(unknown)}")
    project = facts.lock_project(actor, "registry.project.describe", project_id)
    facts.demand_revision(project, revision, wanted)
    today = facts.today_of(now)
    draft = replace(draft_of(project), **{k: v for k, v in wanted.items() if k in ProjectDraft.__slots__})
    reasons = why_not_change(project.status)
    reasons += why_not_project(draft, today=today, known_areas=facts.known_areas(today))
    if reasons:
        raise CannotChange(*reasons)
    changed = _take(project, wanted)
    if not changed:
        return
    facts.touch(project, actor, now, [change["field"] for change in changed])
    _tell(actor, "registry.project.described", f"registry.project:{project.pk}", now, project, {"changes": changed})


_DESCRIBABLE = frozenset(
    {"kind", "address", "area_code", "lon", "lat", "site_wkb", "started_on", "completed_on", "long_works"}
)


@transaction.atomic
def rename_project(
    *,
    actor: Actor,
    project_id: UUID,
    name: str,
    since: date,
    now: datetime,
    basis: str = "",
    revision: int | None = None,
) -> None:
    """Give a project another name from `since` on; the former one stays findable (曾用名)."""
    project = facts.lock_project(actor, "registry.project.rename", project_id)
    facts.demand_revision(project, revision, {"name": name})
    reasons = why_not_change(project.status) + why_not_name(name)
    present = ProjectName.objects.get(project=project, until__isnull=True)
    if name.strip() == project.name:
        reasons.append(Reason("registry.same_name", {}))
    if since > facts.today_of(now):
        reasons.append(Reason("registry.rename_in_future", {"day": since}))
    if present.since is not None and since <= present.since:
        reasons.append(Reason("registry.rename_before_last", {"since": present.since}))
    if reasons:
        raise CannotChange(*reasons)
    former, project.name = project.name, name.strip()
    present.until = since
    present.save(update_fields=["until"])
    ProjectName.objects.create(project=project, name=project.name, since=since, basis=basis.strip())
    facts.touch(project, actor, now, ["name"])
    _tell(
        actor,
        "registry.project.renamed",
        f"registry.project:{project.pk}",
        now,
        project,
        {"former": former, "name": project.name},
    )


@transaction.atomic
def classify_project(
    *, actor: Actor, project_id: UUID, level: int, is_open: bool, now: datetime, revision: int | None = None
) -> None:
    """Set a project's secrecy level and whether it is reviewed as open to the public."""
    project = facts.lock_project(actor, "registry.project.classify", project_id)
    facts.demand_revision(project, revision, {"level": level, "is_open": is_open})
    reasons = []
    if level not in range(5):
        reasons.append(Reason("registry.level_unknown", {"value": level}))
    if is_open and level != 0:
        reasons.append(Reason("registry.open_but_classified", {}))
    if reasons:
        raise CannotChange(*reasons)
    changed = _take(project, {"level": level, "is_open": is_open})
    if not changed:
        return
    facts.touch(project, actor, now, ["level", "is_open"])
    _tell(actor, "registry.project.classified", f"registry.project:{project.pk}", now, project, {"changes": changed})


@transaction.atomic
def add_phase(
    *,
    actor: Actor,
    project_id: UUID,
    code: str,
    name: str,
    now: datetime,
    started_on: date | None = None,
    completed_on: date | None = None,
) -> UUID:
    """Add a construction phase (工程) with its works code."""
    project = facts.lock_project(actor, "registry.phase.add", project_id)
    value = identifiers.normalise(code)
    taken = Phase.objects.filter(code=value).exists()
    reasons = why_not_phase(code=code, name=name, project_code=project.code, status=project.status, code_taken=taken)
    if reasons:
        raise CannotRegister(*reasons)
    phase = _create(
        Phase,
        Reason("registry.works_code_taken", {"value": value}),
        project=project,
        code=value,
        name=name.strip(),
        started_on=started_on,
        completed_on=completed_on,
    )
    _tell(actor, "registry.phase.added", f"registry.phase:{phase.pk}", now, project, {"phase_id": str(phase.pk)})
    return phase.pk


@transaction.atomic
def add_unit_work(
    *,
    actor: Actor,
    phase_id: UUID,
    code: str,
    name: str,
    kind: str,
    now: datetime,
    structure_id: UUID | None = None,
    nature: str = "new",
    special: Mapping[str, Any] | None = None,
) -> UUID:
    """Add a unit work (单位工程) to a phase; it may belong to a structure that already stands."""
    phase = Phase.objects.filter(pk=phase_id).first()
    if phase is None:
        raise NotFound
    project = facts.lock_project(actor, "registry.unit_work.add", phase.project_id)
    value = identifiers.normalise(code)
    reasons = why_not_unit_work(
        code=code,
        name=name,
        kind=kind,
        nature=nature,
        status=project.status,
        code_taken=UnitWork.objects.filter(phase=phase, code=value).exists(),
        structure_kind=_structure_kind(actor, structure_id),
    ) + why_not_special(kind, special or {})
    if reasons:
        raise CannotRegister(*reasons)
    unit = UnitWork.objects.create(
        phase=phase,
        code=value,
        name=name.strip(),
        kind=kind,
        structure_id=structure_id,
        nature=nature,
        special=dict(special or {}),
        changed_at=now,
        changed_by=actor.name or actor.username,
    )
    _tell(
        actor,
        "registry.unit_work.added",
        f"registry.unit_work:{unit.pk}",
        now,
        project,
        {"unit_work_id": str(unit.pk), "structure_id": str(structure_id or "")},
    )
    # Permits import this module for its refusals; what they bring to a late unit work is asked for here only.
    from zhudang.registry.operations.permits import catch_up

    catch_up(project, unit, actor, now)
    return unit.pk


@transaction.atomic
def describe_unit_work(
    *,
    actor: Actor,
    unit_work_id: UUID,
    name: str,
    nature: str,
    structure_id: UUID | None,
    special: Mapping[str, Any],
    now: datetime,
    revision: int | None = None,
) -> None:
    """Change a unit work's name, nature, structure and special record (专业记载)."""
    unit = UnitWork.objects.select_related("phase").filter(pk=unit_work_id).first()
    if unit is None:
        raise NotFound
    project = facts.lock_project(actor, "registry.unit_work.add", unit.phase.project_id)
    unit = UnitWork.objects.select_for_update(of=("self",), no_key=True).select_related("phase").get(pk=unit_work_id)
    wanted = {"name": name.strip(), "nature": nature, "structure_id": structure_id, "special": dict(special)}
    facts.demand_revision(unit, revision, wanted)
    reasons = why_not_unit_work(
        code=unit.code,
        name=name,
        kind=unit.kind,
        nature=nature,
        status=project.status,
        code_taken=False,
        structure_kind=_structure_kind(actor, structure_id),
    ) + why_not_special(unit.kind, special)
    if reasons:
        raise CannotChange(*reasons)
    changed = _take(unit, wanted)
    if not changed:
        return
    facts.touch(unit, actor, now, [change["field"] for change in changed])
    _tell(
        actor,
        "registry.unit_work.described",
        f"registry.unit_work:{unit.pk}",
        now,
        project,
        {"unit_work_id": str(unit.pk), "changes": changed},
    )


def draft_of(project: Project) -> ProjectDraft:
    """Give a project's row in the shape of the rules."""
    return ProjectDraft(
        project.code,
        project.name,
        project.kind,
        project.address,
        project.area_code,
        project.level,
        project.lon,
        project.lat,
        project.started_on,
        project.completed_on,
        project.accepted_on,
    )


def _create(model: type[Row], taken: Reason, **values: Any) -> Row:
    """Create a row; the same code entered by somebody else at this very moment is a reason, not a failure."""
    try:
        with transaction.atomic():
            return model._default_manager.create(**values)
    except IntegrityError as exc:
        if "unique" not in str(exc).lower():
            raise
        raise CannotRegister(taken) from exc


def _structure_kind(actor: Actor, structure_id: UUID | None) -> str | None:
    if structure_id is None:
        return None
    structure = Structure.objects.filter(facts.structure_filter(actor), pk=structure_id).first()
    if structure is None:
        raise NotFound
    return structure.kind


def _take(row: Any, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Set what differs on a row; tell the changes with the old and the new value, fit for the log."""
    changed = differences({field: getattr(row, field) for field in wanted}, wanted)
    for change in changed:
        setattr(row, change["field"], change["yours"])
    return [
        {"field": change["field"], "was": _plain(change["theirs"]), "is": _plain(change["yours"])} for change in changed
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return f"{len(value)} bytes"
    return value if isinstance(value, str | int | float | bool | dict | type(None)) else str(value)


def _tell(actor: Actor, act: str, subject: str, now: datetime, project: Project, data: Mapping[str, Any]) -> None:
    """Write the act into the log and publish it, both inside the act's transaction."""
    full = {"project_id": str(project.pk), **data}
    audit.record(actor=actor, act=act, subject=subject, at=now, data=full)
    events.publish(kind=act, subject=subject, data=full, at=now)
