"""The tabs at the top of the pages of preservation: the ways between them, as far as the reader may go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy

from zhudang.preservation.archive_registers import TITLE as OWN_REGISTERS

register = template.Library()
TABS = (
    ("holdings", pgettext_lazy("tab", "登记"), "preservation.holdings.read"),
    ("sites", pgettext_lazy("tab", "存储地"), "preservation.holdings.read"),
    ("policy", pgettext_lazy("tab", "副本要求"), "preservation.holdings.read"),
    ("formats", pgettext_lazy("tab", "格式"), "preservation.holdings.read"),
    ("readings", pgettext_lazy("tab", "核验"), "preservation.holdings.read"),
    ("books", pgettext_lazy("tab", "账物目"), "preservation.holdings.read"),
    ("disposals", pgettext_lazy("tab", "鉴定销毁"), "preservation.disposal.read"),
)


@register.filter
def title_in_words(title: str) -> str:
    """A holding's title; that of the archive's own registers, which the system gave itself, in the reader's language."""
    return gettext("馆级登记") if title == OWN_REGISTERS else title


@register.inclusion_tag("preservation/_tabs.html", takes_context=True)
def preservation_tabs(context: Mapping[str, Any], here: str) -> dict[str, Any]:
    """Write the tabs; `here` is the name of the page one is on. A person who may open one page only sees none."""
    actor = context["actor"]
    known = [(reverse(f"preservation:{name}"), word, name == here) for name, word, right in TABS if actor.may(right)]
    return {"tabs": known if len(known) > 1 else []}
