"""Images: structure walked, every frame decoded to its end, properties and scan quality measured."""

from __future__ import annotations

import warnings
from typing import Any

from PIL import Image

from zhudang.checks import limits, rasters
from zhudang.checks.examine import Case
from zhudang.checks.model import Severity
from zhudang.checks.openers import image_decode, image_pages
from zhudang.checks.openers.media_structure import troubles
from zhudang.checks.rasters import tiff_tags
from zhudang.checks.rasters.faults import Weight

DPI_RANGE = (30, 5000)
CODES = {Weight.CUT: "IMG-002", Weight.BROKEN: "IMG-001", Weight.BOMB: "IMG-003"}
KINDS = {"image/jp2": "jp2", "image/tiff": "tiff", "image/png": "png", "image/gif": "gif"}
ENDINGS = {".jp2": "jp2", ".j2k": "jp2", ".tif": "tiff", ".tiff": "tiff", ".png": "png", ".gif": "gif"}
MOST_TOLD = 6

Image.MAX_IMAGE_PIXELS = limits.PIXELS
warnings.simplefilter("ignore")


def examine(case: Case) -> None:
    case.facts["encrypted"] = False
    claimed = KINDS.get(case.format.mime, "" if case.format.id else ENDINGS.get(case.extension, ""))
    structure = rasters.structure(case.path, claimed)
    _tell(case, structure)
    if structure.kind == "":
        _containers(case)
    _properties(case, structure)
    empty = any(fault.weight is Weight.EMPTY for fault in structure.found)
    if empty:
        case.find("IMG-010")
    if empty or any(found.severity is Severity.BLOCK for found in case.findings):
        return
    pages = image_pages.Pages(case, structure.camera)
    decoded = image_decode.Decoder(case, structure, pages)
    decoded.run()
    _resolution(case, decoded.densities, scanned=pages.scanned)
    pages.tell()


def _tell(case: Case, structure: rasters.Structure) -> None:
    """Faults that block by themselves one by one, mere irregularities together."""
    lenient = [fault.detail for fault in structure.found if fault.weight is Weight.FAULTY]
    for fault in structure.found:
        if fault.weight in CODES:
            data: dict[str, Any] = {"frame": 1, "detail": fault.detail}
            if fault.weight is Weight.BOMB:
                data = {"pixels": fault.detail}
            case.find(CODES[fault.weight], **data)
            break
    if lenient:
        case.find("IMG-008", count=len(lenient), details=lenient[:MOST_TOLD])


def _containers(case: Case) -> None:
    """Boxes of HEIF and AVIF."""
    for trouble in troubles(case.path):
        code = "IMG-002" if trouble.cut else "IMG-006"
        case.find(code, frame=1, detail=f"{trouble.name}: {trouble.why}")


def _properties(case: Case, structure: rasters.Structure) -> None:
    """Compression, bit depth and profile as the structure tells them; the decoder adds the rest."""
    told: dict[str, Any] = {"kind": structure.kind or None, "bit_depth": None, "compression": None}
    if structure.tiff is not None and structure.tiff.directories:
        first = structure.tiff.directories[0]
        number = first.first(tiff_tags.COMPRESSION, 1)
        told["compression"] = tiff_tags.COMPRESSIONS.get(number, str(number))
        told["bit_depth"] = max(first.values.get(tiff_tags.BITS, (1,)))
    elif structure.jpeg is not None:
        told["bit_depth"] = structure.jpeg.precision
        told["compression"] = "JPEG progressive" if structure.jpeg.progressive else "JPEG"
    elif structure.png is not None:
        told["bit_depth"] = structure.png.depth
        told["compression"] = "Deflate"
    case.facts["image"] = told


def _resolution(case: Case, densities: list[tuple[float, float]], *, scanned: bool) -> None:
    """The lowest resolution stated over all frames; below the norm it weighs only for scans."""
    usable = [min(each) for each in densities if DPI_RANGE[0] <= min(each) <= DPI_RANGE[1]]
    if not usable:
        case.find("IMG-004")
        return
    lowest = round(min(usable))
    case.facts["dpi"] = lowest
    if lowest < limits.DIGITISATION_DPI:
        weight = Severity.WARN if scanned else None
        case.find("IMG-005", weight, dpi=lowest, least=limits.DIGITISATION_DPI)
