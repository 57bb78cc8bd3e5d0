"""The register of holdings at size: objects and their copies in bulk, after the pattern of one project that was kept.

The rows are those the operations would write; nothing lies in the store for them, so the places say they are to read at
another hour than now.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.installation import installation
from bench.row import Row

PER_PROJECT = 100
TARGET_MS = 300
ON_THE_SET = 0.6
"""The part of the objects that the removable set has."""


def holdings(quick: bool) -> list[Row]:
    """The register by words, health, order and page, and the places beside it: 95th percentile over real requests."""
    from bench.measures import timed_pages

    count = 10_000 if quick else 100_000
    with tempfile.TemporaryDirectory(prefix="zhudang-holdings-") as folder:
        named = Path(folder) / "sites.json"
        named.write_text(json.dumps(_sites(datetime.now().astimezone()), ensure_ascii=False))
        with installation(settings={"ZHUDANG_SITES": str(named)}) as place:
            told = json.loads(place.run("holdings", str(count)))
            return [
                timed_pages(place, f"{name}, {count} objects", "archivist", paths, target_ms=TARGET_MS)
                for name, paths in addresses(told)
            ]


def _sites(now: datetime) -> list[dict[str, Any]]:
    hours = {"read_hours": [(now.hour + 11) % 24, (now.hour + 12) % 24]}
    return [
        {"code": "a", "name": "甲库", "kind": "folder", "path": "sites/a", **hours},
        {"code": "b", "name": "乙库", "kind": "folder", "path": "sites/b", **hours},
        {"code": "c", "name": "离线盘", "kind": "removable", "path": "sites/c", "label": "HD-01", **hours},
    ]


def addresses(told: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """The measured pages: name, addresses."""
    pages = told["pages"]
    words = ("隐蔽工程", "混凝土", "基准项目 0017", "G9-A-000123", "不存在的词句")
    sorts = ("", "title", "-title", "code", "-accession", "-files", "bytes", "read", "-read")
    healths = ("sound", "waiting", "damaged", "due")
    lists = [
        ("register, any order, any page", [f"sort={sort}&page={page}" for sort in sorts for page in (1, pages // 2, pages)]),
        ("register by health", [f"health={health}&sort={sort}&page={page}" for sort in sorts for health in healths for page in (1, pages // 3)]),
        ("register by words", [f"q={word}&sort={sort}&page={page}" for sort in sorts for word in words for page in (1, 900)]),
        (
            "register by words, kind and health",
            [f"q={word}&kind=volume&health={health}&sort={sort}&page={page}" for word in words for health in healths for sort in ("title", "-read") for page in (1, 900)],
        ),
    ]  # fmt: skip
    return [
        *((name, [f"/preservation/?{asked}".replace(" ", "+") for asked in all_asked]) for name, all_asked in lists),
        ("places beside the register", ["/preservation/sites/"]),
        ("page of a place", [f"/preservation/sites/{pk}/?page={page}" for pk in told["site_ids"] for page in (1, pages // 2, pages)]),
    ]  # fmt: skip


def fill(count: int) -> dict[str, Any]:
    """Inside an installation: keep one small project, then write `count` volumes like its own with their objects and copies."""
    from django.db import connection, transaction

    from zhudang.preservation.models import Site

    volume_id = _kept_volume()
    sites = {site.code: site.pk for site in Site.objects.filter(in_use=True)}
    with transaction.atomic(), connection.cursor() as cursor:
        _write(cursor, volume_id, sites, count)
    _settle()
    return {"pages": count // 50, "site_ids": [str(pk) for pk in sites.values()]}


def _kept_volume() -> UUID:
    from django.utils import timezone

    from bench.driver import Project
    from bench.files import many
    from zhudang.content import operations as content
    from zhudang.preservation.models import ArchivalObject
    from zhudang.registry import queries as registry_queries

    project = Project("基准 馆藏")
    place = registry_queries.place_of(project.id)
    assert place is not None
    items = [content.Incoming(name, "隐蔽", data=data, level=1, unit_work_id=project.unit) for name, data in many(2)]
    ids = content.receive_many(
        actor=project.clerk, items=items, place=place, now=timezone.now(), organisation_id=project.firms["qingshi"]
    )
    project.road(ids, lambda _stage: None)
    return ArchivalObject.objects.filter(project_id=project.id, kind="volume").values_list("pk", flat=True)[0]


def _write(cursor: Any, volume_id: UUID, sites: dict[str, UUID], count: int) -> None:
    from django.utils import timezone

    from bench.filling import _copy_from_first
    from zhudang.preservation.models import ArchivalObject, Copy
    from zhudang.shared.ids import new_id

    now = timezone.now()
    kept = ArchivalObject.objects.get(pk=volume_id)
    a_copy = Copy.objects.filter(object=kept).values_list("pk", flat=True)[0]
    projects = [new_id() for _ in range(-(-count // PER_PROJECT))]
    objects = [(new_id(), projects[n // PER_PROJECT], n) for n in range(count)]

    def project_rows() -> Iterator[dict[str, Any]]:
        for n, pk in enumerate(projects):
            yield {"id": pk, "code": f"2605-990241-47-01-{n:06d}", "name": f"基准项目 {n:04d}"}

    def volume_rows() -> Iterator[dict[str, Any]]:
        for pk, project, n in objects:
            yield {"id": pk, "project_id": project, "unit_work_id": None, "title": title_of(n), "sequence": n % PER_PROJECT + 1, **_numbers(n)}  # fmt: skip

    def object_rows() -> Iterator[dict[str, Any]]:
        for pk, project, n in objects:
            at = now - timedelta(minutes=7 * n)
            yield {
                "id": pk, "volume_id": pk, "project_id": project, "ocfl_id": f"urn:uuid:{pk}", "title": title_of(n), **_numbers(n), "level": level_of(n),
                "files": n % 240 + 1, "bytes": (n * 7919) % 900_000_000, "stored_bytes": (n * 7919) % 900_000_000 + 40_000, "first_kept_at": at, "kept_at": at,
            }  # fmt: skip

    def copy_rows() -> Iterator[dict[str, Any]]:
        for pk, _project, n in objects:
            for code, site in sites.items():
                if code == "c" and n % 10 >= 10 * ON_THE_SET:
                    continue
                state, verified_at = _state(n, code, now)
                looked_at = now - timedelta(days=(n % 70))
                yield {"id": new_id(), "object_id": pk, "site_id": site, "state": state, "verified_at": verified_at, "looked_at": looked_at}  # fmt: skip

    _copy_from_first(cursor, "registry_project", kept.project_id, project_rows)
    _copy_from_first(cursor, "filing_volume", volume_id, volume_rows)
    _copy_from_first(cursor, "preservation_archivalobject", volume_id, object_rows)
    _copy_from_first(cursor, "preservation_copy", a_copy, copy_rows)


def title_of(n: int) -> str:
    """A volume's title, some of them long."""
    from bench.filling import title_of as record_title

    work = f"基准项目 {n // PER_PROJECT:04d} {n % 17 + 1} 号楼"
    return f"{work}{record_title(n)}" + (
        "及相应的材料出厂合格证、进场复验报告和见证取样送检汇总表" if n % 9 == 0 else ""
    )


def level_of(n: int) -> int:
    """A volume's secrecy level: most are internal, one in fifty is above what anybody reads here."""
    return 2 if n % 50 == 7 else n % 3 and 1


def _numbers(n: int) -> dict[str, str]:
    return {"reference_code": f"G9-A-{n:06d}", "accession_no": f"9{n:07d}"}


def _state(n: int, code: str, now: datetime) -> tuple[str, datetime | None]:
    """How a copy is: nearly all were read and found whole, some a long time ago."""
    read = now - timedelta(days=n % 80, minutes=n % 1440)
    spot = (n * 31 + ord(code)) % 1000
    if spot < 2:
        return "damaged", read
    if spot == 3:
        return "missing", None
    if spot < 10:
        return "written", None
    return "verified", read - timedelta(days=400 if spot < 40 else 0)


def _settle() -> None:
    """Let the server learn how its rows lie, as it does by itself in time."""
    import psycopg
    from django.db import connection

    from zhudang.site import environment

    place = connection.settings_dict
    with psycopg.connect(
        host=place["HOST"], port=place["PORT"], dbname=place["NAME"], user="postgres",
        password=environment.secret("database_postgres"), autocommit=True,
    ) as owner:  # fmt: skip
        owner.execute("VACUUM ANALYZE")
