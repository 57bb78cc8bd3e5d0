"""Submission packages taken apart: each content file becomes a file of its own, and what the package says of it is kept.

The bytes come out of the ZIP as streams; nothing is unpacked to a place the package names.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from zhudang.checks import profile
from zhudang.checks.model import Verdict
from zhudang.checks.packages import transfer
from zhudang.checks.packages.tree import Tree, ZipTree
from zhudang.checks.packing import METADATA, ORIGINAL_FOLDER, ORIGINAL_NAME
from zhudang.content import operations, places, store
from zhudang.content.domain import tus
from zhudang.content.models import File, Upload
from zhudang.content.operations import Incoming
from zhudang.content.package_checks import KIND, is_named_as_package, reports_on
from zhudang.identity.rights import SYSTEM
from zhudang.shared.ids import new_id

UNSOUND = frozenset({Verdict.FAIL, Verdict.NOT_CHECKED})


@dataclass(frozen=True)
class _Member:
    """One content file of a package: its path there, its name and folder before packing, its description."""

    path: str
    name: str
    folder: str
    description: dict[str, str]


def packages_among(file_ids: Collection[UUID]) -> list[UUID]:
    """Those of the files that are called like a submission package: one statement, since nearly no file is one."""
    rows = File.objects.filter(id__in=file_ids, name__istartswith="SIP-", name__iendswith=".zip")
    return list(rows.values_list("id", flat=True))


def take_apart(file_id: UUID, *, now: datetime) -> list[UUID]:
    """Receive the content files of a submission package; gives their ids, none when it is no sound package.

    Safe to run twice: a package already taken apart stays so. The package itself stays as it came.
    """
    row = File.objects.select_related("blob").filter(id=file_id, withdrawn_at__isnull=True).first()
    if row is None or not is_named_as_package(row.name) or row.verdict in (None, "fail", "not_checked"):
        return []
    stored = store.blob_path(row.blob.sha256)
    reports = reports_on(stored, profile.load(settings.CHECKS.profile))
    if not reports or any(each.kind != KIND or each.verdict in UNSOUND for each in reports):
        return []
    unlisted = any(transfer.UNLISTED in each.codes for each in reports)
    tree = ZipTree(stored)
    return _receive(row, tree, now, digests_given=transfer.DIGESTS in tree.files and not unlisted)


@transaction.atomic
def _receive(row: File, tree: Tree, now: datetime, *, digests_given: bool) -> list[UUID]:
    File.objects.select_for_update(no_key=True).get(id=row.id)
    mark = tus.write_metadata({"package": str(row.id)})
    place = places.resolve(row.project_id, row.unit_work_id) if row.project_id else None
    if place is None or row.uploaded_by_id is None or Upload.objects.filter(metadata__startswith=mark).exists():
        return []
    members = list(_members(tree))
    received = operations.receive_many(
        actor=SYSTEM,
        items=(
            Incoming(
                each.name, each.folder, stream=tree.open(each.path), level=row.level, unit_work_id=row.unit_work_id
            )
            for each in members
        ),
        place=place,
        now=now,
        organisation_id=row.organisation_id,
    )
    File.objects.filter(id__in=received).update(uploaded_by_id=row.uploaded_by_id, digest_given=digests_given)
    _keep_words(row, dict(zip(received, members, strict=True)), now)
    return received


def _members(tree: Tree) -> Iterator[_Member]:
    for entry in transfer.entries_of(tree):
        folder = entry.values.get(transfer.PLACE, "")
        paths = [path for path in tree.below(folder) if not path.endswith(f"/{METADATA}")] if folder else []
        described = {name: value for name, value in entry.values.items() if name != transfer.PLACE}
        for path in paths:
            name = described.get(ORIGINAL_NAME, "") if len(paths) == 1 else ""
            yield _Member(path, name or path.rsplit("/", 1)[-1], described.get(ORIGINAL_FOLDER, ""), described)


def _keep_words(row: File, members: dict[UUID, _Member], now: datetime) -> None:
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
                {"package": str(row.id), "described": json.dumps(member.description, ensure_ascii=False)}
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
