"""IFC as text, in a ZIP or as XML: schema, parsed, project, identifiers, units, georeference, validity."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from zhudang.checks.alarms import OutOfTime, limited
from zhudang.checks.examine import Case
from zhudang.checks.openers import ifcxml
from zhudang.shared.digests import digest_file

SCHEMA = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'([^']*)'", re.IGNORECASE)
KNOWN = ("IFC2X3", "IFC4", "IFC4X3", "IFC4X3_ADD1", "IFC4X3_ADD2")
WHOLE_BYTES = 120 * 1024 * 1024
"""Above this the model no longer fits a worker's memory as objects."""
VALIDATED_BYTES = 1024 * 1024
VALIDATE_SECONDS = 10.0
"""Every attribute is compared with the schema up to this size and time: about a second for 200 kB."""
END = b"END-ISO-10303-21"
COMPLAINT = re.compile(r"\[(?:error|warning)\] \[[^\]]*\] (.+?)(?: at offset (\d+))?\s*$", re.IGNORECASE | re.MULTILINE)
GUID = re.compile(r"[0-3][0-9A-Za-z_$]{21}")
MOST_TOLD = 5
REQUIREMENTS_SECONDS = 20.0
MOST_REQUIREMENTS, MOST_ELEMENTS = 50, 10


def examine(case: Case) -> None:
    case.facts["encrypted"] = False
    with case.path.open("rb") as stream:
        magic = stream.read(64)
    if magic.startswith(b"PK"):
        _zipped(case)
    elif magic.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        ifcxml.examine(case, case.path)
    else:
        _step(case, case.path)


def _step(case: Case, path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(64 * 1024)
        stream.seek(max(0, size - 4096))
        ended = END in stream.read()
    schema = SCHEMA.search(head)
    if schema is None:
        case.find("BIM-001", detail="FILE_SCHEMA")
        return
    release = case.facts["release"] = schema[1].decode("ascii", "replace").upper()
    if not ended:
        case.find("BIM-004")
    elif release not in KNOWN:
        case.find("BIM-002", schema=release)
    elif size > WHOLE_BYTES:
        case.find("BIM-005", size=size)
    else:
        _model(case, path)


def _zipped(case: Case) -> None:
    """The one model inside, unpacked into the scratch folder within the limit."""
    try:
        with zipfile.ZipFile(case.path) as container:
            inside = [info for info in container.infolist() if info.filename.lower().endswith((".ifc", ".ifcxml"))]
            if len(inside) != 1:
                case.find("BIM-001", detail=f"{len(inside)} models in the ZIP")
                return
            if inside[0].file_size > WHOLE_BYTES:
                case.find("BIM-005", size=inside[0].file_size)
                return
            with container.open(inside[0]) as stream:
                content = stream.read(WHOLE_BYTES + 1)
    except MemoryError:
        raise
    except Exception as trouble:  # damaged containers raise of many kinds
        case.find("BIM-001", detail=f"ZIP: {trouble}"[:160])
        return
    if len(content) > WHOLE_BYTES:
        case.find("BIM-005", size=len(content))
        return
    place = case.scratch / "model.ifc"
    place.write_bytes(content)
    try:
        (_step if content.lstrip()[:3] == b"ISO" else ifcxml.examine)(case, place)
    finally:
        place.unlink(missing_ok=True)


def _model(case: Case, path: Path) -> None:
    import ifcopenshell

    printed: Any = ifcopenshell.get_log
    printed()  # takes away what an earlier model left
    try:
        model = ifcopenshell.open(str(path))
    except Exception as trouble:  # the library raises its own and plain errors alike
        detail = "; ".join(_complaints(printed(), path)) or f"{type(trouble).__name__}: {trouble}"
        case.find("BIM-001", detail=detail[:300])
        return
    if not isinstance(model, ifcopenshell.file):
        case.find("BIM-001", detail="no model")
        return
    faults = _complaints(printed(), path)
    if faults:
        case.find("BIM-006", count=len(faults), details=faults[:MOST_TOLD])
    _content(case, model)
    _identifiers(case, model)
    _requirements(case, model)
    _validity(case, model)


def _complaints(log: str, path: Path) -> list[str]:
    """What the parser printed, with the line of the file for its offset."""
    found = []
    for text, offset in COMPLAINT.findall(log):
        line = f"line {_line(path, int(offset))}: " if offset else ""
        found.append(f"{line}{text.strip()}")
        if len(found) >= 1000:
            break
    return list(dict.fromkeys(found))


def _line(path: Path, offset: int) -> int:
    """Number of the line that holds the byte at `offset`."""
    count, left = 1, offset
    with path.open("rb") as stream:
        while left > 0 and (piece := stream.read(min(left, 1 << 20))):
            count, left = count + piece.count(b"\n"), left - len(piece)
    return count


def _by_type(model: Any, name: str) -> list[Any]:
    try:
        return list(model.by_type(name))
    except RuntimeError:  # the schema does not know the entity
        return []


def _content(case: Case, model: Any) -> None:
    projects = _by_type(model, "IfcProject")
    case.facts["storeys"] = len(_by_type(model, "IfcBuildingStorey"))
    case.facts["elements"] = len(_by_type(model, "IfcElement"))
    case.facts["units"] = _units(model)
    place = _georeference(model)
    case.facts["georeference"] = place
    case.facts["georeferenced"] = bool(place and place["kind"] != "site")
    missing = [] if projects else ["IfcProject"]
    if projects and not case.facts["units"]:
        missing.append("IfcUnitAssignment")
    if missing:
        case.find("BIM-003", missing=missing)
    if place is None:
        case.find("BIM-008")


def _units(model: Any) -> dict[str, str]:
    """Unit of each kind as written: `LENGTHUNIT` → `MILLI METRE`."""
    units = {}
    for assignment in _by_type(model, "IfcUnitAssignment"):
        for unit in assignment.Units or ():
            kind = getattr(unit, "UnitType", None)
            name = getattr(unit, "Name", None)
            if kind and name:
                units[str(kind)] = f"{getattr(unit, 'Prefix', None) or ''} {name}".strip()
    return units


def _georeference(model: Any) -> dict[str, Any] | None:
    """Map conversion with its system, else the site's latitude and longitude in degrees; None for neither."""
    for conversion in _by_type(model, "IfcMapConversion"):
        system = getattr(conversion, "TargetCRS", None)
        return {
            "kind": "map",
            "crs": getattr(system, "Name", None),
            "east": conversion.Eastings,
            "north": conversion.Northings,
        }
    for properties in _by_type(model, "IfcPropertySet"):
        if str(properties.Name).lower() == "epset_mapconversion":
            return {"kind": "property_set", "crs": None}
    for site in _by_type(model, "IfcSite"):
        if site.RefLatitude and site.RefLongitude:
            return {"kind": "site", "latitude": _degrees(site.RefLatitude), "longitude": _degrees(site.RefLongitude)}
    return None


def _degrees(parts: Any) -> float:
    """Degrees from degrees, minutes, seconds and millionths."""
    scales = (1, 60, 3600, 3600_000_000)
    return round(float(sum(part / scale for part, scale in zip(parts, scales, strict=False))), 6)


def _identifiers(case: Case, model: Any) -> None:
    """Global identifiers are unique and of 22 characters."""
    seen = Counter(str(each.GlobalId) for each in _by_type(model, "IfcRoot"))
    twice = [one for one, count in seen.items() if count > 1]
    malformed = [one for one in seen if not GUID.fullmatch(one)]
    if twice or malformed:
        case.find("BIM-007", twice=len(twice), malformed=len(malformed), first=(twice or malformed)[0])


def _requirements(case: Case, model: Any) -> None:
    """The model against the IDS files of its set; what is not judged is told as not checked."""
    if not case.requirements:
        return
    from zhudang.checks.requirements.judging import judge
    from zhudang.checks.requirements.reading import NotCovered

    told = case.facts["ids"] = []
    for path in case.requirements:
        try:
            with limited(REQUIREMENTS_SECONDS):
                judged = judge(model, path)
        except NotCovered as why:
            told.append({**_named(path), "asked": 0, "short": 0, "not_covered": [str(why)]})
            case.not_checked["BIM-011"] = "ids_not_covered"
            continue
        except OutOfTime:
            case.not_checked["BIM-011"] = "too_large"
            continue
        left = judged.not_covered
        told.append({**_named(path), "asked": judged.asked, "short": len(judged.shortfalls), "not_covered": left})
        if left:
            case.not_checked["BIM-011"] = "ids_not_covered"
        for each in judged.shortfalls[:MOST_REQUIREMENTS]:
            case.find(
                "BIM-011",
                ids=path.name,
                specification=each.specification,
                requirement=each.requirement[:200],
                count=len(each.elements),
                elements=each.elements[:MOST_ELEMENTS],
            )


def _named(path: Path) -> dict[str, str]:
    """Which file it was: a name alone does not tell which edition."""
    try:
        return {"file": path.name, "sha256": digest_file(path).sha256}
    except OSError:  # `judge` has already said that it cannot be read
        return {"file": path.name, "sha256": ""}


def _validity(case: Case, model: Any) -> None:
    """Attributes against the schema, within a size and a time; beyond them it is told as not checked."""
    if case.size > VALIDATED_BYTES:
        case.not_checked["BIM-009"] = "too_large"
        return
    from ifcopenshell import validate

    logger: Any = validate.json_logger
    log = logger()
    try:
        with limited(VALIDATE_SECONDS):
            validate.validate(model, log)
    except OutOfTime:
        case.not_checked["BIM-009"] = "too_large"
    except Exception as trouble:  # the validator meets what the parser let pass
        log.statements.append({"message": f"{type(trouble).__name__}: {trouble}"})
    if log.statements:
        told = [" ".join(str(each["message"]).split())[:120] for each in log.statements[:MOST_TOLD]]
        case.find("BIM-009", count=len(log.statements), details=list(dict.fromkeys(told)))
