from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from filing.filing_support import person
from prepared import Prepared
from preservation.kept_project import KeptProject, begun_with
from preservation.offline_set import OfflineSet
from zhudang.cli import doctor
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.preservation import command
from zhudang.preservation.models import (
    ArchivalObject,
    CatchUp,
    Copy,
    Custody,
    Placement,
    RegisteredCopy,
    RemedyPlan,
    Site,
)

pytestmark = pytest.mark.django_db
HOME = {"province": "50", "latitude": 28.446, "longitude": 109.012, "seismic_zone": "长江中游", "medium": "hard_disk"}


@pytest.fixture
def disk(settings, tmp_path: Path) -> OfflineSet:
    settings.SITES = sites(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    return OfflineSet(tmp_path)


def sites(folder: Path) -> list[dict[str, Any]]:
    a, b, c = OfflineSet(folder).settings(folder)
    return [{**a, **HOME, "operator": "某公司", "worm": True}, {**b, **HOME, "seismic_zone": ""}, c]


@pytest.fixture
def kept(disk: OfflineSet, db: None, prepared: Prepared, settings, tmp_path: Path) -> Iterator[KeptProject]:
    with begun_with(prepared, settings, tmp_path, "kept_in_one_town", sites) as project:
        person("keeper", project.site.archive_id, Role.KEEPER)
        yield project


@pytest.fixture
def archivist(client, kept: KeptProject):
    client.force_login(Account.objects.get(username="archivist"))
    return client


def page(client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, path
    return answer.content.decode()


def site_path(code: str) -> str:
    return f"/preservation/sites/{Site.objects.get(code=code).pk}/"


def test_every_class_shows_each_requirement_with_its_reasons(archivist):
    shown = page(archivist, "/preservation/policy/")
    for words in (
        "公开馆藏",
        "内部馆藏",
        "涉密馆藏",
        "份数",
        "介质",
        "异地",
        "离线",
        "省份未知，距离未知，地震带未知",
        "依据：",
    ):
        assert words in shown
    assert f"{ArchivalObject.objects.count()} 个未达要求" in shown


def test_the_english_pages_have_no_chinese_of_ours(archivist):
    row = ArchivalObject.objects.first()
    for path in (
        "/preservation/policy/", "/preservation/policy/below/", "/preservation/policy/class/internal/",
        "/preservation/policy/class/internal/plan/", site_path("c"), site_path("a"), f"/preservation/{row.id}/registered/",
    ):  # fmt: skip
        shown = page(archivist, path, **{"accept-language": "en"}).split("<main", 1)[1].split("</main>")[0]
        for word in ("副本", "要求", "离线份", "补救", "交接", "登记", "未知", "没有"):
            assert word not in shown, (path, word)


def test_the_holdings_below_are_listed_filtered_and_exported_with_their_reasons(archivist):
    row = ArchivalObject.objects.filter(kind="volume").first()
    assert row.title in page(archivist, "/preservation/policy/below/")
    assert row.title in page(
        archivist, f"/preservation/policy/below/?class=internal&shown=not_met&q={row.accession_no}"
    )
    assert "没有未达要求的馆藏" in page(archivist, "/preservation/policy/below/?class=open")
    answer = archivist.get("/preservation/policy/below/?export=csv")
    told = b"".join(answer.streaming_content).decode()
    assert row.accession_no in told
    assert "离线盘：没有副本" in told


def test_reasons_that_a_row_above_gives_already_are_folded_up(archivist):
    listed = page(archivist, "/preservation/policy/below/")
    assert (listed.count('<details class="small"'), listed.count('<details class="small" open>')) == (2, 1)
    command.verify()
    Copy.objects.filter(object__kind="volume", site__code="b").update(state="damaged")
    listed = page(archivist, "/preservation/policy/below/")
    assert (listed.count('<details class="small"'), listed.count('<details class="small" open>')) == (2, 2)


def test_write_once_is_shown_as_stated_and_everything_else_as_deletable(archivist):
    assert "某公司声明为一次写入，未经证明" in page(archivist, site_path("a"))
    assert "可删除，非一次写入" in page(archivist, site_path("b"))
    register = page(archivist, "/preservation/")
    assert "某公司声明为一次写入，未经证明" in register
    assert "待补写" in register


def test_unknown_facts_are_named_as_unknown_and_a_province_by_its_name(archivist):
    shown = page(archivist, site_path("b"))
    assert "重庆市（50）" in shown
    assert "不知道" in shown
    assert "地震带" in shown


def test_a_plan_is_entered_by_form_refused_with_every_reason_and_ended(archivist):
    path = "/preservation/policy/class/internal/plan/"
    refused = archivist.post(path, {"missing": "x", "remedy": "y", "responsible": "z", "until": "2020-01-01"})
    assert refused.status_code == 422
    assert "请勾选计划要补救的要求" in refused.content.decode()
    assert "完成日期要在今天之后" in refused.content.decode()
    until = timezone.localdate() + timedelta(days=90)
    given = {
        "requirements": ["copies", "media", "apart", "offline"], "missing": "缺异地", "remedy": "互存", "responsible": "馆长",
        "until": until.isoformat(),
    }  # fmt: skip
    assert archivist.post(path, given).status_code == 302
    shown = page(archivist, "/preservation/policy/class/internal/")
    assert "互存" in shown and Account.objects.get(username="archivist").name in shown.split("<main", 1)[1]
    assert "按计划补救，至" in page(archivist, "/preservation/policy/")
    assert archivist.post("/preservation/policy/class/internal/plan/end/", {"how": "建成"}).status_code == 302
    assert "已结束" in page(archivist, "/preservation/policy/class/internal/")
    assert RemedyPlan.objects.count() == 2


def test_places_that_break_the_policy_are_refused_on_the_page_with_all_reasons(archivist):
    archivist.post("/preservation/policy/class/internal/places/", {"sites": ["a", "b"]})
    shown = page(archivist, "/preservation/policy/class/internal/")
    assert "不能这样安排存储地" in shown
    assert "“离线”这一条达不到" in shown
    assert not Placement.objects.exists()


def test_a_set_is_handed_over_by_one_account_and_signed_for_by_another(archivist, kept, client):
    keeper = Account.objects.get(username="keeper")
    given = {"to": str(keeper.pk), "bound_for": "邻县保险柜", "condition": "sound", "note": ""}
    assert archivist.post(f"{site_path('c')}custody/", given).status_code == 302
    row = Custody.objects.get()
    assert "等签收" in page(archivist, site_path("c"))
    client.force_login(keeper)
    assert "签收" in page(client, site_path("c"))
    assert client.post(f"/preservation/custody/{row.pk}/sign/").status_code == 302
    assert "库管" in page(client, site_path("c")) or Custody.objects.get().took_at


def test_a_set_lying_apart_says_how_to_call_it_in_and_connected_it_is_caught_up(archivist, disk, run_jobs):
    shown = page(archivist, site_path("c"))
    assert "LABEL.txt" in shown
    assert "zhudang call-in --site c" in shown
    archivist.post(f"{site_path('c')}catch-up/")
    assert not CatchUp.objects.exists()
    disk.connect()
    assert archivist.post(f"{site_path('c')}catch-up/").status_code == 302
    run_jobs()
    assert "补齐，全部一致" in page(archivist, site_path("c"))
    row = ArchivalObject.objects.filter(kind="volume").first()
    answer = archivist.get(f"{site_path('c')}?export=csv")
    assert row.inventory_sha512 in b"".join(answer.streaming_content).decode()


def test_a_film_is_registered_inspected_and_withdrawn_on_the_objects_page(archivist):
    row = ArchivalObject.objects.filter(kind="volume").first()
    given = {
        "medium": "microfilm", "label": "YX-F-1", "place": "特藏库", "made_on": timezone.localdate().isoformat(),
        "made_by": "缩微室", "version": row.version,
    }  # fmt: skip
    assert archivist.post(f"/preservation/{row.id}/registered/", given).status_code == 302
    assert archivist.post(f"/preservation/{row.id}/registered/", given).status_code == 422
    copy = RegisteredCopy.objects.get()
    assert "YX-F-1" in page(archivist, f"/preservation/{row.id}/")
    archivist.post(f"/preservation/registered/{copy.pk}/inspected/", {"on": timezone.localdate().isoformat()})
    archivist.post(f"/preservation/registered/{copy.pk}/withdrawn/", {"because": "受潮"})
    assert "受潮" in page(archivist, f"/preservation/{row.id}/")


def test_the_department_reads_and_plans_but_signs_and_places_nothing(client, kept):
    person("official1", kept.site.archive_id, Role.OFFICIAL)
    client.force_login(Account.objects.get(username="official1"))
    shown = page(client, "/preservation/policy/class/internal/")
    assert "订计划" in shown
    assert "选定</button>" not in shown
    assert client.post("/preservation/policy/class/internal/places/", {"sites": ["a"]}).status_code == 403
    assert client.post(f"{site_path('c')}custody/", {}).status_code == 403
    assert client.post(f"{site_path('c')}catch-up/").status_code == 403


def test_a_signed_out_visitor_and_a_filer_see_none_of_it(client, kept):
    person("manager3", kept.site.client_id, Role.CLIENT_MANAGER)
    paths = (
        "/preservation/policy/",
        "/preservation/policy/below/",
        "/preservation/policy/class/internal/",
        site_path("c"),
    )
    assert {client.get(path).status_code for path in paths} <= {302, 401, 403}
    client.force_login(Account.objects.get(username="manager3"))
    assert {client.get(path).status_code for path in paths} == {403}


def test_the_doctor_says_which_class_lacks_what_and_when_the_set_is_due(kept, disk):
    told = {result.part: result for result in doctor.copies()}
    assert told["副本要求 internal"].verdict == "attention"
    assert "apart" in told["副本要求 internal"].said
    assert "next call-in" in told["离线份 c"].said
    list(doctor.sites())
    assert list(disk.mount.iterdir()) == [], "nothing is written where the set would be"


def test_call_in_of_an_unknown_site_is_refused(kept, capsys):
    assert command.call_in("x") == command.REFUSED
    assert "x" in capsys.readouterr().err


def test_places_out_of_reach_are_told_before_what_the_books_say_of_them(archivist, settings):
    paths = ("/preservation/", "/preservation/policy/", "/preservation/policy/class/internal/")
    for path in paths:
        assert "现在不算数" not in page(archivist, path), path
    a, b = (Path(item["path"]) for item in settings.SITES[:2])
    a.rename(a.with_name("x"))
    b.rename(a)
    a.with_name("x").rename(b)
    for path in paths:
        told = page(archivist, path)
        assert "现在不算数" in told, path
        assert "放错了位置的，换回去就好" in told, path
        assert "do not count now" in page(archivist, path, **{"accept-language": "en"}), path


def test_an_offline_set_that_is_complete_but_connected_does_not_wait_to_be_caught_up(archivist, disk: OfflineSet):
    disk.connect()
    assert command.call_in("c") == 0
    told = page(archivist, "/preservation/policy/class/internal/")
    assert "取下后才算离线" in told
    assert "等补写" not in told
