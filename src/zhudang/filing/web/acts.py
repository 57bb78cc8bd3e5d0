"""How the pages of filing carry out an act: run it, tell the result or every reason, go back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from zhudang.identity.rights import Actor
from zhudang.shared.refusals import Forbidden, Refusal
from zhudang.shared.web.refusal import tell


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    return request.actor  # type: ignore[attr-defined, no-any-return]


def carry_out(request: HttpRequest, act: Callable[[], Any], *, done: str, cannot: str, back: str) -> HttpResponse:
    """Run an act and go back: with a word when it is done, with every reason when it is refused.

    Args:
        done: what to say; `%(n)s` is the act's result.
    """
    try:
        result = act()
    except Forbidden:
        raise
    except Refusal as refusal:
        tell(request, refusal, cannot)
    else:
        count = len(result) if isinstance(result, list) else result
        messages.success(request, done % {"n": count} if "%(n)s" in done else done)
    return redirect(next_of(request, back))


def next_of(request: HttpRequest, back: str) -> str:
    """Where the form asks to go afterwards, if it is one of our own pages."""
    wanted = request.POST.get("next", "")
    return wanted if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}) else back


def ids_in(request: HttpRequest, name: str) -> list[UUID]:
    """The ids ticked in a form; what is no id is left out."""
    found = []
    for text in request.POST.getlist(name):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
