"""Trees a PDF keeps beside its pages: names, destinations, logical structure. Their nodes must be what ISO 32000 says.

Only so many nodes are looked at as find what a producer does wrong throughout; whole trees of large documents are not
walked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pikepdf

MOST_NODES = 400
MOST_ELEMENTS = 120
MOST_DESTINATIONS = 200
DEEPEST = 40
KEYS = ("/Dests", "/AP", "/JavaScript", "/Pages", "/Templates", "/IDS", "/URLS", "/EmbeddedFiles", "/Renditions")
Object = Any


def names(pdf: pikepdf.Pdf) -> bool:
    """Whether a name tree has a node that is none. Source: ISO 32000-1 7.9.6."""
    root: Object = pdf.Root.get("/Names")
    if not isinstance(root, pikepdf.Dictionary):
        return False
    waiting = [(root.get(key), 0) for key in KEYS if key in root]
    for _ in range(MOST_NODES):
        if not waiting:
            return False
        node, depth = waiting.pop()
        if not isinstance(node, pikepdf.Dictionary) or depth > DEEPEST or _odd_node(node, depth):
            return True
        kids: Object = node.get("/Kids")
        waiting += [(kid, depth + 1) for kid in list(kids)[:MOST_NODES]] if isinstance(kids, pikepdf.Array) else []
    return False


def _odd_node(node: Object, depth: int) -> bool:
    listed, kids, limits = node.get("/Names"), node.get("/Kids"), node.get("/Limits")
    if "/Names" in node and not (isinstance(listed, pikepdf.Array) and len(listed) % 2 == 0):
        return True
    if "/Kids" in node and not isinstance(kids, pikepdf.Array):
        return True
    if not depth:
        return False
    if "/Names" not in node and "/Kids" not in node:
        return True
    return not (
        isinstance(limits, pikepdf.Array)
        and len(limits) == 2
        and all(isinstance(each, pikepdf.String) for each in limits)
    )


def leads_nowhere(target: Object) -> bool:
    """Whether an explicit destination begins with no page. Source: ISO 32000-1 12.3.2.2."""
    if isinstance(target, pikepdf.Dictionary):
        target = target.get("/D")
    if not isinstance(target, pikepdf.Array):
        return False
    first: Object = target[0] if len(target) else None
    return not isinstance(first, int) and not (isinstance(first, pikepdf.Dictionary) and first.get("/Type") == "/Page")


def destinations(pdf: pikepdf.Pdf) -> bool:
    """Whether an old-style named destination leads nowhere (ISO 32000-1 12.3.2.3)."""
    held: Object = pdf.Root.get("/Dests")
    if not isinstance(held, pikepdf.Dictionary):
        return False
    return any(leads_nowhere(target) for _, (_, target) in zip(range(MOST_DESTINATIONS), held.items(), strict=False))


def structure(pdf: pikepdf.Pdf) -> bool:
    """Whether the structure tree's root or one of its first elements is malformed (ISO 32000-1 14.7.2, 14.7.5)."""
    root: Object = pdf.Root.get("/StructTreeRoot")
    if not isinstance(root, pikepdf.Dictionary):
        return False
    if root.get("/Type") != "/StructTreeRoot":
        return True
    if any(key in root and not isinstance(root.get(key), pikepdf.Dictionary) for key in ("/RoleMap", "/ParentTree")):
        return True
    if "/K" in root and not isinstance(root.get("/K"), pikepdf.Dictionary | pikepdf.Array):
        return True
    return any(_odd_element(element) for element in _elements(root))


def _elements(root: Object) -> Iterator[Object]:
    waiting, count = _children(root), 0
    while waiting and count < MOST_ELEMENTS:
        element = waiting.pop()
        count += 1
        yield element
        if isinstance(element, pikepdf.Dictionary) and "/S" in element:
            waiting += _children(element)


def _children(element: Object) -> list[Object]:
    kids: Object = element.get("/K")
    listed = list(kids)[:MOST_ELEMENTS] if isinstance(kids, pikepdf.Array) else [] if kids is None else [kids]
    return [kid for kid in listed if not isinstance(kid, int)]


def _odd_element(element: Object) -> bool:
    if not isinstance(element, pikepdf.Dictionary):
        return True
    if element.get("/Type") in ("/MCR", "/OBJR"):
        return False
    if not isinstance(element.get("/S"), pikepdf.Name):
        return True
    attributes: Object = element.get("/A")
    if attributes is None:
        return False
    if isinstance(attributes, pikepdf.Array):
        return any(not isinstance(each, pikepdf.Dictionary | pikepdf.Stream | int) for each in attributes)
    return not isinstance(attributes, pikepdf.Dictionary | pikepdf.Stream)
