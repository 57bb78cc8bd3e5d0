"""The proof that an entry stands in the chain, for documents that carry it outside."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from zhudang.audit import tree_heads
from zhudang.audit.domain.chain import GENESIS, canonical, leaf_of, link
from zhudang.audit.models import Entry, Head, Seal
from zhudang.audit.sealing import logged, seal_tail
from zhudang.audit.tree_heads import Inclusion, sign_head
from zhudang.shared.plain import plain

__all__ = ["ChainProof", "holds", "is_written", "proof_of", "seal_tail", "sign_head"]


@dataclass(frozen=True)
class ChainProof:
    """An entry, its number, its leaf, the chain before and after it, the head that closed over it, its place in the tree.

    Whoever has this and one witness file can check without us: `SM3(0x00 ‖ canonical)` is the leaf, `SM3(chain
    before ‖ number as 8 bytes ‖ leaf)` the chain, and so on through `following` up to the head the witness was given.
    With `tree` he needs no witness, only our public key: the path leads from the leaf to a root we signed.
    """

    entry: dict[str, Any]
    canonical: str
    number: int
    leaf: str
    chain_before: str
    chain: str
    following: tuple[str, ...]
    head_number: int
    head_chain: str
    sealed_at: datetime
    sound: bool
    """The leaf is the entry's, and the chain follows from leaf and number."""
    tree: Inclusion | None = None
    """None until a tree head over the entry is signed, an hour at most."""


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
    after = Seal.objects.filter(number__gt=seal.number, number__lte=head.last).order_by("number")
    return ChainProof(
        entry=plain(_shown(entry)), canonical=canonical(logged(entry)).decode(), number=seal.number, leaf=seal.leaf,
        chain_before=previous, chain=seal.chain, following=tuple(after.values_list("leaf", flat=True)),
        head_number=head.last, head_chain=head.chain, sealed_at=head.sealed_at, sound=sound,
        tree=tree_heads.inclusion_of(seal.number),
    )  # fmt: skip


def is_written(entry_id: UUID) -> bool:
    """Whether the log holds the entry, chained or not yet."""
    return Entry.objects.filter(id=entry_id).exists()


def holds(proof: ChainProof) -> bool:
    """Check a proof by itself, as anyone outside can: canonical entry to leaf, leaf through the chain to the head, and
    by the path of the tree to a signed root."""
    if hashlib.new("sm3", b"\x00" + proof.canonical.encode()).hexdigest() != proof.leaf:
        return False
    if proof.tree and not (proof.tree.leaf == proof.leaf and tree_heads.holds(proof.tree)):
        return False
    value = proof.chain_before
    for number, leaf in enumerate((proof.leaf, *proof.following), start=proof.number):
        value = link(value, number, leaf)
    return value == proof.head_chain


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id, "at": entry.at, "actor": entry.actor, "account_id": entry.account_id,
        "act": entry.act, "subject": entry.subject, "data": entry.data,
    }  # fmt: skip
