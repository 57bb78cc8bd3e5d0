"""E-ARK information packages: METS.xml at the root against CSIP 2, and the files against what METS records.

Findings carry the requirement's number in `data["csip"]`. What CSIP only recommends is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from zhudang.checks.packages.model import Package
from zhudang.checks.packages.paths import Lookalikes, leaves
from zhudang.checks.packages.tree import PLACEHOLDERS, Unreadable, can_digest, hasher
from zhudang.checks.packages.xmltree import NoXml, all_named, as_int, attribute, children, local, parse, text_of

METS = "METS.xml"
FOLDERS = {"metadata": "CSIPSTR5", "representations": "CSIPSTR9", "schemas": "CSIPSTR15", "documentation": "CSIPSTR16"}
PACKAGE_TYPES = frozenset({"SIP", "AIP", "DIP", "AIU", "AIC"})
CATEGORIES = frozenset(
    [
        "Textual works",
        "Textual works - Print",
        "Textual works - Digital",
        "Textual works - Electronic Serials",
        "Digital Musical Composition (score-based representations)",
        "Photographs",
        "Photographs - Print",
        "Photographs - Digital",
        "Other Graphic Images",
        "Other Graphic Images - Print",
        "Other Graphic Images - Digital",
        "Microforms",
        "Audio",
        "Audio - On Tangible Medium (digital or analog)",
        "Audio - Media-independent (digital)",
        "Motion Pictures",
        "Motion Pictures - Digital and Physical Media",
        "Video",
        "Video - File-based and Physical Media",
        "Software",
        "Software - On tangible medium",
        "Datasets",
        "Geospatial Data",
        "Databases",
        "Websites",
        "Collection",
        "Event",
        "Interactive resource",
        "Physical object",
        "Mixed",
        "Other",
    ]
)
FORMER_CATEGORIES = frozenset({"Database", "ERMS", "SFSB", "GeoData", "SIARD1", "SIARD2", "SIARDDK"})
"""Terms of the drafts before the vocabulary was settled."""
CHECKSUMS = frozenset(
    {"Adler32", "CRC32", "HAVAL", "MD5", "MNP", "SHA1", "SHA256", "SHA384", "SHA512", "TIGER", "WHIRLPOOL"}
)
"""Written with a dash before the number by METS, and compared without."""
TEXTS = (".xsd", ".xml", ".txt", ".csv", ".md")
TEXT_BYTES = 16 * 1024 * 1024
STATUSES = frozenset({"CURRENT", "SUPERSEDED"})


def recognises(names: list[str], folders: list[str], inner: Iterable[str] = ()) -> bool:
    """Whether a folder with these children is a package.

    Args:
        inner: folders two levels further down (`representations/rep1/data`), for packages that lost their METS.
    """
    lower = {name.lower() for name in folders}
    mets = any(name.lower() == "mets.xml" for name in names)
    known = len(lower & FOLDERS.keys())
    data = any(re.fullmatch(r"representations/[^/]+/(data|metadata)", each, re.IGNORECASE) for each in inner)
    return (mets and known > 0) or (known > 1 and data)


@dataclass
class _Reader:
    package: Package
    path: str = METS
    named: set[str] = field(default_factory=set)

    def must(self, holds: object, csip: str, why: str) -> bool:
        if not holds:
            self.package.find("EAR-002", csip=csip, path=self.path, why=why)
        return bool(holds)

    def should(self, holds: object, csip: str, why: str) -> bool:
        if not holds:
            self.package.find("EAR-003", csip=csip, path=self.path, why=why)
        return bool(holds)


def examine(package: Package) -> None:
    _folders(package)
    if METS not in package.tree.files:
        other = next((path for path in package.tree.files if path.lower() == "mets.xml"), METS)
        package.find("EAR-001", csip="CSIPSTR4", path=other, why="no METS.xml")
        return
    try:
        root = parse(package.tree, METS)
    except NoXml as trouble:
        package.find("EAR-001", csip="CSIPSTR4", path=METS, why=str(trouble))
        return
    if local(root) != "mets":
        package.find("EAR-001", csip="CSIPSTR4", path=METS, why=f"<{local(root)}>")
        return
    reader = _Reader(package)
    _root(reader, root)
    _header(reader, root)
    _metadata(reader, root)
    _file_section(reader, root)
    _structure(reader, root)
    _identifiers(reader, root)
    _unnamed(reader)


def _folders(package: Package) -> None:
    _, folders = package.tree.children()
    for name in folders:
        proper = name.lower()
        if proper in FOLDERS and name != proper:
            package.find("EAR-002", csip=FOLDERS[proper], path=f"{name}/", why=f"should be {proper}/")
    for name in ("metadata", "representations"):
        if not any(each.lower() == name for each in folders):
            package.find("EAR-003", csip=FOLDERS[name], path=f"{name}/", why="no such folder")
    for path in package.tree.special:
        package.find("EAR-007", path=path)


def _root(reader: _Reader, root: Element) -> None:
    reader.must(attribute(root, "OBJID"), "CSIP1", "mets/@OBJID")
    kind = attribute(root, "TYPE")
    reader.must(kind, "CSIP2", "mets/@TYPE")
    if kind and kind.lower() == "other":
        reader.must(attribute(root, "OTHERTYPE"), "CSIP2 CSIP3", "mets/@csip:OTHERTYPE")
    elif kind:
        known = reader.must(kind in CATEGORIES | FORMER_CATEGORIES, "CSIP2", f"mets/@TYPE {kind}")
        reader.should(kind in CATEGORIES or not known, "CSIP2", f"mets/@TYPE {kind}")
    content = attribute(root, "CONTENTINFORMATIONTYPE")
    if content == "OTHER":
        reader.must(attribute(root, "OTHERCONTENTINFORMATIONTYPE"), "CSIP5", "mets/@csip:OTHERCONTENTINFORMATIONTYPE")
    profile = attribute(root, "PROFILE")
    reader.must(profile, "CSIP6", "mets/@PROFILE")
    found = re.search(r"E-ARK-(CSIP|SIP|AIP|DIP)(?:-v([\d-]+))?", profile or "")
    reader.package.version = found[2].replace("-", ".") if found and found[2] else (found[1] if found else None)


def _moment(value: str | None) -> bool:
    try:
        datetime.fromisoformat((value or "").replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _header(reader: _Reader, root: Element) -> None:
    headers = children(root, "metsHdr")
    if not reader.must(headers, "CSIP117", "mets/metsHdr"):
        return
    header = headers[0]
    reader.must(_moment(attribute(header, "CREATEDATE")), "CSIP7", "metsHdr/@CREATEDATE")
    if attribute(header, "LASTMODDATE"):
        reader.must(_moment(attribute(header, "LASTMODDATE")), "CSIP8", "metsHdr/@LASTMODDATE")
    kind = attribute(header, "OAISPACKAGETYPE")
    reader.must(kind in PACKAGE_TYPES, "CSIP9", f"metsHdr/@csip:OAISPACKAGETYPE {kind}")
    _agent(reader, header)


def _agent(reader: _Reader, header: Element) -> None:
    """One agent must be the software that made the package, with its name and version."""
    agents = children(header, "agent")
    if not reader.must(agents, "CSIP10", "metsHdr/agent"):
        return
    for csip, name, value in (
        ("CSIP11", "ROLE", "CREATOR"), ("CSIP12", "TYPE", "OTHER"), ("CSIP13", "OTHERTYPE", "SOFTWARE"),
    ):  # fmt: skip
        agents = [each for each in agents if attribute(each, name) == value]
        if not reader.must(agents, csip, f"metsHdr/agent/@{name} = {value}"):
            return
    reader.must(any(text_of(each) for a in agents for each in children(a, "name")), "CSIP14", "agent/name")
    notes = [children(agent, "note") for agent in agents]
    if reader.must(any(len(each) == 1 for each in notes), "CSIP15", "agent/note"):
        reader.must(
            any(attribute(note, "NOTETYPE") == "SOFTWARE VERSION" for each in notes for note in each),
            "CSIP16",
            "agent/note/@csip:NOTETYPE = SOFTWARE VERSION",
        )


def _metadata(reader: _Reader, root: Element) -> None:
    described, administered = children(root, "dmdSec"), children(root, "amdSec")
    held = {name: _held(reader.package, f"metadata/{name}") for name in ("descriptive", "preservation")}
    if held["descriptive"]:
        reader.must(described, "CSIP17", f"no dmdSec for {held['descriptive'][0]}")
    provenance = [each for section in administered for each in children(section, "digiprovMD")]
    if held["preservation"]:
        reader.must(administered, "CSIP31", f"no amdSec for {held['preservation'][0]}")
        reader.must(provenance, "CSIP32", f"no digiprovMD for {held['preservation'][0]}")
    for section in described:
        reader.must(attribute(section, "ID"), "CSIP18", "dmdSec/@ID")
        reader.must(_moment(attribute(section, "CREATED")), "CSIP19", "dmdSec/@CREATED")
        _status(reader, section, "CSIP20", "dmdSec")
        _reference(reader, section, 21, "dmdSec")
    for section in provenance:
        reader.must(attribute(section, "ID"), "CSIP33", "digiprovMD/@ID")
        _status(reader, section, "CSIP34", "digiprovMD")
        _reference(reader, section, 35, "digiprovMD")
    for section in (each for one in administered for each in children(one, "rightsMD")):
        reader.must(attribute(section, "ID"), "CSIP46", "rightsMD/@ID")
        _status(reader, section, "CSIP47", "rightsMD")
        _reference(reader, section, 48, "rightsMD")


def _held(package: Package, folder: str) -> list[str]:
    return [path for path in package.tree.below(folder) if path.rsplit("/", 1)[-1] not in PLACEHOLDERS]


def _status(reader: _Reader, section: Element, csip: str, where: str) -> None:
    status = attribute(section, "STATUS")
    if reader.should(status, csip, f"{where}/@STATUS"):
        reader.must(status in STATUSES, csip, f"{where}/@STATUS {status}")


def _reference(reader: _Reader, section: Element, first: int, where: str) -> None:
    """mdRef and its attributes; their requirements are numbered in one row from `first`."""
    found = children(section, "mdRef")
    if not reader.should(found, f"CSIP{first}", f"{where}/mdRef"):
        return
    for reference in found:
        where_now = f"{where}/mdRef"
        reader.must(attribute(reference, "LOCTYPE") == "URL", f"CSIP{first + 1}", f"{where_now}/@LOCTYPE = URL")
        reader.must(attribute(reference, "type") == "simple", f"CSIP{first + 2}", f"{where_now}/@xlink:type = simple")
        reader.must(attribute(reference, "href"), f"CSIP{first + 3}", f"{where_now}/@xlink:href")
        reader.must(attribute(reference, "MDTYPE"), f"CSIP{first + 4}", f"{where_now}/@MDTYPE")
        _described(reader, reference, first + 5, where_now)
        _hold(reader, reference, attribute(reference, "href"), first + 3, first + 6, first + 8)


def _described(reader: _Reader, element: Element, first: int, where: str) -> None:
    """MIMETYPE, SIZE, CREATED, CHECKSUM, CHECKSUMTYPE, numbered in one row from `first`."""
    kind = attribute(element, "MIMETYPE")
    reader.must(kind and re.fullmatch(r"[\w.+-]+/[\w.+-]+(\s*;.*)?", kind), f"CSIP{first}", f"{where}/@MIMETYPE")
    reader.must(
        (as_int(attribute(element, "SIZE")) or 0) >= 0 and attribute(element, "SIZE"),
        f"CSIP{first + 1}",
        f"{where}/@SIZE",
    )
    reader.must(_moment(attribute(element, "CREATED")), f"CSIP{first + 2}", f"{where}/@CREATED")
    reader.must(attribute(element, "CHECKSUM"), f"CSIP{first + 3}", f"{where}/@CHECKSUM")
    kind = attribute(element, "CHECKSUMTYPE")
    reader.must((kind or "").replace("-", "") in CHECKSUMS, f"CSIP{first + 4}", f"{where}/@CHECKSUMTYPE {kind}")


def _hold(reader: _Reader, element: Element, href: str | None, link: int, size: int, checksum: int) -> None:
    """Hold one named file against its size and checksum."""
    package = reader.package
    if not href or (re.match(r"[a-z][a-z0-9+.-]+://", href, re.IGNORECASE) and not href.startswith("file:")):
        return
    path = unquote(re.sub(r"^file:/*", "", href)).removeprefix("./")
    if leaves(path):
        package.find("EAR-007", path=path[:200])
        return
    if path not in package.tree.files:
        path = _other_name(package, path, link)
    if not path:
        return
    reader.named.add(path)
    stated, real = as_int(attribute(element, "SIZE")), package.tree.files[path]
    kind, digest = attribute(element, "CHECKSUMTYPE") or "", attribute(element, "CHECKSUM") or ""
    found = _digest(package, path, kind) if digest else None
    if found and found != digest.lower() and _line_ends(package, path, kind, digest.lower()):
        package.find("EAR-003", csip=f"CSIP{checksum}", path=path, why="line ends were changed, nothing else")
        return
    if stated is not None and stated != real:
        package.find("EAR-005", csip=f"CSIP{size}", path=path, what="SIZE", stated=stated, found=real)
    if found and found != digest.lower():
        package.find("EAR-005", csip=f"CSIP{checksum}", path=path, what=kind, stated=digest, found=found)


def _digest(package: Package, path: str, kind: str) -> str | None:
    if not can_digest(kind):
        return None
    try:
        return package.tree.digests(path, [kind])[kind]
    except Unreadable as trouble:
        package.find("PKG-002", path=path, why=str(trouble)[:200])
        return None


def _line_ends(package: Package, path: str, kind: str, digest: str) -> bool:
    """Whether a text is the recorded one but for its line ends, as some transports change them."""
    if not path.lower().endswith(TEXTS):
        return False
    try:
        unix = package.tree.read(path, TEXT_BYTES).replace(b"\r\n", b"\n")
    except Unreadable:
        return False
    for form in (unix, unix.replace(b"\n", b"\r\n")):
        computed = hasher(kind)
        computed.update(form)
        if computed.hexdigest() == digest:
            return True
    return False


def _other_name(package: Package, path: str, link: int) -> str:
    twin = Lookalikes(package.tree.files).get(path)
    if twin is None:
        package.find("EAR-004", csip=f"CSIP{link}", path=path)
        return ""
    package.find("EAR-003", csip=f"CSIP{link}", path=twin, why=f"METS: {path}")
    return twin


def _file_section(reader: _Reader, root: Element) -> None:
    sections = children(root, "fileSec")
    if not reader.should(sections, "CSIP58", "mets/fileSec"):
        return
    section = sections[0]
    reader.must(attribute(section, "ID"), "CSIP59", "fileSec/@ID")
    groups = list(all_named(section, "fileGrp"))
    uses = [(attribute(group, "USE") or "") for group in groups]
    for csip, name in (("CSIP60", "Documentation"), ("CSIP113", "Schemas"), ("CSIP114", "Representations")):
        if _held(reader.package, name.lower()):
            reader.must(any(use.split("/")[0] == name for use in uses), csip, f"fileGrp/@USE = {name}")
    for group, use in zip(groups, uses, strict=True):
        reader.must(use, "CSIP64", "fileGrp/@USE")
        reader.must(attribute(group, "ID"), "CSIP65", "fileGrp/@ID")
        _content_type(reader, group, use)
        files = children(group, "file")
        reader.must(files or children(group, "fileGrp"), "CSIP66", f"fileGrp {use}/file")
        for each in files:
            _file(reader, each)


def _content_type(reader: _Reader, group: Element, use: str) -> None:
    kind = attribute(group, "CONTENTINFORMATIONTYPE")
    if use.startswith("Representations"):
        reader.must(kind, "CSIP62", f"fileGrp {use}/@csip:CONTENTINFORMATIONTYPE")
    if kind == "OTHER":
        other = attribute(group, "OTHERCONTENTINFORMATIONTYPE")
        reader.must(other, "CSIP63", "fileGrp/@csip:OTHERCONTENTINFORMATIONTYPE")


def _file(reader: _Reader, each: Element) -> None:
    reader.must(attribute(each, "ID"), "CSIP67", "file/@ID")
    _described(reader, each, 68, "file")
    places = children(each, "FLocat")
    if not reader.must(len(places) == 1, "CSIP76", "file/FLocat"):
        return
    place = places[0]
    reader.must(attribute(place, "LOCTYPE") == "URL", "CSIP77", "FLocat/@LOCTYPE = URL")
    reader.must(attribute(place, "type") == "simple", "CSIP78", "FLocat/@xlink:type = simple")
    reader.must(attribute(place, "href"), "CSIP79", "FLocat/@xlink:href")
    _hold(reader, each, attribute(place, "href"), 79, 69, 71)


DIVISIONS = {
    "Documentation": (93, 94, 95, 96, 116),
    "Schemas": (97, 98, 99, 100, 118),
    "Representations": (101, 102, 103, 104, 119),
}
"""Division of the structural map -> numbers of: itself, its ID, its label, its pointers, what they point at."""


def _structure(reader: _Reader, root: Element) -> None:
    maps = children(root, "structMap")
    if not reader.must(maps, "CSIP80", "mets/structMap"):
        return
    physical = [each for each in maps if attribute(each, "TYPE") == "PHYSICAL"]
    if not reader.must(physical, "CSIP81", "structMap/@TYPE = PHYSICAL"):
        return
    ours = [each for each in physical if (attribute(each, "LABEL") or "") in ("CSIP", "CSIP StructMap")]
    if not reader.must(len(ours) == 1, "CSIP82", "structMap/@LABEL = CSIP"):
        return
    reader.should(attribute(ours[0], "LABEL") == "CSIP", "CSIP82", "structMap/@LABEL = CSIP")
    reader.must(attribute(ours[0], "ID"), "CSIP83", "structMap/@ID")
    tops = children(ours[0], "div")
    if not reader.must(len(tops) == 1, "CSIP84", "structMap/div"):
        return
    top = tops[0]
    reader.must(attribute(top, "ID"), "CSIP85", "div/@ID")
    label = attribute(top, "LABEL")
    reader.must(label, "CSIP86", "div/@LABEL")
    reader.should(label == attribute(root, "OBJID"), "CSIP86", "div/@LABEL = mets/@OBJID")
    _divisions(reader, root, top)


def _divisions(reader: _Reader, root: Element, top: Element) -> None:
    inner = {(attribute(each, "LABEL") or ""): each for each in children(top, "div")}
    for name, each in inner.items():
        reader.must(name, "CSIP90 CSIP95 CSIP99 CSIP103 CSIP107", "div/div/@LABEL")
        if name not in ("Metadata", *DIVISIONS):
            reader.must(attribute(each, "ID"), "CSIP106", f"div {name}/@ID")
    if reader.must("Metadata" in inner, "CSIP88 CSIP90", "div/div/@LABEL = Metadata"):
        reader.must(attribute(inner["Metadata"], "ID"), "CSIP89", "div Metadata/@ID")
        _metadata_links(reader, root, inner["Metadata"])
    groups = {attribute(each, "ID"): (attribute(each, "USE") or "") for each in all_named(root, "fileGrp")}
    for name, (itself, its_id, its_label, pointers, target) in DIVISIONS.items():
        present = any(use.split("/")[0] == name for use in groups.values())
        named = any(label.split("/")[0] == name for label in inner)
        if present and not reader.must(named, f"CSIP{itself} CSIP{its_label}", f"div/div/@LABEL = {name}"):
            continue
        if name in inner:
            reader.must(attribute(inner[name], "ID"), f"CSIP{its_id}", f"div {name}/@ID")
            _pointers(reader, inner[name], set(groups), name, pointers, target, present)


def _pointers(
    reader: _Reader, div: Element, ids: set[str | None], name: str, n: int, target: int, wanted: bool
) -> None:
    found = children(div, "fptr")
    if wanted:
        reader.should(found or children(div, "mptr") or children(div, "div"), f"CSIP{n}", f"div {name}/fptr")
    for each in found:
        reader.must(attribute(each, "FILEID") in ids - {None}, f"CSIP{target}", f"div {name}/fptr/@FILEID")


def _metadata_links(reader: _Reader, root: Element, div: Element) -> None:
    """Where the package has metadata sections, the division points at them."""
    for csip, name, section in (("CSIP91", "ADMID", "amdSec"), ("CSIP92", "DMDID", "dmdSec")):
        stated = set((attribute(div, name) or "").split())
        known = {attribute(each, "ID") for each in root.iter() if attribute(each, "ID")}
        if children(root, section):
            reader.should(stated, csip, f"div Metadata/@{name}")
        reader.must(stated <= known, csip, f"div Metadata/@{name}")


def _identifiers(reader: _Reader, root: Element) -> None:
    seen: set[str] = set()
    for each in root.iter():
        if value := each.attrib.get("ID"):
            reader.must(value not in seen, "CSIP67 CSIP65", f"ID twice: {value}")
            seen.add(value)


def _unnamed(reader: _Reader) -> None:
    """Files METS does not name; a representation with a METS.xml of its own names its files itself."""
    own = tuple(path.removesuffix(METS) for path in reader.package.tree.files if path.endswith(f"/{METS}"))
    for path in reader.package.tree.files:
        known = path in reader.named or path == METS or path.rsplit("/", 1)[-1] in PLACEHOLDERS
        if not known and not (own and path.startswith(own)):
            reader.package.find("EAR-006", path=path)
