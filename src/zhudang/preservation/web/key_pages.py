"""The page of the keys: how they stand, and nothing that could be done there. Acts are done at the console."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from zhudang.identity.rights import demand
from zhudang.preservation import words
from zhudang.preservation.keys.standing import standing
from zhudang.preservation.web import people

_PLACE_MARKS = {
    "current": "ok", "stale": "soon", "changed": "fail", "missing": "fail", "lacking": "fail", "unreachable": "fail",
    "apart": "na", "apart_stale": "soon", "apart_lacking": "na",
}  # fmt: skip


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """Key classes with their keys, who holds a share, the sites, and what was done when.

    No objects are counted: the three administrators, whose page this is, may not know how many there are.
    """
    demand(request.actor, "preservation.keys.read")  # type: ignore[attr-defined]
    told = standing(timezone.now())
    acts = told.register.acts if told.register else ()
    context = {
        "told": told,
        "reasons": [words.sentence(reason) for reason in told.reasons],
        "made_at": datetime.fromisoformat(told.register.recovery.made_at) if told.register else None,
        "working_since": datetime.fromisoformat(told.register.working_since) if told.register else None,
        "places": [(place, words.KEY_PLACES[place.state], _PLACE_MARKS[place.state]) for place in told.places],
        "classes": [(each, words.KEY_SUITES[each.row.suite]) for each in told.classes],
        "names": people.names(act.by for act in acts if act.by),
        "acts": [(datetime.fromisoformat(act.at), words.KEY_ACTS[act.act], act) for act in reversed(acts)],
    }
    return render(request, "preservation/keys.html", context)
