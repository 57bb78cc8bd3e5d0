"""Organisations: the list, one organisation with its former names and members, entering and renaming."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhudang.identity import operations, queries, words
from zhudang.identity.domain.roles import OrganisationKind
from zhudang.identity.web.decorators import act_required
from zhudang.identity.web.forms import DescribeOrganisationForm, OrganisationForm, RenameForm
from zhudang.shared.web import exports, lists

_ORDER = {"name": "name", "code": "credit_code", "kind": "kind", "members": "members"}


@require_safe
@act_required("identity.organisation.read")
def organisations(request: HttpRequest) -> HttpResponseBase:
    """Every organisation: filter, sort, page, export."""
    state = lists.read_state(request, filters=("kind",))
    rows = queries.organisations(q=state.q, kind=state.filters.get("kind", ""))
    rows = rows.order_by(*state.order(_ORDER, "name"), "id")
    if kind := exports.wanted_format(request):
        heads = [_("名称"), _("简称"), _("代码"), _("性质"), _("人员")]
        lines = [[r.name, r.short_name, r.code, r.kind_words, r.members] for r in queries.organisation_rows(rows)]
        return exports.list_file(kind, _("单位"), heads, lines)
    context = {
        "page": lists.take_page(rows, state, queries.organisation_row),
        "state": state,
        "kinds": [(kind.value, words.KINDS[kind]) for kind in OrganisationKind],
        "may_register": request.actor.may("identity.organisation.register"),  # type: ignore[attr-defined]
    }
    return render(request, "identity/organisations.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@act_required("identity.organisation.register")
def new(request: HttpRequest) -> HttpResponse:
    """Enter an organisation."""
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            organisation_id = operations.register_organisation(
                actor=request.actor, now=timezone.now(), **form.cleaned_data
            )  # type: ignore[attr-defined]
        except operations.CannotRegister as refusal:
            form.take(refusal)
        else:
            messages.success(request, _("单位已登记。"))
            return redirect("identity:organisation", organisation_id)
    return render(request, "identity/organisation_new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@act_required("identity.organisation.read")
def organisation(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """One organisation."""
    return _page(request, organisation_id)


def _page(
    request: HttpRequest,
    organisation_id: UUID,
    rename_form: RenameForm | None = None,
    describe_form: DescribeOrganisationForm | None = None,
) -> HttpResponse:
    page = queries.organisation_page(request.actor, organisation_id)  # type: ignore[attr-defined]
    known = {"short_name": page.row.short_name, "kind": page.row.kind, "code": page.row.code}
    context = {
        "page": page,
        "rename_form": rename_form or RenameForm(),
        "describe_form": describe_form or DescribeOrganisationForm(initial=known),
    }
    return render(request, "identity/organisation.html", context, status=422 if rename_form or describe_form else 200)


@require_POST
@act_required("identity.organisation.rename")
def rename(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Give a new name from a day on."""
    form = RenameForm(request.POST)
    if form.is_valid():
        try:
            operations.rename_organisation(
                actor=request.actor, organisation_id=organisation_id, now=timezone.now(), **form.cleaned_data  # type: ignore[attr-defined]
            )  # fmt: skip
        except operations.CannotChange as refusal:
            form.take(refusal)
        else:
            messages.success(request, _("已更名；原名仍可查到。"))
            return redirect("identity:organisation", organisation_id)
    return _page(request, organisation_id, rename_form=form)


@require_POST
@act_required("identity.organisation.rename")
def describe(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Correct code, short name, kind."""
    form = DescribeOrganisationForm(request.POST)
    if form.is_valid():
        try:
            operations.describe_organisation(
                actor=request.actor, organisation_id=organisation_id, now=timezone.now(), **form.cleaned_data  # type: ignore[attr-defined]
            )  # fmt: skip
        except operations.CannotChange as refusal:
            form.take(refusal)
        else:
            messages.success(request, _("已保存。"))
            return redirect("identity:organisation", organisation_id)
    return _page(request, organisation_id, describe_form=form)
