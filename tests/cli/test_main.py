"""The command line: what it offers, in which words, and that a check starts without what it does not need."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from django.db.utils import OperationalError

from zhudang.cli import main
from zhudang.cli.main import app

SOURCE = Path(__file__).parents[2] / "src"
HEAVY = {
    "typer", "pydantic", "rich", "django", "psutil", "structlog", "numpy", "PIL", "pikepdf", "pypdfium2", "pygfried", "lxml",
    "botocore", "pyhanko", "cryptography", "ifcopenshell", "ezdxf", "av", "asyncio", "concurrent.futures", "logging",
}  # fmt: skip
"""What takes long to load and has no place in the process that was typed; parsers belong to workers anyway."""
OFFERED = {
    "serve": {"--host", "--port", "--web", "--workers"},
    "demo": {"--port", "--smoke"},
    "prepare": {"--host"},
    "init": {"--archive-name"},
    "worker": set(),
    "doctor": set(),
    "check": {"paths", "--json", "--html", "--profile", "--stage", "--since", "--ids", "--language"},
    "package": {"folder", "--out", "--project", "--works"},
    "verify": {"--repair", "--new-disk", "--registers", "--json"},
    "call-in": {"--site"},
    "rebuild": {"--site"},
    "emergency-serve": {"copy", "--host", "--port", "--level", "--log", "--keys", "--shares"},
    "emergency-prepare": {"--level"},
    "emergency-load": set(),
    "backup": {"target", "--plain"},
    "restore": {"source"},
    "export": {"--project", "--volume", "--as", "out", "--level"},
    "site": set(),
    "keys": set(),
    "audit": set(),
}


def test_a_check_starts_without_loading_what_it_does_not_need(tmp_path):
    (tmp_path / "one line.txt").write_text("一行\n", encoding="utf-8")
    script = (
        "import sys\nfrom zhudang.cli.main import run\nsys.argv = ['zhudang', 'check', sys.argv[1]]\n"
        "try:\n    run()\nexcept SystemExit as end:\n    assert end.code == 0, end.code\n"
        f"print('loaded', sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1:] == ["loaded []"], done.stdout + done.stderr


def test_every_command_offers_what_it_always_did():
    offered = {
        name: {each.opts[0] for each in command.params if each.name != "help"} for name, command in app.commands.items()
    }
    assert offered == OFFERED
    audit = app.commands["audit"]
    assert isinstance(audit, click.Group)
    assert list(audit.commands) == ["verify", "proof"]
    site = app.commands["site"]
    assert isinstance(site, click.Group)
    assert {name: {each.opts[0] for each in command.params} for name, command in site.commands.items()} == {
        "credentials": {"--site"},
        "check": {"--site"},
        "fetch": {"--site", "target"},
        "owed": {"--site", "--to"},
    }
    keys = app.commands["keys"]
    assert isinstance(keys, click.Group)
    assert {
        name: {each.opts[0] for each in command.params if each.name != "help"}
        for name, command in keys.commands.items()
    } == {
        "ceremony": {"--username", "--needed", "--holder"},
        "rotate": {"--username"},
        "recover": {"--trial", "--source"},
        "status": set(),
    }


@pytest.mark.parametrize("name", [name for name in OFFERED if not app.commands[name].hidden])
def test_the_help_of_every_command_says_in_both_languages_what_it_does(name):
    listed = CliRunner().invoke(app, ["--help"]).output
    told = CliRunner().invoke(app, [name, "--help"])
    assert told.exit_code == 0
    assert f"\n  {name} " in listed
    assert app.commands[name].help in " ".join(told.output.split())
    assert " / " in app.commands[name].help


def test_the_help_of_a_check_tells_every_option_in_both_languages():
    told = CliRunner().invoke(app, ["check", "--help"]).output
    for each in app.commands["check"].params:
        assert isinstance(each, click.Option | click.Argument)
        assert " / " in (each.help or "")
        assert " ".join((each.help or "").split()) in " ".join(told.split())
    assert "[default: zh]" in told


def test_nothing_typed_shows_the_help_and_a_wrong_option_is_wrong_usage():
    assert "Usage:" in CliRunner().invoke(app, []).output
    assert CliRunner().invoke(app, ["check"]).exit_code == 2
    assert CliRunner().invoke(app, ["check", "--nix"]).exit_code == 2
    assert CliRunner().invoke(app, ["nix"]).exit_code == 2


def test_several_requirement_files_may_be_named(monkeypatch, tmp_path):
    from zhudang.checks import command

    seen = []
    monkeypatch.setattr(command, "run", lambda paths, json, options: seen.append((paths, json, options)) or 0)
    result = CliRunner().invoke(app, ["check", "--ids", "a.ids", "--ids", "b.ids", "--json", "r.json", str(tmp_path)])
    assert result.exit_code == 0
    paths, json, options = seen[0]
    assert (list(paths), json) == ([tmp_path], Path("r.json"))
    assert [str(each) for each in options.ids] == ["a.ids", "b.ids"]


def test_the_doctor_says_whether_rar_archives_can_be_opened(monkeypatch):
    from zhudang.checks import rarlib
    from zhudang.cli import doctor

    monkeypatch.setattr(rarlib, "version", lambda: "3.6.2")
    assert [(each.verdict, each.said) for each in doctor.archives()] == [("well", "libarchive 3.6.2")]
    monkeypatch.setattr(rarlib, "version", lambda: None)
    (told,) = doctor.archives()
    assert told.verdict == "absent"
    assert "libarchive13" in told.said


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (OperationalError("couldn't get a connection after 10.00 sec\nand more"), "zhudang serve"),
        (PermissionError(13, "Permission denied", "/srv/data/secrets/x"), "/srv/data/secrets/x"),
        (OSError(28, "No space left on device"), "Make room"),
        (NotADirectoryError(20, "Not a directory", "/backup/file"), "/backup/file"),
    ],
)
def test_what_surrounds_the_program_and_fails_is_told_in_a_sentence(monkeypatch, capsys, problem, told):
    def fails():
        raise problem

    monkeypatch.setenv("ZHUDANG_DATA", "/srv/data")
    monkeypatch.setattr(main, "app", fails)
    with pytest.raises(SystemExit) as end:
        main.run()
    said = capsys.readouterr().err
    assert end.value.code == 3 and told in said and len(said.splitlines()) == 3


def test_what_is_no_trouble_of_the_surroundings_is_not_hidden(monkeypatch):
    def fails():
        raise LookupError

    monkeypatch.setattr(main, "app", fails)
    with pytest.raises(LookupError):
        main.run()


@pytest.mark.parametrize(
    "words", [["--as", "bagit", "x"], ["--project", "p", "--as", "bagit", "--level", "5", "x"], ["--project", "p", "x"]]
)
def test_an_export_without_project_or_form_or_of_no_level_is_refused_before_anything_is_loaded(words):
    done = CliRunner().invoke(app, ["export", *words])
    assert done.exit_code == 2 and "Error:" in done.output


def test_a_file_that_is_not_there_or_cannot_be_written_is_told_at_the_beginning_in_both_languages(tmp_path):
    (tmp_path / "folder").mkdir()
    for words, told in (
        (["verify", "--json", str(tmp_path / "none" / "out.json")], ("没有这个文件夹", "no such folder")),
        (["verify", "--json", str(tmp_path / "folder")], ("这是文件夹", "this is a folder")),
        (["audit", "proof", str(tmp_path / "none.pdf")], ("没有这个文件", "no such file")),
        (["audit", "proof", str(tmp_path / "folder")], ("没有这个文件", "no such file")),
    ):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 2 and "Error:" in done.output
        assert all(each in done.output for each in told)
    assert not (tmp_path / "none").exists()


def test_a_port_that_is_none_is_refused():
    done = CliRunner().invoke(app, ["emergency-serve", "copy", "--port", "99999"])
    assert done.exit_code == 2 and "Error:" in done.output
