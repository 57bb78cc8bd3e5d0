"""What a notice tells: all that is owed the first time, afterwards only the difference."""

from collections.abc import Sequence
from dataclasses import dataclass

from zhudang.shared.refusals import Reason


@dataclass(frozen=True)
class OwedItem:
    """One document as a notice tells it; also the shape kept in the notice's row."""

    obligation: str
    unit_work: str
    party_role: str
    party: str
    code: str
    title: str
    form: str
    due: str
    keepers: tuple[str, ...] = ()
    organisation: str = ""


@dataclass(frozen=True)
class Difference:
    """What a supplement brings: newly owed, changed in party or date, no longer owed."""

    added: tuple[OwedItem, ...]
    changed: tuple[OwedItem, ...]
    dropped: tuple[OwedItem, ...]

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed or self.dropped)


def difference(told: Sequence[OwedItem], owed: Sequence[OwedItem]) -> Difference:
    """Compare what earlier notices told with what is owed now; order follows what is owed now."""
    known = {item.obligation: item for item in told}
    now = {item.obligation for item in owed}
    added = tuple(item for item in owed if item.obligation not in known)
    changed = tuple(
        item for item in owed if item.obligation in known and _told_differently(known[item.obligation], item)
    )
    dropped = tuple(item for item in known.values() if item.obligation not in now)
    return Difference(added, changed, dropped)


def _told_differently(told: OwedItem, owed: OwedItem) -> bool:
    # A suggested date that moves with a milestone is no news for a notice; another party is.
    return (told.party_role, told.party, told.form) != (owed.party_role, owed.party, owed.form)


def standing(notices: Sequence[tuple[Sequence[OwedItem], Sequence[str]]]) -> list[OwedItem]:
    """Add up the notices sent so far, oldest first: (items told, obligations told to be dropped)."""
    known: dict[str, OwedItem] = {}
    for items, dropped in notices:
        for obligation in dropped:
            known.pop(obligation, None)
        known.update({item.obligation: item for item in items})
    return list(known.values())


def why_not_issue(*, owed: int, permit_told: bool, project_running: bool) -> list[Reason]:
    """Tell everything that keeps a notice from being issued for a permit."""
    reasons = []
    if permit_told:
        reasons.append(Reason("handover.notice_already"))
    if not owed:
        reasons.append(Reason("handover.nothing_owed"))
    if not project_running:
        reasons.append(Reason("handover.project_not_running"))
    return reasons


STEPS = ("delivered", "read", "acknowledged")


def why_not_step(step: str, done: Sequence[str]) -> list[Reason]:
    """Tell everything that keeps a receipt from being written: steps come in order, each once."""
    if step not in STEPS:
        return [Reason("handover.receipt_unknown", {"step": step})]
    if step in done:
        return [Reason("handover.receipt_already", {"step": step})]
    before = STEPS[: STEPS.index(step)]
    return [Reason("handover.receipt_before", {"step": missing}) for missing in before if missing not in done]
