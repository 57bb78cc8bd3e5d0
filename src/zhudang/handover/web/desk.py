"""The review desk and its acts; every key of the keyboard presses a button of a plain form."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from zhudang.checks.check_report import BUSINESS
from zhudang.content.queries import CheckReport
from zhudang.content.seen_places import pages_of
from zhudang.filing.described import in_words
from zhudang.handover import operations, queries, words
from zhudang.handover.policy import policy
from zhudang.handover.web.common import actor_of, change_words, choices, identifier, identifiers, try_act, whole
from zhudang.identity.web.decorators import act_required
from zhudang.shared.refusals import Forbidden, Refusal
from zhudang.shared.web import refusal as refusals


def _desk(application_id: UUID, item: UUID | str | None = None) -> str:
    address = reverse("handover:review", args=[application_id])
    return f"{address}?{urlencode({'item': item})}" if item else address


@require_safe
@act_required("handover.review.read")
def review(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The desk; `?item=` the item in focus, `?file=` its file, `?page=` the page shown."""
    asked = request.GET
    desk = queries.review_desk(
        actor_of(request), application_id, item_id=identifier(asked.get("item", "")), file_id=identifier(asked.get("file", "")),
        page=whole(asked.get("page", "")) or 1,
    )  # fmt: skip
    context: dict[str, Any] = {
        "desk": desk, "kind": words.KINDS[desk.application.kind], "mode": words.MODES[desk.application.mode],
        "channel": words.CHANNELS[desk.application.channel], "reason_codes": choices(words.REASON_CODES),
        "grounds": [(code, words.GROUNDS[code]) for code in policy().late_grounds], "state": words.STATES[desk.application.state],
    }  # fmt: skip
    if desk.focus:
        context |= _focus(desk)
    return render(request, "handover/review.html", context)


def _focus(desk: Any) -> dict[str, Any]:
    focus = desk.focus
    lines = [_line(focus, finding, report) for report in focus.reports for finding in report.findings]
    lines += [_line(focus, finding) for finding in focus.business]
    lines.sort(key=lambda line: ("fail", "warn", "manual", "none").index(line["mark"]))
    four = [(words.DIMENSIONS[each.code], each.state, _dimension(each)) for each in focus.dimensions]
    beside = focus.business_state
    return {
        "item_state": words.ITEM_STATES[focus.item.state], "item_mark": words.ITEM_MARKS[focus.item.state],
        "item_kind": words.ITEM_KINDS[focus.item.kind], "changes": change_words(focus.item.changes),
        "findings": [line for line in lines if not line["business"]], "dimensions": four,
        "business": [line for line in lines if line["business"]], "business_state": (words.DIMENSIONS[beside.code], beside.state, _dimension(beside)),
        "not_checked": [report for report in focus.reports if report.finished_at is None],
        "may": {verdict: desk.may_judge and verdict in focus.verdicts for verdict in ("passed", "returned", "not_applicable")},
    }  # fmt: skip


_MARKS = {"block": "fail", "warn": "warn", "manual": "manual", "info": "none"}


def _line(focus: Any, finding: Any, report: CheckReport | None = None) -> dict[str, Any]:
    """A finding for the list: of a file, with the pages it stands on, or of the record's description."""
    code, severity, message, cure = in_words(finding)
    pages = pages_of(finding, report.facts) if report else []
    return {
        "code": code, "message": message, "cure": cure, "mark": _MARKS.get(severity, "none"),
        "business": finding.dimension == BUSINESS, "name": report.file.name if report else _("著录"),
        "pages": [(page, urlencode({"item": focus.item.id, "file": report.file.id, "page": page})) for page in pages[:8] if report],
    }  # fmt: skip


def _dimension(each: Any) -> str:
    told = {
        "ok": _("没有疑点") if each.code == BUSINESS else _("通过"), "fail": _("不通过 %(n)s"), "warn": _("提示 %(n)s"), "manual": _("待人工 %(n)s"), "unchecked": _("未检"),
    }[each.state]  # fmt: skip
    return told % {"n": each.count} if "%(" in told else told


@require_POST
@act_required("handover.review.judge")
def judge(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """POST `item`, `verdict` (passed, returned, not_applicable), `reason_code`, `reason`, `cure`, `revision`, `next` (item id).

    Goes on to the item named in `next`, or stays when refused.
    """
    sent = request.POST
    item = identifier(sent.get("item", ""))
    try:
        operations.judge(
            actor=actor_of(request), application_id=application_id, item_id=item or application_id, verdict=sent.get("verdict", ""),
            reason_code=sent.get("reason_code", ""), reason=sent.get("reason", ""), cure=sent.get("cure", ""),
            revision=whole(sent.get("revision", "")), now=timezone.now(),
        )  # fmt: skip
    except Forbidden:
        raise
    except Refusal as refusal:
        refusals.tell(request, refusal)
        return redirect(_desk(application_id, item))
    return redirect(_desk(application_id, identifier(sent.get("next", "")) or item))


@require_POST
@act_required("handover.review.judge")
def pass_group(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """POST `items` (ids, repeated; none means all open), `looked_at` (ids, repeated), `note`, `revision`."""
    sent = request.POST
    passed = 0
    try:
        passed = operations.pass_group(
            actor=actor_of(request), application_id=application_id, item_ids=identifiers(sent.getlist("items")),
            looked_at=identifiers(sent.getlist("looked_at")), note=sent.get("note", ""), revision=whole(sent.get("revision", "")),
            now=timezone.now(),
        )  # fmt: skip
    except Forbidden:
        raise
    except Refusal as refusal:
        refusals.tell(request, refusal)
        return redirect(_desk(application_id, identifier(sent.get("item", ""))))
    messages.success(request, _("%(n)s 项按抽样判为合格，抽样说明已记录。") % {"n": passed})
    return redirect(_desk(application_id))


@require_POST
@act_required("handover.review.judge")
def demand_again(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """POST `item`, `ground` (forgery, safety, supervisor), `reason`, `revision`: look at unchanged material again."""
    sent = request.POST
    item = identifier(sent.get("item", ""))

    def act() -> None:
        operations.demand_again(
            actor=actor_of(request), application_id=application_id, item_id=item or application_id, ground=sent.get("ground", ""),
            reason=sent.get("reason", ""), revision=whole(sent.get("revision", "")), now=timezone.now(),
        )  # fmt: skip

    return try_act(request, act, _("已列入本次审核，理由已记录。"), _desk(application_id, item))


@require_POST
@act_required("handover.review.return")
def return_application(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """POST `revision`: issue the one rectification list."""

    def act() -> None:
        operations.return_application(
            actor=actor_of(request),
            application_id=application_id,
            revision=whole(request.POST.get("revision", "")),
            now=timezone.now(),
        )

    done = _("整改清单已签发送达，不再追加。")
    return try_act(request, act, done, "handover:application", application_id, otherwise=_desk(application_id))


@require_POST
@act_required("handover.review.accept")
def accept(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """POST `revision`, `text` (own words of the opinion, or empty for the standard text): accept."""

    def act() -> None:
        operations.accept_application(
            actor=actor_of(request), application_id=application_id, text=request.POST.get("text", ""),
            revision=whole(request.POST.get("revision", "")), now=timezone.now(),
        )  # fmt: skip

    done = _("验收意见书已签章。")
    return try_act(request, act, done, "handover:application", application_id, otherwise=_desk(application_id))
