"""Plain text, lists, XML and HTML: encoding, well-formedness, scripts, cells that start programs."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.parsers import expat

from lxml import etree

from zhudang.checks.encodings import guess_encoding
from zhudang.checks.examine import Case
from zhudang.checks.openers.office_words import dde, macro
from zhudang.checks.openers.text_shape import MOST_TOLD, cut_row, stops_in_a_sentence, uneven_rows
from zhudang.checks.openers.web import tell_page

WHOLE_BYTES = 64 * 1024 * 1024
BLANK = "\ufeff \r\n\t"
LEGACY = {"big5", "big5hkscs", "utf-16", "utf-16-le", "utf-16-be", "utf-32"}
FORMULA = re.compile(
    r"(?:^|[,;\t\"'])[ \t]{0,9}[=+@-][^\n\r,;\t]{0,200}?\|[^\n\r]{0,300}?!|(?:^|[,;\t\"])[ \t]{0,9}[=+@-][ \t]{0,9}DDE[ \t]{0,9}\(",
    re.MULTILINE | re.IGNORECASE,
)
"""A cell that starts another program once the list is opened as a sheet: `=cmd|' /c calc'!A0`."""
LISTS = frozenset({".csv", ".tsv", ".slk", ".tab", ".dif"})
ROWS = frozenset({".csv", ".tsv", ".tab"})
PROSE = frozenset({".txt", ".text", ".asc", ""})
SLK_MACRO = re.compile(r"^(?:O;E|NN;NAuto_open|C;.*EEXEC\()", re.MULTILINE | re.IGNORECASE)
EMBEDDED_MACRO = re.compile(rb"editdata\.mso|<w:binData|QWN0aXZlTWltZ|<office:scripts>\s*<|<MacroSheet", re.IGNORECASE)
"""Macros in documents saved as one XML file (Word 2003 XML, flat OpenDocument)."""


def examine(case: Case) -> None:
    encoding = guess_encoding(case.path)
    case.facts["encoding"] = encoding
    case.facts["encrypted"] = False
    if encoding is None:
        case.find("TXT-001")
        return
    if encoding in LEGACY:
        case.find("TXT-003", encoding=encoding)
    if case.size > WHOLE_BYTES:
        case.not_checked["TXT-002"] = "too_large"
        return
    content = case.path.read_bytes()
    if not _whole_decodes(content, encoding):
        case.find("TXT-002", encoding=encoding)
    case.facts["text_chars"] = _characters(content, encoding)
    if case.kind == "xml":
        _xml(case, content)
    if case.kind == "html" or case.format.mime == "image/svg+xml":
        tell_page(case, content)
    if case.kind == "text" and case.extension in LISTS:
        _list(case, content.decode(encoding, "replace"))
    if case.kind == "text" and case.extension in PROSE and stops_in_a_sentence(content.decode(encoding, "replace")):
        case.find("TXT-006")
    if case.extension == ".json":
        _json(case, content, encoding)


def _whole_decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _characters(content: bytes, encoding: str) -> int:
    text = content.decode(encoding, "replace")
    return sum(not character.isspace() for character in text)


def _xml(case: Case, content: bytes) -> None:
    """Well-formed? Entities and DTDs are not followed; one that asks for it is told."""
    if b"<!ENTITY" in content[:65536]:
        case.active("external_reference")
        case.find("XML-002")
    if found := EMBEDDED_MACRO.search(content):
        macro(case, found[0].decode("latin-1"))
    parser: Any = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as trouble:
        cut = _open_at_end(content.decode(case.facts["encoding"] or "utf-8", "replace"))
        case.find("XML-004" if cut else "XML-001", detail=str(trouble)[:160])


def _open_at_end(text: str) -> bool:
    """Whether nothing is wrong but that the text ends before its root element does."""
    begun: list[str] = []
    # The text is decoded already, whatever its declaration says; entities are neither fetched nor expanded.
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, _: begun.append(name) if not begun else None
    parser.DefaultHandler = lambda _: None
    try:
        parser.Parse(text.lstrip(BLANK).encode("utf-8", "replace"), False)
    except (expat.ExpatError, ValueError):
        return False
    try:
        parser.Parse(b"", True)
    except expat.ExpatError:
        return bool(begun)
    return False


def _list(case: Case, text: str) -> None:
    if found := FORMULA.search(text):
        dde(case, found[0].encode())
    if case.extension in ROWS:
        _tell_rows(case, text, "\t" if case.extension != ".csv" else "")
    if text.startswith("ID;P") and (macros := SLK_MACRO.search(text)):
        macro(case, macros[0][:40])


def _tell_rows(case: Case, text: str, separator: str) -> None:
    if cut_row(text, separator):
        case.find("TXT-004")
        return
    cells, odd = uneven_rows(text, separator)
    if odd:
        case.find("TXT-005", cells=cells, count=len(odd), rows=odd[:MOST_TOLD])


def _json(case: Case, content: bytes, encoding: str) -> None:
    try:
        json.loads(content.decode(encoding, "replace"))
    except json.JSONDecodeError as trouble:
        cut = trouble.pos >= len(trouble.doc.rstrip()) or trouble.msg.startswith("Unterminated string")
        opened = trouble.doc.lstrip(BLANK)[:1] in ("{", "[")
        case.find("XML-004" if cut and opened else "XML-003", detail=str(trouble)[:120])
    except (ValueError, RecursionError) as trouble:
        case.find("XML-003", detail=str(trouble)[:120])
