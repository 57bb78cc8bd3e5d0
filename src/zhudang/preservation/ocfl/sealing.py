"""Content that only a key opens: an envelope around every file, opaque names, and an index that tells the plain ones.

A sealed version holds `index.age` and its files as `sealed/0001.age`, `sealed/0002.age`, …. The inventory's digests are of
these stored bytes, so whoever has no key can still check every one of them; the plain names, sizes and SHA-256 stand
in the index. Envelopes are randomised: a file is sealed once and the same bytes go to every place. To seal, the public
half of a key is enough; nothing secret is in the process that writes.

There are two suites; the text of a public half tells which. `age1…` is age; `sm2:…` is the national one (`sm_envelope`), whose
files end in `.p7m`. An object may hold both, since a version is never rewritten.

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
from typing import Any, BinaryIO, TypeAlias

import pyrage

from zhudang.preservation.ocfl import sm2_keys, sm_envelope, streaming
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.sm2_keys import Sm2Key

Identity: TypeAlias = pyrage.x25519.Identity | Sm2Key
"""The secret half of a key, of either suite."""

AGE, SM = "age", "sm"
SUFFIXES = {AGE: ".age", SM: ".p7m"}
"""The suites, and how the names of what they seal end."""

FORMAT = "zhudang-sealed/1"
INDEXES = {suite: f"index{suffix}" for suite, suffix in SUFFIXES.items()}
FOLDER = "sealed"
PLAIN, MIXED, SEALED = "plain", "mixed", "sealed"
"""What a version is: all open to read; sealed, but with bytes that an earlier plain version holds; all sealed."""

_NUMBERED = re.compile(rf"(?:.*/)?{FOLDER}/(\d+)\.(?:age|p7m)")
_ENVELOPE_BEGINS = b"\x30"
"""DER's mark of a sequence; age files begin with letters."""
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
        key: whom the bytes are sealed for (`age1…`, `sm2:…`); empty where they are stored plain.
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
        recipient: public half of the key (`age1…`, `sm2:…`).
        key_class: code of the class whose key it is, for the index.
        held: what the version before holds; bytes among them are not stored again, sealed or not.
    """

    recipient: str
    key_class: str = ""
    held: tuple[Held, ...] = ()


def suite_of(recipient: str) -> str:
    """Tell the suite of a public half."""
    return SM if recipient.startswith(sm2_keys.PREFIX) else AGE


def index_of(state: Iterable[str]) -> str | None:
    """Tell the index among the names of a version; None where the version is plain."""
    return next((name for name in INDEXES.values() if name in state), None)


def protection_of(inventory: Inventory) -> str:
    """Tell from the names alone whether the newest version is plain, sealed, or sealed with plain bytes of an earlier one."""
    index = index_of(inventory.state)
    if index is None:
        return PLAIN
    names = inventory.state.keys() - {index}
    return SEALED if all(name.startswith(f"{FOLDER}/") for name in names) else MIXED


def first_free_number(inventory: Inventory | None) -> int:
    """Tell the first number that no sealed file of an object has borne yet."""
    found = (_NUMBERED.fullmatch(path) for path in (inventory.manifest if inventory else ()))
    return max((int(match[1]) for match in found if match), default=0) + 1


def sealed_name(number: int, recipient: str) -> str:
    """Give the name of a sealed file: nothing but a number."""
    return f"{FOLDER}/{number:04}{SUFFIXES[suite_of(recipient)]}"


def index_name(recipient: str) -> str:
    """Give the name of the index that is sealed for a key."""
    return INDEXES[suite_of(recipient)]


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


def most_bytes(recipient: str) -> int | None:
    """Tell how large a file may be that is sealed for a key; None where nothing bounds it."""
    return sm_envelope.MOST_BYTES if suite_of(recipient) == SM else None


def seal_bytes(data: bytes, recipient: str) -> bytes:
    """Seal bytes at hand."""
    if suite_of(recipient) == SM:
        return sm_envelope.seal(data, [recipient])
    if len(data) < _LONG:
        return bytes(pyrage.encrypt(data, [recipient_of(recipient)]))
    target = io.BytesIO()
    pyrage.encrypt_io(io.BytesIO(data), target, [recipient_of(recipient)])
    return target.getvalue()


def wrap(data: bytes, recipients: Sequence[str]) -> bytes:
    """Seal a small secret so that each of several keys of one suite opens it; age's is ASCII."""
    if suite_of(recipients[0]) == SM:
        return sm_envelope.seal(data, recipients)
    return bytes(pyrage.encrypt(data, [recipient_of(text) for text in recipients], armored=True))


def seal_stream(
    chunks: Iterable[bytes],
    recipient: str,
    *,
    size: int | None = None,
    plain: Iterable[streaming.Sink],
    sealed: Iterable[streaming.Sink],
) -> None:
    """Seal a stream in one pass: `plain` sinks see what goes in, `sealed` sinks what comes out; memory stays flat.

    Args:
        size: bytes that will come, where it is known: the national envelope then is one piece.

    Raises:
        sm_envelope.SizeDiffers: they did not.
    """
    with streaming.fed(plain) as put_plain, streaming.fed(sealed) as put_sealed:
        if suite_of(recipient) == SM:
            sealer = sm_envelope.Sealer([recipient], put_sealed, size)
            for chunk in chunks:
                put_plain(chunk)
                sealer.put(chunk)
            sealer.close()
            return
        source, target = _Source(iter(chunks), put_plain), _Target(put_sealed)
        try:
            pyrage.encrypt_io(source, target, [recipient_of(recipient)])
        except pyrage.EncryptError as problem:
            # What a reader or writer of ours raised comes back as a mere text: the cause itself is told.
            raise source.failure or target.failure or problem from None
        target.close()


class Identities:
    """The secret halves of keys: they open what was sealed for any of them."""

    def __init__(self, identities: Sequence[Identity] = ()) -> None:
        self._age = [each for each in identities if not isinstance(each, Sm2Key)]
        self._sm = sm_envelope.Keys(each for each in identities if isinstance(each, Sm2Key))
        self._any = bool(identities)

    def __bool__(self) -> bool:
        return self._any

    def open_bytes(self, data: bytes, name: str) -> bytes:
        """Open bytes at hand; given only once proven.

        Raises:
            CannotOpen: with the reason.
        """
        if not self._any:
            raise CannotOpen(name, "no_key")
        try:
            if data.startswith(_ENVELOPE_BEGINS):
                return sm_envelope.open_bytes(data, self._sm)
            return bytes(pyrage.decrypt(data, self._age))
        except (pyrage.DecryptError, sm_envelope.NoKey, sm_envelope.Damaged) as problem:
            raise CannotOpen(name, _why(problem)) from None

    @contextmanager
    def opened(self, path: Path) -> Iterator[BinaryIO]:
        """Read a sealed file as a stream of its plain bytes, at flat memory.

        The end of the stream raises where the file was cut off. age proves every piece before it is given; the national
        envelope proves all at its end, so what was read counts only then.

        Raises:
            CannotOpen: also while reading.
        """
        if not self._any:
            raise CannotOpen(path.name, "no_key")
        with path.open("rb") as source, self._stream(source, path.name) as stream:
            yield io.BufferedReader(stream, streaming.CHUNK)

    def _stream(self, source: BinaryIO, name: str) -> io.RawIOBase:
        first = source.read(1)
        source.seek(0)
        if first == _ENVELOPE_BEGINS:
            return _Enveloped(source, name, self._sm)
        return _Opened(source, name, self._age)


def _why(problem: Exception) -> str:
    return "no_key" if isinstance(problem, sm_envelope.NoKey) or _NO_KEY in str(problem) else "damaged"


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


class _Enveloped(io.RawIOBase):
    """The plain bytes of a national envelope, under the errors of this module."""

    def __init__(self, source: BinaryIO, name: str, keys: sm_envelope.Keys) -> None:
        self._name = name
        try:
            self._opened = sm_envelope.Opened(source, keys)
        except (sm_envelope.NoKey, sm_envelope.Damaged) as problem:
            raise CannotOpen(name, _why(problem)) from None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            return self._opened.readinto(buffer)
        except sm_envelope.Damaged:
            raise CannotOpen(self._name, "damaged") from None


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
