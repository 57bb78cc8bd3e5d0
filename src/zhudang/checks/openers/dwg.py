"""DWG: no permissive reader exists. Release, wholeness and checksums are verified; a person opens it."""

from __future__ import annotations

from zhudang.checks import cad_fonts, dwgfile
from zhudang.checks.examine import Case
from zhudang.checks.rasters import mapped
from zhudang.checks.rasters.faults import View, Weight

RELEASES = {
    b"MC0.0": "1.1",
    b"AC1.2": "1.2",
    b"AC1.40": "1.4",
    b"AC1.50": "2.05",
    b"AC2.10": "2.10",
    b"AC2.21": "2.21",
    b"AC2.22": "2.22",
    b"AC1001": "2.22",
    b"AC1002": "2.5",
    b"AC1003": "2.6",
    b"AC1004": "R9",
    b"AC1006": "R10",
    b"AC1009": "R11/R12",
    b"AC1012": "R13",
    b"AC1013": "R13c3",
    b"AC1014": "R14",
    b"AC1015": "2000",
    b"AC1018": "2004",
    b"AC1021": "2007",
    b"AC1024": "2010",
    b"AC1027": "2013",
    b"AC1032": "2018",
}
OFFSETS = (b"AC2.10", b"AC2.21", b"AC2.22", b"AC1001", b"AC1002", b"AC1003", b"AC1004", b"AC1006", b"AC1009")
LOCATORS = (b"AC1012", b"AC1013", b"AC1014", b"AC1015")
PAGED = (b"AC1018", b"AC1024", b"AC1027", b"AC1032")
CODED = b"AC1021"
SMALLEST = 256
REFERENCES = ("XRef", "Image", "DWF", "DGN", "PDF", "Underlay", "PointCloud")
FONTS = ("Text", "Font", "Shape")


def examine(case: Case) -> None:
    with case.path.open("rb") as stream:
        head = stream.read(SMALLEST)
    version = next((mark for mark in RELEASES if head.startswith(mark)), None)
    if version is None:
        case.find("CAD-001", detail=head[:6].decode("ascii", "replace"))
        return
    case.facts["release"] = f"{RELEASES[version]} ({version.decode()})"
    case.facts["encrypted"] = None
    if len(head) < SMALLEST:
        case.find("CAD-004", size=case.size)
        return
    with mapped(case.path) as content:
        seen = _read(version, View(content, "<"))
    if _tell(case, seen):
        return
    _depends(case, seen)
    case.find("CAD-003", release=case.facts["release"])


def _read(version: bytes, view: View) -> dwgfile.Seen:
    if version in PAGED:
        return dwgfile.read_paged(view)
    if version in LOCATORS:
        return dwgfile.read_locators(view)
    if version == CODED:
        return dwgfile.read_coded(view)
    return dwgfile.read_offsets(view) if version in OFFSETS else dwgfile.Seen()


def _tell(case: Case, seen: dwgfile.Seen) -> bool:
    """Note what was verified and what is wrong; True when the drawing cannot be whole."""
    case.facts["integrity"] = {"verified": seen.checked, "sections": seen.sections[:30]}
    lost = [fault for fault in seen.found if fault.weight is not Weight.FAULTY]
    if any(fault.weight is Weight.CUT for fault in lost):
        case.find("CAD-004", size=case.size)
    elif lost:
        case.find("CAD-008", detail="; ".join(fault.detail for fault in lost[:4]))
    elif seen.found:
        case.find("CAD-002", count=len(seen.found), first=seen.found[0].detail)
    return bool(lost)


def _depends(case: Case, seen: dwgfile.Seen) -> None:
    """Other files and fonts, as the drawing's own list of dependencies names them."""
    references = sorted({one.name for one in seen.files if any(word in one.feature for word in REFERENCES)})
    if references:
        case.active("external_reference")
        case.find("CAD-005", names=references[:20])
    fonts = {one.name for one in seen.files if any(word in one.feature for word in FONTS)}
    if fonts:
        cad_fonts.tell(case, fonts)
