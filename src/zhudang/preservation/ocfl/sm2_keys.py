"""SM2 keys of the national suite: they wrap the small keys of content; everything larger is SM4's.

The library GmSSL does the work where its package has a build. Elsewhere the integers of `checks.signing.sm2` do the same,
slower and not in constant time: decision 0031.

Source: GB/T 32918.4-2016 (encryption), 32918.5-2017 (curve); GB/T 35276-2017, 7.2 (SM2Cipher); RFC 5915 (private key as PEM).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from functools import cache

from asn1crypto.core import Integer, OctetString, Sequence

from zhudang.checks.signing import sm2

try:
    import gmssl_pyx
except ImportError:
    gmssl_pyx = None

PREFIX = "sm2:"
"""What the text of a public half begins with; 66 hex digits follow, the point compressed (GB/T 32918.1, 4.2)."""
_PEM = re.compile(r"-----BEGIN EC PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+?)-----END EC PRIVATE KEY-----")
_SECRET = bytes.fromhex("30770201010420")
_CURVE = bytes.fromhex("a00a06082a811ccf5501822d")
_POINT = bytes.fromhex("a144034200") + b"\x04"


class NotOpened(ValueError):
    """Bytes that this key does not open: wrapped for another, or changed."""


class _Cipher(Sequence):  # type: ignore[misc]
    _fields = [("x", Integer), ("y", Integer), ("hash", OctetString), ("text", OctetString)]


@dataclass(frozen=True, repr=False)
class Sm2Key:
    """A private key.

    Args:
        secret: its number, 32 bytes, big-endian.
        point: the public half, x‖y, 64 bytes.
    """

    secret: bytes
    point: bytes

    @classmethod
    def generate(cls) -> Sm2Key:
        """Make a new one."""
        return cls.of_number((secrets.randbelow(sm2.N - 2) + 1).to_bytes(32, "big"))

    @classmethod
    def of_number(cls, secret: bytes) -> Sm2Key:
        """Make the key of a number.

        Raises:
            ValueError: it is not from 1 to n-2.
        """
        number = int.from_bytes(secret, "big")
        if len(secret) != 32 or not 1 <= number <= sm2.N - 2:
            raise ValueError("no SM2 private key")
        point = sm2.multiply(number, sm2.BASE)
        assert point is not None
        return cls(secret, _flat(point))

    @classmethod
    def all_in(cls, text: str) -> list[Sm2Key]:
        """Read every key of a text, as `to_pem` writes them.

        Raises:
            ValueError: a block of PEM holds none, or its halves do not belong together.
        """
        return [cls._from_der(base64.b64decode(block)) for block in _PEM.findall(text)]

    @classmethod
    def _from_der(cls, data: bytes) -> Sm2Key:
        key = cls(data[7:39], data[-64:])
        if data != key._to_der() or cls.of_number(key.secret) != key:
            raise ValueError("no SM2 private key")
        return key

    def to_public(self) -> str:
        """Write the public half: `sm2:02…` or `sm2:03…`."""
        return f"{PREFIX}{2 + self.point[-1] % 2:02x}{self.point[:32].hex()}"

    def to_pem(self) -> str:
        """Write the key as `openssl` reads it."""
        lines = base64.encodebytes(self._to_der()).decode()
        return f"-----BEGIN EC PRIVATE KEY-----\n{lines}-----END EC PRIVATE KEY-----\n"

    def _to_der(self) -> bytes:
        return _SECRET + self.secret + _CURVE + _POINT + self.point

    def unwrap(self, wrapped: bytes) -> bytes:
        """Open what `wrap` made for this key.

        Raises:
            NotOpened.
        """
        if gmssl_pyx is None:
            return _unwrap_by_integers(self.secret, wrapped)
        try:
            return bytes(gmssl_pyx.sm2_decrypt(self.secret, wrapped))
        except Exception as problem:  # its own errors share no class with those of wrong arguments
            raise NotOpened(str(problem)) from None


@cache
def point_of(public: str) -> bytes:
    """Read a public half to x‖y.

    Raises:
        ValueError.
    """
    if not public.startswith(PREFIX):
        raise ValueError("no SM2 public key")
    return _flat(sm2.public_key(bytes.fromhex(public.removeprefix(PREFIX))))


@cache
def key_id(public: str) -> bytes:
    """Tell a key by SM3 over its point (04‖x‖y), 32 bytes: a subject key identifier (RFC 5280, 4.2.1.2)."""
    return hashlib.new("sm3", b"\x04" + point_of(public)).digest()


def wrap(small: bytes, public: str) -> bytes:
    """Encrypt at most 255 bytes for a key; gives DER of SM2Cipher (x, y, hash, text)."""
    if gmssl_pyx is None:
        return wrap_by_integers(small, public, secrets.randbelow(sm2.N - 1) + 1)
    return bytes(gmssl_pyx.sm2_encrypt(point_of(public), small))


def wrap_by_integers(small: bytes, public: str, number: int) -> bytes:
    """As `wrap`, with plain integers and a random number from 1 to n-1 that was drawn by the caller."""
    first, shared = sm2.multiply(number, sm2.BASE), sm2.multiply(number, sm2.public_key(point_of(public)))
    assert first is not None
    assert shared is not None
    text, digest = _masked(small, shared), _proof(small, shared)
    return bytes(_Cipher({"x": first.x, "y": first.y, "hash": digest, "text": text}).dump())


def _unwrap_by_integers(secret: bytes, wrapped: bytes) -> bytes:
    try:
        cipher = _Cipher.load(wrapped, strict=True)
        first = sm2.public_key(cipher["x"].native.to_bytes(32, "big") + cipher["y"].native.to_bytes(32, "big"))
        shared = sm2.multiply(int.from_bytes(secret, "big"), first)
        digest, text = cipher["hash"].native, cipher["text"].native
    except (ValueError, TypeError, OverflowError) as problem:
        raise NotOpened(str(problem)) from None
    assert shared is not None
    small = _masked(text, shared)
    if not secrets.compare_digest(_proof(small, shared), digest):
        raise NotOpened("another key, or changed")
    return small


def _masked(data: bytes, shared: sm2.Point) -> bytes:
    """Add the key stream of GB/T 32918.4, 5.4.3."""
    stream, seed, count = b"", _flat(shared), 1
    while len(stream) < len(data):
        stream += hashlib.new("sm3", seed + count.to_bytes(4, "big")).digest()
        count += 1
    return bytes(one ^ other for one, other in zip(data, stream, strict=False))


def _proof(small: bytes, shared: sm2.Point) -> bytes:
    flat = _flat(shared)
    return hashlib.new("sm3", flat[:32] + small + flat[32:]).digest()


def _flat(point: sm2.Point) -> bytes:
    return point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
