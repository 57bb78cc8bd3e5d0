"""Look at pages as people see them, and tell what a browser complains about.

    python tools/screenshots.py BASE_URL OUT [--user NAME:PASSWORD]… [--path /search/]… [--lang zh en] [--theme light dark] [--width 1440 390]

With --axe every page is also judged by axe-core (WCAG 2.2 AA and good practice); the content policy is switched off for that run.

Each path is visited as each user (and as nobody when no user is given). For every picture one line tells console
errors, refusals by the content security policy, failed requests and sideways overflow; the exit code is 1 when there were any.
Chromium is the one installed on the machine (ZHUDANG_CHROMIUM names another).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
OVERFLOW = """() => {
  const wide = document.documentElement.clientWidth;
  const over = [...document.querySelectorAll('body *')].filter((e) => {
    const box = e.getBoundingClientRect();
    if (box.right <= wide + 1 || !box.width || getComputedStyle(e).position === 'fixed') return false;
    for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible') return false;
    return true;
  });
  return document.documentElement.scrollWidth > wide + 1 ? over.slice(0, 3).map((e) => e.tagName.toLowerCase() + '.' + e.className) : [];
}"""

AXE = Path(__file__).resolve().parent.parent / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
JUDGE = """async () => {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await axe.run(document, { runOnly: tags });
  return found.violations.map((v) => `axe ${v.id} ${v.nodes.length}x ${v.nodes[0].target.join(' ')}`);
}"""


@dataclass
class Complaints:
    """What one page made the browser say."""

    told: list[str] = field(default_factory=list)

    def listen(self, page: Any) -> None:
        """Collect errors, policy refusals and failed requests of `page`."""
        page.on("console", lambda line: self.told.append(f"console: {line.text}") if line.type == "error" else None)
        page.on("pageerror", lambda problem: self.told.append(f"script: {problem}"))
        page.on(
            "response",
            lambda answer: self.told.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None,
        )


def sign_in(page: Any, base: str, user: str, password: str) -> None:
    """Sign in through the form people use."""
    page.goto(f"{base}/login/")
    page.fill('input[name="username"]', user)
    page.fill('input[name="password"]', password)
    page.click('main button[type="submit"]')
    page.wait_for_load_state()
    if "/login" in page.url:
        raise SystemExit(f"could not sign in as {user}")


def file_name(user: str, path: str, language: str, theme: str, width: int) -> str:
    """Name a picture after what it shows."""
    words = re.sub(r"[^A-Za-z0-9\u4e00-\u9fff]+", "-", path).strip("-") or "home"
    return f"{words[:60]}_{user or 'nobody'}_{language}_{theme}_{width}.png"


def shoot(page: Any, base: str, path: str, target: Path, full: bool, judge: bool) -> list[str]:
    """Take one picture; give the complaints."""
    complaints = Complaints()
    complaints.listen(page)
    answer = page.goto(f"{base}{path}", wait_until="load")
    page.wait_for_timeout(700)
    if answer is not None and answer.status >= 400:
        complaints.told.append(f"status {answer.status}")
    complaints.told += [f"overflow: {one}" for one in page.evaluate(OVERFLOW)]
    if judge:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        complaints.told += page.evaluate(JUDGE)
    page.screenshot(path=str(target), full_page=full)
    return complaints.told


def main() -> int:
    """Visit everything asked for."""
    from playwright.sync_api import sync_playwright

    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("base")
    reader.add_argument("out", type=Path)
    reader.add_argument("--user", action="append", default=[])
    reader.add_argument("--path", action="append", default=[])
    reader.add_argument("--lang", nargs="+", default=["zh", "en"])
    reader.add_argument("--theme", nargs="+", default=["light", "dark"])
    reader.add_argument("--width", nargs="+", type=int, default=[1440, 390])
    reader.add_argument("--viewport-only", action="store_true")
    reader.add_argument("--axe", action="store_true")
    asked = reader.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    base, complained = asked.base.rstrip("/"), 0
    chromium = os.environ.get("ZHUDANG_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as profile:
        browser = driver.chromium.launch(executable_path=chromium, args=[*FLAGS, f"--disk-cache-dir={profile}"])
        for account in asked.user or [""]:
            user, _colon, password = account.partition(":")
            first = browser.new_context()
            if user:
                sign_in(first.new_page(), base, user, password)
            kept = [cookie for cookie in first.cookies() if cookie["name"] not in {"theme", "django_language"}]
            first.close()
            for language, theme, width in (
                (la, th, wi) for la in asked.lang for th in asked.theme for wi in asked.width
            ):
                context = browser.new_context(
                    viewport={"width": width, "height": 900 if width > 500 else 844}, device_scale_factor=1 if width > 500 else 2,
                    locale="zh-CN" if language == "zh" else "en-GB", color_scheme=theme, bypass_csp=asked.axe, has_touch=width < 500,
                )  # fmt: skip
                more = [
                    {"name": "theme", "value": theme, "url": base},
                    {"name": "django_language", "value": "zh-hans" if language == "zh" else "en", "url": base},
                ]
                context.add_cookies([*kept, *more])
                for path in asked.path or ["/"]:
                    page = context.new_page()
                    target = asked.out / file_name(user, path, language, theme, width)
                    told = shoot(page, base, path, target, not asked.viewport_only, asked.axe)
                    complained += bool(told)
                    print(target.name, "·", "; ".join(dict.fromkeys(told)) or "quiet", flush=True)
                    page.close()
                context.close()
        browser.close()
    return 1 if complained else 0


if __name__ == "__main__":
    sys.exit(main())
