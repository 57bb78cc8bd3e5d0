"""Lists as people keep them: XLSX, CSV in UTF-8 or GB18030, JSON; read into rows of title -> cell."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

from zhudang.registry.domain.tables import TABLES
from zhudang.registry.operations.imports import MOST_ROWS, CannotImport
from zhudang.shared.refusals import Reason

MOST_BYTES = 30 * 1024 * 1024


def read_table(data: bytes, name: str) -> list[dict[str, Any]]:
    """Read a list by what it is, not by its ending.

    Raises:
        CannotImport: it is none of the three, broken, or too large.
    """
    if len(data) > MOST_BYTES:
        raise CannotImport(Reason("registry.file_too_large", {"limit": MOST_ROWS}))
    try:
        if data[:4] == b"PK\x03\x04":
            return _read_xlsx(data)
        if data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in {b"[", b"{"}:
            return _read_json(data)
        return _read_csv(data)
    except (ValueError, KeyError, zipfile.BadZipFile, csv.Error, OSError) as exc:
        raise CannotImport(Reason("registry.file_unread", {"why": f"{name}: {exc}"[:200]})) from exc


def _read_xlsx(data: bytes) -> list[dict[str, Any]]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        titles = [str(title or "").strip() for title in next(rows, ())]
        table = []
        for row in rows:
            if any(cell not in (None, "") for cell in row):
                table.append({title: cell for title, cell in zip(titles, row, strict=False) if title})
            if len(table) > MOST_ROWS:
                break
        return table
    finally:
        book.close()


def decode(data: bytes) -> str:
    """Decode a text file as offices save it: UTF-8 with or without a mark, else GB18030."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _read_csv(data: bytes) -> list[dict[str, Any]]:
    text = decode(data)
    if "\x00" in text:
        raise ValueError("not a text file")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [
        {
            str(title).strip(): (cell or "").strip()
            for title, cell in row.items()
            if title and isinstance(cell, str | type(None))
        }
        for row in reader
        if any((cell or "").strip() for cell in row.values() if isinstance(cell, str))
    ]


def _read_json(data: bytes) -> list[dict[str, Any]]:
    found = json.loads(decode(data))
    rows = found.get("rows") if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("expected a list of objects")
    return rows


def template_rows(kind: str) -> tuple[list[str], list[list[str]]]:
    """Give the titles of a list's template and one example row."""
    columns = TABLES[kind]
    return [column.title for column in columns], [[column.example for column in columns]]
