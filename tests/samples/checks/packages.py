"""Packages, good and bad: a maker writes a folder (or file) and gives its path; `PACKAGES[code]` must show its code."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from samples.checks.making import Maker, zip_of

Files = dict[str, bytes]


def folder_of(files: Files) -> Maker:
    def make(folder: Path) -> Path:
        root = folder / "package"
        root.mkdir()
        for name, content in files.items():
            path = root / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return root

    return make


def _with(files: Files, **changes: Any) -> Maker:
    return folder_of({**files, **changes})


def _without(files: Files, *names: str) -> Files:
    return {name: content for name, content in files.items() if name not in names}


def digest(content: bytes, algorithm: str = "sha512") -> str:
    return hashlib.new(algorithm, content).hexdigest()


# BagIt


def bag(payload: Files, version: str = "1.0", algorithm: str = "sha512", **more: bytes) -> Files:
    lines = "".join(f"{digest(body, algorithm)}  {name}\n" for name, body in payload.items())
    size = sum(map(len, payload.values()))
    return {
        "bagit.txt": f"BagIt-Version: {version}\nTag-File-Character-Encoding: UTF-8\n".encode(),
        "bag-info.txt": f"Source-Organization: Archive\nPayload-Oxum: {size}.{len(payload)}\n".encode(),
        f"manifest-{algorithm}.txt": lines.encode(),
        **payload,
        **more,
    }


A_BAG = bag({"data/图纸/a.txt": b"one", "data/b.txt": b"two"})
MANIFEST = "manifest-sha512.txt"


def _line(name: str, body: bytes) -> bytes:
    return f"{digest(body)}  {name}\n".encode()


def _linked_bag(folder: Path) -> Path:
    root = folder_of(A_BAG)(folder)
    (root / "data/b.txt").unlink()
    (root / "data/b.txt").symlink_to("/etc/passwd")
    return root


BAGS: dict[str, Maker] = {
    "BAG-001": _with(A_BAG, **{"bagit.txt": b"BagIt-Version: 1.0\n"}),
    "BAG-002": _with(A_BAG, **{MANIFEST: A_BAG[MANIFEST] + b"no digest\n"}),
    "BAG-003": _with(A_BAG, **{MANIFEST: A_BAG[MANIFEST] + _line("../../etc/passwd", b"x")}),
    "BAG-004": _with(A_BAG, **{MANIFEST: A_BAG[MANIFEST] + _line("data/b.txt", b"other")}),
    "BAG-005": folder_of(_without(A_BAG, MANIFEST)),
    "BAG-006": folder_of(_without(A_BAG, "data/b.txt")),
    "BAG-007": _with(A_BAG, **{"data/surplus.txt": b"x"}),
    "BAG-008": _with(A_BAG, **{"data/b.txt": b"TWO"}),
    "BAG-009": _with(A_BAG, **{MANIFEST: A_BAG[MANIFEST].replace(b"  data/b", b"  ./data/b")}),
    "BAG-010": _with(A_BAG, **{"manifest-tiger.txt": A_BAG[MANIFEST]}),
    "BAG-011": folder_of(bag({"data/a.txt": b"x"}, algorithm="md5")),
    "BAG-012": _with(bag({"data/b.txt": b"two"}, version="0.97"), **{MANIFEST: _line("data/b.txt", b"two") * 2}),
    "BAG-013": _with(bag({"data/a.txt": b"x"}), **{MANIFEST: _line("data/A.txt", b"x")}),
    "BAG-014": _with(A_BAG, **{"manifest-sha256.txt": f"{digest(b'two', 'sha256')}  data/b.txt\n".encode()}),
    "BAG-015": _with(A_BAG, **{"bag-info.txt": b"Payload-Oxum: 7.2\n"}),
    "BAG-016": _with(
        A_BAG,
        **{
            MANIFEST: A_BAG[MANIFEST] + _line("data/c.txt", b"x"),
            "fetch.txt": b"https://example.org/c.txt 1 data/c.txt\n",
        },
    ),
    "BAG-017": _linked_bag,
}

# OCFL


def inventory(**changes: Any) -> dict[str, Any]:
    content = digest(b"one")
    return {
        "id": "urn:example:1",
        "type": "https://ocfl.io/1.1/spec/#inventory",
        "digestAlgorithm": "sha512",
        "head": "v1",
        "manifest": {content: ["v1/content/a.txt"]},
        "versions": {
            "v1": {
                "created": "2026-01-02T03:04:05Z",
                "message": "first",
                "user": {"name": "Li", "address": "mailto:li@example.org"},
                "state": {content: ["a.txt"]},
            }
        },
        **changes,
    }


def ocfl_object(document: dict[str, Any] | None = None, **more: bytes) -> Files:
    raw = json.dumps(document or inventory()).encode()
    side = f"{digest(raw)} inventory.json\n".encode()
    return {
        "0=ocfl_object_1.1": b"ocfl_object_1.1\n",
        "inventory.json": raw,
        "inventory.json.sha512": side,
        "v1/inventory.json": raw,
        "v1/inventory.json.sha512": side,
        "v1/content/a.txt": b"one",
        **more,
    }


OBJECT = ocfl_object()
OTHER = json.dumps(inventory(id="urn:example:2")).encode()
OBJECTS: dict[str, Maker] = {
    "OCF-001": _with(OBJECT, **{"0=ocfl_object_1.1": b"ocfl\n"}),
    "OCF-002": folder_of(ocfl_object(inventory(head="v2"))),
    "OCF-003": folder_of(_without(OBJECT, "v1/content/a.txt")),
    "OCF-004": _with(OBJECT, **{"v1/content/a.txt": b"two"}),
    "OCF-005": _with(OBJECT, **{"v1/content/b.txt": b"x"}),
    "OCF-006": _with(OBJECT, **{"v1/inventory.json": OTHER}),
    "OCF-007": folder_of(ocfl_object(inventory(id="no-uri"))),
    "OCF-008": _with(
        {f"a/{name}": body for name, body in OBJECT.items()}, **{"0=ocfl_1.1": b"ocfl_1.1\n", "b/c": b"x"}
    ),
    "OCF-009": _with(OBJECT, **{"extensions/0005-mutable-head/head/inventory.json": b"{}"}),
    "OCF-010": _with(
        ocfl_object(inventory(fixity={"tiger": {"00": ["v1/content/a.txt"]}})),
        **{"extensions/own-tiger/config.json": b"{}"},
    ),
}

# EEP


@dataclass(frozen=True)
class Seal:
    """A key with its certificate: RSA, SHA-256, issued by itself or by another."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def seal(name: str = "李", since: int = 2026, years: int = 10, by: Seal | None = None) -> Seal:
    """A certificate for `name`, valid from the first day of `since`."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime(since, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key()).serial_number(7)
        .not_valid_before(start).not_valid_after(start + timedelta(days=365 * years))
    )  # fmt: skip
    if by is None:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return Seal(key, builder.sign(by.key if by else key, hashes.SHA256()))


def canonical_signed(encapsulation: str | bytes) -> bytes:
    """被签名对象 in its canonical form, by another program than the one that verifies."""
    whole = ElementTree.canonicalize(encapsulation)
    name, namespace = "被签名对象", "http://www.saac.gov.cn/standards/ERM/encapsulation"
    inner = whole[whole.index(f"<{name}") + len(name) + 1 : whole.index(f"</{name}>")]
    inner = inner.replace(f' xmlns="{namespace}"', "")
    return f'<{name} xmlns="{namespace}"{inner}</{name}>'.encode()


def eep(
    payload: str = base64.b64encode(b"%PDF-1.4").decode(),
    size: str = "8",
    kind: str = "原始型",
    signed_as: str = "C14N 1.0 UTF-8",
    algorithm: str = "SHA256withRSA",
    spoil: bool = False,
    sign: bool = True,
    by: Seal | None = None,
    signer: str = "李",
    file_name: str = "图 1.pdf",
) -> bytes:
    namespace = "http://www.saac.gov.cn/standards/ERM/encapsulation"
    document = (
        f'<文档><文档标识符>D1</文档标识符><文档数据 文档数据ID="S1"><编码><编码ID>E1</编码ID><电子属性>'
        f"<计算机文件名>{file_name}</计算机文件名><计算机文件大小>{size}</计算机文件大小></电子属性><编码数据>{payload}</编码数据></编码></文档数据></文档>"
    )
    text = (
        f'<电子文件封装包 xmlns="{namespace}"><封装包格式描述>DA/T 48-2009</封装包格式描述><版本>2009</版本>'
        f'<被签名对象 eep版本="2009"><封装包类型>{kind}</封装包类型><封装包创建时间>2026-01-02</封装包创建时间>'
        "<封装包创建单位>馆</封装包创建单位><封装内容><文件实体块><文件实体><聚合层次>文件</聚合层次>"
        "<档号>A-1-001</档号><内容描述><题名>桩位图</题名><文件编号>结施-3</文件编号><日期>2026-03-10</日期></内容描述>"
        f"<文件数据>{document}</文件数据></文件实体></文件实体块></封装内容></被签名对象></电子文件封装包>"
    )
    if not sign:
        return text.encode()
    by = by or seal()
    value = base64.b64encode(by.sign(canonical_signed(text))).decode()
    block = (
        f"<电子签名块><电子签名><签名标识符>修改0-签名1</签名标识符><签名规则>{signed_as}</签名规则>"
        f"<签名时间>2026-01-02</签名时间><签名人>{signer}</签名人><签名结果>{value}</签名结果><证书块><证书>"
        f"{base64.b64encode(by.der).decode()}</证书></证书块><签名算法标识>{algorithm}</签名算法标识></电子签名></电子签名块>"
    )
    text = text.replace("</电子文件封装包>", block + "</电子文件封装包>")
    return (text.replace("<封装包创建单位>馆", "<封装包创建单位>别的馆") if spoil else text).encode()


def eep_file(content: bytes) -> Maker:
    def make(folder: Path) -> Path:
        path = folder / "package.eep.xml"
        path.write_bytes(content)
        return path

    return make


def with_forged(signed: bytes, *, wrapped: bool = False) -> bytes:
    """A second signed object of which the signature knows nothing; `wrapped`: in the place of the real one."""
    text = signed.decode()
    start, end = text.index("<被签名对象"), text.index("</被签名对象>") + len("</被签名对象>")
    real = text[start:end]
    forged = real.replace("桩位图", "伪造的图").replace("D1<", "D9<").replace("E1<", "E9<").replace("S1", "S9")
    inner = f"<扩展>{real}</扩展>{forged}" if wrapped else real + forged
    return (text[:start] + inner + text[end:]).encode()


def _eep(**how: Any) -> Maker:
    return lambda folder: eep_file(eep(**how))(folder)


DOUBLE = (
    "<文档><文档标识符>D1</文档标识符><文档数据><编码><编码数据>eA==</编码数据></编码></文档数据></文档></文件数据>"
)
EEPS: dict[str, Maker] = {
    "EEP-001": eep_file("<!DOCTYPE 电子文件封装包><电子文件封装包/>".encode()),
    "EEP-002": lambda folder: eep_file(eep(sign=False).replace("<版本>2009</版本>".encode(), b""))(folder),
    "EEP-003": _eep(payload="%%%%", sign=False),
    "EEP-004": _eep(size="9", sign=False),
    "EEP-005": _eep(sign=False),
    "EEP-006": _eep(spoil=True),
    "EEP-007": _eep(algorithm="SM2withSM3"),
    "EEP-008": _eep(algorithm="MD5withRSA"),
    "EEP-009": _eep(kind="别的"),
    "EEP-010": lambda folder: eep_file(eep(sign=False).replace("</文件数据>".encode(), DOUBLE.encode()))(folder),
    "EEP-011": lambda folder: eep_file(with_forged(eep()))(folder),
    "EEP-012": lambda folder: eep_file(eep(by=seal(since=2001, years=1)))(folder),
    "EEP-013": _eep(),
    "EEP-015": _eep(signer="云溪县城建档案馆"),
    "EEP-016": _eep(file_name="../../etc/passwd", sign=False),
}

# Transfer packages


def sip(**changes: bytes) -> Files:
    metadata = "<元数据><档号>A-1</档号><题名>桩位图</题名></元数据>".encode()
    directory = "<目录文件><文件><档号>A-1</档号><题名>桩位图</题名><路径>馆/A-1</路径></文件></目录文件>".encode()
    files = {"目录文件.XML": directory, "馆/A-1/元数据.xml": metadata, "馆/A-1/图.txt": b"drawing", **changes}
    note = f"件数：1\n文件数：{len(files)}\n字节数：{sum(map(len, files.values()))}\n"
    return sealed({"说明文件.TXT": note.encode(), **files})


def sealed(files: Files) -> Files:
    lines = "".join(f"{digest(body, 'sm3')}  {name}\n" for name, body in files.items())
    return {**files, "digests.sm3": lines.encode()}


SIP = sip()
_META, _FILE, _LIST = "馆/A-1/元数据.xml", "馆/A-1/图.txt", "目录文件.XML"


def _linked(folder: Path) -> Path:
    root = folder_of(SIP)(folder)
    (root / "馆" / "A-1" / "link").symlink_to("/etc/passwd")
    return root


AGAIN = "<文件><档号>A-1</档号><题名>x</题名><路径>馆/A-1</路径></文件></目录文件>"
TRANSFERS: dict[str, Maker] = {
    "TRF-001": folder_of(_without(SIP, "说明文件.TXT")),
    "TRF-002": _with(SIP, **{_LIST: b"<open>"}),
    "TRF-003": _with(SIP, **{_LIST: SIP[_LIST].replace("馆/A-1".encode(), "馆/A-2".encode())}),
    "TRF-004": folder_of(sip(**{"馆/A-2/图.txt": b"x"})),
    "TRF-005": _with(SIP, **{_FILE: b"DRAWING"}),
    "TRF-006": folder_of(_without(SIP, _FILE)),
    "TRF-007": _with(SIP, **{"馆/A-1/b.txt": b"x"}),
    "TRF-008": folder_of(_without(SIP, _META)),
    "TRF-009": folder_of(_without(SIP, _FILE)),
    "TRF-010": _with(SIP, **{"说明文件.TXT": "文件数：9\n".encode()}),
    "TRF-011": _linked,
    "TRF-012": folder_of(sip(**{"馆/A-1/a?.txt": b"x"})),
    "TRF-013": folder_of(sip(**{_META: "<元数据><档号>A-1</档号></元数据>".encode()})),
    "TRF-014": folder_of(sip(**{_LIST: SIP[_LIST].replace("</目录文件>".encode(), AGAIN.encode())})),
    "TRF-015": _with(SIP, **{"digests.sm3": SIP["digests.sm3"] + b"what is this\n"}),
}

# E-ARK


def eark(mets: str | None = None, **more: bytes) -> Files:
    body = b"text"
    document = mets or (
        '<mets xmlns="http://www.loc.gov/METS/" xmlns:csip="https://DILCIS.eu/XML/METS/CSIPExtensionMETS"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink" OBJID="ip" TYPE="Mixed"'
        ' PROFILE="https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml">'
        '<metsHdr CREATEDATE="2026-01-02T03:04:05" csip:OAISPACKAGETYPE="SIP">'
        '<agent ROLE="CREATOR" TYPE="OTHER" OTHERTYPE="SOFTWARE"><name>Z</name>'
        '<note csip:NOTETYPE="SOFTWARE VERSION">1</note></agent></metsHdr>'
        '<fileSec ID="fs"><fileGrp ID="g1" USE="Representations/rep1" csip:CONTENTINFORMATIONTYPE="MIXED">'
        f'<file ID="f1" MIMETYPE="text/plain" SIZE="4" CREATED="2026-01-02T03:04:05" CHECKSUM="{digest(body, "sha256")}"'
        ' CHECKSUMTYPE="SHA-256"><FLocat LOCTYPE="URL" xlink:type="simple"'
        ' xlink:href="representations/rep1/data/a.txt"/></file></fileGrp></fileSec>'
        '<structMap ID="sm" TYPE="PHYSICAL" LABEL="CSIP"><div ID="d" LABEL="ip"><div ID="d1" LABEL="Metadata"/>'
        '<div ID="d2" LABEL="Representations"><fptr FILEID="g1"/></div></div></structMap></mets>'
    )
    return {"METS.xml": document.encode(), "representations/rep1/data/a.txt": body, "metadata/": b"", **more}


IP = eark()
_METS = IP["METS.xml"].decode()
EARKS: dict[str, Maker] = {
    "EAR-001": _with(IP, **{"METS.xml": b"<mets"}),
    "EAR-002": folder_of(eark(_METS.replace('OBJID="ip"', ""))),
    "EAR-003": folder_of(eark(_METS.replace('LABEL="ip"', 'LABEL="other"'))),
    "EAR-004": folder_of(eark(_METS.replace("data/a.txt", "data/b.txt"))),
    "EAR-005": _with(IP, **{"representations/rep1/data/a.txt": b"TEXT"}),
    "EAR-006": _with(IP, **{"documentation/b.txt": b"x"}),
    "EAR-007": folder_of(eark(_METS.replace("representations/rep1/data/a.txt", "../../etc/passwd"))),
}


def _many(folder: Path) -> Path:
    return folder_of({**A_BAG, **{f"data/x{number}": b"" for number in range(120)}})(folder)


def _spoiled_zip(folder: Path) -> Path:
    path = zip_of(folder, {name: body for name, body in A_BAG.items() if not name.endswith("/")}, "bag.zip")
    content = path.read_bytes()
    at = content.index(b"data/b.txt") + len("data/b.txt")
    path.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
    return path


PACKAGES: dict[str, Maker] = {
    "PKG-001": _many,
    "PKG-002": _spoiled_zip,
    **BAGS,
    **OBJECTS,
    **EEPS,
    **TRANSFERS,
    **EARKS,
}
SOUND: dict[str, Maker] = {
    "bagit": folder_of(A_BAG),
    "ocfl": folder_of(OBJECT),
    "ocfl root": _with({f"a/{name}": body for name, body in OBJECT.items()}, **{"0=ocfl_1.1": b"ocfl_1.1\n"}),
    "transfer": folder_of(SIP),
    "eark": folder_of(IP),
    "zipped bag": lambda folder: zip_of(folder, {f"bag/{name}": body for name, body in A_BAG.items()}, "bag.zip"),
    "zipped transfer": lambda folder: zip_of(folder, SIP, "SIP.zip"),
}
