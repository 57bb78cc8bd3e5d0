"""How often a project's catalogue is written anew when it changes: OCFL repeats the whole state in each inventory.

An object may hold a hundred versions. The nearer it comes, the more changes go into one version, so that a project
that changes every night for years does not run out of them; a transfer always writes at once.
"""

from datetime import timedelta

MOST_VERSIONS = 100
NEARLY_FULL = 90
"""From here on people are told."""
_PACES = ((60, timedelta(0)), (80, timedelta(days=7)), (95, timedelta(days=30)), (MOST_VERSIONS, timedelta(days=365)))
"""Below so many versions: the least time between two of them. Nightly for two months, then weekly, monthly, yearly."""


def is_due(versions: int, since_last: timedelta) -> bool:
    """Tell whether a nightly change may be written as one more version.

    Args:
        versions: how many the object has.
        since_last: time since the newest was written.
    """
    return any(versions < below and since_last >= least for below, least in _PACES)
