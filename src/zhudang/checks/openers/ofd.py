"""OFD: container, documents, every page, resources, permissions, digests of what was signed."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any

from zhudang.checks.examine import Case
from zhudang.checks.ofdfile import (
    OFD_NAMESPACE,
    OfdDocument,
    OfdError,
    OfdFile,
    child,
    children,
    descendants,
    resolve,
    text_of,
)
from zhudang.checks.paper import sheet_name
from zhudang.checks.zips import zip_troubles

DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "1.2.156.10197.1.401": lambda content: hashlib.new("sm3", content).digest(),
    "SM3": lambda content: hashlib.new("sm3", content).digest(),
    "SHA1": lambda content: hashlib.sha1(content, usedforsecurity=False).digest(),
    "MD5": lambda content: hashlib.md5(content, usedforsecurity=False).digest(),
    "SHA256": lambda content: hashlib.sha256(content).digest(),
}
SIGNED_BYTES = 256 * 1024 * 1024


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
            _documents(case, ofd)
            _signatures(case, ofd)
    finally:
        ofd.close()


def _container(case: Case, ofd: OfdFile) -> bool:
    """Look at the envelope before its parts; False when it is not safe to go on."""
    troubles = zip_troubles(ofd.container, case.path)
    for trouble in troubles:
        if trouble.code in {"ZIP-001", "ZIP-009"}:
            case.find("OFD-001", detail=f"{trouble.data.get('name')}: {trouble.data.get('why')}")
        elif trouble.code != "ZIP-010":
            case.find(trouble.code, **trouble.data)
    return not any(trouble.code in {"ZIP-003", "ZIP-004"} for trouble in troubles)


def _documents(case: Case, ofd: OfdFile) -> None:
    pages = characters = 0
    sizes: Counter[str] = Counter()
    case.facts["release"] = ofd.root.get("Version")
    case.facts["active_content"] = []
    try:
        documents = list(ofd.documents())
    except OfdError as trouble:
        case.find("OFD-001", detail=str(trouble)[:160])
        return
    for document in documents:
        paths = document.page_paths()
        for number, path in enumerate(paths, pages + 1):
            characters += _page(case, document, path, number)
        pages += len(paths)
        if size := document.page_size_mm():
            sizes[sheet_name(*size)] += len(paths)
        _resources(case, document)
        _attached(case, document)
        _permissions(case, document)
    case.facts.update(pages=pages, text_chars=characters, page_sizes=dict(sizes))
    if not pages:
        case.find("OFD-003")
    if strange := sorted(ofd.namespaces - {OFD_NAMESPACE}):
        case.find("OFD-006", namespaces=[each or "-" for each in strange])


def _page(case: Case, document: OfdDocument, path: str, number: int) -> int:
    try:
        text = document.page_text(path)
    except OfdError as trouble:
        case.find("OFD-004", page=number, place=trouble.detail or path, why=trouble.reason)
        return 0
    return sum(not character.isspace() for character in text)


def _resources(case: Case, document: OfdDocument) -> None:
    fonts: set[str] = set()
    try:
        for resource in document.resources():
            if resource.present:
                continue
            if resource.kind == "font":
                fonts.add(resource.name or "?")
            else:
                case.find("OFD-005" if resource.kind == "media" else "OFD-010", place=resource.path)
    except OfdError as trouble:
        case.find("OFD-005", place=trouble.detail)
    if fonts:
        case.find("OFD-007", fonts=sorted(fonts)[:20])


def _attached(case: Case, document: OfdDocument) -> None:
    try:
        names = document.attachments()
    except OfdError as trouble:
        case.find("OFD-005", place=trouble.detail)
        return
    if names:
        case.active("embedded_file")
        case.find("OFD-008", names=names[:20])


def _permissions(case: Case, document: OfdDocument) -> None:
    """Restrictions written into the document; they lock nothing, but a reader obeys them."""
    permissions = child(document.root, "Permissions")
    if permissions is None:
        return
    denied = [name for name in ("Export", "Edit") if text_of(permissions, name) == "false"]
    printing = child(permissions, "Print")
    if printing is not None and printing.get("Printable") == "false":
        denied.append("Print")
    if "Print" in denied or "Export" in denied:
        case.find("OFD-009", denied=denied)


def _signatures(case: Case, ofd: OfdFile) -> None:
    """Digest everything each signature refers to. The seal's own values are a later stretch's work."""
    told: list[dict[str, Any]] = []
    case.facts["signatures"] = told
    for body in children(ofd.root, "DocBody"):
        location = text_of(body, "Signatures")
        if not location:
            continue
        try:
            place = resolve("", location)
            index = ofd.xml(place)
            for entry in descendants(index, "Signature"):
                folder = place.rpartition("/")[0]
                told.append(_signature(case, ofd, resolve(folder, entry.get("BaseLoc", ""))))
        except OfdError as trouble:
            case.find("SIG-004", field="", why=str(trouble)[:160])


def _signature(case: Case, ofd: OfdFile, place: str) -> dict[str, Any]:
    fact: dict[str, Any] = {
        "kind": "ofd",
        "signer": None,
        "time": None,
        "covers_whole": None,
        "intact": None,
        "modified_after": None,
        "trust": None,
        "revocation": None,
        "status": "indeterminate",
        "why": "seal value and certificate not verified",
    }
    signature = ofd.xml(place)
    fact["time"] = text_of(signature, "SignatureDateTime")
    references = child(child(signature, "SignedInfo"), "References")
    if references is None:
        case.find("SIG-004", field=place, why="no references")
        return fact
    digest = DIGESTS.get((references.get("CheckMethod") or "").upper())
    changed, missing = _compare(ofd, references, digest)
    if digest is None:
        case.find("SIG-004", field=place, why=f"digest {references.get('CheckMethod')}")
    elif changed or missing:
        fact.update(intact=False, status="broken", why="digest differs")
        case.find("SIG-001", field=place, signer="?", files=[*changed, *missing][:20])
    else:
        fact["intact"] = None
        case.find("SIG-004", field=place, why="seal value and certificate not verified")
    return fact


def _compare(ofd: OfdFile, references: Any, digest: Callable[[bytes], bytes] | None) -> tuple[list[str], list[str]]:
    """Entries whose digest differs, and entries that are gone."""
    changed, missing = [], []
    for reference in children(references, "Reference"):
        target = resolve("", reference.get("FileRef", ""))
        expected = text_of(reference, "CheckValue")
        if not ofd.has(target):
            missing.append(target)
        elif digest is not None and expected:
            try:
                same = digest(ofd.read(target, SIGNED_BYTES)) == base64.b64decode(expected)
            except ValueError:
                same = False
            if not same:
                changed.append(target)
    return changed, missing
