"""Public keys as certificates carry them, those written carelessly included."""

from __future__ import annotations

from typing import Any

from asn1crypto import keys, x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

SHORTEST = {"rsa": 2048, "rsassa_pss": 2048, "dsa": 2048, "ec": 256}
"""Bits below which a key is called weak: GB/T 25056 and common practice."""


def load_key(key: x509.PublicKeyInfo) -> Any:
    """The key as `cryptography` knows it.

    Whole series of identity cards carry RSA moduli written as negative numbers; they are read as they were meant.

    Raises:
        ValueError: no key, or of a kind not known.
    """
    try:
        return load_der_public_key(key.dump())
    except (ValueError, TypeError):
        if key["algorithm"]["algorithm"].native != "rsa":
            raise
    numbers = keys.RSAPublicKey.load(key["public_key"].contents[1:])
    modulus, exponent = (int.from_bytes(numbers[name].contents, "big") for name in ("modulus", "public_exponent"))
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def weakness(key: x509.PublicKeyInfo) -> str | None:
    """`RSA 1024` and the like for a key shorter than is safe; None otherwise or when not known."""
    try:
        kind, bits = key.algorithm, key.bit_size
    except (ValueError, TypeError, KeyError, UnboundLocalError):  # the last for kinds the library knows half
        return None
    return f"{kind.upper()} {bits}" if bits is not None and bits < SHORTEST.get(kind, 0) else None
