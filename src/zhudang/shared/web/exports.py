"""A list as a file: XLSX or CSV, written row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import quote

from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A spreadsheet would run these as formulas.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_AT_ONCE = 32 * 1024
"""A CSV goes out in pieces of so many characters: each piece costs the server as much as some lines."""


def wanted_format(request: HttpRequest) -> str:
    """Tell which file the address asks for with `?export=`: "xlsx", "csv" or "" for the page."""
    asked = request.GET.get("export", "")
    return asked if asked in {"xlsx", "csv"} else ""


def list_file(kind: str, name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """Answer with the list as a file named `name` (without ending), first row the column heads."""
    return _as_csv(name, heads, rows) if kind == "csv" else _as_xlsx(name, heads, rows)


def attachment_name(name: str) -> str:
    """Write the Content-Disposition of a download whose name may be Chinese (RFC 6266)."""
    plain = name.encode("ascii", "ignore").decode().strip().replace('"', "") or "zhudang"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
    if value is None or isinstance(value, int | float | date | time):
        return value
    return str(value)


def _as_xlsx(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for position, head in enumerate(heads, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = max(10, min(48, len(str(head)) * 2 + 6))

    def written(value: Any) -> Any:
        cell = WriteOnlyCell(sheet, value=value)
        if isinstance(value, str):
            cell.data_type = "s"
        return cell

    titles = []
    for head in heads:
        cell = written(str(head))
        cell.font = Font(bold=True)
        titles.append(cell)
    sheet.append(titles)
    for row in rows:
        sheet.append([written(_cell(value)) for value in row])
    target = TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(target)
    target.seek(0)
    answer = FileResponse(target, content_type=XLSX)
    answer["Content-Disposition"] = attachment_name(f"{name}.xlsx")
    return answer


def _as_csv(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    def guarded(value: Any) -> Any:
        value = _cell(value)
        return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value

    def lines() -> Iterable[bytes]:
        written = io.StringIO()
        writer = csv.writer(written)
        yield b"\xef\xbb\xbf"
        for row in (heads, *rows) if isinstance(rows, Sequence) else _chain(heads, rows):
            writer.writerow([guarded(value) for value in row])
            if written.tell() > _AT_ONCE:
                yield written.getvalue().encode()
                written.seek(0)
                written.truncate()
        yield written.getvalue().encode()

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = attachment_name(f"{name}.csv")
    return answer


def _chain(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    yield heads
    yield from rows
