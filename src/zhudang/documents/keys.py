"""The local sealing key: made at first need in the data folder, readable by its owner only.

Until the city's own seal service is connected, seals made with it print 测试章, and the certificate says so.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.conf import settings

from zhudang.shared.secret_files import made_once

YEARS_VALID = 10


@dataclass(frozen=True)
class SealKey:
    """A key and its certificate, in the shape the sealing library wants."""

    key: asn1_keys.PrivateKeyInfo
    certificate: asn1_x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, lowercase hex."""
        return sha256(self.certificate.dump()).hexdigest()

    @property
    def valid_until(self) -> datetime:
        moment: datetime = self.certificate.not_valid_after
        return moment


def _make(name: str) -> bytes:
    # RSA: seals on elliptic curves turn the file into PDF 2.0, which PDF/A-2 and A-3 are not.
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name[:50]}（测试章）"),
        ]
    )
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=365 * YEARS_VALID))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def seal_key(name: str) -> SealKey:
    """Give the key in use; the first caller makes it, also when several processes start at once."""
    stored = made_once(Path(settings.DATA) / "secrets" / "seal.pem", lambda: _make(name))
    parts = {kind: der for kind, _headers, der in pem.unarmor(stored, multiple=True)}
    return SealKey(
        asn1_keys.PrivateKeyInfo.load(parts["PRIVATE KEY"]), asn1_x509.Certificate.load(parts["CERTIFICATE"])
    )
