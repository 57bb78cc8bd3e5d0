"""Rules on a batch of described records (案卷、一次移交): what only shows when all are looked at together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from re import Pattern
from typing import Any

from zhudang.checks import descriptions, scheme
from zhudang.checks.model import Finding
from zhudang.checks.rules import finding

MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class DescribedRecord:
    """A record of the batch.

    Args:
        subject: what the report calls it.
        description: for the rules on one description.
        values: its elements for the scheme.
        volume: key of the volume it stands in, empty when in none.
        position, page_from, page_to: its place in the volume, from 1; None when not yet arranged.
        reference_code: as given by the archive, empty when not yet given.
        digests: SHA-256 of its current files.
        steps: process information: step -> whether it is recorded.
    """

    subject: str
    description: descriptions.Description
    values: Mapping[str, Any]
    volume: str = ""
    position: int | None = None
    page_from: int | None = None
    page_to: int | None = None
    reference_code: str = ""
    digests: tuple[str, ...] = ()
    steps: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """What is delivered together.

    Args:
        others: project and volumes: (subject, level, elements).
        code_form: what a reference code must look like, None when the archive named no template.
        declared_items, declared_bytes: as the deliverer wrote; None when nothing was declared.
        counted_items, counted_bytes: as counted here.
        owed: (code, title, answered) of the filing scope that applies; None when no scope list is adopted.
    """

    records: Sequence[DescribedRecord] = ()
    others: Sequence[tuple[str, str, Mapping[str, Any]]] = ()
    code_form: Pattern[str] | None = None
    declared_items: int | None = None
    declared_bytes: int | None = None
    counted_items: int = 0
    counted_bytes: int = 0
    owed: Sequence[tuple[str, str, bool]] | None = None


@dataclass(frozen=True, slots=True)
class BatchReport:
    """Findings by subject, and the items of the frame that were really run: only these may be passed."""

    findings: tuple[tuple[str, Finding], ...] = ()
    ran: frozenset[str] = frozenset()


def check(batch: Batch, *, today: date) -> BatchReport:
    """Everything the descriptions of a batch show, in the order of the batch."""
    findings: list[tuple[str, Finding]] = []
    ran: set[str] = set()
    for subject, level, values in batch.others:
        findings += [(subject, each) for each in scheme.check_values(level, values)]
    for record in batch.records:
        said = [
            *descriptions.check(record.description, today=today),
            *scheme.check_values("record", record.values),
        ]
        findings += [(record.subject, each) for each in said]
    if batch.records or batch.others:
        ran |= {"1-2", "1-3", "1-4", "1-6", "2-3", "2-4"}
    if batch.records:
        ran |= {"1-5", "1-8", "1-11"}
        if any(_pages_known(record) for record in batch.records):
            ran.add("1-10")
    for rule in (_codes, _duplicates, _sequences, _totals, _steps, _scope):
        items, found = rule(batch)
        ran |= items
        findings += found
    return BatchReport(tuple(findings), frozenset(ran))


Answer = tuple[set[str], list[tuple[str, Finding]]]


def _pages_known(record: DescribedRecord) -> bool:
    return record.description.pages is not None and any(f.pages is not None for f in record.description.files)


def _codes(batch: Batch) -> Answer:
    """Reference codes have the form the archive's template gives (1-7)."""
    coded = [record for record in batch.records if record.reference_code]
    if batch.code_form is None or not coded:
        return set(), []
    wrong = [record for record in coded if not batch.code_form.fullmatch(record.reference_code)]
    return {"1-7"}, [(each.subject, finding("DSC-027", number=each.reference_code)) for each in wrong]


def _duplicates(batch: Batch) -> Answer:
    """The same reference code, the same description, the same bytes twice (1-8)."""
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in batch.records:
        told = record.description
        if record.reference_code:
            keys["DSC-028", record.reference_code].append(record.subject)
        if told.title.strip():
            same = (told.title.strip(), told.document_no.strip(), told.responsible.strip(), str(told.formed_on))
            keys["DSC-029", "；".join(same)].append(record.subject)
        for digest in sorted(set(record.digests)):
            keys["DSC-030", digest].append(record.subject)
    return set(), [
        (subjects[1], finding(code, value=value, other=subjects[0], times=len(subjects)))
        for (code, value), subjects in keys.items()
        if len(subjects) > 1
    ]  # fmt: skip


def _sequences(batch: Batch) -> Answer:
    """Positions in a volume run from 1 without gap, pages follow one another (2-6)."""
    volumes: dict[str, list[DescribedRecord]] = defaultdict(list)
    for record in batch.records:
        if record.volume and record.position is not None:
            volumes[record.volume].append(record)
    found = []
    for volume, records in volumes.items():
        positions = [each.position for each in records if each.position is not None]
        if missing := missing_numbers(positions):
            found.append((volume, finding("DSC-031", missing=missing[:MOST_NAMED])))
        for record, expected in _page_breaks(sorted(records, key=lambda each: each.position or 0)):
            found.append((record.subject, finding("DSC-032", page=record.page_from, expected=expected)))
    return ({"2-6"} if volumes else set()), found


def missing_numbers(present: Iterable[int]) -> list[int]:
    """What lacks between 1 and the highest number present; the first thousand at most."""
    have = set(present)
    if not have:
        return []
    missing: list[int] = []
    for number in range(1, max(have)):
        if number not in have:
            missing.append(number)
        if len(missing) == 1000:
            break
    return missing


def _page_breaks(records: Sequence[DescribedRecord]) -> Iterator[tuple[DescribedRecord, int]]:
    expected: int | None = 1
    for record in records:
        if record.page_from is not None and expected is not None and record.page_from != expected:
            yield record, expected
        expected = record.page_to + 1 if record.page_to is not None else None


def _totals(batch: Batch) -> Answer:
    """Declared items and bytes are those counted (2-1, 2-2)."""
    items: set[str] = set()
    found: list[tuple[str, Finding]] = []
    for item, code, declared, counted in (
        ("2-1", "DSC-033", batch.declared_items, batch.counted_items),
        ("2-2", "DSC-034", batch.declared_bytes, batch.counted_bytes),
    ):
        if declared is None:
            continue
        items.add(item)
        if declared != counted:
            found.append(("", finding(code, declared=declared, counted=counted)))
    return items, found


def _steps(batch: Batch) -> Answer:
    """The steps of handling that should be recorded are (2-5)."""
    if not any(record.steps for record in batch.records):
        return set(), []
    found = []
    for record in batch.records:
        if missing := [step for step, there in record.steps.items() if not there]:
            found.append((record.subject, finding("DSC-035", steps=missing)))
    return {"2-5"}, found


def _scope(batch: Batch) -> Answer:
    """What the filing scope asks for is there (2-9)."""
    if batch.owed is None:
        return set(), []
    return {"2-9"}, [
        (code, finding("DSC-036", number=code, title=title)) for code, title, answered in batch.owed if not answered
    ]
