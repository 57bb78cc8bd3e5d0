"""Pages of disposal: the cases, one case with its lists, proposing, and what is owed. What is done on them is in `disposal_acts`."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from zhudang.identity.rights import Actor, demand
from zhudang.preservation import words
from zhudang.preservation.disposal import cases, clearing, facts, lists, queries
from zhudang.preservation.disposal import words as disposal_words
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem
from zhudang.preservation.disposal.rules_file import rules
from zhudang.preservation.domain.disposal import ENDED, CaseState, Outcome, why_not_dispose
from zhudang.preservation.web.forms import ProposalForm
from zhudang.shared.web import exports
from zhudang.shared.web import lists as pages

MOST_TOLD = 30
"""Reasons shown on a page at once; their number is told."""


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """All cases, the newest first, and every place that still holds what was destroyed elsewhere."""
    actor = _actor(request)
    state = pages.read_state(request, filters=("state",))
    rows = queries.cases_for(actor)
    counts = {each: rows.filter(state=each.value).count() for each in CaseState}
    if wanted := state.filters.get("state", ""):
        rows = rows.filter(state=wanted)
    context = {
        "page": pages.take_page(rows, state, _shown_case),
        "states": [(s.value, disposal_words.STATES[s], counts[s], disposal_words.MARKS[s]) for s in CaseState],
        "total": sum(counts.values()),
        "owed": [_shown_owed(each) for each in queries.owed()],
        "rules": rules(),
        "sources": [
            (words.own_half(part["source"]), words.doubt(part.get("doubt", "")))
            for part in rules().told.values()
            if isinstance(part, dict) and part.get("source")
        ],
        "may_propose": actor.may("preservation.disposal.propose"),
    }
    return render(request, "preservation/disposals.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest) -> HttpResponse:
    """GET: the volumes whose time has ended. POST: propose those chosen, or all that the filter shows."""
    actor, today = _actor(request), queries.today()
    demand(actor, "preservation.disposal.propose")
    state = pages.read_state(request, filters=())
    ended = facts.ended(actor, today=today)
    if state.q:
        ended = ended.filter(reference_code__icontains=state.q) | ended.filter(title__icontains=state.q)
    form = ProposalForm(queries.members_to_appoint(actor), request.POST or None)
    refused: list[str] = []
    ticked = _ids(request.POST.getlist("volume"))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        chosen = facts.proposable(ended, today=today) if given["everything"] else ticked
        try:
            case_id = cases.propose(
                actor=actor, object_ids=chosen, committee=_ids(given["committee"]), why=given["why"], now=timezone.now()
            )
        except cases.CannotPropose as refusal:
            refused = [words.sentence(reason) for reason in refusal.reasons]
        else:
            messages.success(request, _("已提交鉴定委员会。"))
            return redirect("preservation:disposal_case", case_id)
    page = pages.take_page(ended, state)
    told = facts.of_volumes(page.rows, rules())
    objects = facts.objects_of([row.pk for row in page.rows])
    context = {
        "page": page,
        "rows": [
            _shown_candidate(row, told[row.pk], objects[row.pk], today, ticked=row.pk in ticked) for row in page.rows
        ],
        "state": state,
        "form": form,
        "refused": refused[:MOST_TOLD],
        "more": max(len(refused) - MOST_TOLD, 0),
        "rules": rules(),
        "periods": [
            (disposal_words.retention(code), each, words.own_half(each.source), words.doubt(each.doubt))
            for code, each in rules().retentions.items()
        ],
    }
    return render(request, "preservation/disposal_new.html", context, status=422 if refused or form.errors else 200)


@require_safe
def one_case(request: HttpRequest, case_id: UUID) -> HttpResponseBase:
    """One case: its steps, who must act next, its list, and the list as XLSX, CSV or PDF."""
    actor = _actor(request)
    page = queries.case_page(actor, case_id, today=queries.today())
    case = page.case
    if kind := exports.wanted_format(request):
        return exports.list_file(
            kind, _("销毁清册 %(number)s") % {"number": case.number}, lists.heads(), queries.lines(case)
        )
    if request.GET.get("export") == "pdf":
        answer = HttpResponse(lists.as_pdf(case), content_type="application/pdf")
        answer["Content-Disposition"] = exports.attachment_name(f"销毁清册 {case.number}.pdf")
        return answer
    if request.GET.get("export") == "keys":
        place = request.GET.get("place", "")[:100]
        told = clearing.give_list(actor=actor, case_id=case_id, place=place, now=timezone.now())
        answer = HttpResponse(told, content_type="text/csv; charset=utf-8")
        name = _("应删清单 %(number)s %(place)s") % {"number": case.number, "place": place.removeprefix("site:")}
        answer["Content-Disposition"] = exports.attachment_name(f"{name}.csv")
        return answer
    state = pages.read_state(request, filters=("outcome",))
    items = queries.items_of(case)
    if (wanted := state.filters.get("outcome", "")) and wanted in set(Outcome):
        items = items.filter(outcome=wanted)
    if state.q:
        items = items.filter(reference_code__icontains=state.q) | items.filter(title__icontains=state.q)
    context = {
        "page": page,
        "case": case,
        "word": disposal_words.STATES[CaseState(case.state)],
        "mark": disposal_words.MARKS[CaseState(case.state)],
        "steps": _steps(page),
        "next": _who_is_next(page),
        "items": pages.take_page(items, state, lambda item: _shown_item(item, CaseState(case.state))),
        "state": state,
        "outcomes": [
            (o.value, disposal_words.OUTCOMES[o], page.by_outcome.get(o.value, 0), disposal_words.OUTCOME_MARKS[o])
            for o in Outcome
            if o.value
        ],
        "places": [(disposal_words.place(key, name), clean, held) for key, name, clean, held in page.places],
        "owed": [_shown_owed(each) for each in page.owed],
        "halted": words.sentence(page.halted) if page.halted else "",
        "may_look": actor.may("preservation.disposal.execute"),
        "may_clear": actor.may("preservation.disposal.witness")
        and actor.username not in {case.proposed_by, case.executor},
        "waiting": {
            name: show(case.rules.get("waiting", {}).get(name, ""))
            for name, show in (("source", words.own_half), ("doubt", words.doubt))
        },
    }
    return render(request, "preservation/disposal.html", context)


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _ids(values: list[str]) -> list[UUID]:
    """The identifiers among what a form sent; anything else was made up by hand and names nothing."""
    found = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found


def _shown_case(case: DisposalCase) -> dict[str, Any]:
    state = CaseState(case.state)
    return {"case": case, "word": disposal_words.STATES[state], "mark": disposal_words.MARKS[state]}


def _shown_owed(each: queries.OwedPlace) -> dict[str, Any]:
    return {
        "row": each,
        "place": disposal_words.place(each.place, each.name),
        "why": disposal_words.HELD_BECAUSE.get(each.why, each.why),
    }


def _shown_item(item: DisposalItem, state: CaseState) -> dict[str, Any]:
    outcome = Outcome(item.outcome)
    spared = outcome is Outcome.PENDING and state in {CaseState.REFUSED, CaseState.STOPPED}
    return {
        "item": item,
        "word": _("没有销毁") if spared else disposal_words.OUTCOMES[outcome],
        "mark": "ok" if spared else disposal_words.OUTCOME_MARKS[outcome],
        "retention": disposal_words.retention(item.retention),
    }


def _shown_candidate(row: Any, told: Any, objects: list[Any], today: date, *, ticked: bool) -> dict[str, Any]:
    reasons = [words.sentence(reason) for reason in why_not_dispose(told, rules(), today=today)]
    return {
        "row": row, "reasons": reasons, "retention": disposal_words.retention(told.retention),
        "ends": rules().ends_on(told.retention, told.newest), "ticked": ticked,
        "files": sum(each.files for each in objects if each.newest),
    }  # fmt: skip


def _steps(page: queries.CasePage) -> list[dict[str, Any]]:
    """The way of a case: what was done, by whom and when; then what is still to come, which has no moment yet."""
    case, state = page.case, CaseState(page.case.state)
    decision = _("主管部门不批准") if state is CaseState.REFUSED and case.decided_at else _("主管部门批准")
    steps = [_step(_("提出"), case.proposed_name, case.proposed_at, case.why)]
    steps += [
        _step(_("鉴定意见：同意") if row.agrees else _("鉴定意见：不同意"), row.name, row.at, row.reasons)
        for row in page.opinions
    ]
    if page.awaited:
        steps.append(_step(_("鉴定意见"), _("、").join(page.awaited)))
    steps.append(_step(decision, case.decided_name, case.decided_at, case.decided_because))
    waited = case.called_at or (case.wait_until if page.waited else None)
    if not waited:
        steps.append(_step(_("等待期满（%(days)s 个整天）") % {"days": case.waiting_days}))
    steps.append(_step(_("召集监销"), case.executor_name, case.called_at))
    steps += [_step(_("监销签字"), row.name, row.at) for row in page.witnesses]
    lacking = case.rules["witnesses"]["number"] - len(page.witnesses)
    if lacking > 0:
        steps.append(_step(_("监销签字，还差 %(n)s 人") % {"n": lacking}))
    steps.append(_step(_("开始销毁"), case.executor_name if case.began_at else "", case.began_at))
    if state is not CaseState.REFUSED or not case.decided_at:
        ending = state if state in ENDED else CaseState.DONE
        steps.append(_step(str(disposal_words.STATES[ending]), case.ended_name, case.ended_at, case.ended_because))
    if state in ENDED:
        return [step for step in steps if step["at"]]
    coming = next((step for step in steps if not step["at"]), None)
    return [{**step, "now": step is coming} for step in steps]


def _step(what: str, who: str = "", at: Any = None, why: str = "") -> dict[str, Any]:
    return {"what": what, "who": who, "at": at, "why": why, "now": False}


def _who_is_next(page: queries.CasePage) -> str:
    case = page.case
    match CaseState(case.state):
        case CaseState.APPRAISING:
            return _("等鉴定委员给出意见：%(names)s") % {"names": "、".join(page.awaited)}
        case CaseState.APPROVING:
            return _("等主管部门的人批准（提出人和委员除外）")
        case CaseState.WAITING if page.days_left:
            return _("等待期还有 %(days)s 天；馆里、委员和主管部门的人都可以叫停") % {"days": page.days_left}
        case CaseState.WAITING if not page.waited:
            return _("今天是等待期最后一天；馆里、委员和主管部门的人都可以叫停")
        case CaseState.WAITING:
            return _("等待期已满；等馆员或库管认作执行人，召集监销")
        case CaseState.DUE if len(page.witnesses) < case.rules["witnesses"]["number"]:
            return _("等监销人签字（提出人 %(proposer)s、执行人 %(executor)s 以外的两人）") % {
                "proposer": case.proposed_name, "executor": case.executor_name,
            }  # fmt: skip
        case CaseState.DUE:
            return _("监销人都签了；等执行人 %(executor)s 开始") % {"executor": case.executor_name}
        case CaseState.EXECUTING:
            return _("系统正在逐卷销毁；中断了会自己继续")
        case CaseState.DONE if page.owed:
            return _("还有 %(places)s 处留着内容，须清除并由两人签字") % {"places": len(page.owed)}
        case _:
            return _("没有谁要办的了；清册永久保存")
