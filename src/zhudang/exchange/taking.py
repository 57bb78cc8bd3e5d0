"""A permit's message turned into the acts a person would do by hand, all reasons gathered on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction

from zhudang.identity import operations as identity
from zhudang.identity.rights import Actor
from zhudang.registry import operations as registry
from zhudang.registry import queries
from zhudang.registry.domain import identifiers
from zhudang.registry.domain.projects import reasons_of
from zhudang.shared.refusals import NotFound, Reason, Refusal

T = TypeVar("T")


@dataclass(frozen=True)
class OrganisationMessage:
    """An organisation as another system names it."""

    name: str
    credit_code: str = ""


@dataclass(frozen=True)
class UnitMessage:
    """A unit work (单体) as another system names it."""

    code: str
    name: str
    kind: str
    nature: str = "new"


@dataclass(frozen=True)
class PhaseMessage:
    """A phase (工程) with its unit works."""

    code: str
    name: str
    unit_works: Sequence[UnitMessage] = ()


@dataclass(frozen=True)
class PartyMessage:
    """A party of the project."""

    role: str
    organisation: OrganisationMessage


@dataclass(frozen=True)
class ProjectMessage:
    """A project as the approval system holds it."""

    code: str
    name: str
    kind: str
    client: OrganisationMessage
    address: str = ""
    area_code: str = ""
    lon: float | None = None
    lat: float | None = None
    started_on: date | None = None


@dataclass(frozen=True)
class PermitMessage:
    """A permit with the project it is for."""

    project: ProjectMessage
    kind: str
    number: str
    issued_on: date
    issuer: str = ""
    unit_work_codes: Sequence[str] = ()
    phases: Sequence[PhaseMessage] = ()
    parties: Sequence[PartyMessage] = ()
    system: str = field(default="approval")

    def as_dict(self) -> dict[str, Any]:
        """Give the message as plain values, for its digest."""
        return asdict(self)


def take(actor: Actor, message: PermitMessage, now: datetime, reasons: list[Reason]) -> dict[str, Any]:
    """Do everything a permit's message asks for, in the caller's transaction.

    Args:
        reasons: filled with every reason found; with any in it the caller must undo the whole.

    Returns:
        What was entered, and warnings about what was left as it is.
    """
    warnings: list[Reason] = []
    project_id, created = _project(actor, message.project, now, reasons, warnings)
    parties = [(party.role, _organisation(actor, party.organisation, now, reasons)) for party in message.parties]
    if project_id is None:
        today = now.date()
        if message.kind in set(identifiers.PermitKind):
            reasons += reasons_of(identifiers.check_permit(message.kind, message.number, today=today))
        else:
            reasons.append(Reason("registry.permit_kind_unknown", {"value": message.kind}))
        return {}
    new_units = _units(actor, project_id, message.phases, now, reasons)
    new_parties = _parties(actor, project_id, parties, now, reasons)
    permit = _permit(actor, project_id, message, now, reasons)
    return {
        "project_id": project_id, "project_created": created, "unit_works_created": new_units,
        "parties_created": new_parties, "permit_id": permit,
        "warnings": [{"code": one.code, "data": dict(one.data)} for one in warnings],
    }  # fmt: skip


def _try(reasons: list[Reason], act: Callable[[], T]) -> T | None:
    """Do one step; a refusal is gathered and only that step undone, so that the next can be tried too."""
    try:
        with transaction.atomic():
            return act()
    except Refusal as refused:
        reasons += [reason for reason in refused.reasons if reason not in reasons]
    return None


def _organisation(actor: Actor, said: OrganisationMessage, now: datetime, reasons: list[Reason]) -> UUID | None:
    found = queries.find_organisations(said.credit_code) or (
        queries.find_organisations(said.name) if not said.credit_code.strip() else ()
    )
    if len(found) == 1:
        return found[0]
    return _try(
        reasons,
        lambda: identity.find_or_register_organisation(actor=actor, name=said.name, code=said.credit_code, now=now),
    )


def _project(
    actor: Actor, said: ProjectMessage, now: datetime, reasons: list[Reason], warnings: list[Reason]
) -> tuple[UUID | None, bool]:
    client = _organisation(actor, said.client, now, reasons)
    try:
        known = queries.project_by_code(actor, said.code)
    except NotFound:
        if client is None:
            return None, False
        new = _try(
            reasons,
            lambda: registry.register_project(
                actor=actor,
                code=said.code,
                name=said.name,
                kind=said.kind,
                client_id=client,
                address=said.address,
                area_code=said.area_code,
                lon=said.lon,
                lat=said.lat,
                started_on=said.started_on,
                now=now,
            ),
        )
        return new, new is not None
    page = queries.project_page(actor, known)
    if page.name != said.name.strip():
        warnings.append(Reason("exchange.name_differs", {"name": page.name}))
    if client is not None and page.client_id != client:
        warnings.append(Reason("exchange.client_differs", {"name": page.client}))
    wanted: dict[str, Any] = {
        "address": said.address or page.address, "area_code": said.area_code or page.area_code,
        "lon": page.lon if said.lon is None else said.lon, "lat": page.lat if said.lat is None else said.lat,
        "started_on": said.started_on or page.started_on,
    }  # fmt: skip
    _try(reasons, lambda: registry.describe_project(actor=actor, project_id=known, now=now, **wanted))
    return known, False


def _units(
    actor: Actor, project_id: UUID, phases: Sequence[PhaseMessage], now: datetime, reasons: list[Reason]
) -> list[UUID]:
    new: list[UUID] = []
    for said in phases:
        known = {phase.code: phase for phase in queries.project_page(actor, project_id).phases}
        phase = known.get(identifiers.normalise(said.code))
        phase_id = (
            phase.phase_id
            if phase
            else _try(
                reasons,
                lambda said=said: registry.add_phase(  # type: ignore[misc]
                    actor=actor, project_id=project_id, code=said.code, name=said.name, now=now
                ),
            )
        )
        if phase_id is None:
            continue
        there = {unit.code for unit in phase.units} if phase else set()
        for unit in said.unit_works:
            if identifiers.normalise(unit.code) in there:
                continue
            added = _try(
                reasons,
                lambda unit=unit, phase_id=phase_id: registry.add_unit_work(  # type: ignore[misc]
                    actor=actor,
                    phase_id=phase_id,
                    code=unit.code,
                    name=unit.name,
                    kind=unit.kind,
                    nature=unit.nature,
                    now=now,
                ),
            )
            new += [added] if added else []
    return new


def _parties(
    actor: Actor, project_id: UUID, parties: Sequence[tuple[str, UUID | None]], now: datetime, reasons: list[Reason]
) -> list[UUID]:
    there = {(party.role, party.organisation_id) for party in queries.parties_of(project_id, former=False)}
    new: list[UUID] = []
    for role, organisation in parties:
        if organisation is None or (role, organisation) in there:
            continue
        there.add((role, organisation))
        added = _try(
            reasons,
            lambda role=role, organisation=organisation: registry.add_party(  # type: ignore[misc]
                actor=actor, project_id=project_id, organisation_id=organisation, role=role, now=now
            ),
        )
        new += [added] if added else []
    return new


def _permit(
    actor: Actor, project_id: UUID, message: PermitMessage, now: datetime, reasons: list[Reason]
) -> UUID | None:
    units = {unit.code: unit.unit_work_id for unit in queries.unit_works_of(project_id)}
    codes = [identifiers.normalise(code) for code in message.unit_work_codes]
    reasons += [Reason("exchange.unit_unknown", {"value": code}) for code in codes if code not in units]
    return _try(
        reasons,
        lambda: registry.record_permit(
            actor=actor,
            project_id=project_id,
            kind=message.kind,
            number=message.number,
            issued_on=message.issued_on,
            issuer=message.issuer,
            unit_work_ids=[units[code] for code in codes if code in units],
            source=message.system[:64],
            now=now,
        ),
    )
