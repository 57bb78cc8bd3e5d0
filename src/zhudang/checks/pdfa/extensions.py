"""Extension schemas: XMP properties a document describes itself (ISO 19005-1, 6.7.8; -2 and -3, 6.6.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.xmp import Node, Packet
from zhudang.checks.pdfa.xmp_types import SIMPLE, Structure, Types

EXTENSION = "http://www.aiim.org/pdfa/ns/extension/"
SCHEMA = "http://www.aiim.org/pdfa/ns/schema#"
PROPERTY = "http://www.aiim.org/pdfa/ns/property#"
TYPE = "http://www.aiim.org/pdfa/ns/type#"
FIELD = "http://www.aiim.org/pdfa/ns/field#"
PREFIXES = {SCHEMA: "pdfaSchema", PROPERTY: "pdfaProperty", TYPE: "pdfaType", FIELD: "pdfaField"}
KINDS: Mapping[str, Mapping[str, str]] = {
    SCHEMA: {"schema": "text", "namespaceURI": "uri", "prefix": "text", "property": "seq", "valueType": "seq"},
    PROPERTY: {"name": "text", "valueType": "text", "category": "text", "description": "text"},
    TYPE: {"type": "text", "namespaceURI": "uri", "prefix": "text", "description": "text", "field": "seq"},
    FIELD: {"name": "text", "valueType": "text", "description": "text"},
}
REQUIRED = {
    1: {
        SCHEMA: {"schema", "namespaceURI", "prefix", "property"},
        PROPERTY: set(KINDS[PROPERTY]),
        TYPE: {"type", "namespaceURI", "prefix", "description"},
        FIELD: set(KINDS[FIELD]),
    },
    2: {
        SCHEMA: {"namespaceURI"},
        PROPERTY: set(KINDS[PROPERTY]),
        TYPE: {"type", "namespaceURI", "description", "field"},
        FIELD: set(KINDS[FIELD]),
    },
}


@dataclass
class Extensions:
    """What a packet's extension schemas define: properties with their types, and types."""

    types: Types
    properties: dict[tuple[str, str], str] = field(default_factory=dict)


def read(judgement: Judgement, packet: Packet) -> Extensions:
    """Judge a packet's extension schemas and read what they define."""
    found = Extensions(Types(judgement.part))
    container = packet.property(EXTENSION, "schemas")
    if container is None:
        return found
    if container.kind != "bag" or container.prefix != "pdfaExtension":
        judgement.violate("extension", "pdfaExtension:schemas")
    schemas = [item for item in container.items if item.kind == "struct"] if container.kind != "simple" else []
    if len(schemas) != len(container.items):
        judgement.violate("extension", "pdfaExtension:schemas")
    for schema in schemas:
        for kind in _items(schema, SCHEMA, "valueType"):
            _add_type(found.types, kind)
    for schema in schemas:
        _schema(judgement, found, schema)
    return found


def _items(node: Node, namespace: str, name: str) -> list[Node]:
    child = node.child(namespace, name)
    return child.items if child is not None and child.kind in {"seq", "bag", "alt"} else []


def _text(node: Node, namespace: str, name: str) -> str:
    child = node.child(namespace, name)
    return child.value if child is not None else ""


def _add_type(types: Types, kind: Node) -> None:
    name = " ".join(_text(kind, TYPE, "type").split()).lower()
    fields = {_text(each, FIELD, "name"): _text(each, FIELD, "valueType") for each in _items(kind, TYPE, "field")}
    if name and name not in SIMPLE:
        types.own[name] = Structure(_text(kind, TYPE, "namespaceURI"), fields)


def _schema(judgement: Judgement, found: Extensions, schema: Node) -> None:
    _described(judgement, schema, SCHEMA)
    namespace = _text(schema, SCHEMA, "namespaceURI")
    for each in _items(schema, SCHEMA, "property"):
        _described(judgement, each, PROPERTY)
        name, kind = _text(each, PROPERTY, "name"), _text(each, PROPERTY, "valueType")
        if _text(each, PROPERTY, "category") not in {"internal", "external"} or not found.types.known(kind):
            judgement.violate("extension", f"pdfaProperty {name}")
        found.properties[namespace, name] = kind
    for each in _items(schema, SCHEMA, "valueType"):
        _described(judgement, each, TYPE)
        for inner in _items(each, TYPE, "field"):
            _described(judgement, inner, FIELD)
            if not found.types.known(_text(inner, FIELD, "valueType")):
                judgement.violate("extension", f"pdfaField {_text(inner, FIELD, 'name')}")


def _described(judgement: Judgement, node: Node, namespace: str) -> None:
    """Judge one description: only its own fields, each of its type and with its prefix, none missing."""
    place = PREFIXES[namespace]
    required = REQUIRED[min(judgement.part, 2)][namespace]
    if node.kind != "struct" or required - {item.name for item in node.items if item.namespace == namespace}:
        judgement.violate("extension", place)
    for item in node.items:
        kind = KINDS[namespace].get(item.name) if item.namespace == namespace else None
        if kind is None or item.prefix != place or not Types(judgement.part).fits(item, kind):
            judgement.violate("extension", f"{item.prefix}:{item.name}")
