"""How often a project's catalogue is written anew when it changes: OCFL repeats the whole state in each inventory.

The more versions an object has, the more changes go into one, so that it lasts: a successor (`domain.succession`) stores
the whole state again. Nothing stops at any number, and at most a month's changes are in the database and its backups
alone; a transfer, a certificate and a sealed document are always written at once.
"""

from datetime import timedelta

NEARLY_FULL = 10
"""So many versions before its last, people are told that an object will be succeeded."""
_PACES = ((60, timedelta(0)), (80, timedelta(days=7)))
_AFTER = timedelta(days=30)
"""Below so many versions: the least time between two of them. Nightly for two months, then weekly, then monthly."""


def is_due(versions: int, since_last: timedelta) -> bool:
    """Tell whether a nightly change may be written as one more version.

    Args:
        versions: how many the newest object has.
        since_last: time since the newest was written.
    """
    return since_last >= next((least for below, least in _PACES if versions < below), _AFTER)
