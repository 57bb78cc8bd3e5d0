"""DXF: opened and audited; release; references to other drawings."""

from __future__ import annotations

import logging
from typing import Any

import ezdxf
from ezdxf import recover
from ezdxf.document import Drawing

from zhudang.checks.examine import Case

logging.getLogger("ezdxf").setLevel(logging.CRITICAL)
TAIL_BYTES = 1024
ROOM_BYTES = 200
"""Comments or blanks some programs leave after the end mark."""
WHOLE_BYTES = 150 * 1024 * 1024
"""Above this the drawing no longer fits a worker's memory as objects."""
RELEASES = {
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
    if case.size > WHOLE_BYTES:
        case.find("CAD-007", size=case.size)
        return
    if _cut_off(case):
        case.find("CAD-004", size=case.size)
        return
    document, repaired = _open(case)
    if document is None:
        return
    version = document.dxfversion
    case.facts["release"] = f"{RELEASES.get(version, '?')} ({version})"
    auditor = document.audit()
    problems = len(auditor.errors) + len(auditor.fixes) + repaired
    if problems:
        first = next(iter([*auditor.errors, *auditor.fixes]), None)
        case.find("CAD-002", count=problems, first=first.message[:120] if first else "recovered")
    if references := _references(document):
        case.active("external_reference")
        case.find("CAD-005", names=sorted(references)[:20])
    if not len(document.modelspace()) and not any(len(layout) for layout in document.layouts):
        case.find("CAD-006")


def _cut_off(case: Case) -> bool:
    """A drawing ends with EOF; without it sections may be lost that no reader misses."""
    with case.path.open("rb") as stream:
        stream.seek(max(0, case.size - TAIL_BYTES))
        tail = stream.read().rstrip(b"\0\x1a\r\n\t ")
    return b"EOF" not in tail[-ROOM_BYTES:]


def _open(case: Case) -> tuple[Drawing | None, int]:
    """The drawing, strictly or after repair, and how much was repaired."""
    try:
        return ezdxf.readfile(case.path), 0
    except OSError as trouble:
        if "not a DXF file" in str(trouble).lower():
            case.find("CAD-001", detail=str(trouble)[:160].replace(str(case.path), case.name))
            return None, 0
    except (ezdxf.DXFError, ValueError, UnicodeError, KeyError, IndexError, AttributeError, TypeError):
        pass
    try:
        document, auditor = recover.readfile(case.path)
        return document, 1 + len(auditor.errors)
    except Exception as trouble:  # the repairer raises anything on what it cannot repair
        detail = str(trouble).replace(str(case.path), case.name)
        case.find("CAD-001", detail=f"{type(trouble).__name__}: {detail}"[:160])
        return None, 0


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
