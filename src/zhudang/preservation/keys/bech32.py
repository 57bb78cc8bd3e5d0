"""Bech32, in which age writes its keys: 32 bytes as `AGE-SECRET-KEY-1…` and back.

Source: BIP-173. No limit of 90 characters here, as age has none.
"""

from collections.abc import Iterable, Iterator

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LETTERS = 6
_SECRET_KEY = "age-secret-key-"


class NotBech32(ValueError):
    """A text that is not Bech32, or whose checksum does not agree."""


def secret_key_text(secret: bytes) -> str:
    """Write the 32 bytes of an age identity as age does."""
    return encode(_SECRET_KEY, secret).upper()


def secret_key_bytes(text: str) -> bytes:
    """Read `AGE-SECRET-KEY-1…` to its 32 bytes.

    Raises:
        NotBech32.
    """
    prefix, data = decode(text)
    if prefix != _SECRET_KEY:
        raise NotBech32(prefix)
    return data


def encode(prefix: str, data: bytes) -> str:
    """Write bytes behind a prefix."""
    values = list(_regrouped(data, 8, 5, pad=True))
    rest = _polymod([*_expanded(prefix), *values, *[0] * _CHECKSUM_LETTERS]) ^ 1
    checksum = [(rest >> 5 * (_CHECKSUM_LETTERS - 1 - at)) & 31 for at in range(_CHECKSUM_LETTERS)]
    return prefix + "1" + "".join(_LETTERS[value] for value in [*values, *checksum])


def decode(text: str) -> tuple[str, bytes]:
    """Read a text to its prefix and bytes.

    Raises:
        NotBech32.
    """
    if text not in (text.lower(), text.upper()):
        raise NotBech32("both cases")
    prefix, _, letters = text.lower().rpartition("1")
    if not prefix or len(letters) < _CHECKSUM_LETTERS or any(letter not in _LETTERS for letter in letters):
        raise NotBech32("letters")
    values = [_LETTERS.index(letter) for letter in letters]
    if _polymod([*_expanded(prefix), *values]) != 1:
        raise NotBech32("checksum")
    return prefix, bytes(_regrouped(values[:-_CHECKSUM_LETTERS], 5, 8, pad=False))


def _polymod(values: Iterable[int]) -> int:
    rest = 1
    for value in values:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ value
        for at, generator in enumerate(_GENERATOR):
            rest ^= generator if (top >> at) & 1 else 0
    return rest


def _expanded(prefix: str) -> list[int]:
    return [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]


def _regrouped(values: Iterable[int], before: int, after: int, *, pad: bool) -> Iterator[int]:
    """Cut a run of bits anew, `before` bits a value into `after` bits a value."""
    held, bits = 0, 0
    for value in values:
        held, bits = held << before | value, bits + before
        while bits >= after:
            bits -= after
            yield held >> bits & ((1 << after) - 1)
    if pad and bits:
        yield held << (after - bits) & ((1 << after) - 1)
    elif not pad and (bits >= before or held & ((1 << bits) - 1)):
        raise NotBech32("padding")
