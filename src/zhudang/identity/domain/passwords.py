"""What a password must be, how often one may err, and how one-time passwords look.

Practice values to level 3 (preservation-security.md section 4); an installation may make them stricter.
"""

import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta

from zhudang.shared.refusals import Reason

LEAST_LENGTH = 8
LEAST_CLASSES = 3
NOT_REUSED = 5
_LONGEST = 128

GOOD_FOR_DAYS = 90
"""Changed at the latest after so long; ZHUDANG_PASSWORD_DAYS says otherwise, 0 never."""

MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=30)
RESET_CODE_LASTS = timedelta(hours=24)

_PLAIN = "".join(sorted(set(string.ascii_letters + string.digits) - set("0O1lI5S2Z")))


def why_not_password(password: str, *, username: str) -> list[Reason]:
    """Tell everything that is wrong with a new password, apart from its having been used before."""
    reasons = []
    if len(password) < LEAST_LENGTH:
        reasons.append(Reason("identity.password_short", {"least": LEAST_LENGTH}))
    if len(password) > _LONGEST:
        reasons.append(Reason("identity.password_long", {"most": _LONGEST}))
    if classes_in(password) < LEAST_CLASSES:
        reasons.append(Reason("identity.password_classes", {"least": LEAST_CLASSES}))
    if username and username.lower() in password.lower():
        reasons.append(Reason("identity.password_contains_login", {}))
    return reasons


def classes_in(password: str) -> int:
    """How many of the four classes a password uses: lower, upper, digits, everything else."""
    return sum(
        (
            any(c.islower() for c in password),
            any(c.isupper() for c in password),
            any(c.isdigit() for c in password),
            any(not c.isalnum() or not (c.islower() or c.isupper() or c.isdigit()) for c in password),
        )
    )


def has_expired(set_at: datetime, now: datetime, *, days: int = GOOD_FOR_DAYS) -> bool:
    """Whether a password set then must be changed now."""
    return days > 0 and now - set_at > timedelta(days=days)


def one_time_password() -> str:
    """A password to hand over on paper: four groups of four, no look-alikes, all the classes asked for."""
    while True:
        groups = ["".join(secrets.choice(_PLAIN) for _ in range(4)) for _ in range(4)]
        word = "-".join(groups)
        if classes_in(word) == 4:
            return word


@dataclass(frozen=True)
class LockState:
    """Where a login stands with its failures: how many are left, or until when it is locked."""

    failures: int
    locked_until: datetime | None

    @property
    def left(self) -> int:
        return max(0, MOST_FAILURES - self.failures)

    @property
    def is_locked(self) -> bool:
        return self.locked_until is not None


def lock_state(failed_at: list[datetime], now: datetime) -> LockState:
    """Judge a login by its failures that were not cleared; those older than the lock's time no longer count."""
    recent = sorted(moment for moment in failed_at if now - moment < LOCKED_FOR)
    if len(recent) < MOST_FAILURES:
        return LockState(len(recent), None)
    return LockState(len(recent), recent[-1] + LOCKED_FOR)
