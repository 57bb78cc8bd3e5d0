"""Reviewing: what may be judged, what keeps a list or an opinion from being issued, what changed since last time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhudang.handover.domain.applications import why_not_act
from zhudang.handover.domain.states import SETTLED, VERDICTS, VERDICTS_FOR, Act, ItemKind, ItemState
from zhudang.shared.refusals import Reason

REASON_CODES = (
    "missing", "incomplete", "unreadable", "unsigned", "unstamped", "wrong_document", "description", "inconsistent",
    "change_not_drawn", "altered", "format", "other",
)  # fmt: skip


@dataclass(frozen=True)
class ItemFacts:
    """One item as the rule sees it."""

    kind: str
    state: str
    title: str = ""
    blocking: int = 0
    unchecked: int = 0


def why_not_judge(
    state: str, item: ItemFacts, verdict: str, *, reason_code: str = "", reason: str = ""
) -> list[Reason]:
    """Tell everything that keeps `verdict` from being given on an item of an application in `state`."""
    reasons = why_not_act(state, Act.JUDGE)
    if verdict not in VERDICTS:
        return [*reasons, Reason("handover.verdict_unknown", {"verdict": verdict})]
    if item.state == ItemState.UNCHANGED:
        reasons.append(Reason("handover.unchanged_since", {"title": item.title}))
    elif verdict not in VERDICTS_FOR[ItemKind(item.kind)]:
        reasons.append(Reason("handover.verdict_not_here", {"title": item.title, "verdict": verdict}))
    if verdict == ItemState.PASSED and item.blocking:
        reasons.append(Reason("handover.blocking_findings", {"title": item.title, "count": item.blocking}))
    if verdict == ItemState.PASSED and item.unchecked:
        reasons.append(Reason("handover.not_checked_yet", {"title": item.title, "count": item.unchecked}))
    if verdict in {ItemState.RETURNED, ItemState.NOT_APPLICABLE} and not reason.strip():
        reasons.append(Reason("handover.verdict_without_reason", {"title": item.title}))
    if verdict == ItemState.RETURNED and reason_code not in REASON_CODES:
        reasons.append(Reason("handover.reason_code_unknown", {"code": reason_code}))
    return reasons


def why_not_demand_again(
    state: str, item: ItemFacts, *, ground: str, reason: str, grounds: Collection[str]
) -> list[Reason]:
    """Tell everything that keeps unchanged material from being looked at again."""
    reasons = why_not_act(state, Act.JUDGE)
    if item.state != ItemState.UNCHANGED:
        reasons.append(Reason("handover.not_settled_before", {"title": item.title}))
    if ground not in grounds:
        reasons.append(Reason("handover.ground_unknown", {"ground": ground}))
    if not reason.strip():
        reasons.append(Reason("handover.demand_without_reason"))
    return reasons


def why_not_return(state: str, items: Mapping[str, int]) -> list[Reason]:
    """Tell everything that keeps the one list from being issued.

    Args:
        items: how many items stand in each state. All must be judged: the list is complete or it does not go out.
    """
    reasons = why_not_act(state, Act.RETURN)
    if left := items.get(ItemState.OPEN, 0):
        reasons.append(Reason("handover.items_left", {"count": left}))
    if not items.get(ItemState.RETURNED, 0):
        reasons.append(Reason("handover.nothing_returned"))
    return reasons


def why_not_accept(state: str, items: Mapping[str, int], *, correct_revision: bool = True) -> list[Reason]:
    """Tell everything that keeps the opinion from being issued."""
    reasons = why_not_act(state, Act.ACCEPT)
    if left := items.get(ItemState.OPEN, 0):
        reasons.append(Reason("handover.items_left", {"count": left}))
    if returned := items.get(ItemState.RETURNED, 0):
        reasons.append(Reason("handover.items_returned", {"count": returned}))
    if not sum(items.get(state, 0) for state in SETTLED):
        reasons.append(Reason("handover.nothing_reviewed"))
    return reasons


def what_changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Compare two snapshots of a record: files added, replaced or gone, and every field of the description."""
    changes: list[dict[str, Any]] = []
    old, new = _files(before), _files(now)
    changes += [{"what": "file_gone", "name": name} for digest, name in old.items() if digest not in new]
    changes += [{"what": "file_new", "name": name} for digest, name in new.items() if digest not in old]
    fields = {**before.get("fields", {}), **now.get("fields", {})}
    for field in sorted(fields):
        was, is_ = before.get("fields", {}).get(field), now.get("fields", {}).get(field)
        if was != is_:
            changes.append({"what": "field", "field": field, "was": was, "is": is_})
    return changes


def _files(snapshot: Mapping[str, Any]) -> dict[str, str]:
    return {row["sha256"]: row["name"] for row in snapshot.get("files", [])}


def counted(states: Sequence[str]) -> dict[str, int]:
    """Count items by state."""
    found: dict[str, int] = {}
    for state in states:
        found[state] = found.get(state, 0) + 1
    return found
