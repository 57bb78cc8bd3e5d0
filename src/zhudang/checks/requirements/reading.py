"""An IDS file as requirements: specifications, facets, the values they allow.

Source: buildingSMART Information Delivery Specification 1.0. What is not understood is refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

LARGEST_BYTES = 20 * 1024 * 1024
NAMESPACE = "{http://standards.buildingsmart.org/IDS}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
NOT_PYTHONS = re.compile(r"\\[icpIPC]|-\[|\$|(?<!\[)\^")
"""What patterns of XML Schema mean otherwise than Python's."""
TOLERANCE = 1e-6
BOUNDS: dict[str, Callable[[float, float], bool]] = {
    "minInclusive": lambda found, bound: found >= bound,
    "maxInclusive": lambda found, bound: found <= bound,
    "minExclusive": lambda found, bound: found > bound,
    "maxExclusive": lambda found, bound: found < bound,
}


class NotCovered(Exception):
    """A requirement, or a value, that is not judged here; the message says what it is."""


@dataclass(frozen=True)
class Allowed:
    """Values allowed: one of `values`, one `pattern`, all `bounds`, a length; whatever is empty asks nothing."""

    values: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    bounds: tuple[tuple[str, float], ...] = ()
    lengths: tuple[int, int] | None = None

    def accepts(self, found: Any) -> bool:
        """Whether a value as the model holds it is allowed; numbers already in SI units."""
        if self.values and not any(_same(found, value) for value in self.values):
            return False
        if self.patterns and not (isinstance(found, str) and any(one.fullmatch(found) for one in self.patterns)):
            return False
        number = isinstance(found, int | float) and not isinstance(found, bool)
        if self.bounds and not (number and all(BOUNDS[name](found, bound) for name, bound in self.bounds)):
            return False
        return self.lengths is None or (isinstance(found, str) and self.lengths[0] <= len(found) <= self.lengths[1])

    @property
    def plain(self) -> bool:
        """Whether it is one value, to be looked up rather than searched for."""
        return len(self.values) == 1

    def __str__(self) -> str:
        told = [*self.values, *(one.pattern for one in self.patterns)]
        told += [f"{name} {bound:g}" for name, bound in self.bounds]
        return " | ".join([*told, *([f"length {self.lengths[0]}…{self.lengths[1]}"] if self.lengths else [])])


@dataclass(frozen=True)
class Facet:
    """One condition. `parts` maps child (`name`, `value`, `propertySet`, …) -> values allowed there."""

    kind: str
    parts: dict[str, Allowed] = field(default_factory=dict)
    relation: str = ""
    data_type: str = ""
    cardinality: str = "required"

    def __str__(self) -> str:
        told = ", ".join(f"{name} {allowed}" for name, allowed in self.parts.items())
        return " ".join(filter(None, [self.cardinality, self.kind, self.relation, told, self.data_type]))


@dataclass(frozen=True)
class Specification:
    """Whom it asks (`applicability`), what (`requirements`), whether there must be any, or may be none."""

    name: str
    schemas: frozenset[str]
    applicability: tuple[Facet, ...]
    requirements: tuple[Facet, ...]
    must_exist: bool
    prohibited: bool


def read(path: Path) -> tuple[list[Specification], list[str]]:
    """Specifications of an IDS file, and the names of those that are not judged here, each with what is not covered.

    Raises:
        NotCovered: no IDS 1.0 that can be read.
    """
    parser: Any = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise NotCovered("too large")
        root = etree.fromstring(path.read_bytes(), parser)
    except (OSError, ValueError, etree.XMLSyntaxError) as trouble:
        raise NotCovered(str(trouble)[:120]) from trouble
    if root.tag != f"{NAMESPACE}ids":
        raise NotCovered("not IDS 1.0")
    found: list[Specification] = []
    left: list[str] = []
    for each in root.iter(f"{NAMESPACE}specification"):
        try:
            found.append(_specification(each))
        except NotCovered as why:
            left.append(f"{each.get('name', '')}: {why}")
    return found, left


def _specification(element: Any) -> Specification:
    applicability, requirements = (element.find(f"{NAMESPACE}{each}") for each in ("applicability", "requirements"))
    if applicability is None:
        raise NotCovered("no applicability")
    prohibited = applicability.get("maxOccurs", "1") == "0"
    return Specification(
        name=element.get("name", ""),
        schemas=frozenset((element.get("ifcVersion") or "").upper().split()),
        applicability=tuple(_facets(applicability)),
        requirements=tuple(_facets(requirements)) if requirements is not None else (),
        must_exist=applicability.get("minOccurs", "1") != "0" and not prohibited,
        prohibited=prohibited,
    )


def _facets(holder: Any) -> list[Facet]:
    found = []
    for element in holder.iterchildren(tag=etree.Element):
        kind = etree.QName(element).localname
        if kind == "description":
            continue
        parts: dict[str, Allowed] = {}
        for child in element.iterchildren(tag=etree.Element):
            local = etree.QName(child).localname
            if local == "entity":  # of partOf
                parts |= {etree.QName(each).localname: _allowed(each) for each in child.iterchildren(tag=etree.Element)}
            elif local != "description":
                parts[local] = _allowed(child)
        data_type, cardinality = element.get("dataType", "").upper(), element.get("cardinality", "required")
        found.append(Facet(kind, parts, element.get("relation", "").upper(), data_type, cardinality))
    return found


def _allowed(element: Any) -> Allowed:
    simple = element.find(f"{NAMESPACE}simpleValue")
    if simple is not None:
        return Allowed(values=((simple.text or "").strip(),))
    restriction = element.find(f"{XSD}restriction")
    if restriction is None:
        raise NotCovered(f"value of {etree.QName(element).localname}")
    values: list[str] = []
    patterns: list[re.Pattern[str]] = []
    bounds: list[tuple[str, float]] = []
    least, most = 0, 0
    for each in restriction.iterchildren(tag=etree.Element):
        name, value = etree.QName(each).localname, each.get("value", "")
        if name == "enumeration":
            values.append(value)
        elif name == "pattern":
            patterns.append(_pattern(value))
        elif name in BOUNDS:
            bounds.append((name, _number(value)))
        elif name in {"length", "minLength", "maxLength"}:
            number = int(_number(value))
            least = number if name != "maxLength" else least
            most = number if name != "minLength" else most
        elif name != "annotation":
            raise NotCovered(f"restriction {name}")
    lengths = (least, most or 1 << 31) if least or most else None
    return Allowed(tuple(values), tuple(patterns), tuple(bounds), lengths)


def _pattern(text: str) -> re.Pattern[str]:
    if NOT_PYTHONS.search(text):
        raise NotCovered(f"pattern {text}")
    try:
        return re.compile(text)
    except re.error as trouble:
        raise NotCovered(f"pattern {text}") from trouble


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as trouble:
        raise NotCovered(f"number {text}") from trouble


def _same(found: Any, value: str) -> bool:
    if isinstance(found, bool):
        return value.lower() in (("true", "1") if found else ("false", "0"))
    if isinstance(found, int | float):
        try:
            wanted = float(value)
        except ValueError:
            return False
        return abs(found - wanted) <= TOLERANCE * (1 + abs(wanted))
    return isinstance(found, str) and found == value
