"""When the database is lost: one copy looked into, the catalogue rebuilt from a site, everything restored from the backup."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from acceptance.parts import exports
from acceptance.parts.losses import Drilled, Ground, Wrong, expect, until
from bench.installation import Installation

from zhudang.cli.serve import free_port, is_ready
from zhudang.demo.visitor import Visitor


def emergency(ground: Ground) -> Drilled:
    """Only a site is left: how long until one looks at a file again."""
    serve, lost = served_from(ground, ground.sites["a"])
    return Drilled(ground.detected_loss, serve, None, lost, "/health/ready 503")


def served_from(ground: Ground, site: Path) -> tuple[float, int]:
    """Look into one copy by `zhudang emergency-serve`, its keys given by shares: seconds to the first file, files that do not come as they were received."""
    data = Path(tempfile.mkdtemp(prefix="laptop-", dir=ground.sites.folder))
    data.chmod(0o755)
    port, said = free_port(), data / "said"
    env = {**ground.place.env, "ZHUDANG_DATA": str(data), "ZHUDANG_DEMO": "0"}
    before = _as_it_lies(site)
    began = time.monotonic()
    typed = data / "typed"
    typed.write_text(ground.two_shares)
    with said.open("wb") as out, typed.open("rb") as console:
        process = subprocess.Popen([sys.executable, "-m", "zhudang", "emergency-serve", str(site), "--port", str(port), "--shares"], env=env, stdin=console, stdout=out, stderr=out)  # fmt: skip
    try:
        until(lambda: re.search(r"password +(\S+)", said.read_text(errors="replace")), began, "emergency service", 180)
        text = said.read_text(errors="replace")
        login, password = (re.search(rf"{word} +(\S+)", text)[1] for word in ("login", "password"))  # type: ignore[index]
        visitor = Visitor(f"http://127.0.0.1:{port}").login(login, password)
        until(
            lambda: "/records/" in visitor.page("/search/", q="隐蔽工程验收记录").text,
            began,
            "a search that finds",
            180,
        )
        file_id, sha256 = next(iter(ground.files.items()))
        serve = until(
            lambda: hashlib.sha256(visitor.get(f"/files/{file_id}/").body).hexdigest() == sha256, began, "a file", 180
        )
        until(
            lambda: re.search("全文已读|与全文都可", visitor.page("/search/").text), began, "all files are listed", 180
        )
        lost = sum(
            hashlib.sha256(visitor.get(f"/files/{one}/").body).hexdigest() != digest
            for one, digest in ground.files.items()
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    expect(_as_it_lies(site) == before, "the copy was changed")
    return serve, lost


def _as_it_lies(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


def rebuild(ground: Ground, place: Installation) -> Drilled:
    """The catalogue from one site into an empty installation: equal in every column, every file's bytes back."""
    _said, keys = ground.must(0, "keys", "recover", place=place, typed=ground.two_shares)
    _said, restore = ground.must(0, "rebuild", "--site", "a", place=place)
    before = json.loads((ground.sites.folder / "before.json").read_text())
    if told := exports.differences(before, ground.export(place, "after.json")):
        raise Wrong(f"{len(told)} rows differ: " + "\n".join(told[:6]))
    ground.must(0, "verify", place=place)
    files = ground.sites.folder / "files.json"
    files.write_text(json.dumps(ground.files))
    lost = ground.act("stored", str(files), env=place.env)["lost"]
    return Drilled(ground.detected_loss, None, keys + restore, len(lost), "/health/ready 503")


def restore(ground: Ground, place: Installation) -> Drilled:
    """The backup into an empty installation: accounts, works and log too; people sign in as before."""
    kept = str(ground.sites.folder / "backup")
    _said, keys = ground.must(0, "keys", "recover", "--source", kept, place=place, typed=ground.two_shares)
    _said, took = ground.must(0, "restore", kept, place=place)
    took += keys
    began = time.monotonic()
    for name, pid in json.loads((place.folder / "run" / "status.json").read_text())["children"].items():
        expect(psutil.pid_exists(pid), f"{name} is not running")
        os.kill(pid, signal.SIGTERM)
    time.sleep(1)
    until(lambda: is_ready(place.url), began, "serving again")
    again = time.monotonic() - began
    first, lost = ground.looked_at(place)
    ground.must(0, "verify", place=place)
    ground.must(0, "audit", "verify", place=place)
    return Drilled(ground.detected_loss, took + again + first, took, lost, "/health/ready 503")
