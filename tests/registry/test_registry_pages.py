"""The registry's pages, walked as people walk them."""

from __future__ import annotations

import io
import re

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from registry.makers import make_account, make_client, make_project, make_unit
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Organisation
from zhudang.registry.models import ImportRun, Milestone, Party, Permit, Phase, Project, Responsibility, UnitWork

pytestmark = pytest.mark.django_db


@pytest.fixture
def bureau():
    return Organisation.objects.create(name="云溪县城建档案馆", kind="archive", created_at="2020-01-01T00:00:00Z").pk


@pytest.fixture
def archivist(bureau):
    browser = Client()
    browser.force_login(make_account(Role.ARCHIVIST, bureau))
    return browser


def plain(answer):
    """A page without what differs on every request: the form's token, the number to quote, the address itself."""
    text = re.sub(r'(csrf-token" content|csrfmiddlewaretoken" value)="[^"]*"', "", answer.content.decode())
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12}", "", text)


def address(name, *args):
    return reverse(f"registry:{name}", args=args)


def test_the_whole_registration_is_done_by_forms(archivist):
    make_client("云溪滨河置业有限公司")
    make_client("青石建筑工程有限公司")
    values = {
        "name": "滨河安置房一期",
        "code": "2403-990241-48-01-012345",
        "kind": "building",
        "level": "1",
        "client": "云溪滨河置业有限公司",
        "system": "cgcs2000-3cm",
        "zone": "36",
        "first": "3148719.385",
        "second": "597952.961",
        "started_on": "2024-04-08",
    }
    sent = archivist.post(address("project_new"), values)
    project = Project.objects.get()
    assert sent.headers["Location"] == address("project", project.pk)
    assert (round(project.lon, 6), round(project.lat, 6)) == (109.0, 28.45)
    archivist.post(address("phase_new", project.pk), {"code": f"{project.code}-001", "name": "一标段"})
    phase = Phase.objects.get()
    archivist.post(
        address("unit_new", project.pk),
        {
            "phase": phase.pk,
            "code": "01",
            "name": "1# 住宅楼",
            "kind": "building",
            "nature": "new",
        },
    )
    unit = UnitWork.objects.get()
    archivist.post(
        address("party_new", project.pk),
        {
            "organisation": "青石建筑工程有限公司",
            "role": "contractor",
            "units": [unit.pk],
        },
    )
    archivist.post(
        address("permit_new", project.pk),
        {
            "kind": "planning",
            "number": "建字第990241202400012号",
            "issued_on": "2024-03-20",
            "units": [unit.pk],
        },
    )
    archivist.post(address("milestones", unit.pk), {"kind": "foundation", "happened_on": "2024-06-01"})
    archivist.post(address("responsibility_new", project.pk), {"duty": "archive_person", "person": "甲"})
    archivist.post(address("acceptance", project.pk), {"accepted_on": "2025-11-28", "revision": 1})
    assert Party.objects.get(role="contractor").units.count() == 1
    assert (Permit.objects.count(), Milestone.objects.count(), Responsibility.objects.count()) == (1, 3, 1)
    page = archivist.get(address("project", project.pk)).content.decode()
    for shown in ("2025年11月28日", "1# 住宅楼", "青石建筑工程有限公司", "建字第990241202400012号", "地基与基础验收"):
        assert shown in page


def test_a_refused_form_shows_every_reason_beside_its_field(archivist):
    make_client("云溪滨河置业有限公司")
    sent = archivist.post(
        address("project_new"),
        {
            "name": "甲",
            "code": "2403-990241-48-01-12345",
            "kind": "building",
            "level": "1",
            "system": "cgcs2000",
            "client": "云溪滨河置业有限公司",
            "started_on": "2099-01-01",
        },
    )
    text = sent.content.decode()
    assert sent.status_code == 409
    assert "应为 6 位流水号" in text
    assert "还没有到" in text
    assert not Project.objects.exists()


def test_a_wrong_code_and_an_unknown_client_are_told_at_once(archivist):
    values = {
        "name": "错误代码项目",
        "code": "2611-99-47-01-1",
        "kind": "building",
        "level": "1",
        "client": "91990241MA0000000X",
    }
    sent = archivist.post(address("project_new"), {**values, "system": "lon-lat"})
    assert sent.status_code == 422
    assert {"code", "client"} <= set(sent.context["form"].errors)


def test_the_second_writer_sees_both_values_and_may_go_on(archivist):
    project = make_project(client_id=make_client())
    form = {"kind": "building", "address": "滨河路 18 号", "system": "cgcs2000", "revision": "1", "area_code": "990241"}
    assert archivist.post(address("project_edit", project), form).status_code == 302
    late = archivist.post(address("project_edit", project), {**form, "address": "滨河路 20 号"})
    text = late.content.decode()
    assert late.status_code == 409
    assert "滨河路 18 号" in text
    assert "滨河路 20 号" in text
    assert 'name="revision" value="2"' in text
    assert (
        archivist.post(
            address("project_edit", project), {**form, "address": "滨河路 20 号", "revision": "2"}
        ).status_code
        == 302
    )


def test_absent_foreign_and_classified_projects_answer_alike(bureau):
    client, other = make_client(), make_client("别家")
    foreign = make_project(client_id=other, code="2403-990241-48-01-000002")
    secret = make_project(client_id=client, code="2403-990241-48-01-000003", level=2)
    browser = Client()
    browser.force_login(make_account(Role.CLIENT_MANAGER, client))
    absent = "018f0000-0000-7000-8000-000000000000"
    for name in (
        "project",
        "project_edit",
        "project_rename",
        "phase_new",
        "unit_new",
        "party_new",
        "permit_new",
        "acceptance",
    ):
        answers = [browser.get(address(name, thing)) for thing in (foreign, secret, absent)]
        assert {answer.status_code for answer in answers} == {404}
        assert len({plain(answer) for answer in answers}) == 1
        assert {browser.post(address(name, thing)).status_code for thing in (foreign, secret, absent)} <= {404, 405}
    listed = browser.get(address("project_list"))
    assert "别家" not in listed.content.decode()


def test_the_list_filters_sorts_pages_and_leaves_as_a_file(archivist):
    client = make_client()
    for number in range(3):
        make_project(
            client_id=client,
            code=f"2403-990241-48-01-00000{number}",
            name=f"项目{number}",
            kind="road" if number else "building",
        )
    page = archivist.get(address("project_list"), {"kind": "road", "sort": "-code"}).content.decode()
    assert page.index("项目2") < page.index("项目1")
    assert "项目0" not in page
    assert (
        archivist.get(address("project_list"), {"q": "项目0"}).content.decode().count("2403-990241-48-01-000000") == 1
    )
    book = load_workbook(
        io.BytesIO(b"".join(archivist.get(address("project_list"), {"export": "xlsx"}).streaming_content))
    )
    assert book.active.max_row == 4
    csv = b"".join(archivist.get(address("project_list"), {"export": "csv", "kind": "road"}).streaming_content)
    assert csv.decode("utf-8-sig").count("\r\n") == 3


def test_a_list_is_looked_at_then_imported(archivist):
    make_client("云溪县教育局")
    rows = "项目代码,项目名称,工程类别,建设单位\r\n2403-990241-48-01-000001,云溪中学教学楼,房屋建筑,云溪县教育局\r\n错,坏,道路,云溪县教育局\r\n"
    upload = io.BytesIO(rows.encode("gb18030"))
    upload.name = "项目.csv"
    sent = archivist.post(address("imports"), {"kind": "projects", "file": upload})
    run = ImportRun.objects.get()
    assert sent.headers["Location"] == address("import_run", run.pk)
    report = archivist.get(address("import_run", run.pk)).content.decode()
    assert "还没有写入任何一行" in report
    assert "应为五组" in report
    archivist.post(address("import_apply", run.pk))
    assert Project.objects.get().name == "云溪中学教学楼"
    assert archivist.get(address("imports")).status_code == 200
    for kind in ("projects", "unit_works", "parties"):
        assert archivist.get(address("import_template", kind)).status_code == 200


def test_a_broken_file_is_refused_with_its_reason(archivist):
    upload = io.BytesIO(b"PK\x03\x04nothing")
    upload.name = "x.xlsx"
    sent = archivist.post(address("imports"), {"kind": "projects", "file": upload})
    assert (sent.status_code, ImportRun.objects.count()) == (409, 0)
    assert "文件读不了" in sent.content.decode()


def test_a_client_sees_and_changes_its_own_and_imports_nothing(bureau):
    client = make_client()
    project = make_project(client_id=client)
    unit = make_unit(project)
    browser = Client()
    browser.force_login(make_account(Role.CLIENT_MANAGER, client))
    assert browser.get(address("project", project)).status_code == 200
    assert browser.get(address("milestones", unit)).status_code == 200
    assert browser.get(address("imports")).status_code == 403
    assert browser.get(address("permit_new", project)).status_code == 403
    assert browser.get(address("structure_new")).status_code == 403


def test_nobody_is_sent_to_sign_in_before_any_form():
    project = make_project(client_id=make_client())
    stranger = Client()
    assert stranger.get(address("project", project)).status_code == 404
    assert stranger.get(address("project_edit", project)).status_code == 302
    assert stranger.get(address("project_list")).status_code == 200


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_opens_in_both_languages(archivist, language):
    client = make_client()
    project = make_project(client_id=client, lon=109.0, lat=28.45)
    unit = make_unit(project)
    party = Party.objects.first()
    archivist.post(
        address("structure_new"),
        {
            "name": "综合楼",
            "kind": "building",
            "standing": "in_use",
            "level": "1",
            "system": "cgcs2000",
            "realty_unit": "500241 001001 GB00001 F00010001",
        },
    )
    from zhudang.registry.models import Structure

    structure = Structure.objects.get()
    pages = [
        address("project_list"),
        address("project_new"),
        address("structure_list"),
        address("structure_new"),
        address("imports"),
        address("structure_edit", structure.pk),
        address("unit_edit", unit),
        address("milestones", unit),
        address("party_replace", party.pk),
        reverse("atlas:map"),
        *(
            address(name, project)
            for name in (
                "project",
                "project_edit",
                "project_rename",
                "project_classify",
                "project_standing",
                "phase_new",
                "unit_new",
                "party_new",
                "permit_new",
                "acceptance",
                "responsibility_new",
            )
        ),
    ]
    for page in pages:
        answer = archivist.get(page, headers={"Accept-Language": language})
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert "style=" not in text
        assert "onclick" not in text
