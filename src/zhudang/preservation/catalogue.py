"""A project's whole catalogue as it goes to the store, and back: every context's register by its own `holdings`.

In the store a table is a file of lines, one row of JSON each (`catalogue/filing.record.jsonl`): it is written and read
row by row, and a version holds only the tables that changed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError

from zhudang.audit import queries as acts
from zhudang.content import holdings as content_holdings
from zhudang.content import queries as content
from zhudang.documents import holdings as documents_holdings
from zhudang.filing import holdings as filing_holdings
from zhudang.filing import queries as filing
from zhudang.handover import holdings as handover_holdings
from zhudang.identity import holdings as identity_holdings
from zhudang.preservation import holdings as preservation_holdings
from zhudang.preservation.around_volumes import project_for_description
from zhudang.preservation.disposal import registers as disposals
from zhudang.preservation.domain import names
from zhudang.preservation.domain.description import PROJECT_LABELS, VOLUME_LABELS
from zhudang.preservation.ocfl.content import Content, content_of_bytes, content_of_path
from zhudang.preservation.packing import PROJECT, Package, content_of_file, one_moment
from zhudang.registry import holdings as registry_holdings
from zhudang.shared.holdings import Description, Row, references
from zhudang.shared.plain import plain

FORMAT = "zhudang-catalogue/1"
FOLDER = "catalogue"
FIRST_TABLE = f"{FOLDER}/registry.project.jsonl"
"""Every project's object has it: that is how such objects are known."""

DOES_NOT_FIT = (DatabaseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What bringing rows back raises where they are as written, and no rows of these tables: a copy from other hands, or of a later version."""
_LONGEST_ROW = 64 * 1024 * 1024

_OF_A_PROJECT = {
    "registry": registry_holdings,
    "filing": filing_holdings,
    "handover": handover_holdings,
    "documents": documents_holdings,
    "preservation": preservation_holdings,
}
_ALL = {"identity": identity_holdings, "content": content_holdings, **_OF_A_PROJECT}


def describe(project_id: UUID) -> Description:
    """Describe all registers of a project, with the files, organisations and people they name."""
    tables: Description = {}
    for holdings in _OF_A_PROJECT.values():
        tables |= holdings.describe(project_id)
    tables |= disposals.describe(project_id)
    tables |= content_holdings.describe(file_ids=references(tables.values(), content_holdings.FILE.model))
    tables |= identity_holdings.describe(
        organisation_ids=references(tables.values(), identity_holdings.ORGANISATION.model),
        account_ids=references(tables.values(), identity_holdings.ACCOUNT.model),
    )
    return tables


def restore(tables: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring a described project back, inside the caller's transaction; gives the number of rows by table."""
    counts: dict[str, int] = {}
    disposals.allow_restoring()
    for holdings in _ALL.values():
        counts |= holdings.restore(tables)
    return counts | disposals.restore(tables)


@dataclass(frozen=True)
class StoredTable:
    """A table of the store, read line by line, as often as it is asked for.

    Args:
        open: gives a fresh stream of its plain bytes.
    """

    open: Callable[[], AbstractContextManager[BinaryIO]]

    def __iter__(self) -> Iterator[Row]:
        return map(json.loads, self.lines())

    def lines(self) -> Iterator[str]:
        """The rows as they are written, one JSON object each."""
        with self.open() as lines:
            while line := lines.readline(_LONGEST_ROW):
                if len(line) == _LONGEST_ROW:
                    raise ValueError(f"a row of {_LONGEST_ROW} bytes or more")
                yield line.decode()


@dataclass
class Highest:
    """Notes the highest secrecy level of rows that pass: a register that tells of a secret record is as secret."""

    level: int = 0

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Let rows pass."""
        for row in rows:
            self.note(row)
            yield row

    def note(self, row: Row) -> None:
        """Take one row's level in."""
        self.level = max(self.level, row.get("level") or 0)


@dataclass(frozen=True)
class Watched:
    """A table's rows as often as they are asked for, their levels noted."""

    rows: StoredTable
    highest: Highest

    def __iter__(self) -> Iterator[Row]:
        return self.highest.of(self.rows)

    def lines(self) -> Iterator[str]:
        """The rows as they are written, their levels noted all the same."""
        for line in self.rows.lines():
            if '"level"' in line:
                self.highest.note(json.loads(line))
            yield line


@contextmanager
def packed_project(project_id: UUID) -> Iterator[Package]:
    """Make the package of a project's object: its registers, its sealed documents, and links to its volumes.

    Tables lie in a working folder while the package is in use; only one at a time (inside `sites.writing`).
    """
    with working_folder() as working:
        with one_moment():
            package = _package(project_id, working)
        yield package


@contextmanager
def working_folder() -> Iterator[Path]:
    """Give an empty folder for tables on their way into a package; it goes with the block."""
    working = Path(settings.DATA) / "work" / FOLDER
    shutil.rmtree(working, ignore_errors=True)
    working.mkdir(parents=True)
    try:
        yield working
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _package(project_id: UUID, working: Path) -> Package:
    tables = describe(project_id)
    registers, counts, highest = [], {}, Highest()
    for name, rows in sorted(tables.items()):
        table, number = written(working / f"{name}.jsonl", highest.of(rows))
        if number:
            registers.append(table)
            counts[name] = number
    documents, listed = _documents(tables)
    project = project_for_description(project_id)
    index = {
        "format": FORMAT,
        "labels": {"project": PROJECT_LABELS, "volume": VOLUME_LABELS},
        "project": project,
        "volumes": [_volume_line(volume) for volume in filing.volumes_of(project_id, arranged=True)],
        "documents": listed,
        "tables": counts,
    }
    return Package(
        thing_id=project_id,
        kind=PROJECT,
        project_id=project_id,
        title=project["name"],
        level=project["level"],
        reference_code=project["code"],
        accession_no="",
        contents=(content_of_bytes("description.json", names.json_bytes(index)), *registers, *documents),
        files=len(documents),
        bytes=sum(document.size for document in documents),
        class_level=max(highest.level, project["level"]),
        log_number=acts.sealed_number(),
    )


def written(path: Path, rows: Iterable[Row]) -> tuple[Content, int]:
    """Write a table as lines; give it as a file of the package, and how many rows it has."""
    digest, size, number = hashlib.sha256(), 0, 0
    with path.open("wb") as stream:
        for row in rows:
            line = names.json_line(row)
            stream.write(line)
            digest.update(line)
            size += len(line)
            number += 1
    return content_of_path(f"{FOLDER}/{path.name}", path, size, digest.hexdigest()), number


def _documents(tables: Mapping[str, Iterable[Row]]) -> tuple[list[Content], list[dict[str, Any]]]:
    """Give the files that are in no volume (notices, opinions, certificates) and the list that names them."""
    in_volumes = references(
        [tables["filing.record_file"], tables[preservation_holdings.RENDITION.name]], content_holdings.FILE.model
    )
    ids = sorted({row["id"] for row in tables["content.file"]} - in_volumes)
    stored = content.stored_files(UUID(file_id) for file_id in ids)
    sealed = {row["file_id"]: row for row in tables["documents.sealed_document"]}
    contents, listed = [], []
    for number, file_id in enumerate(ids, start=1):
        file = stored[UUID(file_id)]
        path = names.stored_name(number, file.name, "documents")
        document = sealed.get(file_id, {})
        contents.append(content_of_file(file, path))
        listed.append(
            {
                "file": file_id,
                "stored_as": path,
                "original_name": file.name,
                "sha256": file.sha256,
                "sm3": file.sm3,
                "kind": document.get("kind", ""),
                "number": document.get("number", ""),
                "title": document.get("title", ""),
            }
        )
    return contents, listed


def _volume_line(volume: filing.VolumeRow) -> dict[str, Any]:
    line = {key: getattr(volume, key, None) for key in VOLUME_LABELS if key not in {"note", "unit_work"}}
    return {**plain(line), "unit_work": volume.unit_work_name, "object": names.object_id(volume.id)}
