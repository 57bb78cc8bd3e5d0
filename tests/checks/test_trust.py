"""Trust anchors come from a folder; what is none is named, and nothing is trusted by itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from zhudang.checks.trust import Trust


def authority(name: str) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=9))
    return builder.sign(key, hashes.SHA256())


def test_nothing_is_trusted_without_a_folder():
    assert Trust.from_folder(None) == Trust()


def test_anchors_and_intermediates_are_told_apart_and_other_files_are_named(tmp_path: Path):
    (tmp_path / "intermediates").mkdir()
    (tmp_path / "root.pem").write_bytes(authority("根").public_bytes(serialization.Encoding.PEM))
    (tmp_path / "intermediates" / "ca.der").write_bytes(authority("中间").public_bytes(serialization.Encoding.DER))
    (tmp_path / "readme.txt").write_text("no certificate")
    trust = Trust.from_folder(tmp_path)
    assert [each.subject.native["common_name"] for each in trust.anchors] == ["根"]
    assert [each.subject.native["common_name"] for each in trust.intermediates] == ["中间"]
    assert [each.partition(":")[0] for each in trust.complaints] == ["readme.txt"]
