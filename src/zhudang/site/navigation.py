"""The frame of every page: brand, navigation of the actor's roles, language."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import pgettext

from zhudang.documents.city import letterhead
from zhudang.site import emergency


@dataclass(frozen=True)
class NavItem:
    """One entry of the top bar."""

    label: str
    url: str
    active: bool
    icon: str = ""
    count: int | None = None


# roles -> (label, url name, icon); the first matching rows of every role are shown, in this order.
_ENTRIES: list[tuple[set[str], Callable[[], str], str, str]] = [
    ({"*"}, lambda: pgettext("navigation", "首页"), "site:home", "home"),
    ({"client_manager", "client_clerk", "party_clerk", "reviewer", "archivist", "keeper", "service_desk", "official", "emergency_officer"},
     lambda: pgettext("navigation", "项目"), "registry:project_list", "buildings"),
    ({"client_manager", "client_clerk", "reviewer", "archivist", "official"}, lambda: pgettext("navigation", "验收"), "handover:applications", "checklist"),
    ({"archivist", "keeper", "client_manager"}, lambda: pgettext("navigation", "移交"), "handover:transfers", "transfer"),
    ({"archivist", "keeper", "official"}, lambda: pgettext("navigation", "馆藏"), "preservation:holdings", "archive"),
    ({"*"}, lambda: pgettext("navigation", "查询"), "discovery:search", "search"),
    ({"*"}, lambda: pgettext("navigation", "一张图"), "atlas:map", "map"),
    ({"system_admin", "security_admin"}, lambda: pgettext("navigation", "人员"), "identity:people", "users"),
    ({"system_admin", "security_admin"}, lambda: pgettext("navigation", "单位"), "identity:organisations", "building"),
    ({"security_admin"}, lambda: pgettext("navigation", "密钥"), "preservation:keys", "key"),
    ({"audit_admin"}, lambda: pgettext("navigation", "日志"), "audit:log", "list"),
]  # fmt: skip


def items_for(request: HttpRequest) -> list[NavItem]:
    """The navigation of this request's actor; entries whose page does not exist are left out."""
    actor = getattr(request, "actor", None)
    roles = {str(role) for role in getattr(actor, "roles", ())}
    shown = []
    for wanted, label, name, icon in _ENTRIES:
        if "*" not in wanted and not wanted & roles:
            continue
        if settings.EMERGENCY and name not in emergency.LOOKED_AT:
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        # A clerk's home lies in filing; the bar still says where one is.
        active = request.path in {"/", "/filing/"} if url == "/" else request.path.startswith(url)
        shown.append(NavItem(label(), url, active, icon))
    return shown


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """What `base.html` needs on every page."""
    return {
        "navigation": items_for(request),
        "archive_name": settings.ARCHIVE_NAME or letterhead().archive,
        "actor": getattr(request, "actor", None),
        "is_demo": settings.DEMO,
        "emergency": emergency.banner(),
        "request_number": getattr(request, "number", ""),
        "theme": request.COOKIES.get("theme", ""),
    }
