"""How a new version of an object is to be kept, as the keys in use told it: whoever writes needs to know no more of them."""

from __future__ import annotations

from dataclasses import dataclass

from zhudang.preservation.ocfl.sealing import Identities


@dataclass(frozen=True)
class Protection:
    """How a new version is to be kept.

    Args:
        key_class: code of its class.
        recipient: for whom it is sealed; empty when it is kept plain.
        identities: open what the object holds sealed already.
    """

    key_class: str
    recipient: str
    identities: Identities
