"""Values of PDF signatures as makers write them: SM2, seals, older encodings, odd ones. Signing for tests only."""

from __future__ import annotations

import datetime
import hashlib
from functools import cache
from typing import Any

from asn1crypto import cms, core, keys, parser, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from samples.checks.signatures import FAR_AWAY, LONG_AGO, someone
from zhudang.checks.signing import sm2

PRIVATE, RANDOM = 0x1234567890ABCDEF1234567890ABCDEF, 0xFEDCBA0987654321FEDCBA0987654321
SM3, SM2_SM3, SHA256, RSA = (
    "1.2.156.10197.1.401",
    "1.2.156.10197.1.501",
    "2.16.840.1.101.3.4.2.1",
    "1.2.840.113549.1.1.1",
)
DATA, SIGNED_DATA, GM_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2", "1.2.156.10197.6.1.4.2.1"
GM_SIGNED_DATA = "1.2.156.10197.6.1.4.2.2"


def sm2_sign(message: bytes) -> bytes:
    """GB/T 32918.2, 6.1, with a number that is not random."""
    key = sm2.multiply(PRIVATE, sm2.BASE)
    point = sm2.multiply(RANDOM, sm2.BASE)
    assert key is not None
    assert point is not None
    r = (int.from_bytes(sm2.message_digest(key, message), "big") + point.x) % sm2.N
    s = pow(1 + PRIVATE, -1, sm2.N) * (RANDOM - r * PRIVATE) % sm2.N
    return seq(integer(r), integer(s))


def seq(*parts: bytes, tag: int = 16, family: int = 0) -> bytes:
    return bytes(parser.emit(family, 1, tag, b"".join(parts)))


def integer(value: int) -> bytes:
    return bytes(core.Integer(value).dump())


def oid(dotted: str) -> bytes:
    return bytes(core.ObjectIdentifier(dotted).dump())


def bits(value: bytes) -> bytes:
    return bytes(core.OctetBitString(value).dump())


@cache
def sm2_certificate() -> x509.Certificate:
    """Signed by itself, with the curve of GB/T 32918.5."""
    key = sm2.multiply(PRIVATE, sm2.BASE)
    assert key is not None
    point = b"\x04" + key.x.to_bytes(32, "big") + key.y.to_bytes(32, "big")
    info = seq(seq(oid("1.2.840.10045.2.1"), oid(sm2.CURVE_OID)), bits(point))
    name = x509.Name.build({"common_name": "国密签名人"})
    body = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": 7,
            "signature": {"algorithm": SM2_SM3},
            "issuer": name,
            "validity": {"not_before": _time(LONG_AGO), "not_after": _time(FAR_AWAY)},
            "subject": name,
            "subject_public_key_info": keys.PublicKeyInfo.load(info),
        }
    ).dump()
    return x509.Certificate.load(seq(body, seq(oid(SM2_SM3)), bits(sm2_sign(body))))


def _time(moment: datetime.datetime) -> x509.Time:
    return x509.Time({"general_time": core.GeneralizedTime(moment)})


def attributes(covered: bytes, name: str) -> list[bytes]:
    """Content type and message digest, each as DER."""
    digest = hashlib.new(name, covered).digest()
    values = (("content_type", DATA), ("message_digest", digest))
    return [cms.CMSAttribute({"type": kind, "values": [value]}).dump() for kind, value in values]


def signer(
    certificate: x509.Certificate, digest: str, algorithm: str, signature: bytes, signed: list[bytes] | None
) -> bytes:
    sid = seq(certificate.issuer.dump(), integer(certificate.serial_number))
    held = [seq(*signed, tag=0, family=2)] if signed else []
    return seq(integer(1), sid, seq(oid(digest)), *held, seq(oid(algorithm)), bytes(core.OctetString(signature).dump()))


def whole(
    certificate: x509.Certificate,
    digest: str,
    *infos: bytes,
    kinds: tuple[str, str] = (SIGNED_DATA, DATA),
    enclosed: bytes = b"",
) -> bytes:
    inner = seq(bytes(core.OctetString(enclosed).dump()), tag=0, family=2) if enclosed else b""
    parts = [
        integer(1),
        seq(seq(oid(digest)), tag=17),
        seq(oid(kinds[1]), inner),
        seq(certificate.dump(), tag=0, family=2),
        seq(*infos, tag=17),
    ]
    return seq(oid(kinds[0]), seq(seq(*parts), tag=0, family=2))


def rsa_sign(message: bytes, algorithm: Any = None) -> bytes:
    return someone().key.sign(message, padding.PKCS1v15(), algorithm or hashes.SHA256())


def rsa_signer(covered: bytes, *, ordered: bool = True) -> bytes:
    signed = sorted(attributes(covered, "sha256"), reverse=not ordered)
    return signer(someone().plain, SHA256, RSA, rsa_sign(seq(*signed, tag=17)), signed)


def rsa_value(covered: bytes) -> bytes:
    return whole(someone().plain, SHA256, rsa_signer(covered))


def out_of_order(covered: bytes) -> bytes:
    return whole(someone().plain, SHA256, rsa_signer(covered, ordered=False))


def two_signers(covered: bytes) -> bytes:
    return whole(someone().plain, SHA256, rsa_signer(covered), rsa_signer(covered + b"."))


def unknown_algorithm(covered: bytes) -> bytes:
    signed = sorted(attributes(covered, "sha256"))
    return whole(
        someone().plain, SHA256, signer(someone().plain, SHA256, "1.2.3.4", rsa_sign(seq(*signed, tag=17)), signed)
    )


def enclosed_digest(covered: bytes) -> bytes:
    """adbe.pkcs7.sha1: the digest is enclosed, and signed through attributes."""
    inside = hashlib.sha1(covered, usedforsecurity=False).digest()
    signed = sorted(attributes(inside, "sha256"))
    info = signer(someone().plain, SHA256, RSA, rsa_sign(seq(*signed, tag=17)), signed)
    return whole(someone().plain, SHA256, info, enclosed=inside)


def plain_rsa(covered: bytes) -> bytes:
    """Signed without attributes."""
    return whole(someone().plain, SHA256, signer(someone().plain, SHA256, RSA, rsa_sign(covered), None))


def sm2_value(covered: bytes) -> bytes:
    signed = sorted(attributes(covered, "sm3"))
    return whole(
        sm2_certificate(), SM3, signer(sm2_certificate(), SM3, SM2_SM3, sm2_sign(seq(*signed, tag=17)), signed)
    )


def sm2_gm_value(covered: bytes) -> bytes:
    """The identifiers of GB/T 35275, attributes in any order."""
    signed = sorted(attributes(covered, "sm3"), reverse=True)
    info = signer(sm2_certificate(), SM3, "1.2.156.10197.1.301.1", sm2_sign(seq(*signed, tag=17)), signed)
    return whole(sm2_certificate(), SM3, info, kinds=(GM_SIGNED_DATA, GM_DATA))


def sm2_bare_value(covered: bytes) -> bytes:
    return whole(sm2_certificate(), SM3, signer(sm2_certificate(), SM3, SM2_SM3, sm2_sign(covered), None))


def seal_value(covered: bytes) -> bytes:
    """SES_Signature of GB/T 38540 with a seal of the same signer."""
    certificate = bytes(core.OctetString(sm2_certificate().dump()).dump())
    start, end = (bytes(core.GeneralizedTime(each).dump()) for each in (LONG_AGO, FAR_AWAY))
    text = bytes(core.UTF8String("测试章").dump())
    listed = seq(certificate)
    face = seq(bytes(core.IA5String("png").dump()), bytes(core.OctetString(b"x").dump()), integer(40), integer(40))
    header = seq(bytes(core.IA5String("ES").dump()), integer(4), bytes(core.IA5String("maker").dump()))
    values = seq(integer(1), text, integer(1), listed, start, start, end)
    info = seq(header, bytes(core.IA5String("1").dump()), values, face)
    seal = seq(info, certificate, oid(SM2_SM3), bits(sm2_sign(info)))
    hashed = hashlib.new("sm3", covered).digest()
    signing = seq(integer(4), seal, start, bits(hashed), bytes(core.IA5String("/").dump()))
    return seq(signing, certificate, oid(SM2_SM3), bits(sm2_sign(signing)))


def negative_key() -> x509.PublicKeyInfo:
    """An RSA modulus without the leading zero that keeps it positive."""
    numbers = someone().key.public_key().public_numbers()
    modulus = bytes(parser.emit(0, 0, 2, numbers.n.to_bytes(256, "big")))
    key = seq(modulus, integer(numbers.e))
    return keys.PublicKeyInfo.load(seq(seq(oid(RSA), b"\x05\x00"), bits(key)))
