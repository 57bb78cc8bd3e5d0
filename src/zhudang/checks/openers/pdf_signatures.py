"""Signatures in a PDF: is what was signed still what was signed?

Trust and revocation need anchors and are not decided here; a signature is never called valid without.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, BinaryIO

import pikepdf
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import SignatureCoverageLevel, async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import AcceptAllAlgorithms

from zhudang.checks.examine import Case

for _noisy in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL + 1)
MOST_FIELDS = 200
LARGEST_BYTES = 200 * 1024 * 1024


def examine(case: Case) -> None:
    if case.size > LARGEST_BYTES:
        case.not_checked["SIG-001"] = "too_large"
        return
    told: list[dict[str, Any]] = []
    case.facts["signatures"] = told
    try:
        with case.path.open("rb") as stream:
            reader = PdfFileReader(stream, strict=False)
            if reader.encrypted:
                reader.decrypt("")
            for signature in reader.embedded_regular_signatures:
                told.append(_tell(case, signature))
    except Exception as trouble:  # damaged signature dictionaries raise anything
        case.find("SIG-004", field="", why=_why(trouble))
    if any(fact["intact"] is None for fact in told) or not told:
        _ranges(case)


def _ranges(case: Case) -> None:
    """Where the signature itself cannot be read: does its byte range still fit the file?"""
    try:
        with pikepdf.open(case.path, suppress_warnings=True) as pdf, case.path.open("rb") as stream:
            for field in _filled_fields(pdf):
                numbers = [int(number) for number in field.V.get("/ByteRange", [])]
                if numbers and not _fits(numbers, case.size, stream):
                    case.find("SIG-001", field=str(field.get("/T", "")), signer="?")
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError) as trouble:
        case.find("SIG-004", field="", why=_why(trouble))


def _filled_fields(pdf: pikepdf.Pdf) -> list[Any]:
    found: list[Any] = []
    waiting: list[Any] = list(pdf.Root.AcroForm.get("/Fields", []))
    while waiting and len(found) < MOST_FIELDS:
        field = waiting.pop()
        if isinstance(field, pikepdf.Dictionary):
            waiting.extend(list(field.get("/Kids", []))[:MOST_FIELDS])
            if field.get("/FT") == "/Sig" and isinstance(field.get("/V"), pikepdf.Dictionary):
                found.append(field)
    return found


def _fits(numbers: list[int], size: int, stream: BinaryIO) -> bool:
    """Two runs within the file, and between them nothing but the signature's hex string."""
    if len(numbers) != 4 or numbers[0] != 0 or min(numbers) < 0 or numbers[2] + numbers[3] > size:
        return False
    stream.seek(numbers[1])
    gap = stream.read(max(0, numbers[2] - numbers[1]))
    return gap.startswith(b"<") and gap.endswith(b">")


def _tell(case: Case, signature: Any) -> dict[str, Any]:
    fact: dict[str, Any] = {
        "kind": "pdf",
        "signer": None,
        "time": None,
        "covers_whole": None,
        "intact": None,
        "modified_after": None,
        "trust": None,
        "revocation": None,
        "status": "indeterminate",
        "why": None,
    }
    field = str(getattr(signature, "field_name", ""))
    try:
        fact["signer"] = _signer(signature)
        moment = signature.self_reported_timestamp
        fact["time"] = moment.isoformat() if moment else None
        context = ValidationContext(trust_roots=[], allow_fetching=False, algorithm_usage_policy=AcceptAllAlgorithms())
        status = asyncio.run(async_validate_pdf_signature(signature, context))
    except Exception as trouble:  # a malformed CMS raises anything
        fact["why"] = _why(trouble)
        case.find("SIG-004", field=field, why=fact["why"])
        return fact
    fact["intact"] = bool(status.intact and status.valid)
    fact["covers_whole"] = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    level = status.modification_level
    fact["modified_after"] = None if level is None else level.name.lower()
    _decide(case, fact, status, field)
    return fact


def _decide(case: Case, fact: dict[str, Any], status: Any, field: str) -> None:
    signer = fact["signer"] or "?"
    if not fact["intact"]:
        fact["status"], fact["why"] = "broken", "digest or signature value does not agree"
        case.find("SIG-001", field=field, signer=signer)
    elif status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        fact["status"], fact["why"] = "modified", "signed range leaves out part of its revision"
        case.find("SIG-002", field=field, signer=signer)
    elif status.modification_level == ModificationLevel.OTHER:
        fact["status"], fact["why"] = "modified", "content changed after signing"
        case.find("SIG-002", field=field, signer=signer)
    else:
        fact["trust"], fact["status"], fact["why"] = "none", "untrusted", "no trust anchor configured"
        case.find("SIG-003", field=field, signer=signer)


def _signer(signature: Any) -> str | None:
    certificate = signature.signer_cert
    if certificate is None:
        return None
    names = certificate.subject.native
    return str(names.get("common_name") or certificate.subject.human_friendly)[:200]


def _why(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}"[:160]
