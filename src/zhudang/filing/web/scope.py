"""The scope lists with their sources and doubts, and which one is in use."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from zhudang.filing import operations, queries, words
from zhudang.filing.web.acts import actor_of, carry_out
from zhudang.identity import rights
from zhudang.identity.web.decorators import actor_required
from zhudang.registry.words import milestone_title
from zhudang.shared.refusals import NotFound
from zhudang.shared.web import exports, lists


@require_safe
@actor_required
def scope_lists(request: HttpRequest) -> HttpResponse:
    """Every list the installation holds."""
    actor = actor_of(request)
    rows = queries.scope_lists(actor)
    context = {"rows": rows, "words": words, "may_adopt": rights.may(actor, "filing.scope.adopt")}
    return render(request, "filing/scope_lists.html", context)


@require_safe
@actor_required
def scope_list(request: HttpRequest, list_id: UUID) -> HttpResponseBase:
    """One list, row by row, with its sources and doubts."""
    actor = actor_of(request)
    one = next((r for r in queries.scope_lists(actor) if r.id == list_id), None)
    if one is None:
        raise NotFound
    state = lists.read_state(request, filters=("kind", "doubt"), rows=200)
    items = queries.scope_items(
        actor, list_id, kind=state.filters.get("kind", ""), q=state.q, doubt=state.filters.get("doubt", "")
    )
    if wanted := exports.wanted_format(request):
        heads = [
            _("类别"), _("代码"), _("文件题名"), _("建设单位"), _("设计单位"), _("施工单位"), _("监理单位"), _("城建档案馆"),
            _("形成单位"), _("节点"), _("出处"), _("存疑"),
        ]  # fmt: skip
        return exports.list_file(wanted, one.title, heads, (_as_row(i) for i in items.iterator(chunk_size=500)))
    kinds = sorted(set(queries.scope_items(actor, list_id).order_by().values_list("project_type", flat=True)))
    context = {
        "one": one, "page": lists.take_page(items, state, _shown), "state": state, "words": words,
        "kinds": [(k, words.KINDS.get(k, k)) for k in kinds], "may_adopt": rights.may(actor, "filing.scope.adopt"),
    }  # fmt: skip
    return render(request, "filing/scope_list.html", context)


def _shown(item):  # type: ignore[no-untyped-def]
    doubts = "、".join(str(words.DOUBTS.get(d, d)) for d in item.doubt.split(",") if d)
    marks = [(words.MARKS[getattr(item, k)], words.MARK_WORDS[getattr(item, k)]) for k in _KEEPERS]
    return (
        item,
        marks,
        doubts,
        milestone_title(item.milestone) if item.milestone else "",
        words.ROLES.get(item.provider, ""),
    )


_KEEPERS = ("builder", "designer", "contractor", "supervisor", "archive")


def _as_row(item):  # type: ignore[no-untyped-def]
    _item, marks, doubts, step, maker = _shown(item)
    return [
        str(words.KINDS.get(item.project_type, item.project_type)),
        item.code,
        item.title,
        *(m for m, _w in marks),
        str(maker),
        step,
        item.source,
        doubts,
    ]


@require_POST
@actor_required
def adopt(request: HttpRequest, list_id: UUID) -> HttpResponse:
    """Use this list for one kind of works from now on."""
    return carry_out(
        request,
        lambda: operations.adopt_scope_list(
            actor=actor_of(request), kind=request.POST.get("kind", "")[:20], scope_list_id=list_id, now=timezone.now()
        ),
        done=_("已采用；各项目的归档清单正在按新范围重排。"),
        cannot=_("不能采用："),
        back=reverse("filing:scope_lists"),
    )
