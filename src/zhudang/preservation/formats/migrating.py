"""Ordered migrations done volume by volume, the original never touched.

Each file is read from a proven working copy, converted in a child process and compared; what passed is kept as a rendition
in one new version of its volume's object. Safe to kill anywhere: a volume counts as done in the transaction that
says so, what was made before that is found and not made again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.checks.model import FileToCheck
from zhudang.content import derivatives
from zhudang.content import operations as content_operations
from zhudang.content import queries as content
from zhudang.events import work
from zhudang.filing import queries as filing
from zhudang.identity.rights import SYSTEM
from zhudang.preservation import keeping, packing, placement, working_copies
from zhudang.preservation.around_volumes import around
from zhudang.preservation.formats import converting
from zhudang.preservation.formats.converters.results import Converted, NotConverted, NotNeeded
from zhudang.preservation.formats.ordering import held_rows
from zhudang.preservation.formats.paths import PATHS
from zhudang.preservation.formats.paths import Path as MigrationPath
from zhudang.preservation.models import ArchivalObject, FormatMigration, MigrationOutcome, Rendition
from zhudang.preservation.ocfl.content import CopyDiffers, SourceChanged, TooLarge
from zhudang.preservation.ocfl.root import StoreFull, StoreUnreachable
from zhudang.preservation.sites import at_hand, places, reason_of, writing
from zhudang.preservation.storing import NoSoundCopy
from zhudang.shared.refusals import Reason, Refusal

RUN_SECONDS = 300.0
"""A run gives way after so long: transfers that wait go first."""
_MESSAGE = "格式转换 / format migration"
_STOPS_VOLUME = (SourceChanged, CopyDiffers, TooLarge, NoSoundCopy, FileNotFoundError)
_EXPECTED = {
    "tiff": frozenset({"fmt/353", "fmt/152", "fmt/155", "fmt/154"}),
    "utf8": frozenset({"x-fmt/111", "x-fmt/18", "x-fmt/16", "fmt/101"}),
    "csv": frozenset({"x-fmt/18", "x-fmt/111"}),
}
"""What the identification must say of what was made."""


def run(migration_id: UUID, *, seconds: float = RUN_SECONDS) -> bool:
    """Go on with an ordered migration for some minutes; True when there is more to do. Safe to run twice."""
    row = FormatMigration.objects.filter(id=migration_id, open=True).first()
    if row is None:
        return False
    FormatMigration.objects.filter(id=migration_id).update(state="running")
    path, until = PATHS.get(row.path), time.monotonic() + seconds
    try:
        if path is None or path.version != row.tool_version:
            # A new release of the tool came meanwhile: what was promised in the preview is no longer what would be done.
            raise _Stopped(Reason("preservation.tool_changed", {"tool": row.tool, "version": row.tool_version}))
        for item in _objects(row):
            if time.monotonic() > until:
                return True
            _Volume(row, path, item).do()
            row.refresh_from_db()
    except work.Cancelled:
        _close(row, "cancelled", None)
    except _Stopped as stopped:
        _close(row, "stopped", stopped.reason)
    except content_operations.store.DiskFull:
        _close(row, "stopped", Reason("preservation.disk_full", {"place": str(settings.DATA)}))
    except Refusal as cause:
        _close(row, "stopped", cause.reasons[0])
    except StoreFull as cause:
        _close(row, "stopped", Reason("preservation.disk_full", {"place": str(cause.folder)}))
    except StoreUnreachable as cause:
        _close(row, "stopped", reason_of(cause))
    except Exception as cause:
        _close(row, "stopped", Reason("preservation.migration_broke", {"problem": type(cause).__name__}))
        raise
    else:
        _close(row, "done", None)
    return False


class _Stopped(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def _objects(row: FormatMigration) -> Iterator[ArchivalObject]:
    """The volumes' objects not done yet, by their ids; asked one after the other, so memory stays flat."""
    while True:
        rows = held_rows(row.format_id, row.highest_level, row.project_id)
        if row.after_object:
            rows = rows.filter(object_id__gt=row.after_object)
        found = rows.order_by("object_id").select_related("object").first()
        if found is None:
            return
        yield found.object
        if row.after_object != found.object_id:
            return


@dataclass
class _Volume:
    """The files of one volume: converted one by one, kept together in one version."""

    row: FormatMigration
    path: MigrationPath
    item: ArchivalObject
    already: int = 0
    made: int = 0
    failed: dict[UUID, Reason] = field(default_factory=dict)
    unneeded: dict[UUID, Reason] = field(default_factory=dict)

    def do(self) -> None:
        """Convert, keep, and note the volume as done.

        Raises:
            work.Cancelled: between two files; what was made is found by the next order.
        """
        originals = _originals(self.item, self.row)
        for file in originals:
            self._go_on(file.name)
            self._one(file)
        unkept = Rendition.objects.filter(volume_id=self.item.pk, kept_at__isnull=True)
        if unkept.exists():
            self._keep(unkept)
        self._note(len(originals))

    def _one(self, file: content.StoredFile) -> None:
        there = Rendition.objects.filter(
            original_id=file.id, path=self.path.code, tool=self.path.tool, tool_version=self.path.version,
            source_sha256=file.sha256, parameters=self.path.parameters, superseded_at__isnull=True,
        )  # fmt: skip
        kept = list(there.values_list("kept_at", "migration_id"))
        if kept:
            # Made by this order already: by a run of it that was killed, or stopped before it could be kept.
            ours = any(kept_at is None or migration_id == self.row.id for kept_at, migration_id in kept)
            self.made, self.already = self.made + ours, self.already + (not ours)
            return
        try:
            self._convert(file)
            self.made += 1
        except NotNeeded as told:
            self.unneeded[file.id] = _reason(told)
        except NotConverted as told:
            self.failed[file.id] = _reason(told)
        except working_copies.NotShown as told:
            self.failed[file.id] = told.reasons[0]

    def _convert(self, file: content.StoredFile) -> None:
        source = working_copies.of_file(file) or file.path
        with _results() as folder:
            done = converting.convert(self.path.code, source, folder, go_on=lambda: self._go_on(file.name))
            names = [_name(file.name, each.label, each.ending, self.path.code) for each in done.made]
            formats = [
                _identified(folder / each.name, name, self.path) for each, name in zip(done.made, names, strict=True)
            ]
            self._take(file, folder, done, names, formats)

    @transaction.atomic
    def _take(
        self, file: content.StoredFile, folder: Path, done: Converted, names: list[str], formats: list[Any]
    ) -> None:
        """Write all that was made of one file, or nothing."""
        now = timezone.now()
        for part, (each, name, found) in enumerate(zip(done.made, names, formats, strict=True), start=1):
            file_id, digests = content_operations.keep_rendition(
                of=file.id, path=folder / each.name, name=name, mime=found.mime, format_id=found.id, format_name=found.name,
                actor=SYSTEM, now=now,
            )  # fmt: skip
            Rendition.objects.create(
                volume_id=self.item.pk, original_id=file.id, file_id=file_id, path=self.path.code, part=part,
                label=each.label, tool=self.path.tool, tool_version=self.path.version, parameters=self.path.parameters,
                source_sha256=file.sha256, result_sha256=digests.sha256, check_kind=self.path.check, figures=done.figures,
                made_at=now, ordered_by=self.row.ordered_by, orderer_name=self.row.orderer_name, migration_id=self.row.id,
            )  # fmt: skip

    def _keep(self, unkept: QuerySet[Rendition]) -> None:
        """Write the volume's object anew with what was made; what cannot be kept is told of each of its files."""
        try:
            _kept(self.item)
        except _STOPS_VOLUME as cause:
            files = set(unkept.values_list("original_id", flat=True))
            if isinstance(cause, TooLarge):
                # It will not become smaller: what stays unkept would keep all else from being written, too.
                unkept.delete()
            reason = Reason("preservation.not_kept", {"problem": f"{type(cause).__name__}: {cause}"[:300]})
            self.made = max(self.made - len(files), 0)
            self.failed |= dict.fromkeys(files, reason)

    @transaction.atomic
    def _note(self, files: int) -> None:
        now = timezone.now()
        for file_id, reason in (*self.failed.items(), *self.unneeded.items()):
            MigrationOutcome.objects.update_or_create(
                migration=self.row, file_id=file_id,
                defaults={
                    "volume_id": self.item.pk, "failed": file_id in self.failed, "at": now,
                    "reason": {"code": reason.code, "data": dict(reason.data)},
                },
            )  # fmt: skip
        FormatMigration.objects.filter(id=self.row.id).update(
            after_object=self.item.pk, files=F("files") + files, made=F("made") + self.made,
            already=F("already") + self.already + len(self.unneeded), failed=F("failed") + len(self.failed),
        )  # fmt: skip

    def _go_on(self, note: str) -> None:
        if self.row.work_id:
            done = self.row.files + self.made + self.already + len(self.failed) + len(self.unneeded)
            work.advance_or_stop(self.row.work_id, done, note)


def _originals(item: ArchivalObject, row: FormatMigration) -> list[content.StoredFile]:
    """The current files of a volume that are of the format, in their order."""
    ids = [file_id for record in filing.records_of_volume(item.pk) for file_id in record.file_ids]
    stored = content.stored_files(ids)
    return [stored[pk] for pk in ids if stored[pk].format_id == row.format_id and stored[pk].level <= row.highest_level]


def _kept(item: ArchivalObject) -> None:
    """Bring a volume's object into every place it goes to, as its rows stand now."""
    assert item.project_id is not None
    volume = next(each for each in filing.volumes_of(item.project_id) if each.id == item.pk)
    package = packing.pack_volume(around(item.project_id), volume)
    own = at_hand(places(), placement.places_of(package.kind, package.level))
    with writing(own) as roots:
        now = timezone.now()
        kept = keeping.keep(
            package, roots, message=_MESSAGE, now=timezone.localtime(now),
            known=keeping.known_of(package.thing_id, own),
        )  # fmt: skip
        keeping.note_kept(package, kept, own, now=timezone.now())


def _reason(told: NotConverted) -> Reason:
    return Reason(f"preservation.migration_{told.reason}", told.data)


def _name(original: str, label: str, ending: str, code: str) -> str:
    """What people call the result: the original's name, the sheet's where there are several, the new ending."""
    stem, _, old = original.rpartition(".") if "." in original else (original, "", "")
    if code == "utf8":
        return f"{stem[:240]}.utf8.{old or 'txt'}"
    label = "".join("_" if character in '\\/:*?"<>|' else character for character in label)
    return f"{stem[:180]}{'-' if label else ''}{label[:60]}.{ending}"


def _identified(path: Path, name: str, way: MigrationPath) -> Any:
    """Have the examiner say what was made: another program than the one that made it.

    Raises:
        NotConverted: it is not what the path leads to.
    """
    report = derivatives.engine().check(FileToCheck(path, name))
    if report.format.id not in _EXPECTED[way.code]:
        raise NotConverted("result_unknown", found=report.format.id or report.format.name)
    return report.format


@contextmanager
def _results() -> Iterator[Path]:
    """A folder for what a child makes, gone afterwards; what a killed run left is cleared by the next."""
    base = Path(settings.DATA) / "work" / "migration"
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True, mode=0o700)
    try:
        yield base
    finally:
        shutil.rmtree(base, ignore_errors=True)


@transaction.atomic
def _close(row: FormatMigration, state: str, reason: Reason | None) -> None:
    """End a migration, tell its figures, and have the catalogues of the projects it touched written anew."""
    from zhudang.preservation import jobs

    now = timezone.now()
    because = {"code": reason.code, "data": dict(reason.data)} if reason else {}
    FormatMigration.objects.filter(id=row.id).update(open=False, state=state, finished_at=now, stopped_because=because)
    row.refresh_from_db()
    figures = {"files": row.files, "made": row.made, "already": row.already, "failed": row.failed}
    audit.record(
        actor="system", act=f"preservation.migration.{state}", subject=row, at=now,
        data={"format": row.format_id, "path": row.path, "stopped": because, **figures},
    )  # fmt: skip
    made = Rendition.objects.filter(migration_id=row.id, kept_at__isnull=False).order_by()
    for project_id in made.values_list("volume__project_id", flat=True).distinct():
        jobs.keep_project.defer(project_id=str(project_id))
    if row.work_id:
        from zhudang.preservation.words import sentence

        outcome = {"done": "done", "cancelled": "cancelled"}.get(state, "failed")
        told: dict[str, Any] = {**figures, "link": reverse("preservation:migration", args=[row.id])}
        if reason:
            told["reason"] = str(sentence(reason))
        work.finish(row.work_id, outcome, told, now=now)
