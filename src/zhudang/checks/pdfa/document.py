"""The catalog and what hangs on it: permissions, forms, layers, embedded files, presentations, Info."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pikepdf

from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.objects import Inventory
from zhudang.checks.pdfa.values import inflates_beyond

Object = Any
Conforms = Callable[[bytes], bool | None]
LARGEST_EMBEDDED = 16 * 1024 * 1024
MOST_NODES = 20_000
MOST_DEPTH = 40
MIME = re.compile(r"[-\w+.]+/[-\w+.]+")
PERMITTED = {"/UR3", "/DocMDP"}
DIGEST_KEYS = ("/DigestLocation", "/DigestMethod", "/DigestValue")
VERSION = re.compile(r"/2\.\d")


def examine(judgement: Judgement, pdf: pikepdf.Pdf, inventory: Inventory, conforms: Conforms) -> None:
    """Judge the catalog, its names and the trailer's Info.

    Args:
        conforms: whether the bytes of an embedded file conform to PDF/A; None when that was not decided.
    """
    root: Object = pdf.Root
    if pdf.is_encrypted:
        judgement.violate("encrypted")
    _information(judgement, pdf)
    if "/Version" in root and not VERSION.fullmatch(str(root.Version)):
        judgement.violate("catalog-version")
    if "/AA" in root and judgement.part < 4:
        judgement.violate("action-additional", "catalog")
    if yes(root.get("/NeedsRendering")):
        judgement.violate("form-xfa", "catalog")
    if "/Requirements" in root:
        judgement.violate("requirements")
    _permissions(judgement, root.get("/Perms"))
    _form(judgement, root.get("/AcroForm"))
    _layers(judgement, root)
    _names(judgement, pdf, inventory, conforms)


def _information(judgement: Judgement, pdf: pikepdf.Pdf) -> None:
    information = pdf.trailer.get("/Info")
    if information is None:
        return
    if "/PieceInfo" not in pdf.Root:
        judgement.violate("info-without-piece")
    if isinstance(information, pikepdf.Dictionary) and set(information.keys()) != {"/ModDate"}:
        judgement.violate("info-keys")


def _permissions(judgement: Judgement, permissions: Object) -> None:
    if not isinstance(permissions, pikepdf.Dictionary):
        return
    if set(permissions.keys()) - PERMITTED:
        judgement.violate("permissions")
    signature = permissions.get("/DocMDP")
    if isinstance(signature, pikepdf.Dictionary):
        for reference in items(signature.get("/Reference")):
            if isinstance(reference, pikepdf.Dictionary) and any(key in reference for key in DIGEST_KEYS):
                judgement.violate("permissions-digest")


def _form(judgement: Judgement, form: Object) -> None:
    if not isinstance(form, pikepdf.Dictionary):
        return
    if yes(form.get("/NeedAppearances")):
        judgement.violate("form-appearances")
    if "/XFA" in form:
        judgement.violate("form-xfa")
    for field in fields(form):
        if "/AA" in field:
            judgement.violate("form-additional", str(field.get("/T", "")))


def fields(form: Object) -> Iterator[Object]:
    """All fields of a form, within limits."""
    waiting, seen = [(field, 0) for field in items(form.get("/Fields"))], 0
    while waiting and seen < MOST_NODES:
        field, depth = waiting.pop()
        seen += 1
        if isinstance(field, pikepdf.Dictionary) and depth < MOST_DEPTH:
            yield field
            waiting.extend((child, depth + 1) for child in items(field.get("/Kids")))


def _layers(judgement: Judgement, root: Object) -> None:
    properties = root.get("/OCProperties")
    if properties is None:
        return
    judgement.violate("optional-content")
    if not isinstance(properties, pikepdf.Dictionary):
        return
    groups = {group.objgen for group in items(properties.get("/OCGs")) if isinstance(group, pikepdf.Dictionary)}
    names: list[str] = []
    configurations = [properties.get("/D"), *items(properties.get("/Configs"))]
    for configuration in configurations:
        if not isinstance(configuration, pikepdf.Dictionary):
            continue
        name = str(configuration.get("/Name", ""))
        if not name:
            judgement.violate("oc-name")
        if name in names:
            judgement.violate("oc-unique", name)
        names.append(name)
        if "/AS" in configuration:
            judgement.violate("oc-as")
        if isinstance(configuration.get("/Order"), pikepdf.Array) and groups - set(_ordered(configuration.Order, 0)):
            judgement.violate("oc-order")


def _ordered(order: Object, depth: int) -> Iterator[tuple[int, int]]:
    if depth > MOST_DEPTH:
        return
    for entry in items(order):
        if isinstance(entry, pikepdf.Array):
            yield from _ordered(entry, depth + 1)
        elif isinstance(entry, pikepdf.Dictionary):
            yield entry.objgen


def _names(judgement: Judgement, pdf: pikepdf.Pdf, inventory: Inventory, conforms: Conforms) -> None:
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        if "/AlternatePresentations" in names:
            judgement.violate("alternate-presentations")
        if "/EmbeddedFiles" in names:
            judgement.violate("embedded", "EmbeddedFiles")
    for specification in inventory.specifications:
        _embedded(judgement, specification, inventory.associated, conforms)
    if judgement.part == 4 and not (isinstance(names, pikepdf.Dictionary) and "/EmbeddedFiles" in names):
        judgement.violate("embedded-required")


def _conforms(content: Object, conforms: Conforms) -> bool | None:
    try:
        return conforms(content.read_bytes()) if not inflates_beyond(content, LARGEST_EMBEDDED) else None
    except pikepdf.PdfError:
        return False


def _embedded(
    judgement: Judgement, specification: Object, associated: set[tuple[int, int]], conforms: Conforms
) -> None:
    place = str(specification.get("/UF", specification.get("/F", "")))[:80]
    if judgement.part == 3 and specification.objgen not in associated:
        judgement.violate("embedded-associated", place)
    embedded = specification.EF
    for key in ("/F", "/UF"):
        content = embedded.get(key)
        if not isinstance(content, pikepdf.Stream):
            continue
        if not MIME.fullmatch(str(content.get("/Subtype", "")).lstrip("/")):
            judgement.violate("embedded-mime", place)
        conforming = _conforms(content, conforms) if judgement.part in {2, 4} else True
        if conforming is None:
            judgement.leave("embedded-pdfa")
        elif not conforming:
            judgement.violate("embedded-pdfa", place)
        return


def inherited(holder: Object, key: str) -> Object:
    """An entry of a page or form field, or of those above it."""
    for _ in range(MOST_DEPTH):
        if not isinstance(holder, pikepdf.Dictionary):
            return None
        if key in holder:
            return holder.get(key)
        holder = holder.get("/Parent")
    return None


def yes(value: Object) -> bool:
    """Whether an entry is the boolean true."""
    return value is True


def items(value: Object) -> list[Object]:
    return list(value) if isinstance(value, pikepdf.Array) else []
