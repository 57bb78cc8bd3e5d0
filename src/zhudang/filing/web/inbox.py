"""The inbox, its acts, and the upload page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from zhudang.checks.report_words import package_kind
from zhudang.content import queries as content
from zhudang.filing import operations, queries, words
from zhudang.filing.described import in_words
from zhudang.filing.web.acts import actor_of, carry_out, ids_in
from zhudang.identity import rights
from zhudang.identity.web.decorators import actor_required
from zhudang.registry import queries as registry
from zhudang.shared.refusals import Reason
from zhudang.shared.web import exports, lists


def _address(project_id: UUID) -> str:
    return reverse("filing:inbox", args=[project_id])


def _demand(request: HttpRequest, project_id: UUID) -> None:
    """Whose project this is not, for them it does not exist, whatever was ticked."""
    rights.demand(actor_of(request), "filing.file.assign", registry.project_facts(project_id))


@require_safe
@actor_required
def inbox(request: HttpRequest, project_id: UUID) -> HttpResponseBase:
    """Files that wait for a place: the surest first within their folders, pencil beside each."""
    actor = actor_of(request)
    head = queries.inbox_head(actor, project_id)
    state = lists.read_state(request, filters=("sure",))
    files = queries.inbox_files(actor, project_id, q=state.q, sure=state.filters.get("sure", ""))
    if wanted := exports.wanted_format(request):
        rows = queries.inbox_rows(list(files[:5000]))
        heads = [
            _("文件夹"),
            _("文件名"),
            _("页"),
            _("检测"),
            _("建议代码"),
            _("建议归入"),
            _("单位工程"),
            _("把握"),
            _("理由"),
        ]
        return exports.list_file(
            wanted, f"{head.project_name} {_('待归类文件')}", heads,
            [
                (r.folder, r.name, r.pages, r.verdict or "", r.code, r.title, r.unit_work_name,
                 r.confidence or "", words.why_all(r.reasons))
                for r in rows
            ],
        )  # fmt: skip
    page = lists.take_page(files, state)
    shown = queries.inbox_rows(list(page.rows))
    chosen = request.GET.get("file", "")
    context = {
        "head": head, "page": page, "rows": [_told(each, request.LANGUAGE_CODE) for each in shown], "state": state,
        "chips": [
            ("", _("全部"), head.waiting, ""), ("yes", _("把握 80% 以上"), head.sure, "pencil"),
            ("less", _("先看再定"), head.unsure, "manual"), ("none", _("没有建议"), head.silent, "none"),
        ],
        "sure_ids": [r.suggestion_id for r in shown if r.suggestion_id and r.sure],
        "chosen": chosen, "options": _options(request, project_id) if chosen or request.GET.get("find") else [],
        "find": request.GET.get("find", ""),
    }  # fmt: skip
    return render(request, "filing/inbox.html", context)


def _told(row: queries.InboxRow, language: str) -> tuple[queries.InboxRow, str, list[Any], str]:
    """A row with its sentences: why this suggestion, why a package stays whole, what kind of package it is."""
    package = row.package
    if package is None:
        return row, words.why_all(row.reasons), [], ""
    kind = package_kind(package.kind, "en" if language.startswith("en") else "zh")
    return row, words.why_all(row.reasons), [in_words(each) for each in package.why[:3]], kind


def _options(request: HttpRequest, project_id: UUID) -> list[tuple[UUID, str, str, str]]:
    unit = request.GET.get("unit", "")
    try:
        unit_id = UUID(unit) if unit else None
    except ValueError:
        unit_id = None
    return queries.obligation_options(
        actor_of(request), project_id, q=request.GET.get("find", ""), unit_work_id=unit_id
    )


@require_POST
@actor_required
def confirm(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Put ticked pencil into ink."""
    _demand(request, project_id)
    return carry_out(
        request,
        lambda: _chosen(
            ids_in(request, "suggestion"),
            lambda ids: operations.confirm_suggestions(actor=actor_of(request), suggestion_ids=ids, now=timezone.now()),
        ),
        done=_("已确认 %(n)s 件，下一步著录。"),
        cannot=_("没有确认任何一件："),
        back=_address(project_id),
    )


@require_POST
@actor_required
def dismiss(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Rub ticked pencil out."""
    _demand(request, project_id)
    return carry_out(
        request,
        lambda: _chosen(
            ids_in(request, "suggestion"),
            lambda ids: operations.dismiss_suggestions(actor=actor_of(request), suggestion_ids=ids, now=timezone.now()),
        ),
        done=_("已去掉 %(n)s 条建议。"),
        cannot=_("没有去掉："),
        back=_address(project_id),
    )


@require_POST
@actor_required
def assign(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Assign ticked files to one document kind by hand."""
    _demand(request, project_id)
    owed = ids_in(request, "obligation")

    def act() -> list[UUID]:
        files = ids_in(request, "file")
        if not files or len(owed) != 1:
            raise operations.CannotAssign(Reason("filing.nothing_chosen"))
        return operations.assign(actor=actor_of(request), assignments=[(f, owed[0]) for f in files], now=timezone.now())

    return carry_out(
        request, act, done=_("已归入 %(n)s 件，下一步著录。"), cannot=_("没有归入："), back=_address(project_id)
    )


def _chosen(ids: list[UUID], act):  # type: ignore[no-untyped-def]
    if not ids:
        raise operations.CannotAssign(Reason("filing.nothing_chosen"))
    return act(ids)


@require_safe
@actor_required
def upload(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Drop folders and files here; they are received, checked and suggested before anyone else sees them."""
    actor = actor_of(request)
    facts = registry.project_facts(project_id)
    rights.demand(actor, "content.file.upload", facts)
    units = registry.unit_works_of(project_id)
    chosen = next((u for u in units if str(u.unit_work_id) == request.GET.get("unit", "")), None)
    name = registry.visible_projects(actor).filter(id=project_id).values_list("name", flat=True).first() or ""
    context = {
        "project_id": project_id, "project_name": name, "units": units, "chosen": chosen,
        "recent": content.files_of_project(project_id, actor=actor)[:12],
    }  # fmt: skip
    return render(request, "filing/upload.html", context)
