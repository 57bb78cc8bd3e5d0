"""OFD: container, documents, every page, resources, permissions; signatures are told by `ofd_signatures`."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

from zhudang.checks.examine import Case
from zhudang.checks.ofdfile import (
    OFD_NAMESPACE,
    OfdDocument,
    OfdError,
    OfdFile,
    PagePlace,
    child,
    children,
    descendants,
    local,
    text_of,
)
from zhudang.checks.ofdtext import count_characters
from zhudang.checks.openers import ofd_integrity, ofd_signatures
from zhudang.checks.openers.ofd_pictures import Pictures
from zhudang.checks.paper import sheet_name
from zhudang.checks.zips import zip_troubles

DOC_TYPES = re.compile(r"OFD(-[A-Z0-9]+)?\Z")
VERSIONS = re.compile(r"[12]\.\d+\Z")
COMMENT = "length of the comment"
"""What `zips` calls bytes behind the last record of a container."""
FONT_HEADS = (b"\0\1\0\0", b"OTTO", b"ttcf", b"true", b"typ1", b"%!", b"\x80\x01", b"\1\0\4")
PAGE_SECONDS = 30.0
"""Longest time for looking into pages; what is left over is told, not guessed."""
OTHER_PARTS = ("Annotations", "CustomTags", "Extensions")
"""Parts of a document that stand in files of their own."""


def examine(case: Case) -> None:
    try:
        ofd = OfdFile(case.path)
    except OfdError as trouble:
        if trouble.reason == "encrypted":
            case.facts["encrypted"] = True
            case.find("OFD-002")
        else:
            case.find("OFD-001", detail=str(trouble)[:160])
        return
    try:
        case.facts["encrypted"] = False
        if _container(case, ofd):
            pages = _documents(case, ofd)
            _structure(case, ofd)
            ofd_signatures.examine(case, ofd, pages)
            ofd_integrity.examine(case, ofd)
    finally:
        ofd.close()


def _container(case: Case, ofd: OfdFile) -> bool:
    """Look at the envelope before its parts; False when it is not safe to go on."""
    troubles = zip_troubles(ofd.container, case.path)
    for trouble in troubles:
        if trouble.code in {"ZIP-001", "ZIP-009"}:
            case.find("OFD-001", detail=f"{trouble.data.get('name')}: {trouble.data.get('why')}")
        elif trouble.data.get("why") == COMMENT:
            ofd.deviations.append("ZIP: bytes after the end")  # every reader finds the same directory
        elif trouble.code != "ZIP-010":
            case.find(trouble.code, **trouble.data)
    return not any(trouble.code in {"ZIP-003", "ZIP-004"} for trouble in troubles)


def _documents(case: Case, ofd: OfdFile) -> list[str]:
    """Go through every document; returns the ID of every page in reading order."""
    case.facts.update(release=ofd.root.get("Version"), active_content=[])
    try:
        documents = list(ofd.documents())
    except OfdError as trouble:
        case.find("OFD-001", detail=str(trouble)[:160])
        return []
    sizes: Counter[str] = Counter()
    ids: list[str] = []
    characters = 0
    pictures = Pictures(case)
    until = time.monotonic() + PAGE_SECONDS
    for document in documents:
        used = _Used()
        for page in document.pages():
            ids.append(page.id)
            if time.monotonic() < until:
                characters += _page(case, document, page, len(ids), pictures, used, sizes)
            else:
                case.not_checked.setdefault("OFD-004", f"pages_from_{len(ids)}")
        _resources(case, document, used)
        _attached(case, document)
        _permissions(case, document)
        _other_parts(case, document, pictures)
        _identifiers(case, document)
    pictures.tell()
    case.facts.update(pages=len(ids), text_chars=characters, page_sizes=dict(sizes), documents=len(documents))
    if not ids:
        case.find("OFD-003")
    _versions(case, ofd, len(documents))
    if strange := sorted(ofd.namespaces - {OFD_NAMESPACE}):
        case.find("OFD-006", namespaces=[each or "-" for each in strange])
    return ids


class _Used:
    """What the pages of one document refer to, and what their own resource lists define."""

    def __init__(self) -> None:
        self.templates: set[str] = set()
        self.fonts: set[str] = set()
        self.media: set[str] = set()
        self.links: set[str] = set()
        self.own: dict[str, set[str]] = {"font": set(), "media": set(), "unit": set(), "other": set()}

    def look(self, root: Any) -> None:
        for thing in descendants(root, "TextObject"):
            self.fonts.add(thing.get("Font", ""))
        for thing in descendants(root, "ImageObject"):
            self.media |= {thing.get("ResourceID", ""), thing.get("ImageMask", "")}
        for thing in descendants(root, "URI", "GotoA"):
            self.links.add(thing.get("URI") or f"{local(thing)} {thing.get('AttachID', '')}".strip())


def _page(
    case: Case,
    document: OfdDocument,
    page: PagePlace,
    number: int,
    pictures: Pictures,
    used: _Used,
    sizes: Counter[str],
) -> int:
    """Characters of a page; what keeps it from being read is told."""
    try:
        root = document.ofd.xml(page.path)
        if local(root) != "Page":
            raise OfdError("xml", page.path)
        templates = [document.templates().get(each.get("TemplateID", ""), "") for each in children(root, "Template")]
        layers = document.layers(root)
    except OfdError as trouble:
        if trouble.reason == "too_large":
            case.not_checked["OFD-004"] = trouble.reason
            return 0
        case.find("OFD-004", page=number, place=trouble.detail or page.path, why=trouble.reason)
        return 0
    for place in templates:
        if not document.ofd.has(place):
            case.find("OFD-005", place=place or "Template")
    used.templates |= set(templates)
    for layer in layers:
        used.look(layer)
    for entry in children(root, "PageRes"):
        own = document.resources_in(document.place((entry.text or "").strip(), page.path.rpartition("/")[0]))
        for resource in own:
            if resource.kind in used.own:
                used.own[resource.kind].add(resource.id)
            if resource.kind == "media":
                pictures.define(document, resource)
    if size := document.page_size_mm(root):
        sizes[sheet_name(*size)] += 1
        pictures.look(document, layers, number, size)
    return count_characters(layers)


def _resources(case: Case, document: OfdDocument, used: _Used) -> None:
    """Fonts that are not embedded, pictures that are not there, and references to nothing."""
    fonts: set[str] = set()
    defined = {kind: set(own) for kind, own in used.own.items()}
    for resource in document.resources():
        defined.setdefault(resource.kind, set()).add(resource.id)
        if resource.present:
            if resource.kind == "font" and not document.ofd.head(resource.path, 4).startswith(FONT_HEADS):
                case.find("OFD-013", part="FontFile", place=resource.path)
            continue
        if resource.kind == "font":
            fonts.add(resource.name or "?")
        elif resource.kind == "list":
            case.find("OFD-010", place=resource.path)
        elif resource.id in used.media:
            case.find("OFD-005", place=resource.path or resource.id)
        else:
            case.find("OFD-013", part="MultiMedia", place=resource.path or resource.id)
    if fonts:
        case.find("OFD-007", fonts=sorted(fonts)[:20])
    for place in set(document.templates().values()) - used.templates:
        if not document.ofd.has(place):
            case.find("OFD-013", part="TemplatePage", place=place)
    for kind, wanted in (("font", used.fonts), ("media", used.media)):
        if lost := sorted(each for each in wanted - defined.get(kind, set()) if each):
            case.find("OFD-012", kind=kind, ids=lost[:20])
    _links(case, used)


def _links(case: Case, used: _Used) -> None:
    if not used.links:
        return
    if any(link.startswith("GotoA") or link.lower().startswith("file:") for link in used.links):
        case.active("launch")
    if any(not link.startswith("GotoA") for link in used.links):
        case.active("external_reference")
    case.find("OFD-014", targets=sorted(used.links)[:20])


def _attached(case: Case, document: OfdDocument) -> None:
    try:
        attached = document.attachments()
    except OfdError as trouble:
        case.find("OFD-013", part="Attachments", place=trouble.detail)
        return
    if attached:
        case.active("embedded_file")
        case.find("OFD-008", names=[each.name for each in attached][:20])
    for each in attached:
        if not each.present:
            case.find("OFD-016", name=each.name, place=each.path or "-")


def _permissions(case: Case, document: OfdDocument) -> None:
    """Restrictions written into the document; they lock nothing, but a reader obeys them."""
    permissions = child(document.root, "Permissions")
    if permissions is None:
        return
    denied = [name for name in ("Export", "Edit") if (text_of(permissions, name) or "").lower() == "false"]
    printing = child(permissions, "Print")
    if printing is not None and (printing.get("Printable") or "").lower() == "false":
        denied.append("Print")
    if "Print" in denied or "Export" in denied:
        case.find("OFD-009", denied=denied)
    period = child(permissions, "ValidPeriod")
    if period is not None and (end := period.get("EndDate")):
        case.find("OFD-009", denied=[f"ValidPeriod {end}"])


def _other_parts(case: Case, document: OfdDocument, pictures: Pictures) -> None:
    """Annotations, tags and extensions: files the document names, and those these name in turn."""
    for part in OTHER_PARTS:
        location = text_of(document.root, part) if child(document.root, part) is not None else None
        if not location:
            continue
        place = document.place(location)
        try:
            root = document.ofd.xml(place)
            inner = [each.text or "" for each in descendants(root, "FileLoc")]
            for each in inner:
                target = document.place(each.strip(), place.rpartition("/")[0])
                if part == "Annotations" or not document.ofd.has(target):
                    root = document.ofd.xml(target)
                    _annotation_links(case, root)
                    pictures.open_all(document, [root])
        except OfdError as trouble:
            case.find("OFD-013", part=part, place=trouble.detail)


def _annotation_links(case: Case, root: Any) -> None:
    used = _Used()
    used.look(root)
    _links(case, used)


def _identifiers(case: Case, document: OfdDocument) -> None:
    """IDs of pages, templates and resources name one thing each."""
    counted = Counter(
        [page.id for page in document.pages()]
        + [
            page.get("ID", "")
            for page in (children(document.common, "TemplatePage") if document.common is not None else ())
        ]
        + [resource.id for resource in document.resources() if resource.kind != "list"]
    )
    twice = sorted(each for each, count in counted.items() if count > 1 and each)
    if twice:
        case.find("OFD-011", ids=twice[:20])


def _versions(case: Case, ofd: OfdFile, documents: int) -> None:
    """Earlier versions kept inside, and several documents in one file: told, since readers show the first."""
    kept = 0
    for body in children(ofd.root, "DocBody"):
        listed = child(body, "Versions")
        for version in children(listed, "Version") if listed is not None else ():
            kept += 1
            place = version.get("BaseLoc", "")
            if ofd.locate(place, "") is None:
                case.find("OFD-013", part="Version", place=place or "-")
    case.facts["versions"] = kept
    if kept or documents > 1:
        case.find("OFD-017", documents=documents, versions=kept)


def _structure(case: Case, ofd: OfdFile) -> None:
    """What GB/T 33190 asks of every file and readers get along without."""
    wrong = list(ofd.deviations)
    if not DOC_TYPES.match(ofd.root.get("DocType", "")):
        wrong.append(f"DocType={ofd.root.get('DocType', '')}")
    if not VERSIONS.match(ofd.root.get("Version", "")):
        wrong.append(f"Version={ofd.root.get('Version', '')}")
    for body in children(ofd.root, "DocBody"):
        wrong += [name for name in ("DocInfo", "DocRoot") if child(body, name) is None]
        info = child(body, "DocInfo")
        if info is not None and not text_of(info, "DocID"):
            wrong.append("DocID")
    try:
        for document in ofd.documents():
            if document.common is None:
                wrong.append("CommonData")
                continue
            wrong += [name for name in ("MaxUnitID", "PageArea") if child(document.common, name) is None]
    except OfdError:
        return
    if wrong:
        case.find("OFD-015", what=wrong[:20])
