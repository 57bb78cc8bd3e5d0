"""Accounts for the administrators: the list, one person, and what each officer may do there."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhudang.identity import operations, queries, signing_in, tokens, words
from zhudang.identity.domain.roles import Role
from zhudang.identity.web.decorators import act_required
from zhudang.identity.web.forms import DescribePersonForm, PersonForm
from zhudang.shared.refusals import NotFound, Refusal
from zhudang.shared.web import exports, lists
from zhudang.shared.web.refusal import tell

_ORDER = {"username": "username", "name": "name", "clearance": "clearance", "last_login": "last_login"}


@require_safe
@act_required("identity.account.read")
def people(request: HttpRequest) -> HttpResponseBase:
    """Every account: filter, sort, page, export."""
    state = lists.read_state(request, filters=("state", "role", "organisation"))
    rows = queries.people(q=state.q, **{key: state.filters.get(key, "") for key in ("state", "role", "organisation")})
    rows = rows.order_by(*state.order(_ORDER, "username"), "id")
    if kind := exports.wanted_format(request):
        heads = [_("账号"), _("姓名"), _("电话"), _("角色与单位"), _("涉密等级"), _("状态"), _("最近登录")]
        return exports.list_file(kind, _("人员"), heads, [_line(queries.person_row(row)) for row in rows])
    return render(
        request,
        "identity/people.html",
        {
            "page": lists.take_page(rows, state, queries.person_row),
            "state": state,
            "counts": queries.count_people(),
            "roles": [(role.value, words.ROLES[role]) for role in Role],
            "may_create": request.actor.may("identity.account.create"),  # type: ignore[attr-defined]
        },
    )


def _line(row: queries.PersonRow) -> list[Any]:
    roles = "；".join(f"{role.role_words} {role.organisation_name}".strip() for role in row.roles)
    return [row.username, row.name, row.phone, roles, row.clearance_words, str(words.STATES[row.state]), row.last_login]


@require_http_methods(["GET", "HEAD", "POST"])
@act_required("identity.account.create")
def new(request: HttpRequest) -> HttpResponse:
    """Open an account; its roles and its first code come from the security administrator."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            account_id = operations.create_account(actor=request.actor, now=timezone.now(), **form.cleaned_data)  # type: ignore[attr-defined]
        except operations.CannotRegister as refusal:
            form.take(refusal)
        else:
            messages.success(request, _("账号已开。请安全管理员授予角色并交付一次性码。"))
            return redirect("identity:person", account_id)
    return render(request, "identity/person_new.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@require_safe
@act_required("identity.account.read")
def person(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """One person."""
    return _page(request, account_id)


def _page(request: HttpRequest, account_id: UUID, **shown: Any) -> HttpResponse:
    page = queries.person_page(request.actor, account_id, timezone.now())  # type: ignore[attr-defined]
    context = {
        "page": page,
        "form": DescribePersonForm(initial={"name": page.row.name, "phone": page.row.phone}),
        "organisations": queries.organisation_choices() if "role.grant" in page.may else (),
        "levels": list(words.LEVELS.items()),
        **shown,
    }
    return render(request, "identity/person.html", context)


def _act(
    request: HttpRequest, account_id: UUID, done: str, operation: Callable[..., Any], **arguments: Any
) -> HttpResponse:
    """One act on one account: tell what was done, or everything that keeps it from being done."""
    try:
        operation(actor=request.actor, account_id=account_id, now=timezone.now(), **arguments)  # type: ignore[attr-defined]
    except (operations.CannotChange, operations.CannotGrant) as refusal:
        tell(request, refusal)
    else:
        messages.success(request, done)
    return redirect("identity:person", account_id)


@require_POST
@act_required("identity.account.describe")
def describe(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Correct name and telephone."""
    name, phone = request.POST.get("name", "")[:60], request.POST.get("phone", "")[:30]
    return _act(request, account_id, _("已保存。"), operations.describe_account, name=name, phone=phone)


@require_POST
@act_required("identity.account.disable")
def disable(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Close the account."""
    reason = request.POST.get("reason", "")[:200]
    return _act(request, account_id, _("账号已停用，所有登录已结束。"), operations.disable_account, reason=reason)


@require_POST
@act_required("identity.account.enable")
def enable(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Open the account again."""
    return _act(request, account_id, _("账号已恢复。"), operations.enable_account)


@require_POST
@act_required("identity.role.grant")
def grant(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Give a role."""
    organisation = _uuid(request.POST.get("organisation", ""))
    role = request.POST.get("role", "")
    return _act(request, account_id, _("角色已授予。"), operations.grant_role, role=role, organisation_id=organisation)


@require_POST
@act_required("identity.role.end")
def end_role(request: HttpRequest, account_id: UUID, membership_id: UUID) -> HttpResponse:
    """Take a role away."""
    return _act(request, account_id, _("角色已收回。"), operations.end_role, membership_id=membership_id)


@require_POST
@act_required("identity.clearance.set")
def clearance(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Set the clearance."""
    level = request.POST.get("clearance", "")
    chosen = int(level) if level.isdecimal() and len(level) < 3 else -1
    return _act(request, account_id, _("涉密等级已设定。"), operations.set_clearance, clearance=chosen)


@never_cache
@require_POST
@act_required("identity.password.reset")
def reset(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Issue a one-time code; it stands on this one answer and nowhere else."""
    try:
        code = signing_in.issue_reset_code(actor=request.actor, account_id=account_id, now=timezone.now())  # type: ignore[attr-defined]
    except signing_in.CannotSetPassword as refusal:
        tell(request, refusal)
        return redirect("identity:person", account_id)
    return _page(request, account_id, code=code)


@require_POST
@act_required("identity.account.unlock")
def unlock(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Clear the failures of the login."""
    return _act(request, account_id, _("已解锁。"), signing_in.unlock)


@never_cache
@require_POST
@act_required("identity.token.issue")
def issue_token(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Issue a key for another system; it stands on this one answer and nowhere else."""
    try:
        token = tokens.issue_token(
            actor=request.actor, account_id=account_id, name=request.POST.get("name", "")[:100], now=timezone.now()  # type: ignore[attr-defined]
        )  # fmt: skip
    except Refusal as refusal:
        tell(request, refusal)
        return redirect("identity:person", account_id)
    return _page(request, account_id, token=token)


@require_POST
@act_required("identity.token.revoke")
def revoke_token(request: HttpRequest, account_id: UUID, token_id: UUID) -> HttpResponse:
    """Make a key useless."""
    return _act(request, account_id, _("密钥已作废。"), tokens.revoke_token, token_id=token_id)


def _uuid(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
