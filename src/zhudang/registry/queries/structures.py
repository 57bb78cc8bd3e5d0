"""Structures, and the projects done to them over their life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from zhudang.identity.rights import Actor
from zhudang.registry import facts
from zhudang.registry.domain import identifiers
from zhudang.registry.models import Structure, UnitWork
from zhudang.registry.queries.facts import visible_structures
from zhudang.shared.refusals import NotFound


@dataclass(frozen=True, slots=True)
class StructureRow:
    """One row of the structure list."""

    structure_id: UUID
    name: str
    kind: str
    address: str
    standing: str
    built_on: date | None
    realty_unit: str
    level: int
    work_count: int


@dataclass(frozen=True, slots=True)
class LifeEntry:
    """One unit work done to a structure, in the order of its life."""

    unit_work_id: UUID
    unit_name: str
    nature: str
    project_id: UUID
    project_code: str
    project_name: str
    started_on: date | None
    accepted_on: date | None


@dataclass(frozen=True, slots=True)
class StructureFacts:
    """A structure with the projects done to it that this person may know of."""

    structure_id: UUID
    name: str
    kind: str
    address: str
    lon: float | None
    lat: float | None
    built_on: date | None
    gone_on: date | None
    standing: str
    realty_unit: str
    level: int
    is_open: bool
    revision: int
    life: tuple[LifeEntry, ...]


def find_structures(actor: Actor, *, q: str = "", kind: str = "") -> QuerySet[Structure]:
    """Give the structures `actor` may know of that answer the words and the filter."""
    rows = visible_structures(actor)
    for word in q.split():
        rows = rows.filter(
            Q(name__icontains=word) | Q(address__icontains=word)
            | Q(realty_unit__contains=identifiers.normalise(word))
        )  # fmt: skip
    return rows.filter(kind=kind) if kind else rows


def count_structures(actor: Actor, *, q: str = "") -> Mapping[str, int]:
    """Count the structures behind each kind's chip."""
    return dict(find_structures(actor, q=q).values_list("kind").annotate(n=Count("pk")).order_by("kind"))


def list_structures(actor: Actor, rows: QuerySet[Structure], order: Sequence[str]) -> QuerySet[Structure]:
    """Order a list; the works counted are those this person may know of."""
    known = facts.project_filter(actor, "phase__project__")
    works = UnitWork.objects.filter(known).values("pk")
    return rows.annotate(works=Count("unit_works", filter=Q(unit_works__in=works))).order_by(*order, "id")


def shape_structure(row: Any) -> StructureRow:
    """Shape one row of `list_structures`."""
    return StructureRow(
        row.pk, row.name, row.kind, row.address, row.standing, row.built_on, row.realty_unit, row.level, row.works
    )


def structure_facts(actor: Actor, structure_id: UUID) -> StructureFacts:
    """Give a structure and its life as `actor` may know it.

    Raises:
        NotFound: no such structure, or none this actor may know of.
    """
    row = visible_structures(actor).filter(pk=structure_id).first()
    if row is None:
        raise NotFound
    works = UnitWork.objects.filter(facts.project_filter(actor, "phase__project__"), structure=row).select_related(
        "phase__project"
    )
    life = [
        LifeEntry(
            unit.pk,
            unit.name,
            unit.nature,
            unit.phase.project_id,
            unit.phase.project.code,
            unit.phase.project.name,
            unit.phase.project.started_on,
            unit.phase.project.accepted_on,
        )
        for unit in works
    ]
    life.sort(key=lambda entry: (entry.accepted_on or entry.started_on or date.max, entry.project_code))
    return StructureFacts(
        row.pk,
        row.name,
        row.kind,
        row.address,
        row.lon,
        row.lat,
        row.built_on,
        row.gone_on,
        row.standing,
        row.realty_unit,
        row.level,
        row.is_open,
        row.revision,
        tuple(life),
    )


def structures_to_choose(actor: Actor, kind: str = "") -> tuple[tuple[UUID, str], ...]:
    """Give the structures a unit work may be said to belong to, by name."""
    rows = visible_structures(actor).order_by("name")
    if kind:
        rows = rows.filter(kind=kind)
    return tuple((row.pk, f"{row.name}（{row.address}）" if row.address else row.name) for row in rows[:2000])
