"""Spatial data, good and bad."""

from __future__ import annotations

import json
import sqlite3
import struct
from pathlib import Path
from typing import Any

from samples.checks.making import Maker, half, put


def shapefile(folder: Path, *, whole_set: bool = True, shape: int = 1) -> Path:
    """Three points as a set of four files."""
    records = [struct.pack(">LL", number, 10) + struct.pack("<Ldd", shape, 116.0, 39.9) for number in (1, 2, 3)]
    index = [struct.pack(">LL", 50 + 14 * number, 10) for number in range(3)]
    for ending, parts in ((".shp", records), (".shx", index)):
        body = b"".join(parts)
        head = struct.pack(">L", 9994) + bytes(20) + struct.pack(">L", (100 + len(body)) // 2)
        head += struct.pack("<LL", 1000, 1) + struct.pack("<8d", 116, 39, 117, 40, 0, 0, 0, 0)
        (folder / f"wells{ending}").write_bytes(head + body)
    if whole_set:
        table = bytes([3, 26, 1, 1]) + struct.pack("<LHH", 3, 65, 11) + bytes(20)
        table += b"NAME".ljust(11, b"\0") + b"C" + bytes(4) + bytes([10, 0]) + bytes(14) + b"\r"
        (folder / "wells.dbf").write_bytes(table + b" well       "[:11] * 3 + b"\x1a")
        (folder / "wells.prj").write_text('GEOGCS["China_2000"]')
    return folder / "wells.shp"


def geojson(folder: Path, place: Any = (116.3, 39.9), name: str = "wells.geojson") -> Path:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": place}}
    content = {"type": "FeatureCollection", "features": [feature]}
    return put(folder, name, json.dumps(content).encode())


def geopackage(folder: Path) -> Path:
    path = folder / "wells.gpkg"
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path)
    base.execute("PRAGMA application_id = 1196444487")
    base.execute("CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT, srs_id INTEGER)")
    base.execute("CREATE TABLE wells (id INTEGER, note TEXT)")
    base.execute("INSERT INTO gpkg_contents VALUES ('wells', 'features', 4490)")
    base.executemany("INSERT INTO wells VALUES (?, ?)", [(number, "x" * 200) for number in range(200)])
    base.commit()
    base.close()
    return path


def glb(folder: Path, **more: Any) -> Path:
    body = json.dumps({"asset": {"version": "2.0"}, **more}).encode()
    body += b" " * (-len(body) % 4)
    content = b"glTF" + struct.pack("<LL", 2, 20 + len(body)) + struct.pack("<L", len(body)) + b"JSON" + body
    return put(folder, "model.glb", content)


KML = (
    '<?xml version="1.0"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    "<Placemark><Point><coordinates>116,39</coordinates></Point></Placemark></Document></kml>"
)


def kml(folder: Path) -> Path:
    return put(folder, "wells.kml", KML.encode())


BAD: dict[str, Maker] = {
    "GIS-001": lambda folder: put(folder, "wells.kml", KML.replace("</Point>", "</Pont>").encode()),
    "GIS-002": half(geopackage, "half.gpkg"),
    "GIS-003": lambda folder: shapefile(folder, whole_set=False),
    "GIS-004": lambda folder: geojson(folder, (39458715.0, 4419966.0)),
    "GIS-005": lambda folder: geojson(folder, "here"),
    "GIS-006": lambda folder: glb(folder, images=[{"uri": "https://example.org/brick.png"}]),
}

GOOD: dict[str, Maker] = {
    "shapefile": shapefile,
    "geojson": geojson,
    "geopackage": geopackage,
    "glb": glb,
    "kml": kml,
}
