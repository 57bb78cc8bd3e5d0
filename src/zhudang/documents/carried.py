"""The proof a certificate carries, checked by itself: record to log entry, entry to signed root; no database is asked.

SM3(record.json) = record_sm3 in the entry       the entry speaks of this record
SM3(0x00 ‖ canonical entry) = leaf               the leaf is that entry's
leaf, path → root                                 the entry is under the root (RFC 9162 2.1.3.2, with SM3)
the archive's log key signed size, root, moment  the root is the archive's
"""

import hashlib
import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from zhudang.audit import tree_heads
from zhudang.documents.canonical import sm3

MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Carried:
    """What a certificate's own proof says: the entry's number, and the signed head it is under."""

    number: int
    head: tree_heads.SignedHead
    holds: bool
    """Every step leads to the next; whose key it is must be told by someone else."""


def carried_by(pdf: bytes) -> Carried | None:
    """Read and check the proof in a PDF; None where it carries none, or one from before the log had a tree."""
    import pikepdf

    try:
        with pikepdf.open(BytesIO(pdf)) as opened:
            record, told = (_attached(opened, name) for name in ("record.json", "log-proof.json"))
        proof = json.loads(told)
        if not proof.get("tree"):
            return None
        inclusion = tree_heads.from_plain(proof["tree"])
        entry = json.loads(proof["canonical"])
        holds = (
            entry["data"]["record_sm3"] == sm3(record)
            and hashlib.new("sm3", b"\x00" + proof["canonical"].encode()).hexdigest() == inclusion.leaf
            and tree_heads.holds(inclusion)
        )
    except Exception:  # whatever a stranger hands in: what cannot be read proves nothing
        return None
    return Carried(inclusion.number, inclusion.head, holds)


def _attached(opened: Any, name: str) -> bytes:
    data: bytes = opened.attachments[name].get_file().read_bytes()
    if len(data) > MOST_BYTES:
        raise ValueError(name)
    return data
