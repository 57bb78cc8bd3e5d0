"""Signed PDF, intact and otherwise."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf

from samples.checks.making import Maker, put
from samples.checks.pdf import new_pdf, pdf_with, with_text


def signed_pdf(folder: Path, name: str = "signed.pdf") -> Path:
    """A PDF signed with a key made on the spot; nobody trusts it."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "测试签名人")])
    start = datetime.datetime(2020, 1, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=20000))
        .sign(key, hashes.SHA256())
    )
    bundle = serialization.pkcs12.serialize_key_and_certificates(
        b"x", key, certificate, None, serialization.NoEncryption()
    )
    put(folder, "signer.p12", bundle)
    signer = signers.SimpleSigner.load_pkcs12(str(folder / "signer.p12"))
    assert signer is not None
    pdf, buffer = new_pdf(), io.BytesIO()
    with_text(pdf, b"Signed text")
    pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    writer = IncrementalPdfFileWriter(io.BytesIO(buffer.getvalue()))
    signed = signers.sign_pdf(writer, signers.PdfSignatureMetadata(field_name="Sig1"), signer=signer)
    return put(folder, name, signed.getvalue())


def _changed_byte(folder: Path) -> Path:
    content = signed_pdf(folder, "before.pdf").read_bytes()
    return put(folder, "changed.pdf", content.replace(b"(Signed text)", b"(Signed cash)"))


def _changed_after(folder: Path) -> Path:
    """An honest incremental update that puts other text onto the signed page."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    content = signed_pdf(folder, "before.pdf").read_bytes()
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    stream = generic.StreamObject(stream_data=b"BT /F1 24 Tf 72 500 Td (Added) Tj ET")
    page[generic.NameObject("/Contents")] = writer.add_object(stream)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return put(folder, "added.pdf", out.getvalue())


def _unreadable_signature(folder: Path) -> Path:
    def sign(pdf: pikepdf.Pdf) -> None:
        value = pikepdf.Dictionary(
            Type=pikepdf.Name.Sig,
            Filter=pikepdf.Name("/Adobe.PPKLite"),
            SubFilter=pikepdf.Name("/adbe.pkcs7.detached"),
            Contents=pikepdf.String(b"\x30\x03\x02\x01\x01"),
        )
        field = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T="S", V=pdf.make_indirect(value))
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pdf.make_indirect(field)], SigFlags=3)

    return pdf_with(sign, "odd_signature.pdf")(folder)


BAD: dict[str, Maker] = {
    "SIG-001": _changed_byte,
    "SIG-002": _changed_after,
    "SIG-003": signed_pdf,
    "SIG-004": _unreadable_signature,
}
