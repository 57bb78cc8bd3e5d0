"""XMP packets read into a small tree (ISO 16684-1): properties that are simple, arrays, structures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML = "http://www.w3.org/XML/1998/namespace"
PDFA_ID = "http://www.aiim.org/pdfa/ns/id/"
ARRAYS = {f"{{{RDF}}}Bag": "bag", f"{{{RDF}}}Seq": "seq", f"{{{RDF}}}Alt": "alt"}
PACKET = re.compile(r"<\?xpacket\s+begin=[^?]*\?>")
ATTRIBUTE = re.compile(r"\b(bytes|encoding)\s*=")
MOST_DEPTH = 30
LARGEST_BYTES = 8 * 1024 * 1024


class NotXmp(ValueError):
    """The bytes are no XMP packet."""


@dataclass
class Node:
    """A property, array item or field.

    `kind` is simple, bag, seq, alt or struct; `language` the item's xml:lang.
    """

    namespace: str
    name: str
    prefix: str
    kind: str = "simple"
    value: str = ""
    items: list[Node] = field(default_factory=list)
    language: str | None = None

    def child(self, namespace: str, name: str) -> Node | None:
        """A field of a structure."""
        return next((each for each in self.items if each.name == name and each.namespace == namespace), None)


@dataclass
class Packet:
    """One metadata stream.

    Args:
        header: attributes of the xpacket header that PDF/A forbids (`bytes`, `encoding`).
        utf8: whether it is encoded in UTF-8.
        properties: top-level properties.
    """

    header: frozenset[str]
    utf8: bool
    properties: list[Node]

    def property(self, namespace: str, name: str) -> Node | None:
        return next((each for each in self.properties if each.name == name and each.namespace == namespace), None)


def read(data: bytes) -> Packet:
    """Read a packet.

    Raises:
        NotXmp: not XML, no RDF in it, or RDF that XMP does not allow.
    """
    data = data[:LARGEST_BYTES]
    text, utf8 = _decoded(data)
    head = PACKET.search(text[:2000])
    header = frozenset(ATTRIBUTE.findall(head[0])) if head else frozenset()
    return Packet(header, utf8, list(_properties(_root(text))))


def header_of(data: bytes) -> frozenset[str]:
    """Forbidden attributes of the packet header, also of a packet that cannot be read."""
    head = PACKET.search(_decoded(data[:4000])[0])
    return frozenset(ATTRIBUTE.findall(head[0])) if head else frozenset()


def _decoded(data: bytes) -> tuple[str, bool]:
    for mark, encoding in ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"),
                           (b"\xfe\xff", "utf-16")):  # fmt: skip
        if data.startswith(mark):
            return data.decode(encoding, "replace"), False
    for start, encoding in ((b"\0<", "utf-16-be"), (b"<\0", "utf-16-le")):
        if data.lstrip().startswith(start):
            return data.decode(encoding, "replace"), False
    try:
        return data.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        return data.decode("latin-1"), False


def _root(text: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
    body = re.sub(r"^\s*<\?xml[^>]*\?>", "", text.strip("\0 \t\r\n\ufeff"))
    try:
        root = etree.fromstring(body.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as trouble:
        raise NotXmp(str(trouble)[:120]) from trouble
    found = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    if found is None:
        raise NotXmp("no rdf:RDF")
    return found


def _elements(parent: Any) -> Iterator[Any]:
    return (each for each in parent if isinstance(each.tag, str))


def _properties(root: Any) -> Iterator[Node]:
    seen: set[tuple[str, str]] = set()
    subjects = set()
    for description in _elements(root):
        if description.tag != f"{{{RDF}}}Description":
            raise NotXmp(f"{description.tag} inside rdf:RDF")
        subject = description.get(f"{{{RDF}}}about", description.get("about"))
        if subject:
            subjects.add(subject)
        if len(subjects) > 1:
            raise NotXmp("several subjects")
        for node in (*_attributes(description), *(_node(each, 0) for each in _elements(description))):
            mark = (node.namespace, node.name)
            if mark in seen:
                raise NotXmp(f"{node.prefix}:{node.name} stands twice")
            seen.add(mark)
            yield node


def _attributes(element: Any) -> Iterator[Node]:
    names = {uri: prefix for prefix, uri in element.nsmap.items() if prefix}
    for key, value in element.attrib.items():
        found = etree.QName(key)
        if found.namespace in {None, RDF, XML}:
            continue
        yield Node(found.namespace, found.localname, names.get(found.namespace, ""), value=value)


def _node(element: Any, depth: int) -> Node:
    if depth > MOST_DEPTH:
        raise NotXmp("too deep")
    found = etree.QName(element.tag)
    node = Node(found.namespace or "", found.localname, element.prefix or "")
    if not node.namespace:
        raise NotXmp(f"{node.name} without namespace")
    node.language = element.get(f"{{{XML}}}lang")
    inner = list(_elements(element))
    fields = list(_attributes(element))
    if element.get(f"{{{RDF}}}parseType") == "Resource":
        return _structure(node, inner, fields, depth)
    if len(inner) == 1 and inner[0].tag in ARRAYS:
        node.kind = ARRAYS[inner[0].tag]
        node.items = [_node(each, depth + 1) for each in _elements(inner[0])]
        return node
    if len(inner) == 1 and inner[0].tag == f"{{{RDF}}}Description":
        own = list(_attributes(inner[0]))
        return _structure(node, list(_elements(inner[0])), own, depth)
    if inner:
        raise NotXmp(f"{node.prefix}:{node.name} holds elements")
    if fields and not (element.text or "").strip():
        return _structure(node, [], fields, depth)
    node.value = element.text or element.get(f"{{{RDF}}}resource", "")
    return node


def _structure(node: Node, inner: list[Any], fields: list[Node], depth: int) -> Node:
    """A structure, or a simple value with qualifiers (rdf:value)."""
    value = next((each for each in inner if each.tag == f"{{{RDF}}}value"), None)
    if value is not None:
        plain = _node(value, depth + 1)
        node.kind, node.value, node.items = plain.kind, plain.value, plain.items
        return node
    node.kind = "struct"
    node.items = fields + [_node(each, depth + 1) for each in inner]
    return node
