"""Value types of XMP properties and the schemas PDF/A knows (XMP Specification 2004 and 2005; ISO 19005, 6.7.2).

Of a closed choice only the type is judged, not whether the value is one of it: the working group resolved that a
wrong meaning with the right type conforms (TechNote 0010, A020)."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from zhudang.checks.pdfa.xmp import Node
from zhudang.checks.rules import DATA

DATE = re.compile(
    r"-?\d{1,4}(-\d{1,2}(-\d{1,2}(T\d{1,2}(:\d{1,2}(:\d{1,2}(\.\d+)?)?)?)?)?)?(Z|[+-]\d{1,2}(:?\d{2})?)?",
)
SIMPLE = {
    "boolean": re.compile(r"True|False"),
    "integer": re.compile(r"[+-]?\d+"),
    "real": re.compile(r"[+-]?(\d+\.?\d*|\d*\.?\d+)"),
    "mimetype": re.compile(r"[-\w+.]+/[-\w+.]+"),
    "date": DATE,
    "uri": re.compile(r"([^\s<>\"{}|\\^`%]|%[0-9A-Fa-f]{2})*"),
    "url": re.compile(r"[^\s<>\"{}]*"),
    "point": re.compile(r"\([+-]?\d+, [+-]?\d+\)"),
} | {
    kind: re.compile(r"(?s).*")
    for kind in ("text", "propername", "agentname", "rational", "renditionclass", "xpath", "choice")
}
BY_PART = {
    1: {
        "locale": re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z]{1,8})*"),
        "gpscoordinate": re.compile(r"\d{2},\d{2}[,.]\d{2}[NSEW]"),
    },
    2: {
        "locale": re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*"),
        "gpscoordinate": re.compile(r"\d{1,3},\d{1,2}(,\d{1,2}|\.\d+)[NSEW]"),
    },
}
CHOICE = re.compile(r"^(?:closed |open )?choice(?: of)?\s+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Structure:
    """A structured type: namespace of its fields, and the type of each."""

    namespace: str
    fields: Mapping[str, str]


@dataclass
class Types:
    """Types one packet may use: those of the specification, and those its extension schemas add."""

    part: int
    own: dict[str, Structure] = field(default_factory=dict)

    def known(self, kind: str) -> bool:
        """Whether a type is defined."""
        kind = _plain(kind)
        for array in ("bag ", "seq ", "alt "):
            if kind.startswith(array):
                return self.known(kind[4:])
        if kind in {"lang alt", "bag", "seq", "alt"} or kind in SIMPLE or kind in BY_PART[min(self.part, 2)]:
            return True
        return kind in self.own or kind in structures()

    def fits(self, node: Node, kind: str) -> bool:
        """Whether a value is of a type, as the property tables write it (`Bag ProperName`)."""
        kind = _plain(kind)
        if kind == "lang alt":
            return node.kind == "alt" and all(item.language for item in node.items)
        for array in ("bag", "seq", "alt"):
            if kind == array:
                return node.kind == array
            if kind.startswith(f"{array} "):
                return node.kind == array and all(self.fits(item, kind[4:]) for item in node.items)
        pattern = BY_PART[min(self.part, 2)].get(kind) or SIMPLE.get(kind)
        if pattern is not None:
            return node.kind == "simple" and pattern.fullmatch(node.value) is not None
        structure = self.own.get(kind) or structures().get(kind)
        return structure is not None and self._structured(node, structure)

    def _structured(self, node: Node, structure: Structure) -> bool:
        if node.kind != "struct":
            return False
        return all(
            item.namespace == structure.namespace
            and item.name in structure.fields
            and self.fits(item, structure.fields[item.name])
            for item in node.items
        )


def _plain(kind: str) -> str:
    """A type name in lower case, without the words for choices."""
    words = " ".join(kind.split()).lower()
    for array in ("bag ", "seq ", "alt "):
        if words.startswith(array):
            return array + CHOICE.sub("", words[4:])
    return CHOICE.sub("", words)


@cache
def predefined(part: int) -> Mapping[tuple[str, str], str]:
    """(namespace, property) -> type, of the schemas a part of ISO 19005 knows."""
    with (DATA / "pdfa" / "xmp_properties.csv").open(encoding="utf-8", newline="") as lines:
        return {
            (row["namespace"], row["property"]): row["type"]
            for row in csv.DictReader(lines)
            if str(part) in row["parts"].split()
        }


@cache
def structures() -> Mapping[str, Structure]:
    """Structured types of the specification, by name in lower case."""
    found: dict[str, dict[str, str]] = {}
    spaces: dict[str, str] = {}
    with (DATA / "pdfa" / "xmp_structures.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            kind = row["type"].lower()
            spaces[kind] = row["namespace"]
            found.setdefault(kind, {})[row["field"]] = row["value"]
    return {kind: Structure(spaces[kind], fields) for kind, fields in found.items()}
