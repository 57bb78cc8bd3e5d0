"""The end of a hash. Light: documents without a signature load no library for it."""

from __future__ import annotations

from typing import Any

SHAKE, SHAKE_BYTES = "shake_256", 64
"""Ed448 goes with SHAKE256 of 512 bits (RFC 8419, 3.1)."""


def finished(running: Any) -> bytes:
    """The digest of a hash that has seen everything."""
    return bytes(running.digest(SHAKE_BYTES) if running.name == SHAKE else running.digest())
