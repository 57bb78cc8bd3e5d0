"""Rows of the map: a geometry each, with its box for the index and its place in Morton order."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import Lookup, Q
from django.utils.translation import gettext_lazy as _

from zhudang.atlas.domain.geometry import Box
from zhudang.shared.ids import new_id


class BoxField(models.Field):  # type: ignore[type-arg]
    """PostgreSQL's own `box`: indexed by GiST without any extension."""

    description = "an upright rectangle"

    def db_type(self, connection: Any) -> str:
        return "box"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Box | None:
        """Read `(east,north),(west,south)` as PostgreSQL writes it."""
        if value is None:
            return None
        east, north, west, south = (float(part) for part in value.replace("(", "").replace(")", "").split(","))
        return Box(west, south, east, north)

    def get_prep_value(self, value: Box | None) -> str | None:
        return None if value is None else f"(({value.west!r},{value.south!r}),({value.east!r},{value.north!r}))"


@BoxField.register_lookup
class Overlaps(Lookup):  # type: ignore[type-arg]
    """`box && box`: what the GiST index answers."""

    lookup_name = "overlaps"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} && {right}::box", [*left_values, *right_values]


class Feature(models.Model):
    """One thing on the map."""

    class Layer(models.TextChoices):
        SITE = "site", _("项目")
        STRUCTURE = "structure", _("建（构）筑物")
        BOUNDARY = "boundary", _("界线")
        WATER = "water", _("水系")
        GREEN = "green", _("绿地")
        BLOCK = "block", _("街坊")
        ROAD = "road", _("道路")
        NAME = "name", _("地名")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    layer = models.CharField(max_length=16, choices=Layer.choices)
    kind = models.CharField(max_length=16, blank=True)
    name = models.CharField(max_length=300, blank=True)
    grade = models.SmallIntegerField(default=0)
    project = models.OneToOneField(
        "registry.Project", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    structure = models.OneToOneField(
        "registry.Structure", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    geometry = models.BinaryField()
    box = BoxField()
    morton = models.BigIntegerField()
    source = models.CharField(max_length=120)
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [
            GistIndex(fields=["box"], name="atlas_feature_box"),
            models.Index(fields=["layer", "morton"], name="atlas_feature_layer_morton"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(layer="site", project__isnull=False, structure__isnull=True)
                | Q(layer="structure", structure__isnull=False, project__isnull=True)
                | (~Q(layer__in=["site", "structure"]) & Q(project__isnull=True, structure__isnull=True)),
                name="atlas_feature_belongs",
            ),
        ]
