"""Pencil for descriptions: what the system proposes for records, from their files' names and facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from zhudang.content import queries as content
from zhudang.content.queries import StoredFile
from zhudang.filing.domain.describing import FIELDS, Description, Pencil, described_in, propose
from zhudang.filing.models import Obligation, Record, RecordFile
from zhudang.filing.naming import package_words
from zhudang.identity.models import Organisation
from zhudang.registry.models import UnitWork


def sketches(records: Iterable[Record]) -> Iterator[tuple[Record, Pencil]]:
    """Each record with its proposal; four statements whatever the number."""
    rows = list(records)
    links: dict[Any, list[Any]] = {}
    for record_id, file_id in (
        RecordFile.objects.filter(record__in=rows, replaced_at__isnull=True)
        .exclude(part="native")
        .order_by("added_at", "id")
        .values_list("record_id", "file_id")
    ):
        links.setdefault(record_id, []).append(file_id)
    files = content.stored_files({f for ids in links.values() for f in ids})
    units = dict(UnitWork.objects.filter(id__in={r.unit_work_id for r in rows}).values_list("id", "name"))
    makers = dict(Organisation.objects.filter(id__in={r.organisation_id for r in rows}).values_list("id", "name"))
    titles = dict(
        Obligation.objects.filter(id__in={r.obligation_id for r in rows if r.obligation_id}).values_list(
            "id", "scope_item__title"
        )
    )
    said = content.said_at_upload(files, "described")
    for row in rows:
        first = next((files[f] for f in links.get(row.id, ()) if f in files), None)
        sketch = _sketch(row, first, units, makers, titles)
        words = package_words(said[first.id]) if first and first.id in said else {}
        yield row, Pencil({**sketch.values, **described_in(words)})


def _sketch(row: Record, file: StoredFile | None, units: Any, makers: Any, titles: Any) -> Pencil:
    title = titles.get(row.obligation_id, "")
    return propose(
        file_name=file.name if file else title,
        scope_title=title,
        unit_name=units.get(row.unit_work_id, ""),
        organisation=makers.get(row.organisation_id, ""),
        carrier=row.carrier,
        mime=file.mime if file else "",
        pages=file.pages if file else None,
        facts=file.facts if file else {},
        level=row.level,
    )


def filled(row: Record, sketch: Pencil) -> Description:
    """The record's description with the empty fields filled from the proposal."""
    values = {name: getattr(row, name) for name in FIELDS}
    untouched = row.described_at is None
    for name, (value, _basis) in sketch.values.items():
        if values[name] in (None, "") or (untouched and name in {"origin", "carrier"}):
            values[name] = value
    return Description(**values)
