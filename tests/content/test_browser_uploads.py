"""Uploads as people do them: Chromium, the upload page, our own endpoint behind granian."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from content_support import Site
from django.db import connections
from django.utils import timezone
from live_server import LiveServer

from zhudang.content import store, uploads
from zhudang.content.models import File, Upload

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture
def server(committed_db: str) -> Iterator[LiveServer]:
    """The product itself, with one project in its registry."""
    from zhudang.registry import operations as registry

    site = Site()
    now = timezone.now()
    site.project_id = registry.register_project(  # type: ignore[attr-defined]
        actor=site.client,
        code="2026-990241-47-01-000123",
        name="滨河安置房一期",
        kind="building",
        client_id=site.client_id,
        now=now,
    )
    registry.add_party(
        actor=site.client,
        project_id=site.project_id,  # type: ignore[attr-defined]
        organisation_id=site.contractor_id,
        role="contractor",
        now=now,
    )
    live = LiveServer(site, ZHUDANG_DISK_RESERVE_BYTES="0")
    live.app = "zhudang.site.wsgi:application"
    live.start()
    yield live
    live.kill()


@pytest.fixture
def browser(server: LiveServer) -> Iterator[Any]:
    """The clerk's browser, signed in."""
    from playwright.sync_api import sync_playwright

    cookies = server.sign_in(server.site.clerk)["Cookie"].split("; ")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = chromium.new_context(locale="zh-CN")
        address = f"http://127.0.0.1:{server.port}"
        pairs = [each.split("=", 1) for each in cookies]
        context.add_cookies([{"name": name, "value": value, "url": address} for name, value in pairs])
        yield context
        chromium.close()


def rows(question: Callable[[], Any]) -> Any:
    """Ask the database from a thread of its own: Playwright's loop runs in this one."""

    def ask() -> Any:
        try:
            return question()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as beside:
        return beside.submit(ask).result()


def upload_page(browser: Any, server: LiveServer) -> Any:
    project: UUID = server.site.project_id  # type: ignore[attr-defined]
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/filing/projects/{project}/upload/")
    page.wait_for_selector('[data-choose="files"]:not([hidden])')
    return page


def choose(page: Any, *paths: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.click('[data-choose="files"]')
    chooser.value.set_files([str(path) for path in paths])


def test_many_files_are_received_and_shown_as_verified(server: LiveServer, browser: Any, tmp_path: Path) -> None:
    paths = [tmp_path / f"隐蔽工程验收记录{number:02}.pdf" for number in range(12)]
    for path in paths:
        path.write_bytes(b"%PDF-1.7 " + os.urandom(20_000))
    (tmp_path / "空.txt").touch()
    page = upload_page(browser, server)
    choose(page, *paths, tmp_path / "空.txt")
    page.wait_for_selector("text=13 件中 13 件已校验", timeout=60_000)
    received = rows(lambda: dict(File.objects.values_list("name", "blob__sha256")))
    assert set(received) == {path.name for path in [*paths, tmp_path / "空.txt"]}
    for path in paths:
        assert store.blob_path(received[path.name]).read_bytes() == path.read_bytes()


def test_an_upload_goes_on_after_the_browser_was_closed(server: LiveServer, browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "大图.tif"
    path.write_bytes(os.urandom(48_000_000))
    page = upload_page(browser, server)
    choose(page, path)
    for _ in range(300):
        if rows(lambda: Upload.objects.filter(offset__gt=0).exists()):
            break
        page.wait_for_timeout(50)
    page.close(run_before_unload=False)
    row = rows(Upload.objects.get)
    assert 0 < row.offset < row.length
    page = upload_page(browser, server)
    page.wait_for_selector("text=上次没传完")
    choose(page, path)
    page.wait_for_selector("text=已收，正在校验", timeout=60_000)
    assert page.locator("text=1 件中 0 件已校验").count() == 1
    rows(lambda: uploads.finish(row.id, now=timezone.now()))  # as the worker does
    page.wait_for_selector("text=1 件中 1 件已校验", timeout=60_000)
    assert rows(Upload.objects.get).id == row.id
    assert store.blob_path(rows(lambda: File.objects.get().blob.sha256)).read_bytes() == path.read_bytes()
