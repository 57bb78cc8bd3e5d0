"""The recovery key as words on paper, and the key classes as data."""

import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhudang.preservation.keys import bech32, classes, shares
from zhudang.preservation.keys.shares import SharesRefused
from zhudang.preservation.ocfl.root import readme


def codes(refused: pytest.ExceptionInfo[SharesRefused]) -> list[str]:
    return [reason.code.removeprefix("preservation.") for reason in refused.value.reasons]


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_a_key_written_as_age_does_is_read_back_and_age_accepts_it(secret: bytes) -> None:
    text = bech32.secret_key_text(secret)
    assert bech32.secret_key_bytes(text) == secret
    assert str(pyrage.x25519.Identity.from_str(text)) == text


def test_bech32_agrees_with_the_vectors_of_its_specification() -> None:
    # BIP-173, test vectors: valid ones, and ones whose checksum or letters are wrong.
    assert bech32.decode("A12UEL5L") == ("a", b"")
    checksum_only = "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs"
    assert bech32.decode(checksum_only)[1] == b""
    assert bech32.encode("a", b"") == "a12uel5l"
    for wrong in ("pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8", "A12uEL5L"):
        with pytest.raises(bech32.NotBech32):
            bech32.decode(wrong)


@pytest.mark.parametrize(("needed", "number"), [(2, 3), (3, 5), (4, 7)])
def test_any_enough_shares_give_the_key_and_fewer_do_not(needed: int, number: int) -> None:
    split = shares.split_new_key(needed=needed, shares=number)
    assert len({share.split()[0] for share in split.shares}) == 1
    for chosen in list(combinations(split.shares, needed))[:8]:
        assert str(shares.combine(list(reversed(chosen)))) == str(split.identity)
    assert str(shares.combine(split.shares)) == str(split.identity)
    with pytest.raises(SharesRefused) as refused:
        shares.combine(split.shares[: needed - 1])
    assert codes(refused) == ["shares_too_few"]


def test_a_share_may_be_typed_with_its_numbers_in_any_case() -> None:
    split = shares.split_new_key(needed=2, shares=3)
    typed = ["  ".join(f"{at}. {word.upper()}" for at, word in enumerate(s.split(), 1)) for s in split.shares[:2]]
    assert str(shares.combine(typed)) == str(split.identity)
    assert shares.indexes(typed) == [1, 2]


def test_everything_wrong_with_typed_shares_is_told_at_once_by_its_place() -> None:
    split, other = shares.split_new_key(needed=3, shares=5), shares.split_new_key(needed=3, shares=5)
    words = split.shares[0].split()
    misspelt = " ".join([*words[:4], "zzzz", *words[5:]])
    swapped = " ".join([*words[:7], words[8], words[7], *words[9:]])
    with pytest.raises(SharesRefused) as refused:
        shares.combine([misspelt, swapped, split.shares[1], split.shares[1], other.shares[0]])
    assert codes(refused) == ["share_words", "share_checksum", "share_twice", "share_of_another_set", "shares_too_few"]
    assert refused.value.reasons[0].data == {"share": 1, "words": "5"}
    with pytest.raises(SharesRefused) as refused:
        shares.combine([])
    assert codes(refused) == ["shares_none"]


@pytest.mark.parametrize(("needed", "holders"), [(1, "甲乙丙"), (3, "甲乙丙"), (4, "甲乙丙"), (3, "甲" * 17)])
def test_one_share_alone_never_recovers_and_one_may_always_be_lost(needed: int, holders: str) -> None:
    named = [f"{name}{at}" for at, name in enumerate(holders)]
    assert [reason.code for reason in shares.why_not_split(needed=needed, holders=named)] == [
        "preservation.keys_numbers"
    ]
    assert shares.why_not_split(needed=2, holders=["馆长", "馆长", ""])[0].code == "preservation.keys_holders"
    assert shares.why_not_split(needed=2, holders=["馆长", "局长", "档案局"]) == []


def test_the_standard_shamir_command_and_the_lines_in_the_readme_give_the_same_key(tmp_path: Path) -> None:
    split = shares.split_new_key(needed=3, shares=5)
    shamir = Path(sys.executable).with_name("shamir")
    typed = "\n".join([split.shares[4], split.shares[0], split.shares[2], ""])
    told = subprocess.run(
        [sys.executable, str(shamir), "recover"], input=typed, capture_output=True, text=True, check=True
    )
    [number] = re.findall(r"\b[0-9a-f]{64}\b", told.stdout)
    script = tmp_path / "recovery.py"
    script.write_text(readme_script())
    said = subprocess.run([sys.executable, str(script), number], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(split.identity)


def readme_script() -> str:
    """The lines of Python printed at the top of every store, as a person would copy them."""
    return readme_lines("import sys")


def readme_lines(beginning: str) -> str:
    """The lines of the store's README from the one that begins so to the next empty one."""
    text = readme().decode()
    begin = text.index(f"       {beginning}")
    lines = text[begin : text.index("\n\n", begin)].splitlines()
    return "\n".join(line[7:] for line in lines) + "\n"


def test_the_readme_explains_encryption_in_both_languages() -> None:
    text = readme().decode()
    assert text.count("age -d -i recovery.txt") == 2
    assert text.count("shamir recover") == 4
    assert text.count("sm_open recovery.pem key-secret.p7m") == 2
    assert "未加密" not in text


def test_the_classes_take_in_every_level_once_and_open_holdings_stay_readable() -> None:
    found = classes.current()
    assert [found.of_level(level).code for level in classes.LEVELS] == [
        "open", "internal", "secret", "confidential", "top-secret",
    ]  # fmt: skip
    assert [row.encrypted for row in found.rows] == [False, True, True, True, True]
    assert [row.without_keys for row in found.rows] == ["plain", "plain", "wait", "wait", "wait"]
    assert all(row.source for row in found.rows)
    assert {row.suite for row in found.rows} == {found.backup_suite} == {"age"}


def test_a_file_of_classes_that_makes_no_sense_is_refused_with_everything_wrong() -> None:
    ours = (Path(classes.__file__).parents[1] / "data" / "key_classes.toml").read_text(encoding="utf-8")
    wrong = ours.replace("levels = [1]", "levels = [2]").replace("trial_after_days = 365", "")
    with pytest.raises(classes.BadClasses) as refused:
        classes.read_classes(wrong)
    for told in ("level 1 stands in 0 classes", "level 2 stands in 2 classes", "trial_after_days"):
        assert told in str(refused.value)
    with pytest.raises(classes.BadClasses, match="class secret: suite is one of age, sm"):
        classes.read_classes(ours.replace('code = "secret"', 'code = "secret"\nsuite = "rot13"'))
    with pytest.raises(classes.BadClasses, match="backup: suite is one of age, sm"):
        classes.read_classes(ours.replace('suite = "age"\n', 'suite = ""\n'))
    with pytest.raises(classes.BadClasses, match="encrypted is true or false"):
        classes.read_classes(ours.replace("encrypted = false", 'encrypted = "no"'))
