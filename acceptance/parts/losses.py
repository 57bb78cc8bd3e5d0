"""The drills themselves: each makes a loss, lets the product find it, and measures what it takes to serve and to come back."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.installation import Installation

from zhudang.cli.serve import is_ready
from zhudang.demo import city
from zhudang.demo.visitor import Visitor

SMALL_DISK = "96m"
LABEL = "YANLIAN-C"
"""What the removable set bears."""
MIB = 1024 * 1024
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class Wrong(AssertionError):
    """A drill did not go as it must."""


class NotHere(Exception):
    """A drill that cannot be made on this machine, with the reason."""


@dataclass(frozen=True)
class Drilled:
    """What a drill showed: seconds, or None where nothing had to be done; by what the loss was found."""

    detect: float | None
    serve: float | None
    restore: float | None
    lost: int
    by: str

    def begun_after(self, started: float) -> Drilled:
        """The same, counted from before a new installation was started."""
        serve = None if self.serve is None else self.serve + started
        return replace(self, serve=serve, restore=None if self.restore is None else self.restore + started)


@dataclass
class Sites:
    """The sites, outside of any installation: two online, b on a small disk where one can be mounted, and a removable set, away."""

    folder: Path
    small_disk: bool
    settings: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, code: str) -> Path:
        return self.folder / code


def sites_at(folder: Path, held: ExitStack) -> Sites:
    """Make the folders, the small disk and the settings."""
    for code in ("a", "b"):
        (folder / code).mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(folder / "b")], capture_output=True, check=False)  # fmt: skip
    if mounted.returncode == 0:
        held.callback(subprocess.run, ["umount", "-l", str(folder / "b")], check=False)
    listed = [{"code": code, "name": f"演练 {code} 库", "path": str(folder / code)} for code in ("a", "b")]
    listed += [
        {
            "code": "c",
            "name": "演练 c 盘",
            "path": str(folder / "c"),
            "kind": "removable",
            "label": LABEL,
            "operator": "演练",
        }
    ]
    (folder / "sites.json").write_text(json.dumps(listed, ensure_ascii=False))
    return Sites(folder, mounted.returncode == 0, {"ZHUDANG_SITES": str(folder / "sites.json")})


class Ground:
    """The installation the drills are made on, and what people were told is kept."""

    def __init__(self, place: Installation, sites: Sites, records: int) -> None:
        self.place, self.sites = place, sites
        place.run("people")
        self.shares: list[str] = self.act("ceremony")["shares"]
        kept = self.act("walk", "演练 甲", str(records))
        self.files: dict[str, str] = kept["files"]
        self.objects: list[str] = kept["objects"]
        self.detected_loss: float | None = None

    def act(self, *arguments: str, env: Mapping[str, str] | None = None) -> Any:
        """Run one of `acceptance.parts.acts` in the installation."""
        done = subprocess.run([sys.executable, "-m", "acceptance.parts.acts", *arguments], env=env or self.place.env, capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode:
            raise Wrong(f"{arguments[0]}: {(done.stdout + done.stderr)[-1500:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def command(
        self,
        *arguments: str,
        place: Installation | None = None,
        more: Mapping[str, str] | None = None,
        typed: str = "",
    ) -> tuple[int, str, float]:
        """Run a command of the product, `typed` at its console: exit code, what it said, seconds."""
        began = time.monotonic()
        env = {**(place or self.place).env, **(more or {})}
        done = subprocess.run(
            [sys.executable, "-m", "zhudang", *arguments],
            env=env,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr, time.monotonic() - began

    def must(self, code: int, *arguments: str, **more: Any) -> tuple[str, float]:
        """As `command`, with the exit code it must give."""
        found, said, took = self.command(*arguments, **more)
        if found != code:
            raise Wrong(f"zhudang {' '.join(arguments)}: exit {found}, not {code}: {said[-1200:]}")
        return said, took

    @property
    def two_shares(self) -> str:
        """What two of the three custodians type."""
        return f"{self.shares[0]}\n{self.shares[2]}\n\n"

    def looked_at(self, place: Installation | None = None) -> tuple[float, int]:
        """Open every file told as its reader: seconds to the first one, and how many do not come as they were received."""
        began, first = time.monotonic(), 0.0
        visitor = Visitor((place or self.place).url).login("archivist", city.PASSWORD)
        lost = 0
        for file_id, sha256 in self.files.items():
            answer = visitor.get(f"/files/{file_id}/")
            lost += answer.status != 200 or hashlib.sha256(answer.body).hexdigest() != sha256
            first = first or time.monotonic() - began
        return first, lost

    def prepare_for_the_loss(self) -> None:
        """Back up, note every row, then lose database and working store while people work; the product says so."""
        self.act("settle")
        self.must(0, "backup", str(self.sites.folder / "backup"))
        self.export(self.place, "before.json")
        status = json.loads((self.place.folder / "run" / "status.json").read_text())
        began = time.monotonic()
        shutil.rmtree(self.place.folder / "postgres")
        os.kill(status["postgres"], signal.SIGKILL)
        self.detected_loss = until(lambda: not is_ready(self.place.url), began, "the loss of the database is told")

    def export(self, place: Installation, name: str) -> dict[str, list[str]]:
        """Write every row of the registers to a file beside the sites; give them by table."""
        path = self.sites.folder / name
        subprocess.run([sys.executable, "-m", "acceptance.parts.exports", str(path)], env=place.env, check=True)
        return dict(json.loads(path.read_text()))


def until(is_so: Callable[[], Any], began: float, what: str, seconds_: float = 120) -> float:
    while time.monotonic() - began < seconds_:
        if is_so():
            return time.monotonic() - began
        time.sleep(0.1)
    raise Wrong(f"not within {seconds_:.0f} s: {what}")


def seconds(value: float | None) -> str:
    """Seconds as the table writes them."""
    return "–" if value is None else f"{value:.1f} s"


def expect(is_so: object, what: str) -> None:
    if not is_so:
        raise Wrong(what)


# ── with the database there ───────────────────────────────────────────────────────────────────────────────────────


def wrong_delete(ground: Ground) -> Drilled:
    """An administrator deletes a volume's folder at one site."""
    one = ground.objects[0]
    folder = next(path for path in (ground.sites["a"] / "store").glob("*/*/*/*") if one.rsplit(":", 1)[1] in path.name)
    shutil.rmtree(folder)
    said, detect = ground.must(1, "verify")
    expect(one in said and "missing" in said, f"{one} is not told missing: {said[-500:]}")
    serve, lost = ground.looked_at()
    _said, restore = ground.must(0, "verify", "--repair")
    expect(folder.is_dir(), "the volume is not back")
    return Drilled(detect, serve, restore, lost, "zhudang verify, STO 缺失")


def changed_log(ground: Ground) -> Drilled:
    """A superuser changes one row of the log and removes another, with the triggers off."""
    ground.must(0, "audit", "verify")
    chosen = "(SELECT entry_id FROM audit_seal ORDER BY number LIMIT 1 OFFSET {})"
    ground.act("superuser", f"CREATE TABLE drill_kept AS SELECT * FROM audit_entry WHERE id IN ({chosen.format(3)}, {chosen.format(5)})",
               f"UPDATE audit_entry SET actor = 'nobody' WHERE id = {chosen.format(3)}",
               f"DELETE FROM audit_entry WHERE id = {chosen.format(5)}")  # fmt: skip
    said, detect = ground.must(1, "audit", "verify")
    expect(re.search(r"\b4\b", said) and re.search(r"\b6\b", said), f"the numbers 4 and 6 are not told: {said[-800:]}")
    serve, lost = ground.looked_at()
    began = time.monotonic()
    ground.act("superuser", "DELETE FROM audit_entry WHERE id IN (SELECT id FROM drill_kept)", "INSERT INTO audit_entry SELECT * FROM drill_kept",
               "DROP TABLE drill_kept")  # fmt: skip
    ground.must(0, "audit", "verify")
    return Drilled(detect, serve, time.monotonic() - began, lost, "zhudang audit verify, 逐号")


def changed_register(ground: Ground) -> Drilled:
    """A superuser changes the title of a preserved record, a day after its project was kept (the log is set a day back for that)."""
    ground.act("settle")
    chosen = "(SELECT id FROM filing_record WHERE state = 'preserved' ORDER BY id LIMIT 1)"
    ground.act("superuser", "CREATE TABLE drill_shifted AS SELECT entry_id AS id FROM audit_seal",
               "UPDATE audit_entry SET at = at - interval '1 day' WHERE id IN (SELECT id FROM drill_shifted)",
               f"CREATE TABLE drill_kept AS SELECT id, title FROM filing_record WHERE id = {chosen}",
               f"UPDATE filing_record SET title = '别的题名' WHERE id = {chosen}")  # fmt: skip
    said, detect = ground.must(1, "verify", "--registers")
    expect("filing.record 1" in said and "title" in said, f"the changed row is not told: {said[-800:]}")
    serve, lost = ground.looked_at()
    began = time.monotonic()
    ground.act("superuser", "UPDATE audit_entry SET at = at + interval '1 day' WHERE id IN (SELECT id FROM drill_shifted)",
               "UPDATE filing_record r SET title = k.title FROM drill_kept k WHERE r.id = k.id", "DROP TABLE drill_kept", "DROP TABLE drill_shifted")  # fmt: skip
    ground.must(0, "verify", "--registers")
    ground.must(0, "audit", "verify")
    return Drilled(detect, serve, time.monotonic() - began, lost, "zhudang verify --registers（每夜亦然）")


def forged_destruction(ground: Ground) -> Drilled:
    """A superuser says in SQL that a volume was destroyed, and takes another's rows away; no disposal ever was."""
    one, other = ground.objects[0], ground.objects[-1]
    first, last = one.rsplit(":", 1)[1], other.rsplit(":", 1)[1]
    ground.act("settle")  # what is still to be kept would be newer than the rows put back at the end
    ground.act("superuser", "CREATE TABLE drill_objects AS SELECT * FROM preservation_archivalobject", "CREATE TABLE drill_copies AS SELECT * FROM preservation_copy",
               f"UPDATE preservation_archivalobject SET condemned_at = now(), destroyed_at = now(), files = 0, bytes = 0 WHERE id = '{first}'",
               f"UPDATE filing_volume SET destroyed_at = now() WHERE id = '{first}'",
               *([f"DELETE FROM preservation_copy WHERE object_id = '{last}'", f"DELETE FROM preservation_archivalobject WHERE id = '{last}'"] if first != last else []))  # fmt: skip
    said, detect = ground.must(1, "verify")
    expect(
        "DSP-001" in said and "DSP-005" in said and one in said, f"the forged destruction is not told: {said[-800:]}"
    )
    expect(first == last or f"(unknown)  a  {other}" in said, f"the rows taken away are not told: {said[-800:]}")
    refused = ground.act("application", f"UPDATE filing_volume SET destroyed_at = now() WHERE id = '{last}'")
    expect("disposal" in refused["refused"], f"the application's own role is not refused: {refused}")
    serve, lost = ground.looked_at()
    began = time.monotonic()
    ground.act("superuser", "DELETE FROM preservation_copy", "DELETE FROM preservation_archivalobject", "INSERT INTO preservation_archivalobject SELECT * FROM drill_objects",
               "INSERT INTO preservation_copy SELECT * FROM drill_copies", "UPDATE filing_volume SET destroyed_at = NULL", "DROP TABLE drill_objects", "DROP TABLE drill_copies")  # fmt: skip
    ground.must(0, "verify")
    return Drilled(detect, serve, time.monotonic() - began, lost, "zhudang verify, DSP-001, DSP-005")


def rewritten(site: Path) -> int:
    """Write noise into every file of a store, as an extortionist does; give how many."""
    count = 0
    for path in (site / "store").rglob("*"):
        if path.is_file():
            path.write_bytes(os.urandom(min(path.stat().st_size, 4096) + 16))
            count += 1
    return count


def ransomware(ground: Ground) -> Drilled:
    """Every file of a site is rewritten; the other site is out of the attacker's reach."""
    count = rewritten(ground.sites["a"])
    said, detect = ground.must(1, "verify")
    expect(
        all(f"(damaged)  a  {one}" in said for one in ground.objects), f"not all volumes are told damaged: {said[:800]}"
    )
    serve, lost = ground.looked_at()
    _said, restore = ground.must(0, "verify", "--repair")
    judged = _judged(ground.sites["a"])
    return Drilled(detect, serve, restore, lost, f"zhudang verify, {count} files; ocfl-py 复核 {judged} objects")


def _judged(site: Path) -> int:
    from acceptance.first_road import judged_by_ocfl_py

    return judged_by_ocfl_py(site)


def lost_site(ground: Ground) -> Drilled:
    """The primary site is gone, with its folder; later an empty disk stands in its place."""
    site = ground.sites["a"]
    shutil.rmtree(site)
    code, said, detect = ground.command("doctor")
    expect(code == 1 and "✗ 存储地 site a" in said, f"doctor says nothing of the lost site: {said}")
    ground.must(3, "verify")
    serve, lost = ground.looked_at()
    expect(not site.exists(), "somebody made the lost site's folder anew")
    site.mkdir()
    _said, restore = ground.must(0, "verify", "--new-disk", "a")
    _judged(site)
    return Drilled(detect, serve, restore, lost, "zhudang doctor; verify 退出 3")


def disk_full(ground: Ground) -> Drilled:
    """A site's disk fills up while a transfer goes in."""
    if not ground.sites.small_disk:
        raise NotHere("mounting a small disk needs root")
    filler = ground.sites["b"] / "somebody elses"
    with filler.open("wb") as stream:
        stream.write(b"\0" * (shutil.disk_usage(ground.sites["b"]).free - 2 * MIB))
    handed = ground.act("hand", "演练 乙", "12", "400000")
    began = time.monotonic()
    told: dict[str, str] = {}

    def stopped() -> bool:
        told.update(ground.act("ingest", handed["transfer"]))
        return told["state"] in {"stopped", "done"}

    detect = until(stopped, began, "the transfer stops for want of room")
    expect(told["because"] == "preservation.disk_full", f"it did not stop for want of room: {told}")
    said = ground.command("doctor")[1]
    expect("! 磁盘 存储地 site b" in said, f"doctor does not tell the full disk: {said}")
    serve, _lost = ground.looked_at()
    filler.unlink()
    began = time.monotonic()
    expect(ground.act("resume", handed["transfer"])["state"] == "done", "the transfer does not go on")
    restore = time.monotonic() - began
    ground.files |= handed["files"]
    ground.must(0, "verify")
    return Drilled(detect, serve, restore, ground.looked_at()[1], "入库停下并说明 preservation.disk_full；doctor")


def lost_key(ground: Ground) -> Drilled:
    """The working key is gone: nothing is stored in the clear instead, and two of three custodians give the keys back."""
    (ground.place.folder / "keys" / "working.key").unlink()
    code, said, detect = ground.command("doctor")
    expect(code == 1 and "✗ 密钥 keys" in said, f"doctor says nothing of the lost key: {said}")
    serve, lost = ground.looked_at()
    handed = ground.act("hand", "演练 丙", "12", "20000")
    told: dict[str, str] = {}

    def stopped() -> bool:
        told.update(ground.act("ingest", handed["transfer"]))
        return told["state"] in {"stopped", "done"}

    until(stopped, time.monotonic(), "the transfer stops for want of keys")
    expect(told["because"] == "preservation.keys_lost", f"it did not stop for want of keys: {told}")
    began = time.monotonic()
    ground.must(0, "keys", "recover", typed=ground.two_shares)
    expect(ground.act("resume", handed["transfer"])["state"] == "done", "the transfer does not go on")
    restore = time.monotonic() - began
    ground.files |= handed["files"]
    ground.must(0, "verify")
    lost += ground.looked_at()[1]
    return Drilled(detect, serve, restore, lost, "zhudang doctor；入库停下并说明 preservation.keys_lost")


def wrong_clock(ground: Ground) -> Drilled:
    """Commands run with a clock 400 days ahead and 9 years behind (libfaketime); the database's own clock stays right."""
    if not FAKETIME.exists():
        raise NotHere("libfaketime is not installed (Debian: faketime)")

    def at(offset: str) -> dict[str, str]:
        return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    code, said, detect = ground.command("doctor", more=at("+400d"))
    expect(code == 1 and "✗ 时钟" in said, f"a clock ahead is not told: {said}")
    code, said, _took = ground.command("doctor", more=at("-3300d"))
    expect(code == 1 and "✗ 时钟" in said, f"a clock behind is not told: {said}")
    # Read by a wrong clock nothing is called damaged; with the right one all is read again, not taken for read.
    first, _took = ground.must(0, "verify", more=at("+400d"))
    serve, lost = ground.looked_at()
    second, restore = ground.must(0, "verify")
    copies = [re.search(r"read (\d+) copies", said)[1] for said in (first, second)]  # type: ignore[index]
    expect(copies[0] == copies[1] != "0", f"copies read: {copies}")
    ground.must(0, "audit", "verify")
    return Drilled(detect, serve, restore, lost, "zhudang doctor（与数据库、与程序日期相比）")
