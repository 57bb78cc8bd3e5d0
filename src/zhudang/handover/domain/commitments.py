"""The promise (承诺书): four statements, only what forms after the completion acceptance, three months at most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from zhudang.handover.domain.states import Mode
from zhudang.shared.refusals import Reason

STATEMENTS = ("complete", "true_to_works", "scans_equal_paper", "in_time")


@dataclass(frozen=True)
class PromisedItem:
    """A document still to come, and whether it can only form after the completion acceptance."""

    title: str
    forms_after: bool


def add_months(day: date, months: int) -> date:
    """The same day some months on; the last day of the month where there is no such day."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    last = [31, 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return date(year, month, min(day.day, last[month - 1]))


def latest_day(signed_on: date, months: int) -> date:
    """The last day a commitment signed on `signed_on` may name."""
    return add_months(signed_on, months)


def why_not_commit(
    promised: Sequence[PromisedItem],
    *,
    mode: str,
    statements: Sequence[str],
    signed_on: date,
    due_on: date | None,
    months_at_most: int,
) -> list[Reason]:
    """Tell everything that keeps a commitment from being taken."""
    reasons = []
    if mode != Mode.COMMITMENT:
        reasons.append(Reason("handover.commitment_not_in_mode"))
    if missing := [each for each in STATEMENTS if each not in statements]:
        reasons += [Reason("handover.statement_missing", {"statement": each}) for each in missing]
    if not promised:
        reasons.append(Reason("handover.nothing_promised"))
    for item in promised:
        if not item.forms_after:
            reasons.append(Reason("handover.not_formed_after", {"title": item.title}))
    if due_on is None:
        reasons.append(Reason("handover.due_missing"))
    elif due_on <= signed_on:
        reasons.append(Reason("handover.due_in_past", {"due": due_on}))
    elif due_on > (latest := latest_day(signed_on, months_at_most)):
        reasons.append(Reason("handover.due_too_late", {"due": due_on, "latest": latest, "months": months_at_most}))
    return reasons


def is_breached(*, due_on: date, today: date, fulfilled: bool) -> bool:
    """A promise is broken from the day after its day, unless kept."""
    return not fulfilled and today > due_on
