"""Two people at one thing at the same moment, on real connections."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

from django.db import connections

from registry.makers import NOW, make_client, make_project
from zhudang.audit.models import Entry
from zhudang.events.models import Event
from zhudang.identity.rights import SYSTEM
from zhudang.registry import operations
from zhudang.registry.models import Permit, Project
from zhudang.shared.refusals import Conflict, Refusal


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do acts at the same moment, each on its own connection; give results or refusals."""
    start = Barrier(len(acts))

    def run(act):
        start.wait()
        try:
            return act()
        except Refusal as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_the_same_code_entered_twice_at_once_is_one_project_and_one_refusal(committed_db):
    client = make_client()
    found = at_once(*(lambda: make_project(client_id=client) for _who in range(4)))
    refused = [one for one in found if isinstance(one, Refusal)]
    assert len(refused) == 3
    assert {reason.code for one in refused for reason in one.reasons} == {"registry.code_taken"}
    assert Project.objects.count() == 1
    assert Event.objects.filter(kind="registry.project.registered").count() == 1
    assert Entry.objects.filter(act="registry.project.registered").count() == 1


def test_the_same_permit_sent_at_once_is_one_permit_one_event_one_entry(committed_db):
    project = make_project(client_id=make_client())

    def send():
        return operations.record_permit(
            actor=SYSTEM,
            project_id=project,
            kind="construction",
            number="990241202404010101",
            issued_on=date(2024, 4, 1),
            now=NOW,
        )

    assert len(set(at_once(send, send, send, send))) == 1
    assert Permit.objects.count() == 1
    assert Event.objects.filter(kind="registry.permit.issued").count() == 1


def test_of_two_writers_of_one_revision_one_is_told_of_the_other(committed_db):
    project = make_project(client_id=make_client())

    def write(address):
        return lambda: operations.describe_project(
            actor=SYSTEM, project_id=project, now=NOW, revision=1, address=address
        )

    found = at_once(write("滨河路 18 号"), write("滨河路 20 号"))
    assert sum(isinstance(one, Conflict) for one in found) == 1
    assert Project.objects.get().revision == 2


def test_two_projects_merged_into_each_other_at_once_do_not_wait_for_ever(committed_db):
    client = make_client()
    one = make_project(client_id=client)
    two = make_project(client_id=client, code="2403-990241-48-01-000002")

    def merge(source, target):
        return lambda: operations.merge_projects(
            actor=SYSTEM, project_id=source, into_id=target, reason="批复", now=NOW
        )

    found = at_once(merge(one, two), merge(two, one))
    assert sum(isinstance(result, Refusal) for result in found) == 1
    assert Project.objects.filter(status="merged").count() == 1
