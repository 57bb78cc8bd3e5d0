"""Which signatures make a file sealed: judged by their status, not by everything the checks tell about them."""

import pytest

from zhudang.checks.model import NEVER_SIGNED
from zhudang.filing.domain.origin import sealed


def signed(*statuses, **more):
    return {"signatures": [{"kind": "pdf-signature", "status": status, **more} for status in statuses]}


@pytest.mark.parametrize("status", ["valid", "untrusted", "indeterminate", "expired"])
def test_a_signature_nobody_broke_seals_whatever_is_told_of_its_certificate(status):
    assert sealed(signed(status), ["SIG-003", "SIG-004", "SIG-006", "SIG-008"]) is True


@pytest.mark.parametrize("status", ["modified", "broken", "revoked"])
def test_an_altered_broken_or_revoked_signature_ends_the_seal(status):
    assert sealed(signed(status), []) is False
    assert sealed(signed("valid", status), []) is False


@pytest.mark.parametrize("code", ["SIG-001", "SIG-002", "SIG-005", "OFD-024", "OFD-025", "OFD-030"])
def test_findings_that_end_a_seal_end_it_whatever_the_status_says(code):
    assert sealed(signed("untrusted"), [code]) is False


def test_nothing_signed_is_no_seal_and_nothing_looked_at_is_unknown():
    assert sealed({"signatures": []}, []) is False
    assert sealed({}, []) is None


def test_a_place_never_signed_and_a_time_stamp_alone_are_no_seal():
    assert sealed(signed("indeterminate", why=NEVER_SIGNED), ["SIG-010"]) is False
    assert sealed(signed("valid", kind="pdf-document-timestamp"), []) is False
    both = signed("indeterminate", why=NEVER_SIGNED)["signatures"] + signed("valid")["signatures"]
    assert sealed({"signatures": both}, []) is True
