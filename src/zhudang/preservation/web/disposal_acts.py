"""What people do about disposals: opinions, decisions, signatures, stays; each leads back to the page it was done on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from zhudang.identity.rights import Actor, demand
from zhudang.identity.signing_in import CannotSignIn, Visitor
from zhudang.preservation.disposal import cases, clearing, queries, signing
from zhudang.preservation.disposal.models import DisposalCase
from zhudang.preservation.web import tried
from zhudang.shared.web.refusal import sentences


@require_POST
def opinion(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Give an opinion; volumes to spare are named by their reference codes, one a line, an optional day behind."""
    actor = _actor(request)
    demand(actor, "preservation.disposal.appraise")
    if request.POST.get("agrees") not in {"yes", "no"}:
        return _back(request, case_id, "opinion", [_("请选“同意销毁”或“不同意”")])
    case = queries.case_page(actor, case_id, today=queries.today()).case
    spared, unknown = _spared(case, request.POST.get("spared", ""))
    if unknown:
        told = [_("清单上没有 %(code)s，或日期写得不对") % {"code": code} for code in unknown]
        return _back(request, case_id, "opinion", told)
    return _act(
        request, case_id, "opinion", _("意见已记下。"),
        lambda: cases.give_opinion(
            actor=actor, case_id=case_id, agrees=request.POST.get("agrees") == "yes", reasons=request.POST.get("reasons", "")[:2000],
            spared=spared, now=timezone.now(),
        ),
    )  # fmt: skip


@require_POST
def decide(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Approve, or refuse, for the department."""
    if request.POST.get("decision") not in {"approve", "refuse"}:
        return _back(request, case_id, "decide", [_("请选“批准”或“不批准”")])
    approves = request.POST["decision"] == "approve"
    return _act(
        request, case_id, "decide", _("已批准，等待期开始。") if approves else _("已决定不予销毁。"),
        lambda: cases.decide(
            actor=_actor(request), case_id=case_id, approves=approves, because=request.POST.get("because", "")[:1000],
            now=timezone.now(),
        ),
    )  # fmt: skip


@require_POST
def stop(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Stop a case."""
    return _act(
        request, case_id, "stop", _("已叫停，什么也没有销毁。"),
        lambda: cases.stop(
            actor=_actor(request), case_id=case_id, because=request.POST.get("because", "")[:1000], now=timezone.now()
        ),
    )  # fmt: skip


@require_POST
def call(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Take the execution upon oneself and call the witnesses."""
    return _act(
        request, case_id, "call", _("您是执行人，请两位监销人签字。"),
        lambda: signing.call(actor=_actor(request), case_id=case_id, now=timezone.now()),
    )  # fmt: skip


@require_POST
def witness(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Sign as a witness, by one's own password."""
    return _act(
        request, case_id, "witness", _("已签字。"),
        lambda: signing.witness(
            actor=_actor(request), case_id=case_id, password=request.POST.get("password", ""), visitor=_visitor(request),
            now=timezone.now(),
        ),
    )  # fmt: skip


@require_POST
def begin(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Begin the destruction."""
    try:
        work_id = signing.begin(actor=_actor(request), case_id=case_id, now=timezone.now())
    except signing.CannotDecide as refusal:
        return _back(request, case_id, "begin", sentences(refusal))
    return redirect("events:work", work_id)


@require_POST
def clear(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Sign that an owed place was cleared."""
    return _act(
        request, case_id, "clear", _("已签字；两人都签后，系统清除并读回够得着的存储地。"),
        lambda: signing.clear_owed(
            actor=_actor(request), case_id=case_id, place=request.POST.get("place", "")[:100],
            note=request.POST.get("note", "")[:500], password=request.POST.get("password", ""), visitor=_visitor(request),
            now=timezone.now(),
        ),
    )  # fmt: skip


@require_POST
def look(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Have a bucket looked into for what its keeper should have deleted."""
    clearing.ask_to_look(
        actor=_actor(request), case_id=case_id, place=request.POST.get("place", "")[:100], now=timezone.now()
    )
    messages.success(request, _("正在查看桶里还剩什么，稍后刷新本页。"))
    return redirect("preservation:disposal_case", case_id)


@require_POST
def stay(request: HttpRequest, object_id: UUID) -> HttpResponse:
    """Put a stay on a volume."""
    try:
        cases.place_stay(
            actor=_actor(request),
            object_id=object_id,
            because=request.POST.get("because", "")[:500],
            now=timezone.now(),
        )
    except cases.CannotDecide as refusal:
        tried.keep(request, object_id, "stay", sentences(refusal))
    return redirect("preservation:object", object_id)


@require_POST
def stay_lift(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """Lift a stay."""
    try:
        object_id = cases.lift_stay(
            actor=_actor(request), stay_id=stay_id, because=request.POST.get("because", "")[:500], now=timezone.now()
        )
    except cases.CannotDecide as refusal:
        object_id = queries.volume_of_stay(stay_id)
        tried.keep(request, object_id, str(stay_id), sentences(refusal))
    return redirect("preservation:object", object_id)


def _back(request: HttpRequest, case_id: UUID, form: str, reasons: list[str]) -> HttpResponse:
    """Send a form back with what was typed into it and the reasons: what ends a case is never guessed."""
    tried.keep(request, case_id, form, reasons)
    return redirect("preservation:disposal_case", case_id)


def _act(request: HttpRequest, case_id: UUID, form: str, done: str, act: Callable[[], Any]) -> HttpResponse:
    try:
        act()
    except (cases.CannotDecide, CannotSignIn) as refusal:
        return _back(request, case_id, form, sentences(refusal))
    messages.success(request, done)
    return redirect("preservation:disposal_case", case_id)


def _visitor(request: HttpRequest) -> Visitor:
    return Visitor(request.META.get("REMOTE_ADDR", "") or "", request.headers.get("User-Agent", ""))


def _spared(case: DisposalCase, text: str) -> tuple[list[tuple[UUID, date | None]], list[str]]:
    """Read lines of a reference code and perhaps a day: volumes to keep, or to extend to that day."""
    found, unknown = [], []
    for line in filter(str.strip, text.splitlines()):
        code, _space, day = line.strip().partition(" ")
        until = parse_date(day.strip()) if day.strip() and day.strip()[0].isdecimal() else None
        item = case.items.filter(reference_code=code).first()
        if item is None or (day.strip() and until is None):
            unknown.append(line.strip())
        else:
            found.append((item.pk, until))
    return found, unknown


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]
