"""Applications: the form, the queue, the page."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhudang.filing.described import in_words
from zhudang.handover import operations, queries, words
from zhudang.handover.domain.states import RUNNING
from zhudang.handover.web.common import actor_of, choices, day, identifiers, try_act, whole
from zhudang.identity.web.decorators import act_required
from zhudang.shared.refusals import Forbidden, Refusal
from zhudang.shared.web import exports, lists
from zhudang.shared.web import refusal as refusals

MOST_ADVICE = 40


@require_http_methods(["GET", "HEAD", "POST"])
@act_required("handover.application.submit")
def apply(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """GET `?mode=`: what applying would mean. POST: apply.

    Fields: `mode` (commitment, before_filing, staged), `unit_works` (ids, repeated), `stage`, `missing_note`, `self_check`,
    `contact`, `phone`, `statement` (complete, true_to_works, scans_equal_paper, in_time; repeated), `due_on` (2026-09-17).
    """
    actor = actor_of(request)
    if request.method == "POST":
        sent = request.POST
        try:
            application_id = operations.apply(
                actor=actor, project_id=project_id, mode=sent.get("mode", ""), now=timezone.now(),
                unit_work_ids=identifiers(sent.getlist("unit_works")), stage=sent.get("stage", ""),
                missing_note=sent.get("missing_note", ""), self_check=sent.get("self_check", ""), contact=sent.get("contact", ""),
                phone=sent.get("phone", ""), statements=sent.getlist("statement"), due_on=day(sent.get("due_on", "")),
            )  # fmt: skip
            return redirect("handover:application", application_id)
        except Forbidden:
            raise
        except Refusal as refusal:
            refusals.tell(request, refusal)
    asked = request.POST.get("mode") or request.GET.get("mode", "")
    page = queries.apply_page(actor, project_id, asked, timezone.localdate())
    context: dict[str, Any] = {
        "page": page, "modes": [(code, words.MODES[code]) for code in page.modes], "kind": words.KINDS[page.kind],
        "statements": choices(words.STATEMENTS), "reasons": [words.sentence(reason) for reason in page.reasons], "sent": request.POST,
        "advice": [(about, *in_words(found)) for about, found in page.advice[:MOST_ADVICE]],
        "ticked": request.POST.getlist("statement"), "chosen_units": request.POST.getlist("unit_works"),
    }  # fmt: skip
    return render(request, "handover/apply.html", context, status=422 if request.method == "POST" else 200)


@require_safe
@act_required("handover.application.read")
def queue(request: HttpRequest) -> HttpResponseBase:
    """The applications: the reviewer's queue by clock, the client's own; `?state=`, `?q=`, `?export=`."""
    actor = actor_of(request)
    state = lists.read_state(request, filters=("state",))
    everything = queries.applications(actor, q=state.q)
    wanted = state.filters.get("state", "")
    rows = [
        row for row in everything if not wanted or row.state == wanted or (wanted == "running" and row.state in RUNNING)
    ]
    rows = _sorted(rows, state.sort)
    if asked := exports.wanted_format(request):
        return exports.list_file(asked, _("验收申请"), _heads(), [_line(row) for row in rows])
    page = lists.take_page(
        rows,
        state,
        lambda row: (
            row,
            words.STATES[row.state],
            words.STATE_MARKS[row.state],
            words.KINDS[row.kind],
            words.MODES[row.mode],
        ),
    )
    running = [row for row in everything if row.state == "reviewing" and row.clock]
    context = {
        "page": page, "state": state, "counts": queries.state_counts(everything), "total": len(everything),
        "chips": [(code, word, words.STATE_MARKS[code]) for code, word in words.STATES.items()],
        "overdue": sum(1 for row in running if row.clock and row.clock.overdue), "reviewing": len(running),
        "soon": sum(1 for row in running if row.clock and not row.clock.overdue and row.clock.left <= 3),
        "reviews": actor.holds("reviewer"),
    }  # fmt: skip
    return render(request, "handover/applications.html", context)


def _sorted(rows: list[Any], key: str) -> list[Any]:
    keys = {
        "number": lambda r: r.number, "project": lambda r: r.project_name, "applied": lambda r: r.applied_at,
        "due": lambda r: r.clock.due if r.clock else date.max, "state": lambda r: r.state,
    }  # fmt: skip
    by = keys.get(key.lstrip("-"))
    return sorted(rows, key=by, reverse=key.startswith("-")) if by else rows


def _heads() -> list[str]:
    return [
        _("申请号"),
        _("项目"),
        _("建设单位"),
        _("轮次"),
        _("方式"),
        _("状态"),
        _("申请时间"),
        _("应办结"),
        _("已审"),
        _("共"),
    ]


def _line(row: Any) -> tuple[Any, ...]:
    return (
        row.number, row.project_name, row.client_name, row.round, str(words.MODES[row.mode]), str(words.STATES[row.state]),
        row.applied_at, row.clock.due if row.clock else None, row.judged, row.total,
    )  # fmt: skip


@require_safe
@act_required("handover.application.read")
def application(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """One application."""
    page = queries.application_page(actor_of(request), application_id)
    row = page.row
    context = {
        "page": page, "word": words.STATES[row.state], "mark": words.STATE_MARKS[row.state], "kind": words.KINDS[row.kind],
        "mode": words.MODES[row.mode], "channel": words.CHANNELS[row.channel],
        "correction": [words.sentence(reason) for reason in page.correction],
        "entries": [(entry, words.REASON_CODES.get(entry["reason_code"], "")) for entry in page.entries],
        "rounds": [(each[0], each[1], each[2], words.STATES[each[3]], words.STATE_MARKS[each[3]], each[4]) for each in page.rounds],
        "counts": [(words.ITEM_STATES[code], words.ITEM_MARKS[code], page.counts.get(code, 0)) for code in words.ITEM_STATES if page.counts.get(code)],
        "statements": choices(words.STATEMENTS),
    }  # fmt: skip
    return render(request, "handover/application.html", context)


@require_POST
@act_required("handover.application.supplement")
def supplement(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """POST `missing_note`, `statement` (repeated), `due_on`, `revision`: what was told is supplied."""
    sent = request.POST

    def act() -> None:
        operations.supplement_application(
            actor=actor_of(request), application_id=application_id, missing_note=sent.get("missing_note", ""),
            statements=sent.getlist("statement"), due_on=day(sent.get("due_on", "")), revision=whole(sent.get("revision", "")),
            now=timezone.now(),
        )  # fmt: skip

    return try_act(request, act, _("补正已收到，开始审核，计时继续。"), "handover:application", application_id)


@require_POST
@act_required("handover.application.withdraw")
def withdraw(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """POST `reason`: take the application back."""

    def act() -> None:
        operations.withdraw_application(
            actor=actor_of(request),
            application_id=application_id,
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
        )

    return try_act(request, act, _("申请已撤回。"), "handover:application", application_id)
