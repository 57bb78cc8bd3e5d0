"""Web pages: scripts and what they fetch from elsewhere are told; nothing is fetched."""

from __future__ import annotations

import re

from zhudang.checks.examine import Case

SCRIPT = re.compile(
    rb"<script\b|(?:href|src|action)\s*=\s*[\"']?\s*(?:javascript|vbscript):|\son[a-z]{3,20}\s*=\s*[\"']|data:text/html"
    rb"|data:[^,\"']{0,80}javascript",
    re.IGNORECASE,
)
FETCHED = re.compile(
    rb"<(?:img|script|iframe|frame|embed|source|video|audio|input|link|object)\b[^>]*?\s(?:src|href|data)\s*=\s*[\"']?"
    rb"\s*((?:https?:)?//[^\"'\s>]{1,300})",
    re.IGNORECASE,
)
CANONICAL = re.compile(rb"rel\s*=\s*[\"']?(?:canonical|alternate|next|prev|shortlink)", re.IGNORECASE)
SHOWN = 10


def tell_page(case: Case, content: bytes, *, inside: bool = False) -> None:
    """Scripts and outside references of one page. `inside`: the page is a part of a message."""
    if SCRIPT.search(content):
        case.active("script")
        case.find("WEB-001")
    places = []
    for found in FETCHED.finditer(content):
        if not CANONICAL.search(found[0]):
            places.append(found[1].decode("utf-8", "replace")[:160])
        if len(places) >= 1000:
            break
    if places:
        case.active("external_reference")
        case.find("WEB-002", count=len(places), places=sorted(set(places))[:SHOWN])
    if not inside:
        case.facts["active_content"] = case.facts["active_content"] or []
