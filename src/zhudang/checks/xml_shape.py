"""The shape of XML in one pass without a tree: well-formed, cut off, declaring entities. Nothing is expanded or fetched."""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

NOT_READ = frozenset({"unknown encoding", "encoding specified in XML declaration is incorrect"})
"""Complaints about how the letters are written, not about the elements: others read them."""
BLANK = b"\xef\xbb\xbf \r\n\t"


@dataclass(frozen=True, slots=True)
class Shape:
    """`trouble` is empty for well-formed XML; `cut`: nothing is wrong but that it ends too early; `entities`: it declares
    some, and what follows was not read."""

    trouble: str = ""
    cut: bool = False
    entities: bool = False


class _Declared(Exception):
    """An entity is declared here."""


def shape(content: bytes | str) -> Shape:
    """Read a whole document. Text that is decoded already is taken as it is, whatever it says of its encoding."""
    parser = expat.ParserCreate("utf-8" if isinstance(content, str) else None)
    parser.EntityDeclHandler = _declared
    raw = content.lstrip("\ufeff \r\n\t").encode("utf-8", "replace") if isinstance(content, str) else content
    try:
        parser.Parse(raw, False)
    except _Declared:
        return Shape(entities=True)
    except expat.ExpatError as trouble:
        return Shape() if any(words in str(trouble) for words in NOT_READ) else Shape(str(trouble))
    except (ValueError, LookupError):  # letters of several bytes that this parser does not read
        return Shape()
    try:
        parser.Parse(b"", True)
    except expat.ExpatError as trouble:
        return Shape(str(trouble), cut=raw.lstrip(BLANK).startswith(b"<"))
    return Shape()


def _declared(*_: object) -> None:
    raise _Declared
