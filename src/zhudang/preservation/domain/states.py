"""What can be said of a copy and of a transfer on its way in. Plain words, each one a fact."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

READ_AGAIN_AFTER_DAYS = 90


class CopyState(StrEnum):
    """What is known of a copy at one place."""

    WRITTEN = "written"
    """It is there; nobody has read all of it since."""
    VERIFIED = "verified"
    DAMAGED = "damaged"
    MISSING = "missing"


class Condition(StrEnum):
    """How a removable set was found when it passed from hand to hand."""

    SOUND = "sound"
    SEAL_BROKEN = "seal_broken"
    DAMAGED = "damaged"


class IngestState(StrEnum):
    """Where a transfer stands on its way into the store."""

    ASKED = "asked"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class Health(StrEnum):
    """What a person is told of an object, the worst of its copies first."""

    SOUND = "sound"
    WAITING = "waiting"
    """Sound where it is; a removable set lacks its newest version until it is called in."""
    DUE = "due"
    UNREAD = "unread"
    LACKING = "lacking"
    DAMAGED = "damaged"


def is_due(verified_at: datetime | None, now: datetime, *, after_days: int = READ_AGAIN_AFTER_DAYS) -> bool:
    """Tell whether a copy was read so long ago that it should be read again."""
    return verified_at is not None and now - verified_at > timedelta(days=after_days)


def health_of(copies: Collection[tuple[CopyState, datetime | None]], *, sites: int, now: datetime) -> Health:
    """Tell an object's health from its copies.

    Args:
        copies: state and last whole reading of each copy.
        sites: how many places ought to hold one.
    """
    states = [state for state, _ in copies]
    if CopyState.DAMAGED in states:
        return Health.DAMAGED
    if CopyState.MISSING in states or len(states) < sites:
        return Health.LACKING
    if any(state is CopyState.WRITTEN for state in states):
        return Health.UNREAD
    if any(is_due(verified_at, now) for _, verified_at in copies):
        return Health.DUE
    return Health.SOUND
