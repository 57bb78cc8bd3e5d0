"""Submission packages taken apart: each document becomes a file of its own, and what the package says of it is kept.

The bytes come out as streams; nothing is unpacked to a place the package names. All documents come in, or none does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from zhudang.checks import profile
from zhudang.checks.model import PackageReport, Verdict
from zhudang.checks.packages import transfer
from zhudang.checks.packages.contents import Document, documents_in
from zhudang.checks.packages.tree import ZipTree
from zhudang.content import operations, places, queries, store
from zhudang.content.domain import tus
from zhudang.content.models import CheckRun, File, Upload
from zhudang.content.operations import Incoming
from zhudang.content.package_checks import (
    ENDINGS,
    FACT,
    candidates_of,
    is_named_as_package,
    may_be_package,
    reports_on,
)  # fmt: skip
from zhudang.identity.rights import SYSTEM
from zhudang.shared.ids import new_id

UNSOUND = frozenset({Verdict.FAIL, Verdict.NOT_CHECKED})
NOTHING_COMPARED = frozenset({"BAG-010", "EEP-005", "EEP-007"})
"""Codes of sound packages that leave open whether the bytes are those that were sent."""


def packages_among(file_ids: Collection[UUID]) -> list[UUID]:
    """Those of the files that are submission packages: by their name, or by what their check saw in them.

    One statement while no file is called like one, since nearly no file is.
    """
    endings = Q()
    for ending in ENDINGS:
        endings |= Q(name__iendswith=ending)
    rows = dict(File.objects.filter(endings, id__in=file_ids).values_list("id", "name"))
    if not rows:
        return []
    runs = CheckRun.objects.filter(file_id__in=rows, facts__has_key=FACT).values_list("file_id", flat=True)
    seen = set(runs)
    return [file_id for file_id, name in rows.items() if is_named_as_package(name) or file_id in seen]


def taken_apart(file_ids: Collection[UUID]) -> set[UUID]:
    """Those of the files whose documents were taken out."""
    return set(queries.files_of_packages(packages_among(file_ids)))


def take_apart(file_id: UUID, *, now: datetime) -> list[UUID]:
    """Receive the documents of a submission package; gives their ids, none when it is no sound package.

    Safe to run twice: a package already taken apart stays so. The package itself stays as it came, and so does one
    that came inside another.
    """
    row = File.objects.select_related("blob").filter(id=file_id, withdrawn_at__isnull=True).first()
    if row is None or not may_be_package(row.name) or row.verdict in (None, "fail", "not_checked"):
        return []
    stored = store.blob_path(row.blob.sha256)
    with candidates_of(stored, row.name) as candidates:
        if not candidates or queries.taken_from_packages([row.id]):
            return []
        reports = reports_on(stored, row.name, profile.load(settings.CHECKS.profile))
        kinds = sorted(each.kind for each in candidates)
        if sorted(each.kind for each in reports) != kinds or any(each.verdict in UNSOUND for each in reports):
            return []
        documents = (document for candidate in candidates for document in documents_in(candidate))
        digests_given = all(_digests_given(each, stored) for each in reports)
        return _receive(row, documents, now, digests_given=digests_given)


def _digests_given(report: PackageReport, stored: Path) -> bool:
    """Whether what the package says of its bytes, digests or a signature, was held against them."""
    if report.kind == transfer.KIND:
        return transfer.DIGESTS in ZipTree(stored).files and transfer.UNLISTED not in report.codes
    return not report.codes & NOTHING_COMPARED


@transaction.atomic
def _receive(row: File, documents: Iterable[Document], now: datetime, *, digests_given: bool) -> list[UUID]:
    File.objects.select_for_update(no_key=True).get(id=row.id)
    mark = tus.write_metadata({"package": str(row.id)})
    place = places.resolve(row.project_id, row.unit_work_id) if row.project_id else None
    if place is None or row.uploaded_by_id is None or Upload.objects.filter(metadata__startswith=mark).exists():
        return []
    taken: list[Document] = []

    def incoming() -> Iterator[Incoming]:
        for each in documents:
            taken.append(each)
            stream = cast(BinaryIO, each.open())
            yield Incoming(each.name, each.folder, stream=stream, level=row.level, unit_work_id=row.unit_work_id)

    received = operations.receive_many(
        actor=SYSTEM, items=incoming(), place=place, now=now, organisation_id=row.organisation_id
    )
    File.objects.filter(id__in=received).update(uploaded_by_id=row.uploaded_by_id, digest_given=digests_given)
    _keep_words(row, dict(zip(received, taken, strict=True)), now)
    return received


def _keep_words(row: File, members: dict[UUID, Document], now: datetime) -> None:
    """Keep what the package says where anything said at an upload is kept."""
    files = File.objects.select_related("blob").in_bulk(list(members))
    Upload.objects.bulk_create(
        Upload(
            id=new_id(),
            state=Upload.State.DONE,
            length=files[file_id].blob.size,
            offset=files[file_id].blob.size,
            name=files[file_id].name,
            folder=files[file_id].folder,
            metadata=tus.write_metadata(
                {"package": str(row.id), "described": json.dumps(dict(member.description), ensure_ascii=False)}
            ),
            level=row.level,
            project_id=row.project_id,
            unit_work_id=row.unit_work_id,
            client_organisation_id=row.client_organisation_id,
            organisation_id=row.organisation_id,
            uploaded_by_id=row.uploaded_by_id,
            created_at=now,
            expires_at=now,
            arrived_at=now,
            sha256=files[file_id].blob.sha256,
            sm3=files[file_id].blob.sm3,
            file_id=file_id,
        )
        for file_id, member in members.items()
    )
