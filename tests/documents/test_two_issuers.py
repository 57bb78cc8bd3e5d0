"""Two issuers at once, with real commits."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from zhudang.documents import operations
from zhudang.documents.models import NumberSeries
from zhudang.documents.operations import Paper
from zhudang.documents.render import fonts_present
from zhudang.identity.rights import SYSTEM

pytestmark = pytest.mark.skipif(not fonts_present(), reason="the front-end build has not put the fonts in place")


def issue():
    paper = Paper("notice", "建设工程归档告知书", {"paragraphs": ["一次性告知。"]})
    now = datetime(2026, 6, 12, tzinfo=UTC)
    return operations.issue(kind="notice", project_id=None, record={}, paper=paper, actor=SYSTEM, now=now)


def test_two_issuers_at_once_get_two_numbers(committed_db):
    numbers = []

    def work():
        try:
            numbers.append(issue().number)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(numbers)) == 4
    assert NumberSeries.objects.get(kind="notice").last == 4
