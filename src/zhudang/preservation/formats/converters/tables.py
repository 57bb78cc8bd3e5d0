"""Workbooks into CSV, a file a sheet: the stored values of all cells, read back and compared one by one.

Source: RFC 4180 (lines end with CRLF, quotes doubled); UTF-8 with a byte order mark, which office programs need to see it.
"""

from __future__ import annotations

import csv
import datetime
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from zhudang.preservation.formats.converters.results import Converted, Made, NotConverted

MOST_SHEETS, MOST_CELLS = 50, 2_000_000


def convert(source: Path, folder: Path) -> Converted:
    """Write each sheet that holds a value as CSV.

    Raises:
        NotConverted: unreadable, too large, a formula without a stored value, or a cell read back differs.
    """
    try:
        with source.open("rb") as stream, source.open("rb") as again:
            values = load_workbook(stream, data_only=True, read_only=False)
            formulas = load_workbook(again, data_only=False, read_only=False)
            return _sheets(values, formulas, folder)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, IndexError) as problem:
        raise NotConverted("unreadable", problem=f"{type(problem).__name__}: {problem}"[:300]) from problem


def _sheets(values: Any, formulas: Any, folder: Path) -> Converted:
    if len(values.worksheets) > MOST_SHEETS:
        raise NotConverted("too_many_sheets", sheets=len(values.worksheets), most=MOST_SHEETS)
    made: list[Made] = []
    cells = computed = charts = pictures = 0
    for sheet in values.worksheets:
        cells += (sheet.max_row or 0) * (sheet.max_column or 0)
        if cells > MOST_CELLS:
            raise NotConverted("too_many_cells", most=MOST_CELLS)
        computed += _formulas_with_values(sheet, formulas[sheet.title])
        charts, pictures = charts + len(sheet._charts), pictures + len(sheet._images)
        rows = list(_rows(sheet))
        if not any(any(row) for row in rows):
            continue
        name = str(len(made) + 1)
        _write(folder / name, rows)
        _compare(folder / name, sheet, rows)
        made.append(Made(name, sheet.title, "csv"))
    if not made:
        raise NotConverted("no_values")
    left = {"formulas": computed, "charts": charts, "pictures": pictures, "charts_sheets": len(values.chartsheets)}
    return Converted(
        tuple(made), {"cells": cells, "sheets": len(made), "not_carried": {k: v for k, v in left.items() if v}}
    )


def _formulas_with_values(sheet: Any, written: Any) -> int:
    number = 0
    for row in written.iter_rows():
        for cell in row:
            if cell.data_type == "f":
                number += 1
                if sheet[cell.coordinate].value is None:
                    raise NotConverted("formula_without_value", sheet=sheet.title, cell=cell.coordinate)
    return number


def _rows(sheet: Any) -> Iterator[list[str]]:
    for row in sheet.iter_rows(values_only=True):
        yield [text_of(value) for value in row]


def text_of(value: Any) -> str:
    """A cell's value as text that says all of it: numbers by their shortest exact form, moments by ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, lineterminator="\r\n").writerows(rows)


def _compare(path: Path, sheet: Any, rows: list[list[str]]) -> None:
    """Read the file back: as many rows as the sheet, and each cell the value it has there."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        found = list(csv.reader(stream))
    if len(found) != len(rows):
        raise NotConverted("differs", what="rows", expected=str(len(rows)), found=str(len(found)))
    for number, (row, again) in enumerate(zip(sheet.iter_rows(values_only=True), found, strict=True), start=1):
        expected = [text_of(value) for value in row]
        # A row of one empty cell reads back as no cell at all: the same to every reader of CSV.
        if expected != again and not (not again and not any(expected)):
            raise NotConverted("differs", what="cells", expected=f"{sheet.title} {number}", found="")
