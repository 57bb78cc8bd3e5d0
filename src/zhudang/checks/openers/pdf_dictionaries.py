"""A PDF's dictionaries: entries of the wrong type, or that lead nowhere. Lenient readers pass over them in silence."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pikepdf

from zhudang.checks.examine import Case
from zhudang.checks.openers import pdf_trees

BUDGET_S = 3.0
MOST_PAGES = 3000
MOST_OUTLINES = 5000
MOST_ANNOTATIONS = 500
DATE = re.compile(
    r"D:\d{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])(?:[0-5]\d(?:[0-5]\d)?)?)?)?)?"
    r"(?:Z(?:'|00'?(?:00'?)?)?|[+-]\d\d(?:'?(?:\d\d'?)?)?)?\Z"
)
"""ISO 32000-1 7.9.4, with and without the last apostrophe; `Z'` stands in what one widespread program wrote."""
DATES = ("/CreationDate", "/ModDate")
DICTIONARIES = ("/Outlines", "/Names", "/AcroForm", "/StructTreeRoot", "/MarkInfo", "/ViewerPreferences", "/Dests")
FILTERS = frozenset(
    [
        "/FlateDecode",
        "/LZWDecode",
        "/ASCIIHexDecode",
        "/ASCII85Decode",
        "/RunLengthDecode",
        "/CCITTFaxDecode",
        "/JBIG2Decode",
        "/DCTDecode",
        "/JPXDecode",
        "/Crypt",
        "/Fl",
        "/LZW",
        "/AHx",
        "/A85",
        "/RL",
        "/CCF",
        "/DCT",
    ]
)
RESOURCES = ("/Font", "/XObject", "/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/Properties")
Object = Any


def faults(case: Case, pdf: pikepdf.Pdf) -> Iterator[str]:
    """Yield the name of every kind of fault once or more; names are keys of `pdf_structure.FAULTS`."""
    until = time.monotonic() + BUDGET_S
    if any(_catalog(pdf)):
        yield "catalog"
    if _identifier(pdf):
        yield "id"
    if _information(pdf):
        yield "info"
    if _outline(pdf.Root.get("/Outlines")):
        yield "outline"
    if pdf_trees.names(pdf):
        yield "names"
    if pdf_trees.destinations(pdf):
        yield "destination"
    if pdf_trees.structure(pdf):
        yield "structure"
    for number, page in enumerate(pdf.pages):
        if number >= MOST_PAGES or time.monotonic() > until:
            case.not_checked["PDF-020"] = f"pages_from_{number + 1}"
            return
        if any(_page(page.obj)):
            yield "page"
            return


def _catalog(pdf: pikepdf.Pdf) -> Iterator[bool]:
    root = pdf.Root
    for key in DICTIONARIES:
        yield key in root and not isinstance(root.get(key), pikepdf.Dictionary)
    yield "/Metadata" in root and not isinstance(root.get("/Metadata"), pikepdf.Stream)
    yield "/Version" in root and not isinstance(root.get("/Version"), pikepdf.Name)
    form: Object = root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary):
        yield "/Fields" in form and not isinstance(form.get("/Fields"), pikepdf.Array)
    pages: Object = root.get("/Pages")
    kids: Object = pages.get("/Kids") if isinstance(pages, pikepdf.Dictionary) else None
    if isinstance(kids, pikepdf.Array):
        yield any(not isinstance(kid, pikepdf.Dictionary) for kid in kids)
    opened: Object = root.get("/OpenAction")
    if isinstance(opened, pikepdf.Array):
        yield not len(opened) or not isinstance(opened[0], pikepdf.Dictionary | int)
    labels: Object = root.get("/PageLabels")
    if isinstance(labels, pikepdf.Dictionary) and "/Nums" in labels:
        yield not isinstance(labels.get("/Nums"), pikepdf.Array) or len(labels["/Nums"]) % 2 == 1


def _identifier(pdf: pikepdf.Pdf) -> bool:
    """ISO 32000-1 14.4: two byte strings."""
    if "/ID" not in pdf.trailer:
        return False
    value: Object = pdf.trailer.get("/ID")
    return not (
        isinstance(value, pikepdf.Array) and len(value) == 2 and all(isinstance(each, pikepdf.String) for each in value)
    )


def _information(pdf: pikepdf.Pdf) -> bool:
    if "/Info" not in pdf.trailer:
        return False
    information: Object = pdf.trailer.get("/Info")
    if not isinstance(information, pikepdf.Dictionary) or not information.is_indirect:
        return True
    return any(_wrong_date(information.get(key)) for key in DATES if key in information)


def _wrong_date(value: Object) -> bool:
    # An empty text stands for no date in the output of many programs.
    return not isinstance(value, pikepdf.String) or (str(value).strip() != "" and not DATE.match(str(value).strip()))


def _outline(root: Object) -> bool:
    """Items have titles, and no item is reached twice. Source: ISO 32000-1 12.3.3."""
    if not isinstance(root, pikepdf.Dictionary) or "/First" not in root:
        return False
    waiting: list[Object] = [root.get("/First")]
    seen: set[tuple[int, int]] = set()
    while waiting and len(seen) < MOST_OUTLINES:
        item = waiting.pop()
        if not isinstance(item, pikepdf.Dictionary) or not isinstance(item.get("/Title"), pikepdf.String):
            return True
        if item.objgen in seen or _astray(item):
            return True
        if item.objgen != (0, 0):
            seen.add(item.objgen)
        waiting += [item.get(key) for key in ("/Next", "/First") if key in item]
    return False


def _astray(item: Object) -> bool:
    """Whether a bookmark or link goes to a page that is not there; pages of other files are not asked for."""
    action: Object = item.get("/A")
    if isinstance(action, pikepdf.Dictionary) and action.get("/S") == "/GoTo":
        return pdf_trees.leads_nowhere(action.get("/D"))
    return "/Dest" in item and pdf_trees.leads_nowhere(item.get("/Dest"))


def _page(page: Object) -> Iterator[bool]:
    """ISO 32000-1 7.7.3.3 and 12.5.2."""
    yield not isinstance(page.get("/Parent"), pikepdf.Dictionary)
    rotation: Object = page.get("/Rotate", 0)
    yield not isinstance(rotation, int) or rotation % 90 != 0
    contents: Object = page.get("/Contents")
    if "/Contents" in page:
        parts = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
        yield any(not isinstance(part, pikepdf.Stream) for part in parts)
    box: Object = page.get("/MediaBox")
    if isinstance(box, pikepdf.Array) and len(box) == 4:
        left, bottom, right, top = (float(edge) for edge in box)
        yield left == right or bottom == top
    if "/Annots" in page:
        notes: Object = page.get("/Annots")
        yield not isinstance(notes, pikepdf.Array)
        for note in list(notes)[:MOST_ANNOTATIONS] if isinstance(notes, pikepdf.Array) else []:
            yield not isinstance(note, pikepdf.Dictionary) or "/Subtype" not in note or "/Rect" not in note
            yield isinstance(note, pikepdf.Dictionary) and _astray(note)
    resources: Object = page.get("/Resources")
    if "/Resources" in page:
        yield not isinstance(resources, pikepdf.Dictionary)
    if isinstance(resources, pikepdf.Dictionary):
        yield any(key in resources and not isinstance(resources.get(key), pikepdf.Dictionary) for key in RESOURCES)
    fonts: Object = resources.get("/Font") if isinstance(resources, pikepdf.Dictionary) else None
    if isinstance(fonts, pikepdf.Dictionary):
        yield any(not isinstance(font, pikepdf.Dictionary) or "/Subtype" not in font for _, font in fonts.items())
