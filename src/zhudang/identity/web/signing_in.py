"""The sign-in page, the way out, and setting a password with a one-time code."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login as begin
from django.contrib.auth import logout as finish
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from zhudang.identity import queries, signing_in
from zhudang.identity.middleware import begin_session
from zhudang.identity.models import Account
from zhudang.identity.signing_in import CannotSetPassword, CannotSignIn, Visitor
from zhudang.identity.web.forms import ResetForm, SignInForm
from zhudang.identity.web.preferences import wear
from zhudang.shared.web.refusal import sentences

_BACKEND = "django.contrib.auth.backends.ModelBackend"


def visitor_of(request: HttpRequest) -> Visitor:
    """Address and browser of a request, as the log keeps them."""
    return Visitor(request.META.get("REMOTE_ADDR", "") or "", request.headers.get("User-Agent", ""))


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Ask for login and password; begin a session."""
    form = SignInForm(request.POST or None)
    problem = ""
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            account = signing_in.check_credentials(
                username=form.cleaned_data["username"], password=form.cleaned_data["password"],
                visitor=visitor_of(request), now=now,
            )  # fmt: skip
        except CannotSignIn as refusal:
            problem = " ".join(sentences(refusal))
        else:
            return _enter(request, account)
    elif request.method == "GET" and request.actor.authenticated:  # type: ignore[attr-defined]
        return redirect(_onward(request))
    status = 422 if request.method == "POST" else 200
    return render(request, "identity/login.html", _sign_in_page(request, form, problem), status=status)


def _sign_in_page(request: HttpRequest, form: SignInForm, problem: str) -> dict[str, object]:
    return {
        "form": form,
        "problem": problem,
        "next": _onward(request),
        "idle": bool(request.GET.get("idle")),
        "demo_accounts": queries.demo_accounts() if settings.DEMO else (),
    }


def _enter(request: HttpRequest, account: Account) -> HttpResponse:
    now = timezone.now()
    begin(request, account, backend=_BACKEND)
    begin_session(request, now)
    request.session.save()
    signing_in.note_sign_in(
        account=account, session_key=request.session.session_key or "", visitor=visitor_of(request), now=now
    )
    response = redirect("identity:password" if account.must_change_password else _onward(request))
    wear(response, account.language, account.theme, account.shortcuts_on)
    return response


def _onward(request: HttpRequest) -> str:
    """Where the person wanted to go, if it is a page of ours; otherwise home."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return asked
    return reverse("site:home")


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    key = request.session.session_key
    finish(request)
    if key:
        signing_in.note_sign_out(session_key=key, reason="left", now=timezone.now())
    return redirect("identity:login")


@never_cache
@sensitive_post_parameters("code", "new", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest) -> HttpResponse:
    """Set a new password with the code the security administrator handed over; no mail is involved."""
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            signing_in.redeem_reset_code(
                username=given["username"], code=given["code"], new=given["new"], again=given["again"],
                visitor=visitor_of(request), now=timezone.now(),
            )  # fmt: skip
        except (CannotSignIn, CannotSetPassword) as refusal:
            form.take(refusal)
        else:
            messages.success(request, _("新密码已设好，请用它登录。"))
            return redirect("identity:login")
    return render(request, "identity/reset.html", {"form": form}, status=422 if form.errors else 200)
