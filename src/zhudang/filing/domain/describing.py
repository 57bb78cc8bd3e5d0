"""The description of a record at file level (GB/T 50323), and what the system proposes in pencil."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from zhudang.filing.domain.origin import guess_origin
from zhudang.shared.refusals import Reason

RETENTIONS = ("permanent", "long", "short")
MANUSCRIPTS = ("original", "duplicate", "final", "draft", "copy")
COPY_KINDS = ("original", "copy")
CARRIERS = ("text", "drawing", "photo", "av", "model")
SPECIALTIES = (
    "建施",
    "结施",
    "钢施",
    "幕施",
    "装施",
    "水施",
    "暖施",
    "电施",
    "弱电",
    "总施",
    "路施",
    "桥施",
    "管施",
    "绿施",
    "景施",
)
LONGEST_TITLE = 300


@dataclass(frozen=True)
class Description:
    """What a person says about a record; every field of the form."""

    title: str = ""
    document_no: str = ""
    responsible: str = ""
    formed_on: date | None = None
    formed_until: date | None = None
    manuscript: str = ""
    copy_kind: str = ""
    origin: str = "born_digital"
    has_paper: bool = False
    legal_force: bool | None = None
    carrier: str = "text"
    paper_size: str = ""
    specialty: str = ""
    pages: int | None = None
    level: int = 0
    secrecy_term: str = ""
    retention: str = ""
    keywords: str = ""
    notes: str = ""


FIELDS = tuple(f.name for f in fields(Description))


@dataclass(frozen=True)
class Pencil:
    """Proposed values with where each comes from: field -> (value, basis)."""

    values: Mapping[str, tuple[Any, str]] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """The proposed value of a field, or None."""
        return self.values.get(name, (None, ""))[0]


_DATE = re.compile(r"(?<!\d)(20\d{2}|19\d{2})[-年./]?(0[1-9]|1[0-2]|[1-9](?!\d))[-月./]?(0[1-9]|[12]\d|3[01])?(?!\d)")
_SHEET = re.compile(
    r"(建施|结施|钢施|幕施|装施|水施|暖施|电施|弱电|总施|路施|桥施|管施|绿施|景施)[-－_ ]?([0-9]+[A-Za-z]?)"
)
_NUMBERED = re.compile(r"([A-Z]{2,4}[-－]\d{4}[-－]\d{2,4}|[一-龥]{1,6}〔\d{4}〕\d+号)")
_LEAD = re.compile(r"^(\d{6,8}[_\- ]*|[A-E]\d?(\.\d)?-(u)?\d+[_\- ]*)+")
_TAIL = re.compile(r"[_\- ]*(扫描件?|盖章版|最终版?|终稿|定稿|v\d+)$", re.I)


def propose(
    *, file_name: str, scope_title: str, unit_name: str, organisation: str, carrier: str, mime: str, pages: int | None,
    facts: Mapping[str, Any], level: int,
) -> Pencil:  # fmt: skip
    """Propose a description from the file's name and facts, each value with its basis. Nothing is stored."""
    stem = normal_stem(file_name)
    values: dict[str, tuple[Any, str]] = {
        "title": (title_from(stem, scope_title, unit_name), "name"),
        "responsible": (organisation, "uploader"),
        "origin": (guess_origin(mime, facts), "facts"),
        "carrier": (carrier, "scope"),
        "copy_kind": ("original", "usual"),
        "manuscript": ("original", "usual"),
        "level": (level, "project"),
    }
    if pages:
        values["pages"] = (pages, "facts")
    if found := date_in(file_name):
        values["formed_on"] = (found, "name")
    if sheet := _SHEET.search(stem):
        values["specialty"] = (sheet.group(1), "name")
        values["document_no"] = (f"{sheet.group(1)}-{sheet.group(2)}", "name")
        values["carrier"] = ("drawing", "name")
    elif number := _NUMBERED.search(stem):
        values["document_no"] = (number.group(1), "name")
    if sizes := facts.get("page_sizes"):
        values["paper_size"] = (
            max(sizes, key=lambda s: sizes[s]) if isinstance(sizes, Mapping) else str(sizes),
            "facts",
        )
    return Pencil(values)


SAID = {
    "题名": "title", "责任者": "responsible", "日期": "formed_on", "形成日期": "formed_on", "文件编号": "document_no",
    "图号": "document_no", "文号": "document_no", "文图号": "document_no", "页数": "pages", "关键词": "keywords", "主题词": "keywords",
    "附注": "notes", "备注": "notes",
}  # fmt: skip
"""Elements of a submission package -> fields of the form."""


def described_in(words: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    """Propose what a submission package says of a file; what cannot be understood is left out."""
    values: dict[str, tuple[Any, str]] = {}
    for name, text in words.items():
        field_name, value = SAID.get(name, ""), text.strip()
        if field_name == "formed_on":
            if day := date_in(value):
                values[field_name] = (day, "package")
        elif field_name == "pages":
            if value.isascii() and value.isdigit() and 0 < int(value) < 100_000:
                values[field_name] = (int(value), "package")
        elif field_name and value:
            values[field_name] = (value[:LONGEST_TITLE], "package")
    return values


def normal_stem(file_name: str) -> str:
    """The name without suffix, leading dates and codes, and trailing words about versions."""
    stem = file_name.rsplit(".", 1)[0] if "." in file_name else file_name
    return _TAIL.sub("", _LEAD.sub("", stem)).strip(" _-") or stem


def title_from(stem: str, scope_title: str, unit_name: str) -> str:
    """A title that can stand alone: the unit work, then the name where it speaks, else the scope's title."""
    speaks = len(re.findall(r"[一-龥]", stem)) >= 4
    body = stem if speaks else scope_title
    if unit_name and unit_name.replace(" ", "") not in body.replace(" ", ""):
        return f"{unit_name}{body}"[:LONGEST_TITLE]
    return body[:LONGEST_TITLE]


def date_in(text: str) -> date | None:
    """A whole date written in a name; a month alone is not enough."""
    for match in _DATE.finditer(text):
        year, month, day = match.groups()
        if day:
            try:
                return date(int(year), int(month), int(day))
            except ValueError:
                continue
    return None


def why_not_described(d: Description, *, today: date, reach: int, floor: int) -> list[Reason]:
    """Tell everything wrong with a description as typed; empty fields are judged when filing.

    Args:
        reach: the highest level this person may handle on this network.
        floor: the level of the project or of the files, below which a record cannot be set.
    """
    reasons = []
    if len(d.title) > LONGEST_TITLE:
        reasons.append(Reason("filing.title_too_long", {"most": LONGEST_TITLE}))
    if d.formed_on and d.formed_on > today:
        reasons.append(Reason("filing.formed_in_future", {"day": d.formed_on}))
    if d.formed_on and d.formed_until and d.formed_until < d.formed_on:
        reasons.append(Reason("filing.formed_until_before", {"from": d.formed_on, "until": d.formed_until}))
    if d.pages is not None and d.pages < 1:
        reasons.append(Reason("filing.pages_below_one"))
    if d.level > reach:
        reasons.append(Reason("filing.level_above_reach", {"level": d.level}))
    if d.level < floor:
        reasons.append(Reason("filing.level_below_floor", {"level": floor}))
    for name, known in (("retention", RETENTIONS), ("manuscript", MANUSCRIPTS), ("copy_kind", COPY_KINDS)):
        if getattr(d, name) and getattr(d, name) not in known:
            reasons.append(Reason("filing.value_unknown", {"field": name, "value": getattr(d, name)}))
    if d.carrier not in CARRIERS:
        reasons.append(Reason("filing.value_unknown", {"field": "carrier", "value": d.carrier}))
    return reasons


def why_not_complete(d: Description) -> list[Reason]:
    """Tell which fields are still empty that filing needs (GB/T 50323 file level: 题名, 责任者, 形成日期, 页数)."""
    reasons = [
        Reason("filing.field_missing", {"field": name})
        for name in ("title", "responsible")
        if not getattr(d, name).strip()
    ]
    if d.formed_on is None:
        reasons.append(Reason("filing.field_missing", {"field": "formed_on"}))
    if d.pages is None and d.carrier in {"text", "drawing"}:
        reasons.append(Reason("filing.field_missing", {"field": "pages"}))
    return reasons
