"""The health of objects, worked out by the database: what their copies say as one number, and the health from it.

Of its bits the first four tell that some copy is damaged, missing, unread, or due; one more for each place tells
that the copy it should hold is there (of a removable set or a bucket: in the newest version).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import BigIntegerField, Case, Expression, QuerySet, Value, When

from zhudang.preservation import placement, standings
from zhudang.preservation.domain.policy_data import KINDS, LEVELS
from zhudang.preservation.domain.site_facts import SiteFacts
from zhudang.preservation.domain.states import CopyState, Health
from zhudang.preservation.models import ArchivalObject, Site
from zhudang.preservation.policy_file import due_days, policy
from zhudang.preservation.sites import facts_of_row
from zhudang.preservation.standings import CopyAt, Says

_BIT_OF = {CopyState.DAMAGED: 1, CopyState.MISSING: 2, CopyState.WRITTEN: 4}
_OFTEN_FIRST = (CopyState.VERIFIED, CopyState.WRITTEN, CopyState.DAMAGED, CopyState.MISSING)
"""The states in the order they are asked for, of every copy: nearly all are verified."""
_LATE = 8
_FIRST_PLACE = 4


@dataclass(frozen=True)
class Wanted:
    """The places in use, and where a copy of every object belongs by its class."""

    places: tuple[tuple[UUID, SiteFacts], ...]
    chosen: Mapping[str, frozenset[str]]

    @property
    def sites(self) -> list[UUID]:
        """The ids of the places."""
        return [site_id for site_id, _facts in self.places]

    def bits(self, class_code: str, *, at_ingest: bool) -> int:
        """The bits of the places of a class, of those written at ingest or of all others."""
        placed = self.chosen.get(class_code)
        return sum(
            1 << (_FIRST_PLACE + number)
            for number, (_pk, facts) in enumerate(self.places)
            if facts.at_ingest is at_ingest and (placed is None or facts.code in placed)
        )


def wanted() -> Wanted:
    """Read where copies belong now."""
    known = tuple((site.pk, facts_of_row(site)) for site in Site.objects.filter(in_use=True))
    return Wanted(known, placement.chosen_places())


def health_of(kind: str, level: int, marks: int, on: Wanted) -> Health:
    """The health of all objects of this kind and level whose copies say this."""
    class_code = policy().class_of(kind, level).code
    here, apart = on.bits(class_code, at_ingest=True), on.bits(class_code, at_ingest=False)
    if marks & _BIT_OF[CopyState.DAMAGED]:
        return Health.DAMAGED
    if marks & _BIT_OF[CopyState.MISSING] or marks & here != here:
        return Health.LACKING
    if marks & _BIT_OF[CopyState.WRITTEN]:
        return Health.UNREAD
    if marks & _LATE:
        return Health.DUE
    return Health.SOUND if marks & apart == apart else Health.WAITING


def health_in_sql(on: Wanted) -> str:
    """The same in SQL, over a table with the columns kind, level and said."""

    def bits(*, at_ingest: bool) -> str:
        by_class = (
            f"WHEN kind = '{kind}' AND level = {level} THEN {on.bits(policy().class_of(kind, level).code, at_ingest=at_ingest)}"
            for kind in KINDS
            for level in LEVELS
        )
        return f"CASE {' '.join(by_class)} END"

    here, apart = bits(at_ingest=True), bits(at_ingest=False)
    return f"""CASE
        WHEN said & {_BIT_OF[CopyState.DAMAGED]} <> 0 THEN '{Health.DAMAGED}'
        WHEN said & {_BIT_OF[CopyState.MISSING]} <> 0 OR ~said & ({here}) <> 0 THEN '{Health.LACKING}'
        WHEN said & {_BIT_OF[CopyState.WRITTEN]} <> 0 THEN '{Health.UNREAD}'
        WHEN said & {_LATE} <> 0 THEN '{Health.DUE}'
        WHEN ~said & ({apart}) = 0 THEN '{Health.SOUND}'
        ELSE '{Health.WAITING}'
    END"""


def says(on: Wanted, now: datetime) -> Says:
    """What the copy at one place says of its object's health."""

    def said(copy: CopyAt) -> Expression:
        _site_id, facts = on.places[copy.number]
        held, zero = 1 << (_FIRST_PLACE + copy.number), _number(0)
        bits = {
            state: _BIT_OF.get(state, 0) + (held if facts.at_ingest and state is not CopyState.MISSING else 0)
            for state in _OFTEN_FIRST
        }
        states = [When(copy.having(state=state.value), then=_number(number)) for state, number in bits.items()]
        late = copy.having(verified_at__lt=now - timedelta(days=due_days(facts)))
        told = Case(*states, default=zero) + Case(When(late, then=_number(_LATE)), default=zero)
        return told if facts.at_ingest else told + Case(When(copy.newest, then=_number(held)), default=zero)

    return said


def standing(rows: QuerySet[ArchivalObject], on: Wanted, now: datetime) -> QuerySet[ArchivalObject]:
    """Add to every object what its copies say (`said`) and its `oldest_reading`."""
    return standings.standing(rows, on.sites, says(on, now))


def _number(value: int) -> Value:
    return Value(value, output_field=BigIntegerField())
