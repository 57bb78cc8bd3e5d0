"""Uploads through a real granian server: broken connections, kills, flat memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from content_support import Site
from live_server import LiveServer

from zhudang.content import places, queries, store, sweeping, uploads
from zhudang.content.models import File, Upload

pytestmark = pytest.mark.slow


@pytest.fixture
def server(committed_db: str, settings: object, tmp_path: Path) -> Iterator[LiveServer]:
    from django.conf import settings as now

    settings.DISK_RESERVE_BYTES = 0  # type: ignore[attr-defined]
    before = list(places._resolvers)
    site = Site()
    places.register(lambda project, unit: site.place if project == site.place.project_id else None)
    live = LiveServer(site)
    live.start()
    yield live
    live.kill()
    places._resolvers[:] = before
    for path in (now.DATA / "content").rglob("*"):
        if path.is_file():
            path.unlink()


def counted_in_time(server: LiveServer, headers: dict[str, str], url: str) -> int:
    """Wait until the server has noticed that nothing more comes and has counted what came."""
    until = time.monotonic() + 30
    while (counted := server.offset(headers, url)) == 0 and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(0.2)
    return counted


def test_a_broken_connection_resumes_at_the_counted_offset(server: LiveServer) -> None:
    headers = server.sign_in(server.site.clerk)
    data = os.urandom(3_000_000)
    url = server.create(headers, len(data))
    server.send_and_break_off(headers, url, len(data), data[:1_200_000])
    counted = counted_in_time(server, headers, url)
    assert 0 < counted <= 1_200_000
    answer = server.patch(headers, url, counted, data[counted:])
    assert answer.status == 204
    assert File.objects.get().blob.size == len(data)
    assert store.blob_path(File.objects.get().blob.sha256).read_bytes() == data


def test_a_killed_server_loses_nothing_counted(server: LiveServer) -> None:
    headers = server.sign_in(server.site.clerk)
    data = os.urandom(2_000_000)
    url = server.create(headers, len(data))
    assert server.patch(headers, url, 0, data[:700_000]).status == 204
    server.kill()
    server.start()
    assert server.offset(headers, url) == 700_000
    assert server.patch(headers, url, 700_000, data[700_000:]).status == 204
    assert store.blob_path(File.objects.get().blob.sha256).read_bytes() == data


def test_a_large_upload_in_one_request_keeps_memory_flat(server: LiveServer) -> None:
    headers = server.sign_in(server.site.clerk)
    size = 256 * 1024 * 1024
    server.patch(headers, server.create(headers, 1024), 0, b"x" * 1024)
    before = server.memory_bytes()
    url = server.create(headers, size)
    peak = 0

    def pieces() -> Iterator[bytes]:
        nonlocal peak
        piece = os.urandom(1024 * 1024)
        for number in range(256):
            if number % 32 == 0:
                peak = max(peak, server.memory_bytes())
            yield piece

    answer = server.patch(headers, url, 0, pieces(), length=size)
    assert answer.status == 204
    assert max(peak, server.memory_bytes()) - before < 48 * 1024 * 1024
    assert Upload.objects.get(length=size).state == "done"


def test_an_upload_whose_finish_was_killed_is_finished_by_the_sweep(server: LiveServer) -> None:
    from django.utils import timezone

    headers = server.sign_in(server.site.clerk)
    url = server.create(headers, 10)
    server.patch(headers, url, 0, b"01234")
    row = Upload.objects.get()
    # What a kill leaves after the last byte was counted and before the file was made.
    with store.upload_path(row.id).open("ab") as partial:
        partial.write(b"56789")
    Upload.objects.filter(id=row.id).update(
        offset=10, state="arrived", arrived_at=timezone.now() - 2 * sweeping.OVERDUE_AFTER
    )
    assert sweeping.sweep(now=timezone.now()).finished_again == 1
    file_id = uploads.finish(row.id, now=timezone.now())
    assert file_id and queries.stored_file(file_id).path.read_bytes() == b"0123456789"


def test_a_silent_line_is_given_up_and_the_upload_can_go_on(server: LiveServer) -> None:
    server.kill()
    server.environment["ZHUDANG_UPLOAD_STALL_SECONDS"] = "1"
    server.start()
    headers = server.sign_in(server.site.clerk)
    data = os.urandom(2_000_000)
    url = server.create(headers, len(data))
    with server.hanging(headers, url, len(data), data[:600_000]):
        assert server.patch(headers, url, 0, data).status == 423
        counted = counted_in_time(server, headers, url)
        assert 0 < counted <= 600_000
        assert server.patch(headers, url, counted, data[counted:]).status == 204
    assert store.blob_path(File.objects.get().blob.sha256).read_bytes() == data
