"""Fill an installation's catalogue with very many records, in bulk, through COPY: for measuring pages at size.

The rows are those the operations would write (projects, phases, unit works, records, files, index rows); only the
way in is faster. Texts are made of the demo's phrases, so that words are as frequent as in real records.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from zhudang.discovery.domain import folding
from zhudang.shared.ids import new_id

PER_PROJECT = 1000


def fill(count: int) -> dict[str, Any]:
    """Write `count` records in projects of a thousand; give identifiers that the measured pages use."""
    from django.db import connection, transaction
    from django.utils import timezone

    from bench.driver import Project
    from bench.files import small_pdf
    from zhudang.content import operations as content
    from zhudang.registry import queries as registry_queries

    project = Project("基准 填充")
    place = registry_queries.place_of(project.id)
    assert place is not None
    (file_id,) = content.receive_many(
        actor=project.clerk,
        items=[content.Incoming("样张.pdf", "", data=small_pdf(1), level=1, unit_work_id=project.unit)],
        place=place,
        now=timezone.now(),
        organisation_id=project.firms["qingshi"],
    )
    projects = _projects(project, max(count // PER_PROJECT, 1))
    rng = random.Random(7)
    records = [(new_id(), projects[n % len(projects)], n) for n in range(count)]
    first = _first_record(project, file_id)
    # One transaction, so that the indexer never meets records without their index rows and makes them too.
    with _without_indexes_of_pairs(), transaction.atomic(), connection.cursor() as cursor:
        _copy_from_first(cursor, "filing_record", first, lambda: _record_rows(records, project))
        _files(cursor, records, file_id, project)
        _index(cursor, records, rng)
    some = [str(record_id) for record_id, _project, _n in records[:: max(count // 40, 1)]][:40]
    return {
        "records": count,
        "record_ids": some,
        "project_ids": [str(p) for p, _u in projects[:20]],
        "unit_ids": [str(u) for _p, u in projects[:20]],
    }


@contextmanager
def _without_indexes_of_pairs() -> Iterator[None]:
    """Take the indexes of pairs away and build them at the end: a row at a time it costs many times as much."""
    import psycopg
    from django.db import connection

    from zhudang.site import environment

    place = connection.settings_dict
    with psycopg.connect(
        host=place["HOST"],
        port=place["PORT"],
        dbname=place["NAME"],
        user="postgres",
        password=environment.secret("database_postgres"),
        autocommit=True,
    ) as owner:
        indexes = owner.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'discovery_pagetext' AND indexdef LIKE '%USING gin%'"
        ).fetchall()
        for name, _definition in indexes:
            owner.execute(f'DROP INDEX "{name}"')
        yield
        owner.execute("SET maintenance_work_mem = '512MB'")
        for _name, definition in indexes:
            owner.execute(definition)
        owner.execute("VACUUM ANALYZE")


def ADDRESSES(told: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """The measured pages: name, who looks, addresses."""
    words = (
        "隐蔽工程",
        "二层梁板",
        "直螺纹套筒",
        "工程",
        "混凝土 强度",
        "BG-012",
        "记录 梁板 钢筋",
        "滨河",
        "不存在的词句",
        "施工",
        "C5-1-000123",
        "基准项目 017",
        "二层梁板钢筋工程隐蔽工程验收记录",
        "00",
        "C5-1-19",
    )
    filters = ("", "&part=C", "&year=2025", "&state=running")
    return [
        (
            "search page",
            "reviewer",
            [f"/search/?q={word}{more}".replace(" ", "+") for word in words for more in filters],
        ),
        ("search page, a firm's clerk", "clerk", [f"/search/?q={word}".replace(" ", "+") for word in words]),
        ("record page", "reviewer", [f"/records/{record_id}/" for record_id in told["record_ids"]]),
        ("project list", "reviewer", ["/projects/", "/projects/?page=2", "/projects/?sort=name", "/projects/?q=基准"]),
        ("records of a project", "clerk", [f"/filing/projects/{p}/records/" for p in told["project_ids"]]),
        ("checklist", "clerk", [f"/filing/units/{u}/" for u in told["unit_ids"]]),
        ("clerk's home", "clerk", ["/filing/"]),
        ("client's home", "client", ["/filing/"]),
        ("search page 10", "reviewer", [f"/search/?q={word}&page=10".replace(" ", "+") for word in words]),
        ("files waiting", "clerk", [f"/filing/projects/{p}/inbox/" for p in told["project_ids"]]),
        (
            "records, filtered, page 5",
            "clerk",
            [
                f"/filing/projects/{p}/records/{more}"
                for p in told["project_ids"][:10]
                for more in ("?state=submitted", "?q=滨河", "?page=5", "?sort=-formed")
            ],
        ),
        ("project page", "clerk", [f"/projects/{p}/" for p in told["project_ids"]]),
        ("desk", "archivist", ["/", "/handover/applications/", "/handover/transfers/", "/preservation/"]),
        ("map", "reviewer", ["/map/", "/map/features.geojson"]),
    ]


def _projects(model: Any, count: int) -> list[tuple[UUID, UUID]]:
    """More projects with a unit work each, by the registry's own operations."""
    from django.utils import timezone

    from zhudang.demo import city, people
    from zhudang.filing import operations as filing
    from zhudang.registry import operations as registry

    now, desk = timezone.now(), people.actor("archivist")
    begun = now - timedelta(days=150)
    made = []
    for number in range(count):
        code = f"2604-{city.AREA_CODE}-47-01-{number + 1:06d}"
        project_id = registry.register_project(
            actor=desk,
            code=code,
            name=f"基准项目 {number + 1:03d}",
            kind="building",
            client_id=model.firms["anju"],
            level=1,
            now=begun,
        )
        phase = registry.add_phase(actor=desk, project_id=project_id, code=f"{code}-001", name="一期", now=begun)
        unit = registry.add_unit_work(actor=desk, phase_id=phase, code="01", name="主楼", kind="building", now=begun)
        registry.add_party(
            actor=desk,
            project_id=project_id,
            organisation_id=model.firms["qingshi"],
            role="contractor",
            since=begun.date(),
            now=begun,
        )
        if number < 20:
            filing.plan_project(project_id)
        made.append((project_id, unit))
    return made


def _first_record(project: Any, file_id: UUID) -> UUID:
    """One record made by the operations: the pattern of all others."""
    from django.utils import timezone

    from zhudang.demo.loader import wait_for_checks
    from zhudang.filing import operations as filing

    wait_for_checks([file_id])
    (record_id,) = filing.assign(
        actor=project.clerk, assignments=[(file_id, project.obligation.id)], now=timezone.now()
    )
    return record_id


def _copy_from_first(cursor: Any, table: str, pattern: UUID, rows: Callable[[], Iterator[dict[str, Any]]]) -> None:
    """COPY rows like the pattern row, each with its own values for some columns."""
    cursor.execute(f"SELECT * FROM {table} WHERE id = %s", [pattern])
    columns = [column.name for column in cursor.description]
    base = dict(zip(columns, cursor.fetchone(), strict=True))
    from psycopg.types.json import Jsonb

    base = {name: Jsonb(value) if isinstance(value, list | dict) else value for name, value in base.items()}
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for values in rows():
            copy.write_row([values.get(name, base[name]) for name in columns])


def _record_rows(records: list[tuple[UUID, tuple[UUID, UUID], int]], project: Any) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    states = ("submitted", "filed", "with_client", "draft")
    for record_id, (project_id, unit_id), n in records:
        state = states[n % 4]
        yield {
            "id": record_id, "project_id": project_id, "unit_work_id": unit_id, "obligation_id": None, "title": title_of(n), "document_no": f"C5-1-{n:06d}",
            "responsible": "青石建筑工程有限公司", "formed_on": formed_on(n), "pages": n % 12 + 1, "state": state,
            "reached": 2 if state == "submitted" else 1 if state == "with_client" else 0, "part": "ABCDE"[n % 5], "created_at": now, "changed_at": now, "retention": "long",
        }  # fmt: skip


def formed_on(n: int) -> date:
    """The date of a record."""
    return date(2023, 1, 1) + timedelta(days=n % 1200)


def title_of(n: int) -> str:
    """A title out of the demo's words."""
    from zhudang.demo.paper import phrases

    return f"{phrases.PARTS[n % len(phrases.PARTS)]}{phrases.WORKS[n % len(phrases.WORKS)]}隐蔽工程验收记录 {n:06d}"


def _files(cursor: Any, records: list[tuple[UUID, tuple[UUID, UUID], int]], file_id: UUID, project: Any) -> None:
    ids = [new_id() for _ in records]

    def files() -> Iterator[dict[str, Any]]:
        for new, (_record, (project_id, _unit), n) in zip(ids, records, strict=True):
            yield {
                "id": new,
                "project_id": project_id,
                "name": f"{title_of(n)}.pdf",
                "with_archive": n % 4 == 0,
                "with_client": n % 4 in {0, 2},
            }

    _copy_from_first(cursor, "content_file", file_id, files)
    cursor.execute("SELECT id FROM filing_recordfile WHERE file_id = %s", [file_id])
    pattern = cursor.fetchone()[0]

    def links() -> Iterator[dict[str, Any]]:
        for new, (record_id, _place, _n) in zip(ids, records, strict=True):
            yield {"id": new_id(), "record_id": record_id, "file_id": new}

    _copy_from_first(cursor, "filing_recordfile", pattern, links)


def _index(cursor: Any, records: list[tuple[UUID, tuple[UUID, UUID], int]], rng: random.Random) -> None:
    """The description and one page of text a record, as the indexer would write them."""
    from zhudang.demo.paper import phrases

    texts = [folding.fold("。".join(phrases.seen(rng, 5) + phrases.talks(rng, 3))) for _ in range(997)]
    cut = [sorted(folding.lexemes(text)) for text in texts]
    now = datetime.now(UTC)
    cursor.execute("CREATE TEMPORARY TABLE coming (record_id uuid, page int, text text, lexemes text[])")
    with cursor.copy("COPY coming FROM STDIN") as copy:
        for record_id, _place, n in records:
            described = folding.fold(f"{title_of(n)} C5-1-{n:06d} 青石建筑工程有限公司 基准项目 {n % 200:03d}")
            marks = folding.marks(formed_on(n))
            copy.write_row([record_id, 0, described, sorted(folding.lexemes(described) | marks)])
            copy.write_row([record_id, 1, texts[n % 997], cut[n % 997]])
    cursor.execute(
        "INSERT INTO discovery_pagetext (record_id, file_id, page, part, text, newest, lexemes)"
        " SELECT c.record_id, NULL, c.page, 0, c.text, CASE WHEN c.page = 0 THEN r.formed_on END, array_to_tsvector(c.lexemes)"
        " FROM coming c JOIN filing_record r ON r.id = c.record_id"
    )
    cursor.execute(
        "INSERT INTO discovery_entry (id, record_id, revision, files, year, indexed_at) SELECT gen_random_uuid(), id, revision, '{}', 2025, %s FROM filing_record"
        " WHERE id NOT IN (SELECT record_id FROM discovery_entry)",
        [now + timedelta(days=1)],
    )
