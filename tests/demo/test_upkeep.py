import json
from pathlib import Path

import pytest

from filing.filing_support import person
from preservation.kept_project import KeptProject
from zhudang.demo import city, upkeep
from zhudang.identity.domain.roles import Role
from zhudang.preservation.domain.site_facts import read_sites
from zhudang.preservation.models import RegisteredCopy, RemedyPlan, Site
from zhudang.site import environment

PACK = upkeep.PACK.with_name("sites.json")


def test_the_demo_sites_are_sound_and_lie_below_the_data_folder(tmp_path: Path):
    told = environment.sites(tmp_path, like=PACK)
    facts = read_sites(told)
    assert [item["path"] for item in told] == [str(tmp_path / "sites" / code) for code in "ab"]
    assert facts["b"].unknown == ("power_grid", "worm"), "one fact nobody told, so that pages show how that looks"
    assert all(site.operator and site.source for site in facts.values())
    assert all(site.province == city.AREA_CODE[:2] for site in facts.values())


@pytest.mark.django_db
def test_the_demo_county_has_a_dated_plan_and_a_film_registered_by_its_keeper(settings, tmp_path: Path):
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.SITES = environment.sites(tmp_path, like=PACK)
    project = KeptProject()
    person("keeper", project.site.archive_id, Role.KEEPER)
    project.preserve()
    upkeep.keep_house()
    upkeep.keep_house()
    told = json.loads(upkeep.PACK.read_text(encoding="utf-8"))
    assert RemedyPlan.objects.count() == sum(len(plan["classes"]) for plan in told["plans"])
    copy = RegisteredCopy.objects.get()
    assert (copy.registered_by, copy.inspected_by) == ("keeper", "keeper")
    assert Site.objects.get(code="a").facts["operator"] == "云溪县城建档案馆"
