"""Identifiers of projects, permits and land, read as offices wrote them over the years.

Every rule returns a `Verdict`: `valid`, `suspicious` (kept, with a warning), `legacy` (an old form
that was right in its day) or `invalid`, with the codes of all reasons. Nothing here looks at a
clock: the day of today comes in. Credit codes and identity numbers are the business of `identity`.

Source: domain/identifiers.md, sections 3 to 6.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−－"), "-")
_BLANKS = re.compile(r"\s+")

_PROJECT = re.compile(r"\d{4}-\d{6}-\d{2}-\d{2}-\d{6}", re.ASCII)
_WORKS = re.compile(r"(?P<project>\d{4}-\d{6}-\d{2}-\d{2}-\d{6})-(?P<suffix>[0-9A-Z]{1,8})", re.ASCII)
_AREA = re.compile(r"[1-9]\d{5}", re.ASCII)
_PLANNING = re.compile(
    r"(?P<kind>[建地用乡])字第(?P<area>\d{6})(?P<year>(?:19|20)\d{2})(?P<rest>\d{4,5}|[A-Z]{2}\d{7})号", re.ASCII
)
_CONSTRUCTION = re.compile(r"(?P<area>\d{6})(?P<date>\d{8})(?P<serial>\d{4})", re.ASCII)
_LOCAL = re.compile(r"[\[(〔](?P<year>(?:19|20)\d{2})[\])〕].{0,12}?字(?:第)?\d{1,6}号", re.ASCII)
_NATIONAL = re.compile(r"(?P<area>\d{6})(?P<date>\d{6})(?P<cls>\d{2})(?P<serial>\d{2})", re.ASCII)
_REALTY = re.compile(r"(?P<area>\d{6})\d{6}(?P<right>[GJZ][A-Z])\d{5}(?P<fixture>[A-Z])(?P<number>\d{8})", re.ASCII)
_LAND = re.compile(r"(?P<area>\d{6})\d{6}(?P<right>[GJZ][A-Z])\d{5}", re.ASCII)

_PLANNING_LETTERS = {"建": "GG", "地": "YG", "用": "XS", "乡": "XG"}
_OLDEST_YEAR = 1949
_OPAQUE_CODE_LENGTH = 64


class Standing(StrEnum):
    """How far an identifier can be believed."""

    VALID = "valid"
    SUSPICIOUS = "suspicious"
    LEGACY = "legacy"
    INVALID = "invalid"


class PermitKind(StrEnum):
    """The permits a project gathers."""

    LAND = "land"
    PLANNING = "planning"
    CONSTRUCTION = "construction"
    SITE = "site"
    RURAL = "rural"


_KIND_LETTER = {
    PermitKind.LAND: "地",
    PermitKind.PLANNING: "建",
    PermitKind.SITE: "用",
    PermitKind.RURAL: "乡",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One identifier, normalised, and what is to be said of it.

    Args:
        value: the form to store.
        reasons: codes of everything noticed; empty when simply valid.
    """

    value: str
    standing: Standing
    reasons: tuple[str, ...] = ()

    @property
    def acceptable(self) -> bool:
        """True unless the identifier must be refused."""
        return self.standing is not Standing.INVALID


def normalise(text: str) -> str:
    """Give the form to compare and store: NFKC, no blanks, upper case, plain hyphens."""
    before, plain = None, text
    # Removing a blank or raising a letter can leave something NFKC writes otherwise: go on until it is still.
    while plain != before:
        before = plain
        plain = _BLANKS.sub("", unicodedata.normalize("NFKC", plain).translate(_DASHES)).upper()
    return plain


def _verdict(value: str, invalid: list[str], suspicious: list[str], legacy: list[str]) -> Verdict:
    reasons = tuple(invalid + suspicious + legacy)
    for standing, found in ((Standing.INVALID, invalid), (Standing.SUSPICIOUS, suspicious), (Standing.LEGACY, legacy)):
        if found:
            return Verdict(value, standing, reasons)
    return Verdict(value, Standing.VALID)


def check_area_code(text: str, *, known: Collection[str] = (), county: bool = False) -> Verdict:
    """Judge a division code (GB/T 2260), six digits.

    Args:
        known: the codes of the installation's area table valid on the day in question. An empty
            table proves nothing, so it raises no warning.
        county: a county is needed, so `xx0000` and `xxxx00` will not do.
    """
    value = normalise(text)
    if not _AREA.fullmatch(value):
        return Verdict(value, Standing.INVALID, ("area.form",))
    invalid = ["area.not_county"] if county and value.endswith("00") else []
    suspicious = ["area.unknown"] if known and value not in known else []
    return _verdict(value, invalid, suspicious, [])


def check_project_code(text: str, *, known_areas: Collection[str] = ()) -> Verdict:
    """Judge a unified investment project code (投资项目统一代码).

    The first group is YYMM in today's form and a four-digit year up to about 2019; a first group
    that is neither is kept with a warning, because nobody issues codes without a month.
    """
    value = normalise(text)
    if not value:
        return Verdict(value, Standing.INVALID, ("project_code.missing",))
    if not _PROJECT.fullmatch(value):
        return Verdict(value, Standing.INVALID, _why_not_project_code(value))
    suspicious, legacy = [], []
    first = value[:4]
    if _month_of_code(first):
        pass
    elif first.startswith(("19", "20")) and _OLDEST_YEAR <= int(first) <= 2020:
        legacy.append("project_code.year_form")
    else:
        suspicious.append("project_code.month")
    area = value.split("-")[1]
    if known_areas and area not in known_areas:
        suspicious.append("area.unknown")
    # The year form was right in its day: no fault, so it stays valid in the archive's eyes.
    return _verdict(value, [], suspicious, legacy)


def _month_of_code(first: str) -> bool:
    # 2001 to 2012 read both as a year and as a month of 2020; today's form is the later one.
    return 1 <= int(first[2:]) <= 12 and int(first[:2]) >= 16


def _why_not_project_code(value: str) -> tuple[str, ...]:
    groups = value.split("-")
    if len(groups) != 5:
        return ("project_code.groups",)
    names = ("date", "area", "industry", "type", "serial")
    lengths = (4, 6, 2, 2, 6)
    return tuple(
        f"project_code.{name}"
        for name, group, length in zip(names, groups, lengths, strict=True)
        if not (len(group) == length and group.isascii() and group.isdigit())
    )


def check_works_code(text: str, *, project_code: str = "") -> Verdict:
    """Judge a works code (工程代码): opaque and unique, customarily the project's code and a suffix.

    A code that does not begin with its project's is kept with a warning.
    """
    value = normalise(text)
    if not value:
        return Verdict(value, Standing.INVALID, ("works_code.missing",))
    if len(value) > _OPAQUE_CODE_LENGTH:
        return Verdict(value, Standing.INVALID, ("works_code.too_long",))
    match = _WORKS.fullmatch(value)
    suspicious = []
    if match is None:
        suspicious.append("works_code.form")
    elif project_code and match["project"] != normalise(project_code):
        suspicious.append("works_code.other_project")
    return _verdict(value, [], suspicious, [])


def check_permit(kind: str, text: str, *, today: date, known_areas: Collection[str] = ()) -> Verdict:
    """Judge the number of a permit of `kind`; local and former forms are kept as such."""
    if kind == PermitKind.CONSTRUCTION:
        return check_construction_permit(text, today=today, known_areas=known_areas)
    return check_planning_number(text, letter=_KIND_LETTER[PermitKind(kind)], today=today, known_areas=known_areas)


def check_construction_permit(text: str, *, today: date, known_areas: Collection[str] = ()) -> Verdict:
    """Judge a construction permit (施工许可证): eighteen digits, or a local form such as
    ``[2018]施[朝]建字0072号``. Digits 15 to 18 changed their meaning and are not read."""
    value = normalise(text)
    if local := _LOCAL.fullmatch(value):
        return _local(value, int(local["year"]), today)
    match = _CONSTRUCTION.fullmatch(value)
    if match is None:
        return Verdict(value, Standing.INVALID, _why_not_digits(value, 18, "permit"))
    invalid, suspicious = [], []
    issued = _real_date(match["date"])
    if issued is None:
        invalid.append("permit.date")
    elif issued > today:
        invalid.append("permit.future")
    elif issued.year < _OLDEST_YEAR:
        invalid.append("permit.date")
    if known_areas and match["area"] not in known_areas:
        suspicious.append("area.unknown")
    return _verdict(value, invalid, suspicious, [])


def check_planning_number(text: str, *, letter: str = "建", today: date, known_areas: Collection[str] = ()) -> Verdict:
    """Judge a number such as ``建字第500241202400012号``.

    Args:
        letter: which certificate it must be: 建 works, 地 land, 用 site, 乡 rural.
    """
    value = normalise(text)
    if local := _LOCAL.fullmatch(value):
        return _local(value, int(local["year"]), today)
    match = _PLANNING.fullmatch(value)
    if match is None:
        return Verdict(value, Standing.INVALID, ("permit.form",))
    invalid, suspicious = [], []
    if match["kind"] != letter:
        invalid.append("permit.other_kind")
    if int(match["year"]) > today.year:
        invalid.append("permit.future")
    letters = match["rest"][:2]
    if letters.isalpha() and letters != _PLANNING_LETTERS[match["kind"]]:
        suspicious.append("permit.letters")
    if known_areas and match["area"] not in known_areas:
        suspicious.append("area.unknown")
    return _verdict(value, invalid, suspicious, [])


def check_national_number(text: str, *, today: date) -> Verdict:
    """Judge a number of the national building market platform: sixteen digits."""
    value = normalise(text)
    match = _NATIONAL.fullmatch(value)
    if match is None:
        return Verdict(value, Standing.INVALID, _why_not_digits(value, 16, "national"))
    invalid, suspicious = [], []
    issued = _real_date("20" + match["date"])
    if issued is None:
        invalid.append("national.date")
    elif issued > today:
        invalid.append("national.future")
    if match["cls"] not in {"01", "02"}:
        suspicious.append("national.class")
    return _verdict(value, invalid, suspicious, [])


def check_realty_unit(text: str) -> Verdict:
    """Judge a real-estate unit number (不动产单元号, GB/T 37346): 28 characters; a bare land
    parcel code of 19 is kept as legacy."""
    value = normalise(text)
    if _LAND.fullmatch(value):
        return Verdict(value, Standing.LEGACY, ("realty.parcel_only",))
    if len(value) != 28:
        return Verdict(value, Standing.INVALID, ("realty.length",))
    match = _REALTY.fullmatch(value)
    if match is None:
        return Verdict(value, Standing.INVALID, ("realty.form",))
    invalid = ["realty.no_fixture"] if match["fixture"] == "W" and match["number"] != "0" * 8 else []
    suspicious = ["realty.fixture"] if match["fixture"] not in "FLQW" else []
    return _verdict(value, invalid, suspicious, [])


def print_realty_unit(value: str) -> str:
    """Write a real-estate unit number as it is printed: blanks after 6, 12 and 19."""
    return " ".join(part for part in (value[:6], value[6:12], value[12:19], value[19:]) if part)


def _local(value: str, year: int, today: date) -> Verdict:
    if year > today.year:
        return Verdict(value, Standing.INVALID, ("permit.future",))
    return Verdict(value, Standing.LEGACY, ("permit.local_form",))


def _why_not_digits(value: str, length: int, name: str) -> tuple[str, ...]:
    reasons = []
    if not (value.isascii() and value.isdigit()):
        reasons.append(f"{name}.form")
    if len(value) != length:
        reasons.append(f"{name}.length")
    return tuple(reasons)


def _real_date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
