"""One question for any key: does this signature belong to these bytes? SM2, RSA, ECDSA, DSA and EdDSA."""

from __future__ import annotations

import hashlib
from typing import Any

from asn1crypto import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from zhudang.checks.signing import sm2
from zhudang.checks.signing.hashing import finished
from zhudang.checks.signing.keys import load_key

DIGEST_NAMES = {
    "1.2.156.10197.1.401": "sm3",
    "1.2.156.10197.1.401.1": "sm3",
    "1.2.156.10197.1.501": "sm3",
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.113549.1.1.14": "sha224",
    "2.16.840.1.101.3.4.2.7": "sha3_224",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
    "2.16.840.1.101.3.4.2.12": "shake_256",
    "2.16.840.1.101.3.4.2.18": "shake_256",
    "2.16.840.1.101.3.4.3.9": "sha3_224",
    "2.16.840.1.101.3.4.3.10": "sha3_256",
    "2.16.840.1.101.3.4.3.11": "sha3_384",
    "2.16.840.1.101.3.4.3.12": "sha3_512",
    "2.16.840.1.101.3.4.3.13": "sha3_224",
    "2.16.840.1.101.3.4.3.14": "sha3_256",
    "2.16.840.1.101.3.4.3.15": "sha3_384",
    "2.16.840.1.101.3.4.3.16": "sha3_512",
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
"""Algorithm identifier → name as hashlib knows it; signature algorithms stand for the digest in them."""
KNOWN = {name: name for name in ("sm3", "md5", "sha1", "sha224", "sha256", "sha384", "sha512")}
PSS_OID = "1.2.840.113549.1.1.10"
HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_224": hashes.SHA3_224(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}


def digest_name(told: str) -> str | None:
    """hashlib's name of a digest told by identifier or by name (`SM3`, `SHA-256`, `SM2-with-SM3`, …)."""
    plain = told.strip().lower()
    if plain in DIGEST_NAMES:
        return DIGEST_NAMES[plain]
    name = plain.rpartition("with")[2].replace("-", "").replace("_", "").removesuffix("withrsa")
    return KNOWN.get(name)


def digest(name: str, content: bytes) -> bytes:
    """Digest under hashlib's name; weak ones too, for they were used."""
    return finished(hashlib.new(name, content, usedforsecurity=False))


def is_sm2(key: x509.PublicKeyInfo) -> bool:
    parameters = key["algorithm"]["parameters"]
    return bytes(parameters.dump()).endswith(bytes.fromhex("06082a811ccf5501822d"))


def point_of(key: x509.PublicKeyInfo) -> sm2.Point:
    """The SM2 point of a certificate's key; ValueError when it is none."""
    return sm2.public_key(bytes(key["public_key"].contents[1:]))


def verify(key: x509.PublicKeyInfo, algorithm: str, signature: bytes, message: bytes) -> bool | None:
    """Whether `signature` is `key`'s over `message`.

    Args:
        algorithm: dotted identifier of the signature algorithm (or of the digest, or a name); the key decides
            between SM2, RSA and ECDSA, the identifier only names the digest.

    Returns:
        None where key or algorithm is not known here.
    """
    try:
        if is_sm2(key):
            known = digest_name(algorithm) == "sm3" or algorithm.startswith(sm2.CURVE_OID)
            return sm2.verify(point_of(key), signature, message) if known else None
        return _verify_other(load_key(key), algorithm, signature, message)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _verify_other(key: Any, algorithm: str, signature: bytes, message: bytes) -> bool | None:
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        key.verify(signature, message)
        return True
    chosen = HASHES.get(digest_name(algorithm) or "")
    if isinstance(key, rsa.RSAPublicKey):
        if algorithm == PSS_OID:
            return _verify_pss(key, signature, message)
        if chosen is None:
            return None
        key.verify(signature, message, padding.PKCS1v15(), chosen)
        return True
    if isinstance(key, ec.EllipticCurvePublicKey) and chosen is not None:
        key.verify(signature, message, ec.ECDSA(chosen))
        return True
    if isinstance(key, dsa.DSAPublicKey) and chosen is not None:
        key.verify(signature, message, chosen)
        return True
    return None


def _verify_pss(key: rsa.RSAPublicKey, signature: bytes, message: bytes) -> bool:
    """PSS with the digest that fits; its parameters are rarely written as they were used."""
    for name in ("sha256", "sha384", "sha512", "sha1", "sha3_256", "sha3_384", "sha3_512"):
        try:
            key.verify(signature, message, padding.PSS(padding.MGF1(HASHES[name]), padding.PSS.AUTO), HASHES[name])
        except InvalidSignature:
            continue
        return True
    return False
