"""Office documents: locked, macros, DDE, remote templates, embedded objects. Nothing in them is run."""

from __future__ import annotations

import re
import zipfile
from typing import Any

import olefile

from zhudang.checks.examine import Case
from zhudang.checks.openers import archive
from zhudang.checks.zips import ZipTrouble, zip_troubles

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PART_BYTES = 64 * 1024 * 1024
DDE = re.compile(rb"\bDDE(?:AUTO)?\b", re.IGNORECASE)
INSTRUCTION = re.compile(rb"<w:(?:instrText|fldSimple)\b[^>]*?(?:w:instr=\"([^\"]*)\")?[^>]*>([^<]*)")
REMOTE = re.compile(rb"<Relationship\b[^>]*TargetMode=\"External\"[^>]*>")
TARGET = re.compile(rb"Target=\"([^\"]*)\"")
MACRO_STORAGES = {"macros", "_vba_project_cur", "vba"}
ENCRYPTED_STREAMS = {"encryptedpackage", "encryptioninfo"}
RTF_OBJECT = re.compile(rb"\\obj(?:data|emb|autlink|link)\b")


def examine(case: Case) -> None:
    with case.path.open("rb") as stream:
        magic = stream.read(8)
    case.facts["active_content"] = []
    if magic == OLE_MAGIC:
        _ole(case)
    elif magic.startswith(b"PK"):
        _zipped(case)
    elif magic.startswith(b"{\\rtf"):
        _rtf(case)
    else:
        case.find("OFF-006", detail=magic[:4].hex())


def _locked(case: Case) -> None:
    case.facts["encrypted"] = True
    case.find("OFF-002")


def _macro(case: Case, where: str) -> None:
    case.active("macro")
    case.find("OFF-001", where=where)


def _ole(case: Case) -> None:
    try:
        with olefile.OleFileIO(case.path) as ole:
            names = ["/".join(parts) for parts in ole.listdir(streams=True, storages=True)]
            broken = _unreadable_stream(ole) or _sectors_beyond_end(ole, case.size)
    except Exception as trouble:  # a hostile allocation table raises anything
        case.find("OFF-006", detail=f"{type(trouble).__name__}: {trouble}"[:160])
        return
    parts = {part.lower() for name in names for part in name.split("/")}
    if parts & ENCRYPTED_STREAMS or _says_encrypted(case):
        _locked(case)
        return
    case.facts["encrypted"] = False
    if broken:
        case.find("OFF-006", detail=broken)
        return
    if parts & MACRO_STORAGES:
        _macro(case, next(name for name in names if name.split("/")[-1].lower() in MACRO_STORAGES))
    if any(part.startswith("objectpool") or "ole10native" in part for part in parts):
        case.active("embedded_file")
        case.find("OFF-005", count=sum("ole10native" in name.lower() for name in names) or 1)
    if "worddocument" in parts:
        _word_fields(case)
    if "powerpoint document" in parts and _slides_have_macros(case):
        _macro(case, "PowerPoint Document")


def _unreadable_stream(ole: Any) -> str | None:
    """Read every stream to its end: one that is shorter than its entry says was cut off."""
    for parts in ole.listdir(streams=True, storages=False):
        size = ole.get_size(parts)
        if size > PART_BYTES:
            continue
        if len(ole.openstream(parts).read()) < size:
            return "/".join(parts)
    return None


def _sectors_beyond_end(ole: Any, size: int) -> str | None:
    """The allocation table names sectors; the last may be short, but not absent."""
    used = [number for number, following in enumerate(ole.fat) if following != olefile.FREESECT]
    if used and (used[-1] + 1) * ole.sector_size >= size:
        return f"sector {used[-1]}"
    return None


def _says_encrypted(case: Case) -> bool:
    """The flag inside old Word, Excel and PowerPoint files."""
    import msoffcrypto

    try:
        with case.path.open("rb") as stream:
            return bool(msoffcrypto.OfficeFile(stream).is_encrypted())
    except Exception:  # formats it does not know raise its own errors
        return False


def _slides_have_macros(case: Case) -> bool:
    """PowerPoint 97 keeps its macros compressed among the slides."""
    from oletools.olevba import VBA_Parser

    try:
        parser = VBA_Parser(str(case.path))
        found = bool(parser.detect_vba_macros())
        parser.close()
    except Exception:  # the library raises its own on what it cannot parse
        return False
    return found


def _word_fields(case: Case) -> None:
    """DDE fields of a binary Word document stand as plain text between field marks."""
    with olefile.OleFileIO(case.path) as ole:
        content = ole.openstream("WordDocument").read(PART_BYTES)
    for start in re.finditer(rb"\x13([^\x13\x14\x15]{1,400})", content):
        field = start[1].replace(b"\0", b"")
        if DDE.match(field.strip()):
            _dde(case, field)


def _dde(case: Case, field: bytes) -> None:
    case.active("dde")
    case.find("OFF-003", field=field.decode("utf-8", "replace").strip()[:120])


def _zipped(case: Case) -> None:
    """OOXML and OpenDocument."""
    try:
        with zipfile.ZipFile(case.path) as container:
            names = [info.filename for info in container.infolist()]
            troubles = zip_troubles(container, case.path)
            if any(trouble.code == "ZIP-002" for trouble in troubles) or _odf_locked(container, names):
                _locked(case)
                return
            case.facts["encrypted"] = False
            _tell_troubles(case, troubles)
            if not any(trouble.code in archive.STOPS for trouble in troubles):
                _parts(case, container, names)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as trouble:
        case.find("OFF-006", detail=str(trouble)[:160])


def _tell_troubles(case: Case, troubles: list[ZipTrouble]) -> None:
    for trouble in troubles:
        if trouble.code in {"ZIP-001", "ZIP-006"}:
            case.find("OFF-006", detail=trouble.data.get("name", trouble.code))
        elif trouble.code not in {"ZIP-008", "ZIP-010"}:
            case.find(trouble.code, **trouble.data)


def _odf_locked(container: zipfile.ZipFile, names: list[str]) -> bool:
    if "META-INF/manifest.xml" not in names:
        return False
    return b"encryption-data" in _part(container, "META-INF/manifest.xml")


def _part(container: zipfile.ZipFile, name: str) -> bytes:
    with container.open(name) as stream:
        return stream.read(PART_BYTES)


def _parts(case: Case, container: zipfile.ZipFile, names: list[str]) -> None:
    for name in names:
        low = name.lower()
        if low.endswith("vbaproject.bin") or (low.startswith(("basic/", "scripts/")) and low.endswith(".xml")):
            _macro(case, name)
        elif low.endswith(".rels"):
            _remote(case, name, _part(container, name))
        elif low == "word/settings.xml":
            _settings(case, _part(container, name))
        elif low.endswith(".xml") and low.startswith("word/"):
            _fields(case, _part(container, name))
        elif low.startswith("xl/externallinks/") and b"ddeLink" in _part(container, name):
            _dde(case, b"ddeLink")
    embedded = [name for name in names if "/embeddings/" in name.lower() or name.startswith("Object ")]
    if embedded:
        case.active("embedded_file")
        case.find("OFF-005", count=len(embedded))


def _remote(case: Case, name: str, content: bytes) -> None:
    for relation in REMOTE.findall(content):
        found = TARGET.search(relation)
        target = found[1].decode("utf-8", "replace")[:120] if found else "?"
        if b"attachedTemplate" in relation:
            case.active("remote_template")
            case.find("OFF-004", target=target)
        elif b"/hyperlink" not in relation:
            case.active("external_reference")
            case.find("OFF-007", target=target)


def _settings(case: Case, content: bytes) -> None:
    if b"<w:mailMerge" in content:
        case.active("external_reference")
        case.find("OFF-007", target="mailMerge")


def _fields(case: Case, content: bytes) -> None:
    """Field instructions may be cut into runs, so they are joined before they are read."""
    joined = b"".join(attribute + b" " + text for attribute, text in INSTRUCTION.findall(content))
    if DDE.search(joined):
        _dde(case, joined[:120])


def _rtf(case: Case) -> None:
    case.facts["encrypted"] = False
    with case.path.open("rb") as stream:
        content = stream.read(PART_BYTES)
    if case.size <= PART_BYTES and not content.rstrip(b"\0\r\n\t ").endswith(b"}"):
        case.find("OFF-006", detail="no closing brace")
    if RTF_OBJECT.search(content):
        case.active("embedded_file")
        case.find("OFF-005", count=len(RTF_OBJECT.findall(content)))
    if b"\\*\\template" in content and re.search(rb"\\\*\\template\s+(?:https?:|\\\\)", content):
        case.active("remote_template")
        case.find("OFF-004", target="RTF")
    if re.search(rb"\\fldinst[^}]{0,80}\bDDE", content):
        _dde(case, b"RTF")
