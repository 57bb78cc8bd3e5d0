"""Small XML documents inside packages: no DTD, no entities, bounded size and depth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from zhudang.checks.packages.tree import Tree, Unreadable

XML_BYTES = 64 * 1024 * 1024
DEEPEST = 100


class NoXml(Exception):
    """What was read is no XML we take; the message says why."""


def parse(tree: Tree, path: str) -> Element:
    """Parse one document of the package.

    Raises:
        NoXml: unreadable, too large, not well-formed, with a DTD, nested beyond a hundred levels.
    """
    try:
        return parse_bytes(tree.read(path, XML_BYTES))
    except Unreadable as trouble:
        raise NoXml(str(trouble)) from trouble


def parse_bytes(raw: bytes) -> Element:
    try:
        root: Element = fromstring(_as_utf8(raw), forbid_dtd=True)
    except DefusedXmlException as refused:
        raise NoXml(f"DTD: {type(refused).__name__}") from refused
    except (ParseError, ValueError, LookupError) as trouble:
        raise NoXml(str(trouble)[:200]) from trouble
    if _depth(root) > DEEPEST:
        raise NoXml("too deep")
    return root


def _as_utf8(raw: bytes) -> bytes | str:
    """The parser knows no Chinese encodings beyond what the declaration tells Python."""
    head = raw[:200].lower()
    for name in (b"gb18030", b"gbk", b"gb2312"):
        if b'encoding="' + name in head or b"encoding='" + name in head:
            text = raw.decode("gb18030")
            return text[text.index("?>") + 2 :].lstrip() if "?>" in text[:300] else text
    return raw


def _depth(root: Element) -> int:
    deepest, stack = 0, [(root, 1)]
    while stack:
        each, level = stack.pop()
        deepest = max(deepest, level)
        stack.extend((child, level + 1) for child in each)
    return deepest


def local(element: Element) -> str:
    """The name without its namespace."""
    return str(element.tag).rsplit("}", 1)[-1]


def children(element: Element, name: str) -> list[Element]:
    return [each for each in element if local(each) == name]


def all_named(element: Element, name: str) -> Iterator[Element]:
    return (each for each in element.iter() if local(each) == name)


def attribute(element: Element, name: str) -> str | None:
    """An attribute by its name without namespace; stripped, None when absent or empty."""
    for key, value in element.attrib.items():
        if key.rsplit("}", 1)[-1] == name:
            return value.strip() or None
    return None


def text_of(element: Element | None) -> str:
    return "" if element is None or element.text is None else element.text.strip()


def as_int(value: Any) -> int | None:
    try:
        return int(str(value).strip())
    except ValueError:
        return None
