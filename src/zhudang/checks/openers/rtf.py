"""RTF: objects, fields and templates, read through the ways they are usually disguised."""

from __future__ import annotations

import itertools
import re

from zhudang.checks.examine import Case
from zhudang.checks.openers.office_words import dde, embedded, external, remote_template

WHOLE_BYTES = 64 * 1024 * 1024
OBJECT = re.compile(rb"\\obj(?:data|emb|autlink|link|update|ocx)\b")
TEMPLATE = re.compile(rb"\\\*\s*\\template\b\s?([^}]{0,1000})", re.DOTALL)
FIELD = re.compile(rb"\\fldinst\b")
FIELD_BYTES, MOST = 2000, 20_000
CONTROL = re.compile(rb"\\[a-zA-Z]+-?\d* ?|[{}\r\n]|\\\*")
PLACE = re.compile(rb"\s*(?:(?:https?|ftp|file|mhtml):|\\\\|//)", re.IGNORECASE)


def examine(case: Case) -> None:
    case.facts["encrypted"] = False
    with case.path.open("rb") as stream:
        content = stream.read(WHOLE_BYTES)
    if case.size <= WHOLE_BYTES and _is_cut(content):
        case.find("OFF-006", detail="no closing brace")
    if objects := OBJECT.findall(content):
        embedded(case, sum(each == b"\\objdata" for each in objects) or 1)
    for found in itertools.islice(TEMPLATE.finditer(content), MOST):
        target = _plain(found[1])
        if PLACE.match(target):
            remote_template(case, target.decode("utf-8", "replace")[:120])
    for field in itertools.islice(FIELD.finditer(content), MOST):
        instruction = content[field.end() : field.end() + FIELD_BYTES].split(b"\\fldrslt", 1)[0]
        words = CONTROL.sub(b"", _plain(instruction))
        if re.search(rb"\bDDE(?:AUTO)?\b", words, re.IGNORECASE):
            dde(case, words)
        elif re.match(rb"\s*(?:INCLUDEPICTURE|INCLUDETEXT|IMPORT|LINK)\b", words, re.IGNORECASE):
            external(case, words.decode("utf-8", "replace").strip()[:120])


def _is_cut(content: bytes) -> bool:
    if content.rstrip(b"\0\r\n\t \x1a").endswith(b"}"):
        return False
    plain = re.sub(rb"\\[\\{}]", b"", content)
    return plain.count(b"{") > plain.count(b"}")


def _plain(text: bytes) -> bytes:
    r"""Text with its escapes (\'68, \u104?) resolved."""
    text = re.sub(rb"\\'([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), text)

    def letter(found: re.Match[bytes]) -> bytes:
        return chr(int(found[1]) & 0xFFFF).encode("utf-8", "replace")

    text = text.replace(b"\\\\", b"\\")
    return re.sub(rb"\\u(-?\d{1,5})\s?\??", letter, text)
