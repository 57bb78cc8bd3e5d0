"""One row of an imported list turned into the acts a person would do by hand."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from zhudang.identity.rights import Actor
from zhudang.registry import facts
from zhudang.registry.domain import identifiers
from zhudang.registry.domain.projects import ProjectDraft, warnings_about_project
from zhudang.registry.domain.tables import ReadRow
from zhudang.registry.models import Party, PartyUnit, Phase, Project, UnitWork
from zhudang.registry.operations.parties import add_party
from zhudang.registry.operations.projects import (
    CannotRegister,
    add_phase,
    add_unit_work,
    describe_project,
    describe_unit_work,
    register_project,
)
from zhudang.registry.queries.organisations import find_organisations
from zhudang.shared.refusals import NotFound, Reason

if TYPE_CHECKING:
    from zhudang.registry.operations.imports import RowOutcome

_SEPARATORS = re.compile(r"[、,，;；\s]+")


def _outcome(verdict: str, subject: str = "", warnings: Any = ()) -> RowOutcome:
    from zhudang.registry.operations.imports import RowOutcome

    return RowOutcome(verdict, subject, (), warnings)


def import_project(actor: Actor, row: ReadRow, now: datetime) -> RowOutcome:
    """Enter a project, or bring a registered one up to what the row says; empty cells change nothing."""
    values = row.values
    client = _organisation(values["client"])
    project = _visible(actor).filter(code=identifiers.normalise(values["code"])).first()
    draft = ProjectDraft(values["code"], values["name"], values["kind"], area_code=values["area_code"] or "")
    warnings = warnings_about_project(draft, known_areas=facts.known_areas(facts.today_of(now)))
    if project is None:
        new = register_project(
            actor=actor,
            code=values["code"],
            name=values["name"],
            kind=values["kind"],
            client_id=client,
            address=values["address"] or "",
            area_code=values["area_code"] or "",
            level=1 if values["level"] is None else int(values["level"]),
            lon=values["lon"],
            lat=values["lat"],
            started_on=values["started_on"],
            completed_on=values["completed_on"],
            now=now,
        )
        return _outcome("new", f"registry.project:{new}", warnings)
    differs = []
    if project.client_id != client:
        differs.append(Reason("registry.row_client_differs", {}))
    if project.name != values["name"].strip():
        differs.append(Reason("registry.row_name_differs", {}))
    if differs:
        raise CannotRegister(*differs)
    fields = ("kind", "address", "area_code", "lon", "lat", "started_on", "completed_on")
    wanted = {
        name: values[name] for name in fields if values[name] is not None and values[name] != getattr(project, name)
    }
    if wanted:
        describe_project(actor=actor, project_id=project.pk, now=now, **wanted)
    return _outcome("change" if wanted else "same", f"registry.project:{project.pk}", warnings)


def import_unit_work(actor: Actor, row: ReadRow, now: datetime) -> RowOutcome:
    """Enter a unit work; its phase is entered too when the row names it."""
    values = row.values
    project = _project(actor, values["project_code"])
    code = identifiers.normalise(values["phase_code"])
    phase = Phase.objects.filter(code=code, project=project).first()
    if phase is None and not values["phase_name"]:
        raise CannotRegister(Reason("registry.row_phase_unknown", {"value": code}))
    phase_id = (
        phase.pk
        if phase
        else add_phase(actor=actor, project_id=project.pk, code=code, name=values["phase_name"], now=now)
    )
    unit = UnitWork.objects.filter(phase_id=phase_id, code=identifiers.normalise(values["code"])).first()
    if unit is None:
        new = add_unit_work(
            actor=actor,
            phase_id=phase_id,
            code=values["code"],
            name=values["name"],
            kind=values["kind"],
            nature=values["nature"] or "new",
            now=now,
        )
        return _outcome("new", f"registry.unit_work:{new}")
    if unit.kind != values["kind"]:
        raise CannotRegister(Reason("registry.row_kind_differs", {}))
    nature = values["nature"] or unit.nature
    if (unit.name, unit.nature) == (values["name"].strip(), nature):
        return _outcome("same", f"registry.unit_work:{unit.pk}")
    describe_unit_work(
        actor=actor,
        unit_work_id=unit.pk,
        name=values["name"],
        nature=nature,
        structure_id=unit.structure_id,
        special=unit.special,
        now=now,
    )
    return _outcome("change", f"registry.unit_work:{unit.pk}")


def import_party(actor: Actor, row: ReadRow, now: datetime) -> RowOutcome:
    """Let an organisation take part, once."""
    values = row.values
    project = _project(actor, values["project_code"])
    organisation = _organisation(values["organisation"])
    units = _units(project, values["units"])
    present = Party.objects.filter(
        project=project, organisation_id=organisation, role=values["role"], until__isnull=True
    ).first()
    if present is not None:
        known = set(PartyUnit.objects.filter(party=present).values_list("unit_work_id", flat=True))
        new = set(units) - known
        if not units or not known or not new:
            return _outcome("same", f"registry.party:{present.pk}")
        facts.lock_project(actor, "registry.party.add", project.pk)
        PartyUnit.objects.bulk_create(PartyUnit(party=present, unit_work_id=unit) for unit in new)
        return _outcome("change", f"registry.party:{present.pk}")
    party = add_party(
        actor=actor,
        project_id=project.pk,
        organisation_id=organisation,
        role=values["role"],
        since=values["since"],
        unit_work_ids=units,
        now=now,
    )
    return _outcome("new", f"registry.party:{party}")


def _visible(actor: Actor) -> Any:
    return Project.objects.filter(facts.project_filter(actor))


def _project(actor: Actor, code: str) -> Project:
    project = _visible(actor).filter(code=identifiers.normalise(code)).first()
    if project is None:
        raise NotFound
    return project  # type: ignore[no-any-return]


def _organisation(text: str) -> UUID:
    found = find_organisations(text)
    if not found:
        raise CannotRegister(Reason("registry.row_organisation_unknown", {"value": text}))
    if len(found) > 1:
        raise CannotRegister(Reason("registry.row_organisation_ambiguous", {"value": text}))
    return found[0]


def _units(project: Project, text: str | None) -> list[UUID]:
    codes = [identifiers.normalise(code) for code in _SEPARATORS.split(text or "") if code]
    known = dict(UnitWork.objects.filter(phase__project=project, code__in=codes).values_list("code", "pk"))
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise CannotRegister(*(Reason("registry.row_unit_unknown", {"value": code}) for code in unknown))
    return [known[code] for code in codes]
