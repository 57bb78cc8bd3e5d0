"""The proof that an entry stands in the chain, for documents that carry it outside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from zhudang.audit.domain.chain import GENESIS, leaf_of, link
from zhudang.audit.models import Entry, Head, Seal
from zhudang.audit.sealing import logged, seal_tail
from zhudang.shared.plain import plain

__all__ = ["ChainProof", "proof_of", "seal_tail"]


@dataclass(frozen=True)
class ChainProof:
    """An entry, its number, its leaf, the chain before and after it, and the head that closed over it.

    Whoever has this and one later witness file can check: leaf from entry, chain from (chain before, leaf).
    """

    entry: dict[str, Any]
    number: int
    leaf: str
    chain_before: str
    chain: str
    head_number: int
    head_chain: str
    sealed_at: datetime
    sound: bool
    """The leaf is the entry's, and the chain follows from leaf and number."""


def proof_of(entry_id: UUID) -> ChainProof | None:
    """Give the proof of an entry; None while the sealer has not come to it."""
    seal = Seal.objects.filter(entry_id=entry_id).first()
    entry = Entry.objects.filter(id=entry_id).first()
    if seal is None or entry is None:
        return None
    before = Seal.objects.filter(number=seal.number - 1).first()
    head = Head.objects.filter(first__lte=seal.number, last__gte=seal.number).first()
    if head is None:
        return None
    previous = before.chain if before else GENESIS
    sound = leaf_of(logged(entry)) == seal.leaf and link(previous, seal.number, seal.leaf) == seal.chain
    return ChainProof(
        plain(_shown(entry)), seal.number, seal.leaf, previous, seal.chain, head.last, head.chain, head.sealed_at, sound
    )  # fmt: skip


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id, "at": entry.at, "actor": entry.actor, "account_id": entry.account_id,
        "act": entry.act, "subject": entry.subject, "data": entry.data,
    }  # fmt: skip
