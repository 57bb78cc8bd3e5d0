"""The system's libarchive, which unpacks RAR; an installation may lack it, and then says so.

Free software (BSD); the packer's own reader is not, so it is neither asked for nor shipped.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def library() -> Any:
    """The bindings, or None where the library is missing. Loads native code: workers only."""
    try:
        import libarchive.ffi
    except (ImportError, OSError, AttributeError, TypeError):
        return None
    return libarchive


def version() -> str | None:
    """`3.6.2`, or None where there is no library."""
    found = library()
    if found is None:
        return None
    number = int(found.ffi.version_number())
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
