"""Signed data of PKCS #7 / CMS and of its Chinese counterpart (GB/T 35275), verified over bytes kept elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms, core, x509

from zhudang.checks.signing import certificates, sm2
from zhudang.checks.signing.algorithms import digest, digest_name, is_sm2, point_of, verify

SIGNED_DATA = ("1.2.840.113549.1.7.2", "1.2.156.10197.6.1.4.2.2")


@dataclass(frozen=True, slots=True)
class SignedBytes:
    """One signer of signed data. `intact`: None where it cannot be decided, `why` then says a word."""

    intact: bool | None
    certificate: x509.Certificate | None
    others: tuple[x509.Certificate, ...]
    time: datetime | None
    algorithm: str
    why: str = ""


class _Outer(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("content_type", core.ObjectIdentifier),
        ("content", core.Any, {"explicit": 0, "optional": True}),
    ]


def is_signed_data(der: bytes) -> bool:
    """Whether the bytes claim to be signed data of either family."""
    try:
        return _Outer.load(der)["content_type"].native in SIGNED_DATA
    except (ValueError, TypeError):
        return False


def read(der: bytes, content: bytes) -> SignedBytes:
    """Verify the first signer's signature over `content`.

    What is enclosed may be the content itself, its digest, or nothing (a detached signature).

    Raises:
        ValueError: the bytes are no signed data.
    """
    try:
        signed = _Outer.load(der)["content"].parse(cms.SignedData)
        signer = signed["signer_infos"][0]
        held = _certificates(signed)
        chosen = _signer_certificate(signer, held)
        algorithm = signer["signature_algorithm"]["algorithm"].dotted
        name = digest_name(signer["digest_algorithm"]["algorithm"].dotted)
        enclosed = _enclosed(signed)
        attributes = signer["signed_attrs"]
    except (IndexError, KeyError, TypeError, AttributeError) as trouble:
        raise ValueError(f"signed data: {trouble}") from trouble
    others = tuple(each for each in held if each is not chosen)
    if chosen is None or name is None:
        why = "certificate missing" if chosen is None else "digest not known"
        return SignedBytes(None, chosen, others, None, algorithm, why)
    signature = bytes(signer["signature"].native)
    moment, stated = _attributes(attributes)
    if attributes.contents:
        same = stated == digest(name, content) or (
            enclosed is not None and _stands_for(enclosed, name, content, stated)
        )
        message = b"\x31" + bytes(attributes.dump()[1:])
        intact: bool | None = same and verify(chosen.public_key, _with(algorithm, name), signature, message)
    elif enclosed not in (None, content) and enclosed != digest(name, content):
        intact = False
    else:
        intact = _plain(chosen.public_key, _with(algorithm, name), name, signature, content)
    return SignedBytes(intact, chosen, others, moment, algorithm, "" if intact is not None else "algorithm not known")


def _stands_for(enclosed: bytes, name: str, content: bytes, stated: bytes | None) -> bool:
    """The attributes tell the digest of what is enclosed, and that is the content or its digest."""
    return stated == digest(name, enclosed) and enclosed in (content, digest(name, content))


def _with(algorithm: str, name: str) -> str:
    """Some write the key's algorithm where the signature's belongs: the digest then stands apart."""
    return algorithm if digest_name(algorithm) or algorithm.endswith(".1.1.10") else name


def _plain(key: x509.PublicKeyInfo, algorithm: str, name: str, signature: bytes, content: bytes) -> bool | None:
    """Signed without attributes: over the content, or over its digest, as writers differ."""
    answers = [verify(key, algorithm, signature, each) for each in (content, digest(name, content))]
    if is_sm2(key):
        answers.append(sm2.verify_digest(point_of(key), signature, digest("sm3", content)))
    return True if True in answers else answers[0]


def _certificates(signed: Any) -> list[x509.Certificate]:
    """Those that can be read; a damaged one beside the signer's is left out."""
    held = signed["certificates"]
    if not held.contents:
        return []
    loaded = (certificates.load(each.chosen.dump()) for each in held if isinstance(each.chosen, x509.Certificate))
    return [each for each in loaded if each is not None]


def _signer_certificate(signer: Any, held: list[x509.Certificate]) -> x509.Certificate | None:
    told = signer["sid"].chosen
    if isinstance(told, cms.IssuerAndSerialNumber):
        serial = told["serial_number"].native
        found = [each for each in held if each.serial_number == serial]
    else:
        found = [each for each in held if each.key_identifier == told.native]
    # The Chinese form often names the issuer in another spelling; a lone certificate is the signer's.
    return found[0] if found else held[0] if len(held) == 1 else None


def _enclosed(signed: Any) -> bytes | None:
    held = signed["encap_content_info"]["content"]
    if isinstance(held, core.Void) or held is None or held.contents is None:
        return None
    inner = held.parsed if hasattr(held, "parsed") and isinstance(held, core.Any) else held
    value = inner.contents
    return bytes(value) if value else None


def _attributes(attributes: Any) -> tuple[datetime | None, bytes | None]:
    """(signing time, message digest) of the signed attributes."""
    moment = stated = None
    for attribute in attributes if attributes.contents else ():
        kind = attribute["type"].dotted
        if kind == "1.2.840.113549.1.9.5":
            moment = attribute["values"][0].native
        elif kind == "1.2.840.113549.1.9.4":
            stated = bytes(attribute["values"][0].native)
    return moment, stated
