"""OFD, good and bad."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

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
        "Doc_0/Res/f.ttf": "font",
    }
    for number in range(pages):
        parts[f"Doc_0/Pages/P{number}/Content.xml"] = (
            head % "Page" + '><ofd:Content><ofd:Layer ID="4"><ofd:TextObject ID="5" Boundary="20 20 100 10" Font="3"'
            f' Size="5"><ofd:TextCode X="0" Y="5">第{number + 1}页 云溪县归档文件</ofd:TextCode></ofd:TextObject>'
            "</ofd:Layer></ofd:Content></ofd:Page>"
        )
    return parts


def ofd(folder: Path, parts: dict[str, str], name: str = "sample.ofd") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for place, content in parts.items():
            container.writestr(place, content)
    return path


def ofd_changed(change: Callable[[dict[str, str]], None], pages: int = 1) -> Maker:
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


BAD: dict[str, Maker] = {
    "OFD-001": ofd_changed(_replace("OFD.xml", "</ofd:OFD>", "")),
    "OFD-002": _locked_ofd,
    "OFD-003": lambda folder: ofd(folder, ofd_parts(0)),
    "OFD-004": ofd_changed(_drop("Doc_0/Pages/P1/Content.xml"), pages=2),
    "OFD-005": ofd_changed(_replace("Doc_0/PublicRes.xml", "</ofd:Res>", MEDIA + "</ofd:Res>")),
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
}

GOOD: dict[str, Maker] = {
    "ofd": lambda folder: ofd(folder, ofd_parts(3), "good.ofd"),
}
