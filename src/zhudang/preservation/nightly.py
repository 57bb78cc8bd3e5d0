"""What preservation does at night, and now and then: catalogues and registers that changed, transfers that waited for room."""

from __future__ import annotations

from django.utils import timezone

from zhudang.identity.rights import SYSTEM
from zhudang.preservation import ingesting
from zhudang.preservation.domain import batching
from zhudang.preservation.domain.states import IngestState
from zhudang.preservation.models import ArchivalObject, Ingest
from zhudang.preservation.packing import ARCHIVE

RESUMABLE = (
    "preservation.disk_full",
    "preservation.unreachable",
    "preservation.read_only",
    "preservation.no_right",
    "preservation.medium_fails",
    "preservation.another_site_there",
    "preservation.keys_first",
    "preservation.keys_lost",
    "preservation.keys_sm_shares",
)
"""Reasons that go away by themselves; everything else waits for a person."""


def run() -> None:
    """Defer a look at every project's catalogue and at the archive's own registers; a version is written only where something changed.

    One with many versions waits and gathers its changes (`domain.batching`). While nothing is kept there is nothing to
    be rebuilt, and the archive's own registers are not written: a new installation beside the store of a lost one must not
    lay its empty registers over the full ones before they were brought back.
    """
    from zhudang.preservation import jobs

    now = timezone.now()
    kept = ArchivalObject.objects.filter(kind="project", part=1, newest=True).order_by("id")
    for project_id, version, kept_at in kept.values_list("project_id", "version", "kept_at").iterator():
        if batching.is_due(version, now - kept_at):
            jobs.keep_project.defer(project_id=str(project_id))
    own = ArchivalObject.objects.filter(kind=ARCHIVE, part=1, newest=True).first()
    if batching.is_due(own.version, now - own.kept_at) if own else ArchivalObject.objects.exists():
        jobs.keep_archive.defer()


def resume_what_can() -> int:
    """Go on with transfers whose reason to stop may be gone; tells how many."""
    stopped = Ingest.objects.filter(state=IngestState.STOPPED.value, stopped_because__code__in=RESUMABLE)
    waiting = list(stopped.values_list("transfer_id", flat=True))
    for transfer_id in waiting:
        ingesting.resume(actor=SYSTEM, transfer_id=transfer_id, now=timezone.now())
    return len(waiting)
