"""The sentences other systems read, by code."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: Mapping[str, Promise] = {
    "exchange.key_missing": _("没有消息编号（key）。"),
    "exchange.key_reused": _("消息编号 %(key)s 已经用过，内容却不同；更正请用新的编号。"),
    "exchange.field_wrong": _("%(field)s：%(why)s"),
    "exchange.project_unknown": _("没有代码为 %(value)s 的项目。"),
    "exchange.unit_unknown": _("没有编号为 %(value)s 的单位工程。"),
    "exchange.name_differs": _("项目名称与登记的“%(name)s”不同；没有更名，请在登记中办理。"),
    "exchange.client_differs": _("建设单位与登记的“%(name)s”不同；没有更换，请在登记中办理。"),
    "exchange.mode_unknown": _("移交方式“%(value)s”不在表内。"),
    "exchange.token_wrong": _("没有密钥，或密钥已经失效。"),
}  # fmt: skip
