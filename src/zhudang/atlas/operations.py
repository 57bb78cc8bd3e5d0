"""What changes the map: the town's base is loaded as a whole; sites and structures follow the registry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from zhudang.atlas.domain.geometry import Drawn, draw, draw_point, load, read_geojson
from zhudang.atlas.models import Feature
from zhudang.audit import operations as audit
from zhudang.identity import rights
from zhudang.identity.rights import SYSTEM, Actor
from zhudang.registry import queries as registry
from zhudang.shared.refusals import Reason, Refusal

BASE_LAYERS = ("boundary", "water", "green", "block", "road", "name")
_BATCH = 2000


class CannotLoad(Refusal):
    """A base map cannot be taken as it is."""


@transaction.atomic
def load_base_map(*, collection: Mapping[str, Any], source: str, now: datetime, actor: Actor = SYSTEM) -> int:
    """Replace the town's base map from one source; tell how many features it has.

    Args:
        collection: a GeoJSON FeatureCollection in CGCS2000 longitude and latitude; each feature's
            properties hold `layer` (one of `BASE_LAYERS`), `name` and `grade`.

    Raises:
        CannotLoad: with the number of every bad feature; then nothing is changed.
    """
    rights.demand(actor, "atlas.feature.import")
    rows, reasons = [], []
    for number, feature in enumerate(collection.get("features", ()), start=1):
        properties = feature.get("properties") or {}
        layer = properties.get("layer")
        if layer not in BASE_LAYERS:
            reasons.append(Reason("atlas.layer_unknown", {"number": number, "value": str(layer)}))
            continue
        geometry, wrong = read_geojson(feature.get("geometry") or {})
        if geometry is None:
            reasons += [Reason("atlas.feature_wrong", {"number": number, "reason": reason.code}) for reason in wrong]
            continue
        drawn = draw(geometry)
        rows.append(
            Feature(
                layer=layer,
                name=str(properties.get("name") or "")[:300],
                grade=int(properties.get("grade") or 0),
                geometry=drawn.wkb,
                box=drawn.box,
                morton=drawn.morton,
                source=source,
                changed_at=now,
            )
        )
    if not rows:
        reasons.append(Reason("atlas.nothing_to_load", {}))
    if reasons:
        raise CannotLoad(*reasons)
    # Rows written in Morton order lie beside their neighbours on disk: random order cost forty times as much.
    rows.sort(key=lambda row: row.morton)
    Feature.objects.filter(source=source, layer__in=BASE_LAYERS).delete()
    Feature.objects.bulk_create(rows, batch_size=_BATCH)
    audit.record(
        actor=actor, act="atlas.base.loaded", subject=f"atlas.base:{source}", at=now, data={"features": len(rows)}
    )
    return len(rows)


@transaction.atomic
def index_project(project_id: UUID, *, now: datetime) -> bool:
    """Bring a project's site on the map in line with the registry; tell whether it is on the map now."""
    place = registry.project_place(project_id)
    if place is None:
        return False
    if place.geometry is None and place.lon is None:
        Feature.objects.filter(project_id=project_id).delete()
        return False
    drawn = draw(load(place.geometry)) if place.geometry else draw_point(place.lon or 0.0, place.lat or 0.0)
    _put(Feature.Layer.SITE, {"project_id": project_id}, place.name, place.kind, drawn, now)
    return True


@transaction.atomic
def index_structure(structure_id: UUID, *, now: datetime) -> bool:
    """Bring a structure on the map in line with the registry; tell whether it is on the map now."""
    place = registry.structure_place(structure_id)
    if place is None:
        return False
    if place.geometry is None and place.lon is None:
        Feature.objects.filter(structure_id=structure_id).delete()
        return False
    drawn = draw(load(place.geometry)) if place.geometry else draw_point(place.lon or 0.0, place.lat or 0.0)
    _put(Feature.Layer.STRUCTURE, {"structure_id": structure_id}, place.name, place.kind, drawn, now)
    return True


def index_all(*, now: datetime) -> int:
    """Bring every project and structure on the map in line with the registry; tell how many are on it."""
    on_map = sum(index_project(pk, now=now) for pk in registry.all_project_ids())
    return on_map + sum(index_structure(pk, now=now) for pk in registry.all_structure_ids())


def _put(layer: str, subject: Mapping[str, Any], name: str, kind: str, drawn: Drawn, now: datetime) -> None:
    values = {
        "layer": layer, "name": name, "kind": kind, "geometry": drawn.wkb, "box": drawn.box, "morton": drawn.morton,
        "source": "registry", "changed_at": now,
    }  # fmt: skip
    Feature.objects.update_or_create(**subject, defaults=values)
