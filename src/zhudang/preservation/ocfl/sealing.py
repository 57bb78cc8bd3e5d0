"""Content that only a key opens: age around every file, opaque names, and an index that tells the plain ones.

A sealed version holds `index.age` and its files as `sealed/0001.age`, `sealed/0002.age`, …. The inventory's digests are of
these stored bytes, so whoever has no key can still check every one of them; the plain names, sizes and SHA-256 stand
in the index. age is randomised: a file is sealed once and the same bytes go to every place. To seal, the public
half of a key is enough; nothing secret is in the process that writes.

Source: the age format, version 1 (C2SP, https://c2sp.org/age): X25519 recipients, ChaCha20-Poly1305 in pieces of 64 KiB.
"""

import io
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import pyrage

from zhudang.preservation.ocfl import streaming
from zhudang.preservation.ocfl.inventory import Inventory

FORMAT = "zhudang-sealed/1"
INDEX = "index.age"
FOLDER = "sealed"
PLAIN, MIXED, SEALED = "plain", "mixed", "sealed"
"""What a version is: all open to read; sealed, but with bytes that an earlier plain version holds; all sealed."""

_NUMBERED = re.compile(rf"(?:.*/)?{FOLDER}/(\d+)\.age")
_LONG = 100_000
"""From about here on a stream costs less than the copies that come with bytes at hand."""
_NO_KEY = "No matching keys found"


class CannotOpen(ValueError):
    """Sealed bytes that did not open.

    Args:
        reason: `no_key` (sealed for another key) or `damaged` (not what was sealed, or cut off).
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason = name, reason


@dataclass(frozen=True)
class Held:
    """One file of a version by its plain name.

    Args:
        path: plain logical path.
        stored_as: its name in the inventory's state.
        sha512: of the stored bytes.
        sha256: of the plain bytes.
        size: of the plain bytes; None where they are stored plain (it is the file's own).
        stored_size: of the sealed bytes; None likewise.
        key: whom the bytes are sealed for (`age1…`); empty where they are stored plain.
    """

    path: str
    stored_as: str
    sha512: str
    sha256: str
    size: int | None = None
    stored_size: int | None = None
    key: str = ""


@dataclass(frozen=True)
class Seal:
    """For whom a version is sealed.

    Args:
        recipient: public half of the key (`age1…`).
        key_class: code of the class whose key it is, for the index.
        held: what the version before holds; bytes among them are not stored again, sealed or not.
    """

    recipient: str
    key_class: str = ""
    held: tuple[Held, ...] = ()


def protection_of(inventory: Inventory) -> str:
    """Tell from the names alone whether the newest version is plain, sealed, or sealed with plain bytes of an earlier one."""
    names = inventory.state.keys() - {INDEX}
    if INDEX not in inventory.state:
        return PLAIN
    return SEALED if all(name.startswith(f"{FOLDER}/") for name in names) else MIXED


def first_free_number(inventory: Inventory | None) -> int:
    """Tell the first number that no sealed file of an object has borne yet."""
    found = (_NUMBERED.fullmatch(path) for path in (inventory.manifest if inventory else ()))
    return max((int(match[1]) for match in found if match), default=0) + 1


def sealed_name(number: int) -> str:
    """Give the name of a sealed file: nothing but a number."""
    return f"{FOLDER}/{number:04}.age"


def index_bytes(seal: Seal, files: Iterable[Held]) -> bytes:
    """Write the index of a version, unsealed."""
    document = {
        "format": FORMAT,
        "class": seal.key_class,
        "key": seal.recipient,
        "files": [{name: value for name, value in asdict(held).items() if value not in (None, "")} for held in files],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def read_index(data: bytes, name: str) -> tuple[Held, ...]:
    """Read an opened index.

    Raises:
        CannotOpen: it is none of ours.
    """
    try:
        document: dict[str, Any] = json.loads(data)
        if document["format"] != FORMAT:
            raise CannotOpen(name, "damaged")
        return tuple(Held(**line) for line in document["files"])
    except (ValueError, KeyError, TypeError) as problem:
        raise CannotOpen(name, "damaged") from problem


@cache
def recipient_of(text: str) -> pyrage.x25519.Recipient:
    """Read the public half of a key, `age1…`."""
    return pyrage.x25519.Recipient.from_str(text)


def seal_bytes(data: bytes, recipient: str) -> bytes:
    """Seal bytes at hand."""
    if len(data) < _LONG:
        return bytes(pyrage.encrypt(data, [recipient_of(recipient)]))
    target = io.BytesIO()
    pyrage.encrypt_io(io.BytesIO(data), target, [recipient_of(recipient)])
    return target.getvalue()


def seal_stream(
    chunks: Iterable[bytes],
    recipient: str,
    *,
    plain: Iterable[streaming.Sink],
    sealed: Iterable[streaming.Sink],
) -> None:
    """Seal a stream in one pass: `plain` sinks see what goes in, `sealed` sinks what comes out; memory stays flat."""
    with streaming.fed(plain) as put_plain, streaming.fed(sealed) as put_sealed:
        source, target = _Source(iter(chunks), put_plain), _Target(put_sealed)
        try:
            pyrage.encrypt_io(source, target, [recipient_of(recipient)])
        except pyrage.EncryptError as problem:
            # What a reader or writer of ours raised comes back as a mere text: the cause itself is told.
            raise source.failure or target.failure or problem from None
        target.close()


class Identities:
    """The secret halves of keys: they open what was sealed for any of them."""

    def __init__(self, identities: Sequence[pyrage.x25519.Identity] = ()) -> None:
        self._identities = list(identities)

    def __bool__(self) -> bool:
        return bool(self._identities)

    def open_bytes(self, data: bytes, name: str) -> bytes:
        """Open bytes at hand.

        Raises:
            CannotOpen: with the reason.
        """
        if not self._identities:
            raise CannotOpen(name, "no_key")
        try:
            return bytes(pyrage.decrypt(data, self._identities))
        except pyrage.DecryptError as problem:
            raise CannotOpen(name, _why(problem)) from None

    @contextmanager
    def opened(self, path: Path) -> Iterator[BinaryIO]:
        """Read a sealed file as a stream of its plain bytes, at flat memory.

        Every piece is proven before it is given; the end of the stream raises where the file was cut off.

        Raises:
            CannotOpen: also while reading.
        """
        if not self._identities:
            raise CannotOpen(path.name, "no_key")
        with path.open("rb") as source, _Opened(source, path.name, self._identities) as stream:
            yield io.BufferedReader(stream, streaming.CHUNK)


def _why(problem: Exception) -> str:
    return "no_key" if _NO_KEY in str(problem) else "damaged"


class _Source:
    """What is to be sealed, as age asks for it: small pieces of our large ones."""

    def __init__(self, chunks: Iterator[bytes], seen: streaming.Sink) -> None:
        self.failure: BaseException | None = None
        self._chunks, self._seen = chunks, seen
        self._chunk, self._at = b"", 0

    def read(self, size: int = -1) -> bytes:
        try:
            if self._at >= len(self._chunk):
                self._chunk, self._at = next(self._chunks, b""), 0
                if self._chunk:
                    self._seen(self._chunk)
        except BaseException as failure:
            self.failure = failure
            raise
        piece = self._chunk[self._at : self._at + size] if size >= 0 else self._chunk[self._at :]
        self._at += len(piece)
        return piece


class _Target:
    """What comes out sealed, gathered to large pieces."""

    def __init__(self, put: streaming.Sink) -> None:
        self.failure: BaseException | None = None
        self._put = put
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= streaming.CHUNK:
            try:
                self.close()
            except BaseException as failure:
                self.failure = failure
                raise
        return len(piece)

    def flush(self) -> None:
        """Asked for by age; pieces are passed on when they are large enough, the last by `close`."""

    def close(self) -> None:
        if self._pieces:
            self._put(b"".join(self._pieces))
        self._pieces, self._size = [], 0


class _Opened(io.RawIOBase):
    """The plain bytes of a sealed file: a thread opens it into a pipe, whoever reads sets the pace."""

    def __init__(self, source: BinaryIO, name: str, identities: list[pyrage.x25519.Identity]) -> None:
        self._name = name
        self._failure: CannotOpen | None = None
        self._out, self._into = os.pipe()
        self._thread = threading.Thread(target=self._run, args=(source, identities), name="ocfl-open", daemon=True)
        self._thread.start()

    def _run(self, source: BinaryIO, identities: list[pyrage.x25519.Identity]) -> None:
        try:
            # Closing the pipe tells the reader that this is the end; a reader that left first ends this with EPIPE.
            with os.fdopen(self._into, "wb", buffering=streaming.CHUNK) as target:
                pyrage.decrypt_io(source, target, identities)
        except (pyrage.DecryptError, OSError) as problem:
            self._failure = CannotOpen(self._name, _why(problem))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = os.read(self._out, len(buffer))
        if not piece:
            self._thread.join()
            if self._failure:
                raise self._failure
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._out)
            self._thread.join()
