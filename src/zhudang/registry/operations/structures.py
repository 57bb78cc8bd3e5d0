"""Structures that outlive the projects done to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry import facts
from zhudang.registry.domain import identifiers
from zhudang.registry.domain.coordinates import why_not_lon_lat
from zhudang.registry.domain.projects import KINDS, reasons_of, why_not_name
from zhudang.registry.models import Structure
from zhudang.registry.operations.projects import CannotChange, CannotRegister, _take
from zhudang.shared.refusals import NotFound, Reason


@transaction.atomic
def register_structure(
    *,
    actor: Actor,
    name: str,
    kind: str,
    now: datetime,
    address: str = "",
    lon: float | None = None,
    lat: float | None = None,
    footprint_wkb: bytes | None = None,
    built_on: date | None = None,
    gone_on: date | None = None,
    standing: str = "in_use",
    realty_unit: str = "",
    level: int = 1,
) -> UUID:
    """Enter a building, road, bridge or pipeline that stands, stood, or will stand."""
    rights.demand(actor, "registry.structure.register")
    reasons = _why_not(name, kind, lon, lat, built_on, gone_on, standing, realty_unit, facts.today_of(now))
    if level not in range(5):
        reasons.append(Reason("registry.level_unknown", {"value": level}))
    if reasons:
        raise CannotRegister(*reasons)
    structure = Structure.objects.create(
        name=name.strip(),
        kind=kind,
        address=address.strip(),
        lon=lon,
        lat=lat,
        footprint_wkb=footprint_wkb,
        built_on=built_on,
        gone_on=gone_on,
        standing=standing,
        realty_unit=identifiers.normalise(realty_unit),
        level=level,
        changed_at=now,
        changed_by=actor.name or actor.username,
    )
    _tell_structure(actor, "registry.structure.registered", structure, now, {})
    return structure.pk


@transaction.atomic
def describe_structure(
    *, actor: Actor, structure_id: UUID, now: datetime, revision: int | None = None, **wanted: Any
) -> None:
    """Change what is known of a structure.

    Args:
        wanted: any of name, address, lon, lat, footprint_wkb, built_on, gone_on, standing, realty_unit,
            level, is_open.
    """
    if unknown := set(wanted) - _DESCRIBABLE:
        raise TypeError(f"not describable: {sorted(unknown)}")
    structure = (
        Structure.objects.select_for_update(no_key=True).filter(facts.structure_filter(actor), pk=structure_id).first()
    )
    if structure is None:
        raise NotFound
    rights.demand(actor, "registry.structure.register")
    facts.demand_revision(structure, revision, wanted)
    merged = {field: wanted.get(field, getattr(structure, field)) for field in _DESCRIBABLE}
    reasons = _why_not(
        merged["name"],
        structure.kind,
        merged["lon"],
        merged["lat"],
        merged["built_on"],
        merged["gone_on"],
        merged["standing"],
        merged["realty_unit"],
        facts.today_of(now),
    )
    if merged["is_open"] and merged["level"] != 0:
        reasons.append(Reason("registry.open_but_classified", {}))
    if reasons:
        raise CannotChange(*reasons)
    if changed := _take(structure, wanted):
        facts.touch(structure, actor, now, [change["field"] for change in changed])
        _tell_structure(actor, "registry.structure.described", structure, now, {"changes": changed})


_DESCRIBABLE = frozenset(
    {
        "name",
        "address",
        "lon",
        "lat",
        "footprint_wkb",
        "built_on",
        "gone_on",
        "standing",
        "realty_unit",
        "level",
        "is_open",
    }
)


def _why_not(
    name: str,
    kind: str,
    lon: float | None,
    lat: float | None,
    built_on: date | None,
    gone_on: date | None,
    standing: str,
    realty_unit: str,
    today: date,
) -> list[Reason]:
    reasons = why_not_name(name) + why_not_lon_lat(lon, lat)
    if kind not in KINDS:
        reasons.append(Reason("registry.kind_unknown", {"value": kind}))
    if standing not in Structure.Standing.values:
        reasons.append(Reason("registry.standing_unknown", {"value": standing}))
    if realty_unit:
        reasons += reasons_of(identifiers.check_realty_unit(realty_unit))
    if built_on is not None and built_on > today:
        reasons.append(Reason("registry.built_in_future", {"day": built_on}))
    if built_on is not None and gone_on is not None and gone_on < built_on:
        reasons.append(Reason("registry.gone_before_built", {"day": gone_on, "earlier": built_on}))
    return reasons


def _tell_structure(actor: Actor, act: str, structure: Structure, now: datetime, data: dict[str, Any]) -> None:
    subject = f"registry.structure:{structure.pk}"
    full = {"structure_id": str(structure.pk), "name": structure.name, **data}
    audit.record(actor=actor, act=act, subject=subject, at=now, data=full)
    events.publish(kind=act, subject=subject, data=full, at=now)
