"""Permanent identifiers (永久标识): UUID version 7, so rows created together lie together."""

from uuid import UUID

import uuid_utils.compat

__all__ = ["new_id"]


def new_id() -> UUID:
    """Give a new permanent identifier; later calls sort after earlier ones."""
    return uuid_utils.compat.uuid7()
