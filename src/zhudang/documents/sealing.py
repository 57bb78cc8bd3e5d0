"""Put the institution's seal on a document, and look at the seals on one handed in.

A seal is a PAdES signature that allows no change afterwards, with the visible ring drawn from our own vector
page, so that no font is left unembedded. There is no trusted time stamp: the moment is that of this machine.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from zhudang.documents.keys import SealKey, seal_key
from zhudang.documents.render import SealPlace, render_pdf

SIZE_PT = 42 / 25.4 * 72
FIELD = "Seal"


@dataclass(frozen=True)
class Seal:
    """One seal found on a document handed in.

    Attributes:
        ours: made with a certificate this archive has sealed with.
        intact: the sealed bytes are the bytes that were sealed.
        whole: the seal covers the file to its last byte; False means something was added afterwards.
    """

    fingerprint: str
    ours: bool
    intact: bool
    whole: bool


@lru_cache(maxsize=2)
def _loaded(der: bytes) -> RSAPrivateKey:
    key = load_der_private_key(der, password=None)
    assert isinstance(key, RSAPrivateKey)  # `keys.py` makes no others
    return key


@dataclass(frozen=True)
class Signatory:
    """Who signs what is no PDF: name, private key, certificate in DER."""

    name: str
    key: RSAPrivateKey
    certificate: bytes


def signatory(name: str) -> Signatory:
    """Give the archive's seal key for signatures other than a PDF's."""
    own = seal_key(name)
    return Signatory(name, _loaded(own.key.dump()), own.certificate.dump())


class _Signer(signers.SimpleSigner):
    """Loads its key once: the library loads it twice a seal, which took longer than all else of it together."""

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        key = _loaded(self.signing_key.dump())
        if dry_run:
            return bytes(key.key_size // 8)
        return key.sign(data, PKCS1v15(), get_pyca_cryptography_hash(digest_algorithm))


@lru_cache(maxsize=8)
def _ring(name: str, line: str) -> bytes:
    return render_pdf("seal", {"name": name, "line": line})


@contextmanager
def _stamp(name: str, line: str) -> Iterator[StaticStampStyle]:
    """The visible seal; the library reads its page from a file while it seals."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ring.pdf"
        path.write_bytes(_ring(name, line))
        yield StaticStampStyle.from_pdf_file(str(path), border_width=0, background_opacity=1)


def _box(place: SealPlace) -> tuple[int, int, int, int]:
    return round(place.x), round(place.y), round(place.x + SIZE_PT), round(place.y + SIZE_PT)


def seal(pdf: bytes, *, issuer: str, line: str, place: SealPlace | None = None, key: SealKey | None = None) -> bytes:
    """Seal a document in the name of `issuer`; afterwards any change shows.

    Args:
        line: what stands under the star, 测试章 until the city's own seal is connected.
        place: where the visible seal goes; None seals without showing it.
    """
    using = key or seal_key(issuer)
    signer = _Signer(signing_cert=using.certificate, signing_key=using.key, cert_registry=SimpleCertificateStore())
    field = fields.SigFieldSpec(FIELD, on_page=place.page if place else 0, box=_box(place) if place else None)
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        name=issuer,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    with _stamp(issuer, line) as stamp:
        sealer = signers.PdfSigner(meta, signer, stamp_style=stamp if place else None, new_field_spec=field)
        out: io.BytesIO = sealer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)))
    return out.getvalue()


def seals_on(pdf: bytes, *, ours: frozenset[str]) -> list[Seal]:
    """Look at every seal on a PDF; a file that cannot be read as PDF has none.

    Args:
        ours: fingerprints of the certificates this archive has sealed with.
    """
    try:
        signatures = list(PdfFileReader(io.BytesIO(pdf), strict=False).embedded_signatures)
    except Exception:  # whatever a stranger hands in: unreadable is an answer here, not a failure
        return []
    found = []
    for signature in signatures:
        try:
            certificate: x509.Certificate = signature.signer_cert
            mark = sha256(certificate.dump()).hexdigest()
            context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
            status = validate_pdf_signature(signature, signer_validation_context=context)
            intact = bool(status.intact and status.valid)
            whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
            found.append(Seal(mark, mark in ours, intact, whole))
        except Exception:  # a seal too damaged to be read: it proves nothing
            found.append(Seal("", False, False, False))
    return found


def valid_until(issuer: str) -> datetime:
    """When the certificate of the key in use ends."""
    return seal_key(issuer).valid_until
