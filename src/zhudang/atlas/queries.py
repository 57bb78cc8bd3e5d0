"""What people see of the map. Rights come before counting and before drawing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from zhudang.atlas.domain.geometry import Box, as_geojson, load, touches
from zhudang.atlas.models import Feature
from zhudang.atlas.operations import BASE_LAYERS
from zhudang.identity import rights
from zhudang.identity.rights import Actor, Reach
from zhudang.registry import queries as registry

MOST_FEATURES = 5_000
THINGS = ("site", "structure")


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One project or structure in the list beside the map."""

    feature_id: UUID
    layer: str
    kind: str
    name: str
    address: str
    code: str
    subject_id: UUID
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class MapCounts:
    """What stands behind the chips, within what the person may know of."""

    by_layer: Mapping[str, int]
    by_kind: Mapping[str, int]
    without_place: int

    @property
    def total(self) -> int:
        """How many things are on the map."""
        return sum(self.by_layer.values())


def visible_to(actor: Actor) -> QuerySet[Feature]:
    """Give the projects and structures on the map that `actor` may know of; the base is everyone's.

    Underground pipelines are shown to nobody without a role (M2): not even that one is there.
    """
    rights.demand(actor, "atlas.map.read")
    rows = Feature.objects.filter(
        Q(project__in=registry.visible_projects(actor).values("pk"))
        | Q(structure__in=registry.visible_structures(actor).values("pk"))
    )
    if rights.project_scope(actor).reach is Reach.OPEN:
        rows = rows.exclude(kind="pipeline")
    return rows


def find_places(
    actor: Actor, *, q: str = "", layer: str = "", kind: str = "", box: Box | None = None
) -> QuerySet[Feature]:
    """Give the things on the map that answer words, filters and a rectangle's box."""
    rows = visible_to(actor)
    for word in q.split():
        rows = rows.filter(
            Q(name__icontains=word) | Q(project__address__icontains=word) | Q(structure__address__icontains=word)
            | Q(project__code__icontains=word)
        )  # fmt: skip
    if layer in THINGS:
        rows = rows.filter(layer=layer)
    if kind:
        rows = rows.filter(kind=kind)
    if box is not None:
        rows = rows.filter(box__overlaps=box)
    return rows


def count_places(actor: Actor, *, q: str = "", layer: str = "", kind: str = "") -> MapCounts:
    """Count what stands behind each chip; each within the other filter."""
    layers = find_places(actor, q=q, kind=kind).values_list("layer").annotate(n=Count("pk")).order_by("layer")
    kinds = find_places(actor, q=q, layer=layer).values_list("kind").annotate(n=Count("pk")).order_by("kind")
    return MapCounts(
        dict(layers), dict(kinds), registry.visible_projects(actor).filter(lon=None, site_wkb=None).count()
    )


def ordered(rows: QuerySet[Feature], order: Sequence[str]) -> QuerySet[Feature]:
    """Order the list beside the map."""
    return rows.select_related("project", "structure").order_by(*order, "id")


def shape_place(row: Feature) -> PlaceRow:
    """Shape one row of the list."""
    subject: Any = row.project or row.structure
    middle = row.box
    return PlaceRow(
        row.pk,
        row.layer,
        row.kind,
        row.name,
        subject.address,
        getattr(subject, "code", ""),
        subject.pk,
        (middle.west + middle.east) / 2,
        (middle.south + middle.north) / 2,
    )


def things_in(
    actor: Actor, box: Box | None, *, layers: Collection[str] = THINGS, q: str = "", kind: str = ""
) -> dict[str, Any]:
    """Give the projects and structures in a rectangle as GeoJSON, exactly tested.

    `truncated` is told when there are more than can be drawn; nothing hints at what may not be seen.
    """
    rows = find_places(actor, q=q, kind=kind, box=box).filter(layer__in=[name for name in layers if name in THINGS])
    return _collection(rows.order_by("morton", "id"), box)


def base_in(actor: Actor, box: Box | None, *, layers: Collection[str] = BASE_LAYERS) -> dict[str, Any]:
    """Give the town's base map in a rectangle as GeoJSON."""
    rights.demand(actor, "atlas.map.read")
    rows = Feature.objects.filter(layer__in=[name for name in layers if name in BASE_LAYERS])
    if box is not None:
        rows = rows.filter(box__overlaps=box)
    return _collection(rows.order_by("layer", "morton", "id"), box)


def extent(actor: Actor) -> Box | None:
    """Give the rectangle the map opens with: the town's boundary, else all that is seen; None when nothing is."""
    boxes = list(Feature.objects.filter(layer="boundary").values_list("box", flat=True))
    boxes = boxes or list(visible_to(actor).values_list("box", flat=True)[:MOST_FEATURES])
    if not boxes:
        return None
    return Box(
        min(box.west for box in boxes),
        min(box.south for box in boxes),
        max(box.east for box in boxes),
        max(box.north for box in boxes),
    )


def base_revision() -> str:
    """Tell when the base map was last changed, for caches."""
    latest = Feature.objects.filter(layer__in=BASE_LAYERS).order_by("-changed_at").values_list("changed_at", flat=True)
    return latest[0].isoformat() if latest[:1] else ""


def _collection(rows: QuerySet[Feature], box: Box | None) -> dict[str, Any]:
    found = list(rows[: MOST_FEATURES + 1])
    truncated = len(found) > MOST_FEATURES
    features = [_feature(row) for row in _exact(found[:MOST_FEATURES], box)]
    return {"type": "FeatureCollection", "crs_name": "EPSG:4490", "truncated": truncated, "features": features}


def _exact(rows: Iterable[Feature], box: Box | None) -> Iterable[Feature]:
    return rows if box is None else (row for row in rows if touches(row.geometry, box))


def _feature(row: Feature) -> dict[str, Any]:
    properties: dict[str, Any] = {"layer": row.layer, "name": row.name}
    if row.grade:
        properties["grade"] = row.grade
    if row.kind:
        properties["kind"] = row.kind
    subject = row.project_id or row.structure_id
    if subject:
        properties["subject"] = str(subject)
    return {
        "type": "Feature", "id": str(row.pk), "properties": properties, "geometry": as_geojson(load(row.geometry)),
    }  # fmt: skip
