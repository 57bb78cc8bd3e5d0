"""Where projects and structures lie, for the map that follows the registry. Asks no rights: the map does."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from zhudang.registry.models import Project, Structure


@dataclass(frozen=True, slots=True)
class ThingPlace:
    """A thing with its place: a geometry (WKB, EPSG:4490), or a point, or neither."""

    name: str
    kind: str
    lon: float | None
    lat: float | None
    geometry: bytes | None


def project_place(project_id: UUID) -> ThingPlace | None:
    """Give a project's place; None when there is no such project."""
    row = Project.objects.filter(pk=project_id).first()
    if row is None:
        return None
    return ThingPlace(row.name, row.kind, row.lon, row.lat, bytes(row.site_wkb) if row.site_wkb else None)


def structure_place(structure_id: UUID) -> ThingPlace | None:
    """Give a structure's place; None when there is no such structure."""
    row = Structure.objects.filter(pk=structure_id).first()
    if row is None:
        return None
    return ThingPlace(row.name, row.kind, row.lon, row.lat, bytes(row.footprint_wkb) if row.footprint_wkb else None)


def all_project_ids() -> list[UUID]:
    """Give every project, for rebuilding what follows from the registry."""
    return list(Project.objects.order_by("id").values_list("pk", flat=True))


def all_structure_ids() -> list[UUID]:
    """Give every structure, for rebuilding what follows from the registry."""
    return list(Structure.objects.order_by("id").values_list("pk", flat=True))
