"""The loader of the emergency service: the copy's catalogue into the empty database, step by step, told as it goes.

Two processes read projects side by side. Killed at any moment it is begun again and finds what is there.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from zhudang.shared.parents import die_with
from zhudang.shared.refusals import Refusal

log = structlog.get_logger("zhudang.emergency")
READERS = 2
PREPARED = "prepared"
"""Its name appears in the working folder when the tables are there."""
AT_ONCE = 4
"""Projects in one piece of work."""


def prepare(level: int) -> int:
    """Make the tables and the officer's account; print login and password as one line of JSON."""
    from django.conf import settings
    from django.utils import timezone

    from zhudang.cli import install
    from zhudang.identity import emergency

    install.migrate()
    (Path(settings.DATA) / PREPARED).touch()
    print(json.dumps(emergency.make_officer(level=level, now=timezone.now())))
    return 0


def load() -> int:
    """Read everything; give 0 when all is read."""
    from django.conf import settings

    from zhudang.preservation import emergency

    root = emergency.open_copy(Path(settings.EMERGENCY["copy"]))
    progress = _Progress(Path(settings.DATA), settings.EMERGENCY["copy"])
    found = emergency.look_over(root)
    progress.tell(
        step="foundation", as_of=found.as_of.isoformat() if found.as_of else "", projects_total=len(found.projects),
        unreadable=found.unreadable[:500], closed=len(found.closed),
    )  # fmt: skip
    while not (Path(settings.DATA) / PREPARED).exists():
        time.sleep(0.05)
    progress.told["cut_links"] = _foundation(root, found.projects, progress)
    _learn_how_rows_lie()
    with ProcessPoolExecutor(READERS, get_context("spawn"), _begin, (os.getpid(),)) as pool:
        progress.tell(step="records")
        with _without_indexes_of_pairs():
            _all(pool, _records, found.projects, progress, "records", also="projects")
        progress.tell(step="files", searchable_after_s=progress.seconds())
        _all(pool, _files, found.projects, progress)
        _all(pool, _places, found.objects, progress, "files", into="unreadable")
        progress.tell(step="rest")
        _all(pool, _rest, found.projects, progress)
    progress.tell(step="text")
    _read_texts(progress)
    progress.tell(step="done")
    log.info("the copy is read", seconds=progress.seconds(), records=progress.told["records"])
    return 0


class _Progress:
    """What the pages say of the loading; written as it changes."""

    def __init__(self, data: Path, copy: str) -> None:
        self.data, self.began = data, time.monotonic()
        self.told: dict[str, Any] = {
            "copy": copy, "step": "scanning", "began_at": datetime.now(UTC).isoformat(), "searchable_after_s": 0.0, "as_of": "",
            "projects": 0, "projects_total": 0, "records": 0, "files": 0, "texts": 0, "unreadable": [], "closed": 0, "damaged": [], "cut_links": [],
        }  # fmt: skip
        self.tell()

    def seconds(self) -> float:
        return round(time.monotonic() - self.began, 1)

    def tell(self, **changes: Any) -> None:
        from zhudang.site.emergency import write_state

        self.told |= changes
        write_state(self.data, self.told)

    def note(self, into: str, name: str) -> None:
        """Add to what is told as damaged or unreadable, once."""
        if name not in self.told[into]:
            self.told[into].append(name)


def _foundation(root: Any, projects: Iterable[str], progress: _Progress) -> list[str]:
    """Organisations, projects, structures, scope lists of all projects in one transaction: they point at one another."""
    from django.db import transaction

    from zhudang.preservation import emergency

    known: dict[str, str] = {}
    with transaction.atomic():
        for project in projects:
            try:
                emergency.restore_step(root, project, emergency.FOUNDATION, known)
            except Refusal as damaged:
                log.warning("catalogue damaged in the copy", object=project, why=str(damaged))
                progress.note("damaged", project)
        return emergency.cut_loose_links()


def _learn_how_rows_lie() -> None:
    """Let the server count what there is: what joins records to their projects takes it from there, and guesses badly without."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")


Piece = Callable[[list[str]], tuple[int, list[str]]]
"""(folders relative to the store) -> how many it brought, and which of them are damaged."""


def _all(
    pool: ProcessPoolExecutor,
    piece: Piece,
    names: list[str],
    progress: _Progress,
    count: str = "",
    also: str = "",
    into: str = "damaged",
) -> None:
    wanted = [name for name in names if name not in progress.told["damaged"]]
    pieces = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
    for part, (number, damaged) in zip(pieces, pool.map(piece, pieces), strict=True):
        for name in damaged:
            log.warning("damaged in the copy", object=name)
            progress.note(into, name)
        if count:
            progress.told[count] += number
        if also:
            progress.told[also] += len(part)
        progress.tell()


def _begin(parent: int) -> None:
    die_with(parent)
    import django

    django.setup()


def _root() -> Any:
    from django.conf import settings

    from zhudang.preservation import emergency

    return emergency.open_copy(Path(settings.EMERGENCY["copy"]))


def _each(names: list[str], act: Callable[[str], list[UUID]]) -> tuple[list[UUID], list[str]]:
    ids: list[UUID] = []
    damaged = []
    for name in names:
        try:
            ids += act(name)
        except Refusal:
            damaged.append(name)
    return ids, damaged


def _records(names: list[str]) -> tuple[int, list[str]]:
    from zhudang.discovery import operations as discovery
    from zhudang.preservation import emergency

    ids, damaged = _each(names, lambda name: emergency.restore_step(_root(), name, emergency.RECORDS))
    discovery.index_descriptions(ids)
    return len(ids), damaged


def _files(names: list[str]) -> tuple[int, list[str]]:
    from zhudang.preservation import emergency

    return 0, _each(names, lambda name: emergency.restore_step(_root(), name, emergency.FILES))[1]


def _rest(names: list[str]) -> tuple[int, list[str]]:
    from zhudang.preservation import emergency

    def act(name: str) -> list[UUID]:
        return emergency.restore_step(_root(), name, emergency.remaining_names(_root(), name))

    return 0, _each(names, act)[1]


def _places(names: list[str]) -> tuple[int, list[str]]:
    from zhudang.preservation import emergency

    damaged: list[str] = []
    return emergency.note_places(_root(), names, damaged), damaged


def _read_texts(progress: _Progress) -> None:
    """Read the files' texts, the whole file compared with its digest first; hours for a large archive, told meanwhile."""
    from django.utils import timezone

    from zhudang.discovery import operations as discovery

    while number := discovery.index_stale(limit=100, now=timezone.now()):
        progress.tell(texts=progress.told["texts"] + number)


@contextmanager
def _without_indexes_of_pairs() -> Iterator[None]:
    """Build the index of pairs at once when all descriptions are there: row by row it costs several times as much."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'discovery_pagetext' AND indexdef LIKE '%USING gin%'"
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        try:
            yield
        finally:
            for _name, definition in indexes:
                cursor.execute(definition)
            _learn_how_rows_lie()


def main() -> None:
    sys.exit(load())
