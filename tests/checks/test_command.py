"""`zhudang check`: exit codes, report, words."""

import io
import json
import subprocess
import sys
from pathlib import Path

from samples import checks as samples
from zhudang.checks.command import Options, run

SOURCE = Path(__file__).parents[2] / "src"


def checked(*paths: Path, json_file: Path | None = None, language: str = "zh") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = run(paths, json_file, Options(language=language), out, err)
    return code, out.getvalue(), err.getvalue()


def test_nothing_blocks_is_zero_and_a_restricted_file_does_not_block(tmp_path):
    samples.GOOD["pdf"](tmp_path)
    samples.BAD["PDF-003"](tmp_path)
    code, out, _ = checked(tmp_path)
    assert code == 0
    assert "共 2 个文件" in out
    assert "PDF-003" in out


def test_something_blocks_is_one(tmp_path):
    samples.BAD["PDF-002"](tmp_path)
    assert checked(tmp_path)[0] == 1


def test_wrong_usage_is_two_and_every_complaint_comes_at_once(tmp_path):
    code, _, err = checked(tmp_path / "a", tmp_path / "b", json_file=tmp_path / "no" / "out.json")
    assert code == 2
    assert len(err.splitlines()) == 3
    assert checked()[0] == 2


def test_a_check_that_could_not_be_run_is_three(tmp_path):
    samples.BAD["PDF-002"](tmp_path)
    (tmp_path / "dangling.pdf").symlink_to(tmp_path / "gone.pdf")
    assert checked(tmp_path)[0] == 3


def test_the_report_has_the_shape_others_read(tmp_path):
    folder = tmp_path / "in" / "图纸"
    folder.mkdir(parents=True)
    samples.GOOD["ofd"](folder)
    samples.BAD["PDF-001"](folder)
    code, _, _ = checked(tmp_path / "in", json_file=tmp_path / "out.json")
    report = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert code == 1
    assert set(report) == {"tool", "packages", "files", "summary"}
    assert [file["path"] for file in report["files"]] == ["图纸/good.ofd", "图纸/rubbish.pdf"]
    good, bad = report["files"]
    assert set(good) >= {"path", "size", "sha256", "sm3", "format", "verdict", "findings", "facts"}
    assert good["format"]["id"] == "zd/ofd"
    assert set(good["format"]) == {"id", "name", "mime", "basis"}
    assert set(bad["findings"][0]) == {"code", "dimension", "severity", "message", "data"}
    assert report["summary"]["verdicts"] == {"fail": 1, "pass": 1}
    assert report["summary"]["not_checked"] == [{"code": "VIR-001", "reason": "no_scanner", "files": 2}]
    assert report["tool"]["parsers"]["pikepdf"]


def test_the_pronom_version_told_is_the_library_s(tmp_path):
    import pygfried

    from zhudang.checks.report import PRONOM

    details = pygfried.identify(str(samples.GOOD["utf8"](tmp_path)), detailed=True)["identifiers"][0]["details"]
    assert details == f"{PRONOM['signature']}; {PRONOM['container']}"


def test_names_that_are_no_text_are_reported_as_their_bytes(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / b"\xcd\xbc\xd6\xbd.txt".decode("utf-8", "surrogateescape")).write_text("text")
    assert checked(folder, json_file=tmp_path / "out.json")[0] == 0
    assert json.loads((tmp_path / "out.json").read_bytes())["files"][0]["path"].endswith(".txt")


def test_english_words(tmp_path):
    samples.BAD["PDF-002"](tmp_path)
    code, out, _ = checked(tmp_path, language="en")
    assert code == 1
    assert "cannot be opened without a password" in out


def test_no_django_and_no_settings_are_needed(tmp_path):
    script = (
        "import sys\nfrom pathlib import Path\nfrom zhudang.checks.command import run\n"
        "code = run([Path(sys.argv[1])])\nassert 'django' not in sys.modules\nsys.exit(code)"
    )
    path = samples.GOOD["utf8"](tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
