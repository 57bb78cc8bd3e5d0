"""When an obligation may be set to 不涉及 (not applicable), and when that may be taken back."""

from __future__ import annotations

from zhudang.shared.refusals import Reason

SHORTEST_REASON = 2


def why_not_excuse(*, title: str, reason: str, answered: bool, excused: bool, own: bool) -> list[Reason]:
    """Tell everything that keeps an obligation from being set to 不涉及.

    Args:
        answered: a record answers it already.
        own: it is owed by the person's organisation, or the person acts for client or archive.
    """
    reasons = []
    if len(reason.strip()) < SHORTEST_REASON:
        reasons.append(Reason("filing.reason_missing"))
    if answered:
        reasons.append(Reason("filing.already_answered", {"title": title}))
    if excused:
        reasons.append(Reason("filing.already_excused", {"title": title}))
    if not own:
        reasons.append(Reason("filing.owed_by_another", {"title": title}))
    return reasons


def why_not_restore(*, title: str, excused: bool) -> list[Reason]:
    """Tell what keeps 不涉及 from being taken back."""
    return [] if excused else [Reason("filing.not_excused", {"title": title})]
