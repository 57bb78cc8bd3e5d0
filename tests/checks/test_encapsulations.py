"""Encapsulations by DA/T 48: whose signature it is, that it covers all there is to read, at any size in the same memory."""

from __future__ import annotations

import base64
import io
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from lxml import etree

from samples.checks.packages import Seal, eep, eep_file, seal, with_forged
from zhudang.checks import command
from zhudang.checks.model import PackageReport, Verdict
from zhudang.checks.packages import eep_documents, look, running
from zhudang.checks.packages.finding import packages_in
from zhudang.checks.packages.xmlstream import canonical
from zhudang.checks.trust import Trust

ARCHIVE = "云溪县城建档案馆"


def judged(content: bytes, folder: Path, trust: Path | None = None) -> PackageReport:
    (candidate,) = packages_in(eep_file(content)(folder))
    return look.report_on(candidate, trust=Trust.from_folder(trust))


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    folder = tmp_path / "trust"
    folder.mkdir()
    return folder


def trusted(anchors: Path, *seals: Seal) -> Path:
    for number, each in enumerate(seals):
        (anchors / f"{number}.pem").write_bytes(each.certificate.public_bytes(serialization.Encoding.PEM))
    return anchors


def test_a_signature_by_a_trusted_certificate_leaves_nothing_to_tell(tmp_path: Path, anchors: Path):
    root = seal("根", since=2020)
    own = seal(ARCHIVE, by=root)
    report = judged(eep(by=own, signer=ARCHIVE), tmp_path, trusted(anchors, root))
    assert (report.verdict, report.findings) == (Verdict.PASS, ())


def test_a_certificate_nobody_vouches_for_is_told_with_and_without_anchors(tmp_path: Path, anchors: Path):
    for trust, why in ((None, "没有配置信任锚"), (trusted(anchors, seal("别人")), "查不到本机信任的签发者")):
        report = judged(eep(by=seal(ARCHIVE), signer=ARCHIVE), tmp_path, trust)
        assert report.verdict is Verdict.MANUAL
        [told] = report.findings
        assert told.code == "EEP-013" and why in told.message and ARCHIVE in told.message and "自己" in told.message


def test_a_forger_s_expired_certificate_under_the_archive_s_name_tells_dates_issuer_and_name(tmp_path: Path):
    report = judged(eep(by=seal("某某", since=2001, years=1), signer=ARCHIVE), tmp_path)
    assert report.codes == {"EEP-012", "EEP-013", "EEP-015"}
    assert any("2001-01-01" in told.message and "2026-01-02" in told.message for told in report.findings)


def test_a_revoked_certificate_blocks(tmp_path: Path, anchors: Path):
    root = seal("根", since=2020)
    own = seal(ARCHIVE, by=root)
    gone = x509.RevokedCertificateBuilder().serial_number(7).revocation_date(datetime(2026, 1, 1, tzinfo=UTC)).build()
    listed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject).last_update(datetime(2026, 1, 1, tzinfo=UTC))
        .next_update(datetime(2030, 1, 1, tzinfo=UTC)).add_revoked_certificate(gone).sign(root.key, hashes.SHA256())
    )  # fmt: skip
    (anchors / "list.crl").write_bytes(listed.public_bytes(serialization.Encoding.DER))
    report = judged(eep(by=own, signer=ARCHIVE), tmp_path, trusted(anchors, root))
    assert report.codes == {"EEP-014"} and report.blocks


def test_a_second_signed_object_is_told_though_the_signature_verifies(tmp_path: Path):
    report = judged(with_forged(eep()), tmp_path)
    assert "EEP-011" in report.codes and "EEP-006" not in report.codes and report.blocks


def test_a_signed_object_moved_into_a_wrapper_covers_nothing(tmp_path: Path):
    assert {"EEP-006", "EEP-011"} <= judged(with_forged(eep(), wrapped=True), tmp_path).codes


def test_a_file_outside_any_signed_object_is_told(tmp_path: Path):
    outside = "<文档><编码><编码数据>eA==</编码数据></编码></文档></电子文件封装包>".encode()
    report = judged(eep().replace("</电子文件封装包>".encode(), outside), tmp_path)
    assert "EEP-011" in report.codes and report.blocks


def test_a_signature_inside_what_it_signs_is_none(tmp_path: Path):
    text = eep().decode()
    start, end = text.index("<电子签名块>"), text.index("</电子文件封装包>")
    moved = text[:start].replace("</被签名对象>", text[start:end] + "</被签名对象>") + text[end:]
    assert "EEP-005" in judged(moved.encode(), tmp_path).codes


@pytest.mark.parametrize("head", ['<!DOCTYPE x [<!ENTITY a "b">]>', '<!DOCTYPE x SYSTEM "file:///etc/passwd">'])
def test_entities_are_refused_before_they_are_read(head: str, tmp_path: Path):
    report = judged(head.encode() + eep(), tmp_path)
    assert report.codes == {"EEP-001"} and report.blocks


def test_too_many_files_and_too_many_signatures_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from zhudang.checks.packages import eep as reader

    signature = "<电子签名><签名人>x</签名人></电子签名>" * (reader.MOST_SIGNATURES + 1)
    crowd = eep().replace("<电子签名块>".encode(), f"<电子签名块>{signature}".encode())
    assert "EEP-001" in judged(crowd, tmp_path).codes
    monkeypatch.setattr(reader.limits, "MEMBERS", 0, raising=False)
    assert judged(eep(), tmp_path).codes == {"EEP-001"}


@pytest.mark.parametrize(
    "inner",
    [
        "plain &amp; &lt;b&gt; text\r\n with lines\t",
        "<![CDATA[<not> & markup]]>]]&gt;",
        "<a b='1' a=\"2&#10;&#9;&quot;'\" xml:lang='zh' xml:space='preserve'/>",
        '<p:a xmlns:p="urn:p" xmlns:q="urn:q" q:z="1" p:z="2" z="3"><p:b/><q:c xmlns:q="urn:other"/></p:a>',
        '<b xmlns=""><c/><d xmlns="urn:d"><e xmlns=""/></d></b>',
        '<b xmlns="urn:same"><c xmlns="urn:same"/></b>',
        "<!-- a comment --><?do this and  that?><?empty?>",
        "&#13;&#x4E2D;文𠮷",
        '<o:a o:b="1"><o:c xmlns:o="urn:outer"/></o:a>',
    ],
)
def test_the_canonical_form_is_what_another_library_makes_of_it(inner: str):
    text = (
        f'<?xml version="1.0"?><r xmlns="urn:r" xmlns:o="urn:outer"><x><被签名对象/></x>'
        f'<被签名对象 eep版本="2009">{inner}</被签名对象><被签名对象>other</被签名对象></r>'
    ).encode()
    pieces: list[bytes] = []
    assert canonical(io.BytesIO(text), "被签名对象", pieces.append)
    whole = etree.fromstring(text)
    alone = etree.fromstring(etree.tostring(whole.find("{urn:r}被签名对象"), encoding="utf-8", with_tail=False))
    assert b"".join(pieces) == etree.tostring(alone, method="c14n", with_comments=False)


def test_a_large_encapsulation_is_verified_and_unpacked_at_flat_memory(tmp_path: Path):
    """Above the 64 MB at which signatures once stayed undecided."""
    line = base64.b64encode(bytes(57)).decode() + "\n"
    content = eep(payload=line * 900_000, size=str(57 * 900_000))
    path = eep_file(content)(tmp_path)
    assert path.stat().st_size > 64 * 1024 * 1024
    del content
    (candidate,) = packages_in(path)
    tracemalloc.start()
    report = look.report_on(candidate)
    with path.open("rb") as stream:
        [document] = eep_documents.contents(stream)
    unpacked = 0
    while piece := document.read(65536):
        unpacked += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.codes == {"EEP-013"}
    assert unpacked == 57 * 900_000
    assert peak < 24 * 1024 * 1024


def test_a_zip_of_encapsulations_is_judged_one_by_one(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as package:
        package.writestr("A-1/001.eep", eep())
        package.writestr("A-1/002.eep", eep(spoil=True))
    reports = running.package_reports([tmp_path / "out.zip"])
    assert [(each.path, each.kind) for each in reports] == [
        ("out.zip/A-1/001.eep", "eep"), ("out.zip/A-1/002.eep", "eep"),
    ]  # fmt: skip
    assert ["EEP-006" in each.codes for each in reports] == [False, True]


def test_a_zip_with_something_beside_encapsulations_is_none(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as package:
        package.writestr("001.eep", eep())
        package.writestr("002.pdf", b"%PDF")
    assert list(packages_in(tmp_path / "out.zip")) == []


def test_the_anchors_of_the_installation_reach_the_process_that_looks(tmp_path: Path, anchors: Path):
    own = seal(ARCHIVE)
    path = eep_file(eep(by=own, signer=ARCHIVE))(tmp_path)
    trusted(anchors, own)
    assert [each.findings for each in running.package_reports([path], trust=str(anchors))] == [()]


@pytest.mark.parametrize(("language", "line"), [("zh", "共 1 个包：  通过 0"), ("en", "1 packages:  pass 0")])
def test_the_summary_counts_a_refused_package_as_refused(language: str, line: str, tmp_path: Path):
    out = io.StringIO()
    path = eep_file(eep(spoil=True))(tmp_path)
    options = command.Options(language=language)
    assert command.run([path], options=options, out=out) == command.SOMETHING_BLOCKS
    lines = out.getvalue().splitlines()
    [told] = [each for each in lines if each.startswith(line)]
    assert " 1" in told
    assert not any(each.startswith(("共 1 个文件：", "1 files:")) for each in lines)
