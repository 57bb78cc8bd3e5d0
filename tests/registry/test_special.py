"""The special record of a unit work."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from registry.makers import NOW, make_account, make_client, make_project, make_unit
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import SYSTEM
from zhudang.registry import operations, queries
from zhudang.registry.domain.special import items_for, why_not_special
from zhudang.shared.refusals import Refusal


def test_every_kind_of_works_has_its_items():
    for kind in ("building", "road", "bridge", "pipeline"):
        assert items_for(kind)


def test_items_of_another_kind_words_for_numbers_and_halves_of_storeys_are_told():
    values = {"span": 20, "height": "高", "floors_above": 6.5, "building_area": 3412.6, "structure": "剪力墙"}
    assert [reason.code for reason in why_not_special("building", values)] == [
        "registry.special_unknown",
        "registry.special_number",
        "registry.special_number",
    ]


@pytest.mark.django_db
def test_a_special_record_is_entered_shown_and_refused():
    unit = make_unit(make_project(client_id=make_client()))
    browser = Client()
    browser.force_login(make_account(Role.ARCHIVIST, make_client("云溪县城建档案馆")))
    sent = browser.post(
        reverse("registry:unit_edit", args=[unit]),
        {
            "name": "1# 住宅楼",
            "nature": "new",
            "structure": "",
            "revision": "1",
            "special_building_area": "3412.6",
            "special_floors_above": "6",
            "special_structure": "剪力墙",
        },
    )
    assert sent.status_code == 302
    assert queries.unit_work_facts(unit).special == {"building_area": 3412.6, "floors_above": 6, "structure": "剪力墙"}
    page = browser.get(sent.headers["Location"].split("#")[0]).content.decode()
    assert "3\N{NARROW NO-BREAK SPACE}412.6 m²" in page
    with pytest.raises(Refusal):
        operations.describe_unit_work(
            actor=SYSTEM, unit_work_id=unit, name="1#", nature="new", structure_id=None, special={"span": 1}, now=NOW
        )
