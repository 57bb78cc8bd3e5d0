"""The columns of the lists people import, and how their cells are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from zhudang.registry.domain import identifiers
from zhudang.shared.refusals import Reason

_WORDS: Mapping[str, Mapping[str, str]] = {
    "kind": {"房屋建筑": "building", "建筑": "building", "道路": "road", "桥梁": "bridge", "地下管线": "pipeline", "管线": "pipeline"},
    "role": {"勘察单位": "survey", "勘察": "survey", "设计单位": "design", "设计": "design", "施工单位": "contractor",
             "施工": "contractor", "监理单位": "supervisor", "监理": "supervisor"},
    "nature": {"新建": "new", "扩建": "extension", "改建": "alteration", "维修加固": "repair", "涉及结构的装修": "fit_out",
               "加装电梯": "lift"},
    "level": {"公开": "0", "内部": "1", "秘密": "2", "机密": "3", "绝密": "4"},
    "long_works": {"是": "1", "否": ""},
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: its title, the field it fills, how its cells are read.

    Args:
        read: text, day, number or word (one of a table).
        must: the column has to be there, and its cell filled.
        also: other titles the column goes by.
    """

    title: str
    field: str
    read: str = "text"
    must: bool = False
    also: tuple[str, ...] = ()
    example: str = ""

    @property
    def titles(self) -> set[str]:
        """Every title the column is known by."""
        return {self.title, self.field, *self.also}


@dataclass(frozen=True)
class ReadRow:
    """A row as read: values by field, and what could not be read."""

    number: int
    cells: Mapping[str, Any]
    values: Mapping[str, Any]
    reasons: tuple[Reason, ...] = ()
    key: tuple[str, ...] = field(default=())


TABLES: Mapping[str, tuple[Column, ...]] = {
    "projects": (
        Column("项目代码", "code", must=True, also=("投资项目统一代码",), example="2403-990241-48-01-012345"),
        Column("项目名称", "name", must=True, example="滨河安置房一期"),
        Column("工程类别", "kind", "word", must=True, example="房屋建筑"),
        Column("建设单位", "client", must=True, also=("建设单位统一社会信用代码",), example="云溪滨河置业有限公司"),
        Column("建设地点", "address", example="云溪县滨河路 18 号"),
        Column("行政区划代码", "area_code", example="990241"),
        Column("密级", "level", "word", example="内部"),
        Column("经度", "lon", "number", example="109.0012"),
        Column("纬度", "lat", "number", example="28.4501"),
        Column("开工日期", "started_on", "day", example="2024-04-08"),
        Column("完工日期", "completed_on", "day", example=""),
    ),
    "unit_works": (
        Column("项目代码", "project_code", must=True, also=("投资项目统一代码",), example="2403-990241-48-01-012345"),
        Column("工程代码", "phase_code", must=True, example="2403-990241-48-01-012345-001"),
        Column("工程名称", "phase_name", example="一标段"),
        Column("单位工程编号", "code", must=True, example="01"),
        Column("单位工程名称", "name", must=True, example="1# 住宅楼"),
        Column("工程类别", "kind", "word", must=True, example="房屋建筑"),
        Column("建设性质", "nature", "word", example="新建"),
    ),
    "parties": (
        Column("项目代码", "project_code", must=True, also=("投资项目统一代码",), example="2403-990241-48-01-012345"),
        Column("角色", "role", "word", must=True, example="施工单位"),
        Column("单位", "organisation", must=True, also=("单位名称", "统一社会信用代码"), example="青石建筑工程有限公司"),
        Column("自何日起", "since", "day", example="2024-04-01"),
        Column("单位工程编号", "units", example="01、02"),
    ),
}  # fmt: skip
_KEYS = {
    "projects": ("code",),
    "unit_works": ("phase_code", "code"),
    "parties": ("project_code", "role", "organisation"),
}


def read_rows(kind: str, table: Iterable[Mapping[str, Any]]) -> list[ReadRow]:
    """Read a list's rows; the first row under the titles is number 2, as the spreadsheet counts."""
    return [_read_row(kind, number, cells) for number, cells in enumerate(table, start=2)]


def _read_row(kind: str, number: int, cells: Mapping[str, Any]) -> ReadRow:
    values: dict[str, Any] = {}
    reasons: list[Reason] = []
    clean = {str(title).strip(): cell for title, cell in cells.items()}
    for column in TABLES[kind]:
        cell = next((clean[title] for title in column.titles if clean.get(title) not in (None, "")), None)
        if cell is None:
            values[column.field] = None
            if column.must:
                reasons.append(Reason("registry.row_cell_missing", {"field": column.title}))
            continue
        value, reason = _read_cell(column, cell)
        values[column.field] = value
        if reason:
            reasons.append(reason)
    key = tuple(identifiers.normalise(str(values.get(name) or "")) for name in _KEYS[kind])
    return ReadRow(number, {title: _kept(cell) for title, cell in clean.items()}, values, tuple(reasons), key)


def _kept(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, date | datetime) else cell


def _read_cell(column: Column, cell: Any) -> tuple[Any, Reason | None]:
    data = {"field": column.title, "value": str(cell)}
    match column.read:
        case "day":
            day = read_day(cell)
            return (day, None) if day else (None, Reason("registry.row_date", data))
        case "number":
            try:
                return float(str(cell).strip()), None
            except ValueError:
                return None, Reason("registry.row_number", data)
        case "word":
            known = _WORDS[column.field]
            text = str(cell).strip()
            if text in known:
                return known[text], None
            if text in known.values():
                return text, None
            return None, Reason("registry.row_word", data)
    if isinstance(cell, float) and cell.is_integer():
        # A spreadsheet turns "01" typed as a number into 1.0; the trailing ".0" is its doing.
        return str(int(cell)), None
    return str(cell).strip(), None


def read_day(cell: Any) -> date | None:
    """Read a day from a spreadsheet's own date or from one of the usual ways of writing it."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = (
        str(cell).strip().removesuffix("日").replace("年", "-").replace("月", "-").replace("/", "-").replace(".", "-")
    )
    parts = text.split("T")[0].split(" ")[0].split("-")
    if len(parts) == 1 and len(text) == 8 and text.isdigit():
        parts = [text[:4], text[4:6], text[6:]]
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day)
    except ValueError:
        return None
