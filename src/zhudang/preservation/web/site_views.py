"""Pages of the places: facts, copies by state, calling in, custody; and the copies on paper of an object."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhudang.identity.rights import Actor, demand
from zhudang.preservation import catching_up, custody, policy_words, queries, registered, site_queries, words
from zhudang.preservation.domain.site_facts import Kind, Medium, SiteFacts
from zhudang.preservation.domain.states import Condition, CopyState
from zhudang.preservation.policy_file import call_in_days, due_days
from zhudang.preservation.web import people
from zhudang.preservation.web.forms import CustodyForm, RegisteredCopyForm
from zhudang.shared.refusals import NotFound, Reason
from zhudang.shared.web import exports, lists
from zhudang.shared.web.refusal import tell
from zhudang.shared.web.wording import write_datetime


@require_safe
def site(request: HttpRequest, site_id: UUID) -> HttpResponseBase:
    """One place: what is known of it, what lies there, when it was called in, through whose hands it went."""
    return _page(request, site_id)


def _page(request: HttpRequest, site_id: UUID, form: CustodyForm | None = None) -> HttpResponseBase:
    now, actor = timezone.now(), _actor(request)
    state = lists.read_state(request)
    page = site_queries.site_page(actor, site_id, now, whole=state.page == 1)
    if kind := exports.wanted_format(request):
        copies = site_queries.copies_at(actor, site_id)
        return exports.list_file(
            kind, _("%(site)s目录") % {"site": page.row.name}, _heads(), map(_line, copies.iterator(500))
        )
    cut = site_queries.cut_copies(actor, site_id, number=page.copies, rows=state.rows, page=state.page)
    facts = page.row.facts
    may_sign = actor.may("preservation.custody.sign")
    if form is None and facts.offline and may_sign and not page.open_custody:
        form = CustodyForm(site_queries.takers(actor))
    context = {
        "page": page,
        "facts": _shown_facts(facts),
        "unknown": [policy_words.FACTS[name] for name in facts.unknown],
        "kind": policy_words.KINDS[facts.kind],
        "promise": policy_words.promise(facts, page.row.proof),
        "otherwise": policy_words.otherwise(page.row.proof) if page.row.proof else [],
        "retention": [(each.is_open, policy_words.retention(each)) for each in page.retention],
        "states": [
            (words.COPY_STATES[s], words.COPY_MARKS[s], page.by_state[s]) for s in CopyState if page.by_state.get(s)
        ],
        "call_in_days": call_in_days(facts) if not facts.at_ingest else None,
        "bucket": facts.kind is Kind.S3,
        "contact_at": datetime.fromisoformat(page.row.contact["at"]) if page.row.contact else None,
        "due_days": due_days(facts),
        "overdue": page.row.overdue(now),
        "astray": words.sentence(page.row.astray) if page.row.astray else "",
        "span": words.span(page.row.round.days_a_round),
        "custody": [(row, policy_words.CONDITIONS[Condition(row.condition)]) for row in page.custody],
        "calls": [
            (row, words.sentence(Reason(**row.stopped_because)) if row.stopped_because else "")
            for row in page.catch_ups
        ],
        "copies": lists.page_of([_shown_copy(copy) for copy in cut], state, page.copies),
        "form": form,
        "may_sign": may_sign,
        "may_catch_up": actor.may("preservation.site.catch_up"),
        "names": people.names(row.asked_by for row in page.catch_ups),
        "username": actor.username,
    }
    return render(request, "preservation/site.html", context, status=422 if form and form.errors else 200)


@require_POST
def catch_up(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """Ask for a place to be caught up with what it lacks and read whole."""
    demand(_actor(request), "preservation.site.catch_up")
    page = site_queries.site_page(_actor(request), site_id, timezone.now())
    try:
        work_id = catching_up.ask(actor=_actor(request), site_code=page.row.code, now=timezone.now())
    except catching_up.CannotCatchUp as refusal:
        tell(request, refusal)
        return redirect("preservation:site", site_id)
    return redirect("events:work", work_id)


@require_POST
def hand_over(request: HttpRequest, site_id: UUID) -> HttpResponseBase:
    """Offer a set to the next keeper."""
    actor = _actor(request)
    demand(actor, "preservation.custody.sign")
    form = CustodyForm(site_queries.takers(actor), request.POST)
    if not form.is_valid():
        return _page(request, site_id, form)
    given = form.cleaned_data
    try:
        custody.hand_over(
            actor=actor, site_id=site_id, to_account_id=UUID(given["to"]) if given["to"] else None, bound_for=given["bound_for"],
            condition=given["condition"], note=given["note"], now=timezone.now(),
        )  # fmt: skip
    except custody.CannotHandOver as refusal:
        tell(request, refusal)
    else:
        messages.success(request, _("已交出，等对方签收。"))
    return redirect("preservation:site", site_id)


@require_POST
def sign(request: HttpRequest, custody_id: UUID) -> HttpResponse:
    """Sign for a set."""
    return _signed(request, custody_id, custody.sign, _("已签收，从现在起由您保管。"))


@require_POST
def withdraw(request: HttpRequest, custody_id: UUID) -> HttpResponse:
    """Take an offer back, or refuse it."""
    return _signed(request, custody_id, custody.withdraw, _("这次交接已撤回，保管人不变。"))


def _signed(request: HttpRequest, custody_id: UUID, act: Any, done: str) -> HttpResponse:
    try:
        site_id = act(actor=_actor(request), custody_id=custody_id, now=timezone.now())
    except custody.CannotSign as refusal:
        tell(request, refusal)
        return redirect("preservation:holdings")
    messages.success(request, done)
    return redirect("preservation:site", site_id)


@require_http_methods(["GET", "HEAD", "POST"])
def register_copy(request: HttpRequest, object_id: UUID) -> HttpResponse:
    """GET: the form of a copy on paper or film. POST: register it."""
    actor, now = _actor(request), timezone.now()
    demand(actor, "preservation.copy.register")
    item = queries.known_objects(actor).filter(pk=object_id).first()
    if item is None:
        raise NotFound
    form = RegisteredCopyForm(request.POST or None, initial={"version": item.version, "made_by": actor.name})
    if request.method == "POST" and form.is_valid():
        try:
            registered.register_copy(
                actor=actor, object_id=object_id, today=timezone.localdate(), now=now, **form.cleaned_data
            )
        except registered.CannotRegister as refusal:
            for reason in refusal.reasons:
                form.add_error(None, words.sentence(reason))
        else:
            messages.success(request, _("副本已登记。"))
            return redirect("preservation:object", object_id)
    return render(
        request, "preservation/registered_copy.html", {"form": form, "item": item}, status=422 if form.errors else 200
    )


@require_POST
def inspected(request: HttpRequest, copy_id: UUID) -> HttpResponse:
    """Note that a copy on paper or film was looked at."""
    today = timezone.localdate()
    on = parse_date(request.POST.get("on", "")) or today
    return _changed(
        request, copy_id, lambda: registered.note_inspection(
            actor=_actor(request), copy_id=copy_id, on=on, today=today, now=timezone.now()
        )
    )  # fmt: skip


@require_POST
def withdrawn(request: HttpRequest, copy_id: UUID) -> HttpResponse:
    """Note that a copy on paper or film is kept no longer."""
    because = request.POST.get("because", "")[:300]
    return _changed(
        request, copy_id, lambda: registered.withdraw_copy(
            actor=_actor(request), copy_id=copy_id, because=because, now=timezone.now()
        )
    )  # fmt: skip


def _changed(request: HttpRequest, copy_id: UUID, act: Any) -> HttpResponse:
    try:
        object_id = act()
    except registered.CannotRegister as refusal:
        tell(request, refusal)
        return redirect("preservation:object", registered.object_of(copy_id))
    messages.success(request, _("已记下。"))
    return redirect("preservation:object", object_id)


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _shown_facts(facts: SiteFacts) -> list[tuple[Any, str]]:
    """The known facts with their names, in the order people ask for them."""
    told: list[tuple[str, str]] = [("place", facts.place), ("province", policy_words.province(facts.province))]
    if facts.latitude is not None and facts.longitude is not None:
        told.append(("latitude", f"{facts.latitude:.4f}"))
        told.append(("longitude", f"{facts.longitude:.4f}"))
    told.append(("seismic_zone", facts.seismic_zone))
    if facts.peak_acceleration_g is not None:
        told.append(("peak_acceleration_g", f"{facts.peak_acceleration_g:.2f} g"))
    medium = str(policy_words.MEDIA[Medium(facts.medium)]) if facts.medium else ""
    told += [("river_basin", facts.river_basin), ("power_grid", facts.power_grid), ("medium", medium)]
    told += [("operator", facts.operator), ("label", facts.label), ("source", facts.source)]
    return [(policy_words.FACTS[name], value) for name, value in told if value]


def _shown_copy(copy: Any) -> dict[str, Any]:
    state = CopyState(copy.state)
    behind = copy.version < copy.object.version
    word = _("还是第 %(n)s 版") % {"n": copy.version} if behind else words.COPY_STATES[state]
    return {"copy": copy, "word": word, "mark": "soon" if behind else words.COPY_MARKS[state]}


def _heads() -> list[str]:
    return [_("总登记号"), _("档号"), _("题名"), _("版本"), _("状态"), _("上次整份读回"), _("清单摘要"), _("对象标识")]


def _line(copy: Any) -> list[Any]:
    item = copy.object
    return [
        item.accession_no, item.reference_code, item.title, copy.version, str(_shown_copy(copy)["word"]),
        write_datetime(copy.verified_at), copy.inventory_sha512, item.ocfl_id,
    ]  # fmt: skip
