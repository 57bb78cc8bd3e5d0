"""Geometry read from GeoJSON, checked, and laid in Morton order.

Coordinates are CGCS2000 longitude and latitude (EPSG:4490) throughout, in this order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import shapely
from shapely import wkb
from shapely.errors import ShapelyError
from shapely.geometry import box as box_of
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from zhudang.registry.domain.coordinates import why_not_lon_lat
from zhudang.shared.refusals import Reason

_BITS = 26
_LON, _LAT = (-180.0, 360.0), (-90.0, 180.0)


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """A geometry ready to store."""

    wkb: bytes
    box: Box
    morton: int


def morton_of(lon: float, lat: float) -> int:
    """Give the place of a point on the Z-shaped curve, so that neighbours lie near each other on disk."""
    x = int((lon - _LON[0]) / _LON[1] * ((1 << _BITS) - 1))
    y = int((lat - _LAT[0]) / _LAT[1] * ((1 << _BITS) - 1))
    code = 0
    for bit in range(_BITS):
        code |= ((x >> bit) & 1) << (2 * bit) | ((y >> bit) & 1) << (2 * bit + 1)
    return code


def draw(geometry: BaseGeometry) -> Drawn:
    """Prepare a geometry for its row."""
    west, south, east, north = geometry.bounds
    middle = geometry.centroid
    return Drawn(wkb.dumps(geometry, output_dimension=2), Box(west, south, east, north), morton_of(middle.x, middle.y))


def draw_point(lon: float, lat: float) -> Drawn:
    """Prepare a point for its row."""
    return draw(shapely.Point(lon, lat))


def read_geojson(geometry: Mapping[str, Any]) -> tuple[BaseGeometry | None, list[Reason]]:
    """Read one GeoJSON geometry, or tell everything wrong with it."""
    try:
        found = shape(geometry)
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as exc:
        return None, [Reason("atlas.geometry_unread", {"why": type(exc).__name__})]
    if found.is_empty:
        return None, [Reason("atlas.geometry_empty", {})]
    west, south, east, north = found.bounds
    reasons = why_not_lon_lat(west, south) or why_not_lon_lat(east, north)
    if not found.is_valid:
        reasons = [*reasons, Reason("atlas.geometry_crosses_itself", {"why": shapely.is_valid_reason(found)})]
    return (None, reasons) if reasons else (found, [])


def load(data: bytes | memoryview) -> BaseGeometry:
    """Read a geometry back from its row."""
    return wkb.loads(bytes(data))


def as_geojson(geometry: BaseGeometry) -> dict[str, Any]:
    """Write a geometry as GeoJSON, to a millionth of a degree (about 0.1 m)."""
    return dict(mapping(shapely.set_precision(geometry, 1e-6, mode="pointwise")))


def as_text(geometry: BaseGeometry) -> str:
    """Write a geometry as GeoJSON text."""
    return json.dumps(as_geojson(geometry), separators=(",", ":"))


def touches(data: bytes | memoryview, box: Box) -> bool:
    """Tell exactly whether a stored geometry meets a rectangle."""
    return bool(load(data).intersects(box_of(box.west, box.south, box.east, box.north)))


def read_box(text: str) -> Box | None:
    """Read `west,south,east,north`; None when it is no rectangle on earth."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        return None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        return None
    return Box(west, south, east, north)
