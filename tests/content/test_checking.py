"""Check runs by the real engine: rows, verdicts and events together; owed until made, made once."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from uuid import UUID

import pytest
from content_support import NOW, Site

from zhudang.checks.engine import Engine
from zhudang.content import checking, operations, queries
from zhudang.content.models import CheckRequest, CheckRun, File, Finding
from zhudang.events import work
from zhudang.shared.refusals import NotFound, Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(workers=1) as made:
        yield made


def a_picture(shade: int = 200) -> bytes:
    from PIL import Image

    stream = BytesIO()
    Image.new("L", (400, 300), shade).save(stream, "PNG", dpi=(300, 300))
    return stream.getvalue()


def receive(site: Site, data: bytes, name: str) -> UUID:
    return operations.receive(actor=site.clerk, stream=BytesIO(data), name=name, place=site.place, now=NOW)


def test_a_check_writes_run_findings_verdict_and_event_together(site: Site, engine: Engine) -> None:
    from zhudang.events.models import Event

    good, bad = receive(site, a_picture(), "照片.png"), receive(site, b"%PDF-1.7 broken", "报告.pdf")
    assert {each.verdict for each in File.objects.all()} == {None}
    assert checking.check_waiting([good, bad], with_engine=engine) == 2
    files = queries.stored_files([good, bad])
    assert files[good].verdict in {"pass", "warn", "manual"}
    assert files[good].mime == "image/png"
    assert files[bad].verdict == "fail"
    assert queries.blocked([good, bad]) == {bad}
    assert any(found.blocks for found in queries.findings_of([bad])[bad])
    assert not CheckRequest.objects.exists()
    event = Event.objects.get(kind="content.checked")
    assert set(event.data["file_ids"]) == {str(good), str(bad)}


def test_a_check_run_twice_changes_nothing(site: Site, engine: Engine) -> None:
    file_id = receive(site, a_picture(), "照片.png")
    checking.check_waiting([file_id], with_engine=engine)
    assert checking.check_waiting([file_id], with_engine=engine) == 0
    assert CheckRun.objects.filter(file_id=file_id).count() == 1


def test_nothing_is_shown_as_checked_before_its_run(site: Site) -> None:
    file_id = receive(site, a_picture(), "照片.png")
    assert queries.stored_file(file_id).state == "unchecked"
    assert queries.report(file_id).finished_at is None
    assert queries.unchecked([file_id]) == {file_id}


def test_a_check_that_breaks_off_leaves_the_check_owed(site: Site) -> None:
    class Breaking:
        def check_paths(self, files: object) -> Iterator[object]:
            raise RuntimeError("the worker was killed")

    file_id = receive(site, a_picture(), "照片.png")
    with pytest.raises(RuntimeError):
        checking.check_waiting([file_id], with_engine=Breaking())  # type: ignore[arg-type]
    assert CheckRequest.objects.filter(file_id=file_id).exists()
    assert not CheckRun.objects.exists()


def test_batches_are_bounded_in_files_and_in_bytes(site: Site, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [receive(site, a_picture(shade), f"{shade}.png") for shade in range(5)]
    monkeypatch.setattr(checking, "BATCH_FILES", 3)
    assert len(checking._take_requests(ids)) == 3
    monkeypatch.setattr(checking, "BATCH_BYTES", 1)
    assert len(checking._take_requests(ids)) == 1
    assert checking.check_waiting(ids[:1], with_engine=engine) == 5


def test_another_check_keeps_the_former_run_as_history(site: Site, engine: Engine) -> None:
    file_id = receive(site, b"%PDF-1.7 broken", "报告.pdf")
    checking.check_waiting([file_id], with_engine=engine)
    checking.check_again(actor=site.clerk, file_ids=[file_id], now=NOW)
    checking.check_waiting([file_id], with_engine=engine)
    assert CheckRun.objects.filter(file_id=file_id).count() == 2
    shown = queries.findings_of([file_id])[file_id]
    assert len(shown) == Finding.objects.filter(file_id=file_id).count() / 2


def test_only_holder_and_archive_may_ask_for_another_check(site: Site) -> None:
    file_id = receive(site, a_picture(), "照片.png")
    operations.share_with_client([file_id])
    with pytest.raises(NotFound):
        checking.check_again(actor=site.outsider, file_ids=[file_id], now=NOW)
    with pytest.raises(Refusal):
        checking.check_again(actor=site.client, file_ids=[file_id], now=NOW)
    assert CheckRequest.objects.filter(file_id=file_id).count() == 1


def test_a_large_repeated_check_shows_progress_and_can_be_cancelled(
    site: Site, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zhudang.events.models import Work

    monkeypatch.setattr(checking, "SHOWN_AS_WORK_FROM", 3)
    monkeypatch.setattr(checking, "BATCH_FILES", 2)
    ids = [receive(site, a_picture(shade), f"{shade}.png") for shade in range(6)]
    checking.check_waiting(ids, with_engine=engine)
    work_id = checking.check_again(actor=site.clerk, file_ids=ids, now=NOW)
    assert work_id
    done, works = checking._check_batch(ids, engine)
    checking._advance(works)
    assert (done, Work.objects.get(id=work_id).done) == (2, 2)
    work.ask_to_cancel(actor=site.clerk, work_id=work_id, now=NOW)
    checking.check_waiting(ids, with_engine=engine)
    assert Work.objects.get(id=work_id).state == "cancelled"
    assert not CheckRequest.objects.exists()
    assert CheckRun.objects.count() == 10
    assert not queries.unchecked(ids)


def test_a_run_keeps_its_tools_and_a_later_correction_carries_it_over(site: Site, engine: Engine) -> None:
    from datetime import timedelta

    from zhudang.content import reporting

    first, second = receive(site, a_picture(), "一.png"), receive(site, a_picture(90), "二.png")
    assert {file.report.verdict for file in reporting.checked_files([first, second])} == {"not_checked"}
    checking.check_waiting([first, second], with_engine=engine)
    run = CheckRun.objects.get(file_id=first)
    assert run.toolset.told["tool"]["parsers"]["pillow"]
    assert run.toolset.told["settings"]["scanner"] is None
    assert reporting.tools_of([first]) == run.toolset.told
    assert CheckRun.objects.get(file_id=second).toolset_id == run.toolset_id
    corrected_at = run.finished_at + timedelta(seconds=1)
    CheckRun.objects.filter(file_id=second).update(finished_at=corrected_at + timedelta(seconds=1))
    files = reporting.checked_files([first, second], labels={first: "甲 / 一.png"}, since=corrected_at)
    assert [(file.report.path, file.run.carried) for file in files] == [("甲 / 一.png", True), ("二.png", False)]


def test_a_wrong_profile_stops_the_start_with_every_reason(settings, tmp_path) -> None:
    from django.core.exceptions import ImproperlyConfigured

    from zhudang.checks.settings import CheckSettings
    from zhudang.content.apps import _take_profile

    city = tmp_path / "city.toml"
    city.write_text('name = ""\n[limits]\ndepth = 1\n', encoding="utf-8")
    settings.CHECKS = CheckSettings(profile=str(city))
    with pytest.raises(ImproperlyConfigured, match=r"line 1: name.*line 3: limits\.depth"):
        _take_profile()


def test_lists_load_only_the_facts_they_go_by_and_the_run_keeps_all(site: Site, engine: Engine) -> None:
    from samples.checks import business

    file_id = receive(site, business.form(signed=False), "隐蔽工程验收记录.pdf")
    checking.check_waiting([file_id], with_engine=engine)
    kept = queries.report(file_id).facts
    assert kept["reading"]["opening"] and kept["blank_boxes"] and kept["page_marks"]
    told = queries.stored_file(file_id).facts
    assert set(told) <= checking.LIGHT_FACTS
    assert (told["pages"], told["text_chars"], told["page_sizes"]) == (1, kept["text_chars"], kept["page_sizes"])


def test_a_signer_named_like_an_escape_does_not_stop_the_checks(site: Site, engine: Engine) -> None:
    from samples.checks import signatures

    who = signatures.identity("C:\\u0000 甲", signatures.root())
    file_id = receive(site, signatures.sign(signatures.page(), who), "签名.pdf")
    assert checking.check_waiting([file_id], with_engine=engine) == 1
    assert [each["signer"] for each in queries.stored_file(file_id).facts["signatures"]] == ["C:\\u0000 甲"]


def test_of_signatures_lists_know_who_and_whether_not_every_step() -> None:
    signature = {"kind": "ofd-seal", "signer": "甲", "status": "valid", "why": None, "steps": {"value": True}}
    facts = {"signatures": [signature], "pdfa": {"claims": "2b", "violations": ["6.1"]}, "members": ["a"]}
    kept = checking.light(facts)
    assert "steps" not in kept["signatures"][0] and kept["signatures"][0]["status"] == "valid"
    assert kept["pdfa"] == {"claims": "2b", "conforms": None} and "members" not in kept


def zipped(files: dict[str, bytes]) -> bytes:
    import zipfile

    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    return stream.getvalue()


NAMED = "SIP-P1-01-20260617020000-01.zip"


def test_a_submission_package_is_not_told_to_be_unpacked(site: Site, engine: Engine) -> None:
    from samples.checks.packages import SIP

    package, other = receive(site, zipped(SIP), NAMED), receive(site, zipped(SIP), "图纸.zip")
    checking.check_waiting([package, other], with_engine=engine)
    codes = {key: {found.code for found in each.findings} for key, each in queries.reports([package, other]).items()}
    assert "ZIP-011" not in codes[package] and "ZIP-011" in codes[other]
    assert queries.stored_file(package).verdict == "pass"
    [told] = queries.report(package).facts["package"]
    assert (told["kind"], told["verdict"]) == ("transfer", "pass")


def test_a_package_that_does_not_hold_fails_with_its_own_findings_and_stays_whole(site: Site, engine: Engine) -> None:
    from samples.checks.packages import SIP
    from zhudang.content import packages

    spoiled = {name: data for name, data in SIP.items() if not name.endswith("图.txt")}
    file_id = receive(site, zipped(spoiled), NAMED)
    checking.check_waiting([file_id], with_engine=engine)
    assert queries.stored_file(file_id).verdict == "fail"
    assert any(found.code.startswith("TRF-") and found.blocks for found in queries.findings_of([file_id])[file_id])
    assert packages.take_apart(file_id, now=NOW) == []


def test_a_zip_that_only_bears_the_name_of_a_package_is_checked_as_an_archive(site: Site, engine: Engine) -> None:
    file_id = receive(site, zipped({"a.txt": b"words"}), NAMED)
    checking.check_waiting([file_id], with_engine=engine)
    report = queries.report(file_id)
    assert "ZIP-011" in {found.code for found in report.findings} and report.facts["package"] == []


IDS = """<ids xmlns="http://standards.buildingsmart.org/IDS"><info><title>T</title></info><specifications>
<specification name="命名" ifcVersion="IFC4"><applicability><entity><name><simpleValue>IFCPROJECT</simpleValue></name></entity>
</applicability><requirements><attribute><name><simpleValue>Description</simpleValue></name></attribute></requirements>
</specification></specifications></ids>"""


def test_a_model_received_is_held_against_the_city_s_requirements_and_the_report_names_them(site, settings, tmp_path):
    import hashlib

    import ifcopenshell
    import ifcopenshell.guid

    from zhudang.checks.settings import CheckSettings
    from zhudang.content import reporting
    from zhudang.content.web.pages import report_page

    (tmp_path / "竣工模型.ids").write_text(IDS, encoding="utf-8")
    (tmp_path / "city.toml").write_text('name = "云溪县"\nids = ["竣工模型.ids"]\n', encoding="utf-8")
    settings.CHECKS = CheckSettings(profile=str(tmp_path / "city.toml"))
    model = ifcopenshell.file(schema="IFC4")
    project = model.create_entity("IfcProject", GlobalId=ifcopenshell.guid.new(), Name="P")
    file_id = receive(site, model.to_string().encode(), "模型.ifc")
    with Engine(workers=1, settings=settings.CHECKS) as own:
        checking.check_waiting([file_id], with_engine=own)
    (found,) = [each for each in queries.findings_of([file_id])[file_id] if each.code == "BIM-011"]
    assert found.data["elements"] == [project.GlobalId]
    digest = hashlib.sha256(IDS.encode()).hexdigest()
    assert reporting.tools_of([file_id])["settings"]["profile"]["ids"] == [{"name": "竣工模型.ids", "sha256": digest}]
    (kept,) = queries.report(file_id).facts["ids"]
    assert (kept["file"], kept["sha256"], kept["short"]) == ("竣工模型.ids", digest, 1)
    shown = dict(report_page(site.clerk, queries.report(file_id), "zh").facts)
    assert shown["模型信息交付要求 IDS"] == "竣工模型.ids：1 条要求，没有满足的 1 处"
