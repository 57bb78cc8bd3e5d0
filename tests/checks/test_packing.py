"""A clerk packs a folder once; what was written in the sheet travels with the files, and nothing blocked gets in."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from samples.checks import BAD
from zhudang.checks import packing
from zhudang.checks.model import Verdict
from zhudang.checks.packages import look
from zhudang.checks.packages.finding import packages_in

NAMING = packing.Naming("P1", "W/2", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def packed(folder: Path) -> tuple[int, Path, str]:
    err = io.StringIO()
    code = packing.run(folder, NAMING, out=io.StringIO(), err=err)
    return code, folder.parent / "SIP-P1-W_2-20260102030405-01.zip", err.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "工程"
    (root / "图纸").mkdir(parents=True)
    (root / "图纸" / "桩位:1.txt").write_text("drawing", encoding="utf-8")
    (root / "b.txt").write_text("words", encoding="utf-8")
    return root


SHEET = "文件,题名,责任者,归档范围\n图纸/桩位:1.txt,桩位平面图 <一层>,设计院,C1-2\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_packed_folder_is_a_sound_package_that_carries_its_descriptions(folder: Path, encoding: str):
    (folder / "著录.csv").write_text(SHEET, encoding=encoding)
    code, target, err = packed(folder)
    assert (code, err) == (0, "")
    (report,) = [look.report_on(each) for each in packages_in(target)]
    assert (report.kind, report.version, report.verdict, report.findings) == ("transfer", "SIP", Verdict.PASS, ())
    with zipfile.ZipFile(target) as package:
        names = package.namelist()
        metadata = package.read("文件/0002-桩位平面图 _一层_/元数据.xml").decode()
        assert "文件/0002-桩位平面图 _一层_/桩位_1.txt" in names
        assert "其他/检测报告.json" in names
    for said in ("桩位平面图 &lt;一层&gt;", "设计院", "C1-2", "<原文件名>桩位:1.txt<", "<原路径>图纸<"):
        assert said in metadata


def test_the_sheet_may_be_a_workbook(folder: Path):
    book = Workbook()
    book.active.append(["文件", "题名", "日期"])
    book.active.append(["b.txt", "说明", datetime(2025, 5, 6)])
    book.save(folder / "著录.xlsx")
    assert packing.read_sheet(folder) == {"b.txt": {"题名": "说明", "日期": "2025-05-06"}}


def test_what_blocks_refuses_the_whole_with_all_reasons(folder: Path):
    BAD["PDF-001"](folder)
    BAD["ZIP-003"](folder)
    (folder / "著录.csv").write_text(SHEET + "lost.txt,没有,,\n", encoding="utf-8")
    code, target, err = packed(folder)
    assert code == 1
    assert not target.exists()
    assert all(word in err for word in ("PDF-001", "ZIP-003", "lost.txt"))


def test_a_file_that_changes_after_its_check_is_not_packed(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packing, "_copy", lambda package, item: "0" * 64)
    code, target, _ = packed(folder)
    assert code == 1
    assert list(target.parent.glob("SIP*")) == []


def test_a_package_already_there_is_not_overwritten(folder: Path):
    assert packed(folder)[0] == 0
    assert packed(folder)[0] == 2


def test_two_descriptions_of_one_file_are_refused(folder: Path):
    (folder / "著录.csv").write_text("文件,题名\nb.txt,一\nb.txt,二\n", encoding="utf-8")
    code, _, err = packed(folder)
    assert code == 1
    assert "b.txt" in err
