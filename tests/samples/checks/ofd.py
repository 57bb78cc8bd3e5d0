"""OFD, good and bad."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from samples.checks.making import Maker, put

NAMESPACE = "http://www.ofdspec.org/2016"


def ofd_parts(pages: int = 1, namespace: str = NAMESPACE) -> dict[str, str]:
    head = f'<?xml version="1.0" encoding="UTF-8"?><ofd:%s xmlns:ofd="{namespace}"'
    listed = "".join(f'<ofd:Page ID="{10 + n}" BaseLoc="Pages/P{n}/Content.xml"/>' for n in range(pages))
    parts = {
        "OFD.xml": head
        % "OFD"
        + ' Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID></ofd:DocInfo>'
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": head
        % "Document"
        + "><ofd:CommonData><ofd:MaxUnitID>99</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297"
        "</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages></ofd:Document>",
        "Doc_0/PublicRes.xml": head
        % "Res"
        + ' BaseLoc="Res"><ofd:Fonts><ofd:Font ID="3" FontName="测试"><ofd:FontFile>f.ttf</ofd:FontFile>'
        "</ofd:Font></ofd:Fonts></ofd:Res>",
        "Doc_0/Res/f.ttf": "true, a font",
    }
    for number in range(pages):
        parts[f"Doc_0/Pages/P{number}/Content.xml"] = (
            head % "Page" + '><ofd:Content><ofd:Layer ID="4"><ofd:TextObject ID="5" Boundary="20 20 100 10" Font="3"'
            f' Size="5"><ofd:TextCode X="0" Y="5">第{number + 1}页 云溪县归档文件</ofd:TextCode></ofd:TextObject>'
            "</ofd:Layer></ofd:Content></ofd:Page>"
        )
    return parts


def ofd(folder: Path, parts: dict[str, Any], name: str = "sample.ofd") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for place, content in parts.items():
            container.writestr(place, content)
    return path


def ofd_changed(change: Callable[[dict[str, Any]], None], pages: int = 1) -> Maker:
    def make(folder: Path) -> Path:
        parts = ofd_parts(pages)
        change(parts)
        return ofd(folder, parts)

    return make


def _replace(part: str, old: str, new: str) -> Callable[[dict[str, str]], None]:
    def change(parts: dict[str, str]) -> None:
        assert old in parts[part]
        parts[part] = parts[part].replace(old, new)

    return change


def _drop(part: str) -> Callable[[dict[str, str]], None]:
    def change(parts: dict[str, str]) -> None:
        del parts[part]

    return change


def _ofd_attachment(parts: dict[str, str]) -> None:
    _replace("Doc_0/Document.xml", "</ofd:Document>", "<ofd:Attachments>A.xml</ofd:Attachments></ofd:Document>")(parts)
    parts["Doc_0/A.xml"] = (
        f'<ofd:Attachments xmlns:ofd="{NAMESPACE}"><ofd:Attachment ID="1" Name="表"/></ofd:Attachments>'
    )


def _locked_ofd(folder: Path) -> Path:
    """Set the encryption bit of every entry, as a locking packer does."""
    content = bytearray(ofd(folder, ofd_parts(), "open.ofd").read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 4)
    return put(folder, "locked.ofd", bytes(content))


MEDIA = (
    '<ofd:MultiMedias><ofd:MultiMedia ID="7"><ofd:MediaFile>i.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias>'
)


def _png(width: int, height: int) -> bytes:
    picture = io.BytesIO()
    Image.new("L", (width, height), 200).save(picture, "PNG")
    return picture.getvalue()


def scanned(content: bytes) -> Callable[[dict[str, Any]], None]:
    """A page of A4 whose only content is one picture."""

    def change(parts: dict[str, Any]) -> None:
        _replace("Doc_0/PublicRes.xml", "</ofd:Res>", MEDIA + "</ofd:Res>")(parts)
        parts["Doc_0/Res/i.png"] = content
        parts["Doc_0/Pages/P0/Content.xml"] = (
            f'<ofd:Page xmlns:ofd="{NAMESPACE}"><ofd:Content><ofd:Layer ID="4"><ofd:ImageObject ID="5" ResourceID="7"'
            ' Boundary="0 0 210 297" CTM="210 0 0 297 0 0"/></ofd:Layer></ofd:Content></ofd:Page>'
        )

    return change


def _used_picture(parts: dict[str, Any]) -> None:
    scanned(b"")(parts)
    del parts["Doc_0/Res/i.png"]


def _in_document(xml: str) -> Callable[[dict[str, str]], None]:
    return _replace("Doc_0/Document.xml", "</ofd:Document>", xml + "</ofd:Document>")


def _in_body(xml: str) -> Callable[[dict[str, str]], None]:
    return _replace("OFD.xml", "</ofd:DocBody>", xml + "</ofd:DocBody>")


LINK = '<ofd:Actions><ofd:Action Event="CLICK"><ofd:URI URI="http://example.org/"/></ofd:Action></ofd:Actions>'
VERSION = '<ofd:Versions><ofd:Version ID="v1" Index="1" BaseLoc="Doc_0/V1.xml"/></ofd:Versions>'


def _kept_version(parts: dict[str, str]) -> None:
    _in_body(VERSION)(parts)
    parts["Doc_0/V1.xml"] = f'<ofd:DocVersion xmlns:ofd="{NAMESPACE}"/>'


BAD: dict[str, Maker] = {
    "OFD-001": ofd_changed(_replace("OFD.xml", "</ofd:OFD>", "")),
    "OFD-002": _locked_ofd,
    "OFD-003": lambda folder: ofd(folder, ofd_parts(0)),
    "OFD-004": ofd_changed(_drop("Doc_0/Pages/P1/Content.xml"), pages=2),
    "OFD-005": ofd_changed(_used_picture),
    "OFD-006": lambda folder: ofd(folder, ofd_parts(1, "http://www.ofdspec.org")),
    "OFD-007": ofd_changed(_replace("Doc_0/PublicRes.xml", "<ofd:FontFile>f.ttf</ofd:FontFile>", "")),
    "OFD-008": ofd_changed(_ofd_attachment),
    "OFD-009": ofd_changed(
        _replace(
            "Doc_0/Document.xml",
            "</ofd:Document>",
            '<ofd:Permissions><ofd:Print Printable="false"/></ofd:Permissions></ofd:Document>',
        )
    ),
    "OFD-010": ofd_changed(_drop("Doc_0/PublicRes.xml")),
    "OFD-011": ofd_changed(_replace("Doc_0/PublicRes.xml", 'ID="3"', 'ID="10"')),
    "OFD-012": ofd_changed(_replace("Doc_0/Pages/P0/Content.xml", 'Font="3"', 'Font="33"')),
    "OFD-013": ofd_changed(_in_document("<ofd:Annotations>Annots.xml</ofd:Annotations>")),
    "OFD-014": ofd_changed(_replace("Doc_0/Pages/P0/Content.xml", "<ofd:TextCode", LINK + "<ofd:TextCode")),
    "OFD-015": ofd_changed(_replace("OFD.xml", "<ofd:DocID>1</ofd:DocID>", "")),
    "OFD-016": ofd_changed(_ofd_attachment),
    "OFD-017": ofd_changed(_kept_version),
    "OFD-018": ofd_changed(scanned(_png(827, 1169))),
    "OFD-019": ofd_changed(scanned(_png(827, 1169)[:400])),
}

GOOD: dict[str, Maker] = {
    "ofd": lambda folder: ofd(folder, ofd_parts(3), "good.ofd"),
    "ofd-scan": ofd_changed(scanned(_png(1654, 2339))),
}
