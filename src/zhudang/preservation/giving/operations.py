"""Give preserved volumes away as an exchange package: asked, refused with every reason, written whole, logged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.documents.city import letterhead
from zhudang.documents.sealing import signatory
from zhudang.identity.rights import SYSTEM, Level
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.giving import bagit, csip, eep, gathering, transfer
from zhudang.preservation.giving.sinks import Sink, package_at
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl.content import SourceChanged
from zhudang.registry import queries as registry
from zhudang.shared.ids import new_id
from zhudang.shared.refusals import NotFound, Reason, Refusal

WITHOUT_SAYING = Level.INTERNAL
"""Up to here volumes may be given without naming the level: 公开、内部."""


class Form(StrEnum):
    """The forms a package may have."""

    BAGIT = "bagit"
    DAT93 = "dat93"
    EEP = "eep"
    CSIP = "csip"


class CannotGive(Refusal):
    """Nothing was written; every reason is told."""


@dataclass(frozen=True)
class Given:
    """A package as it was written."""

    target: Path
    volumes: int
    files: int
    bytes: int


def give(
    *,
    project_code: str,
    reference_codes: Sequence[str] = (),
    form: Form,
    target: Path,
    level: int = WITHOUT_SAYING,
    now: datetime,
) -> Given:
    """Write the preserved volumes of a project as one package.

    Args:
        reference_codes: only these volumes (档号); without any, all of the project that are preserved.
        target: a ZIP where the name ends so, else a folder; must not exist.
        level: the highest level that may be in it; whoever gives classified volumes says so.

    Raises:
        CannotGive: with every reason; nothing is left at the target.
    """
    project_id, objects, reasons = _wanted(project_code, reference_codes, level)
    if target.exists() or not target.absolute().parent.is_dir():
        reasons.append(Reason("preservation.no_place_for_package", {"path": str(target)}))
    if reasons or project_id is None:
        raise CannotGive(*reasons)
    volumes = [each.volume_id for each in objects if each.volume_id]
    if form is Form.EEP and (large := _too_large(project_id, volumes)):
        raise CannotGive(*large)
    try:
        with package_at(target, timezone.localtime(now)) as sink:
            _write(sink, project_id, volumes, project_code, form, timezone.localtime(now))
    except SourceChanged as changed:
        raise CannotGive(Reason("preservation.source_changed", {"path": changed.path})) from changed
    except FileNotFoundError as lost:
        raise CannotGive(Reason("preservation.bytes_missing", {"path": str(lost.filename or "")})) from lost
    given = Given(target, len(objects), len(sink.files), sum(each.size for each in sink.files.values()))
    _log(project_id, objects, form, given, sink, now)
    return given


def _wanted(
    code: str, reference_codes: Sequence[str], level: int
) -> tuple[UUID | None, list[ArchivalObject], list[Reason]]:
    """The volumes asked for that may be given, and what speaks against the others."""
    try:
        project_id = registry.project_by_code(replace(SYSTEM, clearance=max(SYSTEM.clearance, level)), code)
    except NotFound:
        return None, [], [Reason("preservation.no_such_project", {"code": code})]
    kept = ArchivalObject.objects.filter(project_id=project_id, kind="volume", newest=True, part=1, condemned_at=None)
    kept = kept.order_by("reference_code", "id")
    known = {each.reference_code: each for each in kept}
    reasons = [Reason("preservation.no_such_volume", {"code": each}) for each in reference_codes if each not in known]
    objects = [known[each] for each in dict.fromkeys(reference_codes) if each in known] or list(kept)
    if not objects:
        reasons.append(Reason("preservation.nothing_preserved", {"code": code}))
    reasons += list(_against(objects, level))
    return project_id, objects, reasons


def _against(objects: Sequence[ArchivalObject], level: int) -> Iterator[Reason]:
    verified = Copy.objects.filter(object=OuterRef("pk"), state=CopyState.VERIFIED.value)
    all_parts = ArchivalObject.objects.filter(volume__in=[each.volume_id for each in objects], newest=True)
    unsound = set(all_parts.filter(~Exists(verified)).values_list("volume_id", flat=True))
    for each in objects:
        said = {"code": each.reference_code or str(each.volume_id), "title": each.title}
        if each.level > level:
            yield Reason("preservation.above_level", {**said, "level": each.level})
        if each.volume_id in unsound:
            yield Reason("preservation.no_verified_copy", said)


def _too_large(project_id: UUID, volume_ids: list[UUID]) -> list[Reason]:
    most = eep.LARGEST_RECORD_BYTES // (1024 * 1024)
    return [
        Reason("preservation.too_large_for_eep", {"title": title, "most": most})
        for volume in gathering.volumes(project_id, volume_ids)
        for title in eep.too_large(volume)
    ]


def _write(sink: Sink, project_id: UUID, volume_ids: list[UUID], code: str, form: Form, now: datetime) -> None:
    volumes, archive = gathering.volumes(project_id, volume_ids), letterhead().archive
    if form is Form.BAGIT:
        bagit.write(sink, volumes, source=archive, now=now)
    elif form is Form.DAT93:
        transfer.write(sink, volumes, project_code=code, works_code="00", now=now)
    elif form is Form.CSIP:
        csip.write(sink, volumes, package_id=f"urn:uuid:{new_id()}", source=archive, now=now)
    else:
        eep.write(sink, volumes, source=archive, signatory=signatory(archive), now=now)


@transaction.atomic
def _log(
    project_id: UUID, objects: Sequence[ArchivalObject], form: Form, given: Given, sink: Sink, now: datetime
) -> None:
    audit.record(
        actor="system", act="preservation.package.given", subject=f"registry.project:{project_id}", at=now,
        data={
            "form": form.value, "target": given.target.name, "files": given.files, "bytes": given.bytes,
            "volumes": [{"id": each.volume_id, "reference_code": each.reference_code, "level": each.level} for each in objects],
            "sm3": {path: written.digests["sm3"] for path, written in sink.files.items() if "/" not in path},
        },
    )  # fmt: skip
