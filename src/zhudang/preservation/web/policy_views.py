"""Pages of the policy: every class with its requirements, one class with its plan and places, every holding below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhudang.identity.rights import Actor, demand
from zhudang.preservation import compliance, policy_words, remedy, standings, words
from zhudang.preservation.domain.placing import BELOW, Shown
from zhudang.preservation.policy_file import policy
from zhudang.preservation.web import people, reach
from zhudang.preservation.web.forms import PlanForm
from zhudang.shared.bulk import batched
from zhudang.shared.refusals import NotFound, Reason
from zhudang.shared.web import exports, lists
from zhudang.shared.web.refusal import tell
from zhudang.shared.web.wording import speaks_english, write_date

_SORTS = {"accession": ("accession_no", "id"), "code": ("reference_code", "id"), "title": ("title", "id")}


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every holding class: which requirement is met, which is not, why, and by when it will be."""
    on = _ground()
    rows = [_shown_class(row) for row in compliance.class_rows(_actor(request), on)]
    context = {
        "away": reach.out_of_reach(on.places),
        "rows": rows,
        "below": sum(each["below"] for each in rows),
        "holdings": sum(each["row"].holdings for each in rows),
        "policy": _shown_policy(),
        "export": "",
    }
    return render(request, "preservation/policy.html", context)


@require_safe
def below(request: HttpRequest) -> HttpResponseBase:
    """Every holding below its policy, with every reason."""
    on = _ground()
    state = lists.read_state(request, filters=("class", "shown"))
    groups = compliance.standing_groups(_actor(request), on, named=True)
    chosen, total = compliance.holdings_below(
        _actor(request), on, groups, words=state.q,
        class_code=state.filters.get("class", ""), shown=state.filters.get("shown", ""),
    )  # fmt: skip
    if state.q:
        chosen, total = standings.search_once(chosen)
    ids = chosen.order_by(*state.order(_SORTS, ("accession_no", "id"))).values_list("pk", flat=True)
    if kind := exports.wanted_format(request):
        return exports.list_file(kind, _("未达副本要求的馆藏"), _heads(), (_line(row) for row in _all(ids, on)))
    rows = compliance.class_rows_of(groups, on)
    page = lists.take_page(ids, state, total=total)
    context = {
        "page": page,
        "rows": _shown_page(compliance.holding_rows(page.rows, on)),
        "state": state,
        "classes": [(row.need.code, _name(row.need.names), sum(row.counts.get(s, 0) for s in BELOW)) for row in rows],
        "shown": [
            (s.value, policy_words.SHOWN[s], sum(row.counts.get(s, 0) for row in rows), policy_words.SHOWN_MARKS[s])
            for s in BELOW
        ],
    }
    return render(request, "preservation/below.html", context)


@require_safe
def holding_class(request: HttpRequest, class_code: str) -> HttpResponse:
    """One class: its requirements, its plan and the plans before, the places it goes to and those proposed."""
    on = _ground()
    page = compliance.class_page(_actor(request), class_code, on)
    return _class_page(request, page, reach.out_of_reach(on.places))


def _class_page(request: HttpRequest, page: compliance.ClassPage, away: list[tuple[str, str]]) -> HttpResponse:
    actor = _actor(request)
    placed, placement = {site.code for site in page.row.placed}, page.row.placement
    chosen_by = placement.chosen_by if placement else ""
    names = people.names([chosen_by, *(plan.entered_by for plan in page.plans)])
    context = {
        "away": away,
        "names": names,
        "placed_by": names.get(chosen_by, chosen_by),
        "page": page,
        "shown": _shown_class(page.row),
        "proposed": [
            {"word": policy_words.REQUIREMENTS[v.requirement], "standing": v.standing, "reasons": _sentences(v.reasons)}
            for v in page.proposal.verdicts
        ],
        "places": [(site, site.code in placed, policy_words.KINDS[site.kind]) for site in page.in_use],
        "plans": [
            (plan, [policy_words.REQUIREMENTS[code] for code in plan.requirements], number == 0 and not plan.ended)
            for number, plan in enumerate(page.plans)
        ],
        "may_plan": actor.may("preservation.plan.enter"),
        "may_place": actor.may("preservation.placement.choose"),
        "policy": _shown_policy(),
    }
    return render(request, "preservation/class.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, class_code: str) -> HttpResponse:
    """GET: the form of a plan of remedy. POST: enter it."""
    actor = _actor(request)
    demand(actor, "preservation.plan.enter")
    need = policy().need(class_code)
    if need is None:
        raise NotFound
    standing = remedy.standing_plan(class_code)
    initial = {name: getattr(standing, name) for name in PlanForm.base_fields} if standing else {}
    form = PlanForm(need, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            remedy.enter_plan(
                actor=actor, class_code=class_code, plan=remedy.Remedy(**form.cleaned_data),
                today=timezone.localdate(), now=timezone.now(),
            )  # fmt: skip
        except remedy.CannotPlan as refusal:
            for reason in refusal.reasons:
                form.add_error(None, words.sentence(reason))
        else:
            messages.success(request, _("补救计划已记下，原来的留在历史里。"))
            return redirect("preservation:holding_class", class_code)
    context = {"form": form, "need": need, "name": _name(need.names), "standing": standing}
    return render(request, "preservation/plan.html", context, status=422 if form.errors else 200)


@require_POST
def plan_end(request: HttpRequest, class_code: str) -> HttpResponse:
    """End a class's plan."""
    try:
        remedy.end_plan(
            actor=_actor(request), class_code=class_code, how=request.POST.get("how", "")[:500], now=timezone.now()
        )
    except remedy.CannotPlan as refusal:
        tell(request, refusal)
    else:
        messages.success(request, _("计划已结束，记录留在历史里。"))
    return redirect("preservation:holding_class", class_code)


@require_POST
def choose_places(request: HttpRequest, class_code: str) -> HttpResponse:
    """Say which places a class goes to."""
    try:
        remedy.choose_places(
            actor=_actor(request), class_code=class_code, codes=request.POST.getlist("sites"),
            today=timezone.localdate(), now=timezone.now(),
        )  # fmt: skip
    except remedy.CannotPlace as refusal:
        tell(request, refusal, _("不能这样安排存储地："))
    else:
        messages.success(request, _("从现在起，这一类入库写到所选的存储地；已在别处的副本不动。"))
    return redirect("preservation:holding_class", class_code)


def _ground() -> compliance.Ground:
    return compliance.ground(timezone.now(), timezone.localdate())


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _name(names: Any) -> str:
    return str(names["en" if speaks_english() else "zh"])


def _sentences(reasons: Iterable[Reason]) -> list[str]:
    return [words.sentence(reason) for reason in reasons]


def _shown_policy() -> dict[str, Any]:
    known = policy()
    sources = [(words.own_half(source), words.doubt(doubt)) for source, doubt in known.sources.values()]
    return {"title": _name(known.titles), "edition": known.edition, "sources": sources}


def _shown_word(shown: Shown, until: Any) -> str:
    if shown is Shown.PLANNED:
        return _("按计划补救，至 %(day)s") % {"day": write_date(until)}
    if shown is Shown.OVERDUE:
        return _("补救逾期，原定 %(day)s") % {"day": write_date(until)}
    return str(policy_words.SHOWN[shown])


def _shown_class(row: compliance.ClassRow) -> dict[str, Any]:
    until = row.plan.until if row.plan else None
    return {
        "row": row,
        "name": _name(row.need.names),
        "below": sum(row.counts.get(shown, 0) for shown in BELOW),
        "mark": policy_words.SHOWN_MARKS[row.shown],
        "word": _shown_word(row.shown, until),
        "requirements": [
            {
                "row": each,
                "name": policy_words.REQUIREMENTS[each.requirement],
                "mark": policy_words.SHOWN_MARKS[each.shown],
                "word": _shown_word(each.shown, until),
                "reasons": _sentences(each.by_places.verdict.reasons) if each.by_places else [],
                "counts": [
                    (policy_words.SHOWN[shown], each.counts[shown]) for shown in Shown if each.counts.get(shown)
                ],
            }
            for each in row.requirements
        ],
    }


def _shown_page(rows: Iterable[compliance.HoldingRow]) -> list[dict[str, Any]]:
    """The rows of a page; reasons that a row above gives already are folded up."""
    told: set[tuple[str, ...]] = set()
    shown = [_shown_holding(row) for row in rows]
    for each in shown:
        reasons = tuple(each["reasons"])
        each["open"] = each["open"] and reasons not in told
        told.add(reasons)
    return shown


def _shown_holding(row: compliance.HoldingRow) -> dict[str, Any]:
    return {
        "row": row,
        "class": _name(row.need.names),
        "mark": policy_words.SHOWN_MARKS[row.shown],
        "word": policy_words.SHOWN[row.shown],
        "failing": [policy_words.REQUIREMENTS[each.verdict.requirement] for each in row.judged],
        "reasons": _sentences(compliance.reasons_of(row.judged)),
        # What is planned or waited for says the same on every row.
        "open": row.shown not in {Shown.PLANNED, Shown.WAITING},
    }


def _all(ids: Any, on: compliance.Ground, at_once: int = 500) -> Iterable[compliance.HoldingRow]:
    """Every row of a list for a file, some hundred at a time."""
    for batch in batched(ids.iterator(chunk_size=at_once), at_once):
        yield from compliance.holding_rows(batch, on)


def _heads() -> list[str]:
    return [
        _("总登记号"),
        _("档号"),
        _("题名"),
        _("项目"),
        _("类别"),
        _("状况"),
        _("未满足的要求"),
        _("原因"),
        _("对象标识"),
    ]


def _line(row: compliance.HoldingRow) -> list[Any]:
    shown = _shown_holding(row)
    return [
        row.accession_no, row.reference_code, row.title, row.project_name, shown["class"], str(shown["word"]),
        "；".join(str(each) for each in shown["failing"]), "；".join(shown["reasons"]), f"urn:uuid:{row.id}",
    ]  # fmt: skip
