"""What the registry's form pages share: who may open them, what stands around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.identity.web.decorators import actor_required
from zhudang.registry import queries
from zhudang.registry.queries.projects import ProjectPage
from zhudang.registry.web.acts import FormPage


def shown_and_sent(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A form's view: shown with GET, sent with POST, for people who have signed in."""
    return require_http_methods(["GET", "HEAD", "POST"])(actor_required(view))


def actor_of(request: HttpRequest) -> Actor:
    """Give who asks."""
    return request.actor  # type: ignore[attr-defined, no-any-return]


def known_page(request: HttpRequest, project_id: UUID, act: str) -> ProjectPage:
    """Give the project's page to whoever may do `act` to it."""
    rights.demand(actor_of(request), act, queries.project_facts(project_id))
    return queries.project_page(actor_of(request), project_id)


def address_of(project_id: UUID, part: str = "") -> str:
    """Give the address of a project's page, or of a part of it."""
    return reverse("registry:project", args=[project_id]) + (f"#{part}" if part else "")


def around(page: ProjectPage, title: str, button: str, **more: Any) -> FormPage:
    """Put the crumbs and the way back of a project around a form."""
    crumbs = ((_("项目"), reverse("registry:project_list")), (page.name, address_of(page.project_id)), (title, ""))
    return FormPage(
        title=title, crumbs=crumbs, button=button, subject=page.name, back=address_of(page.project_id), **more
    )


def unit_choices(page: ProjectPage) -> list[tuple[str, str]]:
    """Give the unit works of a project as choices."""
    return [(str(unit.unit_work_id), unit.name) for phase in page.phases for unit in phase.units]


def identifiers_in(values: list[str]) -> list[UUID]:
    """Read the identifiers of ticked choices."""
    return [UUID(value) for value in values]
