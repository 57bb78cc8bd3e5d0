"""What people do in filing: one function, one act, one transaction, one log entry."""

from zhudang.filing.operations.steps import (
    Return,
    WrongState,
    mark_accepted,
    mark_delivered,
    mark_returned,
    mark_submitted,
    mark_transferred,
    mark_with_client,
    note_preserved,
)

__all__ = [
    "Return",
    "WrongState",
    "mark_accepted",
    "mark_delivered",
    "mark_returned",
    "mark_submitted",
    "mark_transferred",
    "mark_with_client",
    "note_preserved",
]
