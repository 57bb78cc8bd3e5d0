"""The installation's filing data: scope lists, who makes what, when it is due, and policy.

Read once, validated with every fault at once. ``ZHUDANG_FILING_DATA`` names a folder that replaces ours.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhudang.filing.domain.policy import Policy, faults_in_policy, read_policy
from zhudang.filing.domain.scope import PROVIDERS, DueRule, ProviderRule, ScopeRow, faults_in, read_rows


class BadData(Exception):
    """The installation's filing data cannot be used; every fault is told."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


@dataclass(frozen=True)
class ListFile:
    """One scope list: its header and its rows."""

    code: str
    edition: str
    title: str
    place: str
    source: str
    doubt: str
    kinds: Mapping[str, list[str]]
    default_for: tuple[str, ...]
    adoptable: bool
    sha256: str
    rows: tuple[ScopeRow, ...]


@dataclass(frozen=True)
class FilingData:
    """Everything read from the data folder."""

    lists: tuple[ListFile, ...]
    due: tuple[DueRule, ...]
    providers: tuple[ProviderRule, ...]
    policy: Policy
    classes: tuple[tuple[str, str, str], ...]


def folder() -> Path:
    """Where the data lies: the installation's own folder, else ours."""
    own = os.environ.get("ZHUDANG_FILING_DATA", "")
    return Path(own) if own else Path(__file__).parent / "data"


@functools.cache
def load(at: Path | None = None) -> FilingData:
    """Read and validate the data folder.

    Raises:
        BadData: with every fault of every file.
    """
    home = at or folder()
    faults: list[str] = []
    providers = tuple(_providers(home, faults))
    due = tuple(_due(home, faults))
    lists = tuple(_list(home, header, providers, faults) for header in _toml(home / "lists.toml")["list"])
    policy = read_policy(_toml(home / "policy.toml"))
    faults += [f"policy.toml: {fault}" for fault in faults_in_policy(policy)]
    known = {one.code for one in lists}
    faults += [f"due.csv: list {rule.list_code!r} is unknown" for rule in due if rule.list_code not in known]
    classes = tuple((r["class_code"], r["parent_code"], r["title_zh"]) for r in _csv(home / "classification.csv"))
    codes = {code for code, _parent, _title in classes}
    faults += [
        f"policy.toml: class {c!r} is not in classification.csv"
        for c in policy.class_of_kind.values()
        if c not in codes
    ]
    if faults:
        raise BadData(faults)
    return FilingData(lists, due, providers, policy, classes)


def policy() -> Policy:
    """The installation's policy."""
    return load().policy


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _providers(home: Path, faults: list[str]) -> list[ProviderRule]:
    rules = []
    for line, row in enumerate(_csv(home / "providers.csv"), start=2):
        if row["provider"] not in PROVIDERS:
            faults.append(f"providers.csv line {line}: provider {row['provider']!r} is unknown")
        if not row["source"]:
            faults.append(f"providers.csv line {line}: no source")
        rules.append(
            ProviderRule(row["part"], re.compile(row["title_pattern"]), row["provider"], row["source"], row["doubt"])
        )
    return rules


def _due(home: Path, faults: list[str]) -> list[DueRule]:
    rules = []
    for line, row in enumerate(_csv(home / "due.csv"), start=2):
        if not row["source"]:
            faults.append(f"due.csv line {line}: no source")
        rules.append(
            DueRule(
                row["list"],
                row["kind"],
                row["prefix"],
                row["milestone"],
                int(row["days_after"]),
                row["source"],
                row["doubt"],
            )
        )
    return rules


def _list(home: Path, header: Mapping[str, Any], providers: tuple[ProviderRule, ...], faults: list[str]) -> ListFile:
    path = home / header["file"]
    rows = _csv(path)
    parts = header.get("parts", {})
    found = faults_in(rows, kinds=header["kinds"], parts=parts)
    faults += [f"{header['file']} {fault}" for fault in found]
    return ListFile(
        code=header["code"], edition=header["edition"], title=header["title"], place=header.get("place", ""),
        source=header["source"], doubt=header.get("doubt", ""), kinds=header["kinds"],
        default_for=tuple(header.get("default_for", ())), adoptable=bool(header.get("adoptable", False)),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        rows=() if found else tuple(read_rows(rows, providers=providers, parts=parts)),
    )  # fmt: skip
