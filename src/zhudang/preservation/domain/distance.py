"""How far two places lie from each other."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from zhudang.preservation.domain.site_facts import SiteFacts

if TYPE_CHECKING:
    from pyproj import Geod


def distance_km(one: SiteFacts, other: SiteFacts) -> float | None:
    """Give the geodesic distance on the CGCS2000 ellipsoid, in kilometres; None where a position is unknown.

    Exact to millimetres (Karney 2013, as PROJ computes it): the positions' own doubt is what counts.
    """
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return None
    _there, _back, metres = _ellipsoid().inv(one.longitude, one.latitude, other.longitude, other.latitude)
    return float(metres) / 1000


@lru_cache(maxsize=1)
def _ellipsoid() -> Geod:
    from pyproj import Geod  # slow to load, and most starts ask for no distance

    return Geod(a=6378137.0, rf=298.257222101)
