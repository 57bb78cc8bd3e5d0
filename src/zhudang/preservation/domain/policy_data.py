"""The installation's policy of copies, read from data and checked: every value with its source and its doubt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zhudang.preservation.domain.copy_policy import APART_BY, Need

KINDS = ("volume", "project", "archive")
NAMED_KINDS = ("volume", "project")
"""What a policy names: the archive's own registers are a catalogue like a project's."""
LEVELS = range(5)
_NUMBERS = ("copies", "media", "offline", "write_once", "analogue")
_CODE = re.compile(r"[a-z0-9_-]{1,30}")
_TEXTS = ("code", "name_zh", "name_en", "source")


@dataclass(frozen=True)
class Policy:
    """What every holding class needs.

    Attributes:
        call_in_days: how often a removable set is called in where it does not say so itself.
        grace_days: so many days after that its copies no longer count.
        sources: section -> (source, doubt); "" is the whole.
    """

    edition: str
    titles: Mapping[str, str]
    classes: tuple[Need, ...]
    call_in_days: int
    grace_days: int
    sources: Mapping[str, tuple[str, str]]

    def class_of(self, kind: str, level: int) -> Need:
        """The class of a holding: the first that fits."""
        kind = "project" if kind == "archive" else kind
        return next(need for need in self.classes if kind in need.kinds and level in need.levels)

    def need(self, code: str) -> Need | None:
        """A class by its code."""
        return next((need for need in self.classes if need.code == code), None)


def read_policy(data: Mapping[str, Any]) -> Policy:
    """Read the policy's data.

    Raises:
        ValueError: tells what is wrong, all of it at once.
    """
    wrong = [*_wrong_head(data), *_wrong_classes(data)]
    if wrong:
        raise ValueError("; ".join(wrong))
    apart, call_in = data["apart"], data["call_in"]
    sources = {"": (data["source"], data.get("doubt", ""))}
    sources |= {name: (data[name]["source"], data[name].get("doubt", "")) for name in ("apart", "call_in")}
    return Policy(
        edition=str(data["edition"]),
        titles={"zh": data["title_zh"], "en": data["title_en"]},
        classes=tuple(_need(item, float(apart["kilometres"]), tuple(apart["by"])) for item in data["class"]),
        call_in_days=call_in["days"],
        grace_days=call_in["grace_days"],
        sources=sources,
    )


def _need(item: Mapping[str, Any], kilometres: float, by: tuple[str, ...]) -> Need:
    return Need(
        code=item["code"],
        names={"zh": item["name_zh"], "en": item["name_en"]},
        kinds=frozenset(item["kinds"]),
        levels=frozenset(item["levels"]),
        apart_km=kilometres if item["apart"] else None,
        apart_by=by,
        source=item["source"],
        doubt=item.get("doubt", ""),
        **{name: item[name] for name in _NUMBERS},
    )


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _wrong_head(data: Mapping[str, Any]) -> list[str]:
    wrong = [f"{name}: missing" for name in ("edition", "title_zh", "title_en", "source") if not data.get(name)]
    for name in ("apart", "call_in"):
        if not isinstance(data.get(name), Mapping):
            wrong.append(f"[{name}]: missing")
        elif not data[name].get("source"):
            wrong.append(f"[{name}]: no source")
    apart, call_in = data.get("apart"), data.get("call_in")
    if isinstance(apart, Mapping):
        if not _is_count(apart.get("kilometres"), 1):
            wrong.append("[apart] kilometres: no whole number above zero")
        by = apart.get("by")
        if not isinstance(by, list) or not set(map(str, by)) <= set(APART_BY):
            wrong.append(f"[apart] by: no list of {', '.join(APART_BY)}")
    if isinstance(call_in, Mapping):
        wrong += [
            f"[call_in] {name}: no number of days"
            for name in ("days", "grace_days")
            if not _is_count(call_in.get(name), 0)
        ]
    return wrong


def _wrong_classes(data: Mapping[str, Any]) -> list[str]:
    items = data.get("class")
    if not isinstance(items, list) or not items:
        return ["[[class]]: none"]
    wrong: list[str] = []
    for number, item in enumerate(items, start=1):
        code = item.get("code") or number
        if not _CODE.fullmatch(str(code)):
            wrong.append(f"class {code}: code is of small letters, digits, - and _, 30 at most")
        wrong += [f"class {code}: {name} missing" for name in _TEXTS if not item.get(name)]
        wrong += [f"class {code}: {name} is no count" for name in _NUMBERS if not _is_count(item.get(name), 0)]
        if item.get("copies") == 0:
            wrong.append(f"class {code}: copies must be one at least")
        if not isinstance(item.get("apart"), bool):
            wrong.append(f"class {code}: apart is neither true nor false")
        if not set(item.get("kinds") or [""]) <= set(NAMED_KINDS):
            wrong.append(f"class {code}: kinds are of {', '.join(NAMED_KINDS)}")
        if not set(item.get("levels") or [-1]) <= set(LEVELS):
            wrong.append(f"class {code}: levels are of 0 to 4")
    codes = [item.get("code") for item in items]
    wrong += [f"class {code}: named twice" for code in sorted({str(code) for code in codes if codes.count(code) > 1})]
    covered = {
        (kind, level) for item in items for kind in item.get("kinds") or () for level in item.get("levels") or ()
    }
    lacking = sorted(f"{kind} {level}" for kind in NAMED_KINDS for level in LEVELS if (kind, level) not in covered)
    return wrong + ([f"no class for {', '.join(lacking)}"] if lacking else [])
