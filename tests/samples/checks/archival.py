"""PDF/A, good and bad: documents that claim a part of ISO 19005 and break one clause."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pikepdf

from samples.checks.making import Maker
from samples.checks.pdf import new_pdf, saved, with_text

PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<pdfaid:part>{part}</pdfaid:part>{level}{more}</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
Change = Callable[[pikepdf.Pdf], None]


def packet(claim: str, more: str = "") -> bytes:
    """An XMP packet that claims `2b` and the like."""
    level = f"<pdfaid:conformance>{claim[1:].upper()}</pdfaid:conformance>" if claim[1:] else ""
    if claim[0] == "4":
        level += "<pdfaid:rev>2020</pdfaid:rev>"
    return PACKET.format(part=claim[0], level=level, more=more).encode()


def claiming(claim: str, change: Change | None = None, more: str = "", tail: bytes = b"") -> Maker:
    """A maker of a document that claims PDF/A, changed by `change`; `tail` is added after its end."""

    def make(folder: Path) -> Path:
        pdf = new_pdf()
        pdf.Root.Metadata = pikepdf.Stream(
            pdf, packet(claim, more), Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML
        )
        if change is not None:
            change(pdf)
        version = {"1": "1.4", "4": "2.0"}.get(claim[0], "1.7")
        path = saved(
            pdf,
            folder,
            f"pdfa-{claim}.pdf",
            fix_metadata_version=False,
            min_version=version,
            force_version=version,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            compress_streams=False,
        )
        path.write_bytes(path.read_bytes() + tail)
        return path

    return make


def drawing(content: bytes) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Resources = pikepdf.Dictionary()
        pdf.pages[0].obj.Contents = pdf.make_stream(content)

    return change


def annotated(**entries: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Rect=[0, 0, 9, 9], **entries)
        pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(note)])

    return change


def _group(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].obj.Group = pikepdf.Dictionary(S=pikepdf.Name.Transparency)


def _reset(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.ResetForm)


def _form(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[], NeedAppearances=True)


def _attached(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["list.txt"] = pikepdf.AttachedFileSpec(pdf, b"attached")


def _layers(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=[], D=pikepdf.Dictionary())


BAD: dict[str, Maker] = {
    "PDA-001": claiming("2b", tail=b"more"),
    "PDA-002": claiming("2b", drawing(b"1 0 0 rg 0 0 9 9 re f")),
    "PDA-003": claiming("1b", _group),
    "PDA-004": claiming("2b", with_text),
    "PDA-005": claiming("2b", annotated(Subtype=pikepdf.Name.Sound, F=4)),
    "PDA-006": claiming("2b", _reset),
    "PDA-007": claiming("2b", _form),
    "PDA-008": claiming("2b", more="<dc:title>plain</dc:title>"),
    "PDA-009": claiming("2a"),
    "PDA-010": claiming("2b", _attached),
    "PDA-011": claiming("2b", _layers),
}
GOOD: dict[str, Maker] = {f"pdfa-{claim}": claiming(claim) for claim in ("1b", "2b", "2u", "3b", "4")}
