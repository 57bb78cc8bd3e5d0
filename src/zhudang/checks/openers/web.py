"""Web pages: scripts and what they fetch from elsewhere are told; nothing is fetched."""

from __future__ import annotations

import itertools
import re

from zhudang.checks.examine import Case

SCRIPT = re.compile(
    rb"<script\b|[\s\"'](?:(?:xlink:)?href|src|action|values|to|formaction|srcdoc)\s{0,9}=\s{0,9}[\"']?\s{0,9}"
    rb"(?:javascript|vbscript|&lt;script)"
    rb"|<[a-z][^<>]{0,2000}[\s/\"']on[a-z]{3,20}\s{0,9}=|<(?:set|animate)\b[^<>]{0,400}attributeName\s*=\s*[\"']?on[a-z]"
    rb"|data:text/html|data:[^,\"']{0,80}javascript|<applet\b|<object\b[^<>]{0,1000}\bclassid\s*=",
    re.IGNORECASE,
)
HIDDEN_BREAK = re.compile(rb"(?:&#x?0*(?:9|a|d|10|13);|&(?:tab|newline);|[\t\r\n\0])+", re.IGNORECASE)
"""Breaks that a browser passes over within the name of a protocol."""
PROTOCOL = re.compile(
    rb"[\"'=\s](?:(?:xlink:)?href|src|action|formaction)\s{0,9}=\s{0,9}[\"']?([^\"'<>]{0,60}:)", re.IGNORECASE
)
# Without "<" in a tag every byte is looked at once, however many tags stay open.
TAG = re.compile(
    rb"<(?:img|image|use|feImage|script|iframe|frame|embed|source|video|audio|input|link|object|base)\b([^<>]{0,4000})",
    re.IGNORECASE,
)
PLACE = re.compile(
    rb"\s(?:src|(?:xlink:)?href|data)\s{0,9}=\s{0,9}[\"']?\s{0,9}((?:https?:)?//[^\"'\s>]{1,300})", re.IGNORECASE
)
STYLED = re.compile(
    rb"(?:url\(\s{0,9}[\"']?|@import\s{1,9}[\"'])\s{0,9}((?:https?:)?//[^\"'\s)>]{1,300})"
    rb"|http-equiv\s*=\s*[\"']?refresh[^<>]{0,200}?url\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]{1,300})",
    re.IGNORECASE,
)
CANONICAL = re.compile(rb"rel\s*=\s*[\"']?(?:canonical|alternate|next|prev|shortlink)", re.IGNORECASE)
OPEN_TAG = re.compile(rb"</?[a-z][^<>]*\Z|<!--(?:(?!-->).)*\Z", re.IGNORECASE | re.DOTALL)
BEGUN = re.compile(rb"<html\b", re.IGNORECASE)
ENDED = re.compile(rb"</(?:html|body)\s*>|</frameset", re.IGNORECASE)
TAIL_BYTES, BEGUN_WITHIN = 4096, 4096
SHOWN, MOST_PLACES = 10, 1000


def tell_page(case: Case, content: bytes, *, inside: bool = False) -> None:
    """Scripts and outside references of one page. `inside`: the page is a part of a message."""
    if SCRIPT.search(content) or _disguised(content):
        case.active("script")
        case.find("WEB-001")
    places = []
    for tag in TAG.finditer(content):
        found = PLACE.search(tag[1])
        if found and not CANONICAL.search(tag[1]):
            places.append(found[1].decode("utf-8", "replace")[:160])
        if len(places) >= MOST_PLACES:
            break
    for found in itertools.islice(STYLED.finditer(content), MOST_PLACES):
        places.append((found[1] or found[2]).decode("utf-8", "replace")[:160])
    if places:
        case.active("external_reference")
        case.find("WEB-002", count=len(places), places=sorted(set(places))[:SHOWN])
    if not inside:
        case.facts["active_content"] = case.facts["active_content"] or []


def ends_early(content: bytes) -> bool:
    """Whether a page stops within a tag, or was begun as a whole page and never ended."""
    tail = content[-TAIL_BYTES:].rstrip(b"\0 \r\n\t")
    if OPEN_TAG.search(tail):
        return True
    return bool(BEGUN.search(content[:BEGUN_WITHIN])) and not ENDED.search(content)


def _disguised(content: bytes) -> bool:
    """Whether a protocol that runs a script is broken by letters that browsers leave out."""
    for found in itertools.islice(PROTOCOL.finditer(content), MOST_PLACES):
        if HIDDEN_BREAK.sub(b"", found[1]).strip().lower() in {b"javascript:", b"vbscript:"}:
            return True
    return False
