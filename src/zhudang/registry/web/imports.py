"""Imports: choose a list, see what would happen to every row, then do it."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from zhudang.identity import rights
from zhudang.identity.web.decorators import actor_required
from zhudang.registry import operations, queries, words
from zhudang.registry.domain.tables import TABLES
from zhudang.registry.table_files import read_table, template_rows
from zhudang.registry.web import forms
from zhudang.registry.web.pages import shown_and_sent
from zhudang.shared.refusals import Forbidden, Refusal
from zhudang.shared.web import exports, lists
from zhudang.shared.web.refusal import tell

_SHAPES = {"new": "pencil", "change": "pencil", "same": "na", "bad": "fail", "done": "ok"}


@shown_and_sent
def import_list(request: HttpRequest) -> HttpResponse:
    """The imports done here, and the form for the next."""
    actor = request.actor  # type: ignore[attr-defined]
    rights.demand(actor, "registry.import.run")
    form = forms.ImportForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return redirect("registry:import_run", _check(actor, form.cleaned_data))
            except Forbidden:
                raise
            except Refusal as refused:
                forms.give_errors(form, refused.reasons)
                status = 409
    state = lists.read_state(request)
    page = lists.take_page(queries.import_runs(actor), state, _show_run)
    templates = [(kind, words.IMPORTS[kind]) for kind in TABLES]
    return render(request, "registry/imports.html", {"form": form, "page": page, "templates": templates}, status=status)


def _check(actor: Any, values: dict[str, Any]) -> UUID:
    upload = values["file"]
    data = upload.read()
    return operations.check_import(
        actor=actor,
        kind=values["kind"],
        file_name=upload.name or "",
        sha256=hashlib.sha256(data).hexdigest(),
        table=read_table(data, upload.name or ""),
        now=timezone.now(),
    )


def _show_run(run: Any) -> dict[str, Any]:
    facts = queries.shape_run(run)
    return {
        "run": facts, "kind": words.IMPORTS.get(facts.kind, facts.kind),
        "shape": "ok" if facts.applied else "pencil",
        "word": _("已导入") if facts.applied else _("已预检，待导入"),
        "bad": facts.counts.get("bad", 0),
    }  # fmt: skip


@require_safe
@actor_required
def import_run(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """The report of one import, row by row."""
    actor = request.actor  # type: ignore[attr-defined]
    run = queries.import_run(actor, run_id)
    state = lists.read_state(request, filters=("verdict",))
    rows = queries.import_rows(actor, run_id, state.filters.get("verdict", ""))
    if wanted := exports.wanted_format(request):
        return exports.list_file(wanted, _("导入报告"), *_as_table(rows))
    context = {
        "run": run,
        "kind": words.IMPORTS.get(run.kind, run.kind),
        "bad": run.counts.get("bad", 0),
        "same": run.counts.get("same", 0),
        "page": lists.take_page(rows, state, _show_row),
        "chips": [(v, word, run.counts[v], _SHAPES[v]) for v, word in words.VERDICTS.items() if run.counts.get(v)],
    }
    return render(request, "registry/import_run.html", context)


def _show_row(row: Any) -> dict[str, Any]:
    facts = queries.shape_import_row(row)
    return {
        "row": facts, "shape": _SHAPES[facts.verdict], "word": words.VERDICTS[facts.verdict],
        "cells": [str(cell) for cell in facts.cells.values() if cell not in (None, "")],
        "reasons": [words.sentence(reason) for reason in facts.reasons],
        "warnings": [words.sentence(reason) for reason in facts.warnings],
    }  # fmt: skip


def _as_table(rows: Any) -> tuple[list[str], Any]:
    shaped = (_show_row(row) for row in rows.iterator(chunk_size=500))
    return [_("行"), _("结果"), _("内容"), _("原因"), _("提醒")], (
        (
            shown["row"].number, str(shown["word"]), " | ".join(shown["cells"]), " ".join(shown["reasons"]),
            " ".join(shown["warnings"]),
        )
        for shown in shaped
    )  # fmt: skip


@require_POST
@actor_required
def import_apply(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Do what the dry run foretold."""
    try:
        operations.apply_import(actor=request.actor, run_id=run_id, now=timezone.now())  # type: ignore[attr-defined]
    except Forbidden:
        raise
    except Refusal as refused:
        tell(request, refused, _("没有导入："))
    return redirect("registry:import_run", run_id)


@require_safe
@actor_required
def template(request: HttpRequest, kind: str) -> HttpResponseBase:
    """An empty list with the titles and one example row."""
    rights.demand(request.actor, "registry.import.run")  # type: ignore[attr-defined]
    if kind not in TABLES:
        raise Http404
    heads, rows = template_rows(kind)
    name = _("导入模板-%(kind)s") % {"kind": words.IMPORTS[kind]}
    return exports.list_file("xlsx", name, heads, rows)
