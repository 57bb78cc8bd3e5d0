"""Signatures inside an encapsulation: which can be verified, which verify, and why not."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any

from zhudang.checks.packages.model import Package
from zhudang.checks.packages.tree import Unreadable

VERIFY_BYTES = 64 * 1024 * 1024
"""Larger encapsulations are not held in memory to be verified; their signatures stay undecided."""
HASHES = ("MD5", "SHA1", "SHA256", "SHA384", "SHA512")
WEAK = frozenset({"MD5", "SHA1"})
C14N = re.compile(r"C14N|Canonical|规范化", re.IGNORECASE)


@dataclass
class Signature:
    """What a 电子签名 says, by element name."""

    values: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, value: str) -> None:
        self.values.setdefault(name, value)

    @property
    def name(self) -> str:
        return self.values.get("签名标识符") or self.values.get("签名人") or "?"

    @property
    def algorithm(self) -> str:
        return self.values.get("签名算法标识", "")


def verify(package: Package, path: str, signature: Signature) -> None:
    algorithm = signature.algorithm.upper()
    kind = next((name for name in HASHES if name in algorithm.replace("-", "")), "")
    if kind in WEAK:
        package.find("EEP-008", name=signature.name, algorithm=signature.algorithm)
    if "SM2" in algorithm or "1.2.156.10197" in algorithm or not kind or "RSA" not in algorithm:
        package.find("EEP-007", name=signature.name, why=f"algorithm {signature.algorithm or '-'}"[:100])
        return
    try:
        certificate = base64.b64decode("".join(signature.values.get("证书", "").split()), validate=True)
        value = base64.b64decode("".join(signature.values.get("签名结果", "").split()), validate=True)
    except (binascii.Error, ValueError):
        certificate, value = b"", b""
    if not certificate or not value:
        package.find("EEP-007", name=signature.name, why="certificate or value missing")
        return
    _verify_rsa(package, path, signature, kind, certificate, value)


def _verify_rsa(package: Package, path: str, signature: Signature, kind: str, der: bytes, value: bytes) -> None:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    known = bool(C14N.search(signature.values.get("签名规则", "")))
    try:
        key: Any = x509.load_der_x509_certificate(der).public_key()
        signed = _canonical(package, path)
    except (ValueError, UnsupportedAlgorithm, Unreadable) as trouble:
        package.find("EEP-007", name=signature.name, why=str(trouble)[:100])
        return
    if not isinstance(key, rsa.RSAPublicKey):
        package.find("EEP-007", name=signature.name, why="the certificate holds no RSA key")
        return
    try:
        key.verify(value, signed, padding.PKCS1v15(), getattr(hashes, kind)())
    except InvalidSignature:
        if known:
            package.find("EEP-006", name=signature.name)
        else:
            package.find("EEP-007", name=signature.name, why="signing rule not stated")
    except UnsupportedAlgorithm:
        package.find("EEP-007", name=signature.name, why=f"algorithm {signature.algorithm}"[:100])


def _canonical(package: Package, path: str) -> bytes:
    """Canonical bytes of 被签名对象. Raises Unreadable when too large, ValueError when it cannot be read."""
    from lxml import etree

    raw = package.tree.read(path, VERIFY_BYTES)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as trouble:
        raise ValueError(str(trouble)) from trouble
    for each in root.iter("{*}被签名对象"):
        # Canonicalised within its document, the library writes xmlns="" on what lies deeper; alone it does not.
        alone = etree.fromstring(etree.tostring(each, encoding="utf-8", with_tail=False), parser)
        return etree.tostring(alone, method="c14n")
    raise ValueError("no 被签名对象")
