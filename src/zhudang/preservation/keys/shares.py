"""The recovery key as words on paper, split among custodians: any `needed` of the shares give it back, fewer tell nothing.

The secret that is split is the 32 bytes of the age identity itself, without a passphrase: the words alone, the
standard `shamir recover` and Bech32 give `AGE-SECRET-KEY-1…`. The recovery key of the national suite is made of
the same bytes, HMAC-SM3 over a fixed text, so that one set of shares gives both and neither tells of the other.

Source: SLIP-0039; a share of 32 bytes is 33 words. GB/T 15852.2 (HMAC with SM3).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import pyrage
import shamir_mnemonic
from shamir_mnemonic.share import Share
from shamir_mnemonic.wordlist import WORDLIST

from zhudang.preservation.keys import bech32
from zhudang.preservation.ocfl.sealing import Identity
from zhudang.preservation.ocfl.sm2_keys import Sm2Key
from zhudang.shared.refusals import Reason, Refusal

MOST_SHARES = 16
NATIONAL = b"zhudang recovery key SM2"
"""What HMAC-SM3 is taken over, with the split bytes as its key; the store's README tells it too."""
_SUBSETS_TRIED = 60
_KNOWN = frozenset(WORDLIST)
_NOT_A_WORD = re.compile(r"[^a-z]+")


class SharesRefused(Refusal):
    """The shares typed do not give a key; every reason at once."""


@dataclass(frozen=True)
class SplitKey:
    """A recovery key and its shares, in memory only.

    Args:
        identity: the whole key.
        shares: each 33 words.
        set_id: the number that all shares of this ceremony carry.
    """

    identity: pyrage.x25519.Identity
    shares: tuple[str, ...]
    set_id: int

    @property
    def recipient(self) -> str:
        """The public half, which alone stays in the installation."""
        return str(self.identity.to_public())

    @property
    def recipient_sm(self) -> str:
        """The public half of the national suite."""
        return national(self.identity).to_public()


def why_not_split(*, needed: int, holders: Sequence[str]) -> list[Reason]:
    """Tell everything that keeps a key from being split so.

    One share alone must not be enough, and one share may be lost; each has a holder of its own.
    """
    reasons = []
    if not 2 <= needed < len(holders) <= MOST_SHARES:
        reasons.append(
            Reason("preservation.keys_numbers", {"needed": needed, "shares": len(holders), "most": MOST_SHARES})
        )
    if len({holder.strip() for holder in holders}) < len(holders) or not all(holder.strip() for holder in holders):
        reasons.append(Reason("preservation.keys_holders"))
    return reasons


def national(identity: pyrage.x25519.Identity) -> Sm2Key:
    """Give the recovery key of the national suite that belongs to a recovery key."""
    return Sm2Key.of_number(hmac.digest(bech32.secret_key_bytes(str(identity)), NATIONAL, "sm3"))


def both(identity: pyrage.x25519.Identity) -> list[Identity]:
    """Give the recovery key in both suites."""
    return [identity, national(identity)]


def split_new_key(*, needed: int, shares: int) -> SplitKey:
    """Make a recovery key and split it; subsets of the shares are tried before it is given."""
    identity = pyrage.x25519.Identity.generate()
    secret = bech32.secret_key_bytes(str(identity))
    [words] = shamir_mnemonic.generate_mnemonics(1, [(needed, shares)], secret)
    split = SplitKey(identity, tuple(words), Share.from_mnemonic(words[0]).identifier)
    ends = [split.shares[:needed], split.shares[-needed:]]
    for subset in [*ends, *islice(combinations(split.shares, needed), _SUBSETS_TRIED)]:
        if shamir_mnemonic.combine_mnemonics(subset) != secret:
            raise AssertionError("a subset of the shares does not give the key back")
    return split


def normal(text: str) -> str:
    """Give a share as it was printed, whatever case, numbers or marks stand between its words."""
    return " ".join(_NOT_A_WORD.sub(" ", text.lower()).split())


def combine(texts: Sequence[str]) -> pyrage.x25519.Identity:
    """Give the recovery key from typed shares.

    Raises:
        SharesRefused: with every reason, each naming the share by its place in `texts`.
    """
    shares, reasons = [], []
    for place, text in enumerate(texts, 1):
        found = _read(place, normal(text))
        if isinstance(found, Reason):
            reasons.append(found)
        else:
            shares.append((place, found))
    reasons += _together(shares)
    if reasons:
        raise SharesRefused(*reasons)
    secret = shamir_mnemonic.combine_mnemonics([normal(text) for text in _enough(texts, shares)])
    return pyrage.x25519.Identity.from_str(bech32.secret_key_text(secret))


def _read(place: int, text: str) -> Share | Reason:
    words = text.split()
    if unknown := [str(at) for at, word in enumerate(words, 1) if word not in _KNOWN]:
        return Reason("preservation.share_words", {"share": place, "words": "、".join(unknown)})
    try:
        return Share.from_mnemonic(text)
    except shamir_mnemonic.MnemonicError:
        return Reason("preservation.share_checksum", {"share": place, "count": len(words)})


def _together(shares: Sequence[tuple[int, Share]]) -> list[Reason]:
    if not shares:
        return [Reason("preservation.shares_none")]
    first = shares[0][1]
    reasons = []
    seen: dict[int, int] = {}
    for place, share in shares:
        if share.identifier != first.identifier:
            reasons.append(Reason("preservation.share_of_another_set", {"share": place, "first": shares[0][0]}))
        elif share.index in seen:
            reasons.append(Reason("preservation.share_twice", {"share": place, "first": seen[share.index]}))
        else:
            seen[share.index] = place
    if len(seen) < first.member_threshold:
        reasons.append(Reason("preservation.shares_too_few", {"given": len(seen), "needed": first.member_threshold}))
    return reasons


def _enough(texts: Sequence[str], shares: Sequence[tuple[int, Share]]) -> list[str]:
    return [texts[place - 1] for place, share in shares][: shares[0][1].member_threshold]


def indexes(texts: Sequence[str]) -> list[int]:
    """Tell the numbers (from 1) that shares bear in their set."""
    return sorted(Share.from_mnemonic(normal(text)).index + 1 for text in texts)
