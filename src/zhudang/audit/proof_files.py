"""Proofs as files that leave the house: of one entry, or of signed heads; whoever has one checks it without us.

An entry's file (`zhudang-log-entry/1`): `SM3(0x00 ‖ canonical, UTF-8)` is the leaf; from the leaf the path leads to the root
as RFC 9162 section 2.1.3.2 says, with SM3; the head's signature (Ed25519) is over `zhudang log head, SM3-Merkle`, a line feed and
the JSON of at, root and size, keys in this order and without blanks. A heads' file (`zhudang-log-heads/1`): of each pair the path of
section 2.1.4.2, that the later only adds to the earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

from zhudang.audit import proofs, tree_heads
from zhudang.audit.models import TreeHead
from zhudang.audit.proofs import ChainProof
from zhudang.audit.tree import StoredTree
from zhudang.audit.tree_heads import SignedHead, as_signed
from zhudang.shared.plain import plain

ENTRY, HEADS = "zhudang-log-entry/1", "zhudang-log-heads/1"
HOW = {
    "zh": "条目摘要 = SM3(0x00 ‖ canonical)；沿 path 按 RFC 9162 2.1.3.2（SM3）算到 head.root；"
    "签名 Ed25519，签的是“zhudang log head, SM3-Merkle”、换行、{\"at\",\"root\",\"size\"} 的 JSON（此序，无空格）。",
    "en": "leaf = SM3(0x00 || canonical); path to head.root as in RFC 9162 2.1.3.2 with SM3; the Ed25519 signature is over "
    "'zhudang log head, SM3-Merkle', a line feed and the JSON of at, root, size (this order, no blanks).",
}  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """What a file proves by itself.

    Attributes:
        holds: everything in it joins: entry, leaf, chain, path, root and signature; of heads, that each only adds to the one before.
        keys: whom it is signed by.
    """

    holds: bool
    keys: tuple[str, ...]
    number: int = 0
    heads: int = 0


def of_entry(entry_id: UUID) -> dict[str, Any] | None:
    """The file of one entry; None while no signed head is over it."""
    proof = proofs.proof_of(entry_id)
    if proof is None or proof.tree is None:
        return None
    told: dict[str, Any] = plain(asdict(proof))
    return {"format": ENTRY, "how": HOW, **told}


def of_heads(rows: Sequence[TreeHead]) -> dict[str, Any]:
    """The file of some heads and the way from each to the next larger one, and from the one before the smallest."""
    chosen = {row.size: row for row in rows}
    before = TreeHead.objects.filter(size__lt=min(chosen, default=0)).order_by("-size").first()
    heads = [as_signed(row) for row in (*([before] if before else []), *(chosen[size] for size in sorted(chosen)))]
    tree = StoredTree([head.size for head in heads])
    ways = [
        {"from": old.size, "to": new.size, "path": list(tree_heads.consistency_of(old.size, new.size, tree))}
        for old, new in pairwise(heads)
    ]
    return {"format": HEADS, "how": HOW, "heads": [asdict(head) for head in heads], "consistency": ways}


def check(told: Mapping[str, Any]) -> Checked | None:
    """Check a file by itself, as anyone outside can; None where it is none of ours."""
    try:
        if told["format"] == ENTRY:
            return _check_entry(told)
        return _check_heads(told) if told["format"] == HEADS else None
    except (ValueError, KeyError, TypeError):
        return None


def _check_entry(told: Mapping[str, Any]) -> Checked:
    names = ("entry", "canonical", "number", "leaf", "chain_before", "chain", "head_number", "head_chain", "sealed_at")
    proof = ChainProof(
        **{name: told[name] for name in names}, following=tuple(told["following"]), sound=True,
        tree=tree_heads.from_plain(told["tree"]),
    )  # fmt: skip
    assert proof.tree is not None
    joined = proof.tree.number == proof.number and proofs.holds(proof)
    return Checked(joined, (proof.tree.head.key,), number=proof.number)


def _check_heads(told: Mapping[str, Any]) -> Checked:
    heads = {head.size: head for head in (SignedHead(**each) for each in told["heads"])}
    ways = {(int(way["from"]), int(way["to"])): way["path"] for way in told["consistency"]}
    sizes = sorted(heads)
    joined = all(
        (old, new) in ways and tree_heads.continues(heads[old], heads[new], ways[old, new])
        for old, new in pairwise(sizes)
    )
    holds = bool(heads) and joined and all(head.is_signed for head in heads.values())
    return Checked(holds, tuple(sorted({head.key for head in heads.values()})), heads=len(heads))
