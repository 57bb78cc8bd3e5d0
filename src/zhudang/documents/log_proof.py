"""The proof that a document's record stands in the log, in the shape its PDF carries."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from zhudang.audit import proofs
from zhudang.shared.plain import plain


class NotChainedYet(RuntimeError):
    """The entry is written but the sealer has not chained it yet."""


def proof_of(entry_id: UUID) -> dict[str, Any]:
    """Give what is needed to check an entry's place in the chain without the database.

    Raises:
        NotChainedYet: the sealer has not come to it.
    """
    proof = proofs.proof_of(entry_id)
    if proof is None:
        raise NotChainedYet(str(entry_id))
    shown: dict[str, Any] = plain(asdict(proof))
    return shown


def is_written(entry_id: UUID) -> bool:
    """Whether the log holds the entry, chained or not yet."""
    return proofs.is_written(entry_id)


def find_proof(entry_id: UUID) -> dict[str, Any] | None:
    """As `proof_of`, None instead of raising."""
    try:
        return proof_of(entry_id)
    except NotChainedYet:
        return None
