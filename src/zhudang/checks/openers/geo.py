"""Spatial data: shapefile sets, GeoPackage, GeoJSON, KML, GML and CityGML, glTF, each opened as far as plain reading goes."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lxml import etree

from zhudang.checks.examine import Case
from zhudang.checks.openers import text
from zhudang.checks.openers.office_words import entities

SHAPES = {0, 1, 3, 5, 8, 11, 13, 15, 18, 21, 23, 25, 28, 31}
SET = (".shp", ".shx", ".dbf", ".prj")
SHAPE_HEAD, SHAPE_CODE = 100, 9994
WALKED_BYTES = 200 * 1024 * 1024
JSON_BYTES = 40 * 1024 * 1024
"""Parsed JSON takes some ten times its size in memory."""
GEOMETRIES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
GLB_JSON, GLB_BINARY = 0x4E4F534A, 0x004E4942
MOST_TOLD = 5


def examine(case: Case) -> None:
    case.facts["encrypted"] = False
    with case.path.open("rb") as stream:
        head = stream.read(64)
    _reader(head, case.extension)(case)


def _reader(head: bytes, extension: str) -> Callable[[Case], None]:
    if head[:4] == SHAPE_CODE.to_bytes(4, "big"):
        return _shapes
    if head.startswith(b"SQLite format 3\0"):
        return _package
    if head.startswith(b"glTF"):
        return _binary_gltf
    if head.startswith(b"PK"):
        return _zipped_kml
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \r\n\t")  # UTF-16 has a mark of its own, and NUL beside each letter
    if start.startswith(b"{"):
        return _json
    return _xml if start.startswith(b"<") else _table


def _faulty(case: Case, faults: list[str]) -> None:
    if faults:
        case.find("GIS-005", count=len(faults), details=faults[:MOST_TOLD])


def _set(case: Case) -> None:
    """A shapefile is a set of files of one name; a stored copy stands alone and cannot tell."""
    if case.path.name != case.name:
        case.not_checked["GIS-003"] = "alone"
        return
    beside = {path.suffix.lower() for path in case.path.parent.iterdir() if path.stem == case.path.stem}
    if missing := [ending for ending in SET if ending not in beside]:
        case.find("GIS-003", missing=missing)


def _shapes(case: Case) -> None:
    """Main file or index: declared length, kind of shape, records one after another."""
    with case.path.open("rb") as stream:
        head = stream.read(SHAPE_HEAD)
        if len(head) < SHAPE_HEAD:
            case.find("GIS-002", size=case.size)
            return
        length, (version, kind) = struct.unpack(">L", head[24:28])[0] * 2, struct.unpack("<LL", head[28:36])
        if length > case.size:
            case.find("GIS-002", size=case.size)
            return
        if version != 1000 or kind not in SHAPES:
            case.find("GIS-001", detail=f"version {version}, shape {kind}")
            return
        faults = [f"{case.size - length} bytes after the end"] if case.size > length else []
        if case.extension == ".shp" and case.size <= WALKED_BYTES:
            count, found = _records(stream.read(length - SHAPE_HEAD), kind)
            case.facts["features"] = count
            faults += found
        elif case.extension == ".shx":
            case.facts["features"] = (length - SHAPE_HEAD) // 8
    case.facts["release"] = "ESRI Shapefile 1000"
    _faulty(case, faults)
    _set(case)


def _records(content: bytes, kind: int) -> tuple[int, list[str]]:
    """Records in the order they lie: replaced ones may remain behind the last, so their numbers say nothing."""
    at = count = 0
    while at + 12 <= len(content):
        words = struct.unpack_from(">L", content, at + 4)[0]
        shape = struct.unpack_from("<L", content, at + 8)[0]
        count += 1
        if shape not in (0, kind):
            return count, [f"record {count} has shape {shape}"]
        at += 8 + words * 2
    return count, [] if at == len(content) else [f"record {count} goes beyond the end"]


def _table(case: Case) -> None:
    """dBASE: header, fields, and room for all records."""
    with case.path.open("rb") as stream:
        head = stream.read(32)
    if len(head) < 32:
        case.find("GIS-002", size=case.size)
        return
    count, header, width = struct.unpack("<LHH", head[4:12])
    if header < 33 or width < 1 or not 1 <= head[2] <= 12:
        case.find("GIS-001", detail="dBASE header")
        return
    case.facts["features"] = count
    if header + count * width > case.size + 1:
        case.find("GIS-002", size=case.size)
        return
    if case.path.with_suffix(".shp").exists() or case.path.with_suffix(".SHP").exists():
        _set(case)


def _package(case: Case) -> None:
    """GeoPackage: opened read-only, its integrity asked, layers and systems counted."""
    page, pages = _sqlite_size(case.path)
    if page and pages * page > case.size:
        case.find("GIS-002", size=case.size)
        return
    try:
        base = sqlite3.connect(f"{case.path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, timeout=5)
    except sqlite3.Error as trouble:
        case.find("GIS-001", detail=str(trouble)[:160])
        return
    try:
        _layers(case, base)
    except sqlite3.Error as trouble:
        case.find("GIS-001", detail=str(trouble)[:160])
    finally:
        base.close()


def _sqlite_size(path: Path) -> tuple[int, int]:
    with path.open("rb") as stream:
        head = stream.read(100)
    if len(head) < 100:
        return 1, 1 << 40
    page = struct.unpack(">H", head[16:18])[0]
    valid = head[24:28] == head[92:96]
    return (65536 if page == 1 else page), struct.unpack(">L", head[28:32])[0] if valid else 0


def _layers(case: Case, base: sqlite3.Connection) -> None:
    base.set_progress_handler(_Budget(5_000_000), 1000)
    base.execute("PRAGMA trusted_schema = OFF")
    verdict = base.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        case.find("GIS-001", detail=str(verdict)[:160])
        return
    tables = {row[0].lower() for row in base.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    if "gpkg_contents" not in tables:
        _faulty(case, ["gpkg_contents missing"] if case.extension == ".gpkg" else [])
        return
    layers = base.execute("SELECT table_name, srs_id FROM gpkg_contents").fetchall()
    case.facts["layers"] = [str(name) for name, _ in layers][:50]
    case.facts["crs"] = sorted({f"EPSG:{system}" for _, system in layers if system and system > 0})
    _faulty(case, [f"table {name} missing" for name, _ in layers if str(name).lower() not in tables])
    if layers and not case.facts["crs"]:
        case.find("GIS-004")


class _Budget:
    """Stops a query of a hostile database after so many steps."""

    def __init__(self, thousands: int) -> None:
        self._left = thousands

    def __call__(self) -> int:
        self._left -= 1
        return int(self._left < 0)


def _json(case: Case) -> None:
    """GeoJSON (RFC 7946) or glTF: types, geometries and coordinates."""
    text.examine(case)
    if case.size > JSON_BYTES:
        case.not_checked["GIS-005"] = "too_large"
        return
    try:
        data = json.loads(case.path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as trouble:
        case.find("GIS-001", detail=str(trouble)[:160])
        return
    if isinstance(data, dict) and "asset" in data:
        _asset(case, data)
        return
    features = data.get("features") if isinstance(data, dict) else None
    kind = data.get("type") if isinstance(data, dict) else None
    case.facts["release"] = "GeoJSON"
    if kind == "FeatureCollection" and not isinstance(features, list):
        _faulty(case, ["features missing"])
        return
    members = features if isinstance(features, list) else [data]
    case.facts["features"] = len(members)
    system = data.get("crs") if isinstance(data, dict) else None
    case.facts["crs"] = system.get("properties", {}).get("name") if isinstance(system, dict) else None
    faults = [fault for number, member in enumerate(members, 1) if (fault := _feature(member, number, bool(system)))]
    if any("no longitude" in fault for fault in faults):
        case.find("GIS-004")
    _faulty(case, [fault for fault in faults if "no longitude" not in fault])


def _feature(member: Any, number: int, stated: bool) -> str | None:
    """What is wrong with one feature or bare geometry."""
    if not isinstance(member, dict):
        return f"feature {number} is no object"
    geometry = member.get("geometry") if member.get("type") == "Feature" else member
    if geometry is None:
        return None
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in GEOMETRIES:
        return f"feature {number}: geometry {kind}"
    if kind == "GeometryCollection":
        return None if isinstance(geometry.get("geometries"), list) else f"feature {number}: geometries missing"
    place = geometry.get("coordinates")
    while isinstance(place, list) and place and isinstance(place[0], list):
        place = place[0]
    if place == []:
        return None
    if not isinstance(place, list) or len(place) < 2 or not all(isinstance(one, int | float) for one in place[:3]):
        return f"feature {number}: coordinates"
    if not stated and (abs(place[0]) > 180 or abs(place[1]) > 90):
        return f"feature {number}: {place[0]}, {place[1]} are no longitude and latitude"
    return None


def _asset(case: Case, data: dict[str, Any]) -> None:
    asset = data.get("asset")
    version = asset.get("version") if isinstance(asset, dict) else None
    case.facts["release"] = f"glTF {version}"
    outside = [
        str(part["uri"])
        for kind in ("buffers", "images")
        for part in data.get(kind) or ()
        if isinstance(part, dict) and part.get("uri") and not str(part["uri"]).startswith("data:")
    ]
    if outside:
        case.active("external_reference")
        case.find("GIS-006", names=outside[:20])
    _faulty(case, [] if version else ["asset version missing"])


def _binary_gltf(case: Case) -> None:
    with case.path.open("rb") as stream:
        version, length = struct.unpack("<4xLL", stream.read(12).ljust(12, b"\0"))
        if length > case.size:
            case.find("GIS-002", size=case.size)
            return
        size, kind = struct.unpack("<LL", stream.read(8).ljust(8, b"\0"))
        content = stream.read(min(size, JSON_BYTES))
    if version != 2 or kind != GLB_JSON:
        case.find("GIS-001", detail=f"glTF {version}")
        return
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as trouble:
        case.find("GIS-001", detail=str(trouble)[:160])
        return
    _asset(case, data if isinstance(data, dict) else {})


def _zipped_kml(case: Case) -> None:
    """KMZ: the first KML at the root is the document."""
    try:
        with zipfile.ZipFile(case.path) as container:
            inside = [info for info in container.infolist() if info.filename.lower().endswith(".kml")]
            if not inside:
                case.find("GIS-001", detail="no KML in the KMZ")
                return
            if inside[0].file_size > WALKED_BYTES:
                case.not_checked["GIS-001"] = "too_large"
                return
            with container.open(inside[0]) as stream:
                _walk(case, stream)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as trouble:
        case.find("GIS-001", detail=str(trouble)[:160])


def _xml(case: Case) -> None:
    with case.path.open("rb") as stream:
        _walk(case, stream)


def _entities(case: Case, root: Any) -> None:
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        entities(case)


def _walk(case: Case, stream: Any) -> None:
    """Well-formed; features counted; system and outside references noted. Nothing is kept in memory."""
    counted = {"Placemark", "featureMember", "member", "cityObjectMember"}
    features, systems, links = 0, set[str](), set[str]()
    try:
        for event, element in etree.iterparse(stream, events=("start", "end"), resolve_entities=False, no_network=True):
            if not isinstance(element.tag, str):
                continue
            name = etree.QName(element).localname
            if event == "start":
                if case.facts["release"] is None:
                    case.facts["release"] = etree.QName(element).namespace
                    _entities(case, element)
                if system := element.get("srsName"):
                    systems.add(system)
                continue
            features += name in counted
            if name == "href" and element.text and "://" in element.text:
                links.add(element.text.strip())
            element.clear()
    except (etree.XMLSyntaxError, ValueError) as trouble:
        early = "Premature end" in str(trouble) or "EndTag" in str(trouble)
        case.find("GIS-002" if early else "GIS-001", size=case.size, detail=str(trouble)[:160])
        return
    case.facts.update(features=features, crs=sorted(systems)[:10] or None)
    if links:
        case.active("external_reference")
        case.find("GIS-006", names=sorted(links)[:20])
