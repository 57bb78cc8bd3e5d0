"""Parts of OOXML and OpenDocument packages: each well-formed, without entities, and all there that others name."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable, Mapping, Set
from urllib.parse import unquote

from lxml import etree

from zhudang.checks.examine import Case
from zhudang.checks.openers.office_words import entities
from zhudang.checks.xml_shape import shape

PART_BYTES = 64 * 1024 * 1024
MOST_PARTS, MOST_TOLD = 5000, 6
CONTENT = re.compile(
    r"(?:word/document\d*|xl/(?:workbook|sharedstrings|worksheets/[^/]+)|ppt/(?:presentation|slides/[^/]+)|content)\.xml"
)
"""Parts, in small letters, that hold what the document says; without another one a program repairs and opens it."""
MANIFEST = "META-INF/manifest.xml"
Relation = Mapping[str, str]


def tell(
    case: Case, container: zipfile.ZipFile, names: list[str], wanted: Iterable[str], main: Set[str] = frozenset()
) -> None:
    """Note parts that are missing or broken.

    Args:
        wanted: parts that others name and that the package should hold.
        main: those of them a program begins with, whatever they are called.
    """
    present = {name.lower() for name in names}
    faults = [(name, "missing") for name in dict.fromkeys(wanted) if name.lower() not in present]
    declares = False
    for name in [name for name in names if name.lower().endswith((".xml", ".rels"))][:MOST_PARTS]:
        with container.open(name) as stream:
            content = stream.read(PART_BYTES)
        if not content and name.startswith("Configurations2/"):
            continue  # OpenOffice writes settings nobody made as files of no bytes
        seen = shape(content)
        declares |= seen.entities
        if seen.trouble and container.getinfo(name).file_size <= PART_BYTES:
            faults.append((name, seen.trouble))
    if declares:
        entities(case)
    lost: list[str] = []
    loose: list[str] = []
    for name, why in faults:
        (lost if name in main or CONTENT.fullmatch(name.lower()) else loose).append(f"{name}: {why}")
    if lost:
        case.find("OFF-006", detail=lost[0][:160])
    if loose:
        case.find("OFF-009", count=len(loose), details=[each[:120] for each in loose[:MOST_TOLD]])


def target(relations: str, relation: Relation) -> str:
    """Path in the package of what a relation within it leads to; empty when it leads outside or nowhere.

    Args:
        relations: path of the part of relations; its targets are as seen from the folder above. Source: OPC 8.3.
    """
    place = unquote(relation.get("Target", "").partition("#")[0]).replace("\\", "/")
    if relation.get("TargetMode") == "External" or not place or place.endswith("NULL") or ":" in place:
        return ""
    folder = posixpath.dirname(posixpath.dirname(relations))
    return posixpath.normpath(posixpath.join("/", folder, place)).lstrip("/")


def listed(manifest: bytes, names: list[str]) -> list[str]:
    """Files an OpenDocument manifest lists; folders, with their slash or without it, are not files."""
    folders = {parent for name in names for parent in _parents(name)}
    try:
        root = etree.fromstring(manifest, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    except (etree.XMLSyntaxError, ValueError):
        return []
    if root is None:
        return []
    paths = [
        str(value)
        for element in root.iter()
        for key, value in element.attrib.items()
        if etree.QName(key).localname == "full-path"
    ]
    return [path for path in paths if path and not path.endswith("/") and path not in folders]


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
