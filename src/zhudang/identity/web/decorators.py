"""What a view asks before it begins: is anyone signed in, may the person do this at all."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from zhudang.identity import rights

View = Callable[..., HttpResponseBase]


def actor_required(view: View) -> View:
    """Send whoever is not signed in to the sign-in page, and back here afterwards."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor.authenticated:  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)
        return ask_to_sign_in(request)

    return guarded


def act_required(act: str) -> Callable[[View], View]:
    """As `actor_required`, and refuse whoever may not do `act` to anything at all, before anything is looked up."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            rights.demand(request.actor, act)  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        return actor_required(guarded)

    return decorate


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """The answer to nobody: the sign-in page; 401 for programs and for parts of pages."""
    login = reverse("identity:login")
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"reasons": [{"code": "rights.sign_in_first"}]}, status=401)
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = login
        return response
    asked = {"next": request.get_full_path()} if request.method in {"GET", "HEAD"} else {}
    if getattr(request, "stood_idle", False):
        asked["idle"] = "1"
    return redirect(f"{login}?{urlencode(asked)}" if asked else login)
