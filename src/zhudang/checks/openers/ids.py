"""IDS (buildingSMART Information Delivery Specification 1.0): requirements on models, checked for structure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from zhudang.checks.examine import Case
from zhudang.checks.openers import text

NAMESPACE = "http://standards.buildingsmart.org/IDS"
RESTRICTION = "{http://www.w3.org/2001/XMLSchema}restriction"
FACETS = {
    "entity": ("name",),
    "partOf": ("entity",),
    "classification": ("system",),
    "attribute": ("name",),
    "property": ("propertySet", "baseName"),
    "material": (),
}
"""Facets with the children each must have."""
SCHEMAS = {"IFC2X3", "IFC4", "IFC4X3", "IFC4X3_ADD2"}
CARDINALITIES = {"required", "optional", "prohibited"}
RELATIONS = {
    "IFCRELAGGREGATES",
    "IFCRELASSIGNSTOGROUP",
    "IFCRELCONTAINEDINSPATIALSTRUCTURE",
    "IFCRELNESTS",
    "IFCRELVOIDSELEMENT IFCRELFILLSELEMENT",
    "IFCRELVOIDSELEMENT",
    "IFCRELFILLSELEMENT",
}
VALUES = {"name", "predefinedType", "system", "value", "propertySet", "baseName"}
DATE = re.compile(r"\d{4}-\d\d-\d\d")
MOST_TOLD = 5


def examine(case: Case) -> None:
    """As text and XML first, then against the structure of IDS 1.0."""
    case.kind = "xml"
    text.examine(case)
    if any(found.code.startswith(("XML", "TXT")) for found in case.findings):
        return
    parser: Any = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(case.path.read_bytes(), parser)
    case.facts["release"] = "IDS 1.0" if root.nsmap.get(root.prefix) == NAMESPACE else "IDS"
    specifications = root.findall(f".//{_name('specification')}")
    case.facts["requirements"] = len(specifications)
    faults = list(_faults(root))
    if faults:
        case.find("BIM-010", count=len(faults), details=faults[:MOST_TOLD])


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"


def _faults(root: Any) -> Iterator[str]:
    if root.tag != _name("ids"):
        yield f"root {root.tag}"
        return
    info, specifications = root.find(_name("info")), root.find(_name("specifications"))
    if info is None or not (info.findtext(_name("title")) or "").strip():
        yield "info/title missing"
    date = info.findtext(_name("date")) if info is not None else None
    if date and not DATE.match(date.strip()):
        yield f"date {date}"
    if specifications is None or specifications.find(_name("specification")) is None:
        yield "no specification"
        return
    for specification in specifications.iterfind(_name("specification")):
        for fault in _specification(specification):
            yield f"line {specification.sourceline}: {fault}"


def _specification(specification: Any) -> Iterator[str]:
    if not specification.get("name"):
        yield "name missing"
    versions = (specification.get("ifcVersion") or "").split()
    if not versions or not set(versions) <= SCHEMAS:
        yield f"ifcVersion {' '.join(versions) or 'missing'}"
    applicability, requirements = specification.find(_name("applicability")), specification.find(_name("requirements"))
    if applicability is None:
        yield "applicability missing"
    else:
        yield from _occurrence(applicability)
        yield from _facets(applicability, required=False)
    if requirements is not None:
        yield from _facets(requirements, required=True)


def _occurrence(applicability: Any) -> Iterator[str]:
    least, most = applicability.get("minOccurs", "1"), applicability.get("maxOccurs", "1")
    known = least in {"0", "1"} and most in {"0", "1", "unbounded"}
    if not known or (most, least) == ("0", "1"):
        yield f"occurrence {least}..{most}"


def _facets(holder: Any, *, required: bool) -> Iterator[str]:
    for facet in holder.iterchildren(tag=etree.Element):
        local = etree.QName(facet).localname
        if facet.tag != _name(local) or local not in FACETS:
            if local != "description":
                yield f"unknown facet {local}"
            continue
        missing = [child for child in FACETS[local] if facet.find(_name(child)) is None]
        if missing:
            yield f"{local} without {', '.join(missing)}"
        if required and facet.get("cardinality", "required") not in CARDINALITIES:
            yield f"{local} cardinality {facet.get('cardinality')}"
        if local == "partOf" and facet.get("relation") and facet.get("relation") not in RELATIONS:
            yield f"relation {facet.get('relation')}"
        yield from _values(facet)


def _values(facet: Any) -> Iterator[str]:
    for local in VALUES:
        for value in facet.iterfind(f".//{_name(local)}"):
            kinds = [child.tag for child in value.iterchildren(tag=etree.Element)]
            if len(kinds) != 1 or kinds[0] not in {_name("simpleValue"), RESTRICTION}:
                yield f"{local} is neither a simple value nor a restriction"
