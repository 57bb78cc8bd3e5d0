"""What a file is, by its content: our own rules first, then PRONOM, then the decoding of text.

Used inside workers only: the identification library brings a runtime of its own.
"""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhudang.checks import own_formats, plain_pdf
from zhudang.checks.encodings import guess_encoding
from zhudang.checks.format_tables import Claim, extensions, kinds, lookalikes, mimes
from zhudang.checks.model import Format

HEAD_BYTES = 8192
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
DXF_START = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:999\s*\r?\n[^\n]*\n\s*)*0\s*\r?\n\s*SECTION\b")
IFC_SCHEMA = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'(IFC[^']*)'", re.IGNORECASE)
MAIL_START = re.compile(rb"\A(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*){2,}", re.ASCII)
MAIL = Format("fmt/278", "Internet Message Format", "message/rfc822", "own rule: header lines; ending")
TEXT_FORMAT = Format("x-fmt/111", "Plain Text File", "text/plain", "text decoding")


XML_ROOTS = (
    (
        re.compile(rb"<(?:\w+:)?ids\b[^>]*buildingsmart\.org/IDS", re.IGNORECASE),
        "zd/ids",
        "buildingSMART IDS",
        "application/xml",
    ),
    (
        re.compile(rb"<(?:\w+:)?kml\b[^>]*kml/2", re.IGNORECASE),
        "zd/kml",
        "Keyhole Markup Language",
        "application/vnd.google-earth.kml+xml",
    ),
    (
        re.compile(rb"<(?:\w+:)?(?:FeatureCollection|CityModel)\b[^>]*opengis\.net/(?:gml|citygml)", re.IGNORECASE),
        "zd/gml",
        "GML / CityGML",
        "application/gml+xml",
    ),
    (
        re.compile(rb"<(?:\w+:)?(?:ifcXML|iso_10303_28|uos)\b[^>]*ifc", re.IGNORECASE),
        "zd/ifcxml",
        "ifcXML",
        "application/xml",
    ),
)
"""Pattern of the start of the file, our identifier, name, mime type."""
XML_IDENTIFIERS = frozenset(identifier for _, identifier, _, _ in XML_ROOTS)
"""Files of these kinds may call themselves XML, which they are."""
UTF16 = (b"\xff\xfe", b"\xfe\xff")
STEP = "fmt/698"
PROBE_BYTES = 2 * 1024 * 1024
PROBE_FROM_BYTES = 8 * 1024 * 1024
CONTAINERS = (b"PK", b"\xd0\xcf\x11\xe0")
"""ZIP and OLE2: what is inside tells the format, so the whole file is needed."""
SEVERAL = ("image", "media", "office", "archive")
"""Kinds of opener that stand for several formats, whose endings may be told apart."""
ESEAL = re.compile(rb"\x30[\x82\x83].{2,3}\x30[\x82\x83].{2,3}\x30.\x16\x02ES\x02", re.DOTALL)
OFD_PARTS = re.compile(rb"PK\x03\x04.{26}/?(?:OFD\.xml|Doc_\d+/)", re.DOTALL)
"""A local header of a part every OFD has, where the list of parts is lost."""
OFD_DOCUMENT = re.compile(r"/?Doc_\d+/(?:Document|PublicRes|DocumentRes)\.xml", re.IGNORECASE)
"""What is left of an OFD whose root is gone."""
TEXTUAL = ("text", "xml", "html", "email", "mhtml")
ENVELOPES = frozenset({"fmt/111", "x-fmt/263", "UNKNOWN"})
"""What PRONOM answers when it sees a container and not what is in it."""
GENERIC = frozenset({"fmt/101", "x-fmt/111", STEP})
"""XML, text and STEP: true of the file, and less than our own rules tell."""
PRONOM_MAY_KNOW = frozenset({"zd/glb", "zd/kml", "zd/gml", "zd/ifcxml", "zd/ids", "zd/ifc"})
"""Our rules decide how these are opened; where PRONOM has an identifier of its own for one, it stands."""
LONGEST_ENDING = 20
NEAR = (
    {"jpeg", "image/jpeg"},
    {"heif", "avif", "image/heif", "image/heic", "image/avif"},
    {"jp2", "image/jp2", "image/jpx", "image/jpm", "image/x-jp2-codestream"},
)
"""Families of endings and media types that are one thing at two levels of detail."""
OFFICE_CLASSES = ("Spreadsheet", "Presentation", "Word Processor")


@dataclass(frozen=True, slots=True)
class Identified:
    """A format, the kind of opener it needs (empty: none), and how far the name agrees.

    `mismatch`: the ending claims another format than the content shows. `claimed_only`: the content
    says nothing; `kind` is what the ending claims, to be proven by opening.
    """

    format: Format
    kind: str
    mismatch: bool = False
    claimed_only: bool = False


class Identifier:
    """Identifies files; loads the PRONOM signatures once, at first use."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._pronom: Any = None
        self._plain_pdfs: dict[bytes, dict[str, str] | None] = {}

    def identify(self, path: Path, name: str) -> Identified:
        """Tell the format of `path`; `name` is what its maker called it."""
        extension = Path(name).suffix.lower().replace("\0", "")
        extension = extension if len(extension) <= LONGEST_ENDING else ""
        claim = extensions().get(extension)
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        if own := own_rule(path, head) or _claimed_ofd(path, head, claim):
            kind = kinds()[own.id]
            known = self._sure(own, path, head, extension) if own.id in PRONOM_MAY_KNOW else None
            written_as = ("xml",) if own.id in XML_IDENTIFIERS else ()
            return Identified(known or own, kind, mismatch=_claims_other(claim, kind, *written_as))
        if kingsoft := own_formats.wps(path, head, extension):
            return Identified(kingsoft, "office")
        match = self._plain_pdf(path, head, extension) or self._ask_pronom(path, head, extension)
        by_name = match is None or "only" in match.get("warning", "")
        if (match is None or by_name or match["id"] in ENVELOPES) and (inner := _inside(path, head, extension)):
            kind = _kind_of({"id": inner.id, "mime": inner.mime})
            return Identified(inner, kind, mismatch=_contradicts_format(claim, kind, inner, extension))
        if _is_mp3(match, extension, path, head):
            return Identified(_mp3(), "media", mismatch=_claims_other(claim, "media"))
        if match is None or match["id"] == "UNKNOWN":
            return _unknown(path, head, claim, extension)
        return _by_pronom(match, path, head, claim, extension)

    def _sure(self, own: Format, path: Path, head: bytes, extension: str) -> Format | None:
        """PRONOM's answer where it goes by bytes and names more than the envelope."""
        match = self._ask_pronom(path, head, extension)
        if match is None or match["id"] in ENVELOPES | GENERIC or "only" in match.get("warning", ""):
            return None
        # One identifier of PRONOM stands for several schemas of building models; ours names the very one.
        name = own.name if own.id == "zd/ifc" else _name(match)
        return Format(match["id"], name, _mime(match, head) or own.mime, f"PRONOM: {match['basis']}")

    def _probe(self, path: Path, size: int, extension: str) -> Path:
        """Start and end of a large file: signatures lie there, and the library would map it whole."""
        probe = self._scratch / f"probe{extension}"
        with path.open("rb") as source, probe.open("wb") as target:
            target.write(source.read(PROBE_BYTES))
            source.seek(size - PROBE_BYTES)
            target.write(source.read(PROBE_BYTES))
        return probe

    def _plain_pdf(self, path: Path, head: bytes, extension: str) -> dict[str, str] | None:
        """PRONOM's answer for a PDF of this version and nothing more, asked once for each version."""
        if extension != ".pdf" or not (header := plain_pdf.header_of_plain(path, head, path.stat().st_size)):
            return None
        if header not in self._plain_pdfs:
            least = plain_pdf.least(header)
            with tempfile.NamedTemporaryFile(dir=self._scratch, suffix=extension) as probe:
                probe.write(least)
                probe.flush()
                self._plain_pdfs[header] = self._ask_pronom(Path(probe.name), least, extension)
        known = self._plain_pdfs[header]
        return known and {**known, "basis": "header and end as of a plain PDF, no mark of a profile"}

    def _ask_pronom(self, path: Path, head: bytes, extension: str) -> dict[str, str] | None:
        if self._pronom is None:
            import pygfried

            self._pronom = pygfried.Scanner()
        asked = path
        size = path.stat().st_size
        if size > PROBE_FROM_BYTES and not head.startswith(CONTAINERS):
            asked = self._probe(path, size, extension)
        elif path.suffix.lower() != extension:
            asked = self._scratch / f"named{extension}"
            asked.unlink(missing_ok=True)
            asked.symlink_to(path.resolve())
        try:
            answer = self._pronom.identify(os.fspath(asked), detailed=True)
        except OSError:
            return None
        matches = answer["files"][0]["matches"] if answer["files"] else []
        by_bytes = [match for match in matches if "only" not in match.get("warning", "")]
        best: dict[str, str] | None = (by_bytes or matches or [None])[0]
        return best


def _inside(path: Path, head: bytes, extension: str) -> Format | None:
    if head.startswith(own_formats.OLE_MAGIC):
        return own_formats.ole(path, head, extension)
    if head.startswith(ZIP_MAGIC):
        return own_formats.zipped(path, head)
    return None


def _contradicts_format(claim: Claim | None, kind: str, found: Format, extension: str) -> bool:
    claimed = own_formats.native().get(extension)
    if claimed is not None and claimed["id"] == found.id:
        return False
    return bool(kind) and _claims_other(claim, kind)


def _is_mp3(match: dict[str, str] | None, extension: str, path: Path, head: bytes) -> bool:
    """MP3 has no signature but its frames; PRONOM asks for more of them than short files have."""
    sure = match is not None and match["id"] != "UNKNOWN" and "mismatch" not in match.get("warning", "")
    sure = sure and "only" not in (match or {}).get("warning", "")
    likely = extension == ".mp3" or ((match is None or match["id"] == "UNKNOWN") and head.startswith((b"ID3", b"\xff")))
    return not sure and likely and own_formats.is_mpeg_audio(path)


def tool_versions() -> dict[str, str]:
    """Identification library and signature files, for the report. Loads the library."""
    import pygfried

    return {"siegfried": pygfried.version(), "pronom": "DROID_SignatureFile_V125"}


def own_rule(path: Path, head: bytes) -> Format | None:
    """Formats PRONOM does not know, or knows only as their envelope."""
    if head.startswith(ZIP_MAGIC):
        return _zip_rule(path, head)
    if ESEAL.match(head):
        return Format("zd/eseal", "电子印章 (GB/T 38540)", "application/octet-stream", "own rule: ES header of a seal")
    if head.startswith(b"glTF\2\0\0\0"):
        return Format("zd/glb", "glTF Binary 2", "model/gltf-binary", "own rule: glTF magic")
    if found := _xml_rule(head):
        return found
    if head.startswith(b"ISO-10303-21") and (schema := IFC_SCHEMA.search(head)):
        name = schema[1].decode("ascii", "replace").upper()
        if name in {"IFC2X3", "IFC4"}:
            return None
        return Format("zd/ifc", f"Industry Foundation Classes ({name})", "application/x-step", "own rule: FILE_SCHEMA")
    return None


def _claimed_ofd(path: Path, head: bytes, claim: Claim | None) -> Format | None:
    """An ending of OFD put to the proof where the start of the file says nothing: bytes before the ZIP, a folder."""
    return _zip_rule(path, head, claimed_ofd=True) if claim and claim.kind == "ofd" else None


def _ofd(basis: str) -> Format:
    return Format("zd/ofd", "OFD 版式文档 (GB/T 33190)", "application/ofd", f"own rule: {basis}")


def _xml_rule(head: bytes) -> Format | None:
    """Building models and requirements written as XML, by the namespace of their root."""
    if head.startswith(UTF16):
        head = head[: len(head) // 2 * 2].decode("utf-16", "ignore").encode()
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:4096]
    if not start.startswith(b"<"):
        return None
    for mark, identifier, name, mime in XML_ROOTS:
        if mark.search(start):
            return Format(identifier, name, mime, "own rule: root element and namespace")
    return None


def _zip_rule(path: Path, head: bytes, *, claimed_ofd: bool = False) -> Format | None:
    try:
        with zipfile.ZipFile(path) as container:
            names = {info.filename for info in container.infolist()[:20000]}
            if path.suffix.lower() == ".ifczip" or _one_model(names):
                return Format("zd/ifczip", "ifcZIP", "application/zip", "own rule: ZIP with one IFC")
            if any(name.lower() == "ofd.xml" for name in names):
                return _ofd("ZIP with OFD.xml at its root")
            if claimed_ofd and any(name.lower().partition("/")[2] == "ofd.xml" for name in names):
                return _ofd("ZIP with OFD.xml in a folder, named .ofd")
            if any(OFD_DOCUMENT.fullmatch(name) for name in names):
                return _ofd("ZIP with a document of an OFD, without OFD.xml")
            if "mimetype" in names:
                with container.open("mimetype") as stream:
                    mime = stream.read(200).decode("ascii", "replace").strip()
                if mime.startswith("application/vnd.oasis.opendocument") and _is_encrypted_odf(container):
                    return Format("zd/odf", "OpenDocument (encrypted)", mime, "own rule: mimetype entry")
    except (OSError, ValueError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError):
        return _ofd("cut ZIP with parts of an OFD") if OFD_PARTS.search(head) else None
    except Exception:  # zlib and struct errors of hostile containers: left to the archive opener
        return None
    return None


def _one_model(names: set[str]) -> bool:
    """ifcZIP holds one model and at most pictures or notes beside it."""
    models = [name for name in names if name.lower().endswith((".ifc", ".ifcxml"))]
    return len(models) == 1 and len(names) == 1


def _is_encrypted_odf(container: zipfile.ZipFile) -> bool:
    try:
        with container.open("META-INF/manifest.xml") as stream:
            return b"encryption-data" in stream.read(1 << 20)
    except KeyError:
        return False


def _by_pronom(match: dict[str, str], path: Path, head: bytes, claim: Claim | None, extension: str) -> Identified:
    kind = _kind_of(match, head)
    if other := lookalikes().get((match["id"], extension)):
        return Identified(other, kind)
    found = Format(match["id"], _name(match), _mime(match, head), f"PRONOM: {match['basis']}")
    if match["id"] == STEP and claim is not None and claim.kind == "ifc":
        # The signature of IFC is its schema line; without it the file is told as broken IFC.
        return Identified(found, "ifc")
    warning = match.get("warning", "")
    if "extension only" in warning:
        return _by_ending(found, kind, path, head, claim, extension)
    if "text only" in warning or match["basis"].startswith("text match"):
        return _plain_text(found, path, head, claim)
    differs = "extension mismatch" in warning and _contradicts(claim, kind) and not _near(claim, found)
    return Identified(found, kind, mismatch=differs)


def _plain_text(found: Format, path: Path, head: bytes, claim: Claim | None) -> Identified:
    """PRONOM saw text and nothing in it."""
    if DXF_START.match(head):
        return Identified(_dxf(), "dxf")
    if own := own_formats.textual(path, head, guess_encoding(path, head)):
        return Identified(*own, mismatch=_claims_other(claim, own[1], *TEXTUAL))
    if claim is not None and claim.kind in {"email", "mhtml"} and MAIL_START.match(head):
        return Identified(MAIL, claim.kind)
    kind = "xml" if claim is not None and claim.kind == "xml" else "text"  # proven, or not, by reading it
    return Identified(found, kind, mismatch=_claims_other(claim, *TEXTUAL))


def _near(claim: Claim | None, found: Format) -> bool:
    """HEIF is the family of AVIF and HEIC, JPEG 2000 of its codestream: a finer name is no contradiction."""
    return claim is not None and any(claim.family in near and found.mime in near for near in NEAR)


def _contradicts(claim: Claim | None, kind: str) -> bool:
    """Whether what the ending claims is another thing than was found, not only a finer name for it."""
    if claim is None or (claim.kind in TEXTUAL and kind in TEXTUAL):
        return False
    if claim.family == "gz" and kind == "archive":
        return False
    return claim.kind != kind or kind in SEVERAL


def _by_ending(found: Format, kind: str, path: Path, head: bytes, claim: Claim | None, extension: str) -> Identified:
    """PRONOM knew the ending only: text formats are proven by decoding, others not at all."""
    if seen := own_formats.by_signature(head):
        return Identified(*seen, mismatch=_claims_other(claim, seen[1]))
    encoding = guess_encoding(path, head)
    if own := own_formats.textual(path, head, encoding):
        return Identified(*own, mismatch=_claims_other(claim, own[1], *TEXTUAL))
    if encoding:
        return Identified(found, kind or "text")
    return _claimed(found, claim, extension)


def _claimed(found: Format, claim: Claim | None, extension: str) -> Identified:
    """Nothing in the content speaks; what the ending says is told as a claim."""
    if claim and claim.kind:
        basis = f"extension only: {extension}"
        told = Format(found.id, found.name, found.mime, basis) if found.id else found
        return Identified(told, claim.kind, claimed_only=True)
    ours = own_formats.claimed(extension)
    if ours is None and found.id:
        ours = Format(found.id, found.name, found.mime, f"extension only: {extension}")
    return Identified(ours or Format("", "", "", ""), "", claimed_only=True)


def _unknown(path: Path, head: bytes, claim: Claim | None, extension: str) -> Identified:
    """Neither rule nor signature: text, or the claim of the ending put to the proof."""
    position = head[:1024].find(b"%PDF-")
    if position >= 0:
        found = Format("zd/pdf", "PDF", "application/pdf", f"own rule: %PDF- at {position}")
        return Identified(found, "pdf", mismatch=_claims_other(claim, "pdf"))
    if seen := own_formats.by_signature(head):
        return Identified(*seen, mismatch=bool(seen[1]) and _claims_other(claim, seen[1]))
    if DXF_START.match(head):
        return Identified(_dxf(), "dxf", mismatch=_claims_other(claim, "dxf"))
    encoding = guess_encoding(path, head)
    if own := own_formats.textual(path, head, encoding):
        return Identified(*own, mismatch=_claims_other(claim, own[1], *TEXTUAL))
    if claim and claim.kind not in TEXTUAL:
        return _claimed(Format("", "", "", ""), claim, extension)
    if encoding:
        if claim is not None and claim.kind in {"email", "mhtml"}:
            return Identified(MAIL, claim.kind)
        return Identified(TEXT_FORMAT, claim.kind if claim else "text")
    return _claimed(Format("", "", "", ""), claim, extension)


def _claims_other(claim: Claim | None, *kinds: str) -> bool:
    """Whether the ending claims a kind that is none of `kinds`; an unknown ending claims nothing."""
    return claim is not None and claim.kind not in kinds


def _dxf() -> Format:
    return Format("zd/dxf", "Drawing Interchange File Format (ASCII)", "image/vnd.dxf", "own rule: 0 SECTION")


def _mp3() -> Format:
    return Format("fmt/134", "MPEG 1/2 Audio Layer 3", "audio/mpeg", "own rule: frames of layer III")


def _mime(match: dict[str, str], head: bytes) -> str:
    """PRONOM's media type, completed or corrected by `data/mimes.csv` and by the first element of XML."""
    mime = mimes().get(match["id"]) or match.get("mime", "")
    if match["id"] == "fmt/101":
        return own_formats.root_mime(head) or mime
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix"}:
        return "image/heic"
    return "audio/vnd.wave" if mime == "audio/x-wav" else mime


def _kind_of(match: dict[str, str], head: bytes = b"") -> str:
    table = kinds()
    if match["id"] in table:
        return table[match["id"]]
    mime = match.get("mime", "")
    for part in (mime, *mime.split(", ")):
        if part in table:
            return table[part]
    if mime.endswith("+xml"):
        return "xml"
    classes = match.get("class", "")
    for key in (f"class:{classes}", *(f"class:{part}" for part in classes.split(", "))):
        if key in table:
            return table[key]
    if head.startswith(CONTAINERS) and any(each in classes for each in OFFICE_CLASSES):
        return "office"
    return ""


def _name(match: dict[str, str]) -> str:
    return " ".join(filter(None, [match["format"], match.get("version", "")]))
