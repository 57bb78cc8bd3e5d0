"""Electronic seals and what they sign: GB/T 38540-2020 and the older GM/T 0031-2014, told apart by structure.

Version numbers are not believed: makers write 1 to 5 for either. The reader goes by the shape of the parts:

    SES_Signature  new  {toSign{version, seal, time, dataHash, property, ext?}, cert, algorithm, signature, stamp?}
                   old  {toSign{version, seal, time, dataHash, property, cert, algorithm}, signature}
    SESeal         new  {info, cert, algorithm, value}
                   old  {info, {cert, algorithm, value}}
    info           {header, id, property{type, name, listType?, list, created, from, to}, picture, ext?}
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from asn1crypto import cms as asn1_cms
from asn1crypto import core, parser, tsp, x509

from zhudang.checks.signing import certificates, cms, sm2
from zhudang.checks.signing.algorithms import digest, digest_name, is_sm2, point_of, verify

CHINA = timezone(timedelta(hours=8))
INTEGER, BITS, OCTETS, OID, UTF8, SEQUENCE, IA5, UTC_TIME, GENERAL_TIME = 2, 3, 4, 6, 12, 16, 22, 23, 24
MOST_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class _Part:
    """One DER element: class, tag, contents, and its bytes as they stand."""

    family: int
    tag: int
    contents: bytes
    whole: bytes

    def parts(self) -> list[_Part]:
        """The elements inside; ValueError when this holds none."""
        found = []
        at = 0
        while at < len(self.contents):
            part = _element(self.contents[at:])
            found.append(part)
            at += len(part.whole)
            if len(found) > MOST_PARTS:
                raise ValueError("too many parts")
        return found

    @property
    def bits(self) -> bytes:
        return self.contents[1:]


@dataclass(frozen=True, slots=True)
class Seal:
    """An electronic seal. `listed`: DER certificates, or digests of them, of those who may use it.

    `intact`: whether the maker's signature over the seal agrees; None where it cannot be decided.
    """

    layout: str
    identifier: str
    name: str
    listed: tuple[bytes, ...]
    start: datetime | None
    end: datetime | None
    maker: x509.Certificate | None
    intact: bool | None
    whole: bytes

    def allows(self, certificate: x509.Certificate) -> bool | None:
        """Whether the certificate may use the seal; None when the seal lists nothing that can be compared."""
        lengths = {len(each) for each in self.listed}
        if not lengths or max(lengths) < 16:
            return None
        der = certificate.dump()
        digests = {hashlib.new(name, der, usedforsecurity=False).digest() for name in ("sm3", "sha256", "sha1", "md5")}
        return any(each == der or each in digests or _same_key(each, certificate) for each in self.listed)

    def valid_at(self, moment: datetime) -> bool | None:
        if self.start is None or self.end is None:
            return None
        return self.start <= moment <= self.end


@dataclass(frozen=True, slots=True)
class Stamp:
    """A timestamp: `intact` when it is about this signature and its maker's value agrees; trust is asked elsewhere."""

    time: datetime
    intact: bool
    certificate: x509.Certificate | None
    others: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class SealSignature:
    """A signature made with a seal. `intact`: the value over what was signed; `stamp`: its timestamp."""

    seal: Seal
    certificate: x509.Certificate | None
    algorithm: str
    time: datetime | None
    data_hash: bytes
    place: str
    intact: bool | None
    stamp: Stamp | None = None


def read_signature(der: bytes) -> SealSignature:
    """Read an SES_Signature of either layout and verify value and seal.

    Raises:
        ValueError: the bytes are none.
    """
    outer = _sequence(der)
    if len(outer) < 2 or outer[0].tag != SEQUENCE:
        raise ValueError("no seal signature")
    signed = outer[0].parts()
    if len(signed) < 5:
        raise ValueError("no seal signature")
    if len(outer) >= 4:
        cert, algorithm, value = outer[1], outer[2], outer[3]
    elif len(signed) >= 7:
        cert, algorithm, value = signed[5], signed[6], outer[1]
    else:
        raise ValueError("no seal signature")
    certificate = certificates.load(_octets(cert))
    oid = _oid(algorithm)
    return SealSignature(
        seal=_seal(signed[1]),
        certificate=certificate,
        algorithm=oid,
        time=_moment(signed[2]),
        data_hash=signed[3].bits if signed[3].tag == BITS else signed[3].contents,
        place=_text(signed[4]),
        intact=_verified(certificate, oid, value.bits, [outer[0].whole]),
        stamp=_stamp(outer[4:] if len(outer) > 4 else [], value.bits),
    )


def read_seal(der: bytes) -> Seal:
    """Read a seal by itself (`Seal.esl`); ValueError when the bytes are none."""
    return _seal(_element(der))


def _same_key(der: bytes, certificate: x509.Certificate) -> bool:
    """The listed certificate in another encoding: makers rewrite it, its key and number stay."""
    listed = certificates.load(der)
    return (
        listed is not None
        and listed.serial_number == certificate.serial_number
        and listed.public_key.dump() == certificate.public_key.dump()
    )


def _seal(part: _Part) -> Seal:
    outer = part.parts()
    if len(outer) == 2:
        layout, (cert, algorithm, value) = "GM/T 0031-2014", outer[1].parts()[:3]
    elif len(outer) >= 4:
        layout, (cert, algorithm, value) = "GB/T 38540-2020", outer[1:4]
    else:
        raise ValueError("no seal")
    info = outer[0].parts()
    if len(info) < 4:
        raise ValueError("no seal")
    maker = certificates.load(_octets(cert))
    oid = _oid(algorithm)
    # The older text signs information, certificate and algorithm together; the newer the information alone.
    messages = [outer[0].whole, _wrapped(outer[0].whole + cert.whole + algorithm.whole)]
    name, listed, start, end = _property(info[2])
    return Seal(
        layout=layout,
        identifier=_text(info[1]),
        name=name,
        listed=listed,
        start=start,
        end=end,
        maker=maker,
        intact=_verified(maker, oid, value.bits, messages),
        whole=part.whole,
    )


def _property(part: _Part) -> tuple[str, tuple[bytes, ...], datetime | None, datetime | None]:
    """(name, listed certificates or digests, start, end)."""
    fields = part.parts()
    if len(fields) < 6:
        raise ValueError("no seal property")
    times = [each for each in fields[2:] if each.tag in (UTC_TIME, GENERAL_TIME)][-2:]
    lists = [each for each in fields[2:] if each.tag == SEQUENCE or each.family]
    start, end = (_moment(times[0]), _moment(times[1])) if len(times) == 2 else (None, None)
    return _text(fields[1]), tuple(_listed(lists)), start, end


def _listed(parts: list[_Part], depth: int = 0) -> Iterator[bytes]:
    """Certificates or digests, however deep makers wrap them."""
    for part in parts:
        if part.tag == SEQUENCE and not part.family and certificates.load(part.whole) is not None:
            yield part.whole
        elif (part.tag in (SEQUENCE, 17) or part.family) and depth < 4:
            try:
                yield from _listed(part.parts(), depth + 1)
            except ValueError:
                continue
        elif part.tag == OCTETS:
            yield part.contents


def _verified(certificate: x509.Certificate | None, algorithm: str, value: bytes, messages: list[bytes]) -> bool | None:
    """Whether the value is the certificate's over one of the messages; None without a certificate or method."""
    if certificate is None:
        return None
    key = certificate.public_key
    answers = [verify(key, algorithm, value, message) for message in messages]
    if True in answers:
        return True
    if is_sm2(key) and None not in answers:
        # Early makers left out Z, or signed the digest as if it were the message: still this key, still these bytes.
        point = point_of(key)
        for hashed in (digest("sm3", message) for message in messages):
            if sm2.verify_digest(point, value, hashed) or sm2.verify(point, value, hashed):
                return True
    return None if None in answers else False


def _stamp(parts: list[_Part], signature: bytes) -> Stamp | None:
    """The timestamp beside a signature; None where there is none that can be read."""
    for part in parts:
        try:
            inner = part.parts()[0] if part.family and part.contents[:1] == b"\x03" else part
            return read_stamp(inner.bits, signature)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            continue
    return None


def read_stamp(token: bytes, stamped: bytes) -> Stamp:
    """Verify an RFC 3161 token (or the response that carries it) over the bytes `stamped`.

    Raises:
        ValueError: the bytes are no token.
    """
    first = core.load(token)
    if isinstance(first[0], core.Sequence):
        token = bytes(first[1].dump())
    outer = asn1_cms.ContentInfo.load(token)["content"]
    held = bytes(outer["encap_content_info"]["content"])
    info = tsp.TSTInfo.load(held)
    imprint = info["message_imprint"]
    name = digest_name(imprint["hash_algorithm"]["algorithm"].dotted) or ""
    same = bool(name) and digest(name, stamped) == imprint["hashed_message"].native
    signed = cms.read(token, held)
    return Stamp(info["gen_time"].native, same and signed.intact is True, signed.certificate, signed.others)


def _moment(part: _Part) -> datetime | None:
    """A time however it is wrapped: GeneralizedTime, UTCTime, text in a bit string, or a timestamp token."""
    if part.tag in (UTC_TIME, GENERAL_TIME):
        return parse_time(part.contents.decode("latin-1"), short_year=part.tag == UTC_TIME)
    held = part.bits if part.tag == BITS else part.contents
    try:
        return _moment(_element(held)) if held[:1] in (b"\x17", b"\x18") else parse_time(held.decode("ascii"))
    except ValueError:
        return None


TIME = re.compile(r"(\d{4})\D?(\d\d)\D?(\d\d)\D*(\d\d)\D?(\d\d)(?:\D?(\d\d))?(?:[.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?")


def parse_time(text: str, *, short_year: bool = False) -> datetime | None:
    """A time as makers write it (`20200723130907.763Z`, `2020-06-20 17:18:49`); without a zone it is China's."""
    if short_year:
        text = ("19" if text[:2] > "49" else "20") + text
    found = TIME.search(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute = (int(part) for part in found.groups()[:5])
    try:
        moment = datetime(year, month, day, hour, minute, int(found[6] or 0), tzinfo=_zone(found[7]))
    except ValueError:
        return None
    return moment.astimezone(UTC)


def _zone(text: str | None) -> timezone:
    if text is None:
        return CHINA
    if text == "Z":
        return UTC
    away = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(away if text[0] == "+" else -away)


def _sequence(der: bytes) -> list[_Part]:
    part = _element(der)
    if der[:1] != b"\x30":
        raise ValueError("no sequence")
    return part.parts()


def _element(der: bytes) -> _Part:
    family, _, tag, header, contents, trailer = parser.parse(der)
    return _Part(family, tag, contents, header + contents + trailer)


def _octets(part: _Part) -> bytes:
    """A certificate stands in an octet string, or bare."""
    return part.contents if part.tag == OCTETS else part.whole


def _oid(part: _Part) -> str:
    inner = part.parts()[0] if part.tag == SEQUENCE else part
    if inner.tag != OID:
        return ""
    return str(core.ObjectIdentifier.load(inner.whole).dotted)


def _text(part: _Part) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return part.contents.decode(encoding).strip("\0 ")[:500]
        except UnicodeDecodeError:
            continue
    return ""


def _wrapped(body: bytes) -> bytes:
    """A DER sequence around what is DER already."""
    return bytes(parser.emit(0, 1, SEQUENCE, body))
