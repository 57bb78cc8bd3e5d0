"""Whether records agree with their files and with each other (C4): facts of the latest checks, asked of the plain rules.

Nothing here keeps anybody from filing: every finding asks a person to look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from zhudang.checks.business import agreement, sets
from zhudang.checks.model import Finding
from zhudang.checks.renditions import is_native
from zhudang.filing.described import kind_of
from zhudang.filing.queries.records import FileRow, RecordRow
from zhudang.identity import queries as identity
from zhudang.registry import queries as registry

AS_BUILT_PART = "D"
"""Part of the filing scope that holds as-built drawings (竣工图)."""
READ_CHARACTERS = 1000
"""What a check keeps of the opening and of the closing of a document (`checks.business.look`)."""
DOCUMENTS = frozenset({"pdf", "ofd", "image", "office"})
"""Kinds of files that say what they are in words; models and recordings beside them say nothing against them."""
_BETWEEN = re.compile(r"[、；;，,/\n]+")

FileFacts = Mapping[UUID, Mapping[str, Any]]
"""Facts of the latest check by file."""


@dataclass(frozen=True)
class Names:
    """Names a document may use: of the project, former ones too, and of each body somebody named as responsible."""

    project: tuple[str, ...]
    bodies: Mapping[str, tuple[str, ...]]

    def of_bodies(self, responsible: str) -> list[str]:
        parts = bodies_in(responsible)
        return list(dict.fromkeys(name for part in parts for name in (part, *self.bodies.get(part, ()))))


def bodies_in(responsible: str) -> list[str]:
    """The bodies named in 责任者, one or several."""
    return [part.strip() for part in _BETWEEN.split(responsible) if part.strip()]


def names_for(project_id: UUID, records: Iterable[RecordRow]) -> Names:
    """Two statements, whatever the number of records. Rights were asked by the caller."""
    said = {part for record in records for part in bodies_in(record.responsible)}
    return Names(registry.project_names(project_id), identity.names_of_bearers(said))


def of_record(record: RecordRow, facts: FileFacts, names: Names) -> list[Finding]:
    """Every disagreement between a record's description and what the checks saw in its current files."""
    as_built = record.part == AS_BUILT_PART and record.carrier == "drawing"
    described = agreement.Described(
        title=record.title, around=(*names.project, record.unit_work_name), document_no=record.document_no, formed_on=record.formed_on,
        formed_until=record.formed_until, responsible=names.of_bodies(record.responsible), project=names.project,
        is_drawing=record.carrier == "drawing", as_built=as_built,
    )  # fmt: skip
    seen = seen_in(_readable(record), facts)
    return agreement.check(described, seen) if seen else []


def seen_in(files: Sequence[FileRow], facts: FileFacts) -> agreement.Seen | None:
    """What the checks saw in these files; None when they looked into none.

    A file without readable text may hold what the others do not say: then no text is compared.
    """
    told = [facts.get(file.file_id, {}) for file in files]
    if not any(each.get("looked_pages") for each in told):
        return None
    read = [_text(each) for each in told]
    whole = all(len(agreement.folded(text)) >= agreement.LEAST_TEXT for text in read)
    return agreement.Seen(
        text="\n".join(read) if whole else "",
        whole=all(_read_to_the_end(each) for each in told),
        title_blocks=[_words(block) for each in told for block in each.get("title_blocks") or ()] if whole else (),
        stamps=[stamp for each in told for stamp in each.get("stamps") or ()],
        looked_for_stamps=all(each.get("pages") and each.get("stamp_pages") == each["pages"] for each in told),
        sheets=sum(each.get("pages") or 0 for each in told),
    )


def among(records: Sequence[RecordRow], facts: FileFacts, *, whole: bool = True) -> list[tuple[str, Finding]]:
    """What only shows among many records, with what it is about: pages nearly the same, drawing numbers left out.

    Args:
        whole: these are all records there are, so that the drawings of a unit work begin with 1.
    """
    titles = {}
    members = []
    drawings: dict[str, list[sets.Member]] = {}
    for record, name in _named(records):
        titles[name] = record.title
        marks = [mark for file in _readable(record) for mark in facts.get(file.file_id, {}).get("page_marks") or ()]
        members.append(sets.Member(name, marks))
        if record.carrier == "drawing":
            drawings.setdefault(record.unit_work_name, []).append(sets.Member(name, number=record.document_no))
    told = [(titles[name], each) for name, found in sets.check(members).items() for each in found]
    for unit, sheets in drawings.items():
        told += [(unit, each) for found in sets.check(sheets, from_one=whole).values() for each in found]
    return told


def _named(records: Sequence[RecordRow]) -> Iterator[tuple[RecordRow, str]]:
    """Records with a name of their own; one whose files stand in another record is told elsewhere (DSC-030)."""
    files: set[frozenset[str]] = set()
    names: set[str] = set()
    for record in records:
        digests = frozenset(file.sha256 for file in record.files if file.current)
        if digests in files:
            continue
        files.add(digests)
        name = next(
            each for each in (record.title, f"{record.title} {record.document_no}", f"{record.title} {record.id}")
            if each not in names
        )  # fmt: skip
        names.add(name)
        yield record, name


def _readable(record: RecordRow) -> list[FileRow]:
    return [
        file
        for file in record.files
        if file.current and not is_native(file.name) and kind_of(file.name, file.mime) in DOCUMENTS
    ]


def _read_to_the_end(facts: Mapping[str, Any]) -> bool:
    """Whether opening and closing are the whole text: of two pages at most, none longer than what is kept of it."""
    reading = facts.get("reading") or {}
    longest = max((len(text) for text in reading.values()), default=0)
    return (facts.get("pages") or 0) <= 2 and longest < READ_CHARACTERS


def _words(block: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in block.items() if isinstance(value, str)}


def _text(facts: Mapping[str, Any]) -> str:
    reading = facts.get("reading") or {}
    return f"{reading.get('opening', '')}\n{reading.get('closing', '')}"
