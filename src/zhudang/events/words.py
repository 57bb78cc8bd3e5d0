"""The sentences of messages and works; those of a kind stand in the `words` of the context that sends it.

A context offers `MESSAGES` and `WORKS`: mappings from kind to a translatable sentence with `%(name)s` places for the
message's data. The context is the part of the kind before the first dot.
"""

import importlib
import importlib.util
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

STATES = {
    "waiting": _("等候"),
    "running": _("进行中"),
    "done": _("完成"),
    "failed": _("没有做成"),
    "cancelled": _("已取消"),
}

MESSAGES = {
    "events.work.failed": _("后台工作没有做成：%(work)s"),
}


class _Leniently(dict[str, Any]):
    """A place in a sentence without data shows its own name, so that a message is never lost to a slip."""

    def __missing__(self, key: str) -> str:
        return f"〔{key}〕"


def _offered(kind: str, collection: str) -> Any:
    label = kind.partition(".")[0]
    if label not in {config.label for config in apps.get_app_configs()}:
        return None
    name = f"{apps.get_app_config(label).name}.words"
    if importlib.util.find_spec(name) is None:
        return None
    return getattr(importlib.import_module(name), collection, {}).get(kind)


def message(kind: str, data: Mapping[str, Any]) -> str:
    """What a message says, in the reader's language; a kind without words is shown as it is."""
    text = _offered(kind, "MESSAGES")
    return str(text) % _Leniently(data) if text is not None else kind


def work(kind: str, data: Mapping[str, Any] | None = None) -> str:
    """What a work is called."""
    text = _offered(kind, "WORKS")
    return str(text) % _Leniently(data or {}) if text is not None else kind


def duration(span: timedelta) -> str:
    """A span as people say it: seconds under two minutes, then minutes, then hours and minutes."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 120:
        return gettext("%(n)s 秒") % {"n": seconds}
    minutes = -(-seconds // 60)
    if minutes < 120:
        return gettext("%(n)s 分钟") % {"n": minutes}
    return gettext("%(h)s 小时 %(m)s 分") % {"h": minutes // 60, "m": minutes % 60}
