"""Parts of the islands that need no browser, run by the Node of the wheel."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import build_frontend  # noqa: E402

ISLANDS = ROOT / "frontend" / "islands"


def node(script: str) -> str:
    """Run a module beside the islands; give what it prints."""
    command = [*build_frontend.node_command(), "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=ISLANDS, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("size", [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 1 << 20])
def test_the_plain_digest_is_sha256(size):
    data = os.urandom(size)
    told = node(
        "import { plainSha256 } from './digest.js';"
        f"const bytes = Buffer.from('{base64.b64encode(data).decode()}', 'base64');"
        "console.log(Buffer.from(plainSha256(new Uint8Array(bytes))).toString('hex'));"
        if size < 100_000
        else "import { plainSha256 } from './digest.js'; const bytes = new Uint8Array(1 << 20).map((_, i) => (i * 7) & 255);"
        "console.log(Buffer.from(plainSha256(bytes)).toString('hex'));"
    )
    if size >= 100_000:
        data = bytes((i * 7) & 255 for i in range(1 << 20))
    assert told == hashlib.sha256(data).hexdigest()


def test_what_is_chosen_keeps_its_folders_and_leaves_the_systems_litter():
    told = node(
        "import { fromChooser } from './folders.js';"
        "const files = [{name:'甲.pdf', webkitRelativePath:'资料/一/甲.pdf'}, {name:'.DS_Store', webkitRelativePath:'资料/.DS_Store'},"
        "{name:'~$乙.docx', webkitRelativePath:'资料/~$乙.docx'}, {name:'丙.dwg', webkitRelativePath:''}];"
        "console.log(JSON.stringify(fromChooser(files).map((one) => [one.folder, one.file.name])));"
    )
    assert json.loads(told) == [["资料/一", "甲.pdf"], ["", "丙.dwg"]]


def test_the_build_does_nothing_when_nothing_changed():
    if not (build_frontend.BUILT / build_frontend.STAMP).exists():
        pytest.skip("the front end has not been built: python tools/build_frontend.py")
    wanted = build_frontend.digest(build_frontend.sources(), *build_frontend.used_icons())
    assert wanted == build_frontend.digest(build_frontend.sources(), *build_frontend.used_icons())


def test_an_unknown_icon_is_told_and_not_drawn():
    if not build_frontend.MODULES.exists():
        pytest.skip("the front end has not been built: python tools/build_frontend.py")
    drawn, unknown = build_frontend.sprite(["upload", "no-such-icon"])
    assert unknown == ["no-such-icon"] and 'id="upload"' in drawn
