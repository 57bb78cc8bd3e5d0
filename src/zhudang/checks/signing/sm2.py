"""SM2 signatures (GB/T 32918.2 on the curve of GB/T 32918.5): verification only.

Neither `cryptography` nor the OpenSSL it carries offers SM2 to Python, and the packages that do are unkept. Checking
handles no secret, so plain integers are enough: no secret can leak through timing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from asn1crypto.core import Integer, Sequence

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0
USER_ID = b"1234567812345678"
"""The signer's name where none is agreed (GB/T 35276)."""
CURVE_OID, SM3_OID, SM2_WITH_SM3_OID = "1.2.156.10197.1.301", "1.2.156.10197.1.401", "1.2.156.10197.1.501"

Jacobian = tuple[int, int, int]
INFINITY: Jacobian = (0, 1, 0)


@dataclass(frozen=True, slots=True)
class Point:
    """An affine point of the curve."""

    x: int
    y: int


BASE = Point(GX, GY)


class _Pair(Sequence):  # type: ignore[misc]
    _fields = [("r", Integer), ("s", Integer)]


def public_key(octets: bytes) -> Point:
    """The point of a public key: 04‖x‖y, 02/03‖x, or x‖y, each coordinate of 32 bytes.

    Raises:
        ValueError: another length, or no point of the curve.
    """
    if len(octets) == 33 and octets[0] in (2, 3):
        x = int.from_bytes(octets[1:], "big")
        y = pow((x**3 + A * x + B) % P, (P + 1) // 4, P)
        point = Point(x, y if y % 2 == octets[0] % 2 else P - y)
    else:
        plain = octets[1:] if len(octets) == 65 and octets[0] == 4 else octets
        if len(plain) != 64:
            raise ValueError("no SM2 public key")
        point = Point(int.from_bytes(plain[:32], "big"), int.from_bytes(plain[32:], "big"))
    if max(point.x, point.y) >= P or (point.y**2 - point.x**3 - A * point.x - B) % P:
        raise ValueError("not on the SM2 curve")
    return point


def z_value(key: Point, user_id: bytes = USER_ID) -> bytes:
    """Z of GB/T 32918.2, 5.5: SM3 over the signer's name, the curve and the public key."""
    numbers = (A, B, GX, GY, key.x, key.y)
    head = (len(user_id) * 8).to_bytes(2, "big") + user_id
    return hashlib.new("sm3", head + b"".join(number.to_bytes(32, "big") for number in numbers)).digest()


def message_digest(key: Point, message: bytes, user_id: bytes = USER_ID) -> bytes:
    """SM3(Z‖M), the number that is signed."""
    return hashlib.new("sm3", z_value(key, user_id) + message).digest()


def verify(key: Point, signature: bytes, message: bytes, user_id: bytes = USER_ID) -> bool:
    """Whether `signature` (DER pair, or r‖s of 64 bytes) is `key`'s over `message`."""
    return verify_digest(key, signature, message_digest(key, message, user_id))


def verify_digest(key: Point, signature: bytes, digest: bytes) -> bool:
    """The same for e = SM3(Z‖M) computed elsewhere (GB/T 32918.2, 7.1)."""
    try:
        r, s = pair(signature)
    except ValueError:
        return False
    if not (0 < r < N and 0 < s < N):
        return False
    t = (r + s) % N
    if not t:
        return False
    found = combine(s, t, key)
    return found is not None and (int.from_bytes(digest, "big") + found.x) % N == r


def pair(signature: bytes) -> tuple[int, int]:
    """(r, s) of a signature. Numbers written without their leading zero are read as they were meant.

    Raises:
        ValueError: neither layout.
    """
    if len(signature) == 64:
        return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    both = _Pair.load(signature, strict=True)
    return int.from_bytes(both["r"].contents, "big"), int.from_bytes(both["s"].contents, "big")


def multiply(number: int, point: Point) -> Point | None:
    """number × point; None at infinity."""
    return combine(0, number, point)


def combine(base_times: int, key_times: int, key: Point) -> Point | None:
    """base_times × G + key_times × key in one pass; None at infinity."""
    first, second = (GX, GY, 1), (key.x, key.y, 1)
    table = {(1, 0): first, (0, 1): second, (1, 1): _add(first, second)}
    total = INFINITY
    for bit in range(max(base_times.bit_length(), key_times.bit_length()) - 1, -1, -1):
        total = _double(total)
        wanted = (base_times >> bit & 1, key_times >> bit & 1)
        if wanted in table:
            total = _add(total, table[wanted])
    x, y, z = total
    if not z:
        return None
    inverse = pow(z, -1, P)
    return Point(x * inverse * inverse % P, y * inverse**3 % P)


def _double(point: Jacobian) -> Jacobian:
    x, y, z = point
    if not y or not z:
        return INFINITY
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    new_x = (alpha * alpha - 8 * beta) % P
    return new_x, (alpha * (4 * beta - new_x) - 8 * gamma * gamma) % P, 2 * y * z % P


def _add(one: Jacobian, other: Jacobian) -> Jacobian:
    if not one[2]:
        return other
    if not other[2]:
        return one
    z1, z2 = one[2] * one[2] % P, other[2] * other[2] % P
    u1, u2 = one[0] * z2 % P, other[0] * z1 % P
    s1, s2 = one[1] * z2 * other[2] % P, other[1] * z1 * one[2] % P
    if u1 == u2:
        return _double(one) if s1 == s2 else INFINITY
    h, rise = (u2 - u1) % P, (s2 - s1) % P
    h2 = h * h % P
    h3, v = h2 * h % P, u1 * h2 % P
    x = (rise * rise - h3 - 2 * v) % P
    return x, (rise * (v - x) - s1 * h3) % P, h * one[2] * other[2] % P
