"""No page shows a way that ends in a refusal for the one who looks at it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from registry.makers import NOW, make_account, make_client, make_project, make_unit
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Organisation
from zhudang.registry.models import Project, Structure, UnitWork

pytestmark = pytest.mark.django_db

STRUCTURE = "县府一号楼"


@pytest.fixture
def open_project():
    """A project open to everybody, with a unit work done to a structure that is not."""
    project = make_project(client_id=make_client())
    Project.objects.filter(pk=project).update(is_open=True, level=0)
    structure = Structure.objects.create(name=STRUCTURE, kind="building", level=1, changed_at=NOW)
    UnitWork.objects.filter(pk=make_unit(project)).update(structure=structure)
    return project


def _ways(page: str) -> set[str]:
    """Addresses a page's own part leads to."""
    body = page[page.index("<main") :]
    return {way for way in re.findall(r'href="(/[^"#?]*)', body) if not way.startswith("/static/")}


@pytest.mark.parametrize(
    "role", [Role.PUBLIC, Role.EMERGENCY_OFFICER, Role.OFFICIAL, Role.REVIEWER, Role.SERVICE_DESK, Role.KEEPER]
)
def test_a_project_s_page_leads_only_where_one_may_go(open_project, role) -> None:
    office = Organisation.objects.create(name="云溪县住房和城乡建设局", kind="department", created_at=NOW)
    browser = Client()
    browser.force_login(make_account(role, None if role is Role.PUBLIC else office.pk))
    page = browser.get(reverse("registry:project", args=[open_project])).content.decode()
    ways = _ways(page)
    refused = {way: answer.status_code for way in ways if (answer := browser.get(way)).status_code >= 400}
    assert ways and refused == {}
    assert (STRUCTURE in page) is (role is not Role.PUBLIC)
