"""Pages of preservation: the register, one object, readings, the books."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from zhudang.identity.rights import Actor, demand
from zhudang.preservation import books as bookkeeping
from zhudang.preservation import (
    ingesting,
    object_queries,
    outcomes,
    policy_words,
    queries,
    reading,
    register_queries,
    site_queries,
    words,
)
from zhudang.preservation.disposal import queries as disposal
from zhudang.preservation.disposal import words as disposal_words
from zhudang.preservation.domain.site_facts import Kind, Medium
from zhudang.preservation.domain.states import CopyState, Health
from zhudang.preservation.keys.fixity import KEYS
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.ocfl import sealing
from zhudang.preservation.rounds import BY_TURN
from zhudang.preservation.sites import Place
from zhudang.preservation.sites import places as all_places
from zhudang.preservation.web import people, reach, tried
from zhudang.shared.refusals import NotFound
from zhudang.shared.web import exports, lists
from zhudang.shared.web.refusal import tell
from zhudang.shared.web.wording import write_datetime, write_number

MOST_SIDE_BY_SIDE = 2
"""Places that have a column each in the register; with more, an object's copies stand in one, by how they are."""
PARTS_A_PAGE = 100
MOST_DIFFERENCES = 50
MOST_WRONG = 20
"""Copies a reading found wrong that its row names; their number is told."""
MOST_DAMAGES = 10
"""Damages of one copy that a reading's row names; the object's page has all."""


@require_safe
def holdings(request: HttpRequest) -> HttpResponseBase:
    """The accession register: every object, where its copies are, and when each was last read whole."""
    now = timezone.now()
    state = lists.read_state(request, filters=("health", "kind"))
    asked = register_queries.Asked(
        words=state.q,
        health=state.filters.get("health", ""),
        kind=state.filters.get("kind", ""),
        order=state.order(register_queries.SORTS, ("-kept_at", "id")),
    )
    if file := exports.wanted_format(request):
        chosen = register_queries.holdings_asked(_actor(request), asked, now)
        return exports.list_file(file, _("馆藏登记"), _heads(), map(_line, queries.shown_all(chosen, now)))
    found = register_queries.holdings_page(_actor(request), asked, now, rows=state.rows, page=state.page)
    counts, page = found.counts, lists.page_of(found.ids, state, found.number)
    rows, places = queries.shown(page.rows, now), site_queries.in_use()
    away = [place for place in all_places(now) if not place.counts]
    context = {
        "page": page,
        "rows": [_shown_object(row, away) for row in rows],
        "state": state,
        "counts": counts,
        "asked_for": sum(found.by_health.values()),
        "healths": [
            (health.value, words.HEALTH[health], found.by_health.get(health, 0), words.HEALTH_MARKS[health])
            for health in reversed(Health)  # the worst first
        ],
        "sites": [
            (place, policy_words.KINDS[place.facts.kind], policy_words.promise(place.facts, place.proof))
            for place in places
        ],
        "away": reach.out_of_reach(away),
        "side_by_side": len(places) <= MOST_SIDE_BY_SIDE,
        "columns": 5 + (len(places) if len(places) <= MOST_SIDE_BY_SIDE else 1),
        "ingests": [
            (row, words.INGEST_STATES[row.state], words.sentence(row.reason) if row.reason else "")
            for row in queries.unfinished_ingests(_actor(request))
        ],
        "comparison": _shown_comparison(queries.latest_comparison()),
        "may_act": _actor(request).may("preservation.object.verify"),
        "owed": disposal.number_owed(_actor(request)),
    }
    return render(request, "preservation/holdings.html", context)


@require_safe
@vary_on_headers("HX-Request")
def sites(request: HttpRequest) -> HttpResponse:
    """The places with what they hold: a page; for the register the part of it that is put beside, for counting that takes as long as the register itself."""
    demand(_actor(request), "preservation.holdings.read")
    now = timezone.now()
    rows = site_queries.site_rows(now, known_to=_actor(request))
    template = "_sites.html" if request.headers.get("HX-Request") else "sites.html"
    return render(request, f"preservation/{template}", {"sites": [_shown_site(row, now) for row in rows]})


@require_safe
def one_object(request: HttpRequest, object_id: UUID) -> HttpResponse:
    """One object: what it is, its copies with their proof, its versions and stored files."""
    now = timezone.now()
    demand(_actor(request), "preservation.object.read")
    try:
        page = object_queries.object_page(_actor(request), object_id, now)
    except NotFound:
        # A link from before leads to what stands for all of a destroyed volume.
        first = disposal.destroyed_with(object_id)
        if first is None or not queries.known_objects(_actor(request)).filter(pk=first).exists():
            raise
        return redirect("preservation:object", first)
    tombstone = disposal.tombstone_of(object_id) if page.destroyed_at else None
    stays = disposal.stays_of(page.volume_id) if page.volume_id else []
    may_stay = _actor(request).may("preservation.disposal.stay") and page.row.kind == "volume"
    forms = {"stay", *(str(stay.pk) for stay in stays if not stay.lifted_at)} if may_stay and not tombstone else set()
    context = {
        "page": page,
        **tried.take(request, object_id, forms),
        "object": _shown_object(page.row, [place for place in all_places(now) if not place.counts]),
        "versions": [(version, words.own_half(version.message)) for version in page.versions],
        "sealed": any(part.path in sealing.INDEXES.values() for part in page.parts),
        "parts": lists.take_page(page.parts, lists.read_state(request, rows=PARTS_A_PAGE)),
        "registered": [
            (row, policy_words.MEDIA[Medium(row.medium)], row.version < page.row.version) for row in page.registered
        ],
        "renditions": [(row, words.CHECKS.get(row.check_kind, row.check_kind)) for row in page.renditions],
        "may_act": _actor(request).may("preservation.object.verify"),
        "may_register": _actor(request).may("preservation.copy.register"),
        "disposal": tombstone,
        "disposal_places": [
            (disposal_words.place(step.place, step.place_name), step) for step in (tombstone.steps if tombstone else ())
        ],
        "stays": stays,
        "standing_stay": any(not stay.lifted_at for stay in stays),
        "names": people.names(name for stay in stays for name in (stay.placed_by, stay.lifted_by)),
        "may_stay": may_stay,
    }
    return render(request, "preservation/object.html", context)


@require_safe
def readings(request: HttpRequest) -> HttpResponse:
    """The readings of the store and what each found: those somebody asked for, and each place's in turn, a row a day."""
    demand(_actor(request), "preservation.holdings.read")
    page = lists.take_page(queries.readings(), lists.read_state(request))
    sites = {**site_queries.names_by_code(), KEYS: str(words.KEYS_HERE)}
    hidden = queries.hidden_among(
        _actor(request), {each["object"] for row in page.rows for each in row.wrong[:MOST_WRONG]}
    )
    context = {
        "page": page,
        "rows": [_shown_reading(row, sites, hidden) for row in page.rows],
        "names": people.names(row.asked_by for row in page.rows),
        "may_act": _actor(request).may("preservation.object.verify"),
    }
    return render(request, "preservation/readings.html", context)


def _shown_reading(row: Any, sites: Mapping[str, str], hidden: set[str]) -> dict[str, Any]:
    """A reading; of objects that are hidden from the reader only their number is told."""
    in_turn = row.asked_by.removeprefix(BY_TURN) if row.asked_by.startswith(BY_TURN) else ""
    named = row.wrong[:MOST_WRONG]
    told = [_shown_wrong(each, sites) for each in named if each["object"] not in hidden]
    return {
        "row": row,
        "wrong": told,
        "more": max(row.wrong_count - MOST_WRONG, 0),
        "above": len(named) - len(told),
        "in_turn": sites.get(in_turn, in_turn),
    }


def _shown_wrong(each: Mapping[str, Any], sites: Mapping[str, str]) -> dict[str, Any]:
    told, word = each["damages"][:MOST_DAMAGES], words.OUTCOMES.get(each["state"], each["state"])
    damages = [
        {
            "expected": "", "found": "", **damage, "word": words.DAMAGES.get(damage["code"], damage["code"]),
            **{f"{side}_short": _short(damage.get(side, "")) for side in ("expected", "found")},
        }
        for damage in told
    ]  # fmt: skip
    more = len(each["damages"]) - len(told)
    return {
        **each,
        "word": word,
        "damages": damages,
        "more_damages": more,
        "site": sites.get(each["site"], each["site"]),
    }


def _short(digest: str) -> str:
    shown = outcomes.shortened(digest)
    return shown if shown == digest else f"{shown}…"


def books(request: HttpRequest) -> HttpResponse:
    """GET: the latest comparisons of ledger, catalogue and store. POST: compare now."""
    if request.method == "POST":
        if bookkeeping.takes_long():
            return redirect("events:work", bookkeeping.ask(actor=_actor(request), now=timezone.now()))
        try:
            bookkeeping.compare(actor=_actor(request), now=timezone.now())
        except KeysUnusable as refusal:
            tell(request, refusal)
        return redirect("preservation:books")
    demand(_actor(request), "preservation.holdings.read")
    found = queries.comparisons()
    differing = {each["volume"] for row in found for each in row.differences[:MOST_DIFFERENCES]}
    titles = queries.titles_of(_actor(request), differing)
    context = {
        "rows": [_shown_comparison(row, titles) for row in found],
        "names": people.names(row.made_by for row in found),
        "may_act": _actor(request).may("preservation.object.verify"),
    }
    return render(request, "preservation/books.html", context)


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Ask for every copy to be read whole."""
    work_id = reading.ask(actor=_actor(request), now=timezone.now())
    return redirect("events:work", work_id)


@require_POST
def read_one(request: HttpRequest, object_id: UUID) -> HttpResponse:
    """Ask for the copies of one object to be read whole."""
    now = timezone.now()
    demand(_actor(request), "preservation.object.verify")
    if not queries.known_objects(_actor(request)).filter(pk=object_id).exists():
        raise NotFound
    work_id = reading.ask(actor=_actor(request), now=now, object_id=object_id)
    return redirect("events:work", work_id)


@require_POST
def resume(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """Go on with a transfer that stopped."""
    try:
        work_id = ingesting.resume(actor=_actor(request), transfer_id=transfer_id, now=timezone.now())
    except ingesting.CannotResume as refusal:
        tell(request, refusal)
        return redirect("preservation:holdings")
    return redirect("events:work", work_id)


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _shown_site(row: site_queries.SiteRow, now: datetime) -> dict[str, Any]:
    return {
        "row": row,
        "span": words.span(row.round.days_a_round),
        "kind": policy_words.KINDS[row.facts.kind],
        "promise": policy_words.promise(row.facts, row.proof),
        "overdue": row.overdue(now),
        "bucket": row.facts.kind is Kind.S3,
    }


def _shown_object(row: queries.ObjectRow, away: Iterable[Place]) -> dict[str, Any]:
    """An object with its copies; those at places that are `away` do not count now."""
    not_counting = {place.site_id for place in away}
    return {
        "row": row,
        "health": words.HEALTH[row.health],
        "mark": words.HEALTH_MARKS[row.health],
        "copies": (copies := [_shown_copy(copy, counts=copy.site_id not in not_counting) for copy in row.copies]),
        "by_word": _by_word(copies),
    }


def _by_word(copies: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The copies of an object by how they are: the places of each, and the oldest reading there."""
    told: dict[str, list[Mapping[str, Any]]] = {}
    for shown in copies:
        told.setdefault(str(shown["word"]), []).append(shown)
    return [
        {
            "word": word,
            "mark": alike[0]["mark"],
            "names": _("、").join(shown["copy"].site_name for shown in alike),
            "oldest": min((at for shown in alike if (at := shown["copy"].verified_at)), default=None),
        }
        for word, alike in told.items()
    ]


def _shown_copy(copy: queries.CopyRow, *, counts: bool) -> dict[str, Any]:
    word, mark = _copy_word(copy)
    if not counts and copy.state in {CopyState.VERIFIED, CopyState.WRITTEN}:
        word, mark = _("够不着"), "unchecked"
    return {
        "copy": copy,
        "word": word,
        "mark": mark,
        "damages": [{**damage, "word": words.DAMAGES.get(damage["code"], "")} for damage in copy.damages],
        "kind": policy_words.KINDS[copy.site.kind],
        "promise": policy_words.promise(copy.site, copy.proof),
    }


def _copy_word(copy: queries.CopyRow) -> tuple[Any, str]:
    if copy.waits:
        return (_("等自动补写") if copy.site.kind is Kind.S3 else _("等调回补写")), "soon"
    if copy.state is None:
        return (_("没有副本"), "fail") if copy.wanted else (_("不存这里"), "na")
    if copy.state is CopyState.VERIFIED and copy.due:
        return words.HEALTH[Health.DUE], "soon"
    return words.COPY_STATES[copy.state], words.COPY_MARKS[copy.state]


def _shown_comparison(row: Any, titles: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    if row is None:
        return None
    sides = [{**side, "word": words.SIDES[side["side"]]} for side in row.sides]
    differences = [
        {
            **each,
            "word": words.DIFFERENCES[each["what"]],
            "title": (titles or {}).get(each["volume"], ""),
            "ledger_words": _files_and_bytes(each["ledger"]),
            "there_words": _files_and_bytes(each["there"]),
        }
        for each in row.differences[:MOST_DIFFERENCES]
    ]
    return {
        "row": row,
        "sides": sides,
        "differences": differences,
        "more": row.difference_count - len(differences),
        "unreached": [s for s in sides if s["volumes"] is None],
    }


def _files_and_bytes(pair: Sequence[int] | None) -> str:
    if not pair:
        return ""
    told = ngettext("%(files)s 件，%(bytes)s 字节", "%(files)s 件，%(bytes)s 字节", pair[0])
    return told % {"files": write_number(pair[0]), "bytes": write_number(pair[1])}


def _heads() -> list[str]:
    return [
        _("总登记号"), _("档号"), _("题名"), _("项目"), _("版本"), _("件数"), _("字节数"), _("状况"), _("各存储地"), _("对象标识"),
    ]  # fmt: skip


def _line(row: queries.ObjectRow) -> list[Any]:
    copies = "；".join(
        f"{copy.site_name} {_copy_word(copy)[0]} {write_datetime(copy.verified_at)}" for copy in row.copies
    )
    return [
        row.accession_no, row.reference_code, row.title, row.project_name, row.version, row.files, row.bytes,
        str(words.HEALTH[row.health]), copies, row.ocfl_id,
    ]  # fmt: skip
