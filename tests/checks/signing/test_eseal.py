"""Electronic seals read by their structure, and times as makers write them."""

from datetime import UTC, datetime

import pytest

from samples.checks.ofd_signed import Plan, city, seal_bytes, seal_signature
from zhudang.checks.signing.algorithms import digest_name
from zhudang.checks.signing.certificates import load
from zhudang.checks.signing.eseal import parse_time, read_seal, read_signature

NOON = datetime(2020, 6, 20, 4, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(("layout", "standard"), [("new", "GB/T 38540-2020"), ("old", "GM/T 0031-2014")])
def test_both_layouts_are_told_apart_and_verified(layout: str, standard: str):
    seal = read_seal(seal_bytes(Plan(layout=layout)))
    assert (seal.layout, seal.name, seal.identifier, seal.intact) == (standard, "云溪县城建档案馆公章", "YX0001", True)
    assert (seal.start, seal.end) == (datetime(2024, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("layout", ["new", "old"])
@pytest.mark.parametrize("digests", [False, True])
def test_the_list_of_a_seal_holds_certificates_or_digests(layout: str, digests: bool):
    seal = read_seal(seal_bytes(Plan(layout=layout, list_digests=digests)))
    signer, maker = load(city().signer.certificate), load(city().maker.certificate)
    assert signer and maker
    assert seal.allows(signer) is True
    assert seal.allows(maker) is False


@pytest.mark.parametrize("layout", ["new", "old"])
def test_a_signature_names_its_time_place_and_digest(layout: str):
    plan = Plan(layout=layout)
    read = read_signature(seal_signature(plan, b"<Signature/>", "Doc_0/S.xml"))
    assert (read.intact, read.place, read.time) == (True, "/Doc_0/S.xml", plan.time)
    assert len(read.data_hash) == 32


@pytest.mark.parametrize(
    "text",
    ["20200620040000Z", "2020-06-20 12:00:00", "20200620040000.763Z", "2020-06-20T04:00:00.1Z", "20200620120000+0800"],
)
def test_times_are_read_as_makers_write_them(text: str):
    assert parse_time(text) == NOON


@pytest.mark.parametrize("text", ["", "yesterday", "20209999999999Z", "2020"])
def test_what_is_no_time_is_none(text: str):
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("told", "name"),
    [("1.2.156.10197.1.401", "sm3"), ("SM3", "sm3"), ("SHA-256", "sha256"), ("sha1", "sha1"), ("SM2-with-SM3", "sm3")],
)
def test_digests_are_known_by_identifier_and_name(told: str, name: str):
    assert digest_name(told) == name


def test_an_unknown_digest_is_none():
    assert digest_name("1.2.156.10197.1.401.2") is None
    assert digest_name("") is None


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x02\x01\x01", b"\x30\x06\x30\x00\x30\x00\x30\x00", b"x" * 99])
def test_what_is_no_seal_signature_is_refused(der: bytes):
    with pytest.raises(ValueError, match=r"."):
        read_signature(der)
