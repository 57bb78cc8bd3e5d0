"""Reading OFD (GB/T 33190): container, documents, pages, resources, text. Read only, within limits.

Names are compared without namespace, since files with a wrong one exist and read well otherwise; the
namespace itself is told by `namespaces`.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

OFD_NAMESPACE = "http://www.ofdspec.org/2016"
XML_BYTES = 64 * 1024 * 1024
LINE_MM = 2.0
"""Texts whose tops differ by less stand on one line."""
Element = Any


class OfdError(Exception):
    """The document cannot be followed; `reason` is a word, `detail` the part concerned."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Resource:
    """A file some part refers to, and whether the container has it."""

    path: str
    kind: str
    present: bool
    name: str = ""


class OfdFile:
    """An open OFD container.

    Raises:
        OfdError: `container` (no readable ZIP), `encrypted`, `entry` (no OFD.xml or not XML).
    """

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as trouble:
            raise OfdError("container", str(trouble)) from trouble
        self._names = {info.filename.replace("\\", "/").lstrip("/"): info for info in self._zip.infolist()}
        self._folded = {name.lower(): name for name in self._names}
        if any(info.flag_bits & 1 for info in self._names.values()):
            raise OfdError("encrypted")
        self.namespaces: set[str] = set()
        self.root = self.xml("OFD.xml")

    @property
    def container(self) -> zipfile.ZipFile:
        return self._zip

    def close(self) -> None:
        self._zip.close()

    def names(self) -> list[str]:
        return list(self._names)

    def has(self, path: str) -> bool:
        return self._find(path) is not None

    def _find(self, path: str) -> zipfile.ZipInfo | None:
        name = path.lstrip("/")
        exact = self._names.get(name)
        return exact or self._names.get(self._folded.get(name.lower(), ""))

    def read(self, path: str, limit: int = XML_BYTES) -> bytes:
        """The bytes of one entry; its checksum is verified when it is read to the end."""
        info = self._find(path)
        if info is None:
            raise OfdError("missing", path)
        if info.file_size > limit:
            raise OfdError("too_large", path)
        try:
            with self._zip.open(info) as stream:
                content = stream.read(limit + 1)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as trouble:
            raise OfdError("unreadable", path) from trouble
        except Exception as trouble:  # zlib.error has no public base
            raise OfdError("unreadable", path) from trouble
        if len(content) > limit:
            raise OfdError("too_large", path)
        return content

    def xml(self, path: str) -> Element:
        """The root element of an XML entry; no DTD, no entities, no network."""
        parser: Any = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            root = etree.fromstring(self.read(path), parser)
        except (etree.XMLSyntaxError, ValueError) as trouble:
            raise OfdError("xml", path) from trouble
        self.namespaces.add(etree.QName(root).namespace or "")
        return root

    def documents(self) -> Iterator[OfdDocument]:
        """Every document of the container, in order."""
        for body in children(self.root, "DocBody"):
            location = text_of(body, "DocRoot")
            if location:
                yield OfdDocument(self, resolve("", location), body)

    def pages(self) -> Iterator[tuple[OfdDocument, str]]:
        """(document, path of the page's content) in reading order, over all documents."""
        for document in self.documents():
            for path in document.page_paths():
                yield document, path


class OfdDocument:
    """One document of a container."""

    def __init__(self, ofd: OfdFile, path: str, body: Element) -> None:
        self.ofd = ofd
        self.path = path
        self.folder = posixpath.dirname(path)
        self.body = body
        self.root = ofd.xml(path)

    def page_paths(self) -> list[str]:
        pages = child(self.root, "Pages")
        if pages is None:
            return []
        located = (page.get("BaseLoc") for page in children(pages, "Page"))
        return [resolve(self.folder, place) for place in located if place]

    def templates(self) -> dict[str, str]:
        """Template id → path of its content."""
        common = child(self.root, "CommonData")
        found = children(common, "TemplatePage") if common is not None else []
        return {
            page.get("ID", ""): resolve(self.folder, page.get("BaseLoc", "")) for page in found if page.get("BaseLoc")
        }

    def page_size_mm(self) -> tuple[float, float] | None:
        common = child(self.root, "CommonData")
        area = child(common, "PageArea") if common is not None else None
        return _box(area)

    def resources(self) -> Iterator[Resource]:
        """Fonts and pictures the resource files name. Raises OfdError for a missing resource file."""
        common = child(self.root, "CommonData")
        for kind in ("PublicRes", "DocumentRes"):
            for entry in children(common, kind) if common is not None else []:
                path = resolve(self.folder, (entry.text or "").strip())
                yield from self._resources_in(path)

    def _resources_in(self, path: str) -> Iterator[Resource]:
        if not self.ofd.has(path):
            yield Resource(path, "resource", False)
            return
        root = self.ofd.xml(path)
        base = resolve(posixpath.dirname(path), root.get("BaseLoc", ""))
        for font in descendants(root, "Font"):
            file = text_of(font, "FontFile")
            name = font.get("FontName", "")
            if file is None:
                yield Resource("", "font", False, name)
            else:
                place = resolve(base, file)
                yield Resource(place, "font", self._has_any(place, file), name)
        for media in descendants(root, "MultiMedia"):
            file = text_of(media, "MediaFile")
            if file:
                place = resolve(base, file)
                yield Resource(place, "media", self._has_any(place, file), media.get("ID", ""))

    def _has_any(self, place: str, file: str) -> bool:
        """Writers disagree on what a relative place is relative to; any reading that resolves counts."""
        return any(self.ofd.has(each) for each in (place, resolve(self.folder, file), file))

    def attachments(self) -> list[str]:
        """Names of attached files."""
        location = text_of(self.root, "Attachments")
        if not location:
            return []
        place = resolve(self.folder, location)
        if not self.ofd.has(place):
            raise OfdError("missing", place)
        root = self.ofd.xml(place)
        return [each.get("Name", "?") for each in descendants(root, "Attachment")]

    def page_text(self, path: str) -> str:
        """Text of a page and its templates, line by line from the top."""
        root = self.ofd.xml(path)
        templates = self.templates()
        pieces: list[tuple[float, float, str]] = []
        for used in children(root, "Template"):
            place = templates.get(used.get("TemplateID", ""))
            if place and self.ofd.has(place):
                pieces += _pieces(self.ofd.xml(place))
        pieces += _pieces(root)
        return _lines(pieces)


def _pieces(root: Element) -> list[tuple[float, float, str]]:
    """(top, left, text) of every text object, in mm."""
    found = []
    for thing in descendants(root, "TextObject"):
        box = _numbers(thing.get("Boundary", ""))
        left, top = (box[0], box[1]) if len(box) >= 2 else (0.0, 0.0)
        for code in descendants(thing, "TextCode"):
            if code.text:
                shift = _number(code.get("Y"))
                found.append((top + shift, left + _number(code.get("X")), code.text))
    return found


def _lines(pieces: list[tuple[float, float, str]]) -> str:
    ordered = sorted(pieces, key=lambda piece: piece[0])
    lines: list[list[tuple[float, float, str]]] = []
    for piece in ordered:
        if lines and piece[0] - lines[-1][0][0] < LINE_MM:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return "\n".join("".join(text for _, _, text in sorted(line, key=lambda piece: piece[1])) for line in lines)


def resolve(folder: str, place: str) -> str:
    """A place inside the container; absolute ones start at its root, none leaves it."""
    place = place.replace("\\", "/")
    joined = place if place.startswith("/") else posixpath.join("/", folder, place)
    return posixpath.normpath(joined).lstrip("/")


def local(element: Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def children(element: Element, name: str) -> list[Element]:
    return [each for each in element if local(each) == name]


def child(element: Element, name: str) -> Element | None:
    return next(iter(children(element, name)), None)


def descendants(element: Element, name: str) -> list[Element]:
    return [each for each in element.iter() if local(each) == name]


def text_of(element: Element, name: str) -> str | None:
    """Stripped text of the first descendant called `name`, None when absent or empty."""
    found = next(iter(descendants(element, name)), None)
    text = (found.text or "").strip() if found is not None else ""
    return text or None


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split()]
    except ValueError:
        return []


def _number(text: str | None) -> float:
    numbers = _numbers(text or "")
    return numbers[0] if numbers else 0.0


def _box(area: Element | None) -> tuple[float, float] | None:
    if area is None:
        return None
    numbers = _numbers(text_of(area, "PhysicalBox") or "")
    return (numbers[2], numbers[3]) if len(numbers) == 4 else None
