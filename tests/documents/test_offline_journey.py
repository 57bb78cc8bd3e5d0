"""A certificate checked as people do it: Chromium, the public page, the network taken away; and the page kept as a file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from content_support import Site
from live_server import LiveServer

from documents.test_offline_check import NOW, flipped, forged_by_a_stranger, issue
from zhudang.audit import sealing
from zhudang.documents import operations
from zhudang.documents.models import SealedDocument
from zhudang.documents.render import fonts_present
from zhudang.identity.rights import SYSTEM

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BUILT = Path(__file__).resolve().parents[2] / "src" / "zhudang" / "site" / "static" / "built" / "offline-check.js"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
    pytest.mark.skipif(not fonts_present() or not BUILT.exists(), reason="the front end has not been built"),
]


@pytest.fixture
def papers(committed_db: str, tmp_path: Path) -> dict[str, Path]:
    """A genuine certificate, a changed one, one with a stranger's head, and one that was voided since."""
    genuine, voided = issue(), issue()
    sealing.seal_everything(NOW)
    last = SealedDocument.objects.order_by("-number")[0]
    operations.void(actor=SYSTEM, document_id=last.id, reason="发错单位", now=NOW)
    found = {
        "genuine": genuine, "voided": voided, "changed": flipped(0.5)(genuine, b""), "forged": forged_by_a_stranger(genuine),
    }  # fmt: skip
    paths = {name: tmp_path / f"{name}.pdf" for name in found}
    for name, path in paths.items():
        path.write_bytes(found[name])
    return paths


@pytest.fixture
def server(papers: dict[str, Path]) -> Iterator[LiveServer]:
    live = LiveServer(Site())
    live.app = "zhudang.site.wsgi:application"
    live.start()
    yield live
    live.kill()


@pytest.fixture
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium.new_context(locale="zh-CN", accept_downloads=True)
        chromium.close()


def checked(page: Any, paper: Path) -> tuple[str, list[str]]:
    """Choose the paper; give the verdict found in the page, and how each line came out."""
    page.set_input_files("#pdf", str(paper))
    sheet = page.locator(f'[data-own-verdict][data-paper="{paper.name}"]')
    sheet.wait_for()
    states = sheet.locator(".vl li").evaluate_all("lines => lines.map((line) => line.dataset.state)")
    return sheet.get_attribute("data-own-verdict"), states


def test_a_certificate_is_checked_with_the_network_gone_and_the_register_asked_when_it_is_back(
    server: LiveServer, papers: dict[str, Path], browser: Any, tmp_path: Path
):
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/verify/")
    page.wait_for_selector('[data-island="verify"][data-ready]', state="attached")
    with page.expect_download() as download:
        page.click('a[href="/verify/offline/"]')
    kept = tmp_path / "kept.html"
    download.value.save_as(kept)

    browser.set_offline(True)
    assert checked(page, papers["genuine"]) == ("genuine", ["ok", "ok", "ok"])
    page.wait_for_selector('[data-register="silent"]')
    assert checked(page, papers["changed"])[0] == "changed"
    assert checked(page, papers["forged"]) == ("changed", ["fail", "fail", "unchecked"])

    browser.set_offline(False)
    assert checked(page, papers["voided"]) == ("genuine", ["ok", "ok", "ok"])
    page.wait_for_selector('.asked h3:text("这份文书已作废")')
    assert checked(page, papers["changed"])[0] == "changed"
    page.wait_for_selector('.asked h3:text("这个文件被改动过，不能采信")')

    server.kill()
    alone = browser.new_page()
    alone.goto(kept.as_uri())
    alone.wait_for_selector('[data-island="verify"][data-ready]', state="attached")
    assert checked(alone, papers["genuine"]) == ("genuine", ["ok", "ok", "ok"])
    assert checked(alone, papers["changed"])[0] == "changed"
    assert checked(alone, papers["forged"]) == ("changed", ["fail", "fail", "unchecked"])
