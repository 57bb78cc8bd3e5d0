"""Lists read in: every row is tried, a bad row stops only itself, a dry run writes nothing."""

from __future__ import annotations

import io
import json

import pytest
from openpyxl import Workbook

from registry.makers import NOW, make_client
from zhudang.events.models import Event
from zhudang.identity.rights import SYSTEM
from zhudang.registry import operations, queries
from zhudang.registry.domain.tables import TABLES
from zhudang.registry.models import ImportRow, Party, Project, UnitWork
from zhudang.registry.operations.imports import CannotImport
from zhudang.registry.table_files import read_table, template_rows

pytestmark = pytest.mark.django_db
HEADS = ["项目代码", "项目名称", "工程类别", "建设单位", "建设地点", "开工日期"]
ROWS = [
    ["2403-990241-48-01-000001", "云溪中学教学楼", "房屋建筑", "云溪县教育局", "学府路", "2024-04-08"],
    ["2403-990241-48-01-00002", "坏代码", "房屋建筑", "云溪县教育局", "", "2024-13-08"],
    ["2403-990241-48-01-000003", "滨河路", "道路", "没有登记的单位", "", ""],
    ["2403-990241-48-01-000001", "云溪中学教学楼", "房屋建筑", "云溪县教育局", "学府路", ""],
    ["2403-990241-48-01-000004", "云溪大桥", "桥梁", "云溪县教育局", "", "2024年5月1日"],
]


def as_xlsx(heads, rows) -> bytes:
    book = Workbook()
    book.active.append(heads)
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def as_csv(heads, rows, encoding) -> bytes:
    return "\r\n".join(",".join(row) for row in [heads, *rows]).encode(encoding)


def check(data: bytes, kind: str = "projects"):
    return operations.check_import(
        actor=SYSTEM, kind=kind, file_name="表", sha256="0" * 64, table=read_table(data, "表"), now=NOW
    )


def verdicts(run):
    return list(ImportRow.objects.filter(run_id=run).order_by("number").values_list("number", "verdict"))


@pytest.mark.parametrize("form", ["xlsx", "utf-8-sig", "utf-8", "gb18030", "json"])
def test_the_same_list_in_every_form_gives_the_same_report(form):
    make_client("云溪县教育局")
    if form == "xlsx":
        data = as_xlsx(HEADS, ROWS)
    elif form == "json":
        data = json.dumps([dict(zip(HEADS, row, strict=True)) for row in ROWS]).encode()
    else:
        data = as_csv(HEADS, ROWS, form)
    assert verdicts(check(data)) == [(2, "new"), (3, "bad"), (4, "bad"), (5, "bad"), (6, "new")]


def test_a_dry_run_writes_nothing_but_its_report_and_the_import_does_what_it_foretold():
    make_client("云溪县教育局")
    run = check(as_xlsx(HEADS, ROWS))
    assert not Project.objects.exists()
    assert not Event.objects.filter(kind="registry.project.registered").exists()
    operations.apply_import(actor=SYSTEM, run_id=run, now=NOW)
    assert Project.objects.count() == 2
    assert verdicts(run) == [(2, "done"), (3, "bad"), (4, "bad"), (5, "bad"), (6, "done")]
    with pytest.raises(CannotImport):
        operations.apply_import(actor=SYSTEM, run_id=run, now=NOW)


def test_every_reason_of_a_bad_row_is_told():
    make_client("云溪县教育局")
    run = check(as_xlsx(HEADS, ROWS))
    reasons = [queries.shape_import_row(row).reasons for row in ImportRow.objects.filter(run_id=run).order_by("number")]
    assert [r.code for r in reasons[1]] == ["registry.row_date"]
    assert [r.code for r in reasons[2]] == ["registry.row_organisation_unknown"]
    assert [r.code for r in reasons[3]] == ["registry.row_twice"]


def test_the_same_list_a_second_time_changes_nothing():
    make_client("云溪县教育局")
    data = as_xlsx(HEADS, [ROWS[0], ROWS[4]])
    operations.apply_import(actor=SYSTEM, run_id=check(data), now=NOW)
    assert verdicts(check(data)) == [(2, "same"), (3, "same")]


def test_unit_works_and_parties_find_their_project_by_code():
    make_client("云溪县教育局")
    make_client("青石建筑工程有限公司")
    operations.apply_import(actor=SYSTEM, run_id=check(as_xlsx(HEADS, ROWS[:1])), now=NOW)
    units = [
        {
            "项目代码": ROWS[0][0],
            "工程代码": f"{ROWS[0][0]}-001",
            "工程名称": "一标段",
            "单位工程编号": "01",
            "单位工程名称": "教学楼",
            "工程类别": "房屋建筑",
        },
        {
            "项目代码": ROWS[0][0],
            "工程代码": f"{ROWS[0][0]}-001",
            "单位工程编号": "02",
            "单位工程名称": "风雨操场",
            "工程类别": "房屋建筑",
        },
        {
            "项目代码": ROWS[0][0],
            "工程代码": f"{ROWS[0][0]}-009",
            "单位工程编号": "03",
            "单位工程名称": "食堂",
            "工程类别": "房屋建筑",
        },
    ]
    run = check(json.dumps(units).encode(), "unit_works")
    assert [verdict for _n, verdict in verdicts(run)] == ["new", "new", "bad"]
    operations.apply_import(actor=SYSTEM, run_id=run, now=NOW)
    parties = [{"项目代码": ROWS[0][0], "角色": "施工单位", "单位": "青石建筑工程有限公司", "单位工程编号": "01、02"}]
    operations.apply_import(actor=SYSTEM, run_id=check(json.dumps(parties).encode(), "parties"), now=NOW)
    assert UnitWork.objects.count() == 2
    assert Party.objects.get(role="contractor").units.count() == 2


def test_a_list_without_its_columns_or_with_garbage_is_refused_whole():
    with pytest.raises(CannotImport) as refused:
        check("甲,乙\n1,2\n".encode())
    assert refused.value.reasons[0].code == "registry.columns_missing"
    with pytest.raises(CannotImport):
        check(b"PK\x03\x04 broken")
    with pytest.raises(CannotImport):
        check(b"\xff\xfe\x00\x01")


@pytest.mark.parametrize("kind", TABLES)
def test_the_template_of_every_list_can_be_read_back(kind):
    heads, rows = template_rows(kind)
    table = read_table(as_xlsx(heads, rows), "模板.xlsx")
    assert (
        verdicts(
            operations.check_import(
                actor=SYSTEM, kind=kind, file_name="模板.xlsx", sha256="0" * 64, table=table, now=NOW
            )
        )[0][0]
        == 2
    )
