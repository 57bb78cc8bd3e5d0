"""Coordinates as surveyors write them: 纵坐标 (X, north) and 横坐标 (Y, east), or longitude and latitude.

Stored is CGCS2000 longitude and latitude (EPSG:4490) only. Xi'an 80 and Beijing 54 need the city's
own parameters, which nobody may guess; GCJ-02 is neither read nor written.

Source: domain/identifiers.md, section 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from zhudang.shared.refusals import Reason

CHINA_LON = (73.0, 136.0)
CHINA_LAT = (3.0, 54.0)
NORTHING_M = (300_000.0, 6_000_000.0)
EASTING_M = (200_000.0, 800_000.0)
ZONES_3 = range(25, 46)

LON_LAT = "cgcs2000"
GAUSS_3_ZONE = "cgcs2000-3z"
GAUSS_3_MERIDIAN = "cgcs2000-3cm"
REFUSED_SYSTEMS = {
    "xian80": "registry.xian80_refused",
    "beijing54": "registry.beijing54_refused",
    "gcj02": "registry.gcj02_refused",
}


@dataclass(frozen=True, slots=True)
class Position:
    """A point in CGCS2000, degrees."""

    lon: float
    lat: float


def why_not_lon_lat(lon: float | None, lat: float | None) -> list[Reason]:
    """Tell what is wrong with a pair of degrees; both missing is no fault, one missing is."""
    if lon is None and lat is None:
        return []
    if lon is None or lat is None:
        return [Reason("registry.half_a_coordinate", {})]
    inside = CHINA_LON[0] <= lon <= CHINA_LON[1] and CHINA_LAT[0] <= lat <= CHINA_LAT[1]
    if inside:
        return []
    if CHINA_LON[0] <= lat <= CHINA_LON[1] and CHINA_LAT[0] <= lon <= CHINA_LAT[1]:
        return [Reason("registry.axes_swapped", {"lon": lon, "lat": lat})]
    return [Reason("registry.outside_china", {"lon": lon, "lat": lat})]


def why_not_gauss(northing: float, easting: float, *, zone: int, prefixed: bool) -> list[Reason]:
    """Tell what is wrong with a 3° Gauss-Krüger pair in metres.

    Args:
        zone: 25 to 45; its central meridian is three times as many degrees east.
        prefixed: the easting carries the zone number before its six digits.
    """
    reasons = []
    if zone not in ZONES_3:
        reasons.append(Reason("registry.zone_unknown", {"zone": zone}))
    plain = easting
    if prefixed:
        if int(easting // 1_000_000) != zone:
            reasons.append(Reason("registry.zone_differs", {"zone": zone, "easting": easting}))
        plain = easting % 1_000_000
    north_ok = NORTHING_M[0] <= northing <= NORTHING_M[1]
    east_ok = EASTING_M[0] <= plain <= EASTING_M[1] and (prefixed or easting < 1_000_000)
    if (
        not (north_ok and east_ok)
        and NORTHING_M[0] <= easting <= NORTHING_M[1]
        and EASTING_M[0] <= northing % 1_000_000 <= EASTING_M[1]
    ):
        return [*reasons, Reason("registry.axes_swapped", {"lon": easting, "lat": northing})]
    if not north_ok:
        reasons.append(Reason("registry.northing_implausible", {"value": northing}))
    if not east_ok:
        reasons.append(Reason("registry.easting_implausible", {"value": easting}))
    return reasons


def zone_of(lon: float) -> int:
    """Give the 3° zone a longitude lies in."""
    return round(lon / 3)


@lru_cache(maxsize=64)
def _transformer(epsg: int):  # type: ignore[no-untyped-def]
    from pyproj import Transformer

    # EPSG names the axes (north, east); always_xy keeps ours at (east, north) throughout.
    return Transformer.from_crs(epsg, 4490, always_xy=True)


def from_gauss(northing: float, easting: float, *, zone: int, prefixed: bool) -> Position:
    """Give longitude and latitude of a 3° Gauss-Krüger pair that `why_not_gauss` let pass."""
    epsg = 4513 + zone - 25 if prefixed else 4534 + zone - 25
    lon, lat = _transformer(epsg).transform(easting, northing)
    return Position(lon, lat)


def read_position(
    system: str, first: float | None, second: float | None, *, zone: int | None = None
) -> tuple[Position | None, list[Reason]]:
    """Read what a form holds: a position, or every reason why there is none.

    Args:
        system: `LON_LAT` (first = longitude, second = latitude), `GAUSS_3_ZONE` or
            `GAUSS_3_MERIDIAN` (first = 纵坐标 X northing, second = 横坐标 Y easting).
        zone: the 3° zone; read from a prefixed easting when not given.
    """
    if system in REFUSED_SYSTEMS:
        return None, [Reason(REFUSED_SYSTEMS[system], {})]
    if first is None and second is None:
        return None, []
    if first is None or second is None:
        return None, [Reason("registry.half_a_coordinate", {})]
    if system == LON_LAT:
        reasons = why_not_lon_lat(first, second)
        return (None, reasons) if reasons else (Position(first, second), [])
    prefixed = system == GAUSS_3_ZONE
    if zone is None and prefixed:
        zone = int(second // 1_000_000)
    if zone is None:
        return None, [Reason("registry.zone_missing", {})]
    if reasons := why_not_gauss(first, second, zone=zone, prefixed=prefixed):
        return None, reasons
    position = from_gauss(first, second, zone=zone, prefixed=prefixed)
    reasons = why_not_lon_lat(position.lon, position.lat)
    return (None, reasons) if reasons else (position, [])
