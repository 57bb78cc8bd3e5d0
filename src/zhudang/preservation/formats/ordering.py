"""Migrations ordered: what one would touch is shown before, and everything that keeps it from beginning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from zhudang.audit import operations as audit
from zhudang.events import work
from zhudang.identity.rights import Actor, demand
from zhudang.preservation.formats.paths import PATHS, paths_from
from zhudang.preservation.formats.paths import Path as MigrationPath
from zhudang.preservation.models import FormatMigration, HeldFormat, Rendition
from zhudang.registry import queries as registry
from zhudang.shared.refusals import NotFound, Reason, Refusal


class CannotMigrate(Refusal):
    """The migration is not begun; nothing changed."""


@dataclass(frozen=True)
class Preview:
    """What an order would touch.

    Args:
        files, bytes, volumes: of the format, as far as they may be touched.
        already: files that have a rendition of this very path and tool.
    """

    format_id: str
    format_name: str
    path: MigrationPath
    project_id: UUID | None
    files: int
    bytes: int
    volumes: int
    already: int
    reasons: tuple[Reason, ...]


def preview(*, actor: Actor, format_id: str, path_code: str, project_id: UUID | None = None) -> Preview:
    """Tell what a migration would touch and everything that keeps it from beginning.

    Raises:
        Forbidden.
        NotFound: no such path from this format, or nothing of it that this actor may know of.
    """
    demand(actor, "preservation.migration.order")
    path = PATHS.get(path_code)
    if path is None or path not in paths_from(format_id):
        raise NotFound
    if project_id and not registry.visible_projects(actor).filter(pk=project_id).exists():
        raise NotFound
    rows = held_rows(format_id, actor.reach, project_id)
    found = list(rows.values_list("files", "bytes", "format_name"))
    if not found:
        raise NotFound
    files = sum(row[0] for row in found)
    already = _already(format_id, path, project_id)
    return Preview(
        format_id, found[0][2], path, project_id, files, sum(row[1] for row in found), len(found), already, _why_not(path)
    )  # fmt: skip


def held_rows(format_id: str, reach: int, project_id: UUID | None) -> QuerySet[HeldFormat]:
    """The volumes that hold files of a format, as far as they may be touched.

    Args:
        reach: the highest secrecy level of whoever orders it.
    """
    rows = HeldFormat.objects.filter(
        format_id=format_id, rendition=False, object__class_level__lte=reach, object__condemned_at=None
    )
    return rows.filter(object__project_id=project_id) if project_id else rows


def _already(format_id: str, path: MigrationPath, project_id: UUID | None) -> int:
    rows = Rendition.objects.filter(
        path=path.code, tool=path.tool, tool_version=path.version, superseded_at__isnull=True, kept_at__isnull=False,
        original__format_id=format_id,
    )  # fmt: skip
    rows = rows.filter(volume__project_id=project_id) if project_id else rows
    return rows.values("original_id").distinct().count()


def _why_not(path: MigrationPath) -> tuple[Reason, ...]:
    reasons = []
    if not path.available:
        reasons.append(Reason("preservation.tool_absent", {"tool": path.tool}))
    if (open_one := FormatMigration.objects.filter(open=True).first()) is not None:
        reasons.append(
            Reason(
                "preservation.migration_under_way",
                {"name": open_one.orderer_name, "format": open_one.format_name or open_one.format_id},
            )
        )
    return tuple(reasons)


def order(*, actor: Actor, format_id: str, path_code: str, project_id: UUID | None, now: datetime) -> UUID:
    """Order a migration; gives its id. The work follows in the background.

    Raises:
        Forbidden, NotFound.
        CannotMigrate: with every reason; another one under way is one.
    """
    try:
        return _order(actor, format_id, path_code, project_id, now)
    except IntegrityError as problem:
        # Two people pressed at once: the constraint let one through.
        reasons = _why_not(PATHS[path_code])
        if not reasons:
            raise
        raise CannotMigrate(*reasons) from problem


@transaction.atomic
def _order(actor: Actor, format_id: str, path_code: str, project_id: UUID | None, now: datetime) -> UUID:
    from zhudang.preservation import jobs

    shown = preview(actor=actor, format_id=format_id, path_code=path_code, project_id=project_id)
    if shown.reasons:
        raise CannotMigrate(*shown.reasons)
    row = FormatMigration(
        format_id=format_id, format_name=shown.format_name, path=path_code, tool=shown.path.tool,
        tool_version=shown.path.version, parameters=shown.path.parameters, project_id=project_id,
        highest_level=actor.reach, ordered_at=now, ordered_by=actor.username, orderer_name=actor.name,
    )  # fmt: skip
    subject = f"preservation.formatmigration:{row.id}"
    row.work_id = work.start(kind="preservation.migrate", subject=subject, actor=actor, total=shown.files, now=now)
    row.save(force_insert=True)
    audit.record(
        actor=actor, act="preservation.migration.ordered", subject=subject, at=now,
        data={
            "format": format_id, "path": path_code, "tool": row.tool, "version": row.tool_version, "files": shown.files,
            "bytes": shown.bytes, "project": project_id,
        },
    )  # fmt: skip
    jobs.migrate.defer(migration_id=str(row.id))
    return row.id
