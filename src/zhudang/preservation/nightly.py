"""What preservation does at night, and now and then: catalogues that changed, transfers that waited for room."""

from __future__ import annotations

from django.utils import timezone

from zhudang.identity.rights import SYSTEM
from zhudang.preservation import ingesting
from zhudang.preservation.domain.states import IngestState
from zhudang.preservation.models import ArchivalObject, Ingest

RESUMABLE = ("preservation.disk_full", "preservation.unreachable", "preservation.keys_first", "preservation.keys_lost")
"""Reasons that go away by themselves; everything else waits for a person."""


def run() -> None:
    """Defer a look at every project's catalogue; each writes a version only where something changed."""
    from zhudang.preservation import jobs

    for project_id in (
        ArchivalObject.objects.filter(kind="project").order_by("id").values_list("id", flat=True).iterator()
    ):
        jobs.keep_project.defer(project_id=str(project_id))


def resume_what_can() -> int:
    """Go on with transfers whose reason to stop may be gone; tells how many."""
    stopped = Ingest.objects.filter(state=IngestState.STOPPED.value, stopped_because__code__in=RESUMABLE)
    waiting = list(stopped.values_list("transfer_id", flat=True))
    for transfer_id in waiting:
        ingesting.resume(actor=SYSTEM, transfer_id=transfer_id, now=timezone.now())
    return len(waiting)
