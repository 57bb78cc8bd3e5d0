"""IFC as XML: schema by its namespace, well-formed, a project, identifiers, references that lead somewhere.

No free library opens ifcXML as a model here, so what a model is asked beyond that waits for a person.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from zhudang.checks.examine import Case
from zhudang.checks.rules import DATA

GLOBAL_ID, REFERENCE = "GlobalId", "ref"
MOST_TOLD = 5
WHOLE_BYTES = 120 * 1024 * 1024
"""Above this the identifiers no longer fit a worker's memory."""


@dataclass
class _Seen:
    """What a walk over the elements gathers. `ids` and `refs` are the document's own identifiers."""

    release: str = ""
    projects: int = 0
    storeys: int = 0
    roots: Counter[str] = field(default_factory=Counter)
    ids: set[str] = field(default_factory=set)
    refs: set[str] = field(default_factory=set)


@cache
def _releases() -> list[tuple[str, str]]:
    """Part of a namespace, lowercase -> schema of IFC; the first that fits holds."""
    with (DATA / "ifcxml.csv").open(encoding="utf-8", newline="") as lines:
        return [(row["mark"], row["release"]) for row in csv.DictReader(lines)]


def examine(case: Case, path: Path) -> None:
    """Judge the file as far as its text goes; say what was not opened, and why."""
    if path.stat().st_size > WHOLE_BYTES:
        case.find("BIM-005", size=path.stat().st_size)
        return
    seen = _Seen()
    try:
        _walk(path, seen)
    except (etree.XMLSyntaxError, ValueError) as trouble:
        case.facts["release"] = seen.release or None
        code = "BIM-004" if "Premature end" in str(trouble) or "EndTag" in str(trouble) else "BIM-001"
        case.find(code, detail=str(trouble)[:160])
        return
    case.facts["release"], case.facts["storeys"] = seen.release, seen.storeys
    if seen.release == "?":
        case.find("BIM-002", schema="?")
    if not seen.projects:
        case.find("BIM-003", missing="IfcProject")
    _tell_identifiers(case, seen)
    case.find("BIM-012", schema=seen.release)
    case.not_checked["BIM-009"] = "no_ifcxml_reader"
    if case.requirements:
        case.not_checked["BIM-011"] = "no_ifcxml_reader"


def _walk(path: Path, seen: _Seen) -> None:
    for event, element in etree.iterparse(path, events=("start", "end"), resolve_entities=False, no_network=True):
        if event == "start":
            if not seen.release:
                seen.release = _release(element)
            continue
        if isinstance(element.tag, str):
            _note(element, seen)
        parent = element.getparent()
        element.clear(keep_tail=False)
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def _release(root: Any) -> str:
    """The schema that the namespaces of the root name; a question mark where they name none."""
    named = " ".join([*map(str, root.nsmap.values()), *map(str, root.attrib.values())]).lower()
    return next((release for mark, release in _releases() if mark in named), "?")


def _note(element: Any, seen: _Seen) -> None:
    name = etree.QName(element).localname
    if (reference := element.get(REFERENCE)) is not None:
        seen.refs.add(reference)
        return
    if (identifier := element.get("id")) is not None:
        seen.ids.add(identifier)
    seen.projects += name == "IfcProject"
    seen.storeys += name == "IfcBuildingStorey"
    if name == GLOBAL_ID and element.text and element.text.strip():
        seen.roots[element.text.strip()] += 1
    elif (own := element.get(GLOBAL_ID)) is not None:
        seen.roots[own] += 1


def _tell_identifiers(case: Case, seen: _Seen) -> None:
    from zhudang.checks.openers.ifc import GUID

    twice = [one for one, count in seen.roots.items() if count > 1]
    malformed = [one for one in seen.roots if not GUID.fullmatch(one)]
    if twice or malformed:
        case.find("BIM-007", twice=len(twice), malformed=len(malformed), first=(twice or malformed)[0])
    if lost := sorted(seen.refs - seen.ids):
        case.find("BIM-006", count=len(lost), details=[f"ref={one}" for one in lost[:MOST_TOLD]])
