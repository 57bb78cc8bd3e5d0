"""Logical structure, required by level a only (6.8 of part 1, 6.7 of parts 2 and 3), and structure names."""

from __future__ import annotations

import re
from typing import Any

import pikepdf

from zhudang.checks.pdfa.document import yes
from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.values import label, utf8

Object = Any
MOST_ELEMENTS = 100_000
_PART_1 = {
    "Document",
    "Part",
    "Art",
    "Sect",
    "Div",
    "BlockQuote",
    "Caption",
    "TOC",
    "TOCI",
    "Index",
    "NonStruct",
    "Private",
    "P",
    "H",
    "H1",
    "H2",
    "H3",
    "H4",
    "H5",
    "H6",
    "L",
    "LI",
    "Lbl",
    "LBody",
    "Table",
    "TR",
    "TH",
    "TD",
    "Span",
    "Quote",
    "Note",
    "Reference",
    "BibEntry",
    "Code",
    "Link",
    "Figure",
    "Formula",
    "Form",
}
_PART_2 = _PART_1 | {"THead", "TBody", "TFoot", "Annot", "Ruby", "Warichu", "RB", "RT", "RP", "WT", "WP", "Artifact"}
STANDARD = {1: _PART_1, 2: _PART_2, 3: _PART_2, 4: _PART_2}
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


def examine(judgement: Judgement, pdf: pikepdf.Pdf) -> None:
    """Judge marking, structure tree, role map and languages."""
    root = pdf.Root
    marks = root.get("/MarkInfo")
    if not isinstance(marks, pikepdf.Dictionary) or not yes(marks.get("/Marked")):
        judgement.violate("mark-info")
    judge_language(judgement, root, "catalog")
    tree = root.get("/StructTreeRoot")
    if not isinstance(tree, pikepdf.Dictionary):
        judgement.violate("structure-root")
        return
    _role_map(judgement, tree.get("/RoleMap"))
    _elements(judgement, tree)


def _role_map(judgement: Judgement, roles: Object) -> None:
    if not isinstance(roles, pikepdf.Dictionary):
        return
    for key, role in roles.items():
        utf8(judgement, role, "RoleMap")
        if (judgement.part > 1 and key.lstrip("/") in STANDARD[judgement.part]) or _standard(
            key, roles, STANDARD[judgement.part]
        ) is None:
            judgement.violate("structure-types", key)


def _standard(name: str, roles: Object, standard: set[str]) -> str | None:
    """The standard type a name leads to; None for a circle or a dead end."""
    seen: set[str] = set()
    while name.lstrip("/") not in standard:
        if name in seen or not isinstance(roles, pikepdf.Dictionary) or name not in roles:
            return None
        seen.add(name)
        name = label(roles[name])
    return name


def _elements(judgement: Judgement, tree: Object) -> None:
    roles = tree.get("/RoleMap")
    waiting = [tree.get("/K")]
    seen: set[Any] = set()
    while waiting and len(seen) < MOST_ELEMENTS:
        element = waiting.pop()
        if isinstance(element, pikepdf.Array):
            waiting.extend(element)
            continue
        if not isinstance(element, pikepdf.Dictionary) or "/S" not in element:
            continue
        mark = element.objgen if element.is_indirect else id(element)
        if mark in seen:
            continue
        seen.add(mark)
        kind = label(element.S)
        if element.get("/Type") != "/StructElem":
            judgement.violate("structure-root", kind)
        utf8(judgement, element.S, "structure")
        if _standard(kind, roles, STANDARD[judgement.part]) is None:
            judgement.violate("structure-types", kind)
        judge_language(judgement, element, kind)
        _actual_text(judgement, element.get("/ActualText"))
        waiting.append(element.get("/K"))


def judge_language(judgement: Judgement, holder: Object, place: str) -> None:
    language = holder.get("/Lang")
    if language is not None and str(language) and not LANGUAGE.fullmatch(str(language)):
        judgement.violate("language", place)


def _actual_text(judgement: Judgement, text: Object) -> None:
    if isinstance(text, pikepdf.String) and private(str(text)):
        judgement.violate("actual-text")


def private(text: str) -> bool:
    """Whether a text holds characters of a private use area."""
    return any("\ue000" <= letter <= "\uf8ff" or letter >= "\U000f0000" for letter in text)
