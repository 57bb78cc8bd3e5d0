"""What a holding class needs of its copies, and whether the places that hold one give it. Facts in, reasons out.

Three answers, never two: met, not met, unknown. A fact nobody has told is not a fact, and a copy counts only while
it is verified, of the newest version, read in time, and its place within reach.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from typing import Any

from zhudang.preservation.domain.distance import distance_km
from zhudang.preservation.domain.site_facts import ANALOGUE, SiteFacts
from zhudang.preservation.domain.states import CopyState, is_due
from zhudang.shared.refusals import Reason

REQUIREMENTS = ("copies", "media", "apart", "offline", "write_once", "analogue")
APART_BY = ("seismic_zone", "river_basin", "power_grid")
_MOST_PAIRS = 6


class Standing(StrEnum):
    """Whether a requirement is met."""

    MET = "met"
    UNKNOWN = "unknown"
    NOT_MET = "not_met"


@dataclass(frozen=True)
class Need:
    """What one holding class needs.

    Attributes:
        kinds, levels: which objects are of the class: volume or project, secrecy levels 0 to 4.
        copies, media, offline, write_once: at least so many.
        apart_km: two copies lie in different provinces or at least so far from each other; None: not asked for.
        apart_by: and differ in each of these as well.
        analogue: at least so many registered copies on paper or film of the newest version.
    """

    code: str
    names: Mapping[str, str]
    kinds: frozenset[str]
    levels: frozenset[int]
    copies: int
    media: int
    apart_km: float | None
    apart_by: tuple[str, ...]
    offline: int
    write_once: int
    analogue: int
    source: str
    doubt: str = ""

    def asks_for(self, requirement: str) -> bool:
        """Whether the class asks for this at all."""
        return self.apart_km is not None if requirement == "apart" else getattr(self, requirement) > 0


@dataclass(frozen=True)
class Verdict:
    """Whether one requirement is met, and why."""

    requirement: str
    standing: Standing
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class HeldCopy:
    """A copy as the rule needs to know it; `state` is None where the place holds none.

    Attributes:
        newest: version of the holding.
        reachable: the place answers; a removable set lying apart is no less reachable for that.
        due_days: a copy not read for so many days no longer counts.
    """

    site: SiteFacts
    state: CopyState | None
    version: int = 0
    newest: int = 0
    verified_at: datetime | None = None
    reachable: bool = True
    due_days: int = 90


def why_not_counted(copy: HeldCopy, now: datetime) -> Reason | None:
    """Tell why a copy does not count; None: it does."""
    data = {"site": copy.site.name}
    if copy.state is None:
        return Reason("preservation.copy_none", data)
    if copy.state in {CopyState.DAMAGED, CopyState.MISSING}:
        return Reason(f"preservation.copy_{copy.state}", data)
    if copy.version < copy.newest:
        return Reason("preservation.copy_behind", {**data, "version": copy.version, "newest": copy.newest})
    if copy.state is CopyState.WRITTEN or copy.verified_at is None:
        return Reason("preservation.copy_unread", data)
    if is_due(copy.verified_at, now, after_days=copy.due_days):
        return Reason("preservation.copy_due", {**data, "at": copy.verified_at, "days": copy.due_days})
    if not copy.reachable:
        return Reason("preservation.copy_unreachable", data)
    return None


def judge(
    need: Need,
    counted: Sequence[SiteFacts],
    *,
    analogue: Collection[str] = (),
    attached: Collection[str] = (),
    uncounted: Sequence[Reason] = (),
) -> tuple[Verdict, ...]:
    """Judge every requirement of a class by the places whose copy counts.

    Args:
        analogue: media of the registered copies of the newest version, one entry a copy.
        attached: codes of removable sets connected just now: while they are, they are not offline.
        uncounted: why other copies do not count; added to what is not met.
    """
    given = {
        "copies": _copies(need, counted),
        "media": _media(need, counted, analogue),
        "apart": _apart(need, counted),
        "offline": _offline(need, counted, attached),
        "write_once": _write_once(need, counted),
        "analogue": _analogue(need, analogue),
    }
    told = []
    for requirement, verdict in given.items():
        if not need.asks_for(requirement):
            continue
        more = tuple(uncounted) if verdict.standing is not Standing.MET and requirement != "analogue" else ()
        told.append(Verdict(requirement, verdict.standing, (*verdict.reasons, *more)))
    return tuple(told)


def judge_holding(
    need: Need,
    copies: Sequence[HeldCopy],
    now: datetime,
    *,
    analogue: Collection[str] = (),
    attached: Collection[str] = (),
) -> tuple[Verdict, ...]:
    """Judge one holding by its copies as they are."""
    told = {copy.site.code: why_not_counted(copy, now) for copy in copies}
    counted = [copy.site for copy in copies if told[copy.site.code] is None]
    why = [reason for reason in told.values() if reason is not None]
    return judge(need, counted, analogue=analogue, attached=attached, uncounted=why)


def worst(verdicts: Iterable[Verdict]) -> Standing:
    """Tell the worst of several: not met before unknown before met."""
    standings = {verdict.standing for verdict in verdicts}
    return next((s for s in (Standing.NOT_MET, Standing.UNKNOWN) if s in standings), Standing.MET)


def _counted(requirement: str, sure: int, perhaps: int, wanted: int, data: Mapping[str, Any]) -> Verdict:
    """Enough for sure, enough if the unknown is so, or too few."""
    standing = Standing.MET if sure >= wanted else Standing.UNKNOWN if sure + perhaps >= wanted else Standing.NOT_MET
    reason = Reason(f"preservation.need_{requirement}", {"have": sure, "need": wanted, "sites": (), **data})
    return Verdict(requirement, standing, (reason,))


def _copies(need: Need, counted: Sequence[SiteFacts]) -> Verdict:
    return _counted("copies", len(counted), 0, need.copies, {"sites": _names(counted)})


def _media(need: Need, counted: Sequence[SiteFacts], analogue: Collection[str]) -> Verdict:
    media = {site.medium for site in counted if site.medium} | (set(analogue) & ANALOGUE)
    untold = [site for site in counted if not site.medium]
    verdict = _counted("media", len(media), len(untold), need.media, {"media": tuple(sorted(media))})
    return _with_unknown(verdict, untold, "medium")


def _offline(need: Need, counted: Sequence[SiteFacts], attached: Collection[str]) -> Verdict:
    apart = [site for site in counted if site.offline and site.code not in attached]
    verdict = _counted("offline", len(apart), 0, need.offline, {"sites": _names(apart)})
    here = [site for site in counted if site.offline and site.code in attached]
    if verdict.standing is Standing.MET or not here:
        return verdict
    more = tuple(Reason("preservation.need_attached", {"site": site.name}) for site in here)
    return Verdict(verdict.requirement, verdict.standing, (*verdict.reasons, *more))


def _write_once(need: Need, counted: Sequence[SiteFacts]) -> Verdict:
    stated = [site for site in counted if site.worm]
    untold = [site for site in counted if site.worm is None]
    verdict = _counted("write_once", len(stated), len(untold), need.write_once, {"sites": _names(stated)})
    return _with_unknown(verdict, untold, "worm")


def _analogue(need: Need, analogue: Collection[str]) -> Verdict:
    return _counted("analogue", len(analogue), 0, need.analogue, {})


def _with_unknown(verdict: Verdict, untold: Sequence[SiteFacts], fact: str) -> Verdict:
    if verdict.standing is Standing.MET:
        return verdict
    more = tuple(Reason("preservation.fact_unknown", {"site": site.name, "fact": fact}) for site in untold)
    return Verdict(verdict.requirement, verdict.standing, (*verdict.reasons, *more))


def _apart(need: Need, counted: Sequence[SiteFacts]) -> Verdict:
    if need.apart_km is None:
        return Verdict("apart", Standing.MET)
    pairs = [compare(one, other, need.apart_km, need.apart_by) for one, other in combinations(counted, 2)]
    if not pairs:
        return Verdict("apart", Standing.NOT_MET, (Reason("preservation.need_two_places", {"have": len(counted)}),))
    for standing in (Standing.MET, Standing.UNKNOWN, Standing.NOT_MET):
        chosen = [reason for found, reason in pairs if found is standing]
        if chosen:
            most = 1 if standing is Standing.MET else _MOST_PAIRS
            return Verdict("apart", standing, tuple(chosen[:most]))
    raise AssertionError("every pair stands somehow")


def compare(one: SiteFacts, other: SiteFacts, apart_km: float, apart_by: Sequence[str]) -> tuple[Standing, Reason]:
    """Tell whether two places lie apart: another province or far enough, and different in each of `apart_by`.

    Source: the notice of 2024-03-22 (region, province, seismic belt); 300 km by archives' practice.
    """
    province = _differ(one.province[:2], other.province[:2])
    km = distance_km(one, other)
    elsewhere = _any((province, None if km is None else km >= apart_km))
    differs = {name: _differ(getattr(one, name), getattr(other, name)) for name in apart_by}
    apart = _all((elsewhere, *differs.values()))
    standing = Standing.UNKNOWN if apart is None else Standing.MET if apart else Standing.NOT_MET
    data = {"one": one.name, "other": other.name, "province": province, "km": km, "need_km": apart_km, **differs}
    return standing, Reason("preservation.need_pair", data)


def _differ(one: str, other: str) -> bool | None:
    return None if not one or not other else one != other


def _any(values: Iterable[bool | None]) -> bool | None:
    told = list(values)
    return True if True in told else None if None in told else False


def _all(values: Iterable[bool | None]) -> bool | None:
    told = list(values)
    return False if False in told else None if None in told else True


def _names(sites: Iterable[SiteFacts]) -> tuple[str, ...]:
    return tuple(site.name for site in sites)
