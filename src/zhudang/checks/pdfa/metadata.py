"""Metadata streams: packets, properties, identification, agreement with Info (6.7 of part 1; 6.6; 6.7 of part 4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pikepdf

from zhudang.checks.pdfa import extensions, xmp
from zhudang.checks.pdfa.extensions import EXTENSION, Extensions
from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.objects import Inventory
from zhudang.checks.pdfa.xmp_types import Types, predefined

Object = Any
LEVELS = {1: {"A", "B"}, 2: {"A", "B", "U"}, 3: {"A", "B", "U"}, 4: {"E", "F"}}
DC, PDF, BASIC = "http://purl.org/dc/elements/1.1/", "http://ns.adobe.com/pdf/1.3/", "http://ns.adobe.com/xap/1.0/"
MANAGEMENT = "http://ns.adobe.com/xap/1.0/mm/"
TEXTS = {
    "/Title": (DC, "title"),
    "/Author": (DC, "creator"),
    "/Subject": (DC, "description"),
    "/Keywords": (PDF, "Keywords"),
    "/Creator": (BASIC, "CreatorTool"),
    "/Producer": (PDF, "Producer"),
}
DATES = {"/CreationDate": (BASIC, "CreateDate"), "/ModDate": (BASIC, "ModifyDate")}
PDF_DATE = re.compile(r"D?:?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*(?:(Z)|([+-])(\d\d)'?(\d\d)?'?)?.*", re.DOTALL)
XMP_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?)?)?(?:(Z)|([+-])(\d\d):?(\d\d)?)?"
)


def examine(judgement: Judgement, pdf: pikepdf.Pdf, inventory: Inventory) -> None:
    """Judge the document's metadata stream and those of its parts."""
    main = pdf.Root.get("/Metadata")
    if not isinstance(main, pikepdf.Stream) or main.get("/Type") != "/Metadata" or main.get("/Subtype") != "/XML":
        judgement.violate("metadata")
    packet = known = None
    if isinstance(main, pikepdf.Stream):
        packet = _packet(judgement, main, "document")
    if packet is not None:
        if judgement.part < 4:
            known = extensions.read(judgement, packet)
            _properties(judgement, packet, known, None)
        _identification(judgement, packet)
        _history(judgement, packet)
        if judgement.part == 1:
            _information(judgement, pdf, packet)
    else:
        judgement.violate("identification")
    own = main.objgen if isinstance(main, pikepdf.Stream) else None
    for stream in inventory.metadata:
        if stream.objgen == own:
            continue
        inner = _packet(judgement, stream, f"object {stream.objgen[0]}")
        if inner is not None and judgement.part < 4:
            _properties(judgement, inner, extensions.read(judgement, inner), known if judgement.part > 1 else None)


def _packet(judgement: Judgement, stream: Object, place: str) -> xmp.Packet | None:
    if "/Filter" in stream:
        judgement.violate("metadata-filter", place)
    try:
        data = stream.read_bytes()
    except (pikepdf.PdfError, RuntimeError):
        judgement.violate("xmp-form", place)
        return None
    header = xmp.header_of(data)
    for attribute, rule in (("bytes", "packet-bytes"), ("encoding", "packet-encoding")):
        if attribute in header:
            judgement.violate(rule, place)
    try:
        packet = xmp.read(data)
    except xmp.NotXmp:
        judgement.violate("xmp-form", place)
        return None
    if not packet.utf8:
        judgement.violate("xmp-utf8", place)
    return packet


def _properties(judgement: Judgement, packet: xmp.Packet, known: Extensions, main: Extensions | None) -> None:
    """Every property must be of a predefined or described schema, and of its type."""
    tables = predefined(judgement.part)
    for node in packet.properties:
        mark = (node.namespace, node.name)
        if mark == (EXTENSION, "schemas"):
            continue
        if mark in tables:
            fits = Types(judgement.part).fits(node, tables[mark])
        elif mark in known.properties:
            fits = known.types.fits(node, known.properties[mark])
        elif main is not None and mark in main.properties:
            fits = main.types.fits(node, main.properties[mark])
        else:
            fits = False
        if not fits:
            judgement.violate("xmp-property", f"{node.prefix}:{node.name}")


def _identification(judgement: Judgement, packet: xmp.Packet) -> None:
    named = {node.name: node for node in packet.properties if node.namespace == xmp.PDFA_ID}
    part, level, revision = named.get("part"), named.get("conformance"), named.get("rev")
    if part is None or part.value.strip() != str(judgement.part):
        judgement.violate("identification", "part")
    if any(named[name].prefix != "pdfaid" for name in ("part", "conformance", "amd", "corr", "rev") if name in named):
        judgement.violate("identification", "prefix")
    if level is None:
        sound = judgement.part == 4
    else:
        sound = level.value in LEVELS[judgement.part]
    if not sound:
        judgement.violate("identification", "conformance")
    if judgement.part == 4 and (revision is None or not re.fullmatch(r"\d{4}", revision.value)):
        judgement.violate("identification", "rev")


def _history(judgement: Judgement, packet: xmp.Packet) -> None:
    """Each event of the file's history says what was done."""
    history = packet.property(MANAGEMENT, "History")
    for event in history.items if history is not None else []:
        if event.kind == "struct" and all(field.name != "action" for field in event.items):
            judgement.violate("provenance", "xmpMM:History")


def _information(judgement: Judgement, pdf: pikepdf.Pdf, packet: xmp.Packet) -> None:
    information = pdf.trailer.get("/Info")
    if not isinstance(information, pikepdf.Dictionary):
        return
    for key, mark in TEXTS.items():
        if key in information:
            text = str(information.get(key)).rstrip("\0")
            if _shown(packet.property(*mark)) != text:
                judgement.violate("info-sync", key)
    for key, mark in DATES.items():
        if key in information:
            node = packet.property(*mark)
            if node is None or not _same_moment(str(information.get(key)), node.value):
                judgement.violate("info-sync", key)


def _shown(node: xmp.Node | None) -> str | None:
    """Text of a property: the default language of alternatives, the one entry of an array."""
    if node is None:
        return None
    if node.kind == "alt":
        preferred = [item.value for item in node.items if item.language == "x-default"]
        return preferred[0] if preferred else None
    if node.kind in {"seq", "bag"}:
        return node.items[0].value if len(node.items) == 1 else None
    return node.value


def _same_moment(pdf_date: str, xmp_date: str) -> bool:
    first, second = PDF_DATE.fullmatch(pdf_date), XMP_DATE.fullmatch(xmp_date)
    if first is None or second is None:
        return False
    return _moment(first) == _moment(second)


def _moment(found: re.Match[str]) -> datetime | None:
    year, month, day, hour, minute, second, zulu, sign, hours, minutes = found.groups()
    zone = UTC
    if sign and not zulu:
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        zone = timezone(offset if sign == "+" else -offset)
    numbers = (int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    try:
        return datetime(*numbers, tzinfo=zone)
    except ValueError:
        return None
