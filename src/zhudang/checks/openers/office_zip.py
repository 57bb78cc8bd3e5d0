"""OOXML and OpenDocument packages: what in them runs, loads from elsewhere, or hides a file."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from lxml import etree

from zhudang.checks.examine import Case
from zhudang.checks.openers import archive, office_parts
from zhudang.checks.openers.office_words import dde, embedded, external, locked, macro, remote_template, runs
from zhudang.checks.zips import ZipTrouble, zip_troubles

PART_BYTES = 64 * 1024 * 1024
FIELD = re.compile(rb"\bDDE(?:AUTO)?\b", re.IGNORECASE)
QUOTED = re.compile(rb"QUOTE((?:\s+\d{1,3})+)")
REMOTE_PLACE = re.compile(r"\A(?:https?|ftp|file://[^/]|\\\\|//|mhtml|webdav)", re.IGNORECASE)
MACRO_SHEET = ("xl/macrosheets/", "xl/dialogsheets/")
ODF_MODULES = re.compile(r"^(?:basic|scripts)/(?!.*script-l[bc]\.xml$).+\.(?:xml|py|js|bsh|bas)$", re.IGNORECASE)
OBJECT_FOLDER = re.compile(r"(Object \d+)(?:/|$)")
"""Where OpenDocument keeps an embedded document."""
APPLET = b"<draw:applet"
ODF_DDE = (b"dde-connection-decl", b"<office:dde-source", b"table:dde-link")
PROGRAM_ACTION = re.compile(rb"action=[\"']ppaction://(?:program|macro)[^\"']*", re.IGNORECASE)
MISSING = etree.XMLSyntaxError
TROUBLES = (
    zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError, EOFError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip
FETCHED = re.compile(rb"\s*(?:INCLUDEPICTURE|INCLUDETEXT|IMPORT|LINK|RD)\s+\S", re.IGNORECASE)
STARTS = re.compile(r"\s*(?:javascript|vbscript|data):", re.IGNORECASE)
FORMULA = re.compile(rb"<f\b[^<>]*>([^<]{3,8192})</f>|formula=\"([^\"<>]{3,8192})\"")
QUOTATION = re.compile(rb"\"[^\"]*\"|&quot;.*?&quot;", re.DOTALL)
CALLS = re.compile(rb"\w\|[^|]*!|\bDDE\(", re.IGNORECASE)
"""In a formula, outside quotation marks: `program|topic!item`, or the function of that name."""
ASKS = re.compile(rb"\bWEBSERVICE\(", re.IGNORECASE)
MACRO_PARTS = frozenset({"vbaProject", "xlMacrosheet", "xlIntlMacrosheet"})
HIDDEN_PARTS = frozenset({"oleObject", "package", "aFChunk"})
Attributes = dict[str, str]


def examine(case: Case) -> None:
    try:
        with zipfile.ZipFile(case.path) as container:
            names = [info.filename for info in container.infolist()]
            troubles = zip_troubles(container, case.path)
            if any(trouble.code == "ZIP-002" for trouble in troubles) or _odf_locked(container, names):
                locked(case)
                return
            case.facts["encrypted"] = False
            _tell_troubles(case, troubles)
            if not any(trouble.code in archive.STOPS for trouble in troubles):
                _parts(case, container, names)
    except TROUBLES as trouble:
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
    lower = {name.lower(): name for name in names}
    hidden = {name for name in names if "/embeddings/" in name.lower()}
    hidden |= {found[1] for name in names if (found := OBJECT_FOLDER.match(name))}
    if "[content_types].xml" in lower:
        hidden |= _ooxml(case, container, names, _part(container, lower["[content_types].xml"]))
    elif "mimetype" in lower or "content.xml" in lower:
        _odf(case, container, names)
    else:
        office_parts.tell(case, container, names, ["[Content_Types].xml"])
    if hidden:
        embedded(case, len(hidden))


def _ooxml(case: Case, container: zipfile.ZipFile, names: list[str], types: bytes) -> set[str]:
    """Tell of everything but embedded files, whose paths are given back."""
    wanted, hidden, main = ["_rels/.rels"], set[str](), set[str]()
    for name in names:
        low = name.lower()
        if low.endswith("vbaproject.bin") or low.startswith(MACRO_SHEET[0]):
            macro(case, name)
        elif "/activex/" in low and low.endswith((".xml", ".bin")):
            runs(case, name)
        elif low.endswith(".rels"):
            for relation in _relations(_part(container, name)):
                _relation(case, relation)
                if target := office_parts.target(name, relation):
                    wanted.append(target)
                    hidden |= {target} if _kind(relation) in HIDDEN_PARTS else set()
                    main |= {target} if _kind(relation) == "officeDocument" else set()
        elif low == "word/settings.xml" and b"mailMerge" in _part(container, name):
            external(case, "mailMerge")
        elif low == "xl/connections.xml":
            external(case, "connections")
        elif low.startswith("xl/externallinks/") and b"ddeLink" in (content := _part(container, name)):
            dde(case, _dde_link(content))
        elif low.endswith(".xml") and low.startswith("xl/worksheets/"):
            _formulas(case, _part(container, name))
        elif low.endswith(".xml") and low.startswith("word/"):
            _fields(case, _part(container, name))
        elif low.startswith("ppt/slides/") and (action := PROGRAM_ACTION.search(_part(container, name))):
            runs(case, action[0].decode("utf-8", "replace"))
    programs = b"vbaProject" in types or b"macrosheet" in types.lower()
    if programs and "macro" not in (case.facts["active_content"] or []):
        macro(case, "[Content_Types].xml")
    office_parts.tell(case, container, names, wanted, main)
    return hidden


def _walk(content: bytes, recover: bool = False, tags: tuple[str, ...] | None = None) -> Iterator[Any]:
    """Elements as they end, each freed behind us; entities and networks stay shut."""
    import io

    source: Any = etree.iterparse(
        io.BytesIO(content), events=("end",), tag=tags, recover=recover, resolve_entities=False, no_network=True,
        huge_tree=True,
    )  # fmt: skip
    for _, element in source:
        yield element
        element.clear()


def _relations(content: bytes) -> list[Attributes]:
    found: list[Attributes] = []
    try:
        for element in _walk(content, recover=True):
            if isinstance(element.tag, str) and etree.QName(element).localname == "Relationship":
                found.append({str(key): str(value) for key, value in element.attrib.items()})
    except MISSING:
        return found
    return found


def _kind(relation: Attributes) -> str:
    return relation.get("Type", "").rsplit("/", 1)[-1]


def _relation(case: Case, relation: Attributes) -> None:
    kind, target = _kind(relation), relation.get("Target", "?")[:120]
    if kind in MACRO_PARTS:
        macro(case, target)
    if relation.get("TargetMode") != "External":
        return
    if kind == "attachedTemplate":
        if REMOTE_PLACE.match(target):
            remote_template(case, target)
        else:
            external(case, target)
    elif kind != "hyperlink":
        external(case, target)
    elif STARTS.match(target):
        runs(case, target)


def _dde_link(content: bytes) -> bytes:
    found = re.search(rb"<(?:\w+:)?ddeLink[^<>]*", content)
    told = re.findall(rb"dde(?:Service|Topic)=\"([^\"]*)\"", found[0]) if found else []
    return b"|".join(told) or b"ddeLink"


def _fields(case: Case, content: bytes) -> None:
    """Field instructions may be cut into runs and hidden in QUOTE fields: put together before they are read."""
    if not re.search(rb"instrText|fldSimple", content):
        return
    for instruction in _instructions(content):
        plain = QUOTED.sub(lambda found: bytes(int(each) & 0xFF for each in found[1].split()), instruction)
        if FIELD.search(plain) or FIELD.search(plain.replace(b" ", b"")):
            dde(case, plain[:120])
            return
        if FETCHED.match(plain):
            external(case, plain.decode("utf-8", "replace").strip()[:120])


def _formulas(case: Case, content: bytes) -> None:
    """Formulas of a sheet, OOXML or OpenDocument, that call another program or fetch from the network."""
    if not (b"|" in content or b"DDE(" in content or b"WEBSERVICE(" in content):
        return
    for found in FORMULA.finditer(content):
        formula = QUOTATION.sub(b"", found[1] or found[2])
        if CALLS.search(formula):
            dde(case, (found[1] or found[2])[:120])
            return
        if ASKS.search(formula):
            external(case, "WEBSERVICE")
            return


def _instructions(content: bytes) -> Iterator[bytes]:
    text: list[str] = []
    try:
        for element in _walk(content, recover=True):
            if not isinstance(element.tag, str):
                continue
            name = etree.QName(element).localname
            attributes = {etree.QName(key).localname: str(value) for key, value in element.attrib.items()}
            if name == "fldSimple":
                yield attributes.get("instr", "").encode()
            elif name == "instrText":
                text.append(element.text or "")
            elif name == "fldChar" and attributes.get("fldCharType") == "end":
                yield "".join(text).encode()
                text = []
    except MISSING:
        pass
    yield "".join(text).encode()


def _odf(case: Case, container: zipfile.ZipFile, names: list[str]) -> None:
    for name in names:
        low = name.lower()
        if ODF_MODULES.match(low):
            macro(case, name)
        elif low.rsplit("/", 1)[-1] in {"content.xml", "styles.xml", "meta.xml", "settings.xml"}:
            _odf_part(case, name, _part(container, name))
    master = "mimetype" in names and b"text-master" in _part(container, "mimetype")
    wanted = [office_parts.MANIFEST, *([] if master else ["content.xml"])]
    if office_parts.MANIFEST in names:
        wanted += office_parts.listed(_part(container, office_parts.MANIFEST), names)
    office_parts.tell(case, container, names, wanted)


def _odf_part(case: Case, name: str, content: bytes) -> None:
    if any(mark in content for mark in ODF_DDE):
        dde(case, b"ODF")
    if re.search(rb"script:language=\"[^\"]+\"|<script:event-listener|vnd\.sun\.star\.script:", content):
        macro(case, name)
    found = re.search(rb"<meta:template\b[^<>]*xlink:href=\"([^\"]*)\"", content)
    if found and REMOTE_PLACE.match(found[1].decode("utf-8", "replace")):
        remote_template(case, found[1].decode("utf-8", "replace")[:120])
    pattern = (
        rb"<(?:draw:image|draw:object|draw:plugin|draw:floating-frame|text:section-source|table:table-source)\b[^<>]*"
    )
    if APPLET in content:
        runs(case, name)
    _formulas(case, content)
    for element in re.findall(pattern, content)[:2000]:
        target = re.search(rb"xlink:href=\"([^\"]*)\"", element)
        if target and re.match(rb"(?:https?|ftp|file):|\.\./|/|\\\\", target[1]):
            external(case, target[1].decode("utf-8", "replace")[:120])
