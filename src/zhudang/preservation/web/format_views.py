"""Pages of formats over time: the register, its review, a migration before and after it is ordered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhudang.identity.rights import Actor, demand
from zhudang.preservation import words
from zhudang.preservation.domain.format_policy import FormatEntry, Risk
from zhudang.preservation.formats import ordering, register
from zhudang.preservation.formats.paths import PATHS
from zhudang.preservation.formats.policy import current
from zhudang.preservation.models import FormatMigration
from zhudang.shared.refusals import NotFound, Reason
from zhudang.shared.web import exports
from zhudang.shared.web.refusal import tell
from zhudang.shared.web.wording import speaks_english, write_date


@require_safe
def formats(request: HttpRequest) -> HttpResponseBase:
    """Every format held, at what risk, what is done about it; the review; the migrations."""
    actor = _actor(request)
    page = register.register(actor, timezone.now())
    if kind := exports.wanted_format(request):
        return exports.list_file(kind, _("格式登记"), _heads(), map(_line, page.rows))
    context = {
        "page": page,
        "received": [_shown(row) for row in page.rows if not row.rendition],
        "made": [_shown(row) for row in page.rows if row.rendition],
        "risks": [(words.RISKS[risk], words.RISK_MARKS[risk], page.of(risk)) for risk in Risk],
        "high": page.of(Risk.HIGH),
        "unknown": page.of(Risk.UNKNOWN),
        "policy": _shown_policy(),
        "reviews": register.reviews(),
        "migrations": [_shown_migration(row) for row in page.migrations],
        "may_review": actor.may("preservation.format.review"),
        "may_migrate": actor.may("preservation.migration.order"),
    }
    return render(request, "preservation/formats.html", context)


@require_POST
def review(request: HttpRequest) -> HttpResponse:
    """Note that all formats were looked at."""
    try:
        register.review(actor=_actor(request), note=request.POST.get("note", ""), now=timezone.now())
    except register.CannotReview as refusal:
        tell(request, refusal)
    else:
        messages.success(request, _("已记下这次评审。"))
    return redirect("preservation:formats")


@require_http_methods(["GET", "HEAD", "POST"])
def migrate(request: HttpRequest) -> HttpResponse:
    """GET: what a migration would touch. POST: order it."""
    actor = _actor(request)
    demand(actor, "preservation.migration.order")
    given = request.POST if request.method == "POST" else request.GET
    format_id, path_code, project_id = given.get("format", ""), given.get("path", ""), _uuid(given.get("project", ""))
    if request.method == "POST":
        try:
            migration_id = ordering.order(
                actor=actor, format_id=format_id, path_code=path_code, project_id=project_id, now=timezone.now()
            )
        except ordering.CannotMigrate as refusal:
            tell(request, refusal)
            return redirect("preservation:formats")
        return redirect("preservation:migration", migration_id)
    shown = ordering.preview(actor=actor, format_id=format_id, path_code=path_code, project_id=project_id)
    context = {
        "shown": shown,
        "left": max(shown.files - shown.already, 0),
        "check": words.CHECKS[shown.path.check],
        "reasons": [words.sentence(reason) for reason in shown.reasons],
        "projects": register.projects_holding(actor, format_id),
    }
    return render(request, "preservation/migrate.html", context)


@require_safe
def migration(request: HttpRequest, migration_id: UUID) -> HttpResponse:
    """One migration: what was ordered, what came of it, and every file of which nothing new was kept, with its reason."""
    page = register.migration_page(_actor(request), migration_id)
    context = {
        "page": page,
        "shown": _shown_migration(page.row),
        "check": words.CHECKS.get(page.check, ""),
        "reason": words.sentence(Reason(**page.row.stopped_because)) if page.row.stopped_because else "",
        "outcomes": [(row, words.sentence(Reason(**row.reason))) for row in page.outcomes],
    }
    return render(request, "preservation/migration.html", context)


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _uuid(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def _shown_policy() -> dict[str, Any]:
    known = current()
    return {
        "title": words.own_half(known.title), "version": known.version, "review_days": known.review_days,
        "review_source": words.own_half(known.review_source), "review_doubt": words.doubt(known.review_doubt),
    }  # fmt: skip


def _shown(row: register.FormatRow) -> dict[str, Any]:
    return {
        "row": row,
        "risk": words.RISKS[row.entry.risk],
        "mark": words.RISK_MARKS[row.entry.risk],
        "reasons": _reasons(row.entry),
        "source": words.own_half(row.entry.source),
        "doubt": words.doubt(row.entry.doubt),
        "action": _action(row.entry),
        "paths": [(path, words.CHECKS[path.check]) for path in row.paths],
    }


def _reasons(entry: FormatEntry) -> str:
    if not entry.known:
        return str(_("格式策略里没有它，没有人评估过；未知不等于风险低"))
    return entry.reasons_en if speaks_english() else entry.reasons


def _action(entry: FormatEntry) -> str:
    text = str(words.ACTIONS[entry.policy])
    return text % {"target": PATHS[entry.path].target} if entry.path else text


def _shown_migration(row: FormatMigration) -> dict[str, Any]:
    return {
        "row": row,
        "state": words.MIGRATION_STATES[row.state],
        "mark": words.MIGRATION_MARKS[row.state],
        "target": PATHS[row.path].target if row.path in PATHS else row.path,
    }


def _heads() -> list[str]:
    return [
        _("格式标识"), _("格式名称"), "MIME", _("来历"), _("件数"), _("字节数"), _("案卷数"), _("最早"), _("最近"), _("风险"),
        _("理由"), _("依据"), _("存疑"), _("处理办法"),
    ]  # fmt: skip


def _line(row: register.FormatRow) -> list[Any]:
    return [
        row.format_id, row.format_name, row.mime, _("转换件") if row.rendition else _("原文件"), row.files, row.bytes,
        row.volumes, write_date(row.oldest_at), write_date(row.newest_at), str(words.RISKS[row.entry.risk]),
        _reasons(row.entry), words.own_half(row.entry.source), words.doubt(row.entry.doubt), _action(row.entry),
    ]  # fmt: skip
