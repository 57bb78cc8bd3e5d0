"""Drills in which a whole site, or every site within reach, is turned against the archive."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acceptance.parts.losses import LABEL, Drilled, Ground, expect, rewritten, seconds, until
from acceptance.parts.recoveries import served_from

WRITTEN_AGAIN = "从数据库补写的"
"""What `zhudang audit verify` says of heads that a witness lost: they bear witness only since they were put back."""


@contextmanager
def connected(ground: Ground) -> Iterator[Path]:
    """The removable set at its mount point, otherwise on a shelf out of everybody's reach."""
    shelf, mount = ground.sites["shelf"], ground.sites["c"]
    shelf.mkdir(exist_ok=True)
    (shelf / "LABEL.txt").write_text(f"{LABEL}\n")
    shelf.rename(mount)
    try:
        yield mount
    finally:
        mount.rename(shelf)


def ransomware_everywhere(ground: Ground) -> Drilled:
    """All files of both online sites are rewritten; a removable set, called in before, lies on its shelf."""
    ground.act("settle")
    with connected(ground):
        ground.must(0, "call-in", "--site", "c")
    count = sum(rewritten(ground.sites[code]) for code in ("a", "b"))
    before = _set_aside(ground)
    said, detect = ground.must(1, "verify", "--repair")
    for one in ground.objects:
        for code in ("a", "b"):
            told = "\n".join(line for line in said.splitlines() if not line.startswith(" "))
            expect(f"(damaged)  {code}  {one}" in told, f"{one} is not told damaged at {code}: {told[:3000]}")
    expect(_set_aside(ground) == before, "a damaged copy was set aside though none was there to put in its place")
    with connected(ground) as mount:
        serve, lost = served_from(ground, mount)
        _said, restore = ground.must(0, "verify", "--repair")
    ground.must(0, "verify")
    lost += ground.looked_at()[1]
    return Drilled(detect, serve, restore, lost, f"zhudang verify, {count} files")


def _set_aside(ground: Ground) -> set[Path]:
    """The copies of objects that were replaced at the online sites so far; the stores' own files are always written anew."""
    found = (path for code in ("a", "b") for path in (ground.sites[code] / "quarantine").glob("*"))
    return {path for path in found if any(path.rglob("inventory.json"))}


def rolled_back(ground: Ground) -> Drilled:
    """A site is put back to a snapshot of before the newest transfer, its witness of the log with it."""
    ground.act("settle")
    site, snapshot = ground.sites["a"], ground.sites["a of before"]
    shutil.copytree(site, snapshot)
    handed = ground.act("hand", "演练 丁", "12", "20000")
    expect(ground.act("ingest", handed["transfer"])["state"] == "done", "the transfer is not preserved")
    ground.act("settle")
    ground.files |= handed["files"]
    shutil.rmtree(site)
    snapshot.rename(site)
    said, detect = ground.must(1, "verify")
    expect("(missing)  a" in said, f"what came since is not told missing: {said[:800]}")
    told = until(
        lambda: WRITTEN_AGAIN in ground.must(0, "audit", "verify")[0], time.monotonic(), "the witness that lost heads"
    )
    serve, lost = ground.looked_at()
    _said, restore = ground.must(0, "verify", "--repair")
    expect(WRITTEN_AGAIN in ground.must(0, "audit", "verify")[0], "it is forgotten that the witness had lost heads")
    return Drilled(detect, serve, restore, lost, f"zhudang verify；audit verify 见证被补写（{seconds(told)}）")
