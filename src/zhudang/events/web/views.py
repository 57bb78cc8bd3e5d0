"""The inbox, long works, and failed deliveries."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from zhudang.events import operations, queries
from zhudang.events import work as works
from zhudang.shared.refusals import Forbidden, NotFound
from zhudang.shared.web import exports, lists


def _actor(request: HttpRequest) -> Any:
    return request.actor  # type: ignore[attr-defined]


@require_safe
@login_required
def inbox(request: HttpRequest) -> HttpResponseBase:
    """Messages for the person and the organisations, newest first; the works under way beside them."""
    actor = _actor(request)
    state = lists.read_state(request, filters=("unread",))
    rows = queries.messages_of(actor, only_unread=state.filters.get("unread") == "1", q=state.q)
    if kind := exports.wanted_format(request):
        shaped = (queries.message_row(row) for row in rows)
        return exports.list_file(
            kind, _("消息"), [_("时间"), _("内容"), _("已读")], [[r.at, r.text, r.is_read] for r in shaped]
        )
    context = {
        "page": lists.take_page(rows, state, queries.message_row),
        "state": state,
        "unread": queries.unread_count(actor),
        "all": queries.messages_of(actor).count(),
        "works": queries.recent_works(actor),
    }
    return render(request, "events/inbox.html", context)


@require_POST
@login_required
def mark_read(request: HttpRequest) -> HttpResponse:
    """Mark all messages read that the person has."""
    actor = _actor(request)
    unread = list(queries.messages_of(actor, only_unread=True).values_list("id", flat=True))
    operations.mark_read(account_id=actor.account_id, message_ids=unread, now=timezone.now())
    return redirect("events:inbox")


@require_safe
@login_required
def open_message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Mark one message read and go where it points."""
    actor = _actor(request)
    row = queries.messages_of(actor).filter(id=message_id).first()
    if row is None:
        raise NotFound
    operations.mark_read(account_id=actor.account_id, message_ids=[message_id], now=timezone.now())
    if row.link and url_has_allowed_host_and_scheme(row.link, allowed_hosts=None):
        return redirect(row.link)
    return redirect("events:inbox")


@never_cache
@require_safe
@login_required
def work(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """One long work: how far, how fast, what came of it."""
    return render(request, "events/work.html", {"work": queries.work_page(_actor(request), work_id)})


@never_cache
@require_safe
@login_required
def progress(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """The part of the page that is asked for again and again until the work has ended."""
    return render(request, "events/_work.html", {"work": queries.work_page(_actor(request), work_id)})


@require_POST
@login_required
def cancel(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Ask the work to stop at its next piece."""
    actor = _actor(request)
    queries.work_page(actor, work_id)
    if works.ask_to_cancel(actor=actor, work_id=work_id, now=timezone.now()):
        messages.info(request, _("已请它停下；做到一半的那一件会做完或退回，不留半截。"))
    return redirect("events:work", work_id)


def _demand_failures(request: HttpRequest) -> None:
    if reasons := _actor(request).why_not("events.failures.read"):
        raise Forbidden(*reasons)


@require_safe
@login_required
def failures(request: HttpRequest) -> HttpResponseBase:
    """What a handler could not take, for the system administrator."""
    _demand_failures(request)
    state = lists.read_state(request)
    rows = queries.failures()
    if kind := exports.wanted_format(request):
        heads = [_("时间"), _("事件"), _("对象"), _("处理者"), _("次数"), _("原因")]
        shaped = (queries.failure_row(row) for row in rows)
        lines = [[r.failed_at, r.kind, r.subject, r.handler, r.attempts, r.failure] for r in shaped]
        return exports.list_file(kind, _("没有送达的事件"), heads, lines)
    return render(
        request, "events/failures.html", {"page": lists.take_page(rows, state, queries.failure_row), "state": state}
    )


@require_POST
@login_required
def deliver_again(request: HttpRequest, failure_id: UUID) -> HttpResponse:
    """Try one of them once more."""
    _demand_failures(request)
    operations.deliver_again(failure_id)
    messages.info(request, _("已重新交办。"))
    return redirect("events:failures")
