"""Signatures inside an encapsulation: which can be verified, which verify, why not, and whose certificate it is.

A signature covers 被签名对象, the one child of the package of that name, in its canonical form. It is digested as it passes
by, so an encapsulation of any size is verified in the same memory.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from zhudang.checks.model import Severity
from zhudang.checks.packages.model import Package
from zhudang.checks.packages.tree import Unreadable
from zhudang.checks.packages.xmlstream import Stopped, canonical

if TYPE_CHECKING:
    from asn1crypto import x509

    from zhudang.checks.trust import Trust

SIGNED = "被签名对象"
HASHES = ("MD5", "SHA1", "SHA256", "SHA384", "SHA512")
WEAK = frozenset({"MD5", "SHA1"})
C14N = re.compile(r"C14N|Canonical|规范化", re.IGNORECASE)
CHINA = timezone(timedelta(hours=8))
DAY = re.compile(r"(\d{4})\D?(\d{2})\D?(\d{2})")
MOST_CERTIFICATES = 20
UNTRUSTED = {
    "none": {"zh": "本机没有配置信任锚", "en": "no trust anchors are configured here"},
    "unknown": {"zh": "查不到本机信任的签发者", "en": "no issuer trusted here stands behind it"},
}
ITSELF = {"zh": "自己", "en": "itself"}


@dataclass
class Signature:
    """What a 电子签名 says, by element name; its certificates, the signer's first."""

    values: dict[str, str] = field(default_factory=dict)
    certificates: list[str] = field(default_factory=list)

    def take(self, name: str, value: str) -> None:
        self.values.setdefault(name, value)
        if name == "证书" and len(self.certificates) < MOST_CERTIFICATES:
            self.certificates.append(value)

    @property
    def name(self) -> str:
        return self.values.get("签名标识符") or self.values.get("签名人") or "?"

    @property
    def algorithm(self) -> str:
        return self.values.get("签名算法标识", "")

    @property
    def kind(self) -> str:
        """The digest of its algorithm, where that is RSA with one we know; else empty."""
        stated = self.algorithm.upper()
        if "SM2" in stated or "1.2.156.10197" in stated or "RSA" not in stated:
            return ""
        return next((name for name in HASHES if name in stated.replace("-", "")), "")

    @property
    def moments(self) -> list[datetime]:
        """When it says it was made: one moment, begin and end of a day where it tells no hour, or nothing readable."""
        stated = self.values.get("签名时间", "")
        try:
            if ":" in stated:
                moment = datetime.fromisoformat(stated.strip().replace("/", "-"))
                return [moment if moment.tzinfo else moment.replace(tzinfo=CHINA)]
            found = DAY.search(stated)
            start = datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=CHINA) if found else None
        except ValueError:
            return []
        return [start, start + timedelta(days=1)] if start else []


def verify(package: Package, path: str, signatures: Iterable[Signature], trust: Trust) -> None:
    """Judge all signatures of one encapsulation; its signed object is read once."""
    ready = []
    for signature in signatures:
        if signature.kind in WEAK or any(name in signature.algorithm.upper() for name in WEAK):
            package.find("EEP-008", name=signature.name, algorithm=signature.algorithm)
        if not signature.kind:
            package.find("EEP-007", name=signature.name, why=f"algorithm {signature.algorithm or '-'}"[:100])
            continue
        ders = [_decoded(each) for each in signature.certificates]
        value = _decoded(signature.values.get("签名结果", ""))
        if not value or not ders or not ders[0]:
            package.find("EEP-007", name=signature.name, why="certificate or value missing")
            continue
        ready.append((signature, value, [each for each in ders if each]))
    if not ready:
        return
    try:
        digests = _digests(package, path, {signature.kind for signature, _, _ in ready})
    except (Unreadable, Stopped, expat.ExpatError, OSError, ValueError, LookupError) as trouble:
        for signature, _, _ in ready:
            package.find("EEP-007", name=signature.name, why=str(trouble)[:100])
        return
    for signature, value, ders in ready:
        if _agrees(package, signature, ders[0], value, digests[signature.kind]):
            _standing(package, signature, ders, trust)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _digests(package: Package, path: str, kinds: Iterable[str]) -> dict[str, bytes]:
    """Digests of the signed object in its canonical form, by algorithm."""
    hashers = {kind: hashlib.new(kind.lower(), usedforsecurity=False) for kind in kinds}

    def take(piece: bytes) -> None:
        for each in hashers.values():
            each.update(piece)

    with package.tree.open(path) as stream:
        if not canonical(stream, SIGNED, take):
            raise ValueError(f"no {SIGNED}")
    return {kind: each.digest() for kind, each in hashers.items()}


def _agrees(package: Package, signature: Signature, der: bytes, value: bytes, digest: bytes) -> bool:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

    try:
        key: Any = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm) as trouble:
        package.find("EEP-007", name=signature.name, why=str(trouble)[:100])
        return False
    if not isinstance(key, rsa.RSAPublicKey):
        package.find("EEP-007", name=signature.name, why="the certificate holds no RSA key")
        return False
    try:
        key.verify(value, digest, padding.PKCS1v15(), utils.Prehashed(getattr(hashes, signature.kind)()))
    except InvalidSignature:
        if C14N.search(signature.values.get("签名规则", "")):
            package.find("EEP-006", name=signature.name)
        else:
            package.find("EEP-007", name=signature.name, why="signing rule not stated")
        return False
    except UnsupportedAlgorithm:
        package.find("EEP-007", name=signature.name, why=f"algorithm {signature.algorithm}"[:100])
        return False
    return True


def _standing(package: Package, signature: Signature, ders: list[bytes], trust: Trust) -> None:
    """What is known of the certificate behind a signature that verifies: whose it is, its dates, who vouches for it."""
    from zhudang.checks.signing import certificates

    own = certificates.load(ders[0])
    if own is None:
        package.find("EEP-007", name=signature.name, why="the certificate cannot be read")
        return
    others = [each for each in map(certificates.load, ders[1:]) if each is not None]
    stood = [certificates.standing(own, others, trust, each) for each in signature.moments or [datetime.now(UTC)]]
    told = next((each for each in stood if each.validity == "valid"), stood[0])
    if not signature.moments or told.validity != "valid":
        start, end = _span(own)
        stated = signature.values.get("签名时间") or "?"
        package.find("EEP-012", name=signature.name, start=start, end=end, stated=stated[:40])
    if told.trust != "trusted":
        issuer = ITSELF if own.self_issued else own.issuer.human_friendly[:200]
        holder = certificates.name_of(own) or "?"
        package.find("EEP-013", name=signature.name, holder=holder, issuer=issuer, why=UNTRUSTED[told.trust])
    if told.revocation in ("revoked", "revoked_later"):
        weight = None if told.revocation == "revoked" else Severity.MANUAL
        at = told.revoked_at.date().isoformat() if told.revoked_at else "?"
        package.find("EEP-014", weight, name=signature.name, at=at)
    signer = signature.values.get("签名人", "")
    if signer and not _names(own, signer):
        package.find("EEP-015", name=signature.name, signer=signer[:200], holder=certificates.name_of(own) or "?")


def _span(certificate: x509.Certificate) -> tuple[str, str]:
    try:
        return certificate.not_valid_before.date().isoformat(), certificate.not_valid_after.date().isoformat()
    except (ValueError, TypeError):
        return "?", "?"


def _names(certificate: x509.Certificate, signer: str) -> bool:
    """Whether the certificate names the signer, alone or among other words of the same name."""
    stated = certificate.subject.native.values()
    names = [str(each) for value in stated for each in (value if isinstance(value, list) else [value])]
    plain = "".join(signer.split())
    return any(plain == name or plain in name for name in ("".join(each.split()) for each in names))
