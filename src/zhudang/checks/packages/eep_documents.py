"""The documents an encapsulation carries: what it says of each, and their bytes, decoded as they pass by."""

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, BinaryIO, cast

from zhudang.checks.packages.eep_signature import SIGNED
from zhudang.checks.packages.tree import CHUNK_BYTES
from zhudang.checks.packages.xmlstream import as_utf8, parser

ENTITY, DOCUMENT, ENCODING, DATA = "文件实体", "文档", "编码", "编码数据"
FILE_NAME, TITLE, FOLDER = "计算机文件名", "题名", "原文件夹"
LONGEST_WORDS, MOST_WORDS = 2000, 200
"""Characters kept of one value, and values kept of one element: descriptions are short."""
IN_MEMORY_BYTES = 4 * CHUNK_BYTES

Values = dict[str, str]


@dataclass
class Document:
    """One encoded file: what is said of its record, of the document and of this encoding, by element name."""

    number: int
    record: Values = field(default_factory=dict)
    document: Values = field(default_factory=dict)
    encoding: Values = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name it had; where none is told, the document's title or its number."""
        told = (self.encoding.get(FILE_NAME), self.document.get(FILE_NAME), self.document.get(TITLE))
        return next((each for each in told if each), f"{DOCUMENT}{self.number}")

    @property
    def folder(self) -> str:
        return self.encoding.get(FOLDER) or self.document.get(FOLDER) or ""


class Decoder:
    """Base64 decoded as it passes by, given on piece by piece."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._rest, self._take = "", take
        self.trouble = ""

    def feed(self, text: str) -> None:
        if self.trouble:
            return
        joined = self._rest + "".join(text.split())
        usable = len(joined) // 4 * 4
        self._rest = joined[usable:]
        try:
            decoded = base64.b64decode(joined[:usable], validate=True)
        except (binascii.Error, ValueError) as wrong:
            self.trouble = str(wrong)
            return
        self._take(decoded)

    def close(self) -> None:
        if self._rest and not self.trouble:
            self.trouble = "length"


class _Walk:
    """Follows the elements of one encapsulation; only what lies in its signed object is seen."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._seen = False
        self._signed = 0

    def enter(self, tag: str) -> str:
        name = tag.rsplit("}", 1)[-1]
        self.names.append(name)
        if name == SIGNED and len(self.names) == 2 and not self._seen:
            self._seen, self._signed = True, len(self.names)
        return name

    def leave(self) -> str:
        name = self.names.pop()
        if len(self.names) < self._signed:
            self._signed = 0
        return name

    @property
    def within(self) -> bool:
        return bool(self._signed)


class _Lister(_Walk):
    def __init__(self) -> None:
        super().__init__()
        self.documents: list[Document] = []
        self._scopes: list[tuple[str, Values]] = []
        self._texts: list[list[str] | None] = []

    def start(self, tag: str, attributes: Values) -> None:
        name = self.enter(tag)
        if self._texts:
            self._texts[-1] = None  # it has elements of its own: no value
        self._texts.append(None if name == DATA else [])
        if name in (ENTITY, DOCUMENT, ENCODING):
            self._scopes.append((name, {}))
        elif name == DATA and self.within:
            self.documents.append(Document(len(self.documents) + 1, *map(self._scope, (ENTITY, DOCUMENT, ENCODING))))

    def _scope(self, name: str) -> Values:
        return next((values for each, values in reversed(self._scopes) if each == name), {})

    def text(self, text: str) -> None:
        if (kept := self._texts[-1] if self._texts else None) is not None and len(kept) < LONGEST_WORDS:
            kept.append(text[:LONGEST_WORDS])

    def end(self, tag: str) -> None:
        name, texts = self.leave(), self._texts.pop()
        if name in (ENTITY, DOCUMENT, ENCODING):
            self._scopes.pop()
        elif texts and self._scopes and (value := "".join(texts).strip()[:LONGEST_WORDS]):
            values = self._scopes[-1][1]
            if len(values) < MOST_WORDS:
                values.setdefault(name, value)


def documents(stream: IO[bytes]) -> list[Document]:
    """What the encapsulation says of its documents, in their order; nothing is decoded.

    Raises:
        Stopped, expat.ExpatError, OSError: it cannot be read; one that was examined and found sound can.
    """
    lister = _Lister()
    reads = parser("}")
    reads.StartElementHandler, reads.EndElementHandler = lister.start, lister.end
    reads.CharacterDataHandler = lister.text
    source = as_utf8(stream)
    while chunk := source.read(CHUNK_BYTES):
        reads.Parse(chunk, False)
    reads.Parse(b"", True)
    return lister.documents


class _Unpacker(_Walk):
    def __init__(self) -> None:
        super().__init__()
        self.ready: list[BinaryIO] = []
        self._file: BinaryIO | None = None
        self._decoder: Decoder | None = None

    def start(self, tag: str, attributes: Values) -> None:
        if self.enter(tag) == DATA and self.within:
            spooled = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by whom it is given to
            self._file, self._decoder = cast(BinaryIO, spooled), Decoder(spooled.write)

    def text(self, text: str) -> None:
        if self._decoder is not None:
            self._decoder.feed(text)

    def end(self, tag: str) -> None:
        if self.leave() == DATA and self._file is not None:
            self._file.seek(0)
            self.ready.append(self._file)
            self._file = self._decoder = None


def contents(stream: IO[bytes]) -> Iterator[BinaryIO]:
    """The bytes of its documents, in the order of `documents`; only a few of them are held at a time."""
    unpacker = _Unpacker()
    reads = parser("}")
    reads.StartElementHandler, reads.EndElementHandler = unpacker.start, unpacker.end
    reads.CharacterDataHandler = unpacker.text
    source = as_utf8(stream)
    while chunk := source.read(CHUNK_BYTES):
        reads.Parse(chunk, False)
        while unpacker.ready:
            yield unpacker.ready.pop(0)
    reads.Parse(b"", True)
    yield from unpacker.ready
