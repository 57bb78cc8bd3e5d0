"""Every finding code has rule data, words in both languages, a page in the handbook and a sample."""

import re
from pathlib import Path

import pytest

from samples.checks import BAD, GOOD, Maker
from samples.checks.packages import PACKAGES
from zhudang.checks import handbook
from zhudang.checks.engine import Engine
from zhudang.checks.model import Severity, Verdict
from zhudang.checks.rules import DIMENSIONS, all_items, all_rules, finding, translate

SOURCE = Path(__file__).parents[2] / "src" / "zhudang" / "checks"
HANDBOOK = Path(__file__).parents[2] / "docs" / "findings.md"
CODE = re.compile(r'"([A-Z]{2,3}-\d{3})"')
SHOWN_ELSEWHERE = {
    "FIX-001": "needs a baseline: test_engine",
    "RUN-001": "needs a killed worker: test_engine",
    "RUN-002": "needs a short limit: test_engine",
    "RUN-003": "needs a small limit: test_engine",
    "RUN-004": "needs a file that cannot be read: test_engine",
    "RUN-005": "needs a parser's surprise: test_examine",
    "RUN-006": "needs an incomplete installation: test_examine",
    "CAD-007": "needs a very large drawing: test_examine",
    "CAD-010": "needs a short limit: test_drawings",
    "BIM-011": "needs an IDS file beside the model: test_requirements",
    "BIM-005": "needs a very large model: test_examine",
    "AV-008": "needs an encrypted recording: test_media",
    "FMT-006": "needs a folder: test_renditions",
    "ZIP-014": "needs a short limit: test_archives",
    "PKG-003": "needs a surprise inside an examiner: test_packages",
    "PKG-004": "needs the archive's own rules for names: test_packages_given_back",
    "EEP-014": "needs a revocation list: test_encapsulations",
    "VIR-001": "needs a scanner: test_examine",
    "OFD-025": "needs a revocation list: test_ofd_signatures",
}

COMPARED = {f"BIZ-{number:03d}" for number in range(3, 14) if number != 11}
"""Need a description or other records beside the file: test_business."""


@pytest.fixture(scope="module")
def engine():
    with Engine() as running:
        yield running


def codes_in_source() -> set[str]:
    return {code for path in SOURCE.rglob("*.py") for code in CODE.findall(path.read_text(encoding="utf-8"))}


def test_codes_raised_and_codes_in_the_data_are_the_same():
    assert codes_in_source() == set(all_rules())


def test_every_code_is_shown_by_a_sample_or_a_test_of_its_own():
    described = {code for code in all_rules() if code.startswith("DSC")} | COMPARED
    assert set(BAD) | set(PACKAGES) | set(SHOWN_ELSEWHERE) | described == set(all_rules())
    described = {code for code in all_rules() if code.startswith("DSC")} | COMPARED
    assert set(BAD) | set(PACKAGES) | set(SHOWN_ELSEWHERE) | described == set(all_rules())
    assert not set(BAD) & set(SHOWN_ELSEWHERE)


def test_the_handbook_is_what_the_data_say():
    assert HANDBOOK.read_text(encoding="utf-8") == handbook.write(), (
        "run python -m zhudang.checks.handbook docs/findings.md"
    )


def test_the_handbook_says_of_every_code_how_its_sample_is_made():
    assert set(all_rules()) <= set(handbook.samples(HANDBOOK.parents[1] / "tests"))


@pytest.mark.parametrize("code", list(all_rules()))
def test_every_code_speaks_both_languages(code):
    rule = all_rules()[code]
    for language in ("zh", "en"):
        assert rule.title(language)
        assert rule.cause(language)
        assert rule.cure(language)
        assert rule.message({}, language)
    assert re.search(r"[\u4e00-\u9fff]", rule.message_zh)
    assert not re.search(r"[\u4e00-\u9fff]", rule.message_en)
    fields = re.compile(r"{(\w+)}")
    assert set(fields.findall(rule.message_zh)) == set(fields.findall(rule.message_en))


@pytest.mark.parametrize(("code", "make"), list(BAD.items()))
def test_a_sample_shows_its_code(code: str, make: Maker, tmp_path: Path, engine: Engine):
    report = engine.check(make(tmp_path))
    assert code in report.codes
    assert "RUN-005" not in report.codes
    if all_rules()[code].severity is Severity.BLOCK:
        assert report.verdict is Verdict.FAIL
    for found in report.findings:
        assert "?" not in re.sub(r"[？?]$", "", found.message) or found.data


@pytest.mark.parametrize(("name", "make"), list(GOOD.items()))
def test_a_sound_file_is_not_refused(name: str, make: Maker, tmp_path: Path, engine: Engine):
    report = engine.check(make(tmp_path))
    assert report.verdict is not Verdict.FAIL, report.findings
    assert not report.codes & {"RUN-005", "FMT-001", "FMT-002"}
    assert len(report.sha256 or "") == len(report.sm3 or "") == 64


def test_the_frame_of_the_standard_has_its_45_items_and_says_which_are_unknown():
    items = all_items()
    counts = [sum(item.dimension == each for item in items.values()) for each in list(DIMENSIONS)[:4]]
    assert counts == [16, 11, 9, 9]
    assert {item.code for item in items.values() if item.answered_by == "unknown"} == {"1-9", "1-15", "1-16"}
    unknown = {"1-9", "1-15", "1-16"}
    assert not unknown & {rule.item for rule in all_rules().values()}


def test_a_stored_finding_speaks_the_reader_s_language():
    found = finding("PDF-014", page=3, dpi=96, least=200)
    assert "第 3 页" in found.message
    assert translate(found, "en") == "The scan on page 3 has 96 dpi (at least 200)"
