"""Reading OFD (GB/T 33190): container, documents, pages, resources, text. Read only, within limits.

Names are compared without namespace, since files with a wrong one exist and read well otherwise; the
namespace itself is told by `namespaces`.
"""

from __future__ import annotations

import hashlib
import math
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from zhudang.checks import limits
from zhudang.checks.zips import shown_name

OFD_NAMESPACE = "http://www.ofdspec.org/2016"
XML_BYTES = 40 * 1024 * 1024
"""Largest part parsed: its tree takes up to ten times as much."""
KEPT_BYTES, KEPT_PARTS = 64 * 1024, 100
"""Small parts read more than once (templates, resource lists) stay parsed."""
READ_BYTES = 1024 * 1024
Element = Any


class OfdError(Exception):
    """The document cannot be followed; `reason` is a word, `detail` the part concerned."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Resource:
    """Something a resource file defines (`font`, `media`, `unit`, `other`) or a file that should be there.

    `path` is where its file is, empty without one; `present` whether the container has it.
    """

    path: str
    kind: str
    present: bool
    name: str = ""
    id: str = ""
    element: Element = None


class OfdFile:
    """An open OFD container.

    `deviations` collects where the container leaves the standard and is followed all the same.

    Raises:
        OfdError: `container` (no readable ZIP), `encrypted`, `missing` (no OFD.xml), `xml` (it is none).
    """

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as trouble:
            raise OfdError("container", str(trouble)) from trouble
        self.namespaces: set[str] = set()
        self.deviations: list[str] = []
        self._digests: dict[tuple[str, str], bytes] = {}
        self._xml: dict[str, Element] = {}
        self._names = self._entries()
        self._folded = {name.lower(): name for name in self._names}
        self._alike = self._twins()
        if any(info.flag_bits & 1 for info in self._names.values()) or self.has("Encryptions.xml"):
            raise OfdError("encrypted")
        self.root = self.xml("OFD.xml")
        if local(self.root) != "OFD":
            raise OfdError("xml", "OFD.xml")

    def _entries(self) -> dict[str, zipfile.ZipInfo]:
        """Place → entry. Names in GBK or with backslashes are read as they were meant; so is a folder packed whole."""
        names = {shown_name(info).replace("\\", "/").lstrip("/"): info for info in self._zip.infolist()}
        if any("\\" in info.filename for info in self._zip.infolist()):
            self.deviations.append("\\")
        if any(name.lower() == "ofd.xml" for name in names):
            if "OFD.xml" not in names:
                self.deviations.append(next(name for name in names if name.lower() == "ofd.xml"))
            return names
        nested = [name for name in names if re.fullmatch(r"[^/]+/ofd\.xml", name, re.IGNORECASE)]
        if len(nested) != 1:
            return names
        self.deviations.append(nested[0])
        folder = nested[0].partition("/")[0] + "/"
        return {name.removeprefix(folder): info for name, info in names.items()}

    def _twins(self) -> dict[str, list[zipfile.ZipInfo]]:
        """Entries that differ in nothing but the case of letters: which of them is read depends on the reader."""
        alike: dict[str, list[zipfile.ZipInfo]] = {}
        for info in self._zip.infolist():
            alike.setdefault(shown_name(info).replace("\\", "/").lstrip("/").lower(), []).append(info)
        return {name: entries for name, entries in alike.items() if len(entries) > 1}

    @property
    def container(self) -> zipfile.ZipFile:
        return self._zip

    def close(self) -> None:
        self._zip.close()

    def files(self) -> list[str]:
        """Every entry that is no folder."""
        return [name for name, info in self._names.items() if name and not info.is_dir()]

    def has(self, path: str) -> bool:
        return self._find(path) is not None

    def stored(self, path: str) -> str | None:
        """The name an entry is stored under; None when there is none of that name in either case of letters."""
        name = path.lstrip("/")
        return name if name in self._names else self._folded.get(name.lower())

    def locate(self, place: str, folder: str, *others: str) -> str | None:
        """The entry a place means; writers disagree on what it is relative to, so any reading that resolves counts."""
        for base in (folder, *others, ""):
            if name := self.stored(resolve(base, place)):
                return name
        return None

    def _find(self, path: str) -> zipfile.ZipInfo | None:
        return self._names.get(self.stored(path) or "")

    def read(self, path: str, limit: int = XML_BYTES) -> bytes:
        """The bytes of one entry; its checksum is verified when it is read to the end."""
        return b"".join(self._chunks(path, limit))

    def digest(self, path: str, name: str) -> bytes:
        """Digest of one entry under hashlib's name, whatever its size; read once."""
        key = (self.stored(path) or path, name)
        if key not in self._digests:
            running = hashlib.new(name, usedforsecurity=False)
            for chunk in self._chunks(path, limits.MEMBER_BYTES):
                running.update(chunk)
            self._digests[key] = running.digest()
        return self._digests[key]

    def digests(self, path: str, name: str) -> set[bytes]:
        """Digests of all entries one reader or another takes for this part; one where the container is sound."""
        found = {self.digest(path, name)}
        for info in self._alike.get(path.lstrip("/").lower(), ()):
            running = hashlib.new(name, usedforsecurity=False)
            for chunk in self._entry(info, path, limits.MEMBER_BYTES):
                running.update(chunk)
            found.add(running.digest())
        return found

    def head(self, path: str, size: int) -> bytes:
        """The first bytes of one entry; none where it cannot be read."""
        info = self._find(path)
        try:
            with self._zip.open(info) as stream:  # type: ignore[arg-type]
                return stream.read(size)
        except Exception:  # zlib.error and others of the codecs have no common base
            return b""

    def _chunks(self, path: str, limit: int) -> Iterator[bytes]:
        info = self._find(path)
        if info is None:
            raise OfdError("missing", path)
        yield from self._entry(info, path, limit)

    def _entry(self, info: zipfile.ZipInfo, path: str, limit: int) -> Iterator[bytes]:
        if info.file_size > limit:
            raise OfdError("too_large", path)
        left = limit
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(READ_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise OfdError("too_large", path)
                    yield chunk
        except OfdError:
            raise
        except Exception as trouble:  # zlib.error and others of the codecs have no common base
            raise OfdError("unreadable", path) from trouble

    def xml(self, path: str) -> Element:
        """The root element of an XML entry; no DTD, no entities, no network. Small ones are parsed once."""
        key = self.stored(path) or path
        if key in self._xml:
            return self._xml[key]
        parser: Any = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        content = self.read(path)
        try:
            root = etree.fromstring(content, parser)
        except (etree.XMLSyntaxError, ValueError) as trouble:
            raise OfdError("xml", path) from trouble
        self.namespaces.add(etree.QName(root).namespace or "")
        if len(content) <= KEPT_BYTES and len(self._xml) < KEPT_PARTS:
            self._xml[key] = root
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
            for page in document.pages():
                yield document, page.path


@dataclass(frozen=True, slots=True)
class PagePlace:
    """A page as the document lists it."""

    id: str
    path: str


class OfdDocument:
    """One document of a container. Raises OfdError when its Document.xml is missing or broken."""

    def __init__(self, ofd: OfdFile, path: str, body: Element) -> None:
        self.ofd = ofd
        self.path = path
        self.folder = posixpath.dirname(path)
        self.body = body
        self.root = ofd.xml(path)
        if local(self.root) != "Document":
            raise OfdError("xml", path)
        self.common = child(self.root, "CommonData")
        self._templates: dict[str, str] | None = None
        self._resources: list[Resource] | None = None

    def place(self, location: str, folder: str | None = None) -> str:
        """Where a location of this document points: an entry of the container, else where it should be."""
        base = self.folder if folder is None else folder
        return self.ofd.locate(location, base, self.folder) or resolve(base, location)

    def pages(self) -> list[PagePlace]:
        pages = child(self.root, "Pages")
        if pages is None:
            return []
        return [
            PagePlace(page.get("ID", ""), self.place(page.get("BaseLoc", "")))
            for page in children(pages, "Page")
            if page.get("BaseLoc")
        ]

    def templates(self) -> dict[str, str]:
        """Template id → path of its content."""
        if self._templates is None:
            found = children(self.common, "TemplatePage") if self.common is not None else []
            self._templates = {
                page.get("ID", ""): self.place(page.get("BaseLoc", "")) for page in found if page.get("BaseLoc")
            }
        return self._templates

    def page_size_mm(self, page: Element | None = None) -> tuple[float, float] | None:
        """The page's own box, else the document's."""
        own = _box(child(page, "Area")) if page is not None else None
        area = child(self.common, "PageArea") if self.common is not None else None
        return own or _box(area)

    def resources(self) -> list[Resource]:
        """All that the document's resource files define; a resource file that is missing or broken is one of kind
        `list` that is not present."""
        if self._resources is None:
            self._resources = []
            for kind in ("PublicRes", "DocumentRes"):
                for entry in children(self.common, kind) if self.common is not None else []:
                    self._resources += self.resources_in(self.place((entry.text or "").strip()))
        return self._resources

    def resources_in(self, path: str) -> list[Resource]:
        try:
            root = self.ofd.xml(path)
        except OfdError as trouble:
            return [Resource(path, "list", False, trouble.reason)]
        base = resolve(posixpath.dirname(path), root.get("BaseLoc", ""))
        found = []
        for element in descendants(root, "Font", "MultiMedia", "CompositeGraphicUnit", "ColorSpace", "DrawParam"):
            name = local(element)
            if name == "Font":
                found.append(self._filed(element, "font", text_of(element, "FontFile"), base))
            elif name == "MultiMedia":
                found.append(self._filed(element, "media", text_of(element, "MediaFile"), base))
            elif name == "CompositeGraphicUnit":
                found.append(Resource("", "unit", True, "", element.get("ID", ""), element))
            elif name in {"ColorSpace", "DrawParam"} and element.get("ID"):
                found.append(Resource("", "other", True, name, element.get("ID", ""), element))
        return found

    def _filed(self, element: Element, kind: str, file: str | None, base: str) -> Resource:
        name = element.get("FontName") or element.get("Format") or ""
        if file is None:
            return Resource("", kind, False, name, element.get("ID", ""), element)
        place = self.place(file, base)
        return Resource(place, kind, self.ofd.has(place), name, element.get("ID", ""), element)

    def attachments(self) -> list[Resource]:
        """Attached files by name. Raises OfdError when their list is missing or broken."""
        location = text_of(self.root, "Attachments")
        if not location:
            return []
        place = self.place(location)
        found = []
        for each in descendants(self.ofd.xml(place), "Attachment"):
            file = text_of(each, "FileLoc")
            path = self.place(file, posixpath.dirname(place)) if file else ""
            found.append(Resource(path, "attachment", self.ofd.has(path), each.get("Name", "?"), each.get("ID", "")))
        return found

    def layers(self, root: Element) -> list[Element]:
        """Roots of the templates a page uses, as far as they are there, then its own."""
        templates = self.templates()
        used = [templates.get(each.get("TemplateID", ""), "") for each in children(root, "Template")]
        return [*(self.ofd.xml(place) for place in used if self.ofd.has(place)), root]

    def page_text(self, path: str) -> str:
        """Text of a page and its templates in reading order."""
        from zhudang.checks.ofdtext import text_in_reading_order

        units = {each.id: each.element for each in self.resources() if each.kind == "unit"}
        return text_in_reading_order(self.layers(self.ofd.xml(path)), units)


def resolve(folder: str, place: str) -> str:
    """A place inside the container; absolute ones start at its root, none leaves it."""
    place = place.strip().replace("\\", "/")
    joined = place if place.startswith("/") else posixpath.join("/", folder, place)
    return posixpath.normpath(joined).lstrip("/")


def local(element: Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def children(element: Element, name: str) -> list[Element]:
    return [each for each in element if local(each) == name]


def child(element: Element, name: str) -> Element | None:
    return next(iter(children(element, name)), None)


def descendants(element: Element, *names: str) -> list[Element]:
    """Every element of these names below and including `element`, whatever their namespace."""
    return list(element.iter(*(f"{{*}}{name}" for name in names)))


def text_of(element: Element, name: str) -> str | None:
    """Stripped text of the first descendant called `name`, None when absent or empty."""
    found = next(element.iter(f"{{*}}{name}"), None)
    text = (found.text or "").strip() if found is not None else ""
    return text or None


def numbers(text: str | None) -> list[float]:
    """Numbers as they stand; none when one of them is none."""
    if not text:
        return []
    try:
        found = [float(part) for part in (text.replace(",", " ") if "," in text else text).split()]
    except ValueError:
        return []
    return found if all(map(math.isfinite, found)) else []


def _box(area: Element | None) -> tuple[float, float] | None:
    if area is None:
        return None
    found = numbers(text_of(area, "PhysicalBox") or "")
    return (found[2], found[3]) if len(found) == 4 else None
