"""Issue a document: number, canonical record, log leaf, PDF, seal, digest in the log."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.content import operations as content
from zhudang.documents import log_proof, sealing
from zhudang.documents.canonical import canonical_json, new_check_code, sm3, spaced
from zhudang.documents.city import letterhead
from zhudang.documents.keys import seal_key
from zhudang.documents.models import NumberSeries, SealedDocument
from zhudang.documents.render import Attachment, qr_svg, render_pdf, seal_place
from zhudang.events import operations as events
from zhudang.identity.rights import SYSTEM, Actor
from zhudang.shared.plain import plain

SCHEMA = "zhudang.sealed-document/1"


@dataclass(frozen=True)
class Paper:
    """How a document looks: which form, whose letterhead, and what the form prints.

    Attributes:
        template: a name in `layouts.LAYOUT_OF`.
        title: as printed, e.g. 建设工程档案移交凭证.
        data: for the form, without issuer, number, check code, QR code and date, which are set here.
        issuer: "archive" or "department".
        face: label and value of what the public check may repeat, nothing the document does not print.
        subject: the row the document is about, as the log names it.
    """

    template: str
    title: str
    data: Mapping[str, Any]
    issuer: str = "archive"
    face: Sequence[tuple[str, str]] = ()
    subject: str = ""


@dataclass(frozen=True)
class IssuedDocument:
    """What the issuing context keeps of a document."""

    id: UUID
    kind: str
    number: str
    check_code: str
    file_id: UUID | None
    issued_at: datetime


def verify_address(check_code: str = "") -> str:
    """Address of the public check, with a check code the one the QR code carries."""
    base = f"{settings.PUBLIC_URL.rstrip('/')}/verify/"
    return f"{base}{check_code}/" if check_code else base


@transaction.atomic
def take_number(kind: str, now: datetime) -> str:
    """Take the next number of a kind's series in this year; it is given back when the transaction fails."""
    year = timezone.localtime(now).year
    NumberSeries.objects.get_or_create(kind=kind, year=year)
    series = NumberSeries.objects.select_for_update(no_key=True).get(kind=kind, year=year)
    series.last = F("last") + 1
    series.save(update_fields=["last"])
    series.refresh_from_db(fields=["last"])
    return letterhead().number(kind, year, series.last)


def _free_check_code() -> str:
    while SealedDocument.objects.filter(check_code=(code := new_check_code())).exists():
        continue
    return code


def write_day(moment: datetime) -> str:
    """A document's date as it is printed: 2026年6月12日."""
    day = timezone.localtime(moment)
    return f"{day.year}年{day.month}月{day.day}日"


@transaction.atomic
def issue(
    *, kind: str, project_id: UUID | None, record: Mapping[str, Any], paper: Paper, actor: Actor, now: datetime
) -> IssuedDocument:
    """Issue a sealed document of `kind` and keep it.

    The number is taken, the canonical record digested and its SM3 logged as a leaf. A PDF/A-2b is printed, sealed and
    its digest logged in the same transaction. A certificate (PDF/A-3b) carries the proof of its log entry, which
    exists only after this transaction: a job finishes it (`finish`).

    Args:
        kind: names the number series: notice, correction, rectification, opinion, receiving, certificate, …
        record: what a machine should read from the document; JSON values.
    """
    head = letterhead()
    number = take_number(kind, now)
    code = _free_check_code()
    issuer = head.issuer(paper.issuer)
    canonical = plain(
        {
            "schema": SCHEMA, "kind": kind, "title": paper.title, "number": number, "issuer": issuer,
            "issued_at": now, "project": project_id, "body": record,
        }
    )  # fmt: skip
    digest = sm3(canonical_json(canonical).encode())
    row = SealedDocument(
        kind=kind, title=paper.title, number=number, check_code=code, issuer=issuer, project_id=project_id,
        subject=paper.subject, template=paper.template, standard="a-3b" if paper.template == "certificate" else "a-2b",
        data=plain(paper.data), face=[list(pair) for pair in paper.face], record=canonical, record_sm3=digest,
        issued_at=now, issued_by=actor.username,
    )  # fmt: skip
    row.leaf_entry = audit.record(
        actor=actor, act="documents.document.issued", subject=row, at=now,
        data={"kind": kind, "number": number, "project": project_id, "record_sm3": digest},
    )  # fmt: skip
    row.save(force_insert=True)
    if row.standard == "a-3b":
        from zhudang.documents.jobs import finish_document

        finish_document.defer(document_id=str(row.id))
    else:
        _print_and_seal(row, [], actor, now)
    return _issued(row)


def _issued(row: SealedDocument) -> IssuedDocument:
    return IssuedDocument(row.id, row.kind, row.number, row.check_code, row.file_id, row.issued_at)


def _form_data(row: SealedDocument, log_lines: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """What the form prints: the caller's data and what every document carries."""
    return {
        "title": row.title,
        "date": write_day(row.issued_at),
        **row.data,
        "issuer": row.issuer,
        "number": row.number,
        "check_code": spaced(row.check_code),
        "proof": [
            *row.data.get("proof", []),
            {"label": "记录摘要", "value": f"SM3　{spaced(row.record_sm3)}", "mono": True},
            *log_lines,
        ],
        "keywords": [row.number, row.check_code],
        "qr_svg": qr_svg(verify_address(row.check_code)),
        "verify_url": verify_address(),
    }


def _print_and_seal(
    row: SealedDocument,
    attachments: Sequence[Attachment],
    actor: Actor,
    now: datetime,
    log_lines: Sequence[Mapping[str, Any]] = (),
) -> None:
    data = _form_data(row, log_lines)
    printed = render_pdf(
        row.template,
        data,
        standard="a-3b" if row.standard == "a-3b" else "a-2b",
        attachments=attachments,
        dated=row.issued_at,
    )
    key = seal_key(row.issuer)
    pdf = sealing.seal(
        printed, issuer=row.issuer, line=letterhead().seal_line, place=seal_place(row.template, data), key=key
    )
    row.pdf_sha256, row.pdf_sm3, row.pdf_size = hashlib.sha256(pdf).hexdigest(), sm3(pdf), len(pdf)
    row.certificate_sha256, row.certificate_until = key.fingerprint, key.valid_until
    row.file_id = content.keep_bytes(
        data=pdf, name=f"{row.title} {row.number}.pdf", mime="application/pdf", actor=actor, now=now, with_archive=False
    )
    row.digest_entry = audit.record(
        actor=actor, act="documents.document.sealed", subject=row, at=now,
        data={"number": row.number, "pdf_sha256": row.pdf_sha256, "pdf_sm3": row.pdf_sm3, "seal": key.fingerprint},
    )  # fmt: skip
    row.sealed_at = now
    row.save()
    events.publish(
        kind="documents.document.sealed", subject=f"documents.sealeddocument:{row.id}", at=now,
        data={"project_id": row.project_id, "kind": row.kind, "number": row.number},
    )  # fmt: skip


@transaction.atomic
def finish(*, document_id: UUID, now: datetime) -> IssuedDocument:
    """Print and seal a document whose log entry had to be chained first. Running twice changes nothing.

    Raises:
        log_proof.NotChainedYet: the entry is not in the chain; try again.
    """
    row = SealedDocument.objects.select_for_update(no_key=True).get(id=document_id)
    if row.sealed_at is None:
        proof = log_proof.proof_of(row.leaf_entry)
        record = canonical_json(row.record)
        carried = [
            Attachment("record.json", record, "application/json", "机读凭证：本文书的规范化记录"),
            Attachment("log-proof.json", canonical_json(proof), "application/json", "公开日志的登记证明", "supplement"),
        ]
        line = {"label": "登记日志", "value": f"第 {proof['number']} 条，{write_day(row.issued_at)}写入"}
        _print_and_seal(row, carried, SYSTEM, now, [line])
    return _issued(row)


@transaction.atomic
def void(*, actor: Actor, document_id: UUID, reason: str, now: datetime) -> None:
    """Declare a document void; it stays, its number is never given again, the public check says so."""
    row = SealedDocument.objects.select_for_update(no_key=True).get(id=document_id)
    if row.voided_at is None:
        row.voided_at, row.void_reason = now, reason
        row.save(update_fields=["voided_at", "void_reason"])
        audit.record(actor=actor, act="documents.document.voided", subject=row, at=now, data={"reason": reason})
