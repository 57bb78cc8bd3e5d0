"""Signed PDF, intact and otherwise, with an authority made on the spot."""

from __future__ import annotations

import asyncio
import datetime
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pikepdf
from asn1crypto import cms, core
from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from samples.checks.making import Maker, put
from samples.checks.pdf import new_pdf, pdf_with, with_text

UTC = datetime.UTC
LONG_AGO, FAR_AWAY = datetime.datetime(2020, 1, 1, tzinfo=UTC), datetime.datetime(2060, 1, 1, tzinfo=UTC)


@dataclass
class Identity:
    """A key and its certificate, in the words of the libraries."""

    key: Any
    certificate: x509.Certificate
    issuers: list[Identity] = field(default_factory=list)

    @property
    def plain(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self.certificate.public_bytes(serialization.Encoding.DER))

    @property
    def plain_key(self) -> asn1_keys.PrivateKeyInfo:
        form = serialization.PrivateFormat.PKCS8
        bare = serialization.NoEncryption()
        return asn1_keys.PrivateKeyInfo.load(self.key.private_bytes(serialization.Encoding.DER, form, bare))

    @property
    def store(self) -> SimpleCertificateStore:
        store = SimpleCertificateStore()
        store.register_multiple([each.plain for each in self.issuers])
        return store

    def signer(self) -> signers.SimpleSigner:
        return signers.SimpleSigner(signing_cert=self.plain, signing_key=self.plain_key, cert_registry=self.store)


def identity(
    name: str,
    issuer: Identity | None = None,
    *,
    until: datetime.datetime = FAR_AWAY,
    stamps: bool = False,
    authority: bool = False,
    key: Any = None,
) -> Identity:
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(issuer.certificate.subject if issuer else who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if stamps:
        purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Identity(key, certificate, [issuer] if issuer else [])


@cache
def root() -> Identity:
    return identity("测试根", authority=True)


@cache
def someone() -> Identity:
    return identity("测试签名人", root())


@cache
def stamper() -> DummyTimeStamper:
    who = identity("测试时间戳", root(), stamps=True)
    return DummyTimeStamper(tsa_cert=who.plain, tsa_key=who.plain_key, certs_to_embed=root().store)


def revocation_list(revoked: Identity, at: datetime.datetime) -> bytes:
    """The authority's list, DER, with one certificate on it."""
    entry = (
        x509.RevokedCertificateBuilder().serial_number(revoked.certificate.serial_number).revocation_date(at).build()
    )
    builder = x509.CertificateRevocationListBuilder().issuer_name(root().certificate.subject)
    builder = builder.last_update(at).next_update(FAR_AWAY).add_revoked_certificate(entry)
    return builder.sign(root().key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def page(*, form_value: str | None = None) -> bytes:
    """One page of text; with a text field when its value is given, empty or not."""
    pdf, buffer = new_pdf(), io.BytesIO()
    with_text(pdf, b"Signed text")
    if form_value is not None:
        widget = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T="Sum",
            Rect=[72, 600, 300, 620],
        )
        if form_value:
            widget.V = pikepdf.String(form_value)
        held = pdf.make_indirect(widget)
        pdf.pages[0].Annots = pikepdf.Array([held])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[held])
    pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    return buffer.getvalue()


def sign(content: bytes, who: Identity | None = None, *, stamped: Any = None, **more: Any) -> bytes:
    """Sign incrementally; `more` are fields of pyHanko's metadata."""
    settings = signers.PdfSignatureMetadata(**{"field_name": "Sig1", "md_algorithm": "sha256", **more})
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    signing = signers.PdfSigner(settings, (who or someone()).signer(), timestamper=stamped)
    return bytes(asyncio.run(signing.async_sign_pdf(writer)).getvalue())


def stamp_document(content: bytes) -> bytes:
    """Add a document timestamp."""
    stamping = signers.PdfTimeStamper(stamper())
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    return bytes(asyncio.run(stamping.async_timestamp_pdf(writer, "sha256")).getvalue())


def change(content: bytes, how: Any) -> bytes:
    """An honest incremental update."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    how(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def other_text(writer: BasePdfFileWriter) -> None:
    first = writer.root["/Pages"]["/Kids"][0].get_object()
    stream = generic.StreamObject(stream_data=b"BT /F1 24 Tf 72 500 Td (Added) Tj ET")
    first[generic.NameObject("/Contents")] = writer.add_object(stream)
    writer.update_container(first)


def fill(writer: BasePdfFileWriter) -> None:
    """Put a value into the text field."""
    every = [each.get_object() for each in writer.root["/AcroForm"]["/Fields"]]
    held = next(each for each in every if each["/FT"] != "/Sig")
    held[generic.NameObject("/V")] = generic.TextStringObject("100")
    writer.update_container(held)


def add_field(writer: BasePdfFileWriter) -> None:
    fields.append_signature_field(writer, fields.SigFieldSpec("Later"))


def keep_material(content: bytes, lists: list[bytes]) -> bytes:
    """Add a document security store with the authority's certificate and revocation lists."""
    held = io.BytesIO(content)
    DocumentSecurityStore.add_dss(
        held,
        None,
        certs=[root().plain],
        crls=[asn1_crl.CertificateList.load(each) for each in lists],
    )
    return held.getvalue()


def ranges(content: bytes) -> tuple[list[int], int, int]:
    """The numbers of the first byte range, and where their text begins and ends."""
    begin = content.index(b"/ByteRange [") + len(b"/ByteRange [")
    end = content.index(b"]", begin)
    return [int(each) for each in content[begin:end].split()], begin, end


def with_range(content: bytes, numbers: list[int]) -> bytes:
    _, begin, end = ranges(content)
    text = " ".join(map(str, numbers)).encode()
    return content[:begin] + text.ljust(end - begin) + content[end:]


def revalued(content: bytes, make: Callable[[bytes], bytes]) -> bytes:
    """Put another value into the first signature: what `make` gives for the covered bytes."""
    first, length, second, rest = ranges(content)[0]
    value = make(content[first : first + length] + content[second : second + rest]).hex().encode()
    return content[: length + 1] + value.ljust(second - length - 2, b"0") + content[second - 1 :]


def signed_pdf(folder: Path, name: str = "signed.pdf") -> Path:
    """A PDF signed with a key made on the spot; nobody trusts it."""
    return put(folder, name, sign(page()))


def _changed_byte(folder: Path) -> Path:
    return put(folder, "changed.pdf", sign(page()).replace(b"(Signed text)", b"(Signed cash)"))


def _changed_after(folder: Path) -> Path:
    return put(folder, "added.pdf", change(sign(page()), other_text))


def unreadable_value(folder: Path) -> Path:
    """A value that is no signed data, in a byte range that fits."""
    return put(folder, "odd_signature.pdf", revalued(sign(page()), lambda covered: b"\x30\x03\x02\x01\x01"))


def never_signed(folder: Path) -> Path:
    return put(folder, "prepared.pdf", revalued(sign(page()), lambda covered: b""))


def without_value(folder: Path) -> Path:
    """What viewers were once fooled by: a signature dictionary without value or range."""

    def forge(pdf: pikepdf.Pdf) -> None:
        value = pikepdf.Dictionary(
            Type=pikepdf.Name.Sig, Filter=pikepdf.Name("/Adobe.PPKLite"), SubFilter=pikepdf.Name("/adbe.pkcs7.detached")
        )
        held = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T="S", V=pdf.make_indirect(value))
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pdf.make_indirect(held)], SigFlags=3)

    return pdf_with(forge, "forged.pdf")(folder)


def revoked(folder: Path, *, before: bool) -> Path:
    """Signed with a certificate revoked before the signature, or only after the time it claims."""
    who = identity("已吊销签名人", root())
    now = datetime.datetime.now(UTC).replace(microsecond=0)
    if before:
        content, at = sign(page(), who), now - datetime.timedelta(days=30)
    else:
        content, at = backdated(who, now - datetime.timedelta(days=10)), now - datetime.timedelta(days=1)
    return put(folder, "revoked.pdf", keep_material(content, [revocation_list(who, at)]))


def backdated(who: Identity, moment: datetime.datetime) -> bytes:
    """A signature that claims an earlier time."""
    signer = who.signer()
    real = signer.signed_attrs

    async def earlier(*args: Any, **kwargs: Any) -> Any:
        attributes = await real(*args, **kwargs)
        for attribute in attributes:
            if attribute["type"].native == "signing_time":
                attribute["values"] = [cms.Time({"utc_time": core.UTCTime(moment.replace(microsecond=0))})]
        return attributes

    signer.signed_attrs = earlier  # type: ignore[method-assign]
    settings = signers.PdfSignatureMetadata(field_name="Sig1", md_algorithm="sha256")
    writer = IncrementalPdfFileWriter(io.BytesIO(page()))
    return bytes(asyncio.run(signers.PdfSigner(settings, signer).async_sign_pdf(writer)).getvalue())


def _expired(folder: Path) -> Path:
    who = identity("过期签名人", root(), until=datetime.datetime(2021, 1, 1, tzinfo=UTC))
    return put(folder, "expired.pdf", sign(page(), who))


def _weak(folder: Path) -> Path:
    return put(folder, "weak.pdf", sign(page(), md_algorithm="sha1"))


def filled(folder: Path, before: str = "") -> Path:
    return put(folder, "filled.pdf", change(sign(page(form_value=before)), fill))


class _Borrowed(DummyTimeStamper):
    """Stamps something else than it was given."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
        return await super().async_timestamp(bytes(len(message_digest)), md_algorithm)


def _foreign_stamp(folder: Path) -> Path:
    real = stamper()
    borrowed = _Borrowed(tsa_cert=real.tsa_cert, tsa_key=real.tsa_key)
    return put(folder, "stamp.pdf", sign(page(), stamped=borrowed))


def removed(folder: Path) -> Path:
    def clear(writer: BasePdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        form[generic.NameObject("/Fields")] = generic.ArrayObject()
        writer.update_root()
        writer.update_container(form)
        first = writer.root["/Pages"]["/Kids"][0].get_object()
        first.pop("/Annots", None)
        writer.update_container(first)

    return put(folder, "cleared.pdf", change(sign(page()), clear))


BAD: dict[str, Maker] = {
    "SIG-001": _changed_byte,
    "SIG-002": _changed_after,
    "SIG-003": signed_pdf,
    "SIG-004": unreadable_value,
    "SIG-005": lambda folder: revoked(folder, before=True),
    "SIG-006": _expired,
    "SIG-007": _weak,
    "SIG-008": filled,
    "SIG-009": _foreign_stamp,
    "SIG-010": never_signed,
    "SIG-011": removed,
    "SIG-012": lambda folder: revoked(folder, before=False),
}
