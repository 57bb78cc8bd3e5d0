"""Signatures and seals of an OFD: lists, digests of every reference, values, trust, and what nobody signed.

Order of GB/T 38540: value, seal, list of certificates, validity, chain, digest of Signature.xml, digests of the
references. Each step is told by itself under `steps`; a missing trust anchor never makes a signature invalid.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from zhudang.checks.examine import Case
from zhudang.checks.ofdfile import OfdError, OfdFile, child, children, descendants, text_of
from zhudang.checks.openers import ofd_values
from zhudang.checks.openers.ofd_values import Standings, Value
from zhudang.checks.signing.algorithms import digest_name
from zhudang.checks.signing.certificates import name_of
from zhudang.checks.signing.eseal import parse_time

MOST_SIGNATURES = 500
VALUE_BYTES = 32 * 1024 * 1024


@dataclass(slots=True)
class Stamp:
    """Where a signature shows its picture: id of the page, box and clip in mm."""

    page: str
    box: list[float]
    clip: list[float]


@dataclass(slots=True)
class Listed:
    """One signature as its Signature.xml tells it, and what the comparison of digests gave."""

    place: str
    kind: str
    written: bytes
    root: Any
    references: dict[str, str]
    method: str
    time: str | None
    value_place: str | None
    seal_place: str | None
    stamps: list[Stamp]
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)

    @property
    def own_parts(self) -> set[str]:
        return {part for part in (self.place, self.value_place, self.seal_place) if part}


def examine(case: Case, ofd: OfdFile, page_ids: list[str], now: datetime | None = None) -> None:
    """Judge every signature; facts go to `case.facts["signatures"]`.

    Args:
        page_ids: ID of every page in reading order, to name the pages a seal stands on.
        now: moment of the check; the clock's when not given.
    """
    now = now or datetime.now(UTC)
    told: list[dict[str, Any]] = []
    case.facts["signatures"] = told
    signatures, lists = _collect(case, ofd)
    for place, signature in enumerate(signatures):
        later = signatures[place + 1 :]
        _compare(ofd, signature, lists if later else set())
        told.append(_judged(case, ofd, signature, now))
        _stamps(case, signature, page_ids)
    if signatures:
        _unsigned(case, ofd, signatures, lists, told)
    _unlisted(case, ofd, signatures)


def _collect(case: Case, ofd: OfdFile) -> tuple[list[Listed], set[str]]:
    """Every listed signature in order, and the parts a later signature may rewrite."""
    found: list[Listed] = []
    lists = {ofd.stored("OFD.xml") or "OFD.xml"}
    for body in children(ofd.root, "DocBody"):
        location = text_of(body, "Signatures")
        if not location:
            continue
        place = ofd.locate(location, "")
        if place is None:
            case.find("OFD-029", place=location)
            continue
        lists.add(place)
        try:
            entries = descendants(ofd.xml(place), "Signature")[:MOST_SIGNATURES]
        except OfdError as trouble:
            case.find("OFD-029", place=f"{place}: {trouble.reason}")
            continue
        folder = place.rpartition("/")[0]
        for entry in entries:
            if signature := _listed(case, ofd, entry, folder):
                found.append(signature)
    return found, lists


def _listed(case: Case, ofd: OfdFile, entry: Any, folder: str) -> Listed | None:
    location = entry.get("BaseLoc", "")
    place = ofd.locate(location, folder)
    if place is None:
        case.find("OFD-030", place=location or "-")
        return None
    try:
        root, written = ofd.xml(place), ofd.read(place)
    except OfdError as trouble:
        case.find("OFD-030", place=f"{place}: {trouble.reason}")
        return None
    inside = place.rpartition("/")[0]
    info = child(root, "SignedInfo")
    info = root if info is None else info
    references = child(info, "References")
    value = text_of(root, "SignedValue")
    seal = child(info, "Seal")
    seal_location = text_of(seal, "BaseLoc") if seal is not None else None
    return Listed(
        place=place,
        kind=(entry.get("Type") or "").lower(),
        written=written,
        root=root,
        references=_references(ofd, references, inside),
        method=(references.get("CheckMethod") or "") if references is not None else "",
        time=text_of(info, "SignatureDateTime"),
        value_place=(ofd.locate(value, inside) or value) if value else None,
        seal_place=ofd.locate(seal_location, inside) if seal_location else None,
        stamps=[_stamp(each) for each in children(info, "StampAnnot")],
    )


def _references(ofd: OfdFile, references: Any, folder: str) -> dict[str, str]:
    """Place in the container → digest in Base64, as written."""
    if references is None:
        return {}
    found = {}
    for reference in children(references, "Reference"):
        location = reference.get("FileRef", "")
        place = ofd.locate(location, "") or ofd.locate(location, folder)
        found[place or location.lstrip("/")] = text_of(reference, "CheckValue") or ""
    return found


def _stamp(element: Any) -> Stamp:
    return Stamp(element.get("PageRef", ""), _box(element.get("Boundary")), _box(element.get("Clip")))


def _box(text: str | None) -> list[float]:
    try:
        numbers = [float(part) for part in (text or "").split()]
    except ValueError:
        return []
    return numbers if len(numbers) == 4 else []


def _compare(ofd: OfdFile, signature: Listed, rewritable: set[str]) -> None:
    """Digest every reference; what a later signature legitimately rewrites is set apart."""
    name = digest_name(signature.method)
    for place, expected in signature.references.items():
        if not ofd.has(place):
            signature.gone.append(place)
        elif name is not None and not _agrees(ofd, place, name, expected):
            allowed = place in rewritable and (place != ofd.stored("OFD.xml") or _same_documents(ofd, signature))
            (signature.rewritten if allowed else signature.changed).append(place)


def _same_documents(ofd: OfdFile, signature: Listed) -> bool:
    """Whether a rewritten OFD.xml still opens the documents this signature covers, and no other."""
    roots = {ofd.locate(text_of(body, "DocRoot") or "", "") for body in children(ofd.root, "DocBody")}
    return roots <= set(signature.references)


def _agrees(ofd: OfdFile, place: str, name: str, expected: str) -> bool:
    """Base64 is usual; some write the digest in hexadecimal. A part stored twice must agree both times: readers take
    one or the other."""
    try:
        return all(
            expected.strip().lower() == found.hex() or base64.b64decode(expected) == found
            for found in ofd.digests(place, name)
        )
    except (OfdError, binascii.Error, ValueError):
        return False


def _judged(case: Case, ofd: OfdFile, signature: Listed, now: datetime) -> dict[str, Any]:
    """`_judge`, where a damaged certificate may surprise its parser late."""
    try:
        return _judge(case, ofd, signature, now)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as trouble:
        why = f"{type(trouble).__name__}: {trouble}"[:160]
        case.find("SIG-004", field=signature.place, signer="?", why=why)
        unknown = ("signer", "time", "covers_whole", "intact", "modified_after", "trust", "revocation")
        named = {"kind": "ofd-signature", "status": "indeterminate", "why": why, "place": signature.place}
        return {**dict.fromkeys(unknown), **named}


def _judge(case: Case, ofd: OfdFile, signature: Listed, now: datetime) -> dict[str, Any]:
    value = _value(case, ofd, signature)
    method_known = digest_name(signature.method) is not None
    if not method_known and signature.references:
        value = ofd_values.undecided(value, f"digest method {signature.method or '-'} is not known")
    stamp, stamp_time = ofd_values.stamped(value, case.trust)
    moment = stamp_time or value.time or parse_time(signature.time or "")
    standings = ofd_values.standings(value, case.trust, moment or now, now)
    altered = bool(signature.changed or signature.gone)
    intact = False if altered or value.broken or value.seal is False else None
    if intact is None and value.intact and method_known and signature.references:
        intact = True
    fact: dict[str, Any] = {
        "kind": value.kind if value.seal_bytes or signature.kind != "seal" else "ofd-seal",
        "signer": value.name or name_of(value.certificate),
        "time": moment.isoformat() if moment else signature.time,
        "covers_whole": None,
        "intact": intact,
        "modified_after": "changed" if altered else "signatures" if signature.rewritten else "none" if intact else None,
        "trust": standings.signer.trust if standings else None,
        "revocation": standings.signer.revocation if standings else None,
        "status": "indeterminate",
        "why": None,
        "place": signature.place,
        "certificate": name_of(value.certificate),
        "layout": value.layout or None,
        "steps": {**_steps(signature, value, standings, method_known), "timestamp": stamp},
    }
    fact["status"], fact["why"] = _decide(case, signature, value, standings, fact, moment)
    return fact


def _value(case: Case, ofd: OfdFile, signature: Listed) -> Value:
    place = signature.value_place
    if place is None or not ofd.has(place):
        case.find("OFD-030", place=place or f"{signature.place}: SignedValue")
        return Value("ofd-signature", value=False, why="the signature value is missing")
    try:
        held = ofd.read(place, VALUE_BYTES)
    except OfdError as trouble:
        return Value("ofd-signature", value=False, why=f"the signature value cannot be read: {trouble.reason}")
    value = ofd_values.read_value(held, signature.written)
    if signature.seal_place and value.seal_bytes:
        try:
            if ofd.read(signature.seal_place, VALUE_BYTES) != value.seal_bytes:
                case.find("OFD-028", field=signature.place, signer=value.name)
        except OfdError:
            case.find("OFD-028", field=signature.place, signer=value.name)
    return value


def _steps(signature: Listed, value: Value, standings: Standings | None, known: bool) -> dict[str, Any]:
    """Every step of the verification by itself: true, false, or null where it could not be decided."""
    references = not (signature.changed or signature.gone) if known and signature.references else None
    steps: dict[str, Any] = {
        "references": False if signature.gone else references,
        "value": value.value,
        "bound": value.bound,
        "seal": value.seal,
        "seal_list": value.allowed,
        "seal_period": value.seal_valid,
    }
    if standings:
        steps["certificate_then"] = standings.signer.validity
        steps["certificate_now"] = standings.now.validity
        steps["maker_trust"] = standings.maker.trust if standings.maker else None
    return steps


def _decide(
    case: Case,
    signature: Listed,
    value: Value,
    standings: Standings | None,
    fact: dict[str, Any],
    moment: datetime | None,
) -> tuple[str, str | None]:
    """(status, why), with the findings that go with them; the gravest names the status."""
    find = partial(case.find, field=signature.place, signer=fact["signer"] or "?")
    named: list[tuple[str, str | None]] = []
    if value.broken:
        find("SIG-001")
        named.append(("broken", value.why or "the signature value does not agree"))
    if value.seal is False:
        find("OFD-024")
        named.append(("broken", "the seal's own signature does not agree"))
    if signature.changed or signature.gone:
        find("SIG-002", files=[*signature.changed, *signature.gone][:20])
        named.append(("modified", f"digest differs: {', '.join([*signature.changed, *signature.gone][:5])}"))
    if standings:
        named += _standing_troubles(find, standings, moment)
    if value.seal_valid is False:
        find("OFD-022", time=fact["time"])
        named.append(("expired", "the seal was used outside its validity"))
    if value.allowed is False:
        find("OFD-023", certificate=fact["certificate"])
        named.append(("untrusted", "the certificate is not in the seal's list"))
    if fact["steps"]["timestamp"] is False:
        why = "the timestamp does not agree with the signature"
        find("SIG-004", why=why)
        named.append(("indeterminate", why))
    if not named and not fact["intact"]:
        why = value.why or ("no references" if not signature.references else "the signature value cannot be verified")
        find("SIG-004", why=why)
        return "indeterminate", why
    if fact["intact"] and standings and not standings.trusted:
        find("SIG-003")
        named.append(("untrusted", _untrusted(standings)))
    return named[0] if named else ("valid", None)


def _standing_troubles(
    find: Callable[..., None], standings: Standings, moment: datetime | None
) -> list[tuple[str, str | None]]:
    named: list[tuple[str, str | None]] = []
    for each in filter(None, (standings.signer, standings.maker)):
        if each.revocation == "revoked" and not any(status == "revoked" for status, _ in named):
            when = each.revoked_at.isoformat() if each.revoked_at else None
            find("OFD-025", time=when)
            named.append(("revoked", f"revoked {when}, before signing"))
    if moment is not None and standings.signer.validity in {"expired", "not_yet"}:
        find("OFD-026", time=moment.isoformat())
        named.append(("expired", "the certificate was not valid at the time of signing"))
    return named


def _untrusted(standings: Standings) -> str:
    if standings.signer.trust == "none":
        return "no trust anchor configured"
    if standings.signer.trust == "unknown":
        return "no chain to a trust anchor"
    return "no chain from the seal's maker to a trust anchor"


def _stamps(case: Case, signature: Listed, page_ids: list[str]) -> None:
    """Where the seal stands: a page that is not there is told, and so is a seal across several pages."""
    pages = [page_ids.index(stamp.page) + 1 for stamp in signature.stamps if stamp.page in page_ids]
    lost = sorted({stamp.page or "-" for stamp in signature.stamps if stamp.page not in page_ids})
    if lost:
        case.find("OFD-027", field=signature.place, pages=lost[:20])
    if len(set(pages)) > 1 and _rides(signature.stamps):
        case.facts["riding_seals"] = (case.facts.get("riding_seals") or 0) + 1
        case.find("OFD-031", field=signature.place, pages=sorted(set(pages))[:200])


def _rides(stamps: list[Stamp]) -> bool:
    """A riding seal: one picture cut over several pages, by clips or by boxes that leave the page."""
    clipped = [stamp for stamp in stamps if stamp.clip and stamp.box and stamp.clip[2:] != stamp.box[2:]]
    outside = [stamp for stamp in stamps if stamp.box and min(stamp.box[:2]) < 0]
    return len(clipped) > 1 or len(outside) > 1


def _unsigned(case: Case, ofd: OfdFile, signatures: list[Listed], lists: set[str], told: list[dict[str, Any]]) -> None:
    """What stands in the container and which no signature refers to: added afterwards, or never signed."""
    own = set().union(*(signature.own_parts for signature in signatures)) | (lists - {ofd.stored("OFD.xml")})
    content = {name for name in ofd.files() if name not in own}
    signed: set[str] = set()
    for signature, fact in zip(signatures, told, strict=True):
        covered = {ofd.stored(place) or place for place in signature.references}
        signed |= covered
        fact["covers_whole"] = content <= covered
        if fact["modified_after"] in {"none", "signatures"} and not fact["covers_whole"]:
            fact["modified_after"] = "unsigned_content"
    if loose := sorted(content - signed):
        case.find("OFD-021", files=loose[:50], count=len(loose))


def _unlisted(case: Case, ofd: OfdFile, signatures: list[Listed]) -> None:
    """Signatures that lie in the container and stand in no list: taken out of it, or left over."""
    listed = {signature.place for signature in signatures}
    found = [name for name in ofd.files() if name.rpartition("/")[2].lower() == "signature.xml" and name not in listed]
    if found:
        case.find("OFD-032", places=sorted(found)[:20])
