"""The lines of a case's list: what each volume was when it was proposed, and the digest of all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from zhudang.content import queries as content
from zhudang.filing.queries import kept as filing
from zhudang.preservation.disposal import facts
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem
from zhudang.preservation.disposal.rules_file import rules
from zhudang.preservation.models import ArchivalObject
from zhudang.shared.plain import plain

BATCH = 500


def digest_of(items: Iterable[DisposalItem]) -> str:
    """SHA-256 of a list: one line of canonical JSON a volume, in the list's order, of what it was and nothing of what came."""
    digest = hashlib.sha256()
    for item in sorted(items, key=lambda each: each.position):
        line = json.dumps(plain(line_of(item)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def further_of(objects: Iterable[ArchivalObject]) -> list[dict[str, Any]]:
    """What a list says of a volume's objects but the first, in the order of parts and generations."""
    others = sorted(
        (each for each in objects if each.pk != each.volume_id), key=lambda each: (each.part, each.generation)
    )
    return [
        {"object": each.ocfl_id, "version": each.version, "inventory_sha512": each.inventory_sha512} for each in others
    ]


LINE = (
    "position", "object_id", "project_id", "project_name", "reference_code", "accession_no", "title", "formed_on",
    "formed_until", "retention", "ended_on", "level", "records", "files", "bytes", "version", "inventory_sha512", "digests",
)  # fmt: skip


def line_of(item: DisposalItem) -> dict[str, Any]:
    """What a list says of one volume as it was; of its other objects only where it has some."""
    told = {name: getattr(item, name) for name in LINE}
    return {**told, "further": item.further} if item.further else told


def lines_for(case: DisposalCase, rows: Sequence[ArchivalObject]) -> list[DisposalItem]:
    """Make the lines of a new case; `rows` are the volumes' first objects, with `volume` and `project`."""
    known, items = rules(), []
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        files_of = filing.files_of_volumes([row.pk for row in some])
        current = {pk: [file_id for file_id, is_current in files if is_current] for pk, files in files_of.items()}
        stored = content.stored_files(file_id for files in current.values() for file_id in files)
        objects, gone = facts.objects_of([row.pk for row in some]), facts.works_ended(some)
        for position, row in enumerate(some, start=start + 1):
            volume, project = row.volume, row.project
            assert volume is not None and project is not None
            ends = known.ends_on(volume.retention, volume.formed_until, gone[row.pk])
            assert ends is not None
            own = objects[row.pk]
            items.append(
                DisposalItem(
                    case=case, position=position, object_id=row.pk, project_id=project.pk, project_name=project.name,
                    reference_code=row.reference_code, accession_no=row.accession_no, title=row.title,
                    formed_on=volume.formed_on, formed_until=volume.formed_until, retention=volume.retention, ended_on=ends,
                    level=max(row.level, row.class_level), records=volume.record_count,
                    files=sum(each.files for each in own if each.newest), bytes=sum(each.bytes for each in own if each.newest),
                    version=row.version, inventory_sha512=row.inventory_sha512, further=further_of(own),
                    digests=[[stored[pk].sha256, stored[pk].sm3, stored[pk].size] for pk in current[row.pk]],
                )
            )  # fmt: skip
    return items
