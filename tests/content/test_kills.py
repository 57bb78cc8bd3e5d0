"""Killed without farewell in the middle of receiving and of checking: nothing lost, nothing half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from content_support import Site
from django.utils import timezone
from live_server import environment_of

from zhudang.checks.engine import Engine
from zhudang.content import checking, operations, promises, store, sweeping
from zhudang.content.models import Blob, CheckRequest, CheckRun, File

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent


@pytest.fixture
def site(committed_db: str) -> Iterator[Site]:
    from django.conf import settings

    yield Site()
    for path in (settings.DATA / "content").rglob("*"):
        if path.is_file():
            path.unlink()


def kill_in_the_middle(task: str, site: Site, enough: Callable[[], bool]) -> None:
    """Start the task and kill it, and all it started, once something was done."""
    place = site.place
    told = [str(each) for each in (site.clerk.account_id, place.project_id, place.client_id, site.contractor_id)]
    victim = subprocess.Popen(
        [sys.executable, str(HERE / "victim.py"), task, *told], env=environment_of(site), start_new_session=True
    )
    until = time.monotonic() + 60
    while not enough() and victim.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    time.sleep(0.5)


def test_killed_while_receiving_whole_batches_are_there_and_nothing_else(site: Site) -> None:
    for _ in range(3):
        before = File.objects.count()
        kill_in_the_middle("receive", site, lambda before=before: File.objects.count() >= before + 60)  # type: ignore[misc]
        assert File.objects.count() > before
        assert File.objects.count() % 20 == 0
        assert CheckRequest.objects.count() == File.objects.count()
        assert list(promises.broken_promises()) == []
    for path in store.unfinished():
        os.utime(path, (0, 0))
    sweeping.sweep(now=timezone.now(), whole_store=True)
    assert set(store.stored_names()) == set(Blob.objects.values_list("sha256", flat=True))
    assert list(store.unfinished()) == []


def test_killed_while_checking_the_checks_are_owed_and_made_once(site: Site) -> None:
    items = [operations.Incoming(f"{n}.txt", data=os.urandom(300)) for n in range(80)]
    ids = operations.receive_many(actor=site.clerk, items=items, place=site.place, now=timezone.now())
    for _ in range(2):
        before = CheckRun.objects.count()
        kill_in_the_middle("check", site, lambda before=before: CheckRun.objects.count() >= before + 10)  # type: ignore[misc]
        checked: Any = set(CheckRun.objects.values_list("file_id", flat=True))
        owed: Any = set(CheckRequest.objects.values_list("file_id", flat=True))
        assert checked | owed == set(ids)
        assert not checked & owed
        assert set(File.objects.filter(verdict__isnull=False).values_list("id", flat=True)) == checked
        assert list(promises.broken_promises()) == []
    with Engine(workers=1) as engine:
        checking.check_waiting(ids, with_engine=engine)
    assert CheckRun.objects.count() == len(ids)
    assert not CheckRequest.objects.exists()
