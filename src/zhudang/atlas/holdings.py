"""The town's base map as the store keeps it. Sites and structures are drawn again from the registry, never kept."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from zhudang.atlas.domain.geometry import draw, load
from zhudang.atlas.models import Feature
from zhudang.atlas.operations import BASE_LAYERS
from zhudang.shared.holdings import Description, Register, Row, binary, describe_all

BASE_FEATURE = Register(
    "atlas.base_feature", Feature, without=frozenset({"project_id", "structure_id", "box", "morton"})
)
"""What the geometry tells by itself is not written down beside it."""
ARCHIVE_REGISTERS = (BASE_FEATURE,)
_BATCH = 2000


def describe_archive() -> Description:
    """Describe the base map."""
    return describe_all(((BASE_FEATURE, Feature.objects.filter(layer__in=BASE_LAYERS)),))


def restore_archive(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring the base map back; one of the same source that was loaded meanwhile gives way."""
    number = 0
    rows = described.get(BASE_FEATURE.name, ())
    sources = {row["source"] for row in rows}
    Feature.objects.filter(source__in=sources, layer__in=BASE_LAYERS).delete()
    waiting = _features(rows)
    while some := list(islice(waiting, _BATCH)):
        Feature.objects.bulk_create(some)
        number += len(some)
    return {BASE_FEATURE.name: number}


def _features(rows: Iterable[Row]) -> Iterator[Feature]:
    for row in rows:
        geometry = binary(row["geometry"])
        drawn = draw(load(geometry))
        yield Feature(**{**row, "geometry": geometry, "box": drawn.box, "morton": drawn.morton})
