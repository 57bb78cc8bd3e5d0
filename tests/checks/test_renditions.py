"""Native files are accepted with a readable rendition beside them, and asked for one when it lacks."""

import io
import json

import pytest

from samples.checks.making import put
from samples.checks.pdf import GOOD as PDF
from zhudang.checks.command import Options, run
from zhudang.checks.model import UNKNOWN_FORMAT, FileReport, Verdict
from zhudang.checks.renditions import ask_for_renditions, is_native


def report(path: str, verdict: Verdict = Verdict.PASS) -> FileReport:
    return FileReport(path, 1, None, None, UNKNOWN_FORMAT, verdict, (), {})


def asked(*paths: str) -> set[str]:
    return {each.path for each in ask_for_renditions(map(report, paths)) if "FMT-006" in each.codes}


def test_a_rendition_beside_it_is_enough():
    assert asked("图/一层.dwg", "图/一层.pdf") == set()
    assert asked("图/一层.dwg", "图/一层.DWG.PDF") == set()
    assert asked("图/一层.rvt", "图/一层.OFD") == set()


def test_a_rendition_elsewhere_or_of_another_name_is_not():
    assert asked("图/一层.dwg", "一层.pdf") == {"图/一层.dwg"}
    assert asked("图/一层.dwg", "图/二层.pdf") == {"图/一层.dwg"}
    assert asked("造价.GBQ6") == {"造价.GBQ6"}


def test_readable_files_need_none():
    assert asked("一层.pdf", "照片.jpg", "说明.docx", "录像.mp4") == set()


def test_it_is_left_to_a_person_and_never_blocks():
    (told,) = ask_for_renditions([report("一层.dwg")])
    assert told.verdict is Verdict.MANUAL
    (unread,) = ask_for_renditions([report("一层.dwg", Verdict.NOT_CHECKED)])
    assert unread.verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize("name", ["a.DWG", "a.rvt", "a.gbq6", "a.wps", "a.psd", "a.skp", "中 文.gtj"])
def test_native_endings(name):
    assert is_native(name)


def test_the_command_asks_over_the_folder(tmp_path):
    folder = tmp_path / "交付"
    folder.mkdir()
    put(folder, "一层.dwg", b"AC1032" + bytes(200))
    put(folder, "二层.dwg", b"AC1032" + bytes(200))
    next(iter(PDF.values()))(folder).rename(folder / "一层.pdf")
    target = tmp_path / "report.json"
    run([folder], target, Options(), io.StringIO(), io.StringIO())
    found = {row["path"]: {each["code"] for each in row["findings"]} for row in json.loads(target.read_text())["files"]}
    assert "FMT-006" in found["二层.dwg"]
    assert "FMT-006" not in found["一层.dwg"]
