"""Home by role, health, language, errors."""

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from zhudang.site.public_home import public_home
from zhudang.site.style_page import style_context


def home(request: HttpRequest) -> HttpResponse:
    """Answer «what should I do now?» for the actor's role; the public gets the open first page."""
    from zhudang.identity.domain.roles import FILERS
    from zhudang.site import homes

    actor = request.actor  # type: ignore[attr-defined]
    if actor.authenticated:
        desk = homes.desk_for(actor, timezone.now())
        if desk is not None:
            return render(request, "site/desk.html", {"desk": desk, "today": timezone.localdate()})
        if actor.holds(*FILERS):
            return redirect("filing:clerk_home")
    return render(request, "site/home.html", public_home(actor))


def live(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "live"})


def ready(_request: HttpRequest) -> HttpResponse:
    """The database answers and its tables are there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM django_migrations")
            cursor.fetchone()
    except Exception:
        return JsonResponse({"status": "database unreachable"}, status=503)
    return JsonResponse({"status": "ready"})


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the pages and go back to where the person was."""
    code, back = request.POST.get("language", ""), request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = HttpResponseRedirect(back)
    if code in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, code, max_age=365 * 86400, samesite="Lax")
    return response


def style(request: HttpRequest) -> HttpResponse:
    """Every component in every state, for those who build pages."""
    if not (settings.DEMO or settings.DEBUG):
        raise Http404
    return render(request, "site/style.html", style_context())


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "400.html", status=400)
