"""Packages are found as such, held against what they say, and counted in the exit code."""

import json
import zipfile
from pathlib import Path

import bagit as bagit_py
import ocfl as ocfl_py
import pytest

from samples.checks.making import Maker
from samples.checks.packages import (
    A_BAG,
    BAGS,
    OBJECT,
    OBJECTS,
    PACKAGES,
    SIP,
    SOUND,
    bag,
    eep,
    eep_file,
    folder_of,
    inventory,
    ocfl_object,
)
from zhudang.checks import command
from zhudang.checks.model import PackageReport, Severity, Verdict
from zhudang.checks.packages import bagit, look, running
from zhudang.checks.packages.finding import packages_in
from zhudang.checks.rules import all_rules
from zhudang.checks.settings import CheckSettings


def reports_on(path: Path) -> list[PackageReport]:
    return [look.report_on(each) for each in packages_in(path)]


@pytest.mark.parametrize(("code", "make"), list(PACKAGES.items()))
def test_a_sample_shows_its_code(code: str, make: Maker, tmp_path: Path):
    reports = reports_on(make(tmp_path))
    assert reports
    assert code in {each for report in reports for each in report.codes}
    assert "PKG-003" not in {each for report in reports for each in report.codes}
    if all_rules()[code].severity is Severity.BLOCK:
        assert any(report.blocks for report in reports)


@pytest.mark.parametrize(("name", "make"), list(SOUND.items()))
def test_a_sound_package_is_found_and_has_nothing_against_it(name: str, make: Maker, tmp_path: Path):
    reports = reports_on(make(tmp_path))
    assert reports
    assert [(report.kind, report.verdict, report.findings) for report in reports] == [
        (report.kind, Verdict.PASS, ()) for report in reports
    ]
    assert name.split()[-1] in ("root", *(report.kind for report in reports), "bag")


def test_an_examiner_s_surprise_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(look.EXAMINERS, "bagit", lambda package: 1 / 0)
    (report,) = reports_on(folder_of(A_BAG)(tmp_path))
    assert report.codes == {"PKG-003"}
    assert report.verdict is Verdict.MANUAL


@pytest.mark.parametrize("code", [code for code in BAGS if code not in ("BAG-010", "BAG-014")])
def test_bags_are_judged_as_the_library_of_congress_judges_them(code: str, tmp_path: Path):
    root = BAGS[code](tmp_path)
    (report,) = reports_on(root)
    try:
        bagit_py.Bag(str(root)).validate()
        valid = True
    except (bagit_py.BagError, bagit_py.BagValidationError):
        valid = False
    # bagit.py lets a repeated line pass when the last digest is right, and folds no names.
    assert report.blocks is not valid or code in ("BAG-004", "BAG-013")


@pytest.mark.parametrize("code", [code for code in OBJECTS if code not in ("OCF-008", "OCF-010")])
def test_objects_are_judged_as_an_independent_validator_judges_them(code: str, tmp_path: Path):
    root = OBJECTS[code](tmp_path)
    (report,) = reports_on(root)
    assert report.blocks is not ocfl_py.Object(path=str(root)).validate(log_warnings=False, log_errors=False)[0]


def test_an_empty_folder_among_objects_is_a_lost_object(tmp_path: Path):
    (tmp_path / "lost").mkdir()
    folder_of(OBJECT)(tmp_path)
    reports = {report.path: report for report in reports_on(tmp_path)}
    assert reports["package"].verdict is Verdict.PASS
    assert {found.data["ocfl"] for found in reports["lost"].findings} == {"E003", "E063"}


def test_an_older_bag_may_spread_its_files_over_its_manifests(tmp_path: Path):
    files = bag({"data/a": b"1"}, version="0.97")
    more = bag({"data/b": b"2"}, version="0.97", algorithm="sha256")
    root = folder_of({**files, **more, "bag-info.txt": b"Payload-Oxum: 2.2\n"})(tmp_path)
    assert reports_on(root)[0].verdict is Verdict.PASS


def test_line_ends_and_percent_signs_in_names_are_escaped_since_1_0(tmp_path: Path):
    files = bag({"data/100%25.txt": b"x", "data/a%0Ab.txt": b"y"})
    body = {**files, "data/100%.txt": b"x", "data/a\nb.txt": b"y"}
    for name in ("data/100%25.txt", "data/a%0Ab.txt"):
        del body[name]
    assert reports_on(folder_of(body)(tmp_path))[0].verdict is Verdict.PASS


def test_a_name_lost_to_case_folding_is_told_but_no_loss(tmp_path: Path):
    (report,) = reports_on(BAGS["BAG-013"](tmp_path))
    assert report.verdict is Verdict.WARN


def test_a_bag_inside_the_payload_is_part_of_its_bag(tmp_path: Path):
    inner = {f"data/inner/{name}": body for name, body in A_BAG.items()}
    reports = reports_on(folder_of(bag(inner))(tmp_path))
    assert [(each.path, each.verdict) for each in reports] == [(".", Verdict.PASS)]


def test_digests_taken_before_are_not_taken_again(tmp_path: Path):
    root = folder_of(bag({"data/a": b"1"}, algorithm="sha256"))(tmp_path)
    known = {str(root / "data/a"): {"sha256": "0" * 64, "sm3": "0" * 64}}
    (candidate,) = packages_in(root)
    report = look.report_on(candidate, look.tree_of(candidate, known))
    assert report.codes == {"BAG-008"}


def test_state_digests_must_be_spelled_as_in_the_manifest(tmp_path: Path):
    document = inventory()
    document["manifest"] = {digest.upper(): paths for digest, paths in document["manifest"].items()}
    (report,) = reports_on(folder_of(ocfl_object(document))(tmp_path))
    assert {found.data["ocfl"] for found in report.findings} == {"E050"}


def test_an_encapsulation_in_gb18030_is_read(tmp_path: Path):
    text = '<?xml version="1.0" encoding="GB18030"?>' + eep(sign=False).decode()
    (report,) = reports_on(eep_file(text.encode("gb18030"))(tmp_path))
    assert report.codes == {"EEP-005"}


def test_a_large_encapsulation_is_decoded_at_flat_memory(tmp_path: Path):
    import tracemalloc

    payload = "QUJD" * 4_000_000
    (candidate,) = packages_in(eep_file(eep(payload=payload, size="12000000", sign=False))(tmp_path))
    tracemalloc.start()
    report = look.report_on(candidate)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.codes == {"EEP-005"}
    assert peak < 12 * 1024 * 1024


def test_the_report_names_packages_and_the_exit_code_counts_them(tmp_path: Path):
    root = BAGS["BAG-007"](tmp_path)
    target = tmp_path / "report.json"
    assert command.run([root], target) == command.SOMETHING_BLOCKS
    (package,) = json.loads(target.read_text())["packages"]
    assert (package["path"], package["kind"], package["version"], package["verdict"]) == (".", "bagit", "1.0", "fail")
    assert [found["code"] for found in package["findings"]] == ["BAG-007", "BAG-015"]


def test_a_city_moves_the_weight_of_what_is_found_in_packages(tmp_path: Path):
    city, target = tmp_path / "city.toml", tmp_path / "report.json"
    city.write_text('name = "云溪县"\n[severity]\n"BAG-007" = "warn"\n"BAG-015" = "info"\n', encoding="utf-8")
    (tmp_path / "given").mkdir()
    root = BAGS["BAG-007"](tmp_path / "given")
    options = command.Options(settings=CheckSettings(profile=str(city)))
    assert command.run([root], target, options) == command.NOTHING_BLOCKS
    (package,) = json.loads(target.read_text())["packages"]
    assert package["verdict"] == "warn"
    assert [found["severity"] for found in package["findings"]] == ["warn", "info"]


def test_a_report_without_packages_says_so(tmp_path: Path):
    (tmp_path / "a.txt").write_text("words")
    target = tmp_path / "report.json"
    command.run([tmp_path / "a.txt"], target)
    assert json.loads(target.read_text())["packages"] == []


def test_a_package_that_ends_its_process_harms_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder_of(A_BAG)(tmp_path)
    (tmp_path / "other").mkdir()
    folder_of(SIP)(tmp_path / "other")
    monkeypatch.setattr(running, "SLOWEST_BYTES_PER_S", 1e18)
    reports = running.package_reports([tmp_path], timeout_s=0.0000001)
    assert all(each.verdict in (Verdict.NOT_CHECKED, Verdict.PASS) for each in reports)
    assert {each.kind for each in reports} == {"bagit", "transfer"}


def test_a_package_in_a_zip_is_never_unpacked(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "bag.zip", "w") as container:
        for name, body in A_BAG.items():
            container.writestr(f"bag/{name}", body)
    before = sorted(tmp_path.rglob("*"))
    assert [each.verdict for each in reports_on(tmp_path / "bag.zip")] == [Verdict.PASS]
    assert sorted(tmp_path.rglob("*")) == before


def test_folders_of_plain_files_are_no_packages():
    assert not bagit.recognises(["a.pdf", "readme.txt"], ["data"])
