"""Permanent identifiers (永久标识): UUID version 7, so rows created together lie together."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat

__all__ = ["made_at", "new_id"]


def new_id() -> UUID:
    """Give a new permanent identifier; later calls sort after earlier ones."""
    return uuid_utils.compat.uuid7()


def made_at(made: UUID) -> datetime | None:
    """Tell when an identifier of ours was made, to the millisecond; None for one that does not say."""
    return datetime.fromtimestamp((made.int >> 80) / 1000, UTC) if made.version == 7 else None
