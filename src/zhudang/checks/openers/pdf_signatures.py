"""Signatures in a PDF: is what was signed still what was signed, who signed, and does anyone vouch for it?

`examine` fills `facts.signatures`; the reading is done in `checks.signing`. Nothing is fetched from anywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pikepdf

from zhudang.checks.examine import Case
from zhudang.checks.model import NEVER_SIGNED
from zhudang.checks.signing import certificates, pdf_fields, pdf_standing, pdf_values
from zhudang.checks.signing.certificates import Standing
from zhudang.checks.signing.pdf_changes import History, Later
from zhudang.checks.signing.pdf_fields import Covered, Signed
from zhudang.checks.signing.pdf_standing import Material
from zhudang.checks.signing.pdf_values import Stamp, Value

TROUBLES = (pikepdf.PdfError, RuntimeError, *pdf_values.TROUBLES)
PDF_DATE = re.compile(r"(\d{14})(?:Z|([+-]\d\d)'?(\d\d)?'?)?")


@dataclass
class Judged:
    """One signer of one signature field, with all that was found out."""

    signed: Signed
    value: Value
    later: Later
    moment: datetime | None = None
    basis: str = "none"
    proven: bool = False
    long_term: bool = False
    stamps: list[dict[str, Any]] = field(default_factory=list)
    then: Standing | None = None
    today: Standing | None = None
    status: str = "indeterminate"
    why: str = ""


def examine(case: Case) -> None:
    if case.size > pdf_fields.LARGEST_BYTES:
        case.not_checked["SIG-001"] = "too_large"
        return
    told: list[dict[str, Any]] = []
    case.facts["signatures"] = told
    try:
        with pikepdf.open(case.path, suppress_warnings=True) as pdf, case.path.open("rb") as stream:
            judged = _judge(case, pdf, stream)
    except TROUBLES as trouble:
        case.find("SIG-004", field="", signer="?", why=_why(trouble))
        return
    for one in judged:
        _conclude(one)
        _find(case, one)
        told.append(_fact(one))


def _judge(case: Case, pdf: pikepdf.Pdf, stream: BinaryIO) -> list[Judged]:
    fields = pdf_fields.read(pdf, stream, case.size)
    if gone := pdf_fields.left_behind(case.path, pdf, fields):
        case.find("SIG-011", count=gone)
    history = History(case.path, pdf, stream, case.size)
    material = pdf_standing.stored(pdf)
    judged: list[Judged] = []
    for signed in fields:
        covered = Covered(stream, signed.numbers)
        later = Later(None, covers_whole=False)
        values = [Value(why="no signature value")]
        if not history.left_s:
            values = [Value(why="too many signatures for the time")]
        elif not signed.fault and not signed.empty:
            values, later = pdf_values.read(signed, covered), history.after(signed)
        judged.extend(Judged(signed, value, later) for value in values)
    for one in sorted(judged, key=lambda each: not each.signed.is_stamp):
        _standings(case, one, judged, material)
    return judged


def _standings(case: Case, one: Judged, everyone: list[Judged], stored: Material) -> None:
    """Fix the moment of signing by what proves it best, and ask how the certificate stood then and stands now."""
    value = one.value
    material = Material(
        [*value.others, *stored.certificates, *(each for stamp in value.stamps for each in stamp.others)],
        [*value.crls, *stored.crls],
        [*value.ocsps, *stored.ocsps],
    )
    one.long_term = bool(material.crls or material.ocsps)
    claimed = value.time or _pdf_time(one.signed.time)
    one.moment, one.basis = claimed, "claimed" if claimed else "none"
    if one.signed.is_stamp:
        one.basis, one.proven = "timestamp", True
    elif proofs := [*_stamped(one, material, case), *_document_stamps(one, everyone)]:
        # One by an authority the archive trusts counts; the others tell at least as much as the signer does.
        trusted = [each for each in proofs if each[2]]
        one.moment, one.basis, one.proven = min(trusted or proofs)
    if value.certificate is None:
        return
    today = pdf_standing.now()
    try:
        one.then = pdf_standing.standing(value.certificate, material, case.trust, one.moment or today)
        one.today = pdf_standing.standing(value.certificate, material, case.trust, today)
    except TROUBLES as trouble:
        one.why = f"certificate: {_why(trouble)}"


def _stamped(one: Judged, material: Material, case: Case) -> list[tuple[datetime, str, bool]]:
    """(moment, basis, by a trusted authority) of timestamps over the signature value; every stamp is told."""
    proofs = []
    for stamp in one.value.stamps:
        told = _stamp_fact(stamp, material, case)
        one.stamps.append(told)
        if stamp.intact and stamp.time:
            proofs.append((stamp.time, "timestamp", told["trust"] == "trusted"))
    return proofs


def _stamp_fact(stamp: Stamp, material: Material, case: Case) -> dict[str, Any]:
    trust = None
    if stamp.certificate is not None and stamp.time is not None:
        try:
            trust = pdf_standing.standing(stamp.certificate, material, case.trust, stamp.time).trust
        except TROUBLES:
            trust = None
    return {
        "time": stamp.time.isoformat() if stamp.time else None,
        "intact": stamp.intact,
        "authority": certificates.name_of(stamp.certificate),
        "trust": trust,
    }


def _document_stamps(one: Judged, everyone: list[Judged]) -> list[tuple[datetime, str, bool]]:
    """A document timestamp that covers the whole signature proves that it was there."""
    return [
        (other.value.time, "document-timestamp", other.then is not None and other.then.trust == "trusted")
        for other in everyone
        if other.signed.is_stamp and other.value.intact and other.value.time and other.signed.end > one.signed.end
    ]


def _conclude(one: Judged) -> None:
    """The status, from what breaks a signature to what only leaves a doubt."""
    value, later = one.value, one.later
    if one.signed.empty and one.signed.fault in ("", "byte range of unusual form", "no byte range"):
        one.status, one.why = "indeterminate", NEVER_SIGNED
    elif one.signed.fault:
        one.status, one.why = "broken", one.signed.fault
    elif value.intact is False:
        one.status, one.why = "broken", value.why or "digest or signature value does not agree"
    elif later.level == "other":
        one.status, one.why = "modified", later.why or "content changed after signing"
    elif value.intact is None:
        one.status, one.why = "indeterminate", value.why or "not verified"
    elif later.level is None:
        one.status, one.why = "indeterminate", later.why or "changes after signing not decided"
    elif one.then is None or one.today is None:
        one.status, one.why = "indeterminate", one.why or "certificate not read"
    else:
        one.status, one.why = _trusted(one, one.then, one.today)


def _trusted(one: Judged, then: Standing, today: Standing) -> tuple[str, str]:
    if then.revocation == "revoked":
        return "revoked", "certificate revoked before signing"
    if today.revocation == "revoked" and not one.proven:
        return "indeterminate", "certificate revoked since, time of signing not proven"
    if then.validity in ("expired", "not_yet"):
        return "expired", "certificate not valid when signed"
    if then.trust == "none":
        return "untrusted", "no trust anchor configured"
    if then.trust != "trusted":
        return "untrusted", "no chain to a trust anchor"
    if today.validity == "expired" and not one.proven:
        return "expired", "certificate expired since, time of signing not proven"
    return "valid", ""


def _find(case: Case, one: Judged) -> None:
    told: dict[str, Any] = {"field": one.signed.name, "signer": certificates.name_of(one.value.certificate) or "?"}
    if one.signed.empty and one.status == "indeterminate":
        case.find("SIG-010", field=one.signed.name)
        return
    if one.status == "broken":
        case.find("SIG-001", **told, why=one.why)
    elif one.status == "modified":
        case.find("SIG-002", **told, places=list(one.later.places)[:20], why=one.why)
    elif one.status == "revoked":
        case.find("SIG-005", **told, at=_day(one.then))
    elif one.status == "expired":
        case.find("SIG-006", **told, until=_until(one.value))
    elif one.status == "untrusted":
        case.find("SIG-003", **told)
    elif one.status == "indeterminate" and one.why.startswith("certificate revoked since"):
        case.find("SIG-012", **told, at=_day(one.today))
    elif one.status == "indeterminate":
        case.find("SIG-004", **told, why=one.why)
    _find_besides(case, one, told)


def _find_besides(case: Case, one: Judged, told: dict[str, Any]) -> None:
    """What does not decide the status and must be told all the same."""
    if one.value.weak:
        case.find("SIG-007", **told, algorithms=one.value.weak)
    if one.later.level in ("form_filling", "notes"):
        case.find("SIG-008", **told, places=list(one.later.places)[:20])
    if any(stamp["intact"] is not True for stamp in one.stamps):
        case.find("SIG-009", **told)
    if one.status == "valid" and one.then is not None and one.then.revocation == "unknown":
        case.not_checked["SIG-005"] = "no_revocation_data"


def _fact(one: Judged) -> dict[str, Any]:
    value = one.value
    then = one.then
    return {
        "kind": _kind(one),
        "signer": certificates.name_of(value.certificate),
        "time": one.moment.isoformat() if one.moment else None,
        "covers_whole": one.later.covers_whole if not one.signed.fault else False,
        "intact": False if one.status == "broken" else value.intact,
        "modified_after": one.later.level,
        "trust": then.trust if then else None,
        "revocation": then.revocation if then else None,
        "status": one.status,
        "why": one.why or None,
        "field": one.signed.name,
        "sub_filter": one.signed.sub_filter.lstrip("/"),
        "time_basis": one.basis,
        "time_proven": one.proven,
        "timestamps": one.stamps,
        "long_term": one.long_term,
        "at_signing": _standing_fact(then),
        "now": _standing_fact(one.today),
        "weak": value.weak,
        "changes": list(one.later.places)[:20],
    }


def _kind(one: Judged) -> str:
    if one.signed.is_stamp:
        return "pdf-document-timestamp"
    if one.value.seal:
        return "pdf-seal"
    return "pdf-certification" if one.signed.permissions else "pdf-signature"


def _standing_fact(standing: Standing | None) -> dict[str, Any] | None:
    if standing is None:
        return None
    return {
        "trust": standing.trust,
        "revocation": standing.revocation,
        "validity": standing.validity,
        "revoked_at": standing.revoked_at.isoformat() if standing.revoked_at else None,
    }


def _pdf_time(text: str) -> datetime | None:
    """A PDF date (ISO 32000-1, 7.9.4), as far as it is whole."""
    found = PDF_DATE.search(text)
    if found is None:
        return None
    try:
        zone = f"{found[2]}{found[3] or '00'}" if found[2] else "+0000"
        return datetime.strptime(found[1] + zone, "%Y%m%d%H%M%S%z").astimezone(UTC)
    except ValueError:
        return None


def _day(standing: Standing | None) -> str:
    return standing.revoked_at.date().isoformat() if standing and standing.revoked_at else "?"


def _until(value: Value) -> str:
    try:
        return str(value.certificate.not_valid_after.date()) if value.certificate is not None else "?"
    except (ValueError, TypeError):
        return "?"


def _why(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}"[:160]
