"""Acts inside an installation, a process each: `python -m acceptance.parts.acts ceremony | walk NAME N | hand NAME N SIZE | … `. One JSON line."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from typing import Any
from uuid import UUID


def _received(name: str, count: int, size: int) -> tuple[Any, list[UUID], dict[str, str]]:
    from bench.driver import Project
    from bench.files import small_pdf
    from django.utils import timezone

    from zhudang.content import operations as content
    from zhudang.registry import queries as registry_queries

    project = Project(name)
    place = registry_queries.place_of(project.id)
    assert place is not None
    start = abs(hash(name)) % 10_000_000
    pdfs = [small_pdf(start + n, size) for n in range(count)]
    items = [
        content.Incoming(f"隐蔽工程验收记录_{n:03d}.pdf", "隐蔽", data=data, level=1, unit_work_id=project.unit)
        for n, data in enumerate(pdfs)
    ]
    ids = content.receive_many(
        actor=project.clerk, items=items, place=place, now=timezone.now(), organisation_id=project.firms["qingshi"]
    )
    return project, ids, {str(i): hashlib.sha256(data).hexdigest() for i, data in zip(ids, pdfs, strict=True)}


def walk(name: str, count: str) -> dict[str, Any]:
    """A project all the way to two verified copies and its certificate in the store; the files with their digests."""
    from zhudang.preservation.models import ArchivalObject

    project, ids, told = _received(name, int(count), 20_000)
    project.road(ids, lambda _stage: None)
    volumes = ArchivalObject.objects.filter(project_id=project.id, kind="volume")
    return {"files": told, "project": str(project.id), "objects": [row.ocfl_id for row in volumes]}


def ceremony() -> dict[str, Any]:
    """The ceremony of the recovery key: three custodians, any two of whom give it back; their words."""
    from django.utils import timezone

    from zhudang.identity.rights import SYSTEM
    from zhudang.preservation.keys import ceremony as ceremonies
    from zhudang.preservation.sites import places

    places()
    under_way = ceremonies.begin(actor=SYSTEM, needed=2, holders=["馆长", "保管科长", "办公室主任"])
    words = [under_way.share(number) for number in (1, 2, 3)]
    for number, share in enumerate(words, 1):
        under_way.type_back(number, share)
    ceremonies.finish(under_way, now=timezone.now())
    return {"shares": words}


def hand(name: str, count: str, size: str) -> dict[str, Any]:
    """As `walk`, to the archive's signature only."""
    project, ids, told = _received(name, int(count), int(size))
    return {"files": told, "transfer": str(project.hand_over(ids, lambda _stage: None))}


def ingest(transfer_id: str) -> dict[str, Any]:
    """How far the product says that a transfer came."""
    from zhudang.preservation.models import Ingest

    row = Ingest.objects.filter(transfer_id=transfer_id).first()
    return {"state": row.state if row else "", "because": row.stopped_because.get("code", "") if row else ""}


def resume(transfer_id: str) -> dict[str, Any]:
    """Press 继续入库 as the archivist, and wait for the end."""
    from django.utils import timezone

    from zhudang.demo import people
    from zhudang.preservation import ingesting

    ingesting.resume(actor=people.actor("archivist"), transfer_id=UUID(transfer_id), now=timezone.now())
    end = time.monotonic() + 120
    while ingest(transfer_id)["state"] != "done" and time.monotonic() < end:
        time.sleep(0.2)
    return ingest(transfer_id)


def settle() -> dict[str, Any]:
    """Wait until no job of preservation is left, then write every project's catalogue, and the archive's own registers, anew where they changed."""
    from django.db import connection

    from zhudang.preservation import ingesting
    from zhudang.preservation.models import ArchivalObject

    end = time.monotonic() + 120
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND (queue_name = 'preservation' OR task_name LIKE 'documents%')"
            )
            if cursor.fetchone()[0] == 0:
                break
        time.sleep(0.3)
    for project_id in ArchivalObject.objects.filter(kind="project", part=1, newest=True).values_list(
        "project_id", flat=True
    ):
        ingesting.keep_project(project_id)
    ingesting.keep_archive()
    return {}


def stored(files: str) -> dict[str, Any]:
    """Which of the files told (id -> SHA-256) have no row, no preserved record, or other bytes in the working store."""
    from zhudang.content import operations as content
    from zhudang.filing.models import RecordFile

    lost = []
    for file_id, sha256 in json.loads(open(files, encoding="utf-8").read()).items():  # noqa: PTH123, SIM115
        kept = RecordFile.objects.filter(file_id=file_id, record__state="preserved").exists()
        try:
            with content.open_file(file_id) as stream:
                same = hashlib.sha256(stream.read()).hexdigest() == sha256
        except Exception:
            same = False
        if not (kept and same):
            lost.append(file_id)
    return {"lost": lost}


def superuser(*statements: str) -> dict[str, Any]:
    """What an administrator of the database does behind the product's back: as superuser, triggers off."""
    import psycopg
    from django.db import connection

    from zhudang.site import environment

    at = connection.settings_dict
    with psycopg.connect(
        host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user="postgres", password=environment.secret("database_postgres")
    ) as hand_:  # fmt: skip
        hand_.execute("SET session_replication_role = replica")
        changed = [hand_.execute(statement).rowcount for statement in statements]
    return {"changed": changed}


def application(statement: str) -> dict[str, Any]:
    """What the application's own role gets for a statement: the database's refusal, or nothing where it went through."""
    from django.db import DatabaseError, connection, transaction

    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as problem:
        return {"refused": str(problem)}
    return {"refused": ""}


def main(arguments: list[str]) -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()
    act, *rest = arguments
    acts = {
        "walk": walk,
        "ceremony": ceremony,
        "hand": hand,
        "ingest": ingest,
        "resume": resume,
        "settle": settle,
        "stored": stored,
        "superuser": superuser,
        "application": application,
    }
    print(json.dumps(acts[act](*rest)))  # type: ignore[operator]
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
