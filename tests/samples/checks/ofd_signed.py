"""OFD signed with keys of our own: SM2 and RSA, seals of both layouts, signed data, riding seals.

Nothing here is secret; signing is written for the tests only.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from asn1crypto import core, parser
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from samples.checks.making import Maker, put
from samples.checks.ofd import NAMESPACE, ofd, ofd_parts
from zhudang.checks.signing import sm2

SIGNED_AT = datetime(2025, 6, 1, 2, 0, 0, tzinfo=UTC)
START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
SIGNATURE, VALUE, SEAL, LIST = (
    "Doc_0/Signs/Sign_0/Signature.xml",
    "Doc_0/Signs/Sign_0/SignedValue.dat",
    "Doc_0/Signs/Sign_0/Seal.esl",
    "Doc_0/Signs/Signatures.xml",
)
RSA_SHA256 = "1.2.840.113549.1.1.11"


def seq(*parts: bytes, tag: int = 16, family: int = 0) -> bytes:
    return bytes(parser.emit(family, 1, tag, b"".join(parts)))


def oid(dotted: str) -> bytes:
    return bytes(core.ObjectIdentifier(dotted).dump())


def number(value: int) -> bytes:
    return bytes(core.Integer(value).dump())


def octets(value: bytes) -> bytes:
    return bytes(core.OctetString(value).dump())


def bits(value: bytes) -> bytes:
    return bytes(core.OctetBitString(value).dump())


def ia5(value: str) -> bytes:
    return bytes(core.IA5String(value).dump())


def utf8(value: str) -> bytes:
    return bytes(core.UTF8String(value).dump())


def moment(value: datetime) -> bytes:
    return bytes(core.GeneralizedTime(value).dump())


class Sm2Key:
    """A key pair; `sign` gives a DER signature with SM3 and the usual name."""

    algorithm = sm2.SM2_WITH_SM3_OID
    digest = sm2.SM3_OID

    def __init__(self, secret: int) -> None:
        self._secret = secret
        point = sm2.multiply(secret, sm2.BASE)
        assert point is not None
        self.point = point
        raw = b"\x04" + point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        self.info = seq(seq(oid("1.2.840.10045.2.1"), oid(sm2.CURVE_OID)), bits(raw))

    def sign(self, message: bytes) -> bytes:
        e = int.from_bytes(sm2.message_digest(self.point, message), "big")
        k = int.from_bytes(hashlib.sha256(message + self._secret.to_bytes(32, "big")).digest(), "big") % sm2.N
        point = sm2.multiply(k, sm2.BASE)
        assert point is not None
        r = (e + point.x) % sm2.N
        s = pow(1 + self._secret, -1, sm2.N) * (k - r * self._secret) % sm2.N
        return seq(number(r), number(s))


class RsaKey:
    algorithm = RSA_SHA256
    digest = "2.16.840.1.101.3.4.2.1"

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self.info = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())


Key = Sm2Key | RsaKey


@dataclass(frozen=True)
class Holder:
    """A certificate, its key and who issued it."""

    name: str
    key: Key
    certificate: bytes
    serial: int


def name(common: str) -> bytes:
    return seq(seq(seq(oid("2.5.4.3"), utf8(common)), tag=17))


def algorithm(dotted: str) -> bytes:
    return seq(oid(dotted))


def holder(
    common: str,
    key: Key,
    issuer: Holder | None = None,
    *,
    serial: int = 1,
    start: datetime = START,
    end: datetime = END,
    authority: bool = False,
) -> Holder:
    """Issue a certificate; self-signed without an issuer."""
    signing = issuer.key if issuer else key
    constraints = seq(oid("2.5.29.19"), octets(seq(bytes(core.Boolean(True).dump())) if authority else seq()))
    body = seq(
        seq(number(2), tag=0, family=2),
        number(serial),
        algorithm(signing.algorithm),
        name(issuer.name if issuer else common),
        seq(moment(start), moment(end)),
        name(common),
        key.info,
        seq(seq(constraints), tag=3, family=2),
    )
    return Holder(common, key, seq(body, algorithm(signing.algorithm), bits(signing.sign(body))), serial)


def revocations(issuer: Holder, revoked: dict[int, datetime], made: datetime, until: datetime) -> bytes:
    """A revocation list (DER)."""
    entries = [seq(number(serial), moment(when)) for serial, when in revoked.items()]
    body = seq(
        number(1),
        algorithm(issuer.key.algorithm),
        name(issuer.name),
        moment(made),
        moment(until),
        *([seq(*entries)] if entries else []),
    )
    return seq(body, algorithm(issuer.key.algorithm), bits(issuer.key.sign(body)))


@dataclass(frozen=True)
class City:
    """A root, a seal maker under it and a signer under it."""

    root: Holder
    maker: Holder
    signer: Holder


@cache
def city(kind: str = "sm2") -> City:
    keys: list[Key] = [Sm2Key(1000 + n) for n in range(3)] if kind == "sm2" else [RsaKey() for _ in range(3)]
    root = holder("云溪根证书", keys[0], authority=True)
    return City(
        root, holder("云溪制章中心", keys[1], root, serial=2), holder("云溪县城建档案馆", keys[2], root, serial=3)
    )


@dataclass
class Plan:
    """How to sign; every field is a way to go wrong."""

    kind: str = "sm2"
    layout: str = "new"
    signer: Holder | None = None
    listed: Holder | None = None
    list_digests: bool = False
    time: datetime = SIGNED_AT
    seal_start: datetime = START
    seal_end: datetime = END
    method: str = sm2.SM3_OID
    leave_out: tuple[str, ...] = ()
    stamps: str = '<ofd:StampAnnot ID="90" PageRef="10" Boundary="150 20 40 40"/>'
    seal_file: bool = True
    folder: int = 0
    change_seal: bool = False
    stamp: tuple[Holder, datetime] | None = None
    extra: dict[str, str] = field(default_factory=dict)


def seal_bytes(plan: Plan) -> bytes:
    """An SESeal of the layout asked for."""
    people = city(plan.kind)
    listed = (plan.listed or plan.signer or people.signer).certificate
    kind, held = (2, hashlib.new("sm3", listed).digest()) if plan.list_digests else (1, listed)
    if plan.layout == "new":
        holders = number(kind) + seq(octets(held))
    else:
        holders = seq(octets(held))
    info = seq(
        seq(ia5("ES"), number(4 if plan.layout == "new" else 1), ia5("yunxi")),
        ia5("YX0001"),
        seq(
            number(1), utf8("云溪县城建档案馆公章"), holders, moment(plan.seal_start),
            moment(plan.seal_start), moment(plan.seal_end),
        ),
        seq(ia5("PNG"), octets(b"picture"), number(40), number(40)),
    )  # fmt: skip
    cert, how = octets(people.maker.certificate), oid(people.maker.key.algorithm)
    signed = info if plan.layout == "new" else seq(info, cert, how)
    value = bits(people.maker.key.sign(signed))
    if plan.change_seal:
        info = info.replace(b"YX0001", b"YX0009")
    return seq(info, cert, how, value) if plan.layout == "new" else seq(info, seq(cert, how, value))


def seal_signature(plan: Plan, written: bytes, place: str) -> bytes:
    """An SES_Signature over the bytes of a Signature.xml."""
    who = plan.signer or city(plan.kind).signer
    cert, how = octets(who.certificate), oid(who.key.algorithm)
    digest = hashlib.new("sm3", written).digest()
    parts = [number(4), seal_bytes(plan), moment(plan.time), bits(digest), ia5("/" + place)]
    if plan.layout == "new":
        body = seq(*parts)
        value = who.key.sign(body)
        stamp = [seq(bits(timestamp(*plan.stamp, value)), tag=0, family=2)] if plan.stamp else []
        return seq(body, cert, how, bits(value), *stamp)
    parts[0], parts[2] = number(1), bits(plan.time.strftime("%Y-%m-%dT%H:%M:%SZ").encode())
    body = seq(*parts, cert, how)
    return seq(body, bits(who.key.sign(body)))


def timestamp(who: Holder, when: datetime, stamped: bytes) -> bytes:
    """An RFC 3161 token (GB/T 20520) over `stamped`."""
    imprint = seq(algorithm(sm2.SM3_OID), octets(hashlib.new("sm3", stamped).digest()))
    info = seq(number(1), oid("1.2.156.1"), imprint, number(7), moment(when))
    kind = oid("1.2.840.113549.1.9.16.1.4")
    hashed = octets(hashlib.new("sm3", info).digest())
    attributes = b"".join(
        sorted(
            [
                seq(oid("1.2.840.113549.1.9.3"), seq(kind, tag=17)),
                seq(oid("1.2.840.113549.1.9.4"), seq(hashed, tag=17)),
            ]
        )
    )
    signer = seq(
        number(1),
        seq(name(city().root.name), number(who.serial)),
        algorithm(sm2.SM3_OID),
        seq(attributes, tag=0, family=2),
        algorithm(who.key.algorithm),
        octets(who.key.sign(seq(attributes, tag=17))),
    )
    inner = seq(
        number(3),
        seq(algorithm(sm2.SM3_OID), tag=17),
        seq(kind, seq(octets(info), tag=0, family=2)),
        seq(who.certificate, tag=0, family=2),
        seq(signer, tag=17),
    )
    return seq(oid("1.2.840.113549.1.7.2"), seq(inner, tag=0, family=2))


def signed_data(plan: Plan, written: bytes) -> bytes:
    """Signed data of GB/T 35275 (SM2) or CMS (RSA), detached, without attributes."""
    who = plan.signer or city(plan.kind).signer
    chinese = plan.kind == "sm2"
    data, signed = (
        ("1.2.156.10197.6.1.4.2.1", "1.2.156.10197.6.1.4.2.2")
        if chinese
        else ("1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2")
    )
    signer = seq(
        number(1),
        seq(name(city(plan.kind).root.name), number(who.serial)),
        algorithm(who.key.digest),
        algorithm(who.key.algorithm),
        octets(who.key.sign(written)),
    )
    inner = seq(
        number(1),
        seq(algorithm(who.key.digest), tag=17),
        seq(oid(data)),
        seq(who.certificate, tag=0, family=2),
        seq(signer, tag=17),
    )
    return seq(oid(signed), seq(inner, tag=0, family=2))


DIGEST_NAMES = {"MD5": "md5", "SHA1": "sha1", "SHA-256": "sha256", "SM3": "sm3", sm2.SM3_OID: "sm3"}


def sign(parts: dict[str, Any], plan: Plan) -> None:
    """Add one signature to the parts of an OFD, as a signer does: list first, then digests, then the value."""
    base = f"Doc_0/Signs/Sign_{plan.folder}"
    entry = f'<ofd:Signature ID="{plan.folder + 1}" Type="{_type(plan)}" BaseLoc="/{base}/Signature.xml"/>'
    earlier = parts.get(LIST)
    if earlier is None:
        parts[LIST] = f'<ofd:Signatures xmlns:ofd="{NAMESPACE}">{entry}</ofd:Signatures>'
        parts["OFD.xml"] = parts["OFD.xml"].replace(
            "</ofd:DocBody>", f"<ofd:Signatures>/{LIST}</ofd:Signatures></ofd:DocBody>"
        )
    else:
        parts[LIST] = earlier.replace("</ofd:Signatures>", entry + "</ofd:Signatures>")
    sealed = plan.layout != "cms"
    if sealed and plan.seal_file:
        parts[f"{base}/Seal.esl"] = seal_bytes(plan)
    references = "".join(
        f'<ofd:Reference FileRef="/{place}"><ofd:CheckValue>{_check(content, plan)}</ofd:CheckValue></ofd:Reference>'
        for place, content in parts.items()
        if place not in plan.leave_out
    )
    seal = f"<ofd:Seal><ofd:BaseLoc>/{base}/Seal.esl</ofd:BaseLoc></ofd:Seal>" if sealed and plan.seal_file else ""
    written = (
        f'<ofd:Signature xmlns:ofd="{NAMESPACE}"><ofd:SignedInfo><ofd:Provider ProviderName="tests"/>'
        f"<ofd:SignatureMethod>{city(plan.kind).signer.key.algorithm}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{plan.time:%Y%m%d%H%M%SZ}</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{plan.method}">{references}</ofd:References>{plan.stamps}{seal}'
        f"</ofd:SignedInfo><ofd:SignedValue>/{base}/SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    )
    place = f"{base}/Signature.xml"
    raw = written.encode()
    parts[place] = written
    parts[f"{base}/SignedValue.dat"] = signed_data(plan, raw) if not sealed else seal_signature(plan, raw, place)


def _type(plan: Plan) -> str:
    return "Sign" if plan.layout == "cms" else "Seal"


def _check(content: str | bytes, plan: Plan) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.b64encode(hashlib.new(DIGEST_NAMES.get(plan.method, "sm3"), raw).digest()).decode()


def signed_parts(plan: Plan | None = None, pages: int = 2) -> dict[str, Any]:
    parts: dict[str, Any] = dict(ofd_parts(pages))
    sign(parts, plan or Plan())
    return parts


def signed_ofd(plan: Plan | None = None, change: Callable[[dict[str, Any]], None] | None = None) -> Maker:
    """A signed OFD; `change` tampers with its parts afterwards."""

    def make(folder: Path) -> Path:
        parts = signed_parts(plan)
        if change:
            change(parts)
        return ofd(folder, parts, "signed.ofd")

    return make


def _drop(place: str) -> Callable[[dict[str, Any]], None]:
    def change(parts: dict[str, Any]) -> None:
        del parts[place]

    return change


def _note(parts: dict[str, Any]) -> None:
    """A page's picture smuggled in, which no signature knows of."""
    parts["Doc_0/Res/added.png"] = b"added"


def _other_seal(parts: dict[str, Any]) -> None:
    parts[SEAL] = parts[SEAL].replace("公章".encode(), "私章".encode())


def _unlist(parts: dict[str, Any]) -> None:
    parts[LIST] = f'<ofd:Signatures xmlns:ofd="{NAMESPACE}"/>'


STRANGER = Sm2Key(77)
RIDING = "".join(
    f'<ofd:StampAnnot ID="{90 + n}" PageRef="{10 + n}" Boundary="170 100 40 40" Clip="{20 * n} 0 20 40"/>'
    for n in range(2)
)


def _stranger() -> Holder:
    return holder("借用的证书", STRANGER, city().root, serial=9)


BAD: dict[str, Maker] = {
    "OFD-021": signed_ofd(change=_note),
    "OFD-022": signed_ofd(Plan(seal_end=datetime(2025, 1, 1, tzinfo=UTC))),
    "OFD-023": lambda folder: signed_ofd(Plan(signer=_stranger(), listed=city().signer))(folder),
    "OFD-024": signed_ofd(Plan(change_seal=True)),
    "OFD-026": lambda folder: signed_ofd(
        Plan(signer=holder("过期证书", STRANGER, city().root, serial=8, end=datetime(2025, 1, 1, tzinfo=UTC)))
    )(folder),
    "OFD-027": signed_ofd(Plan(stamps='<ofd:StampAnnot ID="90" PageRef="99" Boundary="1 1 4 4"/>')),
    "OFD-028": signed_ofd(Plan(leave_out=(SEAL,)), _other_seal),
    "OFD-029": signed_ofd(change=_drop(LIST)),
    "OFD-030": signed_ofd(change=_drop(VALUE)),
    "OFD-031": signed_ofd(Plan(stamps=RIDING)),
    "OFD-032": signed_ofd(change=_unlist),
}
GOOD: dict[str, Maker] = {
    "ofd-sealed": signed_ofd(),
    "ofd-sealed-old": signed_ofd(Plan(layout="old")),
    "ofd-signed-data": signed_ofd(Plan(layout="cms")),
    "eseal": lambda folder: put(folder, "seal.esl", seal_bytes(Plan())),
    "ofd-sealed-rsa": signed_ofd(Plan(kind="rsa", method="SHA-256")),
}
