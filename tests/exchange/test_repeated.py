"""A sender that loses the answer sends again, perhaps at the same moment: one project, one permit, one answer."""

from __future__ import annotations

from exchange.test_api import make_key, permit, post
from registry.test_two_people import at_once
from zhudang.events.models import Event
from zhudang.exchange.models import Message
from zhudang.registry.models import Permit, Project


def test_the_same_message_four_times_at_once_counts_once(committed_db):
    key = make_key()
    answers = at_once(*(lambda: post("permits", permit(), key) for _time in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["permit_id"] for answer in answers}) == 1
    assert sorted(answer.json()["repeated"] for answer in answers) == [False, True, True, True]
    assert (Project.objects.count(), Permit.objects.count(), Message.objects.count()) == (1, 1, 1)
    assert Event.objects.filter(kind="registry.permit.issued").count() == 1


def test_two_permits_of_one_new_project_at_once_make_one_project(committed_db):
    key = make_key()
    other = permit(key="DF-0002", kind="planning", number="建字第990241202400012号", unit_works=[])
    first, second = at_once(lambda: post("permits", permit(), key), lambda: post("permits", other, key))
    assert [first.status_code, second.status_code] == [200, 200]
    assert sorted([first.json()["project_created"], second.json()["project_created"]]) == [False, True]
    assert (Project.objects.count(), Permit.objects.count()) == (1, 2)
