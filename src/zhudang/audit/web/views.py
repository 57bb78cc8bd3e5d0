"""The log's pages, for the audit administrator only."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from zhudang.audit import earlier_logs, operations, proof_files, proofs, queries, search, tree_heads, words
from zhudang.audit.sealing import seal_everything
from zhudang.audit.testimony import WitnessReport
from zhudang.audit.verification import verify as verify_log
from zhudang.shared.refusals import Forbidden, NotFound
from zhudang.shared.web import exports, lists

_FILTERS = ("actor", "act", "subject", "since", "until", "number")


def _demand(request: HttpRequest, act: str) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if reasons := actor.why_not(act):
        raise Forbidden(*reasons)
    return actor


@never_cache
@require_safe
@login_required
def log(request: HttpRequest) -> HttpResponseBase:
    """Search, filter, page, export. Reading the log page is no act; taking it out is."""
    actor = _demand(request, "audit.log.read")
    state = lists.read_state(request, filters=_FILTERS)
    asked = search.Asked(q=state.q, **state.filters)
    oldest_first = state.sort == "at"
    if kind := exports.wanted_format(request):
        _demand(request, "audit.log.export")
        operations.record(
            actor=actor,
            act="audit.log.exported",
            subject="audit.log",
            at=timezone.now(),
            data={"format": kind, "filters": {"q": state.q, **state.filters}},
        )
        return exports.list_file(
            kind,
            _("审计日志"),
            [
                _("编号"),
                _("时间"),
                _("账号"),
                _("事项"),
                _("对象"),
                _("内容"),
                "id",
                "account_id",
                _("时间（UTC）"),
                _("条目摘要 SM3"),
            ],
            search.walk(asked, oldest_first=oldest_first),
        )
    found = search.find(
        asked,
        place=request.GET.get("place", "")[:40],
        oldest_first=oldest_first,
        limit=state.rows,
        seen=_whole(request.GET.get("seen", "")),
    )
    context = {
        "page": found,
        "state": state,
        "seal": queries.seal_state(),
        "filters": state.filters,
        "oldest_first": oldest_first,
        "unread": [words.UNREAD[name] % {"given": getattr(asked, name)} for name in asked.unread],
    }
    return render(request, "audit/log.html", context)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 12 else 0


@require_safe
@login_required
def entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """One entry, whole, with its place in the chain, and its proof as a file."""
    actor = _demand(request, "audit.log.read")
    if request.GET.get("export") == "proof":
        _demand(request, "audit.log.export")
        told = proof_files.of_entry(entry_id)
        if told is None:
            raise NotFound
        _note_export(actor, format="json", what="proof", number=told["number"])
        return _proof_file(told, f"{_('日志证明')} {told['number']}")
    row, proof = queries.entry(entry_id), proofs.proof_of(entry_id)
    under_root = bool(proof and proof.tree and tree_heads.holds(proof.tree))
    return render(request, "audit/entry.html", {"row": row, "proof": proof, "under_root": under_root})


@never_cache
@require_safe
@login_required
def heads(request: HttpRequest) -> HttpResponseBase:
    """The signed roots of the log's tree, newest first, each shown to continue the one before; to print and to take out."""
    actor = _demand(request, "audit.log.read")
    if kind := exports.wanted_format(request):
        _demand(request, "audit.log.export")
        _note_export(actor, format=kind, what="heads")
        columns = [_("前几条"), _("签于"), _("树根"), _("公钥"), _("签名")]
        return exports.list_file(kind, _("签过的树根"), columns, queries.head_lines())
    state = lists.read_state(request)
    page = lists.take_page(queries.tree_heads(), state)
    if request.GET.get("export") == "proof":
        _demand(request, "audit.log.export")
        _note_export(actor, format="json", what="heads")
        return _proof_file(proof_files.of_heads(page.rows), _("树根证明"))
    context = {
        "page": page, "rows": queries.head_rows(page.rows), "state": state, "keys": queries.log_keys(),
        "followed": earlier_logs.followed(),
    }  # fmt: skip
    return render(request, "audit/heads.html", context)


def _note_export(actor: Any, **told: Any) -> None:
    operations.record(actor=actor, act="audit.log.exported", subject="audit.log", at=timezone.now(), data=told)


def _proof_file(told: Mapping[str, Any], name: str) -> HttpResponse:
    answer = HttpResponse(json.dumps(told, ensure_ascii=False, indent=1) + "\n", content_type="application/json")
    answer["Content-Disposition"] = exports.attachment_name(f"{name}.json")
    return answer


@never_cache
@require_POST
@login_required
def verify(request: HttpRequest) -> HttpResponse:
    """Verify the whole log now; what was found is itself an entry."""
    actor = _demand(request, "audit.log.verify")
    now = timezone.now()
    seal_everything(now)
    verdict = verify_log(now)
    found = [{"number": f.number, "fault": f.fault.value} for f in verdict.findings[:200]]
    data = {"sealed": verdict.sealed, "head": verdict.head, "sound": verdict.is_sound, "findings": found}
    operations.record(actor=actor, act="audit.log.verified", subject="audit.log", at=now, data=data)
    called = words.witnesses_called()
    context = {
        "verdict": verdict,
        "sentences": [words.finding(finding, called) for finding in verdict.findings[:500]],
        "witnesses": [_shown_witness(report, called) for report in verdict.witnesses],
    }
    return render(request, "audit/verdict.html", context)


def _shown_witness(report: WitnessReport, called: Mapping[str, str]) -> dict[str, Any]:
    """A witness with the name of its place, and the moments since when it bears witness again."""
    return {
        "report": report,
        "name": called.get(report.folder, ""),
        "refilled": [(refill, datetime.fromisoformat(refill.since)) for refill in report.refilled],
    }
