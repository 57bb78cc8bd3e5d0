"""Plain text, lists, XML, HTML and e-mail: encoding, well-formedness, scripts."""

from __future__ import annotations

import json
import re
from typing import Any

from lxml import etree

from zhudang.checks.encodings import guess_encoding
from zhudang.checks.examine import Case

WHOLE_BYTES = 64 * 1024 * 1024
LEGACY = {"big5", "big5hkscs", "utf-16", "utf-16-le", "utf-16-be", "utf-32"}
SCRIPT = re.compile(rb"<script\b|javascript:|\bon(?:load|click|error)\s*=|data:text/html", re.IGNORECASE)


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
    if case.kind == "html":
        _html(case, content)
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
    parser: Any = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as trouble:
        case.find("XML-001", detail=str(trouble)[:160])


def _html(case: Case, content: bytes) -> None:
    if SCRIPT.search(content):
        case.active("script")
        case.find("WEB-001")
    case.facts["active_content"] = case.facts["active_content"] or []


def _json(case: Case, content: bytes, encoding: str) -> None:
    try:
        json.loads(content.decode(encoding, "replace"))
    except (ValueError, RecursionError) as trouble:
        case.find("XML-003", detail=str(trouble)[:120])
