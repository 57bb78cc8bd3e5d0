"""What is told of signatures in a PDF: intact, changed, broken, forged, and how their certificates stood and stand."""

from __future__ import annotations

import datetime
import io
import time
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.fields import MDPPerm

from samples.checks import signature_values as values
from samples.checks import signatures as made
from samples.checks.pdf import new_pdf, with_text
from zhudang.checks.examine import Case
from zhudang.checks.model import Severity
from zhudang.checks.openers import pdf_signatures
from zhudang.checks.signing import pdf_changes, pdf_fields
from zhudang.checks.signing.keys import load_key
from zhudang.checks.signing.pdf_compare import Changes
from zhudang.checks.trust import Trust


def look(content: bytes | Path, folder: Path, trust: Trust | None = None) -> Case:
    path = content if isinstance(content, Path) else folder / "looked_at.pdf"
    if isinstance(content, bytes):
        path.write_bytes(content)
    case = Case(path, path.name, path.stat().st_size, folder, trust or Trust())
    pdf_signatures.examine(case)
    return case


def told(content: bytes | Path, folder: Path, trust: Trust | None = None) -> dict[str, Any]:
    """The fact of the first signature."""
    return dict(look(content, folder, trust).facts["signatures"][0])


def codes(case: Case) -> set[str]:
    return {each.code for each in case.findings}


def blocks(case: Case) -> bool:
    return any(each.severity is Severity.BLOCK for each in case.findings)


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    folder = tmp_path_factory.mktemp("trust")
    pem = made.root().certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "root.pem").write_bytes(pem)
    return Trust.from_folder(folder)


@pytest.fixture(scope="module")
def signed() -> bytes:
    return made.sign(made.page())


def test_a_signature_has_all_the_facts_others_build_on(signed: bytes, tmp_path: Path):
    fact = told(signed, tmp_path)
    wanted = "kind signer time covers_whole intact modified_after trust revocation status why"
    assert set(wanted.split()) <= set(fact)
    assert (fact["kind"], fact["signer"], fact["modified_after"]) == ("pdf-signature", "测试签名人", "none")


def test_without_an_anchor_trust_is_left_to_a_person(signed: bytes, tmp_path: Path):
    case = look(signed, tmp_path)
    assert not blocks(case)
    assert codes(case) == {"SIG-003"}
    assert case.facts["signatures"][0]["trust"] == "none"


def test_a_chain_to_an_anchor_makes_a_signature_valid_then_and_now(signed: bytes, tmp_path: Path, trust: Trust):
    case = look(signed, tmp_path, trust)
    fact = case.facts["signatures"][0]
    assert (fact["status"], fact["trust"], fact["time_basis"]) == ("valid", "trusted", "claimed")
    assert fact["at_signing"]["validity"] == fact["now"]["validity"] == "valid"
    assert not case.findings
    assert case.not_checked["SIG-005"] == "no_revocation_data"


def test_an_anchor_of_somebody_else_vouches_for_nobody(signed: bytes, tmp_path: Path):
    stranger = made.identity("别的根", authority=True)
    assert told(signed, tmp_path, Trust(anchors=(stranger.plain,)))["status"] == "untrusted"


def test_further_signatures_and_timestamps_and_kept_material_are_no_change(tmp_path: Path, trust: Trust):
    content = made.sign(made.sign(made.page(), stamped=made.stamper()), field_name="Sig2")
    content = made.stamp_document(made.keep_material(content, []))
    case = look(content, tmp_path, trust)
    facts = case.facts["signatures"]
    assert [each["kind"] for each in facts] == ["pdf-signature", "pdf-signature", "pdf-document-timestamp"]
    assert [each["status"] for each in facts] == ["valid"] * 3
    assert [each["modified_after"] for each in facts] == ["signatures", "signatures", "none"]
    assert [each["time_basis"] for each in facts] == ["timestamp", "document-timestamp", "timestamp"]
    assert facts[0]["timestamps"][0]["authority"] == "测试时间戳"
    assert not facts[0]["long_term"]
    assert not blocks(case)


def test_filling_an_empty_field_is_told_and_does_not_block(tmp_path: Path):
    case = look(made.filled(tmp_path), tmp_path)
    assert case.facts["signatures"][0]["modified_after"] == "form_filling"
    assert "SIG-008" in codes(case)
    assert not blocks(case)


def test_replacing_a_value_that_was_signed_blocks(tmp_path: Path):
    case = look(made.filled(tmp_path, before="10"), tmp_path)
    assert case.facts["signatures"][0]["status"] == "modified"
    assert case.facts["signatures"][0]["changes"] == ["Sum"]
    assert blocks(case)


@pytest.mark.parametrize(("allowed", "status"), [(MDPPerm.NO_CHANGES, "modified"), (MDPPerm.FILL_FORMS, "untrusted")])
def test_a_certification_decides_whether_forms_may_be_filled(allowed: MDPPerm, status: str, tmp_path: Path):
    content = made.sign(made.page(form_value=""), certify=True, docmdp_permissions=allowed)
    fact = told(made.change(content, made.fill), tmp_path)
    assert (fact["kind"], fact["status"]) == ("pdf-certification", status)


def add_page(writer: Any) -> None:
    tree = writer.root["/Pages"]
    tree["/Kids"].append(tree["/Kids"].raw_get(0))
    tree[generic.NameObject("/Count")] = generic.NumberObject(2)
    writer.update_container(tree)


def add_note(writer: Any) -> None:
    first = writer.root["/Pages"]["/Kids"][0].get_object()
    box = generic.ArrayObject([generic.NumberObject(each) for each in (0, 0, 600, 800)])
    note = generic.DictionaryObject(
        {
            generic.NameObject("/Type"): generic.NameObject("/Annot"),
            generic.NameObject("/Subtype"): generic.NameObject("/Stamp"),
            generic.NameObject("/Rect"): box,
        }
    )
    first["/Annots"].append(writer.add_object(note))
    writer.update_container(first)
    writer.update_container(first["/Annots"])


def run_script(writer: Any) -> None:
    script = generic.DictionaryObject(
        {
            generic.NameObject("/S"): generic.NameObject("/JavaScript"),
            generic.NameObject("/JS"): generic.pdf_string("1"),
        }
    )
    writer.root[generic.NameObject("/OpenAction")] = script
    writer.update_root()


def lay_over(writer: Any) -> None:
    """A signature field that shows something and that nobody signed."""
    stream = generic.StreamObject(stream_data=b"BT /F1 24 Tf 0 0 Td (Other sum) Tj ET")
    box = generic.ArrayObject([generic.NumberObject(each) for each in (0, 0, 600, 800)])
    stream[generic.NameObject("/BBox")] = box
    stream[generic.NameObject("/Subtype")] = generic.NameObject("/Form")
    writer_field = fields.SigFieldSpec("Over", box=(0, 0, 600, 800))
    fields.append_signature_field(writer, writer_field)
    held = writer.root["/AcroForm"]["/Fields"][-1].get_object()
    look = generic.DictionaryObject({generic.NameObject("/N"): writer.add_object(stream)})
    held[generic.NameObject("/AP")] = look
    writer.update_container(held)


@pytest.mark.parametrize("how", [made.other_text, add_page, add_note, run_script, lay_over])
def test_what_is_put_over_signed_content_blocks(how: Any, signed: bytes, tmp_path: Path):
    case = look(made.change(signed, how), tmp_path)
    fact = case.facts["signatures"][0]
    assert (fact["status"], fact["intact"], fact["covers_whole"]) == ("modified", True, False)
    assert fact["changes"]
    assert blocks(case)


@pytest.mark.parametrize("how", [made.other_text, add_page, add_note, run_script])
def test_changes_are_seen_where_the_library_fails(how: Any, signed: bytes, tmp_path: Path, monkeypatch: Any):
    def fail(*arguments: Any) -> None:
        raise KeyError("no such object")

    monkeypatch.setattr(pdf_changes, "_library", fail)
    assert told(made.change(signed, how), tmp_path)["status"] == "modified"
    assert told(made.sign(signed, field_name="Sig2"), tmp_path)["modified_after"] == "signatures"


def test_a_change_inside_the_signed_bytes_breaks_the_signature(signed: bytes, tmp_path: Path):
    case = look(signed.replace(b"(Signed text)", b"(Signed cash)"), tmp_path)
    assert case.facts["signatures"][0]["status"] == "broken"
    assert blocks(case)


def test_a_byte_range_that_leaves_out_more_than_the_signature_is_no_signature(signed: bytes, tmp_path: Path):
    numbers, _, _ = made.ranges(signed)
    # The signed second run moves back; what a reader sees stands in the hole (signature wrapping).
    hole = b"\n9 0 obj\n<</Forged true>>\nendobj\n" + b" " * 40
    tail = numbers[2]
    content = signed[:tail] + hole + signed[tail:]
    moved = made.with_range(content, [numbers[0], numbers[1], tail + len(hole), numbers[3]])
    case = look(moved, tmp_path)
    assert case.facts["signatures"][0]["status"] == "broken"
    assert blocks(case)


@pytest.mark.parametrize("numbers", [[0, 10], [0, 10, 20, 10**7], [5, 10, 20, 30], [0, 0, 0, 0], [0, -1, 10, 10]])
def test_a_byte_range_that_does_not_fit_breaks_the_signature(numbers: list[int], signed: bytes, tmp_path: Path):
    assert told(made.with_range(signed, numbers), tmp_path)["status"] == "broken"


def test_a_signature_without_value_and_range_is_broken_and_never_valid(tmp_path: Path, trust: Trust):
    case = look(made.without_value(tmp_path), tmp_path, trust)
    assert case.facts["signatures"][0]["status"] == "broken"
    assert blocks(case)


def test_objects_appended_without_a_table_are_a_change(signed: bytes, tmp_path: Path):
    loose = b"\n4 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\n"
    assert told(signed + loose, tmp_path)["status"] == "modified"
    assert told(signed + b"\r\n\0\0", tmp_path)["covers_whole"] is True


def test_a_tail_of_its_revision_the_signature_does_not_cover_is_a_change(signed: bytes, tmp_path: Path):
    numbers, _, _ = made.ranges(signed)
    short = made.with_range(signed, [*numbers[:3], numbers[3] - 60])
    fact = told(made.revalued(short, values.rsa_value), tmp_path)
    assert (fact["intact"], fact["status"]) == (True, "modified")


def test_a_value_that_cannot_be_read_is_left_to_a_person(tmp_path: Path):
    case = look(made.unreadable_value(tmp_path), tmp_path)
    assert case.facts["signatures"][0]["status"] == "indeterminate"
    assert codes(case) == {"SIG-004"}
    assert not blocks(case)


def test_a_field_prepared_and_never_signed_is_told(tmp_path: Path):
    case = look(made.never_signed(tmp_path), tmp_path)
    assert codes(case) == {"SIG-010"}
    assert case.facts["signatures"][0]["intact"] is None


def test_a_removed_signature_leaves_a_trace(tmp_path: Path):
    case = look(made.removed(tmp_path), tmp_path)
    assert case.facts["signatures"] == []
    assert codes(case) == {"SIG-011"}


def test_usage_rights_of_a_reader_are_no_removed_signature(signed: bytes, tmp_path: Path):
    def move(writer: Any) -> None:
        value = writer.root["/AcroForm"]["/Fields"][0].get_object().raw_get("/V")
        rights = generic.DictionaryObject({generic.NameObject("/UR3"): value})
        writer.root[generic.NameObject("/Perms")] = rights
        writer.root["/AcroForm"][generic.NameObject("/Fields")] = generic.ArrayObject()
        first = writer.root["/Pages"]["/Kids"][0].get_object()
        first.pop("/Annots")
        writer.update_container(first)
        writer.update_container(writer.root["/AcroForm"])
        writer.update_root()

    assert not look(made.change(signed, move), tmp_path).findings


def test_a_certificate_revoked_before_signing_blocks_even_without_an_anchor(tmp_path: Path):
    case = look(made.revoked(tmp_path, before=True), tmp_path)
    assert case.facts["signatures"][0]["status"] == "revoked"
    assert blocks(case)


def test_a_certificate_revoked_later_counts_only_where_the_time_is_proven(tmp_path: Path, trust: Trust):
    case = look(made.revoked(tmp_path, before=False), tmp_path, trust)
    fact = case.facts["signatures"][0]
    assert fact["status"] == "indeterminate"
    assert (fact["at_signing"]["revocation"], fact["now"]["revocation"]) == ("revoked_later", "revoked")
    assert codes(case) == {"SIG-012"}


def test_a_trusted_timestamp_outlives_a_later_revocation(tmp_path: Path, trust: Trust):
    who = made.identity("后来吊销", made.root())
    content = made.sign(made.page(), who, stamped=made.stamper())
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    content = made.keep_material(content, [made.revocation_list(who, at.replace(microsecond=0))])
    fact = told(content, tmp_path, trust)
    assert (fact["status"], fact["time_proven"], fact["revocation"]) == ("valid", True, "revoked_later")
    assert fact["long_term"] is True


def test_a_revocation_list_of_the_archive_counts(tmp_path: Path, trust: Trust):
    who = made.identity("档案馆已知吊销", made.root())
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=3)
    (tmp_path / "crls").mkdir()
    (tmp_path / "crls" / "root.crl").write_bytes(made.revocation_list(who, at.replace(microsecond=0)))
    known = Trust(anchors=trust.anchors, crls=Trust.from_folder(tmp_path).crls)
    assert told(made.sign(made.page(), who), tmp_path, known)["status"] == "revoked"


def test_a_timestamp_nobody_vouches_for_proves_no_time(tmp_path: Path, trust: Trust):
    from pyhanko.sign.timestamps import DummyTimeStamper

    stranger = made.identity("自制时间戳", stamps=True)
    stamped = DummyTimeStamper(tsa_cert=stranger.plain, tsa_key=stranger.plain_key)
    fact = told(made.sign(made.page(), stamped=stamped), tmp_path, trust)
    assert fact["timestamps"][0]["trust"] == "unknown"
    assert (fact["time_basis"], fact["time_proven"]) == ("timestamp", False)


def test_expired_when_signed_and_expired_since_are_told_apart(tmp_path: Path, trust: Trust):
    who = made.identity("过期", made.root(), until=datetime.datetime(2023, 1, 1, tzinfo=datetime.UTC))
    late = told(made.sign(made.page(), who), tmp_path, trust)
    assert (late["status"], late["at_signing"]["validity"]) == ("expired", "expired")
    early = told(made.backdated(who, datetime.datetime(2022, 1, 1, tzinfo=datetime.UTC)), tmp_path, trust)
    assert (early["status"], early["at_signing"]["validity"]) == ("expired", "valid")
    assert early["now"]["validity"] == "expired"
    assert "not proven" in early["why"]


def test_an_encrypted_file_that_opens_without_password_is_verified(tmp_path: Path):
    pdf, buffer = new_pdf(), io.BytesIO()
    with_text(pdf, b"Signed text")
    pdf.save(buffer, encryption=pikepdf.Encryption(user="", owner="o", R=6))
    writer = IncrementalPdfFileWriter(io.BytesIO(buffer.getvalue()))
    writer.encrypt("")
    settings = signers.PdfSignatureMetadata(field_name="Sig1", md_algorithm="sha256")
    content = signers.sign_pdf(writer, settings, signer=made.someone().signer()).getvalue()
    fact = told(content, tmp_path)
    assert (fact["intact"], fact["covers_whole"], fact["status"]) == (True, True, "untrusted")


def test_a_file_nobody_can_read_is_told_and_does_not_stop_the_check(tmp_path: Path):
    case = look(b"%PDF-1.7\nno document", tmp_path)
    assert codes(case) == {"SIG-004"}


def test_a_file_too_large_to_verify_is_not_passed(signed: bytes, tmp_path: Path, monkeypatch: Any):
    monkeypatch.setattr(pdf_fields, "LARGEST_BYTES", 100)
    case = look(signed, tmp_path)
    assert case.not_checked["SIG-001"] == "too_large"


@pytest.mark.parametrize("make", [values.sm2_value, values.sm2_gm_value, values.sm2_bare_value, values.seal_value])
def test_sm2_signatures_and_seals_are_verified(make: Any, signed: bytes, tmp_path: Path):
    content = made.revalued(signed, make)
    fact = told(content, tmp_path)
    assert (fact["signer"], fact["intact"], fact["status"]) == ("国密签名人", True, "untrusted")
    assert fact["kind"] == ("pdf-seal" if make is values.seal_value else "pdf-signature")
    broken = told(content.replace(b"(Signed text)", b"(Signed cash)"), tmp_path)
    assert (broken["intact"], broken["status"]) == (False, "broken")


def test_an_sm2_chain_leads_to_an_anchor(signed: bytes, tmp_path: Path):
    anchors = Trust(anchors=(values.sm2_certificate(),))
    fact = told(made.revalued(signed, values.sm2_value), tmp_path, anchors)
    assert (fact["trust"], fact["status"]) == ("trusted", "valid")


def test_every_signer_of_one_value_is_told(signed: bytes, tmp_path: Path):
    facts = look(made.revalued(signed, values.two_signers), tmp_path).facts["signatures"]
    assert [(each["signer"], each["intact"]) for each in facts] == [("测试签名人", True), ("测试签名人", False)]


def test_attributes_signed_out_of_order_do_not_verify_and_the_reason_is_told(signed: bytes, tmp_path: Path):
    fact = told(made.revalued(signed, values.out_of_order), tmp_path)
    assert fact["status"] == "broken"
    assert "RFC 5652" in fact["why"]


@pytest.mark.parametrize("make", [values.enclosed_digest, values.plain_rsa])
def test_older_encodings_are_verified(make: Any, signed: bytes, tmp_path: Path):
    content = made.revalued(signed, make)
    assert told(content, tmp_path)["intact"] is True
    assert told(content.replace(b"(Signed text)", b"(Signed cash)"), tmp_path)["status"] == "broken"


def test_a_value_with_an_algorithm_nobody_knows_is_not_called_intact(signed: bytes, tmp_path: Path):
    fact = told(made.revalued(signed, values.unknown_algorithm), tmp_path)
    assert (fact["intact"], fact["status"]) == (None, "indeterminate")


def test_a_key_written_as_a_negative_number_is_read_as_meant():
    assert load_key(values.negative_key()).public_numbers() == made.someone().key.public_key().public_numbers()


def test_an_object_number_used_again_is_no_change_where_nothing_shows():
    seen = Changes(signed=["Sig2"])
    reused = pdf_changes._judged(seen, "other", "There are unexplained xrefs in revision 2", None)
    assert (reused.level, reused.allowed) == ("signatures", True)
    other = pdf_changes._judged(seen, "other", "appearance used in several places", None)
    assert (other.level, other.allowed) == ("other", False)


def test_the_library_gets_so_much_time_and_no_more():
    with pytest.raises(TimeoutError):
        pdf_changes._timed(lambda: [time.sleep(0.01) for _ in range(500)], seconds=0.05)
