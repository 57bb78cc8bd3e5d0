"""What people see of the places: what they hold, how far their reading is, when a removable set is to be called in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Sum

from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import Actor, demand
from zhudang.preservation import retention, rounds
from zhudang.preservation.bucket.proving import Proof, proof_of
from zhudang.preservation.catching_up import lacking
from zhudang.preservation.copy_reading import UNDER_DESTRUCTION
from zhudang.preservation.domain.rhythm import Rhythm
from zhudang.preservation.domain.site_facts import SiteFacts
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import ArchivalObject, CatchUp, Copy, Custody, Site
from zhudang.preservation.policy_file import call_in_days
from zhudang.preservation.queries import hidden_from, of_known
from zhudang.preservation.sites import Place, another_there, facts_of_row, places
from zhudang.shared.refusals import NotFound, Reason

MOST_ROWS = 50


@dataclass(frozen=True)
class SiteRow:
    """A place, as the page tells of it."""

    id: UUID
    code: str
    name: str
    facts: SiteFacts
    path: str
    reachable: bool
    counts: bool
    """Whether what was verified there counts now: it is in reach, or apart as it should be."""
    astray: Reason | None
    """Of a folder that carries another site's code: which, and what to do."""
    contact: Mapping[str, Any]
    """Of a bucket: {at, ok, problem}, when it was last asked; empty before."""
    proof: Proof | None
    """Of a bucket: what came of trying to delete there."""
    free_bytes: int | None
    copies: int
    verified: int
    oldest_reading: datetime | None
    round: RoundRow
    called_in_at: datetime | None
    next_call_in: datetime | None
    """Of a removable set: when it was last caught up and read whole, and when it is to be called in next. Of a bucket:
    when nothing lacked there last, and until when that must be so again."""

    def overdue(self, now: datetime) -> bool:
        """Whether the set should have been called in before."""
        return self.next_call_in is not None and now > self.next_call_in


@dataclass(frozen=True)
class RoundRow:
    """How far the continuous audit of a place is, and whether it keeps up.

    Attributes:
        in_time: copies read whole within the days asked for.
        waiting: copies whose turn has come.
        days_a_round: forecast: days it takes to read the whole place at its speed in its hours.
    """

    rhythm: Rhythm
    in_time: int
    waiting: int
    days_a_round: float
    keeps_up: bool


@dataclass(frozen=True)
class SitePage:
    """One place: its facts, its copies by state, its schedule, its custody.

    Attributes:
        by_state: state -> copies of what this actor may know of; `behind` counts those of an older version.
        oldest_reading: of those copies.
        lacking: holdings the place should hold in their newest version and does not; None where that was not asked.
        keeper: who signed for the set last; empty before the first handing over.
        retention: of a bucket that keeps things from everybody for a time, how that stands.
    """

    row: SiteRow
    in_use: bool
    registered_at: datetime
    by_state: Mapping[CopyState, int]
    behind: int
    oldest_reading: datetime | None
    lacking: int | None
    custody: tuple[Custody, ...]
    catch_ups: tuple[CatchUp, ...]
    keeper: str
    retention: tuple[retention.Standing, ...]

    @property
    def copies(self) -> int:
        """Copies of what this actor may know of."""
        return sum(self.by_state.values())

    @property
    def open_custody(self) -> Custody | None:
        """The handing over that waits for its signature."""
        return next((row for row in self.custody if not row.took_at and not row.withdrawn_at), None)


def site_page(actor: Actor, site_id: UUID, now: datetime, *, whole: bool = True) -> SitePage:
    """One place in use.

    Args:
        whole: count what it lacks, too, for which every object is compared with its copy here.

    Raises:
        Forbidden, NotFound.
    """
    demand(actor, "preservation.site.read")
    place = next((place for place in places(now) if place.site_id == site_id), None)
    if place is None:
        raise NotFound
    site = Site.objects.get(pk=site_id)
    # By a field of the index: to count another the rows themselves would be read.
    behind = Count("site_id", filter=Q(version__lt=F("object__version")))
    by_state = copies_at(actor, site_id).order_by().values("state")
    states = list(by_state.annotate(number=Count("*"), behind=behind, oldest=Min("verified_at")))
    custody = tuple(Custody.objects.filter(site=site)[:MOST_ROWS])
    signed = Custody.objects.filter(site=site, took_at__isnull=False).first()
    wanted = lacking(place).filter(of_known(actor))
    (row,) = _site_rows([place], now, actor)
    return SitePage(
        row=row,
        in_use=site.in_use,
        registered_at=site.registered_at,
        by_state={CopyState(each["state"]): each["number"] for each in states},
        behind=sum(each["behind"] for each in states),
        oldest_reading=min((each["oldest"] for each in states if each["oldest"]), default=None),
        lacking=wanted.count() if whole else None,
        custody=custody,
        catch_ups=tuple(CatchUp.objects.filter(site=site)[:MOST_ROWS]),
        keeper=signed.took_name if signed else "",
        retention=retention.standings(place, now),
    )


def copies_at(actor: Actor, site_id: UUID) -> QuerySet[Copy]:
    """The copies at a place of what this actor may know of: the place's catalogue.

    Raises:
        Forbidden.
    """
    demand(actor, "preservation.site.read")
    rows = Copy.objects.filter(of_known(actor, "object__"), site_id=site_id)
    return rows.select_related("object").order_by("object__accession_no", "object_id")


def cut_copies(actor: Actor, site_id: UUID, *, number: int, rows: int, page: int) -> list[Copy]:
    """One page of the place's catalogue, which has so many copies; beyond the end the last page.

    Which objects are on it is told by indexes alone, from whichever end of the list is nearer.

    Raises:
        Forbidden.
    """
    demand(actor, "preservation.site.read")
    here = Copy.objects.filter(object=OuterRef("pk"), site_id=site_id)
    objects = ArchivalObject.objects.filter(of_known(actor)).filter(Exists(here)).order_by("accession_no", "pk")
    start = rows * max(0, min(page - 1, (number - 1) // rows))
    stop = min(start + rows, number)
    ids = objects.values_list("pk", flat=True)
    on_page = list(ids[start:stop]) if start < number / 2 else list(ids.reverse()[number - stop : number - start])[::-1]
    copies = {
        copy.object_id: copy
        for copy in Copy.objects.filter(site_id=site_id, object__in=on_page).select_related("object")
    }
    return [copies[pk] for pk in on_page if pk in copies]


def takers(actor: Actor) -> list[tuple[str, str]]:
    """Who may sign for a set, but for this actor: (account id, name and organisation)."""
    told: dict[str, str] = {}
    for organisation in identity.organisations(kind="archive"):
        ids = identity.members_with(organisation.id, Role.KEEPER, Role.ARCHIVIST)
        for account_id, name in identity.account_names(ids).items():
            if account_id != actor.account_id:
                told[str(account_id)] = f"{name}（{organisation.name}）"
    return sorted(told.items(), key=lambda item: item[1])


@dataclass(frozen=True)
class PlaceInUse:
    """A place without what it holds."""

    id: UUID
    name: str
    facts: SiteFacts
    proof: Proof | None


def in_use() -> list[PlaceInUse]:
    """The places in use, in the order of their codes; nothing is counted."""
    rows = Site.objects.filter(in_use=True)
    return [PlaceInUse(row.pk, row.name, facts_of_row(row), proof_of(row.proof)) for row in rows]


def site_rows(now: datetime, *, known_to: Actor | None = None) -> list[SiteRow]:
    """The places in use with what they hold.

    Args:
        known_to: count only copies of what this actor may know of, so that nobody learns how much lies above them. How long
            a place takes to read is told of all that lies there: it is the place's, as the room left on it is.
    """
    return _site_rows(places(now), now, known_to)


def _site_rows(all_places: Sequence[Place], now: datetime, known_to: Actor | None) -> list[SiteRow]:
    """Some places with what they hold."""
    known = rounds.rhythms()
    rhythms = {place.site_id: known[place.code] for place in all_places}
    sums = {site_id: _Sums() for site_id in rhythms} | _sums(rhythms, now, known_to)
    sizes, rows = _bytes_at(sums), Site.objects.in_bulk(list(rhythms))
    return [
        _site_row(place, rows[pk], rhythms[pk], sums[pk], sizes[pk]) for place in all_places if (pk := place.site_id)
    ]


@dataclass
class _Sums:
    """The copies at one place, counted."""

    copies: int = 0
    oldest: datetime | None = None
    unverified: int = 0
    late: int = 0
    in_turn: int = 0
    not_in_turn: int = 0
    """Of those whose turn has come, what a disposal is removing."""


def _sums(rhythms: Mapping[UUID, Rhythm], now: datetime, known_to: Actor | None) -> dict[UUID, _Sums]:
    """Count the copies at some places: all by an index, then those that are not as they should be, which are few."""
    late, turn = Q(pk__in=[]), Q(pk__in=[])
    for site_id, rhythm in rhythms.items():
        late |= Q(site_id=site_id, verified_at__lt=now - timedelta(days=rhythm.days))
        turn |= rounds.whose_turn(site_id, rhythm, now)
    here = Copy.objects.filter(site_id__in=rhythms).order_by()
    if known_to is not None:
        here = here.exclude(object__in=hidden_from(known_to))
    told = {
        each["site_id"]: _Sums(each["number"], each["oldest"])
        for each in here.values("site_id").annotate(number=Count("*"), oldest=Min("verified_at"))
    }
    others = [state.value for state in CopyState if state is not CopyState.VERIFIED]
    for name, rows in (
        ("unverified", here.filter(state__in=others)),
        ("late", here.filter(late, state=CopyState.VERIFIED.value)),
        ("in_turn", here.filter(turn)),
        ("not_in_turn", here.filter(turn).filter(UNDER_DESTRUCTION)),
    ):
        for site_id, number in rows.values_list("site_id").annotate(number=Count("*")):
            setattr(told[site_id], name, number)
    return told


FORECAST_SECONDS = 600


def _bytes_at(sums: Mapping[UUID, _Sums]) -> dict[UUID, int]:
    """How much there is to read at some places, for the forecast.

    Adding up what lies at each is the dearest thing on the page: it is done again once copies there came or went, or
    objects grew or shrank, and after ten minutes.
    """
    all_bytes = ArchivalObject.objects.aggregate(sum=Sum("stored_bytes", default=0))["sum"]
    keys = {site_id: f"preservation.bytes.{site_id}.{each.copies}.{all_bytes}" for site_id, each in sums.items()}
    known = cache.get_many(keys.values())
    unknown = [site_id for site_id, key in keys.items() if key not in known]
    if unknown:
        rows = Copy.objects.filter(site_id__in=unknown).order_by().values_list("site_id")
        added = {keys[site_id]: int(size) for site_id, size in rows.annotate(size=Sum("object__stored_bytes"))}
        cache.set_many(added, FORECAST_SECONDS)
        known |= added
    return {site_id: known.get(key, 0) for site_id, key in keys.items()}


def _site_row(place: Place, site: Site, rhythm: Rhythm, sums: _Sums, size: int) -> SiteRow:
    called_in, next_call_in = calls_of(place.site_id, place.facts) if not place.facts.at_ingest else (None, None)
    verified = sums.copies - sums.unverified
    return SiteRow(
        id=place.site_id,
        code=place.code,
        name=place.name,
        facts=place.facts,
        path=place.address,
        reachable=place.there,
        counts=place.counts,
        astray=another_there(place) if place.carries else None,
        contact=site.contact,
        proof=proof_of(site.proof),
        free_bytes=_free(place),
        copies=sums.copies,
        verified=verified,
        oldest_reading=sums.oldest,
        round=RoundRow(
            rhythm, verified - sums.late, sums.in_turn - sums.not_in_turn, rhythm.days_for(size),
            rhythm.keeps_up_with(size),
        ),
        called_in_at=called_in,
        next_call_in=next_call_in,
    )  # fmt: skip


def names_by_code() -> dict[str, str]:
    """What the places are called, those out of use too."""
    return dict(Site.objects.values_list("code", "name"))


def calls_of(site_id: UUID, facts: SiteFacts) -> tuple[datetime | None, datetime]:
    """When a removable set was last called in, caught up and read whole; and when it is to be next."""
    last = CatchUp.objects.filter(site_id=site_id, complete=True).first()
    since = last.started_at if last else Site.objects.values_list("registered_at", flat=True).get(pk=site_id)
    return (last.finished_at if last else None), since + timedelta(days=call_in_days(facts))


def _free(place: Place) -> int | None:
    return place.root.free_bytes() if place.root else None
