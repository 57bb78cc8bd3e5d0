"""Signatures and seals of OFD, made with keys of our own and then tampered with in every way that matters."""

import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import parser, x509

from samples.checks.ofd import ofd
from samples.checks.ofd_signed import (
    LIST,
    RIDING,
    SEAL,
    SIGNATURE,
    SIGNED_AT,
    VALUE,
    Holder,
    Plan,
    Sm2Key,
    bits,
    city,
    holder,
    revocations,
    seq,
    sign,
    signed_parts,
    timestamp,
)
from zhudang.checks.examine import Case
from zhudang.checks.model import Severity, Verdict, verdict_of
from zhudang.checks.openers import ofd as opener
from zhudang.checks.trust import Trust

PAGE = "Doc_0/Pages/P0/Content.xml"
LAYOUTS = [Plan(), Plan(layout="old"), Plan(layout="cms"), Plan(kind="rsa"), Plan(kind="rsa", layout="cms")]


def anchored(*people: Holder, crls: tuple[bytes, ...] = ()) -> Trust:
    return Trust(
        anchors=tuple(x509.Certificate.load(each.certificate) for each in people),
        crls=tuple(asn1_crl.CertificateList.load(each) for each in crls),
    )


def look(folder: Path, parts: dict[str, Any], trust: Trust | None = None) -> Case:
    path = ofd(folder, parts)
    case = Case(path, path.name, path.stat().st_size, folder, trust or Trust())
    opener.examine(case)
    return case


def codes(case: Case) -> set[str]:
    return {found.code for found in case.findings}


def only(case: Case) -> dict[str, Any]:
    (fact,) = case.facts["signatures"]
    return fact


@pytest.mark.parametrize("plan", LAYOUTS)
def test_a_signature_under_a_trusted_root_is_valid_and_says_nothing(tmp_path: Path, plan: Plan):
    case = look(tmp_path, signed_parts(plan), anchored(city(plan.kind).root))
    fact = only(case)
    assert not case.findings
    assert (fact["status"], fact["trust"], fact["intact"], fact["covers_whole"]) == ("valid", "trusted", True, True)
    assert fact["kind"] == ("ofd-signature" if plan.layout == "cms" else "ofd-seal")
    assert fact["modified_after"] == "none"


@pytest.mark.parametrize("plan", LAYOUTS)
def test_without_an_anchor_it_is_left_to_a_person_never_called_invalid(tmp_path: Path, plan: Plan):
    case = look(tmp_path, signed_parts(plan))
    assert (only(case)["status"], only(case)["trust"]) == ("untrusted", "none")
    assert codes(case) == {"SIG-003"}
    assert verdict_of(case.findings) is Verdict.MANUAL


@pytest.mark.parametrize("plan", LAYOUTS)
def test_a_changed_page_blocks_and_is_named(tmp_path: Path, plan: Plan):
    parts = signed_parts(plan)
    parts[PAGE] = parts[PAGE].replace("归档", "作废")
    case = look(tmp_path, parts, anchored(city(plan.kind).root))
    assert (only(case)["status"], only(case)["intact"]) == ("modified", False)
    assert [found.data["files"] for found in case.findings if found.code == "SIG-002"] == [[PAGE]]
    assert verdict_of(case.findings) is Verdict.FAIL


@pytest.mark.parametrize("plan", LAYOUTS)
def test_digests_rewritten_to_fit_a_changed_page_break_the_signature(tmp_path: Path, plan: Plan):
    parts, other = signed_parts(plan), {}
    parts[PAGE] = parts[PAGE].replace("归档", "作废")
    other.update({place: text for place, text in parts.items() if place not in {SIGNATURE, VALUE, LIST}})
    other["OFD.xml"] = other["OFD.xml"].replace(f"<ofd:Signatures>/{LIST}</ofd:Signatures>", "")
    other.pop(SEAL, None)
    sign(other, plan)
    parts[SIGNATURE] = other[SIGNATURE]
    case = look(tmp_path, parts, anchored(city(plan.kind).root))
    assert only(case)["status"] == "broken"
    assert "SIG-001" in codes(case)


@pytest.mark.parametrize("plan", LAYOUTS)
def test_a_changed_signature_value_is_broken(tmp_path: Path, plan: Plan):
    parts = signed_parts(plan)
    parts[VALUE] = parts[VALUE][:-3] + bytes([parts[VALUE][-3] ^ 1]) + parts[VALUE][-2:]
    case = look(tmp_path, parts)
    assert only(case)["status"] == "broken"
    assert "SIG-001" in codes(case)


@pytest.mark.parametrize("method", ["SM3", "1.2.156.10197.1.401", "SHA-256", "SHA1", "MD5"])
def test_digests_are_known_by_name_and_by_identifier(tmp_path: Path, method: str):
    assert only(look(tmp_path, signed_parts(Plan(method=method))))["steps"]["references"] is True


def test_a_digest_nobody_knows_is_left_to_a_person(tmp_path: Path):
    case = look(tmp_path, signed_parts(Plan(method="1.2.3.4")))
    assert only(case)["status"] == "indeterminate"
    assert codes(case) == {"SIG-004"}


def test_a_later_signature_may_rewrite_the_list_and_the_root(tmp_path: Path):
    parts = signed_parts(Plan(layout="cms"))
    parts["OFD.xml"] += " "
    sign(parts, Plan(folder=1))
    case = look(tmp_path, parts, anchored(city().root))
    first, second = case.facts["signatures"]
    assert (first["status"], first["modified_after"]) == ("valid", "signatures")
    assert (second["status"], second["covers_whole"]) == ("valid", True)
    assert not case.findings


def test_the_last_signature_allows_no_rewriting(tmp_path: Path):
    parts = signed_parts(Plan(layout="cms"))
    parts["OFD.xml"] += " "
    assert only(look(tmp_path, parts))["status"] == "modified"


def test_a_later_signature_excuses_no_changed_page(tmp_path: Path):
    parts = signed_parts()
    parts[PAGE] = parts[PAGE].replace("归档", "作废")
    sign(parts, Plan(folder=1))
    case = look(tmp_path, parts, anchored(city().root))
    assert [fact["status"] for fact in case.facts["signatures"]] == ["modified", "valid"]
    assert verdict_of(case.findings) is Verdict.FAIL


def test_a_later_signature_may_not_put_another_document_in_place(tmp_path: Path):
    parts = signed_parts()
    for place in [place for place in parts if place.startswith("Doc_0/") and "Signs" not in place]:
        parts[place.replace("Doc_0", "Doc_9")] = parts[place]
    parts["OFD.xml"] = parts["OFD.xml"].replace("Doc_0/Document", "Doc_9/Document")
    sign(parts, Plan(folder=1))
    first, second = look(tmp_path, parts, anchored(city().root)).facts["signatures"]
    assert (first["status"], second["status"]) == ("modified", "valid")


def test_a_page_left_out_of_the_references_is_told(tmp_path: Path):
    case = look(tmp_path, signed_parts(Plan(leave_out=(PAGE,))), anchored(city().root))
    assert (only(case)["covers_whole"], only(case)["modified_after"]) == (False, "unsigned_content")
    assert [found.data["files"] for found in case.findings] == [[PAGE]]
    assert verdict_of(case.findings) is Verdict.MANUAL


def test_a_signed_part_that_is_gone_blocks(tmp_path: Path):
    parts = signed_parts()
    del parts["Doc_0/Res/f.ttf"]
    assert "SIG-002" in codes(look(tmp_path, parts))


def test_a_certificate_revoked_before_signing_blocks(tmp_path: Path):
    people = city()
    listed = revocations(people.root, {3: SIGNED_AT - timedelta(days=1)}, SIGNED_AT, SIGNED_AT + timedelta(days=30))
    case = look(tmp_path, signed_parts(), anchored(people.root, crls=(listed,)))
    assert (only(case)["status"], only(case)["revocation"]) == ("revoked", "revoked")
    assert codes(case) == {"OFD-025"}
    assert verdict_of(case.findings) is Verdict.FAIL


def test_a_certificate_revoked_after_signing_was_good_when_it_signed(tmp_path: Path):
    people = city()
    listed = revocations(people.root, {3: SIGNED_AT + timedelta(days=9)}, SIGNED_AT, SIGNED_AT + timedelta(days=30))
    case = look(tmp_path, signed_parts(), anchored(people.root, crls=(listed,)))
    assert (only(case)["status"], only(case)["revocation"]) == ("valid", "revoked_later")


def test_a_revocation_list_of_another_issuer_changes_nothing(tmp_path: Path):
    other = holder(city().root.name, Sm2Key(5), authority=True)
    forged = revocations(other, {3: SIGNED_AT - timedelta(days=1)}, SIGNED_AT, SIGNED_AT + timedelta(days=30))
    case = look(tmp_path, signed_parts(), anchored(city().root, crls=(forged,)))
    assert only(case)["status"] == "valid"


def test_the_certificate_is_judged_at_signing_and_now(tmp_path: Path):
    short = holder("短期证书", Sm2Key(6), city().root, serial=5, end=SIGNED_AT + timedelta(days=1))
    fact = only(look(tmp_path, signed_parts(Plan(signer=short)), anchored(city().root)))
    assert fact["status"] == "valid"
    assert (fact["steps"]["certificate_then"], fact["steps"]["certificate_now"]) == ("valid", "expired")


def test_a_seal_used_outside_its_validity_is_left_to_a_person(tmp_path: Path):
    late = Plan(seal_end=datetime(2025, 1, 1, tzinfo=UTC))
    case = look(tmp_path, signed_parts(late), anchored(city().root))
    assert only(case)["status"] == "expired"
    assert codes(case) == {"OFD-022"}
    assert verdict_of(case.findings) is Verdict.MANUAL


@pytest.mark.parametrize("digests", [False, True])
def test_a_signer_outside_the_seal_s_list_is_told(tmp_path: Path, digests: bool):
    stranger = holder("借用的证书", Sm2Key(7), city().root, serial=9)
    plan = Plan(signer=stranger, listed=city().signer, list_digests=digests)
    assert "OFD-023" in codes(look(tmp_path, signed_parts(plan), anchored(city().root)))
    assert not codes(look(tmp_path, signed_parts(replace(plan, listed=stranger)), anchored(city().root)))


def test_the_same_key_in_a_certificate_written_anew_is_on_the_list(tmp_path: Path):
    key = Sm2Key(8)
    one, again = (holder(name, key, city().root, serial=9) for name in ("甲", "甲 "))
    assert not codes(look(tmp_path, signed_parts(Plan(signer=one, listed=again)), anchored(city().root)))


def test_a_forged_seal_blocks(tmp_path: Path):
    case = look(tmp_path, signed_parts(Plan(change_seal=True)), anchored(city().root))
    assert only(case)["status"] == "broken"
    assert any(found.code == "OFD-024" and found.severity is Severity.BLOCK for found in case.findings)


def test_a_signer_whom_no_anchor_issued_is_untrusted(tmp_path: Path):
    alone = holder("自签", Sm2Key(9), serial=9)
    fact = only(look(tmp_path, signed_parts(Plan(signer=alone)), anchored(city().root)))
    assert (fact["status"], fact["trust"]) == ("untrusted", "unknown")


def test_a_timestamp_of_a_trusted_authority_gives_the_time(tmp_path: Path):
    authority, when = holder("时间戳", Sm2Key(21), city().root, serial=21), SIGNED_AT + timedelta(minutes=5)
    fact = only(look(tmp_path, signed_parts(Plan(stamp=(authority, when))), anchored(city().root)))
    assert (fact["status"], fact["steps"]["timestamp"], fact["time"]) == ("valid", True, when.isoformat())


def test_a_timestamp_by_anybody_gives_no_time(tmp_path: Path):
    early = SIGNED_AT - timedelta(days=400)
    parts = signed_parts(Plan(stamp=(holder("任何人", Sm2Key(22), serial=22), early)))
    fact = only(look(tmp_path, parts, anchored(city().root)))
    assert (fact["steps"]["timestamp"], fact["time"]) == (None, SIGNED_AT.isoformat())


def test_a_timestamp_of_another_signature_is_told(tmp_path: Path):
    authority = holder("时间戳", Sm2Key(21), city().root, serial=21)
    parts, bare = signed_parts(Plan(stamp=(authority, SIGNED_AT))), signed_parts()
    foreign = seq(bits(timestamp(authority, SIGNED_AT, b"another signature")), tag=0, family=2)
    inside = parser.parse(bare[VALUE])[4]
    parts.update(bare | {VALUE: seq(inside, foreign)})
    case = look(tmp_path, parts, anchored(city().root))
    assert (only(case)["steps"]["timestamp"], only(case)["status"]) == (False, "indeterminate")
    assert codes(case) == {"SIG-004"}


def test_a_seal_across_pages_is_recognised(tmp_path: Path):
    case = look(tmp_path, signed_parts(Plan(stamps=RIDING)), anchored(city().root))
    assert case.facts["riding_seals"] == 1
    assert [(found.code, found.data["pages"]) for found in case.findings] == [("OFD-031", [1, 2])]


@pytest.mark.parametrize("held", [b"", b"\x30\x82\x20\x00\x02\x01", b"junk", bytes(64), b"\x30\x00", b"\x30\x80" * 400])
def test_a_strange_value_is_never_valid_and_never_a_crash(tmp_path: Path, held: bytes):
    parts = signed_parts()
    parts[VALUE] = held
    assert only(look(tmp_path, parts))["status"] in ({"broken", "indeterminate"} if held.strip(b"\0") else {"broken"})


def test_no_byte_of_a_seal_signature_can_change_and_leave_it_valid(tmp_path: Path):
    parts, trust = signed_parts(), anchored(city().root)
    whole = parts[VALUE]
    for at in range(0, len(whole), 61):
        parts[VALUE] = whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :]
        assert only(look(tmp_path, parts, trust))["status"] != "valid", at


@pytest.mark.parametrize("place", [SIGNATURE, VALUE])
def test_a_listed_signature_without_its_files_blocks(tmp_path: Path, place: str):
    parts = signed_parts()
    del parts[place]
    case = look(tmp_path, parts)
    assert "OFD-030" in codes(case)
    assert verdict_of(case.findings) is Verdict.FAIL


@pytest.mark.parametrize("second", [PAGE, PAGE.upper().replace("DOC_0", "Doc_0")])
@pytest.mark.parametrize("genuine_first", [True, False])
def test_a_signed_part_stored_a_second_time_with_other_content_blocks(
    second: str, genuine_first: bool, tmp_path: Path, recwarn: pytest.WarningsRecorder
):
    parts = signed_parts()
    forged = parts[PAGE].replace("归档", "作废")
    path = ofd(tmp_path, {**parts, PAGE: parts[PAGE] if genuine_first else forged})
    with zipfile.ZipFile(path, "a") as container:
        container.writestr(second, forged if genuine_first else parts[PAGE])
    case = Case(path, path.name, path.stat().st_size, tmp_path, anchored(city().root))
    opener.examine(case)
    assert only(case)["status"] == "modified"
    assert verdict_of(case.findings) is Verdict.FAIL
