"""`zhudang check`: exit codes, report, words."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

from samples import checks as samples
from zhudang.checks.command import Options, run
from zhudang.checks.settings import CheckSettings

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
    assert set(report) >= {"tool", "files", "packages", "summary", "items", "settings", "counts", "runs"}
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


def test_the_page_says_the_same_numbers_as_the_json_in_both_languages(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    samples.GOOD["pdf"](folder)
    samples.BAD["PDF-002"](folder)
    for language, words in (("zh", "四性检测报告"), ("en", "Check report")):
        page, data = tmp_path / f"{language}.html", tmp_path / f"{language}.json"
        run([folder], data, Options(language=language, html=page, quiet=True), io.StringIO(), io.StringIO())
        text, told = page.read_text(encoding="utf-8"), json.loads(data.read_text(encoding="utf-8"))
        assert words in text
        assert "<script" not in text
        assert "http" not in text.replace("http-equiv", "")
        for verdict, count in told["counts"]["verdicts"].items():
            assert re.search(rf'class="mark {verdict}">.*?<b>{count}</b>', text)
        assert text.count('<td class="code">1-') == 16
        assert sum(told["counts"]["items"].values()) == len(told["items"]) == 45
        assert "PDF-002" in text


def test_names_of_strangers_do_nothing_on_the_page(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "<img src=x onerror=alert(1)>.pdf").write_bytes(b"rubbish")
    (folder / "\udcff.pdf").write_bytes(b"rubbish")
    page = tmp_path / "page.html"
    run([folder], None, Options(html=page, quiet=True), io.StringIO(), io.StringIO())
    assert "<img" not in page.read_text(encoding="utf-8")


def test_a_check_again_looks_only_at_what_changed_and_says_so(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    samples.GOOD["pdf"](folder)
    samples.BAD["PDF-002"](folder).rename(folder / "plan.pdf")
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    assert run([folder], first, Options(), io.StringIO(), io.StringIO()) == 1
    (folder / "plan.pdf").write_bytes(next(folder.glob("good*")).read_bytes())
    out = io.StringIO()
    assert run([folder], second, Options(since=first), out, io.StringIO()) == 0
    told = json.loads(second.read_text(encoding="utf-8"))
    assert {file["path"]: file["run"]["carried"] for file in told["files"]} == {"good.pdf": True, "plan.pdf": False}
    assert told["counts"]["carried"] == 1
    before = json.loads(first.read_text(encoding="utf-8"))
    assert [run["at"] for run in told["runs"] if run["carried"]] == [before["made_at"]]
    assert "复检：改动所及的 1 个文件重新检测，1 个文件的结果沿用" in out.getvalue()


def test_other_rules_or_settings_carry_nothing_over(tmp_path):
    file = samples.GOOD["pdf"](tmp_path)
    first, city = tmp_path / "1.json", tmp_path / "city.toml"
    assert run([file], first, Options(), io.StringIO(), io.StringIO()) == 0
    city.write_text('name = "云溪"\n[limits]\ndigitisation_dpi = 300\n', encoding="utf-8")
    err = io.StringIO()
    options = Options(since=first, settings=CheckSettings(profile=str(city)))
    assert run([file], None, options, io.StringIO(), err) == 2
    assert "settings differ" in err.getvalue()


def test_a_wrong_profile_or_stage_is_wrong_usage_with_every_reason(tmp_path):
    file = samples.GOOD["pdf"](tmp_path)
    city = tmp_path / "city.toml"
    city.write_text('name = ""\n[severity]\n"PDF-999" = "info"\n', encoding="utf-8")
    err = io.StringIO()
    options = Options(stage="XX", settings=CheckSettings(profile=str(city)))
    assert run([file], None, options, io.StringIO(), err) == 2
    assert len(err.getvalue().splitlines()) == 3


def test_the_report_names_profile_and_stage(tmp_path):
    file, data = samples.GOOD["pdf"](tmp_path), tmp_path / "out.json"
    city = tmp_path / "city.toml"
    city.write_text('name = "云溪县"\n[stages]\n"3-5" = []\n', encoding="utf-8")
    options = Options(stage="YJ", settings=CheckSettings(profile=str(city)))
    run([file], data, options, io.StringIO(), io.StringIO())
    told = json.loads(data.read_text(encoding="utf-8"))
    assert (told["stage"], told["settings"]["profile"]["name"]) == ("YJ", "云溪县")
    assert len(told["settings"]["profile"]["sha256"]) == 64
    reasons = {item["item"]: item["reason"] for item in told["items"]}
    assert (reasons["3-5"], reasons["4-8"]) == ("switched_off", "other_stage")
