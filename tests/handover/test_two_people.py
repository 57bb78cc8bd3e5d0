"""Two people at the same moment, with real commits."""

import threading

import pytest
from django.db import connection

from filing.filing_support import NOW
from handover.handover_support import Handover
from zhudang.documents.render import fonts_present
from zhudang.handover import operations
from zhudang.handover.models import Application, Notice, RectificationList
from zhudang.shared.refusals import Refusal

pytestmark = pytest.mark.skipif(not fonts_present(), reason="the front-end build has not put the fonts in place")


def at_once(*acts):
    told = []

    def run(act):
        try:
            act()
            told.append("done")
        except Refusal as refusal:
            told.append(refusal.reasons[0].code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


def test_one_permit_worked_on_twice_at_once_brings_one_notice(committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        site = Handover()
        permit = site.permit()

        def issue():
            operations.issue_notice(project_id=site.project_id, permit_id=permit, now=NOW)

        assert at_once(issue, issue) == ["done", "done"]
        assert Notice.objects.count() == 1


def test_one_reviewer_returns_while_another_accepts_and_only_one_answer_goes_out(committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        site = Handover()
        (record_id,) = site.with_client()
        application_id = site.apply()
        site.settle(application_id)
        row = Application.objects.get(id=application_id)

        def send_back():
            item = site.item(application_id, record_id)
            operations.judge(
                actor=site.second, application_id=application_id, item_id=item.id, verdict="returned", reason="缺签字",
                reason_code="unsigned", revision=row.revision, now=NOW,
            )  # fmt: skip
            operations.return_application(actor=site.second, application_id=application_id, now=NOW)

        def accept():
            operations.accept_application(
                actor=site.reviewer, application_id=application_id, revision=row.revision, now=NOW
            )

        told = at_once(send_back, accept)
        row.refresh_from_db()
        assert len(told) == 2 and told.count("done") == 1
        assert row.state in {"accepted", "returned"}
        assert RectificationList.objects.exists() == (row.state == "returned")
