"""PDF: does it open, is anything locked, missing or active in it, and how large is what it shows."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pikepdf

from zhudang.checks.examine import Case
from zhudang.checks.openers import pdf_archival, pdf_content, pdf_damage, pdf_pages, pdf_structure
from zhudang.checks.paper import sheet_name
from zhudang.checks.signing import pdf_fields

MAX_TREE_DEPTH = 40
MAX_NAME_NODES = 5000
WHOLE_S, LEAST_S = 45.0, 4.0
"""Time for a whole document, and the least of it for looking at pages as a reader shows them."""
BUDGET_S = 6.0
"""Longest time for going through all pages once; what is left over is told, not guessed."""
MMAP_BYTES = 64 * 1024 * 1024
EXTERNAL_ACTIONS = {"/GoToR", "/GoToE", "/ImportData", "/SubmitForm", "/Thread"}
ACTIVE_ANNOTATIONS = {
    "/RichMedia": "multimedia",
    "/Movie": "multimedia",
    "/Sound": "multimedia",
    "/3D": "multimedia",
    "/FileAttachment": "embedded_file",
}
TROUBLES = (
    pikepdf.PdfError,
    pikepdf.DataDecodingError,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
)
"""What the library raises when a document's objects are not what they should be."""
Object = Any
"""A pikepdf object; the library does not type what a document may hold."""


def examine(case: Case) -> None:
    started = time.monotonic()
    mode = pikepdf.AccessMode.default if case.size < MMAP_BYTES else pikepdf.AccessMode.stream
    try:
        pdf = pikepdf.open(case.path, suppress_warnings=True, access_mode=mode)
    except pikepdf.PasswordError:
        case.facts["encrypted"] = True
        case.find("PDF-002")
        return
    except TROUBLES as trouble:
        _cannot_open(case, str(trouble))
        return
    with pdf:
        _encryption(case, pdf)
        if not _pages(case, pdf):
            return
        signed = 0
        try:
            signed = _signature_fields(pdf)
            _active(case, pdf)
        except TROUBLES as trouble:
            case.find("PDF-019", detail=type(trouble).__name__)
        for further in (pdf_structure.examine, pdf_content.examine, pdf_archival.examine):
            try:
                further(case, pdf)
            except TROUBLES as trouble:
                case.find("PDF-019", detail=type(trouble).__name__)
        pdf_damage.examine(case, pdf)
    spent = time.monotonic() - started
    pdf_pages.examine(case, max(LEAST_S, min(pdf_pages.BUDGET_S, WHOLE_S - spent)))
    if signed or pdf_fields.traces(case.path):
        from zhudang.checks.openers import pdf_signatures  # half a second of libraries, for signed documents only

        pdf_signatures.examine(case)
    else:
        case.facts["signatures"] = []


def _cannot_open(case: Case, detail: str) -> None:
    text = detail.rsplit("): ", 1)[-1]
    if "encryption" in text or "crypt" in text:
        # Locked to certificates or by a method no reader here has: nobody can open it without a key.
        case.facts["encrypted"] = True
        case.find("PDF-002")
        return
    case.find("PDF-001", detail=text[:160])


def _encryption(case: Case, pdf: pikepdf.Pdf) -> None:
    if not pdf.is_encrypted:
        case.facts["encrypted"] = False
        return
    case.facts["encrypted"] = "owner"
    allow = pdf.allow
    denied = [
        word
        for word, allowed in (
            ("print", allow.print_highres or allow.print_lowres),
            ("extract", allow.extract),
            ("modify", allow.modify_other),
            ("annotate", allow.modify_annotation),
        )
        if not allowed
    ]
    case.find("PDF-003", denied=denied)


def _pages(case: Case, pdf: pikepdf.Pdf) -> bool:
    """Count and measure pages; look for fonts and resources that are not there."""
    try:
        pages = list(pdf.pages)
    except TROUBLES as trouble:
        _cannot_open(case, str(trouble))
        return False
    case.facts["pages"] = len(pages)
    if not pages:
        case.find("PDF-007")
        return False
    sizes: Counter[str] = Counter()
    fonts: set[str] = set()
    seen: set[tuple[int, int]] = set()
    until = time.monotonic() + BUDGET_S
    for number, page in enumerate(pages, 1):
        if time.monotonic() > until:
            case.not_checked["PDF-011"] = f"pages_from_{number}"
            break
        try:
            sizes[_sheet(page)] += 1
            _resources(case, page, number, fonts, seen)
        except TROUBLES as trouble:
            case.find("PDF-009", page=number, detail=type(trouble).__name__)
    case.facts["page_sizes"] = dict(sizes)
    if fonts:
        case.find("PDF-011", fonts=sorted(fonts)[:20])
    return True


def _sheet(page: pikepdf.Page) -> str:
    left, bottom, right, top = (float(edge) for edge in page.mediabox)
    unit = float(page.obj.get("/UserUnit", 1)) * 25.4 / 72
    return sheet_name(abs(right - left) * unit, abs(top - bottom) * unit)


def _resources(case: Case, page: pikepdf.Page, number: int, fonts: set[str], seen: set[tuple[int, int]]) -> None:
    resources = page.obj.get("/Resources")
    if resources is None:
        parent, depth = page.obj.get("/Parent"), 0
        while parent is not None and depth < MAX_TREE_DEPTH and resources is None:
            resources, parent, depth = parent.get("/Resources"), parent.get("/Parent"), depth + 1
    _walk_resources(case, resources, number, fonts, seen, 0)


def _walk_resources(
    case: Case,
    resources: Object,
    number: int,
    fonts: set[str],
    seen: set[tuple[int, int]],
    depth: int,
) -> None:
    """Follow fonts and nested forms once each; a name that leads nowhere is missing content."""
    if not isinstance(resources, pikepdf.Dictionary) or depth > MAX_TREE_DEPTH:
        return
    if resources.is_indirect:
        if resources.objgen in seen:
            return
        seen.add(resources.objgen)
    for name, font in _items(resources.get("/Font")):
        if isinstance(font, pikepdf.Dictionary) and not _once(font, seen) and not _embedded(font):
            fonts.add(str(font.get("/BaseFont", name)).lstrip("/"))
    for name, drawn in _items(resources.get("/XObject")):
        if not isinstance(drawn, pikepdf.Stream):
            case.find("PDF-015", page=number, name=str(name))
        elif not _once(drawn, seen):
            if "/Ref" in drawn or "/F" in drawn:
                case.active("external_reference")
                case.find("PDF-010", page=number, target=str(name))
            if drawn.get("/Subtype") == "/Form":
                _walk_resources(case, drawn.get("/Resources"), number, fonts, seen, depth + 1)


def _once(thing: Object, seen: set[tuple[int, int]]) -> bool:
    """Tell whether an indirect object was looked at before, and remember it."""
    if not thing.is_indirect:
        return False
    known = thing.objgen in seen
    seen.add(thing.objgen)
    return known


def _items(dictionary: Object) -> list[tuple[Any, Object]]:
    return list(dictionary.items()) if isinstance(dictionary, pikepdf.Dictionary) else []


def _embedded(font: pikepdf.Dictionary) -> bool:
    subtype = font.get("/Subtype")
    if subtype == "/Type3":
        return True
    if subtype == "/Type0":
        descendants = font.get("/DescendantFonts")
        if not isinstance(descendants, pikepdf.Array) or not len(descendants):
            return False
        inner = descendants[0]
        return isinstance(inner, pikepdf.Dictionary) and _embedded(inner)
    descriptor = font.get("/FontDescriptor")
    if not isinstance(descriptor, pikepdf.Dictionary):
        return False
    return any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))


def _active(case: Case, pdf: pikepdf.Pdf) -> None:
    """JavaScript, programs, attachments and references, wherever a document may carry them."""
    root = pdf.Root
    _action(case, root.get("/OpenAction"), 0)
    _additional(case, root.get("/AA"))
    names = root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        if _tree_has_leaves(names.get("/JavaScript")):
            _javascript(case)
        if count := _tree_has_leaves(names.get("/EmbeddedFiles")):
            case.active("embedded_file")
            case.find("PDF-006", count=count)
    form = root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary):
        if "/XFA" in form:
            case.active("xfa")
            case.find("PDF-016")
        for field in _array(form.get("/Fields"))[:MAX_NAME_NODES]:
            _field(case, field, 0)
    _outline(case, root.get("/Outlines"))
    until = time.monotonic() + BUDGET_S
    for number, page in enumerate(pdf.pages, 1):
        if time.monotonic() > until:
            case.not_checked["PDF-004"] = f"pages_from_{number}"
            break
        _additional(case, page.obj.get("/AA"))
        for annotation in _array(page.obj.get("/Annots")):
            _annotation(case, annotation)
    case.facts["active_content"] = case.facts["active_content"] or []


def _annotation(case: Case, annotation: Object) -> None:
    if not isinstance(annotation, pikepdf.Dictionary):
        return
    _action(case, annotation.get("/A"), 0)
    _additional(case, annotation.get("/AA"))
    kind = ACTIVE_ANNOTATIONS.get(str(annotation.get("/Subtype", "")))
    if kind == "embedded_file":
        case.active(kind)
        case.find("PDF-006", count=1)
    elif kind:
        case.active(kind)
        case.find("PDF-017")


def _field(case: Case, field: Object, depth: int) -> None:
    if not isinstance(field, pikepdf.Dictionary) or depth > MAX_TREE_DEPTH:
        return
    _action(case, field.get("/A"), 0)
    _additional(case, field.get("/AA"))
    for child in _array(field.get("/Kids"))[:MAX_NAME_NODES]:
        _field(case, child, depth + 1)


def _outline(case: Case, root: Object) -> None:
    """Actions of the bookmarks, each once."""
    waiting = [root.get("/First")] if isinstance(root, pikepdf.Dictionary) else []
    seen: set[tuple[int, int]] = set()
    while waiting and len(seen) < MAX_NAME_NODES:
        item = waiting.pop()
        if isinstance(item, pikepdf.Dictionary) and item.objgen not in seen:
            seen.add(item.objgen)
            _action(case, item.get("/A"), 0)
            waiting += [item.get(key) for key in ("/Next", "/First") if key in item]


def _additional(case: Case, actions: Object) -> None:
    for _, action in _items(actions):
        _action(case, action, 0)


def _action(case: Case, action: Object, depth: int) -> None:
    if not isinstance(action, pikepdf.Dictionary) or depth > MAX_TREE_DEPTH:
        return
    kind = str(action.get("/S", ""))
    if kind == "/JavaScript" or "/JS" in action:
        _javascript(case)
    elif kind == "/Launch":
        case.active("launch")
        case.find("PDF-005", target=_target(action))
        if "/F" in action or "/Win" in action:
            case.active("external_reference")
    elif kind == "/URI" and str(action.get("/URI", "")).lower().startswith("file:"):
        case.active("external_reference")
        case.find("PDF-010", target=str(action.get("/URI"))[:120])
    elif kind in EXTERNAL_ACTIONS:
        case.active("external_reference")
        case.find("PDF-010", target=_target(action))
    elif kind in {"/Movie", "/Sound", "/Rendition", "/RichMediaExecute"}:
        case.active("multimedia")
        case.find("PDF-017")
    following = action.get("/Next")
    for one in _array(following) or [following]:
        _action(case, one, depth + 1)


def _javascript(case: Case) -> None:
    case.active("javascript")
    case.find("PDF-004")


def _target(action: Object) -> str:
    target = action.get("/F", action.get("/Win", ""))
    if isinstance(target, pikepdf.Dictionary):
        target = target.get("/UF", target.get("/F", ""))
    return str(target)[:120]


def _array(value: Object) -> list[Object]:
    return list(value) if isinstance(value, pikepdf.Array) else []


def _tree_has_leaves(node: Object, depth: int = 0) -> int:
    """Count entries of a name tree, within limits."""
    if not isinstance(node, pikepdf.Dictionary) or depth > MAX_TREE_DEPTH:
        return 0
    count = len(_array(node.get("/Names"))) // 2
    for child in _array(node.get("/Kids"))[:MAX_NAME_NODES]:
        count += _tree_has_leaves(child, depth + 1)
        if count > MAX_NAME_NODES:
            break
    return count


def _signature_fields(pdf: pikepdf.Pdf) -> int:
    """Filled signature fields, also inside field hierarchies."""
    form = pdf.Root.get("/AcroForm")
    if not isinstance(form, pikepdf.Dictionary):
        return 0

    def count(fields: list[Object], kind: Object, depth: int) -> int:
        total = 0
        for field in fields[:MAX_NAME_NODES]:
            if not isinstance(field, pikepdf.Dictionary) or depth > MAX_TREE_DEPTH:
                continue
            own = field.get("/FT", kind)
            if own == "/Sig" and isinstance(field.get("/V"), pikepdf.Dictionary):
                total += 1
            total += count(_array(field.get("/Kids")), own, depth + 1)
        return total

    return count(_array(form.get("/Fields")), None, 0)
