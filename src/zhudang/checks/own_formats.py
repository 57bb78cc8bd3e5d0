"""Our own rules for formats PRONOM does not know, knows by name only, or sees only as their envelope.

Simple signatures are data (`data/signatures.csv`); here is what needs a look inside. Used inside workers only.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import tarfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from zhudang.checks.model import Format
from zhudang.checks.rules import DATA

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TAR_BLOCK = 512
TAR = Format("x-fmt/265", "Tape Archive Format", "application/x-tar", "own rule: sum of the header")
JSON_BYTES = 16 * 1024 * 1024
WPS = {
    ".wps": ("zd/wps", "WPS 文字", "application/wps-office.wps"),
    ".wpt": ("zd/wps", "WPS 文字模板", "application/wps-office.wpt"),
    ".et": ("zd/et", "WPS 表格", "application/wps-office.et"),
    ".ett": ("zd/et", "WPS 表格模板", "application/wps-office.ett"),
    ".dps": ("zd/dps", "WPS 演示", "application/wps-office.dps"),
    ".dpt": ("zd/dps", "WPS 演示模板", "application/wps-office.dpt"),
}
WPS_PARTS = {
    "zd/wps": ("worddocument", "word/document.xml"),
    "zd/et": ("workbook", "xl/workbook.xml"),
    "zd/dps": ("powerpoint document", "ppt/presentation.xml"),
}
REVIT = {".rfa": ("zd/rfa", "Revit 族"), ".rte": ("zd/rte", "Revit 样板"), ".rft": ("zd/rft", "Revit 族样板")}
OLE_STREAMS = (
    ("matost", "zd/works-wps", "Microsoft Works Word Processor", "application/vnd.ms-works"),
    ("__properties_version1.0", "x-fmt/430", "Microsoft Outlook Email Message", "application/vnd.ms-outlook"),
    ("worddocument", "zd/doc", "Microsoft Word (binary)", "application/msword"),
    ("workbook", "zd/xls", "Microsoft Excel (binary)", "application/vnd.ms-excel"),
    ("book", "zd/xls", "Microsoft Excel (binary)", "application/vnd.ms-excel"),
    ("powerpoint document", "zd/ppt", "Microsoft PowerPoint (binary)", "application/vnd.ms-powerpoint"),
    ("visiodocument", "zd/vsd", "Microsoft Visio", "application/vnd.visio"),
    ("videopostqueue", "zd/3dsmax", "3ds Max", "application/octet-stream"),
    ("swdoccontentmgr", "zd/solidworks", "SolidWorks", "application/octet-stream"),
)
ZIP_PARTS = (
    ("bcf.version", "zd/bcf", "BIM Collaboration Format", "application/octet-stream"),
    ("doc.kml", "fmt/724", "Keyhole Markup Language (Container)", "application/vnd.google-earth.kmz"),
    ("3d/3dmodel.model", "zd/3mf", "3D Manufacturing Format", "model/3mf"),
    ("fixeddocseq.fdseq", "fmt/657", "Open XML Paper Specification", "application/oxps"),
    ("index.rdf", "zd/icdd", "信息容器 ICDD (ISO 21597)", "application/zip"),
    ("word/document.xml", "zd/ooxml", "Word (OOXML)",
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/workbook.xml", "zd/ooxml", "Excel (OOXML)",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/presentation.xml", "zd/ooxml", "PowerPoint (OOXML)",
     "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)  # fmt: skip
ODF_VERSIONS = {
    "text": {"1.0": "fmt/136", "1.1": "fmt/290", "1.2": "fmt/291"},
    "spreadsheet": {"1.0": "fmt/137", "1.1": "fmt/294", "1.2": "fmt/295"},
    "presentation": {"1.0": "fmt/138", "1.1": "fmt/292", "1.2": "fmt/293"},
    "graphics": {"1.0": "fmt/139", "1.1": "fmt/296", "1.2": "fmt/297"},
}
ODF_START = re.compile(rb"mimetypeapplication/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation|graphics)")
ODF_VERSION = re.compile(rb"office:version=\"(\d\.\d)\"")
ELEMENT = re.compile(rb"<(?:([\w.-]+):)?([\w.-]+)([^<>]*)")
PROLOGUE = ((b"<!--", b"-->"), (b"<?", b"?>"), (b"<!DOCTYPE", b">"))
SVG_VERSIONS = {b"1.0": "fmt/91", b"1.1": "fmt/92", b"1.2": "fmt/413"}
ROOTS = {
    b"ONIXMessage": ("zd/onix", "ONIX message", "application/onix-message+xml"),
    b"UOF": ("zd/uof", "标文通 UOF (GB/T 20916)", "application/vnd.uof"),
    b"LandXML": ("zd/landxml", "LandXML", "application/xml"),
    b"COLLADA": ("zd/collada", "COLLADA", "model/vnd.collada+xml"),
}
PNM = re.compile(rb"\AP([1-6])(?:\s|#[^\n]*\n)+\d+\s+\d+\s")
PNM_NAMES = {
    b"1": ("pbm-ascii", "Portable Bitmap, ASCII", "bitmap"), b"2": ("pgm-ascii", "Portable Grey Map, ASCII", "graymap"),
    b"3": ("ppm-ascii", "Portable Pixel Map, ASCII", "pixmap"), b"4": ("pbm", "Portable Bitmap", "bitmap"),
    b"5": ("pgm", "Portable Grey Map", "graymap"), b"6": ("ppm", "Portable Pixel Map", "pixmap"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Signature:
    format: Format
    kind: str
    at: int
    mark: bytes


@cache
def signatures() -> tuple[_Signature, ...]:
    """The simple marks of `data/signatures.csv`."""
    with (DATA / "signatures.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(
            _Signature(
                Format(row["id"], row["name"], row["mime"], f"own rule: {row['bytes']!r} at {row['at']}"),
                row["kind"],
                int(row["at"]),
                codecs.decode(row["bytes"], "unicode_escape").encode("latin-1"),
            )
            for row in csv.DictReader(lines)
        )


@cache
def native() -> dict[str, dict[str, str]]:
    """Ending → row of `data/native.csv`: formats of the makers' own programs."""
    with (DATA / "native.csv").open(encoding="utf-8", newline="") as lines:
        return {row["extension"]: row for row in csv.DictReader(lines)}


def by_signature(head: bytes) -> tuple[Format, str] | None:
    """The first simple mark that fits, with its kind of opener; a TAR has none but its sum."""
    for each in signatures():
        if head[each.at : each.at + len(each.mark)] == each.mark:
            return each.format, each.kind
    return (TAR, "archive") if starts_tar(head) else None


def starts_tar(block: bytes) -> bool:
    """Whether a block is a TAR header: its checksum fits, whatever version wrote it."""
    if len(block) < TAR_BLOCK or not any(block):
        return False
    try:
        tarfile.TarInfo.frombuf(block[:TAR_BLOCK], "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return block[257:262] == b"ustar"
    return True


def claimed(extension: str) -> Format | None:
    """What a native ending claims; nothing in the content proves it."""
    row = native().get(extension)
    if row is None or not row["id"]:
        return None
    doubt = f" [{row['mark']}]" if row["mark"] else ""
    return Format(row["id"], row["name"], "application/octet-stream", f"extension only: {extension}{doubt}")


def ole_streams(path: Path) -> set[str]:
    """Names in an OLE container, lowercase; empty when it cannot be read."""
    import olefile

    try:
        with olefile.OleFileIO(path) as ole:
            return {part.lower() for parts in ole.listdir(streams=True, storages=True) for part in parts}
    except Exception:  # a hostile allocation table raises anything; the opener will tell
        return set()


def wps(path: Path, head: bytes, extension: str) -> Format | None:
    """WPS's own endings: Microsoft's containers inside, told apart by the ending and the stream it must have."""
    if extension not in WPS or not head.startswith((OLE_MAGIC, *ZIP_MAGIC)):
        return None
    format_id, name, mime = WPS[extension]
    stream, part = WPS_PARTS[format_id]
    if head.startswith(OLE_MAGIC):
        if stream in ole_streams(path):
            return Format(format_id, name, mime, f"own rule: OLE with {stream}; {extension}")
        return None
    if part in zip_names(path):
        return Format(format_id, name, mime, f"own rule: ZIP with {part}; {extension}")
    return None


def ole(path: Path, head: bytes, extension: str) -> Format | None:
    """What an OLE container is, where PRONOM sees only the container."""
    streams = ole_streams(path)
    if "basicfileinfo" in streams:
        format_id, name = REVIT.get(extension, ("zd/rvt", "Revit 模型"))
        return Format(format_id, name, "application/octet-stream", "own rule: OLE with BasicFileInfo")
    for stream, format_id, name, mime in OLE_STREAMS:
        if stream in streams:
            return Format(format_id, name, mime, f"own rule: OLE with {stream}")
    if not streams and "PowerPoint Document".encode("utf-16-le") in head:
        return Format("fmt/126", "Microsoft Powerpoint Presentation", "application/vnd.ms-powerpoint", "own rule: name")
    return None


def zip_names(path: Path) -> set[str]:
    """Names in a ZIP, lowercase; empty when it cannot be read."""
    try:
        with zipfile.ZipFile(path) as container:
            return {info.filename.lower() for info in container.infolist()[:20000]}
    except Exception:  # hostile containers raise anything; the opener will tell
        return set()


def zipped(path: Path, head: bytes) -> Format | None:
    """What a ZIP is, where PRONOM sees only the container, or not even that."""
    names = zip_names(path)
    for part, format_id, name, mime in ZIP_PARTS:
        if part in names:
            return Format(format_id, name, mime, f"own rule: ZIP with {part}")
    if len(names) == 1 and next(iter(names)).endswith(".ifc"):
        return Format("zd/ifczip", "IFC (ifcZIP)", "application/x-step", "own rule: ZIP with one .ifc")
    odf = ODF_START.search(head)
    if odf and (not names or "content.xml" in names):
        version = ODF_VERSION.search(head)
        format_id = ODF_VERSIONS[odf[1].decode()].get(version[1].decode() if version else "", "zd/odf")
        mime = f"application/vnd.oasis.opendocument.{odf[1].decode()}"
        return Format(format_id, f"OpenDocument {odf[1].decode()}", mime, "own rule: mimetype")
    if {"mimetype", "content.xml"} <= names:
        return _by_mimetype(path)
    return None


def _by_mimetype(path: Path) -> Format | None:
    try:
        with zipfile.ZipFile(path) as container, container.open("mimetype") as stream:
            mime = stream.read(200).decode("ascii", "replace").strip()
    except Exception:  # as in `zip_names`
        return None
    if mime.startswith("application/vnd.oasis.opendocument"):
        return Format("zd/odf", "OpenDocument", mime, "own rule: mimetype entry")
    return None


def is_mpeg_audio(path: Path) -> bool:
    """Whether frames of MPEG layer III follow the tag: one header, and another where it says the next begins."""
    with path.open("rb") as stream:
        head = stream.read(10)
        skip = 0
        if head.startswith(b"ID3") and len(head) == 10:
            skip = 10 + sum((head[6 + place] & 0x7F) << (21 - 7 * place) for place in range(4))
        stream.seek(skip)
        data = stream.read(64 * 1024)
    begin = len(data) - len(data.lstrip(b"\0"))
    for at in range(begin, min(len(data) - 4, begin + 4096)):
        length = mpeg_frame_length(data[at : at + 4])
        if length and (at + length + 4 > len(data) or mpeg_frame_length(data[at + length : at + length + 4])):
            return True
    return False


_RATES = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def mpeg_frame_length(header: bytes) -> int:
    """Bytes of a layer III frame by its header; 0 when this is none. Source: ISO/IEC 11172-3, 2.4.2.3."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate, hertz = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer != 1 or rate in {0, 15} or hertz == 3:
        return 0
    kbps = _RATES[3 if version == 3 else 2][rate]
    return (144 if version == 3 else 72) * kbps * 1000 // _HERTZ[version][hertz] + (header[2] >> 1 & 1)


def textual(path: Path, head: bytes, encoding: str | None) -> tuple[Format, str] | None:
    """Formats written as text: by their first element, their braces, their first letters."""
    if encoding is None:
        return None
    if found := PNM.match(head):
        short, name, mime = PNM_NAMES[found[1]]
        return Format(f"zd/{short}", name, f"image/x-portable-{mime}", "own rule: P and a digit"), "image"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["} and (found_json := _json(path, encoding)):
        return found_json, "geo" if found_json.mime == GEOJSON.mime else "text"
    if root := root_of(head):
        return _by_root(root)
    return None


def root_of(head: bytes) -> re.Match[bytes] | None:
    """The first element of XML: groups prefix, name, attributes. Comments before it are stepped over, not matched."""
    at = len(head) - len(head.lstrip(b"\xef\xbb\xbf \t\r\n"))
    while True:
        mark = next((end for start, end in PROLOGUE if head.startswith(start, at)), None)
        if mark is None:
            return ELEMENT.match(head, at)
        end = head.find(mark, at + 2)
        if mark == b">" and 0 <= head.find(b"[", at) < end:
            mark, end = b"]>", head.find(b"]>", at)
        if end < 0:
            return None
        at = end + len(mark)
        while head[at : at + 1].isspace():
            at += 1


def _by_root(root: re.Match[bytes]) -> tuple[Format, str] | None:
    name, attributes = root[2], root[3]
    if name.lower() == b"svg" and b"w3.org/2000/svg" in attributes:
        version = re.search(rb"\sversion=[\"']([\d.]+)", attributes)
        format_id = SVG_VERSIONS.get(version[1] if version else b"", "fmt/92")
        return Format(format_id, "Scalable Vector Graphics", "image/svg+xml", "own rule: root element svg"), "xml"
    if name.lower() == b"html":
        return Format("fmt/96", "Hypertext Markup Language", "text/html", "own rule: root element html"), "html"
    if name in ROOTS:
        format_id, title, mime = ROOTS[name]
        return Format(format_id, title, mime, f"own rule: root element {name.decode()}"), "xml"
    return None


def root_mime(head: bytes) -> str | None:
    """The media type of a known root element, for XML that PRONOM knows as XML only."""
    root = root_of(head)
    return ROOTS[root[2]][2] if root and root[2] in ROOTS else None


GEOJSON = Format("fmt/1367", "GeoJSON", "application/geo+json", "own rule: JSON with a type of RFC 7946")
GEOJSON_TYPES = {"FeatureCollection", "Feature", "GeometryCollection", "Point", "LineString", "Polygon"} | {
    "MultiPoint", "MultiLineString", "MultiPolygon",
}  # fmt: skip


def _json(path: Path, encoding: str) -> Format | None:
    if path.stat().st_size > JSON_BYTES:
        return None
    text = path.read_bytes().decode(encoding, "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _json_lines(text)
    if isinstance(value, dict) and value.get("type") in GEOJSON_TYPES:
        return GEOJSON
    return Format("fmt/817", "JSON Data Interchange Format", "application/json", "own rule: parses as JSON")


def _json_lines(text: str) -> Format | None:
    lines = [line for line in text.splitlines() if line.strip()]
    values: list[Any] = []
    try:
        values = [json.loads(line) for line in lines[:1000]]
    except (ValueError, RecursionError):
        return None
    if len(values) < 2:
        return None
    return Format("fmt/2054", "JSON Lines", "application/jsonl", "own rule: every line parses as JSON")
