"""Scope lists as data: read the rows, tell every fault, derive maker, moment, carrier and doubt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zhudang.filing.domain.keeping import KEEPERS

MARKS = frozenset({"must", "optional", "none", "unsure"})
PARTS = ("A", "B", "C", "D", "E")
PART_NAMES = {"A": "工程准备阶段文件", "B": "监理文件", "C": "施工文件", "D": "竣工图", "E": "工程竣工验收文件"}
"""As written on covers, in the language of the holdings; pages translate them in words.py."""
PROVIDERS = frozenset({"client", "survey", "design", "contractor", "supervisor"})
PLACEHOLDER = re.compile(r"-u\d+$")


@dataclass(frozen=True)
class ProviderRule:
    """Who makes the documents whose part and title fit; the first fitting rule counts."""

    part: str
    title: re.Pattern[str]
    provider: str
    source: str
    doubt: str


@dataclass(frozen=True)
class DueRule:
    """After which milestone, and how many days, a group's documents should be filed."""

    list_code: str
    kind: str
    prefix: str
    milestone: str
    days_after: int
    source: str
    doubt: str


@dataclass(frozen=True)
class ScopeRow:
    """One row of a list as it goes into the table."""

    project_type: str
    code: str
    parent_code: str
    part: str
    title: str
    title_en: str
    is_heading: bool
    code_is_ours: bool
    marks: Mapping[str, str]
    provider: str
    carrier: str
    source: str
    doubt: str
    form_code: str
    related_standard: str
    position: int


def faults_in(rows: Sequence[Mapping[str, str]], *, kinds: Iterable[str], parts: Mapping[str, str]) -> list[str]:
    """Tell everything wrong with a list's rows, each fault with its line (the header is line 1)."""
    faults: list[str] = []
    known = set(kinds)
    seen: set[tuple[str, str]] = set()
    codes = {(r.get("project_type", ""), r.get("code", "")) for r in rows}
    for line, row in enumerate(rows, start=2):
        kind, code = row.get("project_type", ""), row.get("code", "")
        if kind not in known:
            faults.append(f"line {line}: project_type {kind!r} is not one of {sorted(known)}")
        if not code:
            faults.append(f"line {line}: no code")
        if (kind, code) in seen:
            faults.append(f"line {line}: {kind} {code} appears twice")
        seen.add((kind, code))
        if parts.get(row.get("phase", ""), row.get("phase", "")) not in PARTS:
            faults.append(f"line {line}: part {row.get('phase')!r} is not A to E")
        parent = row.get("parent_code", "")
        if parent and (kind, parent) not in codes and parent not in PARTS:
            faults.append(f"line {line}: parent {parent!r} is not in the list")
        given = [row.get(keeper, "") for keeper in KEEPERS]
        faults += [f"line {line}: mark {mark!r} is unknown" for mark in given if mark and mark not in MARKS]
        if any(given) and not all(given):
            faults.append(f"line {line}: {code} has marks for some keepers only")
        if not row.get("source", "").strip():
            faults.append(f"line {line}: {code} has no source")
    return faults


def read_rows(
    rows: Sequence[Mapping[str, str]], *, providers: Sequence[ProviderRule], parts: Mapping[str, str]
) -> list[ScopeRow]:
    """Turn faultless rows into table rows, in the order of the list."""
    return [_row(row, position, providers, parts) for position, row in enumerate(rows, start=1)]


def _row(
    row: Mapping[str, str], position: int, providers: Sequence[ProviderRule], parts: Mapping[str, str]
) -> ScopeRow:
    marks = {keeper: row.get(keeper, "") for keeper in KEEPERS}
    heading = not any(marks.values())
    part = parts.get(row["phase"], row["phase"])
    title = row["title_zh"].strip()
    return ScopeRow(
        project_type=row["project_type"],
        code=row["code"],
        parent_code=row.get("parent_code", ""),
        part=part,
        title=title,
        title_en=row.get("title_en", "").strip(),
        is_heading=heading,
        code_is_ours=bool(PLACEHOLDER.search(row["code"])),
        marks=marks,
        provider="" if heading else provider_of(part, title, providers),
        carrier=carrier_of(part, title),
        source=row["source"].strip(),
        doubt=doubt_of(row["source"], marks),
        form_code=row.get("form_code", "") or "",
        related_standard=row.get("related_standard", "") or "",
        position=position,
    )


def provider_of(part: str, title: str, rules: Sequence[ProviderRule]) -> str:
    """Who makes this document: the first rule whose part and title fit; the client when none does."""
    for rule in rules:
        if rule.part == part and rule.title.search(title):
            return rule.provider
    return "client"


def carrier_of(part: str, title: str) -> str:
    """The carrier (载体) the document usually has: text, drawing, photo or av."""
    if part == "D":
        return "drawing"
    if "照片" in title and title[-2:] == "照片":
        return "photo"
    if "录音" in title or "录像" in title or "声像" in title:
        return "av"
    return "text"


def doubt_of(source: str, marks: Mapping[str, str]) -> str:
    """What must be confirmed before relying on the row: the source's weakest word, and unsure marks.

    Source tokens are kept as they are; this only repeats the doubt in one word for lists and filters.
    """
    first = source.split(";")[0].strip()
    doubts = [first] if first in {"knowledge", "knowledge-low"} else []
    if "unsure" in marks.values():
        doubts.append("unsure")
    return ",".join(doubts)


def due_of(kind: str, code: str, rules: Sequence[DueRule]) -> DueRule | None:
    """The rule with the longest group prefix that fits a code; None where the list names no moment.

    A prefix fits whole groups only: ``C1`` fits ``C1-3`` and ``C1.2-3``, not ``C10-1``.
    """
    fitting = [r for r in rules if r.kind == kind and _in_group(code, r.prefix)]
    return max(fitting, key=lambda r: len(r.prefix), default=None)


def _in_group(code: str, prefix: str) -> bool:
    if not code.startswith(prefix):
        return False
    rest = code[len(prefix) :]
    return not rest or not (prefix[-1].isdigit() and rest[0].isdigit())
