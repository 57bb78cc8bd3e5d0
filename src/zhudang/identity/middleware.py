"""Every request gets its actor; sessions that stood idle end; a password that must be changed is changed first."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from zhudang.identity import queries, signing_in
from zhudang.identity.rights import ANONYMOUS, Actor

_SEEN = "seen_at"
_NOTE_EVERY = timedelta(seconds=60)
POLLED = "X-Zhudang-Poll"
"""Header of requests a page makes by itself; they keep no session alive."""


def idle_limit() -> timedelta:
    """How long a session may stand idle."""
    return timedelta(minutes=int(getattr(settings, "IDLE_MINUTES", 15)))


def _actor(request: HttpRequest) -> Actor:
    return queries.actor_from(request.user) if request.user.is_authenticated else ANONYMOUS  # type: ignore[arg-type]


class ActorMiddleware:
    """Sets `request.actor` lazily: who is not asked about costs no query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined]
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path.startswith(settings.STATIC_URL):
            now = timezone.now()
            if self._has_stood_idle(request, now):
                key = request.session.session_key or ""
                signing_in.note_sign_out(session_key=key, reason="idle", now=now)
                logout(request)
                request.actor = ANONYMOUS  # type: ignore[attr-defined]
                request.stood_idle = True  # type: ignore[attr-defined]  # the sign-in page says why one is here again
            elif must := self._must_change_password(request):
                return must
        return self.get_response(request)

    def _has_stood_idle(self, request: HttpRequest, now: datetime) -> bool:
        seen = request.session.get(_SEEN)
        if seen is None:
            return False
        since = now - datetime.fromisoformat(seen)
        if since > idle_limit():
            return True
        if since > _NOTE_EVERY and not self._asks_by_itself(request):
            request.session[_SEEN] = now.isoformat()
            signing_in.note_seen(session_key=request.session.session_key or "", now=now)
        return False

    @staticmethod
    def _asks_by_itself(request: HttpRequest) -> bool:
        return POLLED in request.headers or request.path.startswith("/work/")

    @staticmethod
    def _must_change_password(request: HttpRequest) -> HttpResponse | None:
        if not request.user.is_authenticated or not getattr(request.user, "must_change_password", False):
            return None
        allowed = {reverse("identity:password"), reverse("identity:logout"), reverse("site:language")}
        if request.path in allowed:
            return None
        return redirect("identity:password")


def begin_session(request: HttpRequest, now: datetime) -> None:
    """Start the idle clock of a session just begun."""
    request.session[_SEEN] = now.isoformat()
