"""Signed tree heads: the root over all entries so far, hourly and when a certificate needs one; and proofs against them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from zhudang.audit import log_key, operations
from zhudang.audit.domain import merkle
from zhudang.audit.models import Entry, Seal, TreeHead
from zhudang.audit.tree import StoredTree, is_filled

EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class SignedHead:
    """A tree head as it leaves the house: everything its signature is over, and the signature.

    The signature (Ed25519) is over `SM3-Merkle` and the JSON of size, root and moment, as `message` gives it.
    """

    size: int
    root: str
    at: str
    key: str
    signature: str

    @property
    def message(self) -> bytes:
        """The signed bytes."""
        return _message(self.size, self.root, self.at)

    @property
    def is_signed(self) -> bool:
        """Whether the signature is the named key's."""
        return log_key.is_signed(self.message, key=self.key, signature=self.signature)


@dataclass(frozen=True)
class Inclusion:
    """The digests that lead from an entry's leaf to the root of a signed head."""

    number: int
    leaf: str
    path: tuple[str, ...]
    head: SignedHead


def _message(size: int, root: str, at: str) -> bytes:
    told = json.dumps({"at": at, "root": root, "size": size}, sort_keys=True, separators=(",", ":"))
    return b"zhudang log head, SM3-Merkle\n" + told.encode()


@transaction.atomic
def sign_head(now: datetime) -> SignedHead | None:
    """Sign the root over all sealed entries, once a size; None while the log is empty or the tree has not caught up."""
    size = Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0
    if not size or not is_filled(size):
        return None
    known = TreeHead.objects.filter(size=size).first()
    if known is None:
        root, at = StoredTree().root(size).hex(), now.astimezone(UTC).isoformat(timespec="microseconds")
        key, signature = log_key.sign(_message(size, root, at))
        _tell_of_another_key(key, now)
        TreeHead.objects.bulk_create(
            [TreeHead(size=size, root=root, at=now, key=key, signature=signature)], ignore_conflicts=True
        )
        known = TreeHead.objects.get(size=size)  # another process may have been first
    return as_signed(known)


KEY_CHANGED = "audit.log.key_changed"


def _tell_of_another_key(key: str, now: datetime) -> None:
    """Tell the log that heads are signed with another key from now on, as where the folder of secrets was lost."""
    heads = TreeHead.objects.order_by()
    if heads.exists() and not heads.filter(key=key).exists():
        before = sorted(set(heads.values_list("key", flat=True)))
        operations.record(
            actor="system", act=KEY_CHANGED, subject="audit.log", at=now, data={"key": key, "before": before}
        )


def known_keys() -> set[str]:
    """The public keys heads of this log may be signed with: this installation's, and those that the log tells of; none where nobody can tell."""
    told = Entry.objects.filter(act=KEY_CHANGED).values_list("data", flat=True)
    own = log_key.own_key()
    return {key for data in told for key in (data["key"], *data["before"])} | ({own} if own else set())


def sign_hourly(now: datetime) -> None:
    """Sign a head when the newest is an hour old and entries came since; asked at every pass of the sealer."""
    newest = TreeHead.objects.order_by("-size").first()
    if newest is None or (now - newest.at >= EVERY and Seal.objects.filter(number__gt=newest.size).exists()):
        sign_head(now)


def as_signed(row: TreeHead) -> SignedHead:
    """A row as it leaves the house."""
    return SignedHead(
        row.size, row.root, row.at.astimezone(UTC).isoformat(timespec="microseconds"), row.key, row.signature
    )


def inclusion_of(number: int) -> Inclusion | None:
    """The proof that an entry is under the first signed head after it; None while none is signed."""
    head = TreeHead.objects.filter(size__gte=number).order_by("size").first()
    seal = Seal.objects.filter(number=number).first()
    if head is None or seal is None:
        return None
    path = StoredTree().inclusion(number, head.size)
    return Inclusion(number, seal.leaf, tuple(each.hex() for each in path), as_signed(head))


def consistency_of(before: int, size: int, tree: StoredTree | None = None) -> tuple[str, ...]:
    """The path that shows the head at `size` to continue the one at `before`.

    Args:
        tree: to make many proofs with; it reads each part once.

    Raises:
        ValueError: no such pair of sizes.
    """
    return tuple(each.hex() for each in (tree or StoredTree()).consistency(before, size))


def holds(proof: Inclusion) -> bool:
    """Whether the path leads from the leaf to the head's root, and the head is signed: needs no database."""
    return proof.head.is_signed and merkle.is_included(
        bytes.fromhex(proof.leaf),
        proof.number - 1,
        proof.head.size,
        [bytes.fromhex(each) for each in proof.path],
        bytes.fromhex(proof.head.root),
    )


def continues(old: SignedHead, new: SignedHead, path: Sequence[str]) -> bool:
    """Whether the later head only adds to the earlier one: needs no database."""
    return merkle.is_consistent(
        old.size, bytes.fromhex(old.root), new.size, bytes.fromhex(new.root), [bytes.fromhex(each) for each in path]
    )


def is_ours(head: SignedHead) -> bool:
    """Whether this is a head the log holds, signed with a key of its own, and its root is still the root over as many entries."""
    row, known = TreeHead.objects.filter(size=head.size).first(), known_keys()
    held = row is not None and as_signed(row) == head and (not known or head.key in known)
    return held and StoredTree().root(head.size).hex() == head.root


def from_plain(told: Mapping[str, Any]) -> Inclusion:
    """Read a proof back from the JSON a certificate carries.

    Raises:
        ValueError, KeyError, TypeError: it is no such proof.
    """
    head = SignedHead(**{name: told["head"][name] for name in ("size", "root", "at", "key", "signature")})
    path = tuple(str(each) for each in told["path"])
    for text in (*path, str(told["leaf"]), head.root):
        if len(bytes.fromhex(text)) != 32:
            raise ValueError("a digest has 32 bytes")
    return Inclusion(int(told["number"]), str(told["leaf"]), path, head)


def to_plain(proof: Inclusion) -> dict[str, Any]:
    """A proof as JSON."""
    return asdict(proof)
