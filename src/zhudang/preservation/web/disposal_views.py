"""Pages of disposal: the cases, one case with its lists, proposing, and what is owed. What is done on them is in `disposal_acts`."""

from __future__ import annotations

from collections import Counter
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
from zhudang.preservation.disposal.owed import SITE
from zhudang.preservation.disposal.rules_file import rules
from zhudang.preservation.disposal.waiting import waiting_for
from zhudang.preservation.domain.disposal import CaseState, Outcome, legal_day, why_not_dispose
from zhudang.preservation.domain.disposal_acts import RIGHTS, Act, StillHeld, acts_at_place
from zhudang.preservation.web import disposal_course as course
from zhudang.preservation.web import tried
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
    owed, day = list(queries.owed(up_to_level=actor.reach)), queries.today()
    of_case = Counter(each.case_id for each in owed)
    mine = {each.case_id: disposal_words.ACTS[each.act] for each in reversed(waiting_for(actor, today=day))}
    context = {
        "page": pages.take_page(
            rows,
            state,
            lambda case: {**_shown_case(case, owed=of_case[case.pk], today=day), "mine": mine.get(case.pk, "")},
        ),
        "states": [(s.value, disposal_words.STATES[s], counts[s], disposal_words.MARKS[s]) for s in CaseState],
        "total": sum(counts.values()),
        "owed": [_shown_owed(each, actor, None) for each in owed],
        "overdue": any(each.overdue for each in owed),
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
            refused = words.sentences(refusal.reasons)
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
    owed = [_shown_owed(each, actor, case) for each in page.owed]
    may_clear = any(each["may_sign"] for each in owed)
    context = {
        "page": page,
        **tried.take(request, case_id, _forms(page, may_clear)),
        **_shown_case(case, owed=len(page.owed), today=queries.today()),
        **({"word": _("与日志不符"), "mark": "late"} if page.changed else {}),
        "steps": course.steps(page),
        "next": course.who_is_next(page),
        "items": pages.take_page(items, state, lambda item: _shown_item(item, CaseState(case.state))),
        "state": state,
        "outcomes": [
            (o.value, disposal_words.OUTCOMES[o], page.by_outcome.get(o.value, 0), disposal_words.OUTCOME_MARKS[o])
            for o in Outcome
            if o.value
        ],
        "places": _shown_places(page),
        "owed": owed,
        "may_clear": may_clear,
        "halted": words.sentence(page.halted) if page.halted else "",
        "may_look": actor.may("preservation.disposal.execute"),
        "changed": [words.sentence(page.changed)] if page.changed else [],
        "decided_on": legal_day(case.decided_at) if case.decided_at else None,
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


def _shown_case(case: DisposalCase, *, owed: int, today: date) -> dict[str, Any]:
    state = CaseState(case.state)
    waited = state is CaseState.WAITING and case.wait_until is not None and case.wait_until < today
    word = _("等待期已满") if waited else disposal_words.STATES[state]
    return {"case": case, "word": word, "mark": disposal_words.MARKS[state], "owed": owed, "waited": waited}


def _forms(page: queries.CasePage, may_clear: bool) -> set[str]:
    """The forms that stand on a case's page now."""
    may = {
        "opinion": page.may_appraise, "decide": page.may_decide, "stop": page.may_stop, "call": page.may_call,
        "witness": page.may_witness, "begin": page.may_begin, "clear": may_clear and bool(page.owed),
    }  # fmt: skip
    return {form for form, shown in may.items() if shown}


def _shown_places(page: queries.CasePage) -> list[tuple[Any, int, int, bool]]:
    """What a case cleared and still owes, place by place, the sites first; and whether it is late there."""
    late = {each.place for each in page.owed if each.overdue}
    ordered = sorted(page.places, key=lambda each: not each[0].startswith(SITE))
    return [(disposal_words.place(key, name), clean, held, key in late) for key, name, clean, held in ordered]


def _shown_owed(each: queries.OwedPlace, actor: Actor, case: DisposalCase | None) -> dict[str, Any]:
    """A place that is owed; on the page of its case also whether this person can sign for it now."""
    acts: tuple[Act, ...] = ()
    if case is not None:
        to_empty = each.bucket and not each.clear
        acts = acts_at_place(
            actor.username, StillHeld(case.proposed_by, case.executor, to_empty, each.bucket, each.signers)
        )
    return {
        "row": each,
        "place": disposal_words.place(each.place, each.name),
        "why": disposal_words.HELD_BECAUSE.get(each.why, each.why),
        "may_sign": Act.CLEAR in acts and actor.may(RIGHTS[Act.CLEAR]),
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
    reasons = [words.said_of(reason) for reason in why_not_dispose(told, rules(), today=today)]
    return {
        "row": row, "reasons": reasons, "retention": disposal_words.retention(told.retention),
        "ends": rules().ends_on(told.retention, told.newest, told.works_ended), "ticked": ticked,
        "files": sum(each.files for each in objects if each.newest),
    }  # fmt: skip
