"""The sentences people read about the map, by code."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LAYERS: Mapping[str, Promise] = {
    "site": _("项目"), "structure": _("建（构）筑物"), "boundary": _("界线"), "water": _("水系"), "green": _("绿地"),
    "block": _("街坊"), "road": _("道路"), "name": _("地名"),
}  # fmt: skip

REASONS: Mapping[str, Promise] = {
    "atlas.geometry_unread": _("图形读不了（%(why)s）。"),
    "atlas.geometry_empty": _("图形是空的。"),
    "atlas.geometry_crosses_itself": _("图形自相交：%(why)s。"),
    "atlas.layer_unknown": _("第 %(number)s 个要素的图层“%(value)s”不在表内。"),
    "atlas.feature_wrong": _("第 %(number)s 个要素有误（%(reason)s）。"),
    "atlas.nothing_to_load": _("底图里没有一个要素。"),
}  # fmt: skip
