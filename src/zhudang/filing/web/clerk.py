"""The clerk's home and the checklist of a unit work."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from zhudang.filing import operations, queries, words
from zhudang.filing.web.acts import actor_of, carry_out, ids_in
from zhudang.filing.web.shown import show
from zhudang.identity import rights
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.web.decorators import actor_required
from zhudang.registry import queries as registry
from zhudang.registry.words import milestone_title
from zhudang.shared.refusals import Forbidden, Reason
from zhudang.shared.web import exports


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_safe
@actor_required
def clerk_home(request: HttpRequest) -> HttpResponseBase:
    """What is owed, by when; what came back and why; what waits for a yes."""
    actor = actor_of(request)
    if not actor.holds(*FILERS):
        raise Forbidden(Reason("rights.role_lacking", {"roles": sorted(r.value for r in FILERS)}))
    home = queries.clerk_home(actor, today=timezone.localdate(), project_id=_uuid(request.GET.get("project", "")))
    if wanted := exports.wanted_format(request):
        return _owed_file(request, wanted, home)
    return render(request, "filing/clerk_home.html", {"home": home, "steps": _step_words(home)})


def _step_words(home: queries.ClerkHome) -> dict[str, str]:
    """Milestone code -> its name in the reader's language."""
    return {u.milestone: milestone_title(u.milestone) for u in home.units if u.milestone}


def _owed_file(request: HttpRequest, kind: str, home: queries.ClerkHome) -> HttpResponseBase:
    """打印欠交单: everything owed now, over all unit works shown."""
    actor, today = actor_of(request), timezone.localdate()
    rows = []
    for unit in home.units:
        page = queries.checklist(actor, unit.id, today=today, state="now")
        rows += [(page.project_name, page.unit_work_name, *_as_row(r)) for g in page.groups for r in g.rows]
    return exports.list_file(kind, _("欠交单"), [_("项目"), _("单位工程"), *_heads()], rows)


def _heads() -> list[str]:
    return [
        _("代码"), _("文件题名"), _("责任方"), _("责任单位"), _("本单位存"), _("交建设单位"), _("交馆"), _("节点"),
        _("建议归档时间"), _("状态"), _("不涉及的理由"), _("出处"),
    ]  # fmt: skip


def _as_row(row: queries.ChecklistRow) -> tuple[Any, ...]:
    return (
        row.printed_code, row.title, str(words.ROLES.get(row.party_role, row.party_role)), row.organisation,
        words.MARKS[row.own], words.MARKS[row.to_client], words.MARKS[row.to_archive], milestone_title(row.milestone) if row.milestone else "",
        row.suggested_on, str(words.STANDINGS[row.standing]), row.not_applicable_reason, row.source,
    )  # fmt: skip


@require_safe
@actor_required
def checklist(request: HttpRequest, unit_work_id: UUID) -> HttpResponseBase:
    """The checklist of one unit work: groups, five keepers, states, suggestions under their rows."""
    asked = {key: request.GET.get(key, "")[:100] for key in ("state", "role", "q", "keeper")}
    page = queries.checklist(actor_of(request), unit_work_id, today=timezone.localdate(), **asked)
    if wanted := exports.wanted_format(request):
        rows = [_as_row(r) for g in page.groups for r in g.rows]
        return exports.list_file(wanted, f"{page.unit_work_name} {_('归档清单')}", _heads(), rows)
    chips = [
        (code, words.STANDINGS.get(code) or _("全部"), page.counts.get(code, 0), words.STANDING_MARKS.get(code, ""))
        for code in _CHIPS
    ]
    chips.insert(1, ("now", _("现欠"), page.counts.get("now", 0), ""))
    plain = request.GET.copy()
    excused = _uuid(plain.pop("excuse", [""])[-1])
    here = f"{request.path}?{plain.urlencode()}" if plain else request.path
    upload = f"{reverse('filing:upload', args=[page.project_id])}?unit={unit_work_id}"
    upload_to = format_html(' data-upload="{}"', upload) if page.may_act else SafeString("")
    context = {
        "page": page,
        "groups": tuple(show(page, upload_to=upload_to, excuse_base=f"{here}{'&' if plain else '?'}excuse=")),
        "asked": asked,
        "chips": chips,
        "roles": [(role, words.ROLES.get(role, role)) for role in page.roles],
        "excusing": next((r for g in page.groups for r in g.rows if r.id == excused), None) if page.may_act else None,
        "back": here,
    }
    return render(request, "filing/checklist.html", context)


_CHIPS = ("", "passed", "soon", "pencil", "draft", "back", "filed", "na", "later")


def _demand(request: HttpRequest, unit_work_id: UUID) -> None:
    facts = registry.project_facts(registry.project_of_unit_work(unit_work_id))
    rights.demand(actor_of(request), "filing.obligation.excuse", facts)


@require_POST
@actor_required
def excuse(request: HttpRequest, unit_work_id: UUID) -> HttpResponse:
    """不涉及, with its reason."""
    _demand(request, unit_work_id)
    return carry_out(
        request,
        lambda: operations.excuse(
            actor=actor_of(request), obligation_ids=ids_in(request, "obligation"), reason=request.POST.get("reason", ""),
            now=timezone.now(),
        ),
        done=_("已标为不涉及：%(n)s 项，理由将写入备考表。"),
        cannot=_("还不能标为不涉及："),
        back=reverse("filing:checklist", args=[unit_work_id]),
    )  # fmt: skip


@require_POST
@actor_required
def restore(request: HttpRequest, unit_work_id: UUID) -> HttpResponse:
    """Take 不涉及 back."""
    _demand(request, unit_work_id)
    return carry_out(
        request,
        lambda: operations.restore(
            actor=actor_of(request), obligation_ids=ids_in(request, "obligation"), now=timezone.now()
        ),
        done=_("已撤销不涉及：%(n)s 项。"),
        cannot=_("撤销不了："),
        back=reverse("filing:checklist", args=[unit_work_id]),
    )
