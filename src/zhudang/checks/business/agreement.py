"""Whether a description agrees with what the document says (C4). Facts in, findings out; nothing is read here.

Only the opening and the end of a document are compared: what is not found there may stand elsewhere, so every
finding is left to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from zhudang.checks.business.page import folded
from zhudang.checks.model import Finding
from zhudang.checks.rules import finding

ALIKE = 0.6
"""Share of a title's character pairs that must stand in the document."""
ADDED_BY_CATALOGUES = ("及其附件", "及附件", "附件", "批复文件", "文件", "资料", "有关", "关于")
"""What a catalogue adds to the name a document bears itself."""
ONLY_NOT_SEEN = frozenset({"BIZ-007", "BIZ-009", "BIZ-010"})
"""Findings that say no more than that something was not seen: nothing follows from them where not all was read."""
LEAST_TEXT = 30
"""Fewer characters than this say nothing: a scan without a text layer is not compared."""
NUMERALS = {**{c: str(n) for n, c in enumerate("〇一二三四五六七八九")}, "零": "0", "○": "0", "Ｏ": "0"}
WESTERN = re.compile(r"(?<!\d)((?:19|20)\d\d)\s*[年.\-/]\s*(\d{1,2})\s*[月.\-/]\s*(\d{1,2})")
CHINESE = re.compile(r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日")


@dataclass(frozen=True, slots=True)
class Described:
    """What a person wrote about a record.

    Args:
        around: names a title may carry that the document need not repeat: of the project, the unit work.
        as_built: the record is an as-built drawing (竣工图).
        project: every name the project has or had.
        responsible: names of the responsible body, former ones included.
    """

    title: str = ""
    around: Sequence[str] = ()
    document_no: str = ""
    formed_on: date | None = None
    formed_until: date | None = None
    responsible: Sequence[str] = ()
    project: Sequence[str] = ()
    is_drawing: bool = False
    as_built: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What the check saw in the files of the record: opening and closing text, title block, stamps.

    Args:
        whole: opening and closing are all the text there is; else what is not in them may stand between.
    """

    text: str = ""
    whole: bool = True
    title_blocks: Sequence[Mapping[str, str]] = ()
    stamps: Sequence[Mapping[str, Any]] = ()
    looked_for_stamps: bool = False
    sheets: int = 0
    dates: Sequence[date] = field(default=())


def check(described: Described, seen: Seen) -> list[Finding]:
    """Every disagreement, in the order of the form."""
    found = list(_stamp(described, seen))
    text = folded(seen.text)
    blocks = [{name: folded(value) for name, value in block.items()} for block in seen.title_blocks]
    if len(text) < LEAST_TEXT and not blocks:
        return found
    everything = text + "".join(value for block in blocks for value in block.values())
    found += _title(described, everything)
    found += _number(described, everything, blocks)
    found += _names(described, everything, blocks)
    found += _date(described, seen)
    return found if seen.whole else [each for each in found if each.code not in ONLY_NOT_SEEN]


def _stamp(described: Described, seen: Seen) -> Iterator[Finding]:
    if described.as_built and seen.looked_for_stamps and not any(s["kind"] == "as_built" for s in seen.stamps):
        yield finding("BIZ-003", sheets=seen.sheets)


def _title(described: Described, text: str) -> Iterator[Finding]:
    title = folded(described.title)
    for name in sorted(map(folded, described.around), key=len, reverse=True):
        title = title.replace(name, "") if len(name) >= 2 else title
    for word in ADDED_BY_CATALOGUES:
        title = title.replace(word, "")
    pairs = {title[n : n + 2] for n in range(len(title) - 1)}
    if len(pairs) >= 3:
        share = sum(pair in text for pair in pairs) / len(pairs)
        if share < ALIKE:
            yield finding("BIZ-004", title=described.title, percent=round(share * 100))


def _number(described: Described, text: str, blocks: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    number = folded(described.document_no)
    if len(number) < 2 or described.document_no.strip() in {"无", "-", "—"}:
        return
    told = [block["number"] for block in blocks if block.get("number")]
    if told and number not in told:
        yield finding("BIZ-006", described=described.document_no, seen="、".join(told[:3]))
    elif not told and number not in text:
        yield finding("BIZ-007", described=described.document_no)


def _names(described: Described, text: str, blocks: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    projects = [folded(name) for name in described.project if len(folded(name)) >= 3]
    told = [block["project"] for block in blocks if block.get("project")]
    if projects and told and not any(_same(name, seen) for name in projects for seen in told):
        yield finding("BIZ-008", described=described.project[0], seen="、".join(told[:2]))
    elif projects and not told and not any(_mostly_in(name, text) for name in projects):
        yield finding("BIZ-009", described=described.project[0])
    makers = [folded(name) for name in described.responsible if len(folded(name)) >= 3]
    if makers and not any(_mostly_in(name, text) for name in makers):
        yield finding("BIZ-010", described=described.responsible[0])


def _same(one: str, other: str) -> bool:
    return one in other or other in one or _mostly_in(one, other) or _mostly_in(other, one)


def _mostly_in(name: str, text: str) -> bool:
    pairs = [name[n : n + 2] for n in range(len(name) - 1)]
    return name in text or sum(pair in text for pair in pairs) >= 0.8 * len(pairs)


def _date(described: Described, seen: Seen) -> Iterator[Finding]:
    dates = seen.dates or dates_in(seen.text)
    if described.formed_on is None or not dates:
        return
    first, last = described.formed_on, described.formed_until or described.formed_on
    if not any(first <= day <= last for day in dates):
        shown = "、".join(day.isoformat() for day in sorted(set(dates))[-3:])
        yield finding("BIZ-005", described=described.formed_on.isoformat(), seen=shown)


def dates_in(text: str) -> list[date]:
    """Every day written out in a text, Western and Chinese figures alike; impossible ones are passed over."""
    found = [(int(year), int(month), int(day)) for year, month, day in WESTERN.findall(text)]
    for year, month, day in CHINESE.findall("".join(text.split())):
        found.append((int("".join(NUMERALS[c] for c in year)), _small(month), _small(day)))
    days = []
    for parts in found:
        try:
            days.append(date(*parts))
        except ValueError:
            continue
    return days


def _small(figure: str) -> int:
    """Chinese figures up to 99: 十一 is 11, 二十 is 20, 三 is 3."""
    if "十" not in figure:
        return int("".join(NUMERALS[c] for c in figure))
    tens, _, ones = figure.partition("十")
    return 10 * int(NUMERALS.get(tens, "1")) + int(NUMERALS.get(ones, "0"))
