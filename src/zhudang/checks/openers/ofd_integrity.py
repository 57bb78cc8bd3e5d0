"""The integrity list of GM/T 0099 (`OFDEntries.xml`): a signed list of every file that belongs to the OFD."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from zhudang.checks.examine import Case
from zhudang.checks.ofdfile import OfdError, OfdFile, descendants, text_of
from zhudang.checks.openers.ofd_values import read_value, standings
from zhudang.checks.signing.certificates import name_of

LIST = "OFDEntries.xml"


def examine(case: Case, ofd: OfdFile) -> None:
    """Verify the list where there is one: its signature, files that are gone, files smuggled in."""
    if not ofd.has(LIST):
        return
    try:
        root, written = ofd.xml(LIST), ofd.read(LIST)
        place = ofd.locate(text_of(root, "SignedValueLoc") or "", "")
        value = read_value(ofd.read(place) if place else b"", written)
    except OfdError as trouble:
        case.find("OFD-029", place=f"{LIST}: {trouble.reason}")
        return
    listed = {each.get("FileLoc", "").lstrip("/") for each in descendants(root, "File")}
    own = {LIST, place} | {name for name in ofd.files() if "/Signs/" in name}
    gone = sorted(name for name in listed if not ofd.has(name))
    extra = sorted(
        name for name in ofd.files() if name not in own and name not in {ofd.stored(each) for each in listed}
    )
    signer = name_of(value.certificate)
    find = partial(case.find, field=LIST, signer=signer or "?")
    status, why = "valid", None
    stand = standings(value, case.trust, value.time or datetime.now(UTC), datetime.now(UTC))
    if value.broken:
        status, why = "broken", value.why or "the signature value does not agree"
        find("SIG-001")
    elif gone:
        status, why = "modified", f"missing: {', '.join(gone[:5])}"
        find("SIG-002", files=gone[:20])
    elif not value.intact:
        status, why = "indeterminate", value.why
        find("SIG-004", why=why)
    elif stand is None or not stand.trusted:
        status, why = "untrusted", "no chain to a trust anchor"
        find("SIG-003")
    if extra:
        case.find("OFD-021", files=extra[:50], count=len(extra))
    fact = {
        "kind": "ofd-signature",
        "signer": signer,
        "time": value.time.isoformat() if value.time else None,
        "covers_whole": not extra,
        "intact": value.intact and not gone,
        "modified_after": "changed" if gone else "unsigned_content" if extra else "none",
        "trust": stand.signer.trust if stand else None,
        "revocation": stand.signer.revocation if stand else None,
        "status": status,
        "why": why,
        "place": LIST,
    }
    case.facts["signatures"] = [*(case.facts["signatures"] or []), fact]
