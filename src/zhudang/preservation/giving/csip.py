"""An information package by E-ARK CSIP 2.1: METS.xml names every file with its size and SHA-256, and how all belongs together.

    METS.xml
    documentation/README.txt   schemas/description.xsd
    metadata/descriptive/<volume>/description.json description.xml
    metadata/preservation/<volume>/provenance.json checks.json …
    metadata/other/<volume>/rights.json
    representations/rep1/data/<volume>/files/0001.pdf …
    representations/rep2/data/<volume>/renditions/…  where formats were migrated

A package may hold a hundred thousand files: METS is written line by line from what was noted of each while it was written.
Source: E-ARK CSIP 2.1.0, requirements CSIP1–CSIP119 and CSIPSTR1–16; METS 1.12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from zhudang import __version__
from zhudang.checks.packages.eark import METS
from zhudang.preservation.domain.description import FORMAT, schema_of_xml, xml_safe
from zhudang.preservation.giving.gathering import ORIGINALS, GivenVolume
from zhudang.preservation.giving.sinks import Sink

PROFILE = "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml"
_NAMESPACES = (
    'xmlns="http://www.loc.gov/METS/" xmlns:csip="https://DILCIS.eu/XML/METS/CSIPExtensionMETS" '
    'xmlns:xlink="http://www.w3.org/1999/xlink"'
)
RENDITIONS = "renditions/"
_DESCRIPTIVE, _PRESERVATION, _RIGHTS = "dmdSec", "digiprovMD", "rightsMD"
_DOCUMENTATION, _SCHEMAS = "Documentation", "Schemas"
_CONTENT = f'csip:CONTENTINFORMATIONTYPE="OTHER" csip:OTHERCONTENTINFORMATIONTYPE="{FORMAT}"'
"""What kind of content it is, on the package and on each group: the validator asks for it everywhere (CSIP63)."""
_FOLDERS = {_DESCRIPTIVE: "metadata/descriptive", _PRESERVATION: "metadata/preservation", _RIGHTS: "metadata/other"}
_REPRESENTATIONS = {ORIGINALS: "rep1", RENDITIONS: "rep2"}
_TYPES = {"json": "application/json", "xml": "application/xml", "txt": "text/plain", "xsd": "application/xml"}
_UNKNOWN_TYPE = "application/octet-stream"
_README = """\
{source}移交的城建档案案卷，按 E-ARK CSIP 2.1 组织。METS.xml 列出每个文件的大小与 SHA-256。
原文在 representations/rep1，格式迁移的转换件（如有）在 rep2；文件用存放名，原名在 description.json 与 description.xml。
各案卷：

Volumes of urban construction records given by {source}, laid out by E-ARK CSIP 2.1. METS.xml lists size and SHA-256 of every file.
Originals are in representations/rep1, renditions made by migration (if any) in rep2; files bear their stored names, description.json
and description.xml tell the original ones. The volumes:

{volumes}"""


@dataclass(frozen=True)
class _Named:
    """A file of the package as METS names it."""

    path: str
    kind: str
    mime: str


@dataclass
class _Contents:
    """What was written, by what METS calls it (a section of metadata, or the group of a representation)."""

    by_kind: dict[str, list[_Named]] = field(default_factory=dict)

    def note(self, path: str, kind: str, mime: str = "") -> None:
        named = _Named(path, kind, mime or _TYPES.get(path.rpartition(".")[2], _UNKNOWN_TYPE))
        self.by_kind.setdefault(kind, []).append(named)

    def of(self, kind: str) -> list[tuple[str, _Named]]:
        """The files of a kind with the identifiers METS gives them."""
        return [(f"{kind}-{number}", named) for number, named in enumerate(self.by_kind.get(kind, ()), 1)]

    @property
    def representations(self) -> list[str]:
        return [name for name in _REPRESENTATIONS.values() if name in self.by_kind]


def write(sink: Sink, volumes: Iterable[GivenVolume], *, package_id: str, source: str, now: datetime) -> None:
    """Write originals, metadata, a note for people, and METS over all of it.

    Args:
        package_id: identifier of the package (OBJID), for example `urn:uuid:…`.
        source: who gives it.
        now: when the package is made, in the archive's own time.
    """
    contents, told = _Contents(), []
    for volume in volumes:
        told.append(f"{volume.package.thing_id}  {' '.join(volume.code.split())}  {volume.package.title}\n")
        mimes = {
            file["stored_as"]: file.get("mime") or ""
            for record in volume.description["records"]
            for file in record["files"]
        }
        for path, content in volume.contents.items():
            kind, place = _place(volume, path)
            sink.copy(place, content)
            contents.note(place, kind, mimes.get(path, ""))
    note, schema = "documentation/README.txt", "schemas/description.xsd"
    sink.put(note, _README.format(source=source, volumes="".join(told)))
    sink.put(schema, schema_of_xml())
    contents.note(note, _DOCUMENTATION)
    contents.note(schema, _SCHEMAS)
    sink.stream(METS, (piece.encode() for piece in _mets(sink, contents, package_id, source, now)))


def _place(volume: GivenVolume, path: str) -> tuple[str, str]:
    """What METS calls a file of a volume, and where it lies in the package."""
    for beginning, representation in _REPRESENTATIONS.items():
        if path.startswith(beginning):
            return representation, f"representations/{representation}/data/{volume.package.thing_id}/{path}"
    kind = _DESCRIPTIVE if path.startswith("description.") else _RIGHTS if path.startswith("rights.") else _PRESERVATION
    return kind, f"{_FOLDERS[kind]}/{volume.package.thing_id}/{path}"


def _mets(sink: Sink, contents: _Contents, package_id: str, source: str, now: datetime) -> Iterator[str]:
    moment = now.isoformat(timespec="seconds")
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        f'<mets {_NAMESPACES} OBJID={_attribute(package_id)} LABEL={_attribute(source)} TYPE="Mixed"'
        f' {_CONTENT} PROFILE="{PROFILE}">\n'
        f'<metsHdr CREATEDATE="{moment}" LASTMODDATE="{moment}" csip:OAISPACKAGETYPE="AIP">\n'
        ' <agent ROLE="CREATOR" TYPE="OTHER" OTHERTYPE="SOFTWARE"><name>Zhudang 筑档</name>'
        f'<note csip:NOTETYPE="SOFTWARE VERSION">{__version__}</note></agent>\n'
        f' <agent ROLE="ARCHIVIST" TYPE="ORGANIZATION"><name>{escape(xml_safe(source))}</name></agent>\n'
        "</metsHdr>\n"
    )
    for name, named in contents.of(_DESCRIPTIVE):
        yield f'<dmdSec ID="{name}" CREATED="{moment}" STATUS="CURRENT">{_reference(sink, named, moment)}</dmdSec>\n'
    yield '<amdSec ID="amdSec">\n'
    # METS asks for rights before provenance.
    for kind in (_RIGHTS, _PRESERVATION):
        for name, named in contents.of(kind):
            yield f' <{kind} ID="{name}" CREATED="{moment}" STATUS="CURRENT">{_reference(sink, named, moment)}</{kind}>\n'
    yield '</amdSec>\n<fileSec ID="fileSec">\n'
    for kind in (_DOCUMENTATION, _SCHEMAS):
        yield from _group(sink, contents, kind, kind, moment)
    for representation in contents.representations:
        yield from _group(sink, contents, representation, f"Representations/{representation}", moment)
    yield "</fileSec>\n"
    yield from _structure(contents, package_id)
    yield "</mets>\n"


def _group(sink: Sink, contents: _Contents, kind: str, use: str, moment: str) -> Iterator[str]:
    yield f' <fileGrp ID="group-{kind}" USE="{use}" {_CONTENT}>\n'
    for name, named in contents.of(kind):
        yield (
            f'  <file ID="{name}" {_facts(sink, named, moment)}>'
            f'<FLocat LOCTYPE="URL" xlink:type="simple" xlink:href="{quote(named.path)}"/></file>\n'
        )
    yield " </fileGrp>\n"


def _structure(contents: _Contents, package_id: str) -> Iterator[str]:
    described = " ".join(name for name, _ in contents.of(_DESCRIPTIVE))
    administered = " ".join(name for kind in (_RIGHTS, _PRESERVATION) for name, _ in contents.of(kind))
    pointers = "".join(f'<fptr FILEID="group-{name}"/>' for name in contents.representations)
    yield (
        '<structMap ID="structMap" TYPE="PHYSICAL" LABEL="CSIP">\n'
        f' <div ID="div" LABEL={_attribute(package_id)}>\n'
        f'  <div ID="div-metadata" LABEL="Metadata" DMDID="{described}" ADMID="{administered}"/>\n'
        f'  <div ID="div-documentation" LABEL="{_DOCUMENTATION}"><fptr FILEID="group-{_DOCUMENTATION}"/></div>\n'
        f'  <div ID="div-schemas" LABEL="{_SCHEMAS}"><fptr FILEID="group-{_SCHEMAS}"/></div>\n'
        f'  <div ID="div-representations" LABEL="Representations">{pointers}</div>\n'
        " </div>\n</structMap>\n"
    )


def _reference(sink: Sink, named: _Named, moment: str) -> str:
    return (
        f'<mdRef LOCTYPE="URL" xlink:type="simple" xlink:href="{quote(named.path)}" MDTYPE="OTHER"'
        f' OTHERMDTYPE="zhudang {named.path.rpartition("/")[2]}" {_facts(sink, named, moment)}/>'
    )


def _facts(sink: Sink, named: _Named, moment: str) -> str:
    written = sink.files[named.path]
    return (
        f'MIMETYPE={_attribute(named.mime)} SIZE="{written.size}" CREATED="{moment}"'
        f' CHECKSUM="{written.digests["sha256"]}" CHECKSUMTYPE="SHA-256"'
    )


def _attribute(text: str) -> str:
    return quoteattr(xml_safe(text))
