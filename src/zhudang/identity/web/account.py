"""The own account: data, preferences, sessions, password."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhudang.identity import operations, queries, signing_in
from zhudang.identity.middleware import idle_limit
from zhudang.identity.signing_in import CannotSetPassword
from zhudang.identity.web.decorators import actor_required
from zhudang.identity.web.forms import OwnForm, PasswordForm
from zhudang.identity.web.preferences import wear


@never_cache
@require_safe
@actor_required
def page(request: HttpRequest) -> HttpResponse:
    """What stands about oneself."""
    own = queries.own_page(
        request.actor, session_key=request.session.session_key or "", idle=idle_limit(), now=timezone.now()  # type: ignore[attr-defined]
    )  # fmt: skip
    form = OwnForm(
        initial={"phone": own.row.phone, "language": own.language, "theme": own.theme, "shortcuts_on": own.shortcuts_on}
    )
    return render(request, "identity/account.html", {"own": own, "form": form})


@require_POST
@actor_required
def save(request: HttpRequest) -> HttpResponse:
    """Keep telephone and preferences."""
    form = OwnForm(request.POST)
    response = redirect("identity:account")
    if form.is_valid():
        given = form.cleaned_data
        operations.set_preferences(
            actor=request.actor, phone=given["phone"], language=given["language"], theme=given["theme"],  # type: ignore[attr-defined]
            shortcuts_on=given["shortcuts_on"], now=timezone.now(),
        )  # fmt: skip
        wear(response, given["language"], given["theme"], given["shortcuts_on"])
        messages.success(request, _("已保存。"))
    return response


@never_cache
@sensitive_post_parameters("old", "new", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@actor_required
def password(request: HttpRequest) -> HttpResponse:
    """Change the own password; sessions elsewhere end."""
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            account = signing_in.change_password(
                actor=request.actor, old=given["old"], new=given["new"], again=given["again"],  # type: ignore[attr-defined]
                session_key=request.session.session_key or "", now=timezone.now(),
            )  # fmt: skip
        except CannotSetPassword as refusal:
            form.take(refusal)
        else:
            _keep_this_session(request, account)
            messages.success(request, _("密码已改。别处的登录都已结束。"))
            return redirect("site:home")
    must = request.actor.must_change_password  # type: ignore[attr-defined]
    return render(request, "identity/password.html", {"form": form, "must": must}, status=422 if form.errors else 200)


def _keep_this_session(request: HttpRequest, account: object) -> None:
    """The password's change gives the session a new key; the list of sessions follows it."""
    before = request.session.session_key or ""
    update_session_auth_hash(request, account)  # type: ignore[arg-type]
    request.session.save()
    signing_in.follow_session(before=before, after=request.session.session_key or "")


@require_POST
@actor_required
def end_session(request: HttpRequest, sign_in_id: UUID) -> HttpResponse:
    """End one of the own sessions."""
    signing_in.end_own_session(actor=request.actor, sign_in_id=sign_in_id, now=timezone.now())  # type: ignore[attr-defined]
    messages.success(request, _("那一处的登录已结束。"))
    return redirect("identity:account")
