"""The project list and the project's page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from zhudang.identity import rights
from zhudang.registry import queries, words
from zhudang.registry.web.shown import show_project, show_row
from zhudang.shared.web import exports, lists

_ORDER = {
    "code": "code", "name": "name", "kind": "kind", "client": "client__name", "started": "started_on",
    "accepted": "accepted_on", "registered": "registered_at", "units": "units",
}  # fmt: skip


@require_safe
def project_list(request: HttpRequest) -> HttpResponseBase:
    """The projects the person may know of; filter, sort, page, file."""
    actor = request.actor  # type: ignore[attr-defined]
    rights.demand(actor, "registry.project.list")
    state = lists.read_state(request, filters=("state", "kind"))
    asked = {"q": state.q, "state": state.filters.get("state", ""), "kind": state.filters.get("kind", "")}
    rows = queries.list_order(queries.find_projects(actor, **asked), state.order(_ORDER, "-registered_at"))
    if wanted := exports.wanted_format(request):
        return exports.list_file(wanted, _("项目"), *_as_table(rows))
    page = lists.take_page(rows, state, lambda row: show_row(queries.shape_row(row)))
    counts = queries.count_projects(actor, **asked)
    context = {
        "page": page,
        "state": state,
        "counts": counts,
        "kinds": [(code, word, counts.by_kind.get(code, 0)) for code, word in words.KINDS.items()],
        "filtered": bool(state.q or state.filters),
        "may_create": rights.may(actor, "registry.project.create"),
        "may_import": rights.may(actor, "registry.import.run"),
    }
    return render(request, "registry/project_list.html", context)


def _as_table(rows: Any) -> tuple[list[str], Any]:
    heads = [
        _("项目代码"), _("项目名称"), _("工程类别"), _("建设单位"), _("建设地点"), _("状态"), _("单位工程数"),
        _("开工日期"), _("竣工验收日期"), _("登记时间"),
    ]  # fmt: skip
    shaped = (queries.shape_row(row) for row in rows.iterator(chunk_size=500))
    return heads, (
        (
            row.code, row.name, str(words.KINDS.get(row.kind, row.kind)), row.client, row.address,
            str(words.STATUSES.get(row.status, row.status)), row.unit_count, row.started_on, row.accepted_on,
            row.registered_at,
        )
        for row in shaped
    )  # fmt: skip


@require_safe
def project(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """One project: the sentence, unit works, parties, permits, milestones, responsibility."""
    page = queries.project_page(request.actor, project_id)  # type: ignore[attr-defined]
    rights.demand(request.actor, "registry.project.read")  # type: ignore[attr-defined]
    return render(request, "registry/project.html", {"page": page, "shown": show_project(page)})
