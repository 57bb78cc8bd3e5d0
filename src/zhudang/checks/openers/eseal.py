"""An electronic seal by itself (`Seal.esl`): does it hold together, and is it valid today?"""

from __future__ import annotations

from datetime import UTC, datetime

from zhudang.checks.examine import Case
from zhudang.checks.signing.certificates import name_of, standing
from zhudang.checks.signing.eseal import read_seal

LARGEST_BYTES = 32 * 1024 * 1024


def examine(case: Case) -> None:
    """A seal is no record: what it is and how it stands goes into the facts; only a changed one is refused."""
    if case.size > LARGEST_BYTES:
        case.not_checked["OFD-024"] = "too_large"
        return
    try:
        seal = read_seal(case.path.read_bytes())
    except ValueError as trouble:
        case.find("SIG-004", field=case.name, signer="?", why=str(trouble)[:120])
        return
    now = datetime.now(UTC)
    case.facts["release"] = seal.layout
    case.facts["seal"] = {
        "name": seal.name,
        "identifier": seal.identifier,
        "from": seal.start.isoformat() if seal.start else None,
        "to": seal.end.isoformat() if seal.end else None,
        "valid_now": seal.valid_at(now),
        "maker": name_of(seal.maker),
        "intact": seal.intact,
        "trust": standing(seal.maker, [], case.trust, now).trust if seal.maker else None,
    }
    if seal.intact is False:
        case.find("OFD-024", field=case.name, signer=seal.name or "?")
    elif seal.intact is None:
        case.find("SIG-004", field=case.name, signer=seal.name or "?", why="the maker's signature cannot be verified")
    elif case.facts["seal"]["trust"] != "trusted":
        case.find("SIG-003", field=case.name, signer=name_of(seal.maker) or "?")
