"""What people see of the policy: every holding class with each requirement and its reasons, every holding below it.

How a holding stands depends on its class and on which places hold a copy that counts: the database tells that as one
number an object (`signature`), and the rules judge each different number once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import reduce
from operator import add
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Case, Count, Expression, F, Q, QuerySet, Value, When
from django.db.models.functions import Least

from zhudang.identity.rights import Actor, demand
from zhudang.preservation import placement, remedy, site_queries
from zhudang.preservation.domain.copy_policy import HeldCopy, Need, Verdict, judge, judge_holding
from zhudang.preservation.domain.placing import BELOW, Plan, Proposal, Shown, propose, show, worst_shown
from zhudang.preservation.domain.site_facts import ANALOGUE, SiteFacts
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.holding_classes import of_class
from zhudang.preservation.models import ArchivalObject, Copy, Placement, RegisteredCopy, RemedyPlan
from zhudang.preservation.policy_file import due_days, policy
from zhudang.preservation.queries import known_objects
from zhudang.preservation.sites import Place, places
from zhudang.preservation.standings import CopyAt, Group, Says, Table, group, of_groups, standing, table_of
from zhudang.shared.refusals import NotFound, Reason

_BITS_A_SITE = 2
_COUNTS, _BAD = 1, 2
_FILM_AT = 40
_MOST_FILMS = 7
_BITS_A_MEDIUM = 3
MEDIA = sorted(medium.value for medium in ANALOGUE)


@dataclass(frozen=True)
class Ground:
    """The facts all holdings are judged on: the places as they are now, what was chosen and planned.

    Attributes:
        overdue: codes of removable sets that should have been called in before, of buckets that lag too long.
    """

    now: datetime
    today: date
    places: tuple[Place, ...]
    chosen: Mapping[str, frozenset[str]]
    plans: Mapping[str, RemedyPlan]
    overdue: frozenset[str]

    @property
    def attached(self) -> frozenset[str]:
        """Codes of the removable sets connected just now."""
        return frozenset(place.code for place in self.places if place.facts.offline and place.root is not None)

    def placed(self, class_code: str) -> list[SiteFacts]:
        """The places a class goes to."""
        codes = self.chosen.get(class_code)
        return [place.facts for place in self.places if codes is None or place.code in codes]

    def plan(self, class_code: str) -> Plan | None:
        """The class's plan of remedy as the rules know it."""
        row = self.plans.get(class_code)
        return remedy.plan_of(row) if row else None


@dataclass(frozen=True)
class Judged:
    """One requirement of one holding, or of many alike."""

    verdict: Verdict
    shown: Shown


@dataclass
class RequirementRow:
    """One requirement of a class: how many holdings stand how, and how the places themselves stand."""

    requirement: str
    counts: dict[Shown, int] = field(default_factory=dict)
    by_places: Judged | None = None

    @property
    def shown(self) -> Shown:
        """The worst any holding stands; without holdings, as the places do."""
        known = [shown for shown, number in self.counts.items() if number]
        return worst_shown(known) if known else self.by_places.shown if self.by_places else Shown.MET


@dataclass(frozen=True)
class ClassRow:
    """One holding class."""

    need: Need
    requirements: tuple[RequirementRow, ...]
    counts: Mapping[Shown, int]
    placed: tuple[SiteFacts, ...]
    placement: Placement | None
    plan: RemedyPlan | None
    plan_overdue: bool

    @property
    def holdings(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def shown(self) -> Shown:
        """The worst of its requirements."""
        return worst_shown([row.shown for row in self.requirements])


@dataclass(frozen=True)
class HoldingRow:
    """One holding below its policy, with every requirement that is not met and why."""

    id: UUID
    kind: str
    title: str
    accession_no: str
    reference_code: str
    project_name: str
    need: Need
    shown: Shown
    judged: tuple[Judged, ...]
    part: int
    generation: int
    newest: bool


@dataclass(frozen=True)
class ClassPage:
    """One class with its plan's history, its placements, and what is proposed."""

    row: ClassRow
    proposal: Proposal
    in_use: tuple[SiteFacts, ...]
    plans: tuple[RemedyPlan, ...]
    placements: tuple[Placement, ...]


def ground(now: datetime, today: date) -> Ground:
    """Read the facts all holdings are judged on."""
    all_places = tuple(places(now))
    overdue = frozenset(
        place.code
        for place in all_places
        if not place.facts.at_ingest and now > site_queries.calls_of(place.site_id, place.facts)[1]
    )
    plans = {need.code: plan for need in policy().classes if (plan := remedy.standing_plan(need.code))}
    return Ground(now, today, all_places, placement.chosen_places(), plans, overdue)


def class_rows(actor: Actor, on: Ground) -> list[ClassRow]:
    """Every holding class as it stands.

    Raises:
        Forbidden.
    """
    return class_rows_of(standing_groups(actor, on), on)


def class_rows_of(groups: list[Group], on: Ground) -> list[ClassRow]:
    """Every holding class as it stands, of groups that are known."""
    return [_class_row(need, groups, on) for need in policy().classes]


def class_page(actor: Actor, class_code: str, on: Ground) -> ClassPage:
    """One class.

    Raises:
        Forbidden, NotFound.
    """
    demand(actor, "preservation.holdings.read")
    need = policy().need(class_code)
    if need is None:
        raise NotFound
    in_use = tuple(place.facts for place in on.places)
    return ClassPage(
        row=_class_row(need, standing_groups(actor, on, class_code=class_code), on),
        proposal=propose(need, in_use),
        in_use=in_use,
        plans=tuple(RemedyPlan.objects.filter(class_code=class_code)),
        placements=tuple(Placement.objects.filter(class_code=class_code)[:20]),
    )


def holdings_below(
    actor: Actor, on: Ground, groups: list[Group], *, words: str = "", class_code: str = "", shown: str = ""
) -> tuple[QuerySet[ArchivalObject], int | None]:
    """The objects below their policy that this actor may know of; and how many, where that is known without counting.

    Args:
        groups: as `standing_groups` tells them, with the names of small ones.
        words: in the title or the accession number.
        class_code: of one class only.
        shown: only those whose worst requirement is shown so.

    Raises:
        Forbidden.
    """
    judged: dict[tuple[Any, ...], bool] = {}
    for each in groups:
        need, signature = _class_of(each), each.key[2]
        worst = worst_shown([one.shown for one in judge_signature(need, signature, on)])
        judged[each.key] = worst in BELOW and (not shown or worst == shown) and class_code in {"", need.code}
    known = known_objects(actor)
    rows = of_groups(known, groups, lambda each: judged[each.key], table=_table(known, on), by=_BY)
    if words:
        return rows.filter(Q(title__icontains=words) | Q(accession_no__icontains=words)), None
    return rows, sum(each.number for each in groups if judged[each.key])


def holding_rows(ids: Sequence[UUID], on: Ground) -> list[HoldingRow]:
    """Shape the rows of one page in this order, each copy judged by itself so that every reason is told. Rights were asked by the caller."""
    objects = ArchivalObject.objects.filter(pk__in=ids)
    rows = objects.select_related("project").in_bulk()
    found = [rows[pk] for pk in ids if pk in rows]
    signatures = signatures_of(objects, on)
    copies: dict[UUID, dict[UUID, Copy]] = {}
    for copy in Copy.objects.filter(object__in=[row.pk for row in found]):
        copies.setdefault(copy.object_id, {})[copy.site_id] = copy
    told = []
    for row in found:
        need = policy().class_of(row.kind, row.level)
        signature = signatures[row.pk]
        held = [_held(place, copies.get(row.pk, {}).get(place.site_id), row, need, on) for place in on.places]
        verdicts = judge_holding(
            need, [copy for copy in held if copy], on.now, analogue=_films(signature), attached=on.attached
        )
        shown = {each.verdict.requirement: each.shown for each in judge_signature(need, signature, on)}
        judged = tuple(Judged(verdict, shown[verdict.requirement]) for verdict in verdicts)
        told.append(
            HoldingRow(
                row.pk, row.kind, row.title, row.accession_no, row.reference_code,
                row.project.name if row.project else "", need,
                worst_shown(list(shown.values())), tuple(each for each in judged if each.shown is not Shown.MET),
                row.part, row.generation, row.newest,
            )
        )  # fmt: skip
    return told


def _held(place: Place, copy: Copy | None, row: ArchivalObject, need: Need, on: Ground) -> HeldCopy | None:
    """A copy as the rule knows it; None where the class does not go there and nothing lies there."""
    if copy is None and place.facts not in on.placed(need.code):
        return None
    reachable = place.counts
    if copy is None:
        return HeldCopy(place.facts, None, newest=row.version, reachable=reachable, due_days=due_days(place.facts))
    return HeldCopy(
        place.facts, CopyState(copy.state), copy.version, row.version, copy.verified_at, reachable, due_days(place.facts)
    )  # fmt: skip


_BY = ("kind", "level", "signature")


def standing_groups(actor: Actor, on: Ground, *, class_code: str = "", named: bool = False) -> list[Group]:
    """The objects this actor may know of by kind, level and signature, in one pass.

    Args:
        class_code: of one class only.
        named: with the ids of small groups, for `holdings_below`.

    Raises:
        Forbidden.
    """
    known = known_objects(actor)
    rows = known.filter(of_class(class_code)) if class_code else known
    return group(_table(rows, on), _BY, named=named)


def _class_of(each: Group) -> Need:
    return policy().class_of(each.key[0], each.key[1])


def _table(rows: QuerySet[ArchivalObject], on: Ground) -> Table:
    """Write objects with the number that says where their copies count, `signature`, as a table.

    Two bits a place, in the order of `on.places`: one if the copy there counts, two if there is one that is damaged,
    missing, unread or due. From bit 40 on, three bits for each medium of current copies on paper or film.
    """
    told = table_of(standing(rows, [place.site_id for place in on.places], _says(on)), ("kind", "level", "said"))
    if not told.sql:
        return told
    current = RegisteredCopy.objects.filter(version__gte=F("object__version"), withdrawn_at=None)
    weights = [
        Least(Count("pk", filter=Q(medium=medium)), _MOST_FILMS)
        * Value(1 << (_FILM_AT + number * _BITS_A_MEDIUM), output_field=BigIntegerField())
        for number, medium in enumerate(MEDIA)
    ]
    films = (
        current.order_by().values("object_id").annotate(films=reduce(add, weights)).values_list("object_id", "films")
    )
    sql, params = films.query.sql_with_params()
    return Table(
        f"(SELECT standing.*, said + coalesce(films, 0) AS signature FROM {told.sql}"
        f" LEFT JOIN ({sql}) AS films(object_id, films) ON films.object_id = standing.pk) AS judged",
        (*told.params, *params),
    )


def _says(on: Ground) -> Says:
    """What the copy at one place says of whether it counts."""

    def said(copy: CopyAt) -> Expression:
        place = on.places[copy.number]
        since = on.now - timedelta(days=due_days(place.facts))
        fresh = copy.having(state=CopyState.VERIFIED.value, verified_at__gte=since)
        broken = copy.having(state__in=[CopyState.DAMAGED.value, CopyState.MISSING.value])
        cases = [When(copy.newest | broken, then=Value(_BAD << copy.number * _BITS_A_SITE))]
        if place.counts:
            cases.insert(0, When(copy.newest & fresh, then=Value(_COUNTS << copy.number * _BITS_A_SITE)))
        return Case(*cases, default=Value(0), output_field=BigIntegerField())

    return said


def signatures_of(rows: QuerySet[ArchivalObject], on: Ground) -> dict[UUID, int]:
    """The signature of each of some objects."""
    return {pk: each.key[2] for each in group(_table(rows, on), _BY, named=True) for pk in each.ids or ()}


def judge_signature(need: Need, signature: int, on: Ground) -> tuple[Judged, ...]:
    """Judge all holdings of a class whose copies count at the same places."""
    told = {place.code: signature >> number * _BITS_A_SITE & (_COUNTS | _BAD) for number, place in enumerate(on.places)}
    counted = [place.facts for place in on.places if told[place.code] & _COUNTS]
    placed = on.placed(need.code)
    waiting = [
        facts for facts in placed if not facts.at_ingest and not told[facts.code] and facts.code not in on.overdue
    ]
    return _judged(need, counted, waiting, placed, _films(signature), on)


def _judged(
    need: Need,
    counted: list[SiteFacts],
    waiting: list[SiteFacts],
    placed: list[SiteFacts],
    films: list[str],
    on: Ground,
) -> tuple[Judged, ...]:
    now = judge(need, counted, analogue=films, attached=on.attached)
    # What will be once the sets were called in, and taken away again.
    later = judge(need, [*counted, *waiting], analogue=films)
    well = all(facts in counted or facts in waiting for facts in placed)
    plan = on.plan(need.code)
    return tuple(
        Judged(
            verdict,
            show(
                verdict.standing, then.standing, all_copies_well=well, plan=plan, requirement=verdict.requirement,
                today=on.today,
            ),
        )
        for verdict, then in zip(now, later, strict=True)
    )  # fmt: skip


def _films(signature: int) -> list[str]:
    told = []
    for number, medium in enumerate(MEDIA):
        told += [medium] * (signature >> (_FILM_AT + number * _BITS_A_MEDIUM) & _MOST_FILMS)
    return told


def _class_row(need: Need, groups: Iterable[Group], on: Ground) -> ClassRow:
    placed = on.placed(need.code)
    by_places = {each.verdict.requirement: each for each in _judged(need, placed, [], placed, [], on)}
    rows = {name: RequirementRow(name, by_places=judged) for name, judged in by_places.items()}
    counts: dict[Shown, int] = {}
    for signature, number in ((each.key[2], each.number) for each in groups if _class_of(each) == need):
        judged = judge_signature(need, signature, on)
        for each in judged:
            told = rows[each.verdict.requirement].counts
            told[each.shown] = told.get(each.shown, 0) + number
        worst = worst_shown([each.shown for each in judged])
        counts[worst] = counts.get(worst, 0) + number
    plan = on.plans.get(need.code)
    return ClassRow(
        need, tuple(rows.values()), counts, tuple(placed),
        Placement.objects.filter(class_code=need.code).first() if need.code in on.chosen else None,
        plan, plan is not None and remedy.plan_of(plan).is_overdue(on.today),
    )  # fmt: skip


def reasons_of(judged: Iterable[Judged]) -> list[Reason]:
    """Every reason once, in their order."""
    told: dict[str, Reason] = {}
    for each in judged:
        for reason in each.verdict.reasons:
            told.setdefault(f"{reason.code}{sorted(reason.data.items(), key=str)}", reason)
    return list(told.values())
