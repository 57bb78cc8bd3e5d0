"""The words people read on the pages of finding."""

from typing import Any

from django.utils.translation import gettext_lazy as _

FACETS = (
    ("kind", _("工程种类")),
    ("part", _("部分")),
    ("state", _("在哪里")),
    ("year", _("形成年份")),
    ("project", _("项目")),
)
KINDS = {"building": _("房屋建筑"), "road": _("道路"), "bridge": _("桥梁"), "pipeline": _("地下管线")}
PARTS = {"A": _("A 工程准备"), "B": _("B 监理"), "C": _("C 施工"), "D": _("D 竣工图"), "E": _("E 竣工验收")}
PLACES = {"running": _("移交前"), "held": _("已进馆")}
NO_TEXT = {
    "no_text": _("没有文字层，全文检索不到"),
    "not_readable": _("打不开，没有取文字"),
}


def facet_label(facet: Any) -> Any:
    """The word for one value of a filter."""
    return {"kind": KINDS, "part": PARTS, "state": PLACES}.get(facet.name, {}).get(facet.value, facet.label)
