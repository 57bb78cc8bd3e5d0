"""What people and upper contexts see of files: always asked for many at once, never one query per file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from zhudang.content import places, store
from zhudang.content.domain import tus
from zhudang.content.models import CheckRun, File, Finding, Toolset, Upload
from zhudang.identity import rights
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.rights import Actor
from zhudang.shared.bulk import batched
from zhudang.shared.refusals import NotFound, Refusal

BLOCKING = "block"
_KEYS_AT_ONCE = 1000
_M = TypeVar("_M", bound=Model)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file and the bytes it stands for. `path` is for programs; people are shown `name`."""

    id: UUID
    name: str
    folder: str
    size: int
    sha256: str
    sm3: str
    mime: str
    format_id: str
    format_name: str
    pages: int | None
    verdict: str | None
    checked_at: datetime | None
    facts: Mapping[str, Any]
    project_id: UUID | None
    unit_work_id: UUID | None
    organisation_id: UUID | None
    client_organisation_id: UUID | None
    level: int
    received_at: datetime
    withdrawn: bool
    own_document: bool
    destroyed: bool = False

    @property
    def path(self) -> Path:
        """Where the stored bytes lie; read only."""
        return store.blob_path(self.sha256)

    @property
    def state(self) -> str:
        """The code for the state mark: unchecked, ok, warn, fail or manual."""
        return {"pass": "ok", "warn": "warn", "fail": "fail", "manual": "manual"}.get(self.verdict or "", "unchecked")


@dataclass(frozen=True, slots=True)
class FileStub:
    """What a file is called and whose it is: enough to sort thousands of files without holding what checks found."""

    id: UUID
    name: str
    folder: str
    project_id: UUID | None
    organisation_id: UUID | None
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class FileFinding:
    """One finding of the latest check run of a file."""

    file_id: UUID
    code: str
    dimension: str
    severity: str
    message: str
    data: Mapping[str, Any]

    @property
    def blocks(self) -> bool:
        return self.severity == BLOCKING


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The latest check run of one file; `finished_at` is None while nobody has looked yet."""

    file: StoredFile
    engine: str = ""
    finished_at: datetime | None = None
    findings: tuple[FileFinding, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    format: Mapping[str, Any] = field(default_factory=dict)
    not_checked: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, Any] = field(default_factory=dict)


class Destroyed(Refusal):
    """The file's bytes were destroyed by a disposal; what it was is still told."""


def visible_to(actor: Actor) -> QuerySet[File]:
    """The files an actor may know of by what they are; upper contexts may open more, see `places`."""
    scope = rights.project_scope(actor)
    files = File.objects.filter(level__lte=scope.level, withdrawn_at__isnull=True)
    if actor.is_system:
        return files
    mine = actor.organisations_as(*FILERS)
    everything = scope.reach is rights.Reach.ALL
    if not mine and not everything:
        return files.none()
    reached = Q(organisation_id__in=mine) | Q(client_organisation_id__in=mine) & (
        Q(with_client=True) | Q(with_archive=True)
    )
    return files.filter(reached | Q(with_archive=True) if everything else reached)


def named_by_bytes(actor: Actor, digests: Collection[str]) -> dict[str, list[tuple[UUID, str]]]:
    """The files an actor may read, with their names, by the SHA-256 of their bytes; the same bytes may have several names."""
    rows = File.objects.filter(blob__sha256__in=digests, withdrawn_at__isnull=True).order_by("name", "id")
    found = list(rows.values_list("blob__sha256", "id", "name"))
    readable = set(visible_to(actor).filter(blob__sha256__in=digests).values_list("id", flat=True))
    readable |= places.readable_elsewhere(actor, frozenset(row[1] for row in found) - readable)
    named: dict[str, list[tuple[UUID, str]]] = {}
    for digest, file_id, name in found:
        if file_id in readable:
            named.setdefault(digest, []).append((file_id, name))
    return named


def file_for(actor: Actor, file_id: UUID) -> StoredFile:
    """Find one file this actor may read.

    Raises:
        NotFound: no such file, or none this actor may know of.
    """
    row = visible_to(actor).select_related("blob").filter(id=file_id).first()
    if row is None and file_id in places.readable_elsewhere(actor, frozenset({file_id})):
        row = File.objects.select_related("blob").filter(id=file_id, withdrawn_at__isnull=True).first()
    if row is None:
        raise NotFound
    return _stored(row)


def stored_files(file_ids: Iterable[UUID]) -> dict[UUID, StoredFile]:
    """Find many files by id, withdrawn ones too. Rights were asked by the caller."""
    files = File.objects.select_related("blob")
    return {row.id: _stored(row) for row in _some_at_a_time(files, "id", file_ids)}


def _some_at_a_time(rows: QuerySet[_M], column: str, keys: Iterable[UUID]) -> Iterator[_M]:
    """The rows with these keys; of very many only as many stand in memory as one question brings."""
    for some in batched(keys, _KEYS_AT_ONCE):
        yield from rows.filter(**{f"{column}__in": some})


def file_stubs(file_ids: Iterable[UUID]) -> dict[UUID, FileStub]:
    """Name many files by id, withdrawn ones too. Rights were asked by the caller."""
    rows = File.objects.filter(id__in=list(file_ids)).values_list(
        "id", "name", "folder", "project_id", "organisation_id", "withdrawn_at"
    )
    return {row[0]: FileStub(*row[:5], withdrawn=row[5] is not None) for row in rows}


def stored_file(file_id: UUID) -> StoredFile:
    """Find one file. Rights were asked by the caller.

    Raises:
        NotFound: no such file.
    """
    found = stored_files([file_id]).get(file_id)
    if found is None:
        raise NotFound
    return found


def _stored(row: File) -> StoredFile:
    return StoredFile(
        id=row.id,
        name=row.name,
        folder=row.folder,
        size=row.blob.size,
        sha256=row.blob.sha256,
        sm3=row.blob.sm3,
        mime=row.mime,
        format_id=row.format_id,
        format_name=row.format_name,
        pages=row.pages,
        verdict=row.verdict,
        checked_at=row.checked_at,
        facts=row.facts,
        project_id=row.project_id,
        unit_work_id=row.unit_work_id,
        organisation_id=row.organisation_id,
        client_organisation_id=row.client_organisation_id,
        level=row.level,
        received_at=row.received_at,
        withdrawn=row.withdrawn_at is not None,
        own_document=row.own_document,
        destroyed=row.destroyed_at is not None,
    )


def files_of_project(
    project_id: UUID, *, actor: Actor, unit_work_id: UUID | None = None, organisation_id: UUID | None = None
) -> list[StoredFile]:
    """The received files of a project this actor may know of, newest first; our own documents left out."""
    rows = visible_to(actor).select_related("blob").filter(project_id=project_id, own_document=False)
    if unit_work_id:
        rows = rows.filter(unit_work_id=unit_work_id)
    if organisation_id:
        rows = rows.filter(organisation_id=organisation_id)
    return [_stored(row) for row in rows.order_by("-received_at", "-id")]


def findings_of(file_ids: Iterable[UUID]) -> dict[UUID, list[FileFinding]]:
    """The findings of the latest run of each file; a file without findings is missing from the answer."""
    return _findings(_latest_runs(file_ids))


def _findings(latest: Mapping[UUID, UUID]) -> dict[UUID, list[FileFinding]]:
    found: dict[UUID, list[FileFinding]] = defaultdict(list)
    for row in _some_at_a_time(Finding.objects.order_by("run_id", "position"), "run_id", latest.values()):
        found[row.file_id].append(_finding(row))
    return dict(found)


def blocked(file_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the files whose latest run has a blocking finding."""
    return set(File.objects.filter(id__in=list(file_ids), verdict="fail").values_list("id", flat=True))


def unchecked(file_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the files nobody has looked at yet."""
    nobody = Q(verdict__isnull=True) | Q(verdict="not_checked")
    return set(File.objects.filter(nobody, id__in=list(file_ids), own_document=False).values_list("id", flat=True))


def _latest_runs(file_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    runs = CheckRun.objects.filter(file_id__in=list(file_ids)).order_by("file_id", "-finished_at", "-id")
    return dict(runs.distinct("file_id").values_list("file_id", "id"))


def _finding(row: Finding) -> FileFinding:
    return FileFinding(row.file_id, row.code, row.dimension, row.severity, row.message, row.data)


def reports(file_ids: Iterable[UUID]) -> dict[UUID, CheckReport]:
    """The latest check report of each file. Rights were asked by the caller."""
    files = stored_files(file_ids)
    answer = {file_id: CheckReport(file) for file_id, file in files.items()}
    latest = _latest_runs(files)
    found = _findings(latest)
    used = CheckRun.objects.filter(id__in=latest.values()).values("toolset_id")
    tools = dict(Toolset.objects.filter(digest__in=used).values_list("digest", "told"))
    for run in _some_at_a_time(CheckRun.objects.all(), "id", latest.values()):
        answer[run.file_id] = CheckReport(
            files[run.file_id],
            run.engine,
            run.finished_at,
            tuple(found.get(run.file_id, ())),
            run.facts,
            run.format,
            run.not_checked,
            tools.get(run.toolset_id or "", {}),
        )
    return answer


def report(file_id: UUID) -> CheckReport:
    """The latest check report of one file. Rights were asked by the caller.

    Raises:
        NotFound: no such file.
    """
    found = reports([file_id]).get(file_id)
    if found is None:
        raise NotFound
    return found


def page_texts(file_id: UUID) -> Iterator[tuple[int, str]]:
    """Yield (page from 1, text) of a file, for the index. Rights were asked by the caller.

    Raises:
        NotFound: no such file.
        zhudang.checks.engine.CannotRead: the file broke the reader; pages given before stand.
    """
    yield from page_texts_of(stored_file(file_id))


def page_texts_of(file: StoredFile) -> Iterator[tuple[int, str]]:
    """Yield (page from 1, text) of a file already looked up, for indexing many. Rights were asked by the caller.

    Raises:
        zhudang.checks.engine.CannotRead: the file broke the reader; pages given before stand.
    """
    from zhudang.content import derivatives

    yield from derivatives.page_texts(file)


def said_at_upload(file_ids: Iterable[UUID], key: str) -> dict[UUID, str]:
    """What the uploads of these files said under a metadata key; files without it are left out."""
    said = {}
    rows = Upload.objects.filter(file_id__in=list(file_ids), metadata__contains=f"{key} ")
    for file_id, text in rows.values_list("file_id", "metadata"):
        if file_id and (value := tus.read_metadata(text).get(key)):
            said[file_id] = value
    return said


def page_marks(file_ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """By what the latest checks know the pages of files, to tell pages that stand twice. Rights were asked."""
    runs = CheckRun.objects.filter(id__in=_latest_runs(file_ids).values(), facts__has_key="page_marks")
    return {file_id: {"page_marks": marks} for file_id, marks in runs.values_list("file_id", "facts__page_marks")}


def packages_seen(file_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Kinds of the packages that the latest checks saw these files to be; files that are none are left out."""
    runs = CheckRun.objects.filter(id__in=_latest_runs(file_ids).values(), facts__has_key="package")
    told = runs.values_list("file_id", "facts__package")
    return {file_id: str(packages[0].get("kind", "")) for file_id, packages in told if packages}


def taken_from_packages(file_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the files that came inside a package."""
    rows = Upload.objects.filter(file_id__in=list(file_ids), metadata__startswith="package ")
    return {file_id for file_id in rows.values_list("file_id", flat=True) if file_id}


def files_of_packages(package_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many files were taken out of each of these packages; packages still whole are left out."""
    counts: dict[UUID, int] = {}
    for package_id in package_ids:
        mark = tus.write_metadata({"package": str(package_id)})
        if count := Upload.objects.filter(metadata__startswith=mark, file__isnull=False).count():
            counts[package_id] = count
    return counts


def uploaders(file_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """Tell who handed files in: file -> (login, name); what the system made or nobody is known of is left out."""
    rows = File.objects.filter(id__in=file_ids, uploaded_by__isnull=False)
    return {
        pk: (login, name) for pk, login, name in rows.values_list("id", "uploaded_by__username", "uploaded_by__name")
    }
