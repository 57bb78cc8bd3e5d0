"""What people see of sealed documents, and what the public check may tell."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import BytesIO
from typing import Any
from uuid import UUID

from zhudang.audit import earlier_logs, tree_heads
from zhudang.documents import log_proof
from zhudang.documents.canonical import canonical_json, sm3, tidy_code
from zhudang.documents.carried import carried_by
from zhudang.documents.models import SealedDocument
from zhudang.documents.sealing import seals_on

MOST_BYTES = 40 * 1024 * 1024


class Verdict(StrEnum):
    """What the public check answers; only VALID ever says yes."""

    VALID = "valid"
    """A PDF handed in: ours, byte for byte as sealed."""
    REGISTERED = "registered"
    """Number and check code agree with a document of ours; no PDF was compared."""
    VOID = "void"
    CHANGED = "changed"
    """It carries our seal or names our document, but its bytes are not those that were sealed."""
    DOUBTFUL = "doubtful"
    """The bytes are those sealed, or none were handed in; but register, log and proof do not agree."""
    PENDING = "pending"
    """Issued and logged, its PDF still being sealed."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One thing looked at: code, how it came out (ok, fail, none), and what the sentence needs."""

    code: str
    outcome: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """The answer of the public check; the document is only told to whoever proved to hold it."""

    verdict: Verdict
    at: datetime
    title: str = ""
    number: str = ""
    issuer: str = ""
    issued_at: datetime | None = None
    void_reason: str = ""
    checks: tuple[Check, ...] = ()
    face: tuple[tuple[str, str], ...] = ()


def tidy_number(text: str) -> str:
    """Bring a number as people type it to what is stored: brackets, spaces and widths do not matter."""
    flat = unicodedata.normalize("NFKC", text)
    return (
        re.sub(r"\s+", "", flat)
        .translate(str.maketrans("[【(（〔", "〔〔〔〔〔"))
        .translate(str.maketrans("]】)）〕", "〕〕〕〕〕"))
    )


def _by_number(number: str, code: str) -> SealedDocument | None:
    row = SealedDocument.objects.filter(check_code=tidy_code(code)).first()
    return row if row and tidy_number(row.number) == tidy_number(number) else None


def answer_for_number(*, number: str, code: str, now: datetime) -> Answer:
    """Answer for a number and its check code; a wrong one of the two is the same no as an unknown document."""
    return _told(_by_number(number, code), now)


def answer_for_code(*, code: str, now: datetime) -> Answer:
    """Answer for the check code a QR code carries."""
    return _told(SealedDocument.objects.filter(check_code=tidy_code(code)).first(), now)


def _told(row: SealedDocument | None, now: datetime) -> Answer:
    if row is None:
        return Answer(Verdict.UNKNOWN, now)
    verdict = Verdict.VOID if row.voided_at else Verdict.REGISTERED if row.sealed_at else Verdict.PENDING
    checks = [_issuer(row), _issued(row), Check("change", "none", {}), _logged(row), _standing(row, now)]
    return _answer(row, verdict, now, checks)


@dataclass(frozen=True)
class PublishedKeys:
    """What tells the archive's papers from others', to be known outside: seal certificates (SHA-256) and log keys, hex."""

    seals: list[str]
    log_keys: list[str]


def published_keys() -> PublishedKeys:
    """The certificates the archive has sealed with, and the keys its logs' heads were signed with."""
    return PublishedKeys(sorted(_certificates()), sorted(earlier_logs.own_keys()))


def _certificates() -> frozenset[str]:
    rows = SealedDocument.objects.exclude(certificate_sha256="")
    return frozenset(rows.values_list("certificate_sha256", flat=True).distinct())


def answer_for_pdf(*, pdf: bytes, now: datetime) -> Answer:
    """Answer for a PDF handed in. Only the very bytes that were sealed are valid; anything near them is changed."""
    row = SealedDocument.objects.filter(pdf_sha256=hashlib.sha256(pdf).hexdigest(), sealed_at__isnull=False).first()
    seals = seals_on(pdf, ours=_certificates())
    if row is not None and row.pdf_sm3 == sm3(pdf):
        sound = any(seal.ours and seal.intact and seal.whole for seal in seals)
        checks = [
            _issuer(row, sound),
            _issued(row),
            Check("change", "ok", {}),
            _logged(row),
            *(_proved(pdf) if row.standard == "a-3b" else []),
            _standing(row, now),
        ]
        # A log entry not chained yet (the first second) is told on its own line; it is no sign of a change.
        return _answer(row, Verdict.VOID if row.voided_at else Verdict.VALID, now, checks)
    named = _named_in(pdf)
    if named is None and not any(seal.ours for seal in seals):
        return Answer(Verdict.UNKNOWN, now)
    changed = Check("change", "fail", {"added": any(seal.ours and seal.intact and not seal.whole for seal in seals)})
    if named is None:
        return Answer(Verdict.CHANGED, now, checks=(changed,))
    return Answer(
        Verdict.CHANGED, now, title=named.title, number=named.number, issuer=named.issuer, issued_at=named.issued_at,
        checks=(changed,),
    )  # fmt: skip


def _named_in(pdf: bytes) -> SealedDocument | None:
    """The document a PDF says it is, by the number and check code among its keywords; both must agree."""
    import pikepdf

    try:
        with pikepdf.open(BytesIO(pdf)) as opened:
            words = str(opened.docinfo.get("/Keywords", ""))
    except Exception:  # whatever a stranger hands in: unreadable names nothing
        return None
    for part in re.split(r"[,;]", words):
        row = SealedDocument.objects.filter(check_code=tidy_code(part)).first()
        if row and tidy_number(row.number) in tidy_number(words):
            return row
    return None


def _issuer(row: SealedDocument, sound: bool = True) -> Check:
    sealed = row.sealed_at is not None
    return Check(
        "issuer",
        "ok" if sealed and sound else "fail" if sealed else "none",
        {"issuer": row.issuer, "until": row.certificate_until},
    )


def _issued(row: SealedDocument) -> Check:
    until = row.certificate_until
    return Check("issued", "ok" if until and row.issued_at <= until else "none", {"at": row.issued_at})


def _logged(row: SealedDocument) -> Check:
    """The record still digests to what the log holds under this entry, and the entry stands in the chain."""
    proof = log_proof.find_proof(row.leaf_entry)
    if sm3(canonical_json(row.record).encode()) != row.record_sm3:
        return Check("logged", "fail", {})
    if proof is None:
        return _not_in_the_chain(row)
    held = proof["sound"] and proof["entry"]["data"].get("record_sm3") == row.record_sm3
    return Check("logged", "ok" if held else "fail", {"number": proof["number"]})


def _not_in_the_chain(row: SealedDocument) -> Check:
    if log_proof.is_written(row.leaf_entry):
        return Check("logged", "none", {})
    return (
        Check("logged_earlier", "none", {})
        if earlier_logs.broke_off_since(row.issued_at)
        else Check("logged", "fail", {})
    )


def _proved(pdf: bytes) -> list[Check]:
    """What a certificate's own proof says, checked as anyone can with our public key; nothing where it carries none."""
    proof = carried_by(pdf)
    if proof is None:
        return []
    told = {"number": proof.number, "size": proof.head.size, "key": proof.head.key[:16]}
    if not proof.holds:
        return [Check("proof", "fail", told)]
    if tree_heads.is_ours(proof.head):
        return [Check("proof", "ok", told)]
    if not earlier_logs.broke_off_since(datetime.fromisoformat(proof.head.at)):
        return [Check("proof", "fail", told)]  # the log is unbroken, and never signed this head
    if proof.head.key in earlier_logs.own_keys():
        return [Check("proof_earlier", "ok", told)]
    return [Check("proof_unknown_key", "none", told)]


def _standing(row: SealedDocument, now: datetime) -> Check:
    return Check("standing", "fail" if row.voided_at else "ok", {"at": now, "reason": row.void_reason})


def _answer(row: SealedDocument, verdict: Verdict, now: datetime, checks: list[Check]) -> Answer:
    if verdict in {Verdict.VALID, Verdict.REGISTERED} and any(check.outcome == "fail" for check in checks):
        verdict = Verdict.DOUBTFUL
    face = tuple((str(label), str(value)) for label, value in row.face) if verdict is not Verdict.DOUBTFUL else ()
    return Answer(verdict, now, row.title, row.number, row.issuer, row.issued_at, row.void_reason, tuple(checks), face)


@dataclass(frozen=True)
class DocumentCard:
    """A document as the pages of its project list it."""

    id: UUID
    kind: str
    title: str
    number: str
    check_code: str
    issued_at: datetime
    file_id: UUID | None
    size: int
    sealed: bool
    voided: bool
    project_id: UUID | None


def _card(row: SealedDocument) -> DocumentCard:
    return DocumentCard(
        row.id, row.kind, row.title, row.number, row.check_code, row.issued_at, row.file_id, row.pdf_size,
        row.sealed_at is not None, row.voided_at is not None, row.project_id,
    )  # fmt: skip


def document(document_id: UUID | None) -> DocumentCard | None:
    """One document, without asking who looks: the issuing context has asked."""
    row = SealedDocument.objects.filter(id=document_id).first() if document_id else None
    return _card(row) if row else None


def documents_of(project_id: UUID, *kinds: str) -> list[DocumentCard]:
    """The documents of a project, newest first."""
    rows = SealedDocument.objects.filter(project_id=project_id)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return [_card(row) for row in rows.order_by("-issued_at", "-id")]


def documents_about(subject: str, kind: str) -> list[DocumentCard]:
    """The documents of a kind about one row, newest first; the issuing context has asked who looks."""
    return [
        _card(row) for row in SealedDocument.objects.filter(subject=subject, kind=kind).order_by("-issued_at", "-id")
    ]


def waiting_to_be_sealed(limit: int = 100) -> list[UUID]:
    """Documents issued and logged whose PDF is not sealed, oldest first."""
    rows = SealedDocument.objects.filter(sealed_at__isnull=True, voided_at__isnull=True).order_by("issued_at")
    return list(rows.values_list("id", flat=True)[:limit])


def printed_data(document_id: UUID) -> dict[str, Any]:
    """What the document prints, for the page that shows it."""
    row = SealedDocument.objects.get(id=document_id)
    return {
        **row.data, "title": row.title, "issuer": row.issuer, "number": row.number, "check_code": row.check_code,
        "record_sm3": row.record_sm3, "issued_at": row.issued_at,
    }  # fmt: skip
