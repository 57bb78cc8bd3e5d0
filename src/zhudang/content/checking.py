"""Check runs (四性检测): take owed checks, let the engine look, write what it found.

An owed check is a row (`CheckRequest`). A worker locks its rows while it looks and removes them in the transaction
that writes the run, so a killed worker leaves the check owed and unlocked, and nothing is ever shown as
checked without its run.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.checks import profile
from zhudang.checks.check_report import engine_name
from zhudang.checks.engine import Engine
from zhudang.checks.malware import Scanner, ScannerUnavailable
from zhudang.checks.model import FACT_NAMES, FileReport, FileToCheck
from zhudang.checks.report import tool
from zhudang.content import package_checks, queries, store
from zhudang.content.models import CheckRequest, CheckRun, Finding, Toolset
from zhudang.events import operations as events
from zhudang.events import work
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.shared.ids import new_id
from zhudang.shared.plain import plain
from zhudang.shared.refusals import NotFound

BATCH_FILES = 200
BATCH_BYTES = 64 * 1024 * 1024
SHOWN_AS_WORK_FROM = 20
LIGHT_FACTS = (frozenset(FACT_NAMES) - {"members"}) | {"page_sizes"}
LIGHT_SIGNATURE = (
    "kind", "signer", "time", "covers_whole", "intact", "modified_after", "trust", "revocation", "status", "why",
)  # fmt: skip
MOST_SIGNATURES = 100

_engine: Engine | None = None
_engine_guard = threading.Lock()


def engine() -> Engine:
    """The one engine of this process; its workers start with the first file and end with the process."""
    global _engine
    with _engine_guard:
        if _engine is None:
            _engine = Engine(settings=settings.CHECKS)
            atexit.register(_engine.close)
        return _engine


def tools_now(isolation: Sequence[str] | None = None) -> dict[str, Any]:
    """What checks here and by which settings: parsers and signature files, scanner, profile, trust anchors."""
    configured = settings.CHECKS
    scanner: str | None = None
    if configured.clamd:
        try:
            scanner = Scanner(configured.clamd).version()
        except ScannerUnavailable:
            scanner = ""
    city = profile.load(configured.profile).as_json()
    chosen = {"profile": city, "scanner": scanner, "trust": configured.trust is not None}
    held = list(isolation) if isolation is not None else None
    return {"tool": tool(), "settings": {**chosen, "isolation": held}}


def check_waiting(file_ids: Iterable[UUID], *, with_engine: Engine | None = None) -> int:
    """Check these files if their check is still owed, and others that wait to fill the batches; gives how many.

    Safe to run twice and at once: what another worker holds is passed over.
    """
    wanted, checked = list(file_ids), 0
    while True:
        done, works = _check_batch(wanted, with_engine or engine())
        _advance(works)
        checked += done
        if not done:
            return checked


@transaction.atomic
def _check_batch(wanted: Sequence[UUID], looker: Engine) -> tuple[int, dict[UUID, int]]:
    began = timezone.now()
    requests = _take_requests(wanted)
    if not requests:
        return 0, {}
    files = {r.file_id: r.file for r in requests}
    owed = [
        FileToCheck(store.blob_path(f.blob.sha256), f.name, str(f.id), f.blob.sha256, f.blob.sm3)
        for f in files.values()
    ]
    reports = {UUID(report.path): report for report in looker.check_paths(owed)}
    city = profile.load(settings.CHECKS.profile)
    for file_id, report in reports.items():
        row = files[file_id]
        reports[file_id] = package_checks.with_package(report, row.name, store.blob_path(row.blob.sha256), city)
    _write_runs(reports, began, timezone.now(), looker.isolation)
    CheckRequest.objects.filter(id__in=[r.id for r in requests]).delete()
    events.publish(
        kind="content.checked",
        subject=f"content.file:{next(iter(files))}",
        data={"file_ids": list(files)},
        at=timezone.now(),
    )
    return len(requests), {r.work_id: r.work_total for r in requests if r.work_id}


def _take_requests(wanted: Sequence[UUID]) -> list[CheckRequest]:
    """Lock a batch of owed checks, the wanted ones first, then the oldest; at least one, however large."""
    open_ones = CheckRequest.objects.select_for_update(skip_locked=True, of=("self",), no_key=True).select_related(
        "file__blob"
    )
    taken = list(open_ones.filter(file_id__in=wanted).order_by("requested_at", "id")[:BATCH_FILES])
    if len(taken) < BATCH_FILES:
        others = open_ones.exclude(id__in=[r.id for r in taken]).order_by("requested_at", "id")
        taken += list(others[: BATCH_FILES - len(taken)])
    batch: list[CheckRequest] = []
    size = 0
    for request in taken:
        size += request.file.blob.size
        if batch and size > BATCH_BYTES:
            break
        batch.append(request)
    return batch


def _write_runs(
    reports: dict[UUID, FileReport], began: datetime, ended: datetime, isolation: Sequence[str] | None
) -> None:
    runs, findings = [], []
    tools = tools_now(isolation)
    toolset = _toolset(tools)
    engine_told = engine_name(tools["settings"]["profile"])
    for file_id, report in reports.items():
        run = CheckRun(
            id=new_id(),
            file_id=file_id,
            started_at=began,
            finished_at=ended,
            engine=engine_told,
            verdict=str(report.verdict),
            format=report.format.as_json(),
            facts=plain(report.facts),
            not_checked=plain(report.not_checked),
            toolset=toolset,
        )
        runs.append(run)
        findings += [
            Finding(
                id=new_id(),
                run_id=run.id,
                file_id=file_id,
                position=position,
                code=found.code,
                dimension=found.dimension,
                severity=str(found.severity),
                message=found.message,
                data=plain(found.data),
            )
            for position, found in enumerate(report.findings)
        ]
    CheckRun.objects.bulk_create(runs)
    Finding.objects.bulk_create(findings)
    _write_verdicts(reports, ended)


def _toolset(tools: Mapping[str, Any]) -> Toolset:
    """The row that holds these tools; made with the first run of theirs."""
    told = plain(tools)
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    Toolset.objects.bulk_create([Toolset(digest=digest, told=told)], ignore_conflicts=True)
    return Toolset(digest=digest, told=told)


def light(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts lists and other contexts go by; everything else stays in the run, where reports find it."""
    kept = {name: value for name, value in facts.items() if name in LIGHT_FACTS}
    if isinstance(signatures := kept.get("signatures"), list):
        kept["signatures"] = [{key: each.get(key) for key in LIGHT_SIGNATURE} for each in signatures[:MOST_SIGNATURES]]
    if isinstance(pdfa := kept.get("pdfa"), Mapping):
        kept["pdfa"] = {key: pdfa.get(key) for key in ("claims", "conforms")}
    return kept


def _write_verdicts(reports: dict[UUID, FileReport], at: datetime) -> None:
    """One statement for the whole batch: a row at a time would cost more than the checks."""
    rows: list[list[Any]] = [
        [
            str(file_id),
            str(report.verdict),
            report.format.id[:64],
            report.format.name[:200],
            report.format.mime[:150],
            pages if isinstance(pages := report.facts.get("pages"), int) else None,
            json.dumps(plain(light(report.facts)), ensure_ascii=False),
        ]
        for file_id, report in reports.items()
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE content_file AS f
               SET verdict = n.verdict, checked_at = %s, format_id = n.format_id, format_name = n.format_name,
                   mime = n.mime, pages = n.pages, facts = n.facts::jsonb
              FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[])
                AS n (id, verdict, format_id, format_name, mime, pages, facts)
             WHERE f.id = n.id
            """,
            [at, *columns],
        )


def _advance(works: dict[UUID, int]) -> None:
    """Count what is done from the rows that are still owed; nothing else knows it."""
    for work_id, total in works.items():
        if work.is_cancelled(work_id):
            _stop(work_id)
            continue
        left = CheckRequest.objects.filter(work_id=work_id).count()
        work.advance(work_id, max(total - left, 0))
        if not left:
            work.finish(work_id, "done", {"files": total})


@transaction.atomic
def _stop(work_id: UUID) -> None:
    """End a repeated check: files keep their former verdict; a first check stays owed, it is nobody's to cancel."""
    CheckRequest.objects.filter(work_id=work_id, file__verdict__isnull=False).delete()
    CheckRequest.objects.filter(work_id=work_id).update(work_id=None)
    work.finish(work_id, "cancelled")


@transaction.atomic
def check_again(*, actor: Actor, file_ids: Sequence[UUID], now: datetime) -> UUID | None:
    """Owe these files another check; gives the id of the long work when there are many.

    Raises:
        NotFound: one of them does not exist for this actor.
        Forbidden: with every reason.
    """
    from zhudang.content import operations

    rows = list(queries.visible_to(actor).filter(id__in=file_ids))
    if len(rows) != len(set(file_ids)) or not rows:
        raise NotFound
    for row in rows:
        rights.demand(actor, "content.file.check_again", operations.facts_of(row))
    if any(row.destroyed_at for row in rows):
        raise queries.Destroyed("content.destroyed")
    work_id = None
    if len(rows) >= SHOWN_AS_WORK_FROM:
        subject = f"registry.project:{rows[0].project_id}"
        work_id = work.start(kind="content.check_again", subject=subject, actor=actor, total=len(rows), now=now)
    operations.owe_checks([row.id for row in rows], now=now, work_id=work_id, work_total=len(rows))
    audit.record(
        actor=actor,
        act="content.check.owed_again",
        subject=f"content.file:{rows[0].id}",
        at=now,
        data={"files": file_ids},
    )
    return work_id
