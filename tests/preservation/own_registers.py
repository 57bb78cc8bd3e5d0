"""The archive's own registers for the tests: filled by what people do, kept as at night, and read as PostgreSQL writes them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from filing.filing_support import person
from preservation.disposal_case import FAST_HASHERS
from preservation.kept_project import KeptProject, roots
from preservation.offline_set import OfflineSet
from zhudang.atlas import operations as atlas
from zhudang.content.models import File
from zhudang.documents.models import NumberSeries
from zhudang.filing import operations as filing
from zhudang.filing.models import Counter, ScopeList
from zhudang.identity import operations as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.identity.rights import SYSTEM
from zhudang.preservation import (
    archive_registers,
    books,
    command,
    custody,
    ingesting,
    registered,
    remedy,
)
from zhudang.preservation.disposal import cases
from zhudang.preservation.domain.names import ARCHIVE_ID, object_id
from zhudang.preservation.formats import register as formats
from zhudang.preservation.models import (
    ArchivalObject,
    FormatMigration,
    MigrationOutcome,
    Site,
)
from zhudang.registry import operations as registry
from zhudang.shared.holdings import Register

OBJECT = object_id(ARCHIVE_ID)
TOWN = {
    "features": [
        {
            "properties": {"layer": "water", "name": "云溪", "grade": 1},
            "geometry": {"type": "LineString", "coordinates": [[109.0, 28.4], [109.1, 28.45], [109.123456789, 28.5]]},
        }
    ]
}


def offline_set(settings: Any, tmp_path: Path) -> OfflineSet:
    """Two folders and a removable set, all in a fresh data folder."""
    made = OfflineSet(tmp_path)
    settings.SITES = made.settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    settings.PASSWORD_HASHERS = FAST_HASHERS
    (tmp_path / "data").mkdir()
    return made


def filled(disk: OfflineSet) -> KeptProject:
    """A kept project, and every register of the archive's own filled by what people do."""
    now, today = timezone.now(), timezone.localdate()
    identity.make_first_administrators(archive_name="云溪县城建档案馆", now=now)
    for year in (2025, 2026):
        registry.import_calendar(year, now=now)
    project = KeptProject()
    project.preserve()
    archivist, keeper = project.site.archivist, person("keeper", project.site.archive_id, Role.KEEPER)
    somebody = identity.create_account(actor=SYSTEM, username="newcomer", name="新人", phone="139", now=now)
    role = identity.grant_role(
        actor=SYSTEM, account_id=somebody, role=Role.REVIEWER, organisation_id=project.site.archive_id, now=now
    )
    identity.end_role(actor=SYSTEM, account_id=somebody, membership_id=role, now=now)
    identity.set_clearance(actor=SYSTEM, account_id=somebody, clearance=2, now=now)
    registry.record_areas(areas=[{"code": "500101", "name": "云溪县"}], source="测试", now=now)
    registry.register_structure(actor=SYSTEM, name="老水塔", kind="building", now=now)
    beijing = ScopeList.objects.filter(adoptable=True).exclude(adoptions__kind="building").first()
    filing.adopt_scope_list(actor=archivist, kind="building", scope_list_id=beijing.id, now=now)
    NumberSeries.objects.create(kind="notice", year=2026, last=7)
    Counter.objects.create(series="还没入库的一组", value=41)
    atlas.load_base_map(collection=TOWN, source="测绘院", now=now)
    plan = remedy.Remedy(
        ["copies", "media", "apart", "offline"], "没有伙伴馆", "互存", "馆长", today + timedelta(days=90)
    )
    remedy.enter_plan(actor=archivist, class_code="internal", plan=plan, today=today, now=now)
    remedy.choose_places(actor=archivist, class_code="internal", codes=["a", "b", "c"], today=today, now=now)
    disk.connect()
    assert command.call_in("c") == command.OK
    disk.take_away()
    site = Site.objects.get(code="c")
    offer = custody.hand_over(
        actor=archivist, site_id=site.pk, to_account_id=keeper.account_id, bound_for="县医院地下室", condition="sound", note="",
        now=now,
    )  # fmt: skip
    custody.sign(actor=keeper, custody_id=offer, now=now)
    volume = ArchivalObject.objects.filter(kind="volume").first()
    registered.register_copy(
        actor=keeper, object_id=volume.pk, medium="microfilm", label="缩-1", place="甲库", made_on=today, made_by="缩微室",
        version=1, today=today, now=now,
    )  # fmt: skip
    cases.place_stay(actor=archivist, object_id=volume.pk, because="有诉讼", now=now)
    books.compare(actor=archivist, now=now)
    formats.review(actor=archivist, note="都看过了", now=now)
    # What a converter would leave, without one: its own tests walk that way.
    done = FormatMigration.objects.create(
        format_id="fmt/95", format_name="PDF/A-1a", path="x", tool="t", tool_version="1", ordered_at=now, ordered_by="archivist",
        orderer_name="archivist", open=False, state="done", finished_at=now, files=1, failed=1,
    )  # fmt: skip
    MigrationOutcome.objects.create(
        migration=done,
        volume_id=volume.pk,
        file=File.objects.first(),
        failed=True,
        reason={"code": "x", "data": {}},
        at=now,
    )
    return project


def night() -> bool:
    """What the job of the night does."""
    return ingesting.keep_archive()


def exported() -> dict[str, list[str]]:
    """Every row of every register with every described column, as PostgreSQL itself writes it."""
    return {register.name: _rows(register) for register in archive_registers.REGISTERS}


def _rows(register: Register) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT to_jsonb(t) FROM "{register.model._meta.db_table}" t')
        rows = [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]
    return sorted(
        json.dumps({k: v for k, v in row.items() if k not in register.without}, sort_keys=True) for row in rows
    )


def head(folder: Path, code: str = "a") -> int:
    place = next(root for root in roots(folder) if root.place.name == code)
    inventory = place.inventory(OBJECT)
    return inventory.head if inventory else 0


def object_rows() -> list[Any]:
    fields = ("id", "ocfl_id", "kind", "project_id", "volume_id", "part", "generation", "newest", "title", "level", "class_level",
              "version", "files", "bytes", "stored_bytes", "inventory_sha512", "protection")  # fmt: skip
    return list(ArchivalObject.objects.order_by("id").values_list(*fields))


def actor_named(username: str) -> Any:
    from zhudang.identity import queries

    Account.objects.filter(username=username).update(is_active=True)
    return queries.actor_by_username(username)


def account_id_of(username: str) -> Any:
    return Account.objects.values_list("id", flat=True).get(username=username)


def files_of_registers(folder: Path) -> list[Path]:
    place = roots(folder)[0].object_folder(OBJECT)
    return [path for path in place.rglob("content/**/*") if path.is_file()]
