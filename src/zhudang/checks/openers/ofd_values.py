"""The signature value of one OFD signature: electronic seal, signed data, or a bare number; each step by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from asn1crypto import x509

from zhudang.checks.signing import cms, eseal
from zhudang.checks.signing.algorithms import digest
from zhudang.checks.signing.certificates import Standing, standing
from zhudang.checks.trust import Trust

DIGESTS = ("sm3", "sha256", "sha1", "sha384", "sha512", "md5")
BARE_LENGTHS = range(64, 73)


@dataclass(frozen=True, slots=True)
class Value:
    """What the value of a signature says. Every step is True, False, or None where it cannot be decided.

    `value`: made by the certificate's key; `bound`: about this Signature.xml; `seal`: the seal itself is whole;
    `allowed`: the certificate is one the seal lists; `seal_valid`: the seal was valid when used.
    `time` is what the signer claims, timezone-aware; `stamp` a timestamp beside it.
    """

    kind: str
    value: bool | None = None
    bound: bool | None = None
    seal: bool | None = None
    allowed: bool | None = None
    seal_valid: bool | None = None
    certificate: x509.Certificate | None = None
    maker: x509.Certificate | None = None
    others: tuple[x509.Certificate, ...] = ()
    time: datetime | None = None
    stamp: eseal.Stamp | None = None
    name: str | None = None
    seal_bytes: bytes = b""
    layout: str = ""
    why: str = ""

    @property
    def broken(self) -> bool:
        return self.value is False or self.bound is False

    @property
    def intact(self) -> bool:
        return bool(self.value) and self.bound is not False


def read_value(held: bytes, signed: bytes) -> Value:
    """Verify a SignedValue against the bytes of its Signature.xml; never raises on strange bytes."""
    if not held.strip(b"\0"):
        return Value("ofd-signature", value=False, why="the signature value is empty")
    try:
        if cms.is_signed_data(held):
            return _signed_data(held, signed)
        return _sealed(held, signed)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError) as trouble:
        if len(held) in BARE_LENGTHS:
            return Value("ofd-signature", why="a bare signature value without a certificate")
        if _cut_short(held):
            return Value("ofd-signature", value=False, why="the signature value is cut short")
        return Value("ofd-signature", why=f"structure not known: {trouble}"[:120])


def _cut_short(held: bytes) -> bool:
    """A DER sequence that says it is longer than what is there."""
    if held[:1] != b"\x30" or len(held) < 2:
        return False
    if held[1] < 0x80:
        return held[1] + 2 > len(held)
    count = held[1] & 0x7F
    return 0 < count < 5 and int.from_bytes(held[2 : 2 + count], "big") + 2 + count > len(held)


def _signed_data(held: bytes, signed: bytes) -> Value:
    read = cms.read(held, signed)
    return Value(
        "ofd-signature",
        value=read.intact,
        bound=read.intact,
        certificate=read.certificate,
        others=read.others,
        time=_aware(read.time),
        layout="CMS",
        why=read.why,
    )


def _sealed(held: bytes, signed: bytes) -> Value:
    read = eseal.read_signature(held)
    seal, certificate = read.seal, read.certificate
    moment = _aware(read.time)
    same = any(read.data_hash == digest(name, signed) for name in DIGESTS)
    return Value(
        "ofd-seal",
        value=read.intact,
        bound=same,
        seal=seal.intact,
        allowed=seal.allows(certificate) if certificate else None,
        seal_valid=seal.valid_at(moment) if moment else None,
        certificate=certificate,
        maker=seal.maker,
        time=moment,
        stamp=read.stamp,
        name=seal.name or None,
        seal_bytes=seal.whole,
        layout=seal.layout,
        why="" if certificate else "the signer's certificate cannot be read",
    )


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def undecided(value: Value, why: str) -> Value:
    """The same value where the digest itself is not known: nothing can be said against it."""
    return replace(value, value=None, bound=None, why=why)


@dataclass(frozen=True, slots=True)
class Standings:
    """Signer and maker of the seal at the time of signing, and the signer now."""

    signer: Standing
    maker: Standing | None
    now: Standing

    @property
    def trusted(self) -> bool:
        return self.signer.trust == "trusted" and (self.maker is None or self.maker.trust == "trusted")


def standings(value: Value, trust: Trust, moment: datetime, now: datetime) -> Standings | None:
    """None without a certificate."""
    if value.certificate is None:
        return None
    others = [*value.others, *([value.maker] if value.maker else [])]
    maker = standing(value.maker, others, trust, moment) if value.maker else None
    return Standings(
        signer=standing(value.certificate, others, trust, moment),
        maker=maker,
        now=standing(value.certificate, others, trust, now),
    )


def stamped(value: Value, trust: Trust) -> tuple[bool | None, datetime | None]:
    """(timestamp holds, its time): True only under a trusted anchor, False when it is about something else."""
    stamp = value.stamp
    if stamp is None or stamp.certificate is None:
        return None, None
    if not stamp.intact:
        return False, None
    known = standing(stamp.certificate, stamp.others, trust, stamp.time)
    return (True, stamp.time) if known.trust == "trusted" and known.revocation != "revoked" else (None, None)
