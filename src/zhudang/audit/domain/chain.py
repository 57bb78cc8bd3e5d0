"""How entries are chained: the leaf of an entry, the link to the one before, and what a witness is given.

`h_n = SM3(h_(n-1) ‖ n ‖ leaf_n)`, `leaf_n = SM3(0x00 ‖ canonical entry)`. The byte before the entry is the leaf
prefix of RFC 6962, so that the same leaves can later stand in a Merkle tree.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

ALGORITHM = "SM3"
GENESIS = "0" * 64
"""What stands before the first entry."""

SHORT = 16
"""Hex digits of a leaf that a witness keeps: enough to point at the number, beside the full head that proves."""


@dataclass(frozen=True)
class LoggedEntry:
    """An entry as the chain sees it: every column of it."""

    id: UUID
    at: datetime
    actor: str
    account_id: UUID | None
    act: str
    subject: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class SealedEntry:
    """An entry's place in the chain."""

    number: int
    entry_id: UUID
    leaf: str
    chain: str


def canonical(entry: LoggedEntry) -> bytes:
    """The entry as bytes, the same on every machine: JSON, keys sorted, UTC, no blanks, UTF-8."""
    content = {
        "id": str(entry.id),
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "account_id": str(entry.account_id) if entry.account_id else None,
        "act": entry.act,
        "subject": entry.subject,
        "data": entry.data,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def leaf_of(entry: LoggedEntry) -> str:
    """Digest of one entry, lowercase hex."""
    return hashlib.new("sm3", b"\x00" + canonical(entry)).hexdigest()


def link(previous: str, number: int, leaf: str) -> str:
    """The chain's value at `number`, from its value one before and the entry's leaf."""
    return hashlib.new("sm3", raw(previous) + number.to_bytes(8, "big") + raw(leaf)).hexdigest()


def raw(digest: str) -> bytes:
    """A digest's bytes; what somebody wrote in place of one is taken as it stands, and fits nothing."""
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return digest.encode()


def seal(entries: Iterable[LoggedEntry], *, last_number: int, last_chain: str) -> Iterator[SealedEntry]:
    """Continue the chain with `entries`, in the order given."""
    number, chain = last_number, last_chain
    for entry in entries:
        number += 1
        leaf = leaf_of(entry)
        chain = link(chain, number, leaf)
        yield SealedEntry(number, entry.id, leaf, chain)
