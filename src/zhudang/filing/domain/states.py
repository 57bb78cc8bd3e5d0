"""Where a record is on its road, and which steps may follow.

The road: draft -> filed -> delivered -> with_client -> submitted -> (returned | accepted)
-> transferred -> preserved. A client's own records go from filed straight to with_client.
A returned record is filed again once it is cured, and goes on from where it was returned.
"""

from __future__ import annotations

from enum import StrEnum


class RecordState(StrEnum):
    """The stored states of a record."""

    DRAFT = "draft"
    FILED = "filed"
    DELIVERED = "delivered"
    WITH_CLIENT = "with_client"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    TRANSFERRED = "transferred"
    PRESERVED = "preserved"


FROM: dict[RecordState, frozenset[RecordState]] = {
    RecordState.DRAFT: frozenset({RecordState.FILED}),
    RecordState.FILED: frozenset({RecordState.DRAFT, RecordState.RETURNED}),
    RecordState.DELIVERED: frozenset({RecordState.FILED}),
    RecordState.WITH_CLIENT: frozenset({RecordState.FILED, RecordState.DELIVERED}),
    RecordState.SUBMITTED: frozenset({RecordState.WITH_CLIENT}),
    RecordState.RETURNED: frozenset({RecordState.DELIVERED, RecordState.WITH_CLIENT, RecordState.SUBMITTED}),
    RecordState.ACCEPTED: frozenset({RecordState.SUBMITTED}),
    RecordState.TRANSFERRED: frozenset({RecordState.ACCEPTED}),
    RecordState.PRESERVED: frozenset({RecordState.TRANSFERRED}),
}

CHANGEABLE = frozenset({RecordState.DRAFT, RecordState.FILED, RecordState.RETURNED})
FILED_OR_LATER = frozenset(set(RecordState) - {RecordState.DRAFT, RecordState.RETURNED})
ARRANGED_LATE = (RecordState.ACCEPTED, RecordState.TRANSFERRED, RecordState.PRESERVED)


def may_become(now: str, wanted: RecordState) -> bool:
    """Whether a record in state `now` may take the step to `wanted`."""
    return RecordState(now) in FROM[wanted]
