"""A whole copy of very many records, for measuring what is done from a copy alone: a real project, multiplied.

One project goes the whole road into the store by the product itself. Its objects are then written again and again by
the product's own writer as other projects: other identifiers, codes and titles, and other bytes in every original.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

PER_PROJECT = 250
_SHARED = ("identity.", "filing.scope_list", "filing.scope_item")
"""Registers whose rows belong to many projects: their identifiers stay."""
_MARK = b"%000000000000000\n"
_IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{64}\b")
_TITLE = re.compile(r'"隐蔽工程验收记录 (\d+)"')


def original(number: int) -> bytes:
    """A small PDF with a place for a number, by which the copies of it differ."""
    from bench.files import small_pdf

    return small_pdf(number, 2_000) + _MARK


class Template:
    """The objects of one kept project, read once from a place."""

    def __init__(self, place: Path, project_id: UUID) -> None:
        from zhudang.preservation import catalogue
        from zhudang.preservation.ocfl.reader import object_inventories
        from zhudang.preservation.ocfl.root import StorageRoot

        self.project_id = str(project_id)
        self.objects: dict[str, dict[str, bytes]] = {}
        for folder, inventory in object_inventories(StorageRoot.open(place)):
            files = {
                path: (folder / inventory.stored_path(digest)).read_bytes() for path, digest in inventory.state.items()
            }
            self.objects[inventory.object_id.removeprefix("urn:uuid:")] = files
        own = self.objects[self.project_id]
        self.tables = {
            path.removeprefix(f"{catalogue.FOLDER}/").removesuffix(".jsonl"): data
            for path, data in own.items()
            if path.startswith(f"{catalogue.FOLDER}/")
        }
        self.shared = {
            found
            for name, data in self.tables.items()
            if name.startswith(_SHARED)
            for row in data.splitlines()
            for found in [json.loads(row)["id"]]
        }
        self.codes = sorted(self._codes(), key=len, reverse=True)

    def _codes(self) -> set[str]:
        """Values that only one row of the archive may have."""
        from django.db.models import CharField

        from zhudang.preservation import catalogue

        found: set[str] = set()
        for holdings in catalogue._ALL.values():
            for register in holdings.REGISTERS:
                columns = [f.attname for f in register.model._meta.fields if f.unique and isinstance(f, CharField)]
                if register.name.startswith((*_SHARED, "content.", "filing.counter")) or not columns:
                    continue
                rows = [json.loads(line) for line in self.tables.get(register.name, b"").splitlines()]
                found |= {row[column] for row in rows for column in columns if row.get(column)}
        given = (json.loads(line)["code"] for line in self.tables.get("filing.given_code", b"").splitlines())
        return found | set(given)  # one of a kind by a constraint over two columns

    def multiplied(self, number: int) -> Iterator[tuple[str, dict[str, bytes]]]:
        """The objects as those of another project."""
        digests: dict[str, str] = {}
        originals: dict[tuple[str, str], bytes] = {}
        for object_id, files in self.objects.items():
            for index, (path, data) in enumerate(files.items()):
                if not path.endswith(".pdf"):
                    continue
                changed = _other_bytes(data, number, index)
                originals[object_id, path] = changed
                for name in ("sha256", "sm3"):
                    digests[hashlib.new(name, data).hexdigest()] = hashlib.new(name, changed).hexdigest()
        change = self._changing(number, digests)
        for object_id, files in self.objects.items():
            yield (
                change(object_id),
                {
                    path: originals[object_id, path]
                    if (object_id, path) in originals
                    else change(data.decode()).encode()
                    for path, data in files.items()
                },
            )

    def _changing(self, number: int, digests: dict[str, str]) -> Callable[[str], str]:
        from bench.filling import title_of

        space = UUID(int=number + 1)
        others = dict(digests)
        codes = {code: _other_code(code, number) for code in self.codes}
        any_code = re.compile('"(' + "|".join(re.escape(code) for code in self.codes) + ')"')
        # The series of numbers given is told from a word of the same letters by its name before it.
        series = re.compile(r'"series": "([^"]+)"')

        def identifier(found: re.Match[str]) -> str:
            text = found[0]
            if text not in others:
                keep = len(text) != 36 or text in self.shared
                others[text] = text if keep else str(uuid5(space, text))
            return others[text]

        def change(text: str) -> str:
            text = _IDENTIFIER.sub(identifier, text)
            text = any_code.sub(lambda found: f'"{codes[found[1]]}"', text)
            text = series.sub(lambda found: f'"series": "{found[1]}-{number:04d}"', text)
            text = _TITLE.sub(lambda found: f'"{title_of(number * PER_PROJECT + int(found[1]))}"', text)
            return text.replace('"基准 副本"', f'"基准项目 {number:04d}"')

        return change


def _other_bytes(data: bytes, number: int, index: int) -> bytes:
    """Other bytes of the same length; a sealed document has no mark, so its last comment is used."""
    if _MARK in data:
        return data.replace(_MARK, b"%%%09d%06d\n" % (number, index))
    return data[:-2] + number.to_bytes(2, "big")


def _other_code(code: str, number: int) -> str:
    return f"{code}-{number:04d}" if len(code) > 8 else hashlib.sha256(f"{code}{number}".encode()).hexdigest()[:8]


def multiply(template: Template, target: Path, records: int) -> dict[str, int]:
    """Write so many records' worth of projects into a fresh place; give how many projects, objects and records."""
    from zhudang.preservation.ocfl.content import Act, content_of_bytes
    from zhudang.preservation.ocfl.root import StorageRoot
    from zhudang.preservation.ocfl.writer import write_version

    root = StorageRoot.create(target)
    projects, objects = -(-records // PER_PROJECT), 0
    with root.only_writer():
        for number in range(projects):
            act = Act(datetime.now(UTC), "基准 benchmark", "筑档 Zhudang", "urn:zhudang:system")
            for object_id, files in template.multiplied(number):
                contents = [content_of_bytes(path, data) for path, data in files.items()]
                write_version([root], f"urn:uuid:{object_id}", contents, act=act)
                objects += 1
    return {"projects": projects, "objects": objects, "records": projects * PER_PROJECT}


def make_copy(records: str, target: str) -> dict[str, Any]:
    """Inside an installation: keep one project of real records, then write the copy at `target`."""
    from django.conf import settings
    from django.utils import timezone

    from bench.driver import Project
    from zhudang.content import operations as content
    from zhudang.preservation.models import ArchivalObject
    from zhudang.registry import queries as registry_queries

    project = Project("基准 副本")
    place = registry_queries.place_of(project.id)
    assert place is not None
    items = [
        content.Incoming(f"隐蔽工程验收记录_{n:06d}.pdf", "隐蔽", data=original(n), level=1, unit_work_id=project.unit)
        for n in range(PER_PROJECT)
    ]
    ids = content.receive_many(
        actor=project.clerk, items=items, place=place, now=timezone.now(), organisation_id=project.firms["qingshi"]
    )
    project.road(ids, lambda _stage: None)
    volumes = ArchivalObject.objects.filter(project_id=project.id, kind="volume").count()
    kept = Path(str(settings.SITES[0]["path"]))
    _wait_for_the_catalogue(kept, project.id)
    template = Template(kept, project.id)
    return {**multiply(template, Path(target), int(records)), "volumes_each": volumes}


def _wait_for_the_catalogue(place: Path, project_id: UUID) -> None:
    """Until the project's object holds the certificate: its last version of this road."""
    from zhudang.preservation.ocfl.root import StorageRoot

    end = time.monotonic() + 300
    while time.monotonic() < end:
        inventory = StorageRoot.open(place).inventory(f"urn:uuid:{project_id}")
        if inventory is not None and "catalogue/handover.certificate.jsonl" in inventory.state:
            return
        time.sleep(0.5)
    raise TimeoutError("the project's catalogue is not in the store after five minutes")
