"""Web pages: scripts and what they fetch from elsewhere are told; nothing is fetched."""

from __future__ import annotations

import re

from zhudang.checks.examine import Case

SCRIPT = re.compile(
    rb"<script\b|(?:href|src|action)\s{0,9}=\s{0,9}[\"']?\s{0,9}(?:javascript|vbscript):"
    rb"|\son[a-z]{3,20}\s{0,9}=\s{0,9}[\"']|data:text/html|data:[^,\"']{0,80}javascript",
    re.IGNORECASE,
)
# Without "<" in a tag every byte is looked at once, however many tags stay open.
TAG = re.compile(
    rb"<(?:img|script|iframe|frame|embed|source|video|audio|input|link|object)\b([^<>]{0,4000})", re.IGNORECASE
)
PLACE = re.compile(rb"\s(?:src|href|data)\s{0,9}=\s{0,9}[\"']?\s{0,9}((?:https?:)?//[^\"'\s>]{1,300})", re.IGNORECASE)
CANONICAL = re.compile(rb"rel\s*=\s*[\"']?(?:canonical|alternate|next|prev|shortlink)", re.IGNORECASE)
SHOWN = 10


def tell_page(case: Case, content: bytes, *, inside: bool = False) -> None:
    """Scripts and outside references of one page. `inside`: the page is a part of a message."""
    if SCRIPT.search(content):
        case.active("script")
        case.find("WEB-001")
    places = []
    for tag in TAG.finditer(content):
        found = PLACE.search(tag[1])
        if found and not CANONICAL.search(tag[1]):
            places.append(found[1].decode("utf-8", "replace")[:160])
        if len(places) >= 1000:
            break
    if places:
        case.active("external_reference")
        case.find("WEB-002", count=len(places), places=sorted(set(places))[:SHOWN])
    if not inside:
        case.facts["active_content"] = case.facts["active_content"] or []
