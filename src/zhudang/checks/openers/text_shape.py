"""The shape of plain text: rows of unequal length, lists and prose that stop in the middle.

Each says something only where the rest of the file keeps to one shape; tried over some five thousand sound texts of
program packages and over the labelled files: none of them was told of, with their last line end taken off or not.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

LEAST_ROWS = 5
LEAST_COMPARED, LEAST_CELLS = 4, 3
ODD_SHARE = 0.05
MOST_TOLD = 5
COMMENT = "#"
CELLS = ",;\t|"
PARAGRAPHS = (re.compile(r"\n[ \t\u3000]*\n+"), re.compile(r"\n"))
"""Prose is parted by empty lines, or is one line a paragraph."""
LONG, LEAST_LONG, ENDED_SHARE = 40, 8, 0.9
"""Paragraphs of so many characters count; so many there must be; so many of them end as sentences do."""
ENDED = re.compile(r"[。！？!?…；;：:.―—][”’」』）)》】\"'\]*_`>]*$")
CLOSED = re.compile(r"[”’」』）)》】\"'\]*_`>|}]$")
NO_PROSE = re.compile(r"://|@|www\.|^[\[.|#>*=+-]")
WITHIN = re.compile(r"[，。；、：,;]|[a-z][.!?] ")
"""A sentence that goes on has a comma or a stop within; names and dates at the foot of a letter have none."""


def cut_row(text: str, separator: str = "") -> bool:
    """Whether every row has the same number of cells and ends its line, but the last does neither."""
    if text.endswith(("\n", "\r")):
        return False
    rows, cells, last = 0, 0, 0
    try:
        for row in _rows(text, separator):
            if rows > 1 and last != cells:
                return False
            rows, cells, last = rows + 1, cells or len(row), len(row)
    except csv.Error:
        return False
    open_quote = text.count('"') % 2 == 1
    return rows > LEAST_ROWS and cells > 1 and last > 0 and (last < cells or (open_quote and last == cells))


def uneven_rows(text: str, separator: str = "") -> tuple[int, list[int]]:
    """Cells of the first row, and numbers (from 1) of the few rows that have others; none where many have.

    Rows of one cell are headings and notes, empty ones and comments none at all.
    """
    first, compared, odd = 0, 0, []
    try:
        for number, row in enumerate(_rows(text, separator), 1):
            if not any(cell.strip() for cell in row) or row[0].lstrip("\ufeff \t").startswith(COMMENT):
                continue
            first, compared = first or len(row), compared + 1
            if len(row) not in {first, 1}:
                odd.append(number)
    except csv.Error:
        return 0, []
    few = compared >= LEAST_COMPARED and first >= LEAST_CELLS and len(odd) <= max(1, compared * ODD_SHARE)
    return (first, odd) if few else (first, [])


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    chosen = separator or max(CELLS, key=text.partition("\n")[0].count)
    return csv.reader(io.StringIO(text, newline=""), delimiter=chosen)


def stops_in_a_sentence(text: str) -> bool:
    """Whether paragraphs end as sentences do, but the last, which has no line end either, stops within one."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return not plain.endswith("\n") and any(_last_is_open(between.split(plain)) for between in PARAGRAPHS)


def _last_is_open(parts: list[str]) -> bool:
    paragraphs = [part.strip() for part in parts if part.strip()]
    if len(paragraphs) <= LEAST_LONG:
        return False
    last = paragraphs.pop()
    long = [part for part in paragraphs if len(part) >= LONG]
    if len(long) < LEAST_LONG or NO_PROSE.search(last) or not WITHIN.search(last):
        return False
    ended = sum(ENDED.search(part) is not None for part in long)
    return ended >= ENDED_SHARE * len(long) and not ENDED.search(last) and not CLOSED.search(last)
