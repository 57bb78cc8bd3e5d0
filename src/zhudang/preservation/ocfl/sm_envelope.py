"""The standard envelope of the national suite: CMS AuthEnvelopedData, the content under SM4-GCM, its key under SM2.

GB/T 35275's own EnvelopedData names its readers by certificates and cannot tell changed or cut bytes. This is the type of
the same syntax that can: RFC 5083, with readers named by key (RFC 5652, 6.2.1, subjectKeyIdentifier). Each file has a
random key of its own. Where the size is known all lengths are definite, so the sealed bytes lie in one piece; a stream
of unknown length is BER in pieces. Either way memory stays flat.

Source: RFC 5083, 5084 (parameters), 5652; GB/T 32907-2016 (SM4), GB/T 36624-2018 (GCM); OIDs of GM/T 0006.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from zhudang.preservation.ocfl import sm2_keys, streaming
from zhudang.preservation.ocfl.sm2_keys import NotOpened, Sm2Key

KEY_BYTES, NONCE_BYTES, MAC_BYTES = 16, 12, 16
MOST_BYTES = (1 << 36) - 32
"""What GCM may encrypt under one key and nonce: about 64 GiB (NIST SP 800-38D, 5.2.1.1)."""

_SEQUENCE, _SET, _INTEGER, _OID, _OCTETS = 0x30, 0x31, 0x02, 0x06, 0x04
_CONTENT, _ENCRYPTED, _ENCRYPTED_IN_PIECES, _KEY_ID = 0xA0, 0x80, 0xA0, 0x80
_AUTH_ENVELOPED = bytes.fromhex("060b2a864886f70d0109100117")  # 1.2.840.113549.1.9.16.1.23
_DATA = bytes.fromhex("06092a864886f70d010701")  # 1.2.840.113549.1.7.1
_SM2_ENCRYPTION = bytes.fromhex("06092a811ccf5501822d03")  # 1.2.156.10197.1.301.3
_SM4_GCM = bytes.fromhex("06082a811ccf55016808")  # 1.2.156.10197.1.104.8
_VERSION_0, _VERSION_2 = b"\x02\x01\x00", b"\x02\x01\x02"
_MAC_LENGTH = b"\x02\x01\x10"
_MOST_HEADER = 1 << 20


class Damaged(ValueError):
    """No envelope of this kind, or not the bytes that were sealed, or cut off."""


class NoKey(ValueError):
    """Sealed for other keys."""


class SizeDiffers(ValueError):
    """A stream was not as long as was said."""


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    data = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(data)]) + data


def _der(tag: int, *parts: bytes) -> bytes:
    size = sum(map(len, parts))
    return b"".join([bytes([tag]), _length(size), *parts])


def _head(tag: int, size: int | None) -> bytes:
    return bytes([tag]) + (b"\x80" if size is None else _length(size))


class Sealer:
    """Seals a stream for some readers.

    Args:
        readers: public halves, `sm2:…`.
        put: is given the envelope, piece by piece.
        size: bytes that will come; None when nobody knows.

    Raises:
        SizeDiffers: more than one envelope may hold.
    """

    def __init__(self, readers: Iterable[str], put: streaming.Sink, size: int | None) -> None:
        if size is not None and size > MOST_BYTES:
            raise SizeDiffers(f"{size} bytes are more than one envelope holds ({MOST_BYTES})")
        key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
        self._cipher = Cipher(SM4(key), modes.GCM(nonce)).encryptor()
        self._put, self._size, self._done = put, size, 0
        put(_header(readers, key, nonce, size))

    def put(self, piece: bytes) -> None:
        """Seal a piece."""
        self._done += len(piece)
        if self._done > (MOST_BYTES if self._size is None else self._size):
            raise SizeDiffers(f"more than {self._size or MOST_BYTES} bytes came")
        sealed = self._cipher.update(piece)
        self._put(_der(_OCTETS, sealed) if self._size is None else sealed)

    def close(self) -> None:
        """End the envelope with the proof of all that went in."""
        if self._size not in (None, self._done):
            raise SizeDiffers(f"{self._done} bytes came, {self._size} were to come")
        self._cipher.finalize()
        mac = _der(_OCTETS, self._cipher.tag)
        self._put(bytes(4) + mac + bytes(6) if self._size is None else mac)


def seal(data: bytes, readers: Iterable[str]) -> bytes:
    """Seal bytes at hand."""
    pieces: list[bytes] = []
    sealer = Sealer(readers, pieces.append, len(data))
    sealer.put(data)
    sealer.close()
    return b"".join(pieces)


def _header(readers: Iterable[str], key: bytes, nonce: bytes, size: int | None) -> bytes:
    algorithm = _der(_SEQUENCE, _SM4_GCM, _der(_SEQUENCE, _der(_OCTETS, nonce), _MAC_LENGTH))
    who = _der(_SET, *sorted(_reader(public, key) for public in readers))  # DER orders a set by its bytes
    if size is None:
        content = _head(_SEQUENCE, None) + _DATA + algorithm + _head(_ENCRYPTED_IN_PIECES, None)
        enveloped = _head(_SEQUENCE, None) + _VERSION_0 + who + content
        return _head(_SEQUENCE, None) + _AUTH_ENVELOPED + _head(_CONTENT, None) + enveloped
    encrypted = _head(_ENCRYPTED, size)
    inner = _DATA + algorithm + encrypted
    content = _head(_SEQUENCE, len(inner) + size) + inner
    inner = _VERSION_0 + who + content
    after = size + 2 + MAC_BYTES
    enveloped = _head(_SEQUENCE, len(inner) + after) + inner
    inner = _AUTH_ENVELOPED + _head(_CONTENT, len(enveloped) + after) + enveloped
    return _head(_SEQUENCE, len(inner) + after) + inner


def _reader(public: str, key: bytes) -> bytes:
    """Write a KeyTransRecipientInfo."""
    return _der(
        _SEQUENCE, _VERSION_2, _der(_KEY_ID, sm2_keys.key_id(public)), _der(_SEQUENCE, _SM2_ENCRYPTION),
        _der(_OCTETS, sm2_keys.wrap(key, public)),
    )  # fmt: skip


class Keys:
    """Private keys, found by their identifiers."""

    def __init__(self, keys: Iterable[Sm2Key] = ()) -> None:
        self._keys: Mapping[bytes, Sm2Key] = {sm2_keys.key_id(key.to_public()): key for key in keys}

    def content_key(self, readers: Sequence[tuple[bytes, bytes]]) -> bytes:
        """Unwrap the content's key.

        Raises:
            NoKey, Damaged.
        """
        for identifier, wrapped in readers:
            if (key := self._keys.get(identifier)) is not None:
                try:
                    found = key.unwrap(wrapped)
                except NotOpened as problem:
                    raise Damaged(str(problem)) from None
                if len(found) != KEY_BYTES:
                    raise Damaged("no SM4 key")
                return found
        raise NoKey


def open_bytes(data: bytes, keys: Keys) -> bytes:
    """Open bytes at hand; given only once proven.

    Raises:
        NoKey, Damaged.
    """
    return Opened(io.BytesIO(data), keys).read()


class Opened(io.RawIOBase):
    """The plain bytes of an envelope, at flat memory.

    The proof stands at the envelope's end: what was read counts once the end has been reached without `Damaged`.

    Raises:
        NoKey, Damaged: the latter also while reading.
    """

    def __init__(self, source: BinaryIO, keys: Keys) -> None:
        self._walk = _Walk(source)
        readers, nonce, self._left, self._in_pieces = self._walk.to_content()
        self._cipher = Cipher(SM4(keys.content_key(readers)), modes.GCM(nonce)).decryptor()
        self._ready, self._at, self._whole = b"", 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._at >= len(self._ready):
            if self._whole:
                return 0
            self._ready, self._at = self._next(), 0
        piece = self._ready[self._at : self._at + len(buffer)]
        self._at += len(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def _next(self) -> bytes:
        """Decrypt the next piece; at the end, prove all of them."""
        if not self._left and self._in_pieces:
            self._left = self._walk.next_piece()
        if self._left:
            piece = self._walk.take(min(self._left, streaming.CHUNK))
            self._left -= len(piece)
            return self._cipher.update(piece)
        try:
            self._cipher.finalize_with_tag(self._walk.to_end(in_pieces=self._in_pieces))
        except InvalidTag:
            raise Damaged("not what was sealed") from None
        self._whole = True
        return b""


class _Walk:
    """Reads an envelope from its beginning to its end, and nothing that is not one of ours."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._at = source, 0
        self._ends: list[int | None] = []

    def take(self, size: int) -> bytes:
        data = self._source.read(size)
        self._at += len(data)
        if len(data) < size:
            raise Damaged("cut off")
        return data

    def to_content(self) -> tuple[list[tuple[bytes, bytes]], bytes, int, bool]:
        """Read on to the sealed bytes; give readers with their wrapped keys, nonce, bytes that follow, whether in pieces."""
        self._enter(_SEQUENCE)
        self._expect(_AUTH_ENVELOPED)
        self._enter(_CONTENT)
        self._enter(_SEQUENCE)
        self._expect(_VERSION_0)
        readers = [*_readers(self._value(_SET))]
        self._enter(_SEQUENCE)
        self._expect(_DATA)
        fixed = _SM4_GCM + b"\x30\x11\x04\x0c"
        algorithm = self._value(_SEQUENCE)
        if algorithm[: len(fixed)] != fixed or algorithm[-3:] != _MAC_LENGTH or len(algorithm) != len(fixed) + 15:
            raise Damaged("another algorithm")
        nonce = algorithm[len(fixed) : -3]
        tag, size = self._tag()
        if (tag, size is None) not in {(_ENCRYPTED, False), (_ENCRYPTED_IN_PIECES, True)}:
            raise Damaged("no sealed bytes")
        return readers, nonce, size or 0, size is None

    def next_piece(self) -> int:
        """Tell the bytes of the next piece; none at their end."""
        tag, size = self._tag()
        if (tag, size) == (0, 0):
            return 0
        if tag != _OCTETS or not size:
            raise Damaged("no piece of sealed bytes")
        return size

    def to_end(self, *, in_pieces: bool) -> bytes:
        """Read the rest behind the sealed bytes; give the proof."""
        self._leave()
        mac = self._value(_OCTETS)
        for _ in range(3):
            self._leave()
        if len(mac) != MAC_BYTES or self._source.read(1):
            raise Damaged("more than an envelope")
        return mac

    def _tag(self) -> tuple[int, int | None]:
        tag, first = self.take(2)
        if first < 0x80:
            return tag, first
        if first == 0x80:
            return tag, None
        data = self.take(first & 0x7F)
        size = int.from_bytes(data, "big")
        if _length(size)[1:] != data:
            raise Damaged("a length written carelessly")
        return tag, size

    def _enter(self, wanted: int) -> None:
        tag, size = self._tag()
        if tag != wanted:
            raise Damaged("another structure")
        self._ends.append(None if size is None else self._at + size)

    def _leave(self) -> None:
        end = self._ends.pop()
        if (self.take(2) != b"\0\0") if end is None else (self._at != end):
            raise Damaged("another length")

    def _expect(self, wanted: bytes) -> None:
        if self.take(len(wanted)) != wanted:
            raise Damaged("another structure")

    def _value(self, wanted: int) -> bytes:
        tag, size = self._tag()
        if tag != wanted or size is None or size > _MOST_HEADER:
            raise Damaged("another structure")
        return self.take(size)


def _readers(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Read the readers of an envelope: identifier of the key, content key wrapped for it."""
    whole = _Walk(io.BytesIO(data))
    while whole._at < len(data):
        one = _Walk(io.BytesIO(whole._value(_SEQUENCE)))
        one._expect(_VERSION_2)
        identifier = one._value(_KEY_ID)
        one._expect(_der(_SEQUENCE, _SM2_ENCRYPTION))
        yield identifier, one._value(_OCTETS)
        if one._source.read(1):
            raise Damaged("another structure")
