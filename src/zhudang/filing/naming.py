"""From rows to the matcher: what a party owes in a project, and files by their names."""

from __future__ import annotations

import contextlib
import csv
import functools
import json
from collections.abc import Iterable
from uuid import UUID

from zhudang.content import queries as content
from zhudang.content.queries import StoredFile
from zhudang.filing import data_files
from zhudang.filing.domain.matching import Guess, Matcher, Named, Target, Unit
from zhudang.filing.models import Obligation
from zhudang.registry import queries as registry

SCOPE, UNIT = "归档范围", "单位工程"
"""Columns of a clerk's sheet that name the row of the scope and the unit work."""


@functools.cache
def synonyms() -> dict[str, str]:
    """The trade's short forms and the scope titles they mean."""
    with (data_files.folder() / "synonyms.csv").open(encoding="utf-8", newline="") as lines:
        return {row["said"]: row["means"] for row in csv.DictReader(lines)}


def matcher_for(project_id: UUID, organisation_id: UUID) -> Matcher:
    """A matcher over what this organisation may answer in this project; the client may answer everything."""
    facts = registry.project_facts(project_id)
    roles = {p.role for p in registry.parties_of(project_id, former=False) if p.organisation_id == organisation_id}
    rows = Obligation.objects.filter(project_id=project_id, retired_at__isnull=True, na_at__isnull=True)
    if organisation_id != facts.client_id:
        rows = rows.filter(party_role__in=roles)
    targets = [
        Target(i, code, title, unit, part)
        for i, code, title, unit, part in rows.values_list(
            "id", "scope_item__code", "scope_item__title", "unit_work_id", "part"
        )
    ]
    units = [Unit(u.unit_work_id, u.name) for u in registry.unit_works_of(project_id)]
    return Matcher(targets, units, synonyms())


def dropped_on_rows(file_ids: Iterable[UUID]) -> dict[UUID, Guess]:
    """Files a person dropped on a row of the checklist: that row, still in pencil until confirmed there."""
    chosen: dict[UUID, UUID] = {}
    for file_id, obligation in content.said_at_upload(file_ids, "obligation").items():
        with contextlib.suppress(ValueError):
            chosen[file_id] = UUID(obligation)
    files = content.stored_files(chosen)
    owed = {
        o.id: o for o in Obligation.objects.filter(id__in=chosen.values(), retired_at__isnull=True, na_at__isnull=True)
    }
    return {
        f: Guess(o, 99, (("dropped", {}),))
        for f, o in chosen.items()
        if o in owed and owed[o].project_id == files[f].project_id
    }


def said_in_package(files: Iterable[StoredFile]) -> dict[UUID, Guess]:
    """Files whose submission package names their row of the scope: that row, in pencil."""
    rows = {file.id: file for file in files}
    guesses: dict[UUID, Guess] = {}
    for file_id, text in content.said_at_upload(rows, "described").items():
        file, said = rows[file_id], package_words(text)
        owed = Obligation.objects.filter(
            project_id=file.project_id,
            scope_item__code=said.get(SCOPE, ""),
            retired_at__isnull=True,
            na_at__isnull=True,
        )
        units = (
            {u.unit_work_id for u in registry.unit_works_of(file.project_id) if u.name == said.get(UNIT)}
            if (file.project_id)
            else set()
        )
        found = list((owed.filter(unit_work_id__in=units) if units else owed)[:2])
        if len(found) == 1:
            guesses[file_id] = Guess(found[0].id, 99, (("package", {}),))
    return guesses


def package_words(text: str) -> dict[str, str]:
    """What a package says of a file, by element name; empty when it cannot be read."""
    with contextlib.suppress(ValueError):
        if isinstance(said := json.loads(text), dict):
            return {str(name): str(value) for name, value in said.items()}
    return {}


def named(file: StoredFile) -> Named:
    """A stored file as far as its name tells."""
    return Named(file.folder, file.name, unit_id=file.unit_work_id, is_photo=file.mime.startswith("image/"))
