"""Appraisal and disposal (鉴定销毁): when a holding's time has ended, who must say yes, and in which order.

Source of the order: filing-rules.md section 3 (appraisal, list, approval, two persons supervise, list kept for good);
numbers and periods are data (`data/disposal.toml`) with their own source and doubt.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from zhudang.shared.refusals import Reason

BEIJING = ZoneInfo("Asia/Shanghai")
"""Whose days count, whatever zone the pages are shown in; the database reckons by the same (migration 0008)."""


def legal_day(moment: datetime) -> date:
    """The day a moment falls on by Beijing time."""
    return moment.astimezone(BEIJING).date()


class CaseState(StrEnum):
    """Where a disposal case stands. Stored values."""

    APPRAISING = "appraising"
    """The committee gives its opinions."""
    APPROVING = "approving"
    """All members agree; the department decides."""
    WAITING = "waiting"
    """Approved; the waiting period runs, anyone may stop it."""
    DUE = "due"
    """The wait is over, somebody will execute it, the witnesses sign."""
    EXECUTING = "executing"
    DONE = "done"
    REFUSED = "refused"
    STOPPED = "stopped"


ENDED = frozenset({CaseState.DONE, CaseState.REFUSED, CaseState.STOPPED})
CAN_BE_STOPPED = frozenset({CaseState.APPRAISING, CaseState.APPROVING, CaseState.WAITING, CaseState.DUE})
NEXT: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.APPRAISING: frozenset({CaseState.APPROVING, CaseState.REFUSED, CaseState.STOPPED}),
    CaseState.APPROVING: frozenset({CaseState.WAITING, CaseState.REFUSED, CaseState.STOPPED}),
    CaseState.WAITING: frozenset({CaseState.DUE, CaseState.STOPPED}),
    CaseState.DUE: frozenset({CaseState.EXECUTING, CaseState.STOPPED}),
    CaseState.EXECUTING: frozenset({CaseState.DONE}),
    **{state: frozenset() for state in ENDED},
}
"""What may follow what; the database holds to the same table by a trigger (migration 0008)."""


class Outcome(StrEnum):
    """What became of one volume of a case."""

    PENDING = ""
    KEPT = "kept"
    EXTENDED = "extended"
    DESTROYED = "destroyed"


@dataclass(frozen=True)
class Retention:
    """One retention period.

    Attributes:
        years: None where they do not end it.
        with_works: it ends when the works are gone. With neither it does not end by itself.
    """

    code: str
    names: Mapping[str, str]
    years: int | None
    source: str
    doubt: str
    with_works: bool = False


@dataclass(frozen=True)
class DisposalRules:
    """What the data file says."""

    edition: str
    members: int
    waiting_days: int
    witnesses: int
    secret_from: int
    clearing_days: int
    """In how many days after an execution a place that still holds the bytes should be cleared."""
    retentions: Mapping[str, Retention]
    told: Mapping[str, Any]
    """The file as it was read, for the case's own record."""

    def ends_on(self, retention: str, newest: date | None, works_ended: date | None = None) -> date | None:
        """The last day of a volume's retention; None where it does not end, or nobody can reckon it.

        Args:
            works_ended: the day on which its works were gone; a document made later puts the end off to its own day.
        """
        period = self.retentions.get(retention)
        if period is not None and period.with_works:
            return max(works_ended, newest or works_ended) if works_ended else None
        if period is None or period.years is None or newest is None:
            return None
        return date(newest.year + period.years, 12, 31)

    @property
    def with_works(self) -> list[str]:
        """The codes of the periods that end with the works."""
        return [code for code, period in self.retentions.items() if period.with_works]

    def latest_year(self, retention: str, today: date) -> int | None:
        """The latest year of formation whose retention of this period has ended; None where none ever has."""
        period = self.retentions.get(retention)
        return None if period is None or period.years is None else today.year - period.years - 1


_CLEARING_DAYS = 30
"""For rules of before the file told a number."""
_NUMBERS = {
    ("committee", "members"): 1,
    ("waiting", "days"): 1,
    ("witnesses", "number"): 2,
    ("secrecy", "from_level"): 1,
}


def read_rules(data: Mapping[str, Any]) -> DisposalRules:
    """Read the data file.

    Raises:
        ValueError: tells what is wrong, all of it at once.
    """
    wrong = [] if data.get("edition") else ["edition: missing"]
    for (part, name), least in _NUMBERS.items():
        section = data.get(part)
        if not isinstance(section, Mapping) or not section.get("source"):
            wrong.append(f"[{part}]: missing, or without source")
        elif isinstance(section.get(name), bool) or not isinstance(section.get(name), int) or section[name] < least:
            wrong.append(f"[{part}] {name}: no whole number of {least} or more")
    retentions: dict[str, Retention] = {}
    for number, item in enumerate(data.get("retention") or (), start=1):
        code, years = str(item.get("code") or ""), item.get("years")
        if not code or code in retentions:
            wrong.append(f"[[retention]] {number}: no code, or one named twice")
        if not (item.get("source") and item.get("name_zh") and item.get("name_en")):
            wrong.append(f"[[retention]] {code or number}: source, name_zh or name_en missing")
        if years is not None and (isinstance(years, bool) or not isinstance(years, int) or years < 1):
            wrong.append(f"[[retention]] {code or number}: years is no whole number of 1 or more")
        with_works = item.get("with_works", False)
        if not isinstance(with_works, bool) or (with_works and years is not None):
            wrong.append(f"[[retention]] {code or number}: with_works is true or false, and not beside years")
        names = {"zh": str(item.get("name_zh", "")), "en": str(item.get("name_en", ""))}
        source, doubt = str(item.get("source", "")), str(item.get("doubt", ""))
        retentions[code] = Retention(code, names, years, source, doubt, with_works is True)
    if not retentions:
        wrong.append("[[retention]]: none")
    if "permanent" in retentions and (retentions["permanent"].years is not None or retentions["permanent"].with_works):
        wrong.append("[[retention]] permanent: cannot have years, nor end with the works")
    if (clearing := data.get("clearing")) is not None and not _is_number(clearing, "days", 1):
        wrong.append("[clearing] days: no whole number of 1 or more, or without source")
    if wrong:
        raise ValueError("; ".join(wrong))
    return DisposalRules(
        edition=str(data["edition"]), members=data["committee"]["members"], waiting_days=data["waiting"]["days"],
        witnesses=data["witnesses"]["number"], secret_from=data["secrecy"]["from_level"],
        clearing_days=_clearing_days(data), retentions=retentions, told=data,
    )  # fmt: skip


def _is_number(section: Any, name: str, least: int) -> bool:
    """Whether a section of the file tells a source and a whole number of so much at least."""
    if not isinstance(section, Mapping) or not section.get("source"):
        return False
    value = section.get(name)
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _clearing_days(rules: Mapping[str, Any]) -> int:
    return int(rules.get("clearing", {}).get("days", _CLEARING_DAYS))


def clear_by(found_on: date, rules: Mapping[str, Any]) -> date:
    """The day by which a place that still holds what was destroyed elsewhere should be cleared.

    Args:
        found_on: when the execution found it to hold the bytes.
        rules: a case's own rules as they were read; those of before this was in the file have its first number.
    """
    return found_on + timedelta(days=_clearing_days(rules))


def wait_until(approved_on: date, days: int) -> date:
    """The last day of the waiting period: whole calendar days, counted from the day after the approval."""
    return approved_on + timedelta(days=days)


@dataclass(frozen=True)
class HoldingFacts:
    """What the rule needs to know of one volume.

    Attributes:
        newest: date of its newest document.
        works_ended: the day on which its works were gone; None while they stand, or nobody told the day.
        level: the highest secrecy level of anything it tells, its project's included.
        extended_until: to which day an earlier committee extended it.
        holds: reasons of the stays (暂缓) that stand on it.
        unproven: names of the places whose copy was not read whole and found as written; "" for no copy at all.
        in_case: number of the open case it is in already.
    """

    code: str
    title: str
    retention: str
    newest: date | None
    level: int
    works_ended: date | None = None
    extended_until: date | None = None
    holds: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    in_case: str = ""
    destroyed: bool = False


def why_not_dispose(facts: HoldingFacts, rules: DisposalRules, *, today: date) -> list[Reason]:
    """Tell everything that keeps a volume from being proposed for destruction; an empty list means go."""
    who = {"code": facts.code, "title": facts.title}
    reasons = _time_has_not_ended(facts, rules, today, who)
    if facts.level >= rules.secret_from:
        reasons.append(Reason("preservation.disposal_classified", {**who, "level": facts.level}))
    reasons += [Reason("preservation.disposal_held", {**who, "because": because}) for because in facts.holds]
    if facts.unproven:
        places = tuple(filter(None, facts.unproven)) or ("—",)
        reasons.append(Reason("preservation.disposal_unproven", {**who, "places": places}))
    if facts.in_case:
        reasons.append(Reason("preservation.disposal_in_case", {**who, "case": facts.in_case}))
    if facts.destroyed:
        reasons.append(Reason("preservation.disposal_gone", who))
    return reasons


def _time_has_not_ended(facts: HoldingFacts, rules: DisposalRules, today: date, who: Mapping[str, Any]) -> list[Reason]:
    period = rules.retentions.get(facts.retention)
    if period is None:
        return [Reason("preservation.disposal_no_retention", who)]
    if period.years is None and not period.with_works:
        return [Reason("preservation.disposal_never_ends", {**who, "period": facts.retention})]
    ends = rules.ends_on(facts.retention, facts.newest, facts.works_ended)
    if ends is None:
        return [
            Reason("preservation.disposal_works_stand" if period.with_works else "preservation.disposal_no_date", who)
        ]
    reasons = []
    if today <= ends:
        reasons.append(Reason("preservation.disposal_not_ended", {**who, "ends": ends}))
    if facts.extended_until and today <= facts.extended_until:
        reasons.append(Reason("preservation.disposal_extended", {**who, "until": facts.extended_until}))
    return reasons


def why_not_propose(
    proposer: str,
    committee: Sequence[str],
    *,
    volumes: int,
    why: str,
    rules: DisposalRules,
    approvers: Mapping[str, str] | None = None,
) -> list[Reason]:
    """Tell everything that keeps a proposal from going to its committee, the volumes' own reasons aside.

    Args:
        approvers: username -> name of those who could approve it now.
    """
    reasons = []
    if not volumes:
        reasons.append(Reason("preservation.disposal_empty"))
    if not why.strip():
        reasons.append(Reason("preservation.disposal_why"))
    if len(set(committee)) < rules.members:
        data = {"members": len(set(committee)), "wanted": rules.members}
        reasons.append(Reason("preservation.disposal_committee_small", data))
    if proposer in committee:
        reasons.append(Reason("preservation.disposal_own_member"))
    if approvers and not approvers.keys() - {proposer, *committee}:
        names = "、".join(approvers.values())
        reasons.append(Reason("preservation.disposal_nobody_approves", {"names": names}))
    return reasons


def why_not_witness(username: str, *, proposer: str, executor: str, signed: Collection[str]) -> list[Reason]:
    """Tell everything that keeps a person from witnessing: the two are others than who proposed and who executes."""
    reasons = []
    if username == proposer:
        reasons.append(Reason("preservation.disposal_witness_proposed"))
    if username == executor:
        reasons.append(Reason("preservation.disposal_witness_executes"))
    if username in signed:
        reasons.append(Reason("preservation.disposal_witness_twice"))
    return reasons
