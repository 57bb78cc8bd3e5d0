"""The health of objects, worked out by the database: what their copies say as one number, and the health from it.

Rules judge each different number once (`standings`). Of its bits the first four tell that some copy is damaged, missing, unread, or due; one more for each place tells
that the copy it should hold is there (of a removable set or a bucket: in the newest version).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import BigIntegerField, Case, Min, Q, QuerySet, Value, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce

from zhudang.preservation import placement, standings
from zhudang.preservation.domain.site_facts import SiteFacts
from zhudang.preservation.domain.states import CopyState, Health
from zhudang.preservation.models import ArchivalObject, Site
from zhudang.preservation.policy_file import due_days, policy
from zhudang.preservation.sites import facts_of_row
from zhudang.preservation.standings import Says, Table

_BIT_OF = {CopyState.DAMAGED: 1, CopyState.MISSING: 2, CopyState.WRITTEN: 4}
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


def says(on: Wanted, now: datetime) -> Says:
    """What one copy says of its object's health."""
    there = [state.value for state in CopyState if state is not CopyState.MISSING]
    states = [When(state=state.value, then=_number(bit)) for state, bit in _BIT_OF.items()]
    late = Q(pk__in=[])
    for site_id, facts in on.places:
        late |= Q(site_id=site_id, verified_at__lt=now - timedelta(days=due_days(facts)))

    def said(newest: Q) -> CombinedExpression:
        held = [
            When(
                Q(site_id=site_id) & (Q(state__in=there) if facts.at_ingest else newest),
                then=_number(1 << (_FIRST_PLACE + number)),
            )
            for number, (site_id, facts) in enumerate(on.places)
        ]
        zero = _number(0)
        due = Case(When(late, then=_number(_LATE)), default=zero)
        return Case(*states, default=zero) + due + Case(*held, default=zero)

    return said


def table_of(rows: QuerySet[ArchivalObject], columns: Sequence[str], on: Wanted, now: datetime) -> Table:
    """Write objects with what their copies say as a table."""
    return standings.table_of(rows, columns, on.sites, says(on, now))


def with_marks(rows: QuerySet[ArchivalObject], on: Wanted, now: datetime) -> QuerySet[ArchivalObject]:
    """Add to every object what its copies say (`marks`), for few objects."""
    return rows.annotate(marks=Coalesce(standings.said_of_each(on.sites, says(on, now)), _number(0)))


def with_oldest_reading(rows: QuerySet[ArchivalObject], on: Wanted) -> QuerySet[ArchivalObject]:
    """Add to every object its `oldest_reading`, to sort by."""
    return rows.annotate(
        oldest_reading=Min("copies__verified_at", filter=Q(copies__site_id__in=on.sites or [UUID(int=0)]))
    )


def _number(value: int) -> Value:
    return Value(value, output_field=BigIntegerField())
