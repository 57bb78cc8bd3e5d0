"""What is known of a place that holds copies: where it stands, on what medium, in whose hands. Unknown stays unknown.

The facts are what the installation's sites file says; nothing here measures or proves them. Source of the list:
the notice of 2024-03-22 (other place, other medium, other seismic zone) and Archives Regulation Art. 41.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from zhudang.preservation.domain import s3_address
from zhudang.preservation.domain.s3_address import S3Address

MOST_SITES = 16
"""Proposing a placement tries the sets of places, smallest first: beyond this there would be too many."""


class Kind(StrEnum):
    """How the system meets a place."""

    FOLDER = "folder"
    """A folder this machine always reaches: written at every ingest, may be deleted."""
    REMOVABLE = "removable"
    """A disk or a set of tapes that lies apart and is called in from time to time."""
    S3 = "s3"
    """A bucket of an S3-compatible server: online, caught up by itself, not waited for at ingest."""


class Medium(StrEnum):
    """What the bytes, or the picture of them, are on."""

    HARD_DISK = "hard_disk"
    SOLID_STATE = "solid_state"
    TAPE = "tape"
    OPTICAL = "optical"
    PAPER = "paper"
    MICROFILM = "microfilm"


DIGITAL = frozenset({Medium.HARD_DISK, Medium.SOLID_STATE, Medium.TAPE, Medium.OPTICAL})
ANALOGUE = frozenset({Medium.PAPER, Medium.MICROFILM})
TEXTS = ("place", "province", "seismic_zone", "river_basin", "power_grid", "medium", "operator", "label", "source")
NUMBERS = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0), "peak_acceleration_g": (0.0, 2.0)}
KNOWN = frozenset(
    {"code", "name", "kind", "path", "online", "worm", "call_in_days", "read_megabytes_per_second", "read_hours"}
    | set(TEXTS) | set(NUMBERS) | s3_address.KEYS
)  # fmt: skip
_PROVINCE = re.compile(r"\d{2}(\d{4})?\Z")


@dataclass(frozen=True)
class SiteFacts:
    """One place. An empty text or None is unknown.

    Attributes:
        province: division code of GB/T 2260, two or six digits; compared by its first two.
        latitude, longitude: CGCS2000 (EPSG:4490), degrees.
        peak_acceleration_g: basic peak ground acceleration of GB 18306, in g.
        worm: write-once, as its operator says; stated, never proven by us.
        label: what a removable set is called; the same stands in the file LABEL.txt on it.
        call_in_days: a removable set is called in at least so often; None: as the policy says.
    """

    code: str
    name: str
    kind: Kind = Kind.FOLDER
    place: str = ""
    province: str = ""
    latitude: float | None = None
    longitude: float | None = None
    seismic_zone: str = ""
    peak_acceleration_g: float | None = None
    river_basin: str = ""
    power_grid: str = ""
    medium: str = ""
    operator: str = ""
    worm: bool | None = None
    label: str = ""
    call_in_days: int | None = None
    source: str = ""

    @property
    def offline(self) -> bool:
        """Whether it lies apart from every machine when nobody has called it in."""
        return self.kind is Kind.REMOVABLE

    @property
    def at_ingest(self) -> bool:
        """Whether every ingest writes there and waits for it; other places are caught up later."""
        return self.kind is Kind.FOLDER

    @property
    def unknown(self) -> tuple[str, ...]:
        """The facts nobody has told, by name."""
        names = (name for name in (*TEXTS, *NUMBERS, "worm") if name not in {"label", "source"})
        return tuple(name for name in names if getattr(self, name) in {"", None})


def facts_of(item: Mapping[str, Any]) -> SiteFacts:
    """Read one place of the sites file.

    Raises:
        ValueError: tells what is wrong, all of it at once.
    """
    wrong = [*_wrong_texts(item), *_wrong_numbers(item), *_wrong_choices(item), *_wrong_address(item)]
    wrong += [f"{name}: not a key of a site" for name in sorted(set(item) - KNOWN)]
    if wrong:
        raise ValueError(f"site {item.get('code', '?')}: {'; '.join(wrong)}")
    told: dict[str, Any] = {name: str(item.get(name) or "") for name in TEXTS}
    told |= {name: float(item[name]) if item.get(name) is not None else None for name in NUMBERS}
    return SiteFacts(
        code=str(item["code"]), name=str(item["name"]), kind=Kind(item.get("kind") or Kind.FOLDER),
        worm=item.get("worm"), call_in_days=item.get("call_in_days"),
        **told,
    )  # fmt: skip


def read_sites(items: Sequence[Mapping[str, Any]]) -> dict[str, SiteFacts]:
    """Read the whole sites file; code -> facts.

    Raises:
        ValueError: with every fault of every place.
    """
    wrong, found = [], {}
    for item in items:
        try:
            facts = facts_of(item)
        except ValueError as fault:
            wrong.append(str(fault))
            continue
        if facts.code in found:
            wrong.append(f"site {facts.code}: named twice")
        found[facts.code] = facts
    labels = [facts.label for facts in found.values() if facts.label]
    wrong += [f"label {label}: on two sets" for label in sorted({each for each in labels if labels.count(each) > 1})]
    if len(items) > MOST_SITES:
        wrong.append(f"{len(items)} sites: {MOST_SITES} at most")
    if wrong:
        raise ValueError("; ".join(wrong))
    return found


def address_of(item: Mapping[str, Any]) -> S3Address | None:
    """Where a place of the sites file is reached as a bucket; None for a folder."""
    return s3_address.address_of(item) if item.get("kind") == Kind.S3 else None


def path_of(item: Mapping[str, Any]) -> str:
    """A place's path, or a bucket's address, as people read it."""
    address = address_of(item)
    return address.text if address else str(item["path"])


def as_told(facts: SiteFacts) -> dict[str, Any]:
    """Give the known facts as plain data for a row and the log; what is unknown is left out."""
    names = (*TEXTS, *NUMBERS, "worm", "call_in_days")
    return {name: value for name in names if (value := getattr(facts, name)) not in {"", None}}


def from_row(code: str, name: str, kind: str, told: Mapping[str, Any]) -> SiteFacts:
    """Read back what `as_told` gave."""
    return SiteFacts(code=code, name=name, kind=Kind(kind), **told)


def _wrong_texts(item: Mapping[str, Any]) -> list[str]:
    needed = ("code", "name") if item.get("kind") == Kind.S3 else ("code", "name", "path")
    wrong = [f"{name}: missing" for name in needed if not item.get(name)]
    wrong += [f"{name}: {item[name]!r} is no text" for name in TEXTS if not isinstance(item.get(name) or "", str)]
    province = item.get("province") or ""
    if isinstance(province, str) and province and not _PROVINCE.match(province):
        wrong.append(f"province: {province!r} is no division code of two or six digits")
    return wrong


def _wrong_address(item: Mapping[str, Any]) -> list[str]:
    if item.get("kind") == Kind.S3:
        wrong = s3_address.wrong_address(item)
        return [*wrong, "path: an s3 site has endpoint and bucket instead"] if item.get("path") else wrong
    return [f"{name}: only for a site of kind s3" for name in sorted(s3_address.KEYS) if item.get(name) is not None]


def _wrong_numbers(item: Mapping[str, Any]) -> list[str]:
    wrong = []
    for name, (least, most) in NUMBERS.items():
        value = item.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            wrong.append(f"{name}: {value!r} is no number")
        elif value is not None and not least <= value <= most:
            wrong.append(f"{name}: {value} is not within {least:g} to {most:g}")
    if (item.get("latitude") is None) != (item.get("longitude") is None):
        wrong.append("latitude, longitude: one without the other")
    days = item.get("call_in_days")
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or days < 1):
        wrong.append(f"call_in_days: {days!r} is no number of days")
    return wrong


def _wrong_choices(item: Mapping[str, Any]) -> list[str]:
    wrong = []
    kind = item.get("kind") or Kind.FOLDER
    if kind not in set(Kind):
        return [f"kind: {kind!r} is none of {', '.join(Kind)}"]
    if item.get("medium") and item["medium"] not in DIGITAL:
        wrong.append(f"medium: {item['medium']!r} is none of {', '.join(sorted(DIGITAL))}")
    for name in ("online", "worm"):
        if item.get(name) is not None and not isinstance(item[name], bool):
            wrong.append(f"{name}: {item[name]!r} is neither true nor false")
    if isinstance(item.get("online"), bool) and item["online"] is (kind == Kind.REMOVABLE):
        wrong.append(
            f"online: {item['online']} contradicts the kind {kind}: a folder or a bucket is online, a removable set is not"
        )
    if item.get("worm") is True and not item.get("operator"):
        wrong.append("worm: said by nobody; name the operator who states it")
    if kind == Kind.REMOVABLE and not item.get("label"):
        wrong.append("label: missing; a removable set is known by its label")
    if kind != Kind.REMOVABLE:
        wrong += [f"{name}: only for a removable set" for name in ("call_in_days", "label") if item.get(name)]
    return wrong
