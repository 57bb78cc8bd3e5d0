"""The conditions of origin (F4): when an e-file may come without paper, and what must come along.

Source: ministry's notice of 2024-03-22 clause (5): e-files with lawful e-seal or e-signature that meet the
filing rules may come without paper, except as-built drawings; scans come with their paper; native files and
BIM are handed over too. A city may demand two sets for all (policy data).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zhudang.checks.model import NEVER_SIGNED
from zhudang.checks.renditions import is_native as is_native
from zhudang.shared.refusals import Reason

BORN_DIGITAL, SCAN, PAPER_ONLY = "born_digital", "scan", "paper_only"
ORIGINS = (BORN_DIGITAL, SCAN, PAPER_ONLY)

IMAGE_MIMES = frozenset({"image/jpeg", "image/tiff", "image/png", "image/bmp", "image/jp2"})


@dataclass(frozen=True)
class FileFacts:
    """One current file of a record as far as these rules ask.

    Attributes:
        blocking: codes of blocking findings of the latest check.
        e_sealed: a signature or seal is in the file and it was not altered after; None when nobody can tell.
    """

    name: str
    native: bool
    verdict: str | None
    blocking: tuple[str, ...] = ()
    e_sealed: bool | None = None


@dataclass(frozen=True)
class OriginFacts:
    """A record as far as the conditions of origin ask."""

    origin: str
    as_built: bool
    has_paper: bool
    legal_force: bool | None
    files: tuple[FileFacts, ...]
    two_sets_for_all: bool = False


SOFT = frozenset({"filing.finding_blocks", "filing.native_needs_rendition", "filing.check_could_not_run"})
"""Reasons a person may knowingly pass on to the reviewer (仍然确认); they stay written on the record."""


def why_not_by_origin(record: OriginFacts) -> list[Reason]:
    """Tell everything about origin, paper and files that keeps a record from being filed."""
    reasons: list[Reason] = []
    if record.origin == PAPER_ONLY:
        return [] if record.has_paper else [Reason("filing.paper_record_without_paper")]
    if not record.files:
        reasons.append(Reason("filing.no_file"))
    reasons += _paper_reasons(record)
    if record.files and all(file.native for file in record.files):
        reasons.append(Reason("filing.native_needs_rendition", {"files": [f.name for f in record.files]}))
    for file in record.files:
        if file.verdict is None:
            reasons.append(Reason("filing.not_checked_yet", {"file": file.name}))
        elif file.verdict == "not_checked":
            reasons.append(Reason("filing.check_could_not_run", {"file": file.name}))
        elif file.blocking or file.verdict == "fail":
            reasons.append(Reason("filing.finding_blocks", {"file": file.name, "codes": list(file.blocking)}))
    return reasons


def _paper_reasons(record: OriginFacts) -> list[Reason]:
    """What is missing for coming without paper; with paper none of it matters."""
    if record.has_paper:
        return []
    if record.origin == SCAN:
        return [Reason("filing.scan_needs_paper")]
    reasons = []
    if record.as_built:
        reasons.append(Reason("filing.as_built_needs_paper"))
    if record.two_sets_for_all:
        reasons.append(Reason("filing.city_wants_two_sets"))
    readable = [f for f in record.files if not f.native]
    if not any(f.e_sealed for f in readable):
        reasons.append(Reason("filing.no_e_seal"))
    if record.legal_force is not True:
        reasons.append(Reason("filing.legal_force_unconfirmed"))
    return reasons


def guess_origin(mime: str, facts: Mapping[str, Any]) -> str:
    """Guess whether a file was scanned (an image, or pages without a text layer), for the pencil."""
    if mime in IMAGE_MIMES:
        return SCAN
    if mime == "application/pdf" and facts.get("text_chars") == 0:
        return SCAN
    return BORN_DIGITAL


COVERING = frozenset({"valid", "untrusted", "expired", "indeterminate"})
"""Statuses of a signature that still covers what was signed, or of which nobody can say otherwise: each is told by the
checks. One that was modified, broken or revoked ends the seal of the file."""
ENDING = frozenset({"SIG-001", "SIG-002", "SIG-005", "OFD-024", "OFD-025", "OFD-030"})
"""Findings that end a seal by themselves: altered, broken, revoked before signing, or its files are gone."""


def sealed(facts: Mapping[str, Any], finding_codes: Iterable[str]) -> bool | None:
    """Whether the checks saw a signature that still covers what was signed; None when they could not look.

    Trust in the signer's certificate is not part of this: the checks tell that apart, and legal force is
    confirmed by a person. Places prepared and never signed, and time-stamps alone, are no seal.
    """
    signatures = facts.get("signatures")
    if signatures is None:
        return None
    if ENDING & set(finding_codes) or not isinstance(signatures, list):
        return False
    seals = [each for each in signatures if _is_seal(each)]
    return bool(seals) and all(each.get("status", "indeterminate") in COVERING for each in seals)


def _is_seal(signature: Any) -> bool:
    if not isinstance(signature, Mapping) or signature.get("kind") == "pdf-document-timestamp":
        return False
    return signature.get("why") != NEVER_SIGNED
