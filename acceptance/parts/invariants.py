"""What must hold after every kill, asked of the installation's own rows and of its files. Each answer is a sentence."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def set_up(env: Mapping[str, str]) -> None:
    """Make this process one of the installation's: its settings, its data, its application role."""
    import django

    os.environ.update({name: value for name, value in env.items() if name.startswith("ZHUDANG_")})
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()


def asked(question: Callable[[], T], *, seconds: float = 60) -> T:
    """Ask the database, again where the killed server had taken our link along.

    Raises:
        django.db.Error: it does not answer in time.
    """
    from django.db import DatabaseError, InterfaceError, connections

    end = time.monotonic() + seconds
    while True:
        try:
            return question()
        except (DatabaseError, InterfaceError):
            connections.close_all()
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def broken(told: Mapping[str, str]) -> list[str]:
    """Everything that is not as promised; an empty list when all is well.

    Args:
        told: id of every file whose arrival a person was told, with the SHA-256 of what was sent.
    """
    return asked(lambda: [*_content(), *_told(told), *_log(), *_preserved(), *_certificates()])


def _content() -> Iterator[str]:
    from zhudang.content.promises import broken_promises

    for one in broken_promises():
        yield f"{one.code}: {one.subject}"


def _told(told: Mapping[str, str]) -> Iterator[str]:
    """Whatever was told to have arrived is a row, with the bytes that were sent."""
    from django.db.models import Count

    from zhudang.content.models import File

    known = {str(i): digest for i, digest in File.objects.filter(id__in=list(told)).values_list("id", "blob__sha256")}
    projects = File.objects.filter(id__in=list(told)).values("project_id")
    sent = File.objects.filter(project_id__in=projects, own_document=False).values("project_id", "folder", "name")
    for row in sent.annotate(times=Count("id")).filter(times__gt=1):
        yield f"sent once and there {row['times']} times: {row['folder']}/{row['name']}"
    for file_id, digest in told.items():
        if known.get(file_id) != digest:
            yield f"told and not there: file {file_id}: {known.get(file_id)} instead of {digest}"


def _log() -> Iterator[str]:
    from django.utils import timezone

    from zhudang.audit.sealing import seal_everything
    from zhudang.audit.verification import verify

    seal_everything(timezone.now())
    for finding in verify(timezone.now()).findings:
        yield f"audit log: {finding}"


def _twice_kept() -> set[Any]:
    """Volumes of which two copies were read back whole, of every part."""
    from django.db.models import Count, Q

    from zhudang.preservation.models import ArchivalObject

    sound = Count("copies", filter=Q(copies__state="verified"))
    parts = ArchivalObject.objects.filter(kind="volume", newest=True).annotate(sound=sound)
    kept = parts.values_list("volume_id", flat=True)
    return set(kept.filter(sound__gte=2)) - set(kept.filter(sound__lt=2))


def _preserved() -> Iterator[str]:
    """Nothing is called preserved that has not two verified copies."""
    from zhudang.filing.models import Record, Volume
    from zhudang.handover.models import VolumeCount

    # What is called so is read first: copies only become more in between.
    records = list(Record.objects.filter(state="preserved").values_list("id", "volume_id"))
    volumes = list(Volume.objects.filter(preserved_at__isnull=False).values_list("id", flat=True))
    transferred = list(
        VolumeCount.objects.filter(transfer__state="preserved", absent=False).values_list("transfer_id", "volume_id")
    )
    kept = _twice_kept()
    for record_id, volume_id in records:
        if volume_id not in kept:
            yield f"record {record_id} is called preserved, its volume has not two verified copies"
    for volume_id in volumes:
        if volume_id not in kept:
            yield f"volume {volume_id} is called preserved without two verified copies"
    for transfer_id, volume_id in transferred:
        if volume_id not in kept:
            yield f"transfer {transfer_id} is called preserved, its volume {volume_id} has not two verified copies"


def _certificates() -> Iterator[str]:
    from zhudang.handover.models import Certificate

    for certificate_id in Certificate.objects.exclude(transfer__state="preserved").values_list("id", flat=True):
        yield f"certificate {certificate_id} of a transfer that is not preserved"


def half_done(transfer_id: Any) -> list[str]:
    """What a finished transfer has left unfinished: all of its records are preserved, its project's store is whole."""
    from zhudang.filing.models import Record
    from zhudang.handover.models import Transfer
    from zhudang.preservation.models import Ingest

    def ask() -> list[str]:
        transfer = Transfer.objects.get(id=transfer_id)
        left = Record.objects.filter(project_id=transfer.project_id).exclude(state="preserved").count()
        ingest = Ingest.objects.get(transfer_id=transfer_id)
        told = [f"{left} records of the transfer are not preserved"] if left else []
        return told + ([f"the ingest is {ingest.state}"] if ingest.state != "done" else [])

    return asked(ask)
