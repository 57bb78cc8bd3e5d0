"""A city's profile: weights, limits and stages moved without code; a wrong one is refused whole."""

from pathlib import Path

import pytest

from samples.checks import BAD
from zhudang.checks import limits, profile
from zhudang.checks.engine import Engine
from zhudang.checks.model import Severity, Verdict
from zhudang.checks.rules import all_items, finding, item_named
from zhudang.checks.settings import CheckSettings

RIGHT = """\
name = "云溪县"

[severity]
"PDF-010" = "info"
"1-8" = "block"

[limits]
digitisation_dpi = 300

[stages]
"3-5" = ["GD", "CQ"]
"4-6" = []
"""
WRONG = """\
title = "云溪县"

[severity]
"PDF-999" = "info"
"PDF-010" = "grave"

[limits]
digitisation_dpi = 30
depth = 4
members = 1.5

[stages]
"1-9" = ["GD"]
"3-5" = ["XX"]
"""


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> str:
        path = tmp_path / "city.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_no_profile_leaves_everything_as_delivered():
    empty = profile.load(None)
    assert empty.stages_of(all_items()["3-5"]) == {"CQ"}
    assert empty.severity_of(all_items()["1-8"]) is Severity.WARN
    assert empty.severity_of(all_items()["1-9"]) is None


def test_a_profile_moves_weight_limit_and_stage(written):
    city = profile.load(written(RIGHT))
    assert city.weigh(finding("PDF-010")).severity is Severity.INFO
    assert city.limits == {"digitisation_dpi": 300}
    assert city.stages_of(all_items()["3-5"]) == {"GD", "CQ"}
    assert city.stages_of(all_items()["4-6"]) == frozenset()
    assert city.severity_of(all_items()["1-8"]) is Severity.BLOCK
    assert len(city.digest) == 64


def test_a_wrong_profile_is_refused_with_all_reasons_and_their_lines(written):
    with pytest.raises(profile.WrongProfile) as refused:
        profile.load(written(WRONG))
    told = [reason.partition(":")[0] + ":" + reason.split(": ")[1] for reason in refused.value.reasons]
    assert told == [
        "line 1:name",
        "line 1:title",
        "line 4:severity.PDF-999",
        "line 5:severity.PDF-010",
        "line 8:limits.digitisation_dpi",
        "line 9:limits.depth",
        "line 10:limits.members",
        "line 13:stages.1-9",
        "line 14:stages.3-5",
    ]


@pytest.mark.parametrize("text", ["name = ", "\udcff", "name = 'x'\nseverity = 3"])
def test_what_is_no_profile_is_refused(text, tmp_path):
    path = tmp_path / "city.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(profile.WrongProfile):
        profile.load(str(path))
    with pytest.raises(profile.WrongProfile):
        profile.load(str(tmp_path / "absent.toml"))


def test_a_stage_that_does_not_ask_makes_a_warning_a_note_but_never_unblocks():
    city = profile.Profile()
    assert city.weigh(finding("PDF-010"), "GD").severity is Severity.INFO
    assert city.weigh(finding("PDF-010"), "CQ").severity is Severity.WARN
    off = profile.Profile(stages={"4-2": frozenset()})
    assert off.weigh(finding("VIR-001", virus="x"), "GD").severity is Severity.BLOCK


def test_the_engine_checks_by_the_profile(written, tmp_path):
    scan = BAD["PDF-014"](tmp_path)
    strict = written('name = "严"\n[severity]\n"PDF-014" = "block"\n[limits]\ndigitisation_dpi = 600\n')
    with Engine(1, settings=CheckSettings(profile=strict)) as engine:
        report = engine.check(scan)
    [found] = [each for each in report.findings if each.code == "PDF-014"]
    assert (report.verdict, found.severity, found.data["least"]) == (Verdict.FAIL, Severity.BLOCK, 600)


def test_an_engine_with_a_wrong_profile_does_not_start(written):
    with pytest.raises(profile.WrongProfile):
        Engine(1, settings=CheckSettings(profile=written(WRONG))).start()


def test_limits_are_read_when_they_are_used():
    assert limits.DIGITISATION_DPI == 200
    try:
        limits.use({"digitisation_dpi": 300})
        assert limits.DIGITISATION_DPI == 300
    finally:
        limits.use({})
    for limit in limits.all_limits().values():
        assert limit.least <= limit.value <= limit.most
        assert limit.mark in {"page", "knowledge", "inferred", "own"}


def test_other_products_numbers_lead_to_the_item():
    assert {item_named(name).code for name in ("1-4", "GD-1-4", "YJ-ZS-2-3", "1-2-3")} == {"1-4"}
    names = [alias for item in all_items().values() for alias in item.aliases.split()]
    assert len(names) == len(set(names))
    assert item_named("YJ-3-5") is None


IDS = '<ids xmlns="http://standards.buildingsmart.org/IDS"><info><title>T</title></info><specifications/></ids>'


def test_requirement_files_lie_beside_the_profile_and_are_told_with_their_digest(written, tmp_path):
    (tmp_path / "要求").mkdir()
    (tmp_path / "要求" / "模型.ids").write_text(IDS, encoding="utf-8")
    path = written('name = "云溪县"\nids = ["要求/模型.ids"]\n')
    city = profile.load(path)
    (asked,) = city.requirements
    assert (asked.name, Path(asked.place)) == ("模型.ids", tmp_path / "要求" / "模型.ids")
    assert city.as_json()["ids"] == [{"name": "模型.ids", "sha256": asked.sha256}]
    assert profile.load_stored(city.as_json()).as_json() == city.as_json()
    (tmp_path / "要求" / "模型.ids").write_text(IDS.replace("T<", "Neu<"), encoding="utf-8")
    assert profile.load(path).requirements[0].sha256 != asked.sha256


def test_requirement_files_that_are_missing_or_none_refuse_the_profile_all_at_once(written, tmp_path):
    (tmp_path / "b.ids").write_text("<html/>", encoding="utf-8")
    with pytest.raises(profile.WrongProfile) as refused:
        profile.load(written('name = "云溪县"\n\nids = ["a.ids", "b.ids"]\n'))
    assert [reason.split(":")[0] for reason in refused.value.reasons] == ["line 3", "line 3"]
    assert "a.ids" in refused.value.reasons[0] and "is no IDS file" in refused.value.reasons[1]
    with pytest.raises(profile.WrongProfile, match="line 2: ids: must be a list"):
        profile.load(written('name = "云溪县"\nids = "a.ids"\n'))
