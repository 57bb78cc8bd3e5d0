"""Annotations and the actions a document may carry (6.5, 6.6 of part 1; 6.3, 6.5 of part 2; 6.3, 6.6 of part 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pikepdf

from zhudang.checks.pdfa.document import fields, inherited, items
from zhudang.checks.pdfa.judgement import Judgement

Object = Any
_PART_1 = {
    "Text", "Link", "FreeText", "Line", "Square", "Circle", "Highlight", "Underline", "Squiggly", "StrikeOut",
    "Stamp", "Ink", "Popup", "Widget", "PrinterMark", "TrapNet",
}  # fmt: skip
_PART_2 = _PART_1 | {"Polygon", "PolyLine", "Caret", "FileAttachment", "Watermark", "Redact"}
_PART_4 = (_PART_2 - {"FileAttachment"}) | {"Projection"}
TYPES = {1: _PART_1, 2: _PART_2, 3: _PART_2, 4: _PART_4}
EXTRA_TYPES = {"4f": {"FileAttachment"}, "4e": {"3D", "RichMedia"}}
_GO = {"GoTo", "GoToR", "Thread", "URI", "Named", "SubmitForm"}
ACTIONS = {
    1: _GO,
    2: _GO | {"GoToE"},
    3: _GO | {"GoToE"},
    4: _GO | {"GoToE", "JavaScript", "RichMediaExecute", "GoToDp"},
}
EXTRA_ACTIONS = {"4e": {"SetOCGState", "GoTo3DView"}}
NAMED = {"/NextPage", "/PrevPage", "/FirstPage", "/LastPage"}
TRIGGERS = {"/E", "/X", "/D", "/U", "/Fo", "/Bl"}
INVISIBLE, HIDDEN, PRINT, NO_VIEW, TOGGLE_NO_VIEW = 1, 2, 4, 32, 256
MOST_ACTIONS = 2000


def examine(judgement: Judgement, pdf: pikepdf.Pdf, *, rgb_intent: bool) -> None:
    """Judge the annotations of all pages and every action reachable from catalog, pages, fields, outlines."""
    root = pdf.Root
    _Actions(judgement).follow(root.get("/OpenAction"), "OpenAction")
    _additional(judgement, root, "catalog")
    form = root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary):
        for field in fields(form):
            _Actions(judgement).follow(field.get("/A"), str(field.get("/T", "")))
            _Actions(judgement).additional(field.get("/AA"), str(field.get("/T", "")))
    for number, entry in enumerate(_outlines(root.get("/Outlines"))):
        _Actions(judgement).follow(entry.get("/A"), f"outline {number + 1}")
    names = root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        for action in _leaves(names.get("/JavaScript")):
            _Actions(judgement).follow(action, "JavaScript")
    for number, page in enumerate(pdf.pages, 1):
        _page(judgement, page.obj, f"page {number}", rgb_intent)


def _page(judgement: Judgement, page: Object, place: str, rgb_intent: bool) -> None:
    _additional(judgement, page, place)
    if "/PresSteps" in page:
        judgement.violate("presentation-steps", place)
    for annotation in items(page.get("/Annots")):
        if isinstance(annotation, pikepdf.Dictionary):
            _annotation(judgement, annotation, place, rgb_intent)


def _annotation(judgement: Judgement, annotation: Object, place: str, rgb_intent: bool) -> None:
    kind = str(annotation.get("/Subtype", "")).lstrip("/")
    allowed = TYPES[judgement.part] | EXTRA_TYPES.get(f"{judgement.part}{judgement.level}", set())
    if kind not in allowed:
        judgement.violate("annotation-type", f"{place} {kind}")
    if _opacity(annotation.get("/CA")) != 1:
        judgement.violate("annotation-alpha", place)
    _flags(judgement, annotation, kind, place)
    if not rgb_intent and any(len(items(annotation.get(key))) for key in ("/C", "/IC")):
        judgement.violate("annotation-colour", place)
    _appearance(judgement, annotation, kind, place)
    if kind == "Widget":
        if "/A" in annotation:
            judgement.violate("form-action", place)
        if "/AA" in annotation:
            judgement.violate("form-additional", place)
    else:
        _additional(judgement, annotation, place, judged=judgement.part == 4)
    _Actions(judgement).follow(annotation.get("/A"), place)
    _Actions(judgement).additional(annotation.get("/AA"), place)


def _opacity(value: Object) -> float:
    try:
        return 1.0 if value is None else float(value)
    except (TypeError, ValueError):
        return 0.0


def _flags(judgement: Judgement, annotation: Object, kind: str, place: str) -> None:
    flags = annotation.get("/F")
    if not isinstance(flags, int):
        if kind != "Popup" or judgement.part == 1:
            judgement.violate("annotation-flags", f"{place} {kind}")
        return
    forbidden = INVISIBLE | HIDDEN | NO_VIEW | (TOGGLE_NO_VIEW if judgement.part > 1 else 0)
    if flags & forbidden or not flags & PRINT or (judgement.part in {2, 3} and kind == "Text" and flags & 24 != 24):
        judgement.violate("annotation-flags", f"{place} {kind}")


def _appearance(judgement: Judgement, annotation: Object, kind: str, place: str) -> None:
    appearance = annotation.get("/AP")
    if appearance is None:
        exempt = {"Popup", "Link"} | ({"Projection"} if judgement.part == 4 else set())
        if kind not in exempt and not _empty(annotation.get("/Rect")):
            judgement.violate("annotation-appearance", f"{place} {kind}")
        if kind == "Widget":
            judgement.violate("form-appearance", place)
        return
    if not isinstance(appearance, pikepdf.Dictionary) or set(appearance.keys()) != {"/N"}:
        judgement.violate("annotation-states", f"{place} {kind}")
        return
    button = kind == "Widget" and inherited(annotation, "/FT") == "/Btn"
    normal = appearance.N
    if button:
        fits = isinstance(normal, pikepdf.Dictionary) and not isinstance(normal, pikepdf.Stream) and bool(normal.keys())
    else:
        fits = isinstance(normal, pikepdf.Stream)
    if not fits:
        judgement.violate("annotation-states", f"{place} {kind}")


def _empty(rectangle: Object) -> bool:
    try:
        left, bottom, right, top = (float(edge) for edge in rectangle)
    except (TypeError, ValueError):
        return False
    return left == right and bottom == top


def _additional(judgement: Judgement, holder: Object, place: str, *, judged: bool = True) -> None:
    actions = holder.get("/AA")
    if actions is None:
        return
    if judgement.part < 4:
        # Part 1 forbids AA in the catalog and in widgets; part 2 also in pages.
        if judged and place != "catalog" and judgement.part > 1:
            judgement.violate("action-additional", place)
    elif isinstance(actions, pikepdf.Dictionary) and set(actions.keys()) - TRIGGERS:
        judgement.violate("action-additional", place)
    _Actions(judgement).additional(actions, place)


class _Actions:
    """Follows chains of actions once."""

    def __init__(self, judgement: Judgement) -> None:
        self.judgement = judgement
        self.seen: set[tuple[int, int]] = set()
        self.count = 0

    def additional(self, actions: Object, place: str) -> None:
        if isinstance(actions, pikepdf.Dictionary):
            for action in actions.values():
                self.follow(action, place)

    def follow(self, action: Object, place: str) -> None:
        if not isinstance(action, pikepdf.Dictionary) or self.count > MOST_ACTIONS:
            return
        self.count += 1
        if action.is_indirect:
            if action.objgen in self.seen:
                return
            self.seen.add(action.objgen)
        judgement, kind = self.judgement, str(action.get("/S", "")).lstrip("/")
        allowed = ACTIONS[judgement.part] | EXTRA_ACTIONS.get(f"{judgement.part}{judgement.level}", set())
        if kind not in allowed:
            judgement.violate("action", f"{place} {kind}")
        elif kind == "Named" and str(action.get("/N")) not in NAMED:
            judgement.violate("action-named", place)
        following = action.get("/Next")
        for one in items(following) or [following]:
            self.follow(one, place)


def _outlines(outlines: Object) -> Iterator[Object]:
    waiting = [outlines.get("/First")] if isinstance(outlines, pikepdf.Dictionary) else []
    seen: set[tuple[int, int]] = set()
    while waiting and len(seen) < 20_000:
        entry = waiting.pop()
        if not isinstance(entry, pikepdf.Dictionary) or entry.objgen in seen:
            continue
        seen.add(entry.objgen)
        yield entry
        waiting.extend([entry.get("/Next"), entry.get("/First")])


def _leaves(node: Object, depth: int = 0) -> Iterator[Object]:
    if not isinstance(node, pikepdf.Dictionary) or depth > 20:
        return
    yield from items(node.get("/Names"))[1::2]
    for child in items(node.get("/Kids")):
        yield from _leaves(child, depth + 1)
