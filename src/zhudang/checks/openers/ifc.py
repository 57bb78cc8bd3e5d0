"""IFC: schema, opened, has its project; units and georeference are told as facts."""

from __future__ import annotations

import re

from zhudang.checks.examine import Case

SCHEMA = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'([^']*)'", re.IGNORECASE)
KNOWN = ("IFC2X3", "IFC4", "IFC4X3", "IFC4X3_ADD1", "IFC4X3_ADD2")
WHOLE_BYTES = 120 * 1024 * 1024
"""Above this the model no longer fits a worker's memory as objects."""
END = b"END-ISO-10303-21"


def examine(case: Case) -> None:
    case.facts["encrypted"] = False
    with case.path.open("rb") as stream:
        head = stream.read(64 * 1024)
        stream.seek(max(0, case.size - 4096))
        ended = END in stream.read()
    schema = SCHEMA.search(head)
    if schema is None:
        case.find("BIM-001", detail="FILE_SCHEMA")
        return
    case.facts["release"] = schema[1].decode("ascii", "replace").upper()
    if not ended:
        case.find("BIM-004")
        return
    if case.facts["release"] not in KNOWN:
        case.find("BIM-002", schema=case.facts["release"])
        return
    if case.size > WHOLE_BYTES:
        case.find("BIM-005", size=case.size)
        return
    _model(case)


def _model(case: Case) -> None:
    import ifcopenshell

    try:
        model = ifcopenshell.open(str(case.path))
    except Exception as trouble:  # the library raises its own and plain errors alike
        case.find("BIM-001", detail=f"{type(trouble).__name__}: {trouble}"[:160])
        return
    if not isinstance(model, ifcopenshell.file):
        case.find("BIM-001", detail="no model")
        return
    projects = model.by_type("IfcProject")
    case.facts["storeys"] = len(model.by_type("IfcBuildingStorey"))
    case.facts["georeferenced"] = _georeferenced(model)
    if not projects:
        case.find("BIM-003", missing="IfcProject")


def _georeferenced(model: object) -> bool:
    try:
        return bool(model.by_type("IfcMapConversion"))  # type: ignore[attr-defined]
    except RuntimeError:  # IFC2X3 does not know the entity
        return False
