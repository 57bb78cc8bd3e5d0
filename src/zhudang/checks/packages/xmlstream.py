"""XML read as it passes by, in bounded memory: no DTD, Chinese encodings as UTF-8, and its canonical form (C14N 1.0)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import IO
from xml.parsers import expat

from zhudang.checks.packages.tree import CHUNK_BYTES

SNIFF_BYTES = 8192
_XML = "http://www.w3.org/XML/1998/namespace"


class Stopped(Exception):
    """The document goes beyond what is read; the message says why."""


def parser(namespace_separator: str | None = None) -> expat.XMLParserType:
    """A parser that refuses a DTD, and with it every entity, before it reads what stands in one."""
    made = expat.ParserCreate(namespace_separator=namespace_separator)
    made.buffer_text = True
    made.buffer_size = CHUNK_BYTES
    made.StartDoctypeDeclHandler = _no_dtd
    return made


def _no_dtd(*_: object) -> None:
    raise Stopped("DTD")


class _Rejoined:
    """A stream whose beginning was looked at."""

    def __init__(self, stream: IO[bytes], first: bytes) -> None:
        self._stream, self._first = stream, first

    def read(self, size: int) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        return self._stream.read(size)


class _Transcoded:
    """A stream in GB 18030, which the parser does not know, given as UTF-8."""

    def __init__(self, stream: IO[bytes], first: bytes) -> None:
        self._stream, self._decoder = stream, codecs.getincrementaldecoder("gb18030")()
        text = self._decoder.decode(first)
        self._first = re.sub(r"^<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).lstrip().encode()

    def read(self, size: int) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        while chunk := self._stream.read(size):
            if text := self._decoder.decode(chunk):
                return text.encode()
        return self._decoder.decode(b"", final=True).encode()


def as_utf8(stream: IO[bytes]) -> IO[bytes]:
    """The stream in an encoding the parser knows."""
    first = stream.read(SNIFF_BYTES) or b""
    wrap = _Transcoded if re.search(rb"encoding=[\"'](gb18030|gbk|gb2312)", first[:200], re.IGNORECASE) else _Rejoined
    return wrap(stream, first)  # type: ignore[return-value]


def canonical(stream: IO[bytes], name: str, take: Callable[[bytes], object]) -> bool:
    """Give the canonical form (C14N 1.0, UTF-8, without comments) of the first child of the root called `name`.

    It is canonicalised as a document of its own: what is in scope of namespaces stands on it.

    Args:
        take: gets the bytes piece by piece.

    Returns:
        Whether there is such a child.

    Raises:
        Stopped, expat.ExpatError, OSError: the document cannot be read.
    """
    writer = _Canonical(name, take)
    reads = parser()
    reads.ordered_attributes = True
    reads.StartElementHandler = writer.start
    reads.EndElementHandler = writer.end
    reads.CharacterDataHandler = writer.text
    reads.ProcessingInstructionHandler = writer.instruction
    source = as_utf8(stream)
    while chunk := source.read(CHUNK_BYTES):
        reads.Parse(chunk, False)
    reads.Parse(b"", True)
    return writer.found


class _Canonical:
    def __init__(self, name: str, take: Callable[[bytes], object]) -> None:
        self._name, self._take = name, take
        self._scopes: list[dict[str, str]] = [{"": ""}]
        self._inside, self.found = 0, False

    def start(self, tag: str, attributes: list[str]) -> None:
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        above = self._scopes[-1]
        own = {_declared(key): value for key, value in pairs if _declares(key)}
        scope = {**above, **own} if own else above
        self._scopes.append(scope)
        if self._inside:
            self._inside += 1
            rendered = {prefix: uri for prefix, uri in own.items() if above.get(prefix, "") != uri}
        elif not self.found and len(self._scopes) == 3 and tag.rpartition(":")[2] == self._name:
            self._inside, self.found = 1, True
            rendered = {prefix: uri for prefix, uri in scope.items() if uri}
        else:
            return
        told = [f' {f"xmlns:{prefix}" if prefix else "xmlns"}="{_quoted(rendered[prefix])}"' for prefix in sorted(rendered)
                if not (prefix == "xml" and rendered[prefix] == _XML)]  # fmt: skip
        plain = [(self._key(key), key, value) for key, value in pairs if not _declares(key)]
        told += [f' {key}="{_quoted(value)}"' for _, key, value in sorted(plain)]
        self._take(f"<{tag}{''.join(told)}>".encode())

    def _key(self, attribute: str) -> tuple[str, str]:
        prefix, _, name = attribute.rpartition(":")
        return (_XML if prefix == "xml" else self._scopes[-1].get(prefix, "") if prefix else ""), name

    def end(self, tag: str) -> None:
        self._scopes.pop()
        if self._inside:
            self._inside -= 1
            self._take(f"</{tag}>".encode())

    def text(self, text: str) -> None:
        if self._inside:
            plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
            self._take(plain.encode())

    def instruction(self, target: str, data: str) -> None:
        if self._inside:
            self._take(f"<?{target}{' ' + data if data else ''}?>".encode())


def _declares(key: str) -> bool:
    return key == "xmlns" or key.startswith("xmlns:")


def _declared(key: str) -> str:
    return key.partition(":")[2]


def _quoted(value: str) -> str:
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return value.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
