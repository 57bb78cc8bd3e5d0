"""Where deliveries, applications, review items and transfers stand, and which act may follow."""

from collections.abc import Mapping
from enum import StrEnum


class Mode(StrEnum):
    """How a project hands over (移交方式), by the notice of 2024-03-22 (六)."""

    COMMITMENT = "commitment"
    """验收＋承诺: what forms after the completion acceptance is promised."""
    BEFORE_FILING = "before_filing"
    """Once, before the completion filing (竣工验收备案前一次性移交)."""
    STAGED = "staged"
    """In stages, for long works or online filing."""


class Kind(StrEnum):
    """Which turn an application is."""

    FIRST = "first"
    AGAIN = "again"
    """After a rectification list."""
    LATE = "late"
    """Promised records, formed after the completion acceptance."""


class DeliveryState(StrEnum):
    """Stored states of a delivery from a party to the client."""

    SENT = "sent"
    SIGNED = "signed"
    RETURNED = "returned"


class ApplicationState(StrEnum):
    """Stored states of an application."""

    CORRECTING = "correcting"
    """Pushed in incomplete; what is missing was told once, the clock stands."""
    REVIEWING = "reviewing"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What can be done with an application."""

    SUPPLEMENT = "supplement"
    JUDGE = "judge"
    RETURN = "return"
    ACCEPT = "accept"
    WITHDRAW = "withdraw"
    PROPOSE_TRANSFER = "propose_transfer"


OPEN_TO: Mapping[ApplicationState, frozenset[Act]] = {
    ApplicationState.CORRECTING: frozenset({Act.SUPPLEMENT, Act.WITHDRAW}),
    ApplicationState.REVIEWING: frozenset({Act.JUDGE, Act.RETURN, Act.ACCEPT, Act.WITHDRAW}),
    ApplicationState.RETURNED: frozenset(),
    ApplicationState.ACCEPTED: frozenset({Act.PROPOSE_TRANSFER}),
    ApplicationState.WITHDRAWN: frozenset(),
}
RUNNING = frozenset({ApplicationState.CORRECTING, ApplicationState.REVIEWING})


class ItemKind(StrEnum):
    """What is reviewed."""

    RECORD = "record"
    MISSING = "missing"
    """Owed to the archive, nothing submitted."""
    EXCUSED = "excused"
    """Declared not applicable by who owes it, with a reason."""
    PROMISED = "promised"
    """Promised in the commitment; reviewed when it comes."""


class ItemState(StrEnum):
    """Stored states of one reviewed item."""

    OPEN = "open"
    PASSED = "passed"
    RETURNED = "returned"
    NOT_APPLICABLE = "not_applicable"
    UNCHANGED = "unchanged"
    """Passed in an earlier round and not changed since: not reviewed again."""
    PROMISED = "promised"


VERDICTS = frozenset({ItemState.PASSED, ItemState.RETURNED, ItemState.NOT_APPLICABLE})
SETTLED = frozenset({ItemState.PASSED, ItemState.NOT_APPLICABLE, ItemState.UNCHANGED, ItemState.PROMISED})

VERDICTS_FOR: Mapping[ItemKind, frozenset[ItemState]] = {
    ItemKind.RECORD: VERDICTS,
    # Nothing was submitted: there is nothing that could pass.
    ItemKind.MISSING: frozenset({ItemState.RETURNED, ItemState.NOT_APPLICABLE}),
    ItemKind.EXCUSED: VERDICTS,
    ItemKind.PROMISED: frozenset(),
}


class LateGround(StrEnum):
    """Grounds on which unchanged material may be demanded again."""

    FORGERY = "forgery"
    SAFETY = "safety"
    SUPERVISOR = "supervisor"


class TransferState(StrEnum):
    """Stored states of a transfer."""

    PROPOSED = "proposed"
    COUNTING = "counting"
    RECEIVED = "received"
    PRESERVED = "preserved"


class TransferAct(StrEnum):
    """What can be done with a transfer."""

    BEGIN = "begin"
    COUNT = "count"
    RECEIVE = "receive"
    NOTE_PRESERVED = "note_preserved"
    CERTIFY = "certify"


TRANSFER_OPEN_TO: Mapping[TransferState, frozenset[TransferAct]] = {
    TransferState.PROPOSED: frozenset({TransferAct.BEGIN}),
    TransferState.COUNTING: frozenset({TransferAct.COUNT, TransferAct.RECEIVE}),
    TransferState.RECEIVED: frozenset({TransferAct.NOTE_PRESERVED}),
    TransferState.PRESERVED: frozenset({TransferAct.CERTIFY}),
}
