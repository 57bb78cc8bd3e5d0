"""Processes that do not outlive the one that started them, also when that one is killed."""

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(sig: int = signal.SIGTERM) -> None:
    """Ask the kernel to signal this process when the thread that started it is gone (also after `kill -9`)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, sig)


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent goes, even inside a native call; end at once where it is gone.

    Args:
        parent: process id of who started this one, told by it: the kernel knows only who is the parent now.
    """
    with contextlib.suppress(OSError, AttributeError):
        die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
