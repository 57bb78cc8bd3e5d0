"""Chains of certificates to a city's own anchors, SM2 and RSA."""

from datetime import UTC, datetime

import pytest
from asn1crypto import x509

from samples.checks.ofd_signed import RsaKey, Sm2Key, holder
from zhudang.checks.signing.certificates import load, name_of, signed_by, standing
from zhudang.checks.trust import Trust

WHEN = datetime(2025, 6, 1, tzinfo=UTC)
ROOT = holder("根", Sm2Key(11), authority=True)
MIDDLE = holder("中间", Sm2Key(12), ROOT, serial=2, authority=True)
LEAF = holder("签名人", Sm2Key(13), MIDDLE, serial=3)


def cert(one) -> x509.Certificate:
    loaded = load(one.certificate)
    assert loaded is not None
    return loaded


def trust(*anchors, intermediates=()) -> Trust:
    return Trust(anchors=tuple(map(cert, anchors)), intermediates=tuple(map(cert, intermediates)))


def test_a_chain_is_built_over_intermediates_of_the_folder_or_of_the_signature():
    assert standing(cert(LEAF), [], trust(ROOT, intermediates=[MIDDLE]), WHEN).trust == "trusted"
    assert standing(cert(LEAF), [cert(MIDDLE)], trust(ROOT), WHEN).trust == "trusted"


def test_what_comes_with_the_signature_is_no_anchor():
    assert standing(cert(LEAF), [cert(MIDDLE), cert(ROOT)], trust(), WHEN).trust == "none"
    assert standing(cert(LEAF), [cert(ROOT)], trust(ROOT), WHEN).trust == "unknown"


def test_a_signer_trusted_by_itself_needs_no_chain():
    assert standing(cert(LEAF), [], trust(LEAF), WHEN).trust == "trusted"


def test_one_who_may_not_issue_is_no_link():
    plain = holder("非签发者", Sm2Key(14), ROOT, serial=4)
    below = holder("下级", Sm2Key(15), plain, serial=5)
    assert signed_by(cert(below), cert(plain))
    assert standing(cert(below), [cert(plain)], trust(ROOT), WHEN).trust == "unknown"


def test_the_same_name_with_another_key_is_no_issuer():
    forged = holder("中间", Sm2Key(16), ROOT, serial=2, authority=True)
    assert standing(cert(LEAF), [cert(forged)], trust(ROOT), WHEN).trust == "unknown"


def test_an_issuer_expired_at_the_moment_ends_the_chain():
    old = holder("中间", Sm2Key(12), ROOT, serial=2, authority=True, end=datetime(2025, 1, 1, tzinfo=UTC))
    assert standing(cert(LEAF), [cert(old)], trust(ROOT), WHEN).trust == "unknown"


@pytest.mark.parametrize(("year", "told"), [(2020, "not_yet"), (2025, "valid"), (2040, "expired")])
def test_validity_is_that_of_the_moment_asked_about(year: int, told: str):
    assert standing(cert(LEAF), [], trust(ROOT), WHEN.replace(year=year)).validity == told


def test_an_rsa_root_may_issue_an_sm2_certificate():
    root = holder("RSA 根", RsaKey(), authority=True)
    leaf = holder("签名人", Sm2Key(17), root, serial=2)
    assert standing(cert(leaf), [], trust(root), WHEN).trust == "trusted"
    assert name_of(cert(leaf)) == "签名人"


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"no certificate", LEAF.certificate[:-5]])
def test_what_is_no_certificate_is_none(der: bytes):
    assert load(der) is None


def test_a_crowd_of_namesakes_does_not_stop_the_search_from_ending():
    crowd = [cert(holder("中间", Sm2Key(100 + n), ROOT, serial=n, authority=True)) for n in range(30)]
    assert standing(cert(LEAF), crowd * 20, trust(ROOT), WHEN).trust == "unknown"
