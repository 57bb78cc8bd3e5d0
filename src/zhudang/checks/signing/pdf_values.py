"""The value of one PDF signature: does it belong to the covered bytes, who gave it, and what came along with it?

Read here rather than by the PDF library, because archives meet what strict readers refuse: two signers in one value,
enclosed digests, keys written carelessly, SM2, electronic seals of GB/T 38540.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asn1crypto import cms, core, crl, ocsp, parser, tsp, x509

from zhudang.checks.signing import certificates, eseal, sm2
from zhudang.checks.signing.algorithms import PSS_OID, digest, digest_name, is_sm2, point_of, verify
from zhudang.checks.signing.cms import SIGNED_DATA
from zhudang.checks.signing.keys import weakness
from zhudang.checks.signing.pdf_fields import Covered, Signed

WEAK_DIGESTS = ("md5", "sha1")
MOST_SIGNERS = 10
REVOCATION_ARCHIVE = "1.2.840.113583.1.1.8"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
STAMP_TOKEN = "1.2.840.113549.1.9.16.2.14"
SIGNING_TIME, MESSAGE_DIGEST = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.4"
KEY_ALGORITHMS = {
    "1.2.840.113549.1.1.1",
    "1.2.840.10045.2.1",
    "1.2.840.10040.4.1",
    "1.2.840.10040.4.3",
    "2.16.840.1.101.3.4.3.2",
    "1.2.156.10197.1.301",
    "1.2.156.10197.1.301.1",
    "1.3.101.112",
    "1.3.101.113",
}
"""RSA, EC, DSA (its signatures too: the digest in their name is the one told apart), SM2, Ed25519, Ed448."""
TROUBLES = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What the decoder raises on bytes that are not what they claim to be."""

Digest = Callable[[str], bytes]


class _Archive(core.Sequence):  # type: ignore[misc]
    """adbe-revocationInfoArchival, ISO 32000-1, 12.8.3.3.2."""

    _fields = [
        ("crl", core.SequenceOf, {"explicit": 0, "optional": True, "spec": crl.CertificateList}),
        ("ocsp", core.SequenceOf, {"explicit": 1, "optional": True, "spec": ocsp.OCSPResponse}),
    ]


class _Outer(core.Sequence):  # type: ignore[misc]
    _fields = [("content_type", core.ObjectIdentifier), ("content", core.Any, {"explicit": 0, "optional": True})]


@dataclass
class Stamp:
    """A timestamp over a signature value. `intact`: its own signature and its imprint agree; None if undecidable."""

    time: datetime | None
    intact: bool | None
    certificate: x509.Certificate | None
    others: list[x509.Certificate]


@dataclass
class Value:
    """What a signature value says. `intact`: None where it cannot be decided, `why` then says a word."""

    intact: bool | None = None
    why: str = ""
    certificate: x509.Certificate | None = None
    others: list[x509.Certificate] = field(default_factory=list)
    time: datetime | None = None
    weak: list[str] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    crls: list[crl.CertificateList] = field(default_factory=list)
    ocsps: list[ocsp.OCSPResponse] = field(default_factory=list)
    seal: bool = False


def read(signed: Signed, covered: Covered) -> list[Value]:
    """The signers of a value, usually one. Unreadable bytes give one value that is not decided."""
    try:
        if signed.sub_filter == "/adbe.x509.rsa_sha1":
            return [_bare(signed, covered)]
        content = _signed_data(signed.contents)
        if content is not None:
            return list(_signers(content, covered.digest, covered.content, enclosed_is_stamp=signed.is_stamp))
        return [_seal(signed.contents, covered)]
    except TROUBLES as trouble:
        return [Value(why=f"unreadable: {str(trouble)[:100]}")]


def _signed_data(der: bytes) -> cms.SignedData | None:
    try:
        outer = _Outer.load(der)
        if outer["content_type"].native in SIGNED_DATA:
            return outer["content"].parse(cms.SignedData)
    except TROUBLES:
        pass
    return None


def _bare(signed: Signed, covered: Covered) -> Value:
    """PKCS #1 alone, its certificates beside it (ISO 32000-1, 12.8.3.2)."""
    chain = [each for each in map(certificates.load, signed.certificates) if each is not None]
    if not chain:
        return Value(why="certificate missing")
    signature = bytes(core.OctetString.load(signed.contents).native)
    value = Value(certificate=chain[0], others=chain[1:])
    names = ("sha1", "sha256", "sha384", "sha512", "md5")
    content = covered.content()
    answers = {name: verify(chain[0].public_key, name, signature, content) for name in names}
    value.intact = True if True in answers.values() else None if None in answers.values() else False
    value.weak = _weak(next((name for name in names if answers[name]), None), chain[0])
    return value


def _seal(der: bytes, covered: Covered) -> Value:
    """A seal signature of GB/T 38540 or GM/T 0031 in place of signed data."""
    seal = eseal.read_signature(der)
    name = (
        "sm3" if seal.certificate is not None and is_sm2(seal.certificate.public_key) else digest_name(seal.algorithm)
    )
    value = Value(certificate=seal.certificate, time=seal.time, seal=True)
    if name is None or seal.intact is None:
        value.why = "algorithm not known"
    elif covered.digest(name) != seal.data_hash and digest(name, covered.digest(name)) != seal.data_hash:
        value.intact = False
    else:
        value.intact = seal.intact
    return value


def _signers(
    content: cms.SignedData, hashed: Digest, whole: Callable[[], bytes], *, enclosed_is_stamp: bool
) -> Iterator[Value]:
    held = [each.chosen for each in content["certificates"]] if content["certificates"].contents else []
    pool = [each for each in held if isinstance(each, x509.Certificate) and certificates.load(each.dump()) is not None]
    lists = [each.chosen for each in content["crls"]] if content["crls"].contents else []
    crls = [each for each in lists if isinstance(each, crl.CertificateList)]
    enclosed = _enclosed(content)
    signers = list(content["signer_infos"])[:MOST_SIGNERS]
    if not signers:
        yield Value(why="no signer")
    for signer in signers:
        value = _signer(signer, pool, enclosed, hashed, whole, enclosed_is_stamp)
        value.crls.extend(crls)
        yield value


def _signer(
    signer: Any,
    pool: list[x509.Certificate],
    enclosed: bytes | None,
    hashed: Digest,
    whole: Callable[[], bytes],
    is_stamp: bool,
) -> Value:
    chosen = _certificate(signer, pool)
    value = Value(certificate=chosen, others=[each for each in pool if each is not chosen])
    name = digest_name(signer["digest_algorithm"]["algorithm"].dotted)
    told = _attributes(signer["signed_attrs"])
    value.time = told.get(SIGNING_TIME)
    if name is None or chosen is None:
        value.why = "digest not known" if name is None else "certificate missing"
        return value
    stated = told.get(MESSAGE_DIGEST)
    agrees = _content_agrees(enclosed, stated, name, hashed, is_stamp=is_stamp)
    value.intact = agrees and _signature_agrees(signer, chosen, name, enclosed, whole)
    if value.intact is None:
        value.why = "algorithm not known"
    elif not value.intact:
        value.why = "digest does not agree" if not agrees else "signature value does not agree"
        if agrees and _out_of_order(signer, chosen, name):
            value.why = "signed attributes out of order (RFC 5652, 5.4)"
    value.weak = _weak(name, chosen)
    if is_stamp and enclosed is not None:
        value.time = tsp.TSTInfo.load(enclosed)["gen_time"].native
    _archived(signer, value)
    value.stamps = list(_stamps(signer))
    return value


def _content_agrees(enclosed: bytes | None, stated: bytes | None, name: str, hashed: Digest, *, is_stamp: bool) -> bool:
    """Whether the stated digest is the covered bytes', directly or through what is enclosed."""
    if is_stamp:
        if enclosed is None:
            return False
        imprint = tsp.TSTInfo.load(enclosed)["message_imprint"]
        used = digest_name(imprint["hash_algorithm"]["algorithm"].dotted)
        same = used is not None and hashed(used) == imprint["hashed_message"].native
        return same and stated in (None, digest(name, enclosed))
    if enclosed:
        # adbe.pkcs7.sha1 encloses the digest; some writers do so under any name.
        of_bytes = enclosed in {hashed("sha1"), hashed(name)}
        if stated is None:
            return of_bytes
        return stated == hashed(name) or (of_bytes and stated == digest(name, enclosed))
    return stated is None or stated == hashed(name)


def _signature_agrees(
    signer: Any, chosen: x509.Certificate, name: str, enclosed: bytes | None, whole: Callable[[], bytes]
) -> bool | None:
    algorithm = signer["signature_algorithm"]["algorithm"].dotted
    if algorithm in KEY_ALGORITHMS:
        # Many write the key's algorithm where the signature's belongs: the digest then stands apart.
        algorithm = name
    elif not digest_name(algorithm) and algorithm != PSS_OID:
        return None
    signature, key = bytes(signer["signature"].native), chosen.public_key
    answers = [verify(key, algorithm, signature, each) for each in _messages(signer, is_sm2(key), enclosed, whole)]
    if is_sm2(key) and not signer["signed_attrs"].contents:
        # Early makers signed the digest without the signer's identity in it.
        answers.append(sm2.verify_digest(point_of(key), signature, digest("sm3", enclosed or whole())))
    return True if True in answers else None if None in answers else False


def _messages(signer: Any, either: bool, enclosed: bytes | None, whole: Callable[[], bytes]) -> list[bytes]:
    """What may have been signed. GB/T 35275 leaves open in which order attributes stand: then `either` is told."""
    attributes = signer["signed_attrs"]
    if not attributes.contents:
        return [enclosed or whole()]
    return [_canonical(attributes), *([_as_stored(attributes)] if either else [])]


def _out_of_order(signer: Any, chosen: x509.Certificate, algorithm: str) -> bool:
    """The signature is over the attributes as they are stored, which is not how they are to be signed."""
    attributes = signer["signed_attrs"]
    if not attributes.contents:
        return False
    return bool(verify(chosen.public_key, algorithm, bytes(signer["signature"].native), _as_stored(attributes)))


def _as_stored(attributes: Any) -> bytes:
    return b"\x31" + bytes(attributes.dump()[1:])


def _canonical(attributes: Any) -> bytes:
    """Signed attributes as RFC 5652, 5.4 has them signed: a DER set, whatever order they are stored in."""
    held = sorted(bytes(each.dump()) for each in attributes)
    return bytes(parser.emit(0, 1, 17, b"".join(held)))


def _weak(name: str | None, certificate: x509.Certificate) -> list[str]:
    """Digest and key that no longer prove much."""
    found = [name.upper()] if name in WEAK_DIGESTS else []
    short = weakness(certificate.public_key)
    return [*found, short] if short else found


def _certificate(signer: Any, pool: list[x509.Certificate]) -> x509.Certificate | None:
    told = signer["sid"].chosen
    if isinstance(told, cms.IssuerAndSerialNumber):
        serial = told["serial_number"].native
        found = [each for each in pool if each.serial_number == serial]
        exact = [each for each in found if each.issuer == told["issuer"]]
        found = exact or found
    else:
        found = [each for each in pool if each.key_identifier == told.native]
    return found[0] if found else None


def _enclosed(content: cms.SignedData) -> bytes | None:
    held = content["encap_content_info"]["content"]
    if held is None or isinstance(held, core.Void) or held.contents is None:
        return None
    if isinstance(held, core.OctetString | core.ParsableOctetString):
        return bytes(held)
    inner = held.parsed if isinstance(held, core.Any) else held
    return bytes(inner.contents) or None


def _attributes(attributes: Any) -> dict[str, Any]:
    """First value of the attributes that are needed, by identifier."""
    told: dict[str, Any] = {}
    for attribute in attributes if attributes.contents else ():
        kind = attribute["type"].dotted
        if kind in (SIGNING_TIME, MESSAGE_DIGEST) and len(attribute["values"]):
            value = attribute["values"][0].native
            told.setdefault(kind, value if kind == SIGNING_TIME else bytes(value))
    moment = told.get(SIGNING_TIME)
    return told if isinstance(moment, datetime) else {**told, SIGNING_TIME: None}


def _archived(signer: Any, value: Value) -> None:
    """Revocation data inside the signature (Adobe's signed attribute, CAdES' unsigned one)."""
    for attributes in (signer["signed_attrs"], signer["unsigned_attrs"]):
        for attribute in attributes if attributes.contents else ():
            kind = attribute["type"].dotted
            if kind not in (REVOCATION_ARCHIVE, REVOCATION_VALUES):
                continue
            try:
                archive = _Archive.load(attribute["values"][0].dump())
                value.crls.extend(archive["crl"] if archive["crl"].contents else ())
                if kind == REVOCATION_ARCHIVE:
                    value.ocsps.extend(archive["ocsp"] if archive["ocsp"].contents else ())
            except TROUBLES:
                continue


def _stamps(signer: Any) -> Iterator[Stamp]:
    signature = bytes(signer["signature"].native)
    for attribute in signer["unsigned_attrs"] if signer["unsigned_attrs"].contents else ():
        if attribute["type"].dotted != STAMP_TOKEN:
            continue
        for held in attribute["values"]:
            try:
                yield _stamp(held.dump(), signature)
            except TROUBLES:
                yield Stamp(None, None, None, [])


def _stamp(token: bytes, stamped: bytes) -> Stamp:
    content = _signed_data(token)
    if content is None:
        return Stamp(None, None, None, [])

    def hashed(name: str) -> bytes:
        return digest(name, stamped)

    value = next(_signers(content, hashed, lambda: stamped, enclosed_is_stamp=True))
    return Stamp(value.time, value.intact, value.certificate, value.others)
