"""The sentences people read in filing, by code."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

PART_TITLES = {
    "A": _("工程准备阶段文件"),
    "B": _("监理文件"),
    "C": _("施工文件"),
    "D": _("竣工图"),
    "E": _("工程竣工验收文件"),
}
