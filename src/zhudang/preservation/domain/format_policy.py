"""What is thought of formats and done about them: rows of a replaceable, sourced file, read and proven whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any


class Risk(StrEnum):
    """How likely a format will not be readable one day."""

    LOW = "low"
    WATCH = "watch"
    HIGH = "high"
    UNKNOWN = "unknown"
    """Nobody has judged it: never counted as low."""


class Action(StrEnum):
    """What is done about a format; the original is kept whatever is done."""

    KEEP = "keep"
    RENDITION = "rendition"
    MIGRATE = "migrate"
    ASK = "ask"
    REFUSE = "refuse"
    REVIEW = "review"
    """A person must judge it first; never written in the file."""


_WITH_PATH = frozenset({Action.RENDITION, Action.MIGRATE})


@dataclass(frozen=True)
class FormatEntry:
    """What is thought of one format, or of some that are alike.

    Args:
        ids, mimes: what it takes in: identifiers (PRONOM or ours) first, MIME types for the rest.
        path: code of the migration path; empty where nothing is made.
        as_of: when its source was looked at, as people write it.
        doubt: what is unsure about it; empty where nothing is.
    """

    code: str
    name: str
    risk: Risk
    policy: Action
    reasons: str = ""
    reasons_en: str = ""
    source: str = ""
    as_of: str = ""
    doubt: str = ""
    path: str = ""
    ids: tuple[str, ...] = ()
    mimes: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the file says anything of it."""
        return bool(self.code)


UNKNOWN = FormatEntry("", "", Risk.UNKNOWN, Action.REVIEW)


@dataclass(frozen=True)
class FormatPolicy:
    """The file in force.

    Args:
        review_days: after how many days without a review one is due.
        sha256: of the file, so that a review says which edition was looked at.
    """

    version: str
    title: str
    review_days: int
    review_source: str
    review_doubt: str
    entries: tuple[FormatEntry, ...]
    sha256: str = ""

    def entry_of(self, format_id: str, mime: str = "") -> FormatEntry:
        """What the file says of a format; `UNKNOWN` where it says nothing."""
        return self._by_id.get(format_id) or self._by_mime.get(mime) or UNKNOWN

    def review_due(self, last: datetime | None) -> datetime | None:
        """When the next review is due; None where there never was one, which is due now."""
        return last + timedelta(days=self.review_days) if last else None

    @cached_property
    def _by_id(self) -> dict[str, FormatEntry]:
        return {each: entry for entry in self.entries for each in entry.ids}

    @cached_property
    def _by_mime(self) -> dict[str, FormatEntry]:
        return {each: entry for entry in self.entries for each in entry.mimes}


def read_format_policy(data: Mapping[str, Any], *, paths: Collection[str], sha256: str = "") -> FormatPolicy:
    """Read a policy of formats.

    Args:
        data: the TOML document.
        paths: codes of the migration paths there are.

    Raises:
        ValueError: with everything that is wrong.
    """
    rows = data.get("format", [])
    wrong = [f"{name} is not told" for name in ("version", "title", "review_source") if not data.get(name)]
    if type(data.get("review_days")) is not int or data["review_days"] < 1:
        wrong.append("review_days is a whole number of days")
    wrong += [fault for row in rows for fault in _faults(row, paths)]
    wrong += _told_twice(rows)
    if wrong:
        raise ValueError("; ".join(wrong))
    entries = (
        FormatEntry(**{
            **row, "risk": Risk(row["risk"]), "policy": Action(row["policy"]),
            "ids": tuple(row.get("ids", ())), "mimes": tuple(row.get("mimes", ())),
        })
        for row in rows
    )  # fmt: skip
    return FormatPolicy(
        str(data["version"]), str(data["title"]), data["review_days"], str(data["review_source"]),
        str(data.get("review_doubt", "")), tuple(entries), sha256,
    )  # fmt: skip


def _faults(row: Mapping[str, Any], paths: Collection[str]) -> list[str]:
    code = row.get("code", "?")
    needed = ("code", "name", "reasons", "reasons_en", "source", "as_of")
    wrong = [f"format {code}: {name} is not told" for name in needed if not row.get(name)]
    if row.get("risk") not in set(Risk):
        wrong.append(f"format {code}: risk is one of {', '.join(Risk)}")
    if row.get("policy") not in set(Action) - {Action.REVIEW}:
        wrong.append(f"format {code}: policy is one of {', '.join(sorted(set(Action) - {Action.REVIEW}))}")
    if (row.get("policy") in _WITH_PATH) != bool(row.get("path")):
        wrong.append(f"format {code}: a path goes with rendition and migrate, and only with them")
    if row.get("path") and row["path"] not in paths:
        wrong.append(f"format {code}: nobody knows the path {row['path']}")
    if not row.get("ids") and not row.get("mimes"):
        wrong.append(f"format {code}: ids or mimes tell what it takes in")
    if strange := row.keys() - FormatEntry.__dataclass_fields__.keys():
        wrong.append(f"format {code}: nobody knows {', '.join(sorted(strange))}")
    return wrong


def _told_twice(rows: Collection[Mapping[str, Any]]) -> list[str]:
    seen: dict[str, str] = {}
    wrong = []
    for row in rows:
        for each in (row.get("code", ""), *row.get("ids", ()), *row.get("mimes", ())):
            if each in seen:
                wrong.append(f"{each} stands in {seen[each]} and in {row.get('code')}")
            seen[each] = str(row.get("code"))
    return wrong
