"""Which objects are of which holding class, and where their copies ought to be: as conditions for the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Q, Value, When

from zhudang.preservation import placement
from zhudang.preservation.domain.policy_data import KINDS, LEVELS
from zhudang.preservation.models import Site
from zhudang.preservation.policy_file import due_days, policy
from zhudang.preservation.sites import facts_of_row


@dataclass(frozen=True)
class WantedCopies:
    """Where copies ought to be, class by class, as conditions on `copies` and numbers to compare with."""

    at_hand: Q
    on_sets: Q
    late: Q
    how_many_at_hand: Case
    how_many_sets: Case


def wanted_copies(sites: list[Site], now: datetime) -> WantedCopies:
    """Give the conditions for the places in use now."""
    known = {site.code: facts_of_row(site) for site in sites}
    chosen = placement.chosen_places()
    nowhere = Q(copies__pk__in=[])
    at_hand, on_sets, numbers, sets = nowhere, nowhere, [], []
    for need in policy().classes:
        own = of_class(need.code)
        placed = chosen.get(need.code, frozenset(known)) & known.keys()
        here = [code for code in placed if known[code].at_ingest]
        at_hand |= own & Q(copies__site__code__in=here)
        on_sets |= own & Q(copies__site__code__in=placed - set(here))
        numbers.append(When(own, then=Value(len(here))))
        sets.append(When(own, then=Value(len(placed) - len(here))))
    late = nowhere
    for code, facts in known.items():
        late |= Q(copies__site__code=code, copies__verified_at__lt=now - timedelta(days=due_days(facts)))
    zero = Value(0)
    return WantedCopies(at_hand, on_sets, late, Case(*numbers, default=zero), Case(*sets, default=zero))


def of_class(class_code: str) -> Q:
    """The condition that an object is of this holding class: the first class that fits it is its own."""
    own = Q(pk__in=[])
    for kind in KINDS:
        levels = [level for level in LEVELS if policy().class_of(kind, level).code == class_code]
        if levels:
            own |= Q(kind=kind, level__in=levels)
    return own
