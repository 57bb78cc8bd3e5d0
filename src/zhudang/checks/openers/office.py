"""Office documents: locked, macros, DDE, remote templates, embedded objects. Nothing in them is run."""

from __future__ import annotations

import re

import olefile

from zhudang.checks.examine import Case
from zhudang.checks.openers import biff, office_zip, ole_parts, rtf
from zhudang.checks.openers.office_words import dde, embedded, external, locked, macro, remote_template

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ONENOTE_MAGIC = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"
ONENOTE_FILE = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
"""Mark before each file kept in a notebook ([MS-ONESTORE] 2.6.13)."""
ONENOTE_LENGTH = slice(196, 204)
"""Bytes of the whole file, as its header tells ([MS-ONESTORE] 2.3.1 cbExpectedFileLength)."""
OLD_EXCEL = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
PART_BYTES = ole_parts.PART_BYTES
DDE = re.compile(rb"\bDDE(?:AUTO)?\b", re.IGNORECASE)
MACRO_STORAGES = {"macros", "_vba_project_cur", "vba"}
ENCRYPTED_STREAMS = {"encryptedpackage", "encryptioninfo"}
WORKBOOKS = {"workbook", "book"}
REMOTE_DOT = re.compile(rb"(?:h\0t\0t\0p\0s?\0?:\0|\\\0\\\0)(?:[^\0]\0){3,200}?\.\0d\0o\0t\0", re.IGNORECASE)


def examine(case: Case) -> None:
    with case.path.open("rb") as stream:
        magic = stream.read(8)
    case.facts["active_content"] = []
    if magic == OLE_MAGIC:
        _ole(case)
    elif magic.startswith(b"PK"):
        office_zip.examine(case)
    elif magic.startswith(b"{\\rt"):
        rtf.examine(case)
    elif magic.startswith(OLD_EXCEL):
        _workbook(case, case.path.read_bytes()[:PART_BYTES])
    elif magic.startswith(ONENOTE_MAGIC):
        _notebook(case)
    elif case.format.id:
        # Older than any program here, and not known to be broken.
        case.find("FMT-004", extension=case.extension, format=case.format.name, id=case.format.id)
    else:
        case.find("OFF-006", detail=magic[:4].hex())


def _notebook(case: Case) -> None:
    """OneNote: named, its length compared, files kept in it counted, its pages not opened."""
    with case.path.open("rb") as stream:
        content = stream.read(PART_BYTES)
    count, length = content.count(ONENOTE_FILE), int.from_bytes(content[ONENOTE_LENGTH], "little")
    if len(content) < ONENOTE_LENGTH.stop or length > case.size:
        case.find("OFF-006", detail=f"{length} > {case.size}")
        return
    if count:
        embedded(case, count)
    case.find("FMT-004", extension=case.extension, format=case.format.name, id=case.format.id)


def _ole(case: Case) -> None:
    try:
        with olefile.OleFileIO(case.path) as ole:
            names = ["/".join(parts) for parts in ole.listdir(streams=True, storages=True)]
            broken = ole_parts.lost(ole, case.size, {".doc", ".xls", ".ppt"} & {case.extension})
            irregular = ole_parts.irregular(ole)
    except Exception as trouble:  # a hostile allocation table raises anything
        case.find("OFF-006", detail=f"{type(trouble).__name__}: {trouble}"[:160])
        return
    parts = {part.lower() for name in names for part in name.split("/")}
    if parts & ENCRYPTED_STREAMS or _says_encrypted(case):
        locked(case)
        return
    case.facts["encrypted"] = False
    if broken:
        case.find("OFF-006", detail=broken)
        return
    if irregular:
        case.find("OFF-009", count=len(irregular), details=irregular[:6])
    if parts & MACRO_STORAGES:
        macro(case, next(name for name in names if name.split("/")[-1].lower() in MACRO_STORAGES))
    _hidden_files(case, names)
    if "worddocument" in parts:
        _word_fields(case)
    for name in names:
        if name.lower() in WORKBOOKS:
            with olefile.OleFileIO(case.path) as ole:
                _workbook(case, ole.openstream(name).read(PART_BYTES))
    if "powerpoint document" in parts and _slides_have_macros(case):
        macro(case, "PowerPoint Document")


def _hidden_files(case: Case, names: list[str]) -> None:
    """Embedded objects: Word keeps them in a pool, Excel in numbered storages, packages in a stream of their own."""
    storages = {part for name in names for part in name.split("/") if re.fullmatch(r"MBD[0-9A-F]{8}|_\d{6,10}", part)}
    packages = sum("ole10native" in name.lower() for name in names)
    if storages or packages or any(name.lower() == "objectpool" for name in names):
        count = max(len(storages), packages)
        if count:
            embedded(case, count)


def _workbook(case: Case, stream: bytes) -> None:
    book = biff.read(stream)
    if book.locked:
        locked(case)
        return
    case.facts["encrypted"] = case.facts["encrypted"] or False
    if not book.whole:
        case.find("OFF-006", detail="Workbook")
    if book.macro_sheets:
        macro(case, "Excel 4.0")
    for field in book.dde[:20]:
        dde(case, field.encode())
    for target in book.links[:20]:
        external(case, target[:120])


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
        tables = [name for name in ("1Table", "0Table") if ole.exists(name)]
        settings = b"".join(ole.openstream(name).read(PART_BYTES) for name in tables)
    if found := REMOTE_DOT.search(settings):
        remote_template(case, found[0].replace(b"\0", b"").decode("latin-1")[:120])
    for start in re.finditer(rb"\x13([^\x13\x14\x15]{1,400})", content):
        field = start[1].replace(b"\0", b"")
        if DDE.match(field.strip()):
            dde(case, field)
