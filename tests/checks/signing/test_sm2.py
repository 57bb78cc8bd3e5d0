"""SM2 against the published example of GB/T 32918.5, Annex A (curve and name of the standard)."""

import pytest
from asn1crypto.core import Integer, SequenceOf

from zhudang.checks.signing import sm2

PRIVATE = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
X = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
Y = "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
R = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
S = "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
MESSAGE = b"message digest"
KEY = sm2.public_key(bytes.fromhex(X + Y))
RAW = bytes.fromhex(R + S)


class Numbers(SequenceOf):
    _child_spec = Integer


def test_the_public_key_of_the_standard_is_its_private_key_times_the_base_point():
    assert sm2.multiply(PRIVATE, sm2.BASE) == KEY


def test_z_and_digest_are_those_of_the_standard():
    assert sm2.z_value(KEY).hex().upper() == "B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3"
    digest = sm2.message_digest(KEY, MESSAGE)
    assert digest.hex().upper() == "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"


def test_the_signature_of_the_standard_verifies_in_both_layouts():
    assert sm2.verify(KEY, RAW, MESSAGE)
    assert sm2.verify(KEY, Numbers([int(R, 16), int(S, 16)]).dump(), MESSAGE)


def test_numbers_without_their_leading_zero_are_read_as_meant():
    bare = b"\x30\x44" + b"\x02\x20" + bytes.fromhex(R) + b"\x02\x20" + bytes.fromhex(S)
    assert sm2.verify(KEY, bare, MESSAGE)


@pytest.mark.parametrize("position", [0, 31, 32, 63])
def test_one_changed_byte_of_the_signature_is_seen(position: int):
    changed = bytearray(RAW)
    changed[position] ^= 1
    assert not sm2.verify(KEY, bytes(changed), MESSAGE)


def test_another_message_or_name_is_seen():
    assert not sm2.verify(KEY, RAW, MESSAGE + b".")
    assert not sm2.verify(KEY, RAW, MESSAGE, user_id=b"ALICE123@YAHOO.COM")


@pytest.mark.parametrize("signature", [b"", b"\x30\x00", bytes(64), b"\xff" * 64, b"\x30\x80\x02\x01\x01", b"x" * 70])
def test_what_is_no_signature_is_not_accepted(signature: bytes):
    assert not sm2.verify(KEY, signature, MESSAGE)


def test_a_compressed_key_is_the_same_key():
    sign = b"\x03" if int(Y, 16) % 2 else b"\x02"
    assert sm2.public_key(sign + bytes.fromhex(X)) == KEY
    assert sm2.public_key(b"\x04" + bytes.fromhex(X + Y)) == KEY


@pytest.mark.parametrize("octets", [b"", b"\x04" + bytes(64), bytes.fromhex(X + X), b"\x02" + b"\xff" * 32])
def test_a_point_off_the_curve_is_no_key(octets: bytes):
    with pytest.raises(ValueError, match="SM2"):
        sm2.public_key(octets)
