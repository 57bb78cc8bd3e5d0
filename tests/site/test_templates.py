"""What every page keeps to: the site's content policy, the icons there are, words in both languages."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "src" / "zhudang").rglob("templates/**/*.html"))
ISLANDS = sorted((ROOT / "frontend" / "islands").glob("*.js"))
BUILT = ROOT / "src" / "zhudang" / "site" / "static" / "built"
INLINE = {
    "a style attribute": re.compile(r"<[a-zA-Z][^>]*\sstyle\s*=", re.S),
    "a style element": re.compile(r"<style[\s>]", re.I),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")[^>]*>", re.I),
    "an event attribute": re.compile(r"<[a-zA-Z][^>]*\son[a-z]+\s*=", re.S),
    "a javascript address": re.compile(r"javascript:", re.I),
    "an address outside": re.compile(r"(?:src|href)=\"https?://", re.I),
}


def without_tags(text: str) -> str:
    """Take Django's tags out, whose quotes and arrows would confuse the patterns."""
    return re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", text, flags=re.S)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "src" / "zhudang")))
def test_no_template_carries_what_the_policy_forbids(template):
    text = without_tags(template.read_text(encoding="utf-8"))
    found = [name for name, pattern in INLINE.items() if pattern.search(text)]
    assert not found, f"{template.name} has {found}"


def test_every_icon_that_is_named_is_drawn():
    if not (BUILT / "icons.svg").exists():
        pytest.skip("the front end has not been built: python tools/build_frontend.py")
    drawn = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (BUILT / "icons.svg").read_text(encoding="utf-8")))
    named = {
        name
        for path in TEMPLATES
        for name in re.findall(r"""{%\s*icon\s+["']([a-z0-9-]+)["']""", path.read_text(encoding="utf-8"))
    }
    navigation = (ROOT / "src" / "zhudang" / "site" / "navigation.py").read_text(encoding="utf-8")
    named |= set(re.findall(r'"[a-z]+:[a-z_]+", "([a-z-]+)"', navigation))
    assert not named - drawn


def test_every_island_on_a_page_exists():
    known = set(re.findall(r"(\w+): \(\) => import", (ROOT / "frontend" / "islands" / "app.js").read_text()))
    known |= {"theme", "password", "dropfile", "keys", "menu"}
    used = {
        name for path in TEMPLATES for name in re.findall(r'data-island="([a-z]+)"', path.read_text(encoding="utf-8"))
    }
    assert not used - known


def test_every_word_of_the_islands_is_said_in_english():
    said = set()
    for path in ISLANDS:
        said |= set(re.findall(r'\bword\("([^"]+)"', path.read_text(encoding="utf-8")))
    english = dict(
        re.findall(r'"([^"]+)": "([^"]*)"', (ROOT / "frontend" / "islands" / "words.js").read_text(encoding="utf-8"))
    )
    assert not {word for word in said if not english.get(word)}


def test_the_lock_file_of_the_front_end_holds_no_address():
    done = subprocess.run([sys.executable, ROOT / "tools" / "strip_lock.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
