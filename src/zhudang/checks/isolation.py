"""Cuts a worker off before it touches a stranger's file: no network, no rights beyond reading, no way to gain any.

Linux only. What the system refuses is not pretended: the answer names what holds, and a report without
`network` says 未隔离.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from collections.abc import Callable
from pathlib import Path

NETWORK, USERS, RIGHTS, PRIVILEGES = "network", "users", "rights", "no_new_privileges"
"""What can hold: no network; a user namespace of its own; no capability but reading; none to be gained by programs."""
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x08000000, 0x10000000, 0x40000000
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_READ_SEARCH = 2


def isolate(*, network: bool = True) -> tuple[str, ...]:
    """Isolate this process, as far as the system allows; call before threads are started.

    Args:
        network: False leaves the network reachable (a malware scanner at a TCP address needs it).

    Returns:
        What holds from now on, in a fixed order; empty where nothing could be done.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "unshare"):
        return ()
    held = _apart(library.unshare, network=network)
    if library.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        held.add(PRIVILEGES)
    if _give_up_rights(library.capset):
        held.add(RIGHTS)
    return tuple(word for word in (NETWORK, USERS, RIGHTS, PRIVILEGES) if word in held)


def _apart(unshare: Callable[[int], int], *, network: bool) -> set[str]:
    """Leave the common namespaces. A superuser keeps its users: a namespace would hide other people's files."""
    rest = CLONE_NEWIPC | (CLONE_NEWNET if network else 0)
    held = {NETWORK} if network else set()
    if os.geteuid() == 0:
        return held if unshare(rest) == 0 else set()
    user, group = os.geteuid(), os.getegid()
    if unshare(CLONE_NEWUSER | rest) != 0:
        return set()
    with contextlib.suppress(OSError):  # unmapped, the process is nobody: still isolated, still able to read
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return held | {USERS}


def _give_up_rights(capset: Callable[[bytes, bytes], int]) -> bool:
    """Keep no capability but reading what file modes forbid, which a superuser's files may need."""
    kept = 1 << CAP_DAC_READ_SEARCH if os.geteuid() == 0 else 0
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    return capset(header, struct.pack("=6I", kept, kept, 0, 0, 0, 0)) == 0
