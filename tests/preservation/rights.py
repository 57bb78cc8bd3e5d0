"""Files that their modes close, also to root: what a copy is to an account that does not own it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LINUX_CAPABILITY_VERSION_3 = 0x20080522
_PAST_ALL_MODES = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def as_modes_say() -> Iterator[None]:
    """Let modes hold for this thread, and those it starts, also where the tests run as root."""
    libc, header, data = ctypes.CDLL(None, use_errno=True), _Header(_LINUX_CAPABILITY_VERSION_3, 0), (_Data * 2)()
    assert libc.capget(ctypes.byref(header), data) == 0
    before = data[0].effective
    data[0].effective = before & ~_PAST_ALL_MODES
    assert libc.capset(ctypes.byref(header), data) == 0
    try:
        yield
    finally:
        data[0].effective = before
        assert libc.capset(ctypes.byref(header), data) == 0


@contextmanager
def closed(path: Path) -> Iterator[Path]:
    """A file or folder that nobody may read meanwhile, nor list, nor go into."""
    mode = path.stat().st_mode & 0o7777
    path.chmod(0)
    try:
        with as_modes_say():
            assert not os.access(path, os.R_OK, effective_ids=True)
            yield path
    finally:
        path.chmod(mode)
