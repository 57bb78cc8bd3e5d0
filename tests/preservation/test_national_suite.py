"""The national suite by published vectors and by an independent reader: SM2, SM3, SM4, the envelope, the standard `openssl`."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from hypothesis import given, settings
from hypothesis import strategies as st

from preservation.test_key_shares import readme_lines
from zhudang.checks.signing import sm2
from zhudang.preservation.keys import bech32, shares, wrapping
from zhudang.preservation.ocfl import sealing, sm2_keys, sm_envelope
from zhudang.preservation.ocfl.sealing import CannotOpen, Identities
from zhudang.preservation.ocfl.sm2_keys import NotOpened, Sm2Key
from zhudang.preservation.ocfl.sm_envelope import Damaged, NoKey

KEY, OTHER = Sm2Key.generate(), Sm2Key.generate()

# GB/T 32918.5-2017, Annex C: encryption on the curve of the standard.
D = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
K = "59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21"
TEXT = b"encryption standard"
X1 = "04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
Y1 = "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
C2 = "21886CA989CA9C7D58087307CA93092D651EFA"
C3 = "59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"


@pytest.fixture(params=["library", "integers"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways in which SM2 is done."""
    if request.param == "integers":
        monkeypatch.setattr(sm2_keys, "gmssl_pyx", None)
    elif sm2_keys.gmssl_pyx is None:
        pytest.skip("the package gmssl-pyx has no build for this machine")
    return str(request.param)


def of_standard() -> bytes:
    """The example as SM2Cipher (GB/T 35276-2017, 7.2)."""
    cipher = sm2_keys._Cipher(
        {"x": int(X1, 16), "y": int(Y1, 16), "hash": bytes.fromhex(C3), "text": bytes.fromhex(C2)}
    )
    return bytes(cipher.dump())


def test_sm2_opens_the_published_example(by: str) -> None:
    assert Sm2Key.of_number(bytes.fromhex(D)).unwrap(of_standard()) == TEXT


def test_sm2_with_the_published_random_number_makes_the_published_bytes() -> None:
    public = Sm2Key.of_number(bytes.fromhex(D)).to_public()
    assert sm2_keys.wrap_by_integers(TEXT, public, int(K, 16)) == of_standard()


def test_sm2_opens_what_either_way_wrapped_and_nothing_that_was_changed_or_is_anothers(by: str) -> None:
    wrapped = [sm2_keys.wrap(b"0123456789abcdef", KEY.to_public())]
    wrapped.append(sm2_keys.wrap_by_integers(b"0123456789abcdef", KEY.to_public(), int(K, 16)))
    for each in wrapped:
        assert KEY.unwrap(each) == b"0123456789abcdef"
        with pytest.raises(NotOpened):
            OTHER.unwrap(each)
        with pytest.raises(NotOpened):
            KEY.unwrap(each[:-1] + bytes([each[-1] ^ 1]))
    with pytest.raises(NotOpened):
        KEY.unwrap(b"")


def test_sm4_agrees_with_its_standard() -> None:
    # GB/T 32907-2016, A.1.
    block = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    found = Cipher(SM4(block), modes.ECB()).encryptor().update(block)
    assert found.hex().upper() == "681EDF34D206965E86B3E94F536E4246"


def test_sm3_agrees_with_its_standard() -> None:
    # GB/T 32905-2016, A.1.
    assert hashlib.new("sm3", b"abc").hexdigest() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sm4_gcm_agrees_with_rfc_8998() -> None:
    # RFC 8998, A.1.
    key, nonce = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes.fromhex("00001234567800000000ABCD")
    cipher = Cipher(SM4(key), modes.GCM(nonce)).encryptor()
    cipher.authenticate_additional_data(bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2"))
    plain = bytes.fromhex("".join(pair * 8 for pair in ("AA", "BB", "CC", "DD", "EE", "FF", "EE", "AA")))
    found = cipher.update(plain) + cipher.finalize()
    assert found.hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
    )
    assert cipher.tag.hex().upper() == "83DE3541E4C2B58177E065A9BF7B62EC"


# ── the envelope ──────────────────────────────────────────────────────────────────────────────────────────────────


def streamed(pieces: list[bytes], size: int | None) -> bytes:
    out: list[bytes] = []
    sealing.seal_stream(iter(pieces), KEY.to_public(), size=size, plain=[], sealed=[out.append])
    return b"".join(out)


@settings(max_examples=25, deadline=None)
@given(pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=4), known=st.booleans())
def test_any_bytes_come_back_whether_their_number_was_known_or_not(pieces: list[bytes], known: bool) -> None:
    whole = b"".join(pieces)
    found = streamed(pieces, len(whole) if known else None)
    assert Identities([KEY]).open_bytes(found, "it") == whole


@pytest.mark.parametrize("size", [40, None], ids=["one piece", "in pieces"])
def test_one_byte_changed_anywhere_cut_anywhere_or_added_is_refused(size: int | None, monkeypatch) -> None:
    monkeypatch.setattr(sm2_keys, "gmssl_pyx", None)  # the library tells of every refusal on the standard error
    monkeypatch.setattr(Sm2Key, "unwrap", _remembering(Sm2Key.unwrap))
    whole, keys = streamed([b"x" * 25, b"y" * 15], size), sm_envelope.Keys([KEY])
    assert sm_envelope.open_bytes(whole, keys) == b"x" * 25 + b"y" * 15
    changed = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    for bad in [*changed, *(whole[:at] for at in range(len(whole))), whole + b"\0"]:
        with pytest.raises((Damaged, NoKey)):
            sm_envelope.open_bytes(bad, keys)


def _remembering(unwrap):
    """SM2 by integers takes milliseconds: once for the same bytes is enough."""
    known: dict[bytes, bytes | None] = {}

    def remembered(key: Sm2Key, wrapped: bytes) -> bytes:
        if wrapped not in known:
            try:
                known[wrapped] = unwrap(key, wrapped)
            except NotOpened:
                known[wrapped] = None
        if (found := known[wrapped]) is None:
            raise NotOpened
        return found

    return remembered


def test_a_key_for_two_readers_opens_for_each_and_for_nobody_else() -> None:
    sealed = sealing.wrap(b"small secret", [KEY.to_public(), OTHER.to_public()])
    for reader in (KEY, OTHER):
        assert Identities([reader]).open_bytes(sealed, "it") == b"small secret"
    with pytest.raises(CannotOpen) as refused:
        Identities([Sm2Key.generate()]).open_bytes(sealed, "it")
    assert refused.value.reason == "no_key"


def test_an_independent_parser_finds_the_standard_structure() -> None:
    told = cms.ContentInfo.load(sealing.seal_bytes(b"plans", KEY.to_public()), strict=True)
    assert told["content_type"].native == "authenticated_enveloped_data"
    envelope = told["content"]
    assert envelope["version"].native == "v0"
    [reader] = [each.chosen for each in envelope["recipient_infos"]]
    assert (reader["version"].native, reader["rid"].name) == ("v2", "subject_key_identifier")
    assert reader["key_encryption_algorithm"]["algorithm"].dotted == "1.2.156.10197.1.301.3"
    content = envelope["auth_encrypted_content_info"]
    assert content["content_type"].native == "data"
    assert content["content_encryption_algorithm"]["algorithm"].dotted == "1.2.156.10197.1.104.8"
    assert (len(content["encrypted_content"].native), len(envelope["mac"].native)) == (5, 16)


# ── the shares, and a reader without us ───────────────────────────────────────────────────────────────────────────


def test_one_set_of_shares_gives_both_recovery_keys_and_the_second_does_not_tell_the_first() -> None:
    split = shares.split_new_key(needed=2, shares=3)
    found = shares.national(shares.combine(split.shares[1:]))
    assert found.to_public() == split.recipient_sm
    assert found.secret.hex() not in bech32.secret_key_bytes(str(split.identity)).hex()


def test_a_working_key_is_one_file_which_age_reads_and_holds_both_halves(tmp_path: Path, settings) -> None:
    settings.DATA = tmp_path
    made = wrapping.working_key()
    again = wrapping.working_key()
    assert (str(again.age), again.sm) == (str(made.age), made.sm)
    lines = (tmp_path / "keys/working.key").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [str(made.age)]


openssl = pytest.mark.skipif(
    shutil.which("openssl") is None
    or b"SM4-CTR" not in subprocess.run(["openssl", "list", "-cipher-algorithms"], capture_output=True).stdout,
    reason="the standard openssl is not installed, or built without SM4",
)


@openssl
@pytest.mark.debian
@pytest.mark.parametrize("size", [0, 5, 100_000])
def test_openssl_with_the_lines_of_the_readme_opens_what_we_seal(tmp_path: Path, size: int) -> None:
    data = (bytes(range(256)) * 400)[:size]
    (tmp_path / "key.pem").write_text(OTHER.to_pem())
    (tmp_path / "file.p7m").write_bytes(sealing.wrap(data, [KEY.to_public(), OTHER.to_public()]))
    script = f"{readme_lines('sm_open()')}\nsm_open key.pem file.p7m\n"
    assert subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, check=True).stdout == data


@openssl
@pytest.mark.debian
def test_openssl_reads_our_keys_and_we_open_what_it_wraps(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(KEY.to_pem())
    told = subprocess.run(
        ["openssl", "pkey", "-in", "key.pem", "-noout", "-text"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ASN1 OID: SM2" in told.stdout
    numbers = re.sub(r"[^0-9a-f]", "", told.stdout.split("pub:")[1].split("ASN1")[0])
    assert numbers == "04" + KEY.point.hex()
    wrapped = subprocess.run(
        ["openssl", "pkeyutl", "-encrypt", "-inkey", "key.pem"], input=b"0123456789abcdef", cwd=tmp_path, capture_output=True,
        check=True,
    ).stdout  # fmt: skip
    assert KEY.unwrap(wrapped) == b"0123456789abcdef"


def test_a_public_half_that_is_no_point_is_refused() -> None:
    for wrong in ("age1xyz", "sm2:02" + "ff" * 32, "sm2:"):
        with pytest.raises(ValueError, match=r"SM2|curve"):
            sm2_keys.point_of(wrong)
    for number in (0, sm2.N - 1, sm2.N):
        with pytest.raises(ValueError, match="SM2"):
            Sm2Key.of_number(number.to_bytes(32, "big"))
