"""Plain text, lists, XML and HTML: encoding, well-formedness, scripts, cells that start programs."""

from __future__ import annotations

import json
import re
from typing import Any

from lxml import etree

from zhudang.checks.encodings import guess_encoding
from zhudang.checks.examine import Case
from zhudang.checks.openers.office_words import dde, entities, external, macro
from zhudang.checks.openers.text_shape import MOST_TOLD, cut_row, stops_in_a_sentence, uneven_rows
from zhudang.checks.openers.web import ends_early, tell_page
from zhudang.checks.xml_shape import shape

WHOLE_BYTES = 64 * 1024 * 1024
BLANK = "\ufeff \r\n\t"
LEGACY = {"big5", "big5hkscs", "utf-16", "utf-16-le", "utf-16-be", "utf-32"}
FORMULA = re.compile(
    r"(?:^|[,;\t\"'])[ \t]{0,9}[=+@-][^\n\r,;\t]{0,200}?\|[^\n\r]{0,300}?!|(?:^|[,;\t\"])[ \t]{0,9}[=+@-][ \t]{0,9}DDE[ \t]{0,9}\(",
    re.MULTILINE | re.IGNORECASE,
)
"""A cell that starts another program once the list is opened as a sheet: `=cmd|' /c calc'!A0`."""
ASKING = re.compile(
    r"(?:^|[,;\t\"])[ \t]{0,9}[=+@-][^\n\r,;\t]{0,100}?\bWEBSERVICE[ \t]{0,9}\(", re.MULTILINE | re.IGNORECASE
)
"""A cell that sends something to the network once the list is opened as a sheet."""
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
    text = content.decode(encoding, "replace")
    case.facts["text_chars"] = sum(not character.isspace() for character in text)
    is_xml = text.lstrip(BLANK).startswith("<?xml")
    if case.kind == "xml" or (is_xml and case.kind == "text"):
        _xml(case, content, text)
    if case.kind == "html" or case.format.mime == "image/svg+xml":
        page = text.encode("utf-8", "replace")
        tell_page(case, page)
        if case.kind == "html" and ends_early(page):
            case.find("WEB-003")
        if is_xml and shape(text).entities:
            entities(case)
    if case.kind == "text":
        _plain(case, text)
    if case.extension == ".json":
        _json(case, content, encoding)


def _plain(case: Case, text: str) -> None:
    if case.extension in LISTS:
        _list(case, text)
    if case.extension in PROSE and stops_in_a_sentence(text):
        case.find("TXT-006")


def _whole_decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _xml(case: Case, content: bytes, text: str) -> None:
    """Well-formed? Entities and DTDs are not followed; one that asks for it is told."""
    told = shape(text)
    if told.entities:
        entities(case)
    if found := EMBEDDED_MACRO.search(content):
        macro(case, found[0].decode("latin-1"))
    parser: Any = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as trouble:
        case.find("XML-004" if told.cut else "XML-001", detail=str(trouble)[:160])


def _list(case: Case, text: str) -> None:
    if found := FORMULA.search(text):
        dde(case, found[0].encode())
    if found := ASKING.search(text):
        external(case, found[0].strip())
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
