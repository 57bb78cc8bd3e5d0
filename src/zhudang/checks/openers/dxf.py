"""DXF, text and binary: opened and audited within a time, release, references, fonts."""

from __future__ import annotations

import logging
import re
from typing import Any

import ezdxf
from ezdxf import recover
from ezdxf.audit import Auditor
from ezdxf.document import Drawing

from zhudang.checks import cad_fonts
from zhudang.checks.alarms import OutOfTime, limited
from zhudang.checks.examine import Case

logging.getLogger("ezdxf").setLevel(logging.CRITICAL)
TAIL_BYTES = 1024
ROOM_BYTES = 200
"""Comments or blanks some programs leave after the end mark."""
WHOLE_BYTES = 40 * 1024 * 1024
"""Above this the drawing no longer fits a worker's memory as objects."""
SECONDS = 40.0
BINARY = b"AutoCAD Binary DXF\r\n\x1a\0"
OLDEST = re.compile(rb"[A-Z]+,\d+\r?\n")
"""Releases before 2: names and numbers divided by commas, no groups yet."""
LAYOUT = re.compile(rb"^[ ]*0\r?\n[ ]*LAYOUT[ ]*\r?$|\0LAYOUT\0", re.MULTILINE)
VERSION = re.compile(rb"\$ACADVER(?:\s+1\s+|\x00\x01\x00?)(AC\d\.?\d{2,3})")
CHUNK_BYTES = 1024 * 1024
PADDING = b"\0\x1a\r\n\t "
RELEASES = {
    "AC1.40": "1.4",
    "AC1.50": "2.05",
    "AC2.10": "2.10",
    "AC2.21": "2.21",
    "AC2.22": "2.22",
    "AC1001": "2.22",
    "AC1002": "2.5",
    "AC1003": "2.6",
    "AC1004": "R9",
    "AC1006": "R10",
    "AC1009": "R12",
    "AC1012": "R13",
    "AC1014": "R14",
    "AC1015": "2000",
    "AC1018": "2004",
    "AC1021": "2007",
    "AC1024": "2010",
    "AC1027": "2013",
    "AC1032": "2018",
}


def examine(case: Case) -> None:
    case.facts["encrypted"] = False
    with case.path.open("rb") as stream:
        head = stream.read(64 * 1024)
    if OLDEST.match(head):
        case.facts["release"] = "1.x"
        case.find("CAD-003", release="1.x (DXF)")
        return
    stated = VERSION.search(head)
    case.facts["release"] = _release(stated[1].decode()) if stated else None
    ended = _ended(case)
    if not ended and not _between_sections(case):
        case.find("CAD-004", size=case.size)
        return
    if case.size > WHOLE_BYTES:
        case.find("CAD-007", size=case.size)
        return
    try:
        with limited(SECONDS):
            _drawing(case, faults=[] if ended else ["EOF missing"])
    except OutOfTime:
        case.find("CAD-010", detail=f"> {SECONDS:.0f} s")


def _drawing(case: Case, faults: list[str]) -> None:
    opened = _open(case)
    if opened is None:
        return
    document, repaired = opened
    # The library raises old releases to those it knows: what the file states goes first.
    stated = case.facts["release"] = case.facts["release"] or _release(document.dxfversion)
    auditor = document.audit()
    faults += repaired + [each.message for each in (*auditor.errors, *auditor.fixes)]
    faults += _layouts(case, stated) + _zeros(case)
    if faults:
        case.find("CAD-002", count=len(faults), first=faults[0][:120])
    if references := _references(document):
        case.active("external_reference")
        case.find("CAD-005", names=sorted(references)[:20])
    cad_fonts.tell(case, _fonts(document))
    case.facts["units"] = document.header.get("$INSUNITS")
    if not len(document.modelspace()) and not any(len(layout) for layout in document.layouts):
        case.find("CAD-006")


def _release(version: str) -> str:
    return f"{RELEASES.get(version, '?')} ({version})"


def _tail(case: Case) -> bytes:
    with case.path.open("rb") as stream:
        stream.seek(max(0, case.size - TAIL_BYTES))
        return stream.read().rstrip(b"\0\x1a\r\n\t ")


def _ended(case: Case) -> bool:
    """A drawing ends with EOF; without it sections may be lost that no reader misses."""
    return b"EOF" in _tail(case)[-ROOM_BYTES:]


def _between_sections(case: Case) -> bool:
    """Whether the file stops where a section ends, the drawing itself reached: only the end mark is missing, as some
    programs leave it."""
    if not _tail(case).endswith(b"ENDSEC") or not TAIL_BYTES < case.size <= WHOLE_BYTES:
        return False
    return b"ENTITIES" in case.path.read_bytes()


def _open(case: Case) -> tuple[Drawing, list[str]] | None:
    """The drawing, strictly or after repair, and what was repaired."""
    try:
        return ezdxf.readfile(case.path), []
    except OSError as trouble:
        if "not a DXF file" in str(trouble).lower():
            case.find("CAD-001", detail=str(trouble)[:160])
            return None
    except MemoryError:
        raise
    except Exception:  # noqa: S110 - the strict reader raises anything; the repairing one is asked next
        pass
    try:
        document, auditor = recover.readfile(case.path)
        return document, _repairs(auditor)
    except MemoryError:
        raise
    except Exception as trouble:  # the repairer raises anything on what it cannot repair
        case.find("CAD-001", detail=f"{type(trouble).__name__}: {trouble}"[:160])
        return None


def _repairs(auditor: Auditor) -> list[str]:
    return ["recovered", *(each.message for each in auditor.errors)]


def _layouts(case: Case, release: str) -> list[str]:
    """From release 2000 on every drawing holds the definition of its layouts; the reader makes missing ones."""
    if release[:1] != "2" or release[:2] == "2." or LAYOUT.search(case.path.read_bytes()):
        return []
    return ["no LAYOUT"]


def _zeros(case: Case) -> list[str]:
    """A drawing written as text has no NUL within; where some stand, a part of it was not copied."""
    hole = False
    with case.path.open("rb") as stream:
        if stream.read(len(BINARY)) == BINARY:
            return []
        while chunk := stream.read(CHUNK_BYTES):
            said = chunk.rstrip(PADDING)
            if b"\0" in said or (hole and said):
                return ["NUL"]
            hole = hole or b"\0" in chunk
    return []


def _references(document: Drawing) -> set[str]:
    """Drawings and pictures that lie in files of their own."""
    names: set[str] = set()
    for block in document.blocks:
        record: Any = block.block
        if record is not None and record.dxf.get("flags", 0) & 4:
            names.add(record.dxf.get("xref_path", "") or block.name)
    for thing in document.objects.query("IMAGEDEF PDFDEFINITION DWFDEFINITION DGNDEFINITION"):
        names.add(str(thing.dxf.get("filename", "?")))
    return names


def _fonts(document: Drawing) -> set[str]:
    """Font files of the text styles, big fonts too."""
    names: set[str] = set()
    for style in document.styles:
        font, big = style.dxf.get("font", ""), style.dxf.get("bigfont", "")
        names |= {str(name) for name in (font, big) if name}
    return names
