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

import psutil
from acceptance.parts import exports
from bench.installation import Installation

from zhudang.cli.serve import free_port, is_ready
from zhudang.demo import city
from zhudang.demo.visitor import Visitor

SMALL_DISK = "96m"
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
    """The two sites, outside of any installation; site b lies on a small disk where one can be mounted."""

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
        self._export(self.place, "before.json")
        status = json.loads((self.place.folder / "run" / "status.json").read_text())
        began = time.monotonic()
        shutil.rmtree(self.place.folder / "postgres")
        os.kill(status["postgres"], signal.SIGKILL)
        self.detected_loss = _until(lambda: not is_ready(self.place.url), began, "the loss of the database is told")

    def _export(self, place: Installation, name: str) -> dict[str, list[str]]:
        path = self.sites.folder / name
        subprocess.run([sys.executable, "-m", "acceptance.parts.exports", str(path)], env=place.env, check=True)
        return dict(json.loads(path.read_text()))


def _until(is_so: Callable[[], Any], began: float, what: str, seconds_: float = 120) -> float:
    while time.monotonic() - began < seconds_:
        if is_so():
            return time.monotonic() - began
        time.sleep(0.1)
    raise Wrong(f"not within {seconds_:.0f} s: {what}")


def seconds(value: float | None) -> str:
    """Seconds as the table writes them."""
    return "–" if value is None else f"{value:.1f} s"


def _expect(is_so: object, what: str) -> None:
    if not is_so:
        raise Wrong(what)


# ── with the database there ───────────────────────────────────────────────────────────────────────────────────────


def wrong_delete(ground: Ground) -> Drilled:
    """An administrator deletes a volume's folder at one site."""
    one = ground.objects[0]
    folder = next(path for path in (ground.sites["a"] / "store").glob("*/*/*/*") if one.rsplit(":", 1)[1] in path.name)
    shutil.rmtree(folder)
    said, detect = ground.must(1, "verify")
    _expect(one in said and "missing" in said, f"{one} is not told missing: {said[-500:]}")
    serve, lost = ground.looked_at()
    _said, restore = ground.must(0, "verify", "--repair")
    _expect(folder.is_dir(), "the volume is not back")
    return Drilled(detect, serve, restore, lost, "zhudang verify, STO 缺失")


def changed_log(ground: Ground) -> Drilled:
    """A superuser changes one row of the log and removes another, with the triggers off."""
    ground.must(0, "audit", "verify")
    chosen = "(SELECT entry_id FROM audit_seal ORDER BY number LIMIT 1 OFFSET {})"
    ground.act("superuser", f"CREATE TABLE drill_kept AS SELECT * FROM audit_entry WHERE id IN ({chosen.format(3)}, {chosen.format(5)})",
               f"UPDATE audit_entry SET actor = 'nobody' WHERE id = {chosen.format(3)}",
               f"DELETE FROM audit_entry WHERE id = {chosen.format(5)}")  # fmt: skip
    said, detect = ground.must(1, "audit", "verify")
    _expect(re.search(r"\b4\b", said) and re.search(r"\b6\b", said), f"the numbers 4 and 6 are not told: {said[-800:]}")
    serve, lost = ground.looked_at()
    began = time.monotonic()
    ground.act("superuser", "DELETE FROM audit_entry WHERE id IN (SELECT id FROM drill_kept)", "INSERT INTO audit_entry SELECT * FROM drill_kept",
               "DROP TABLE drill_kept")  # fmt: skip
    ground.must(0, "audit", "verify")
    return Drilled(detect, serve, time.monotonic() - began, lost, "zhudang audit verify, 逐号")


def ransomware(ground: Ground) -> Drilled:
    """Every file of a site is rewritten; the other site is out of the attacker's reach."""
    count = 0
    for path in (ground.sites["a"] / "store").rglob("*"):
        if path.is_file():
            path.write_bytes(os.urandom(min(path.stat().st_size, 4096) + 16))
            count += 1
    said, detect = ground.must(1, "verify")
    _expect(
        all(f"damaged  a  {one}" in said for one in ground.objects), f"not all volumes are told damaged: {said[:800]}"
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
    _expect(code == 1 and "✗ 存储地 site a" in said, f"doctor says nothing of the lost site: {said}")
    ground.must(3, "verify")
    serve, lost = ground.looked_at()
    _expect(not site.exists(), "somebody made the lost site's folder anew")
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

    detect = _until(stopped, began, "the transfer stops for want of room")
    _expect(told["because"] == "preservation.disk_full", f"it did not stop for want of room: {told}")
    said = ground.command("doctor")[1]
    _expect("! 磁盘 存储地 site b" in said, f"doctor does not tell the full disk: {said}")
    serve, _lost = ground.looked_at()
    filler.unlink()
    began = time.monotonic()
    _expect(ground.act("resume", handed["transfer"])["state"] == "done", "the transfer does not go on")
    restore = time.monotonic() - began
    ground.files |= handed["files"]
    ground.must(0, "verify")
    return Drilled(detect, serve, restore, ground.looked_at()[1], "入库停下并说明 preservation.disk_full；doctor")


def lost_key(ground: Ground) -> Drilled:
    """The working key is gone: nothing is stored in the clear instead, and two of three custodians give the keys back."""
    (ground.place.folder / "keys" / "working.key").unlink()
    code, said, detect = ground.command("doctor")
    _expect(code == 1 and "✗ 密钥 keys" in said, f"doctor says nothing of the lost key: {said}")
    serve, lost = ground.looked_at()
    handed = ground.act("hand", "演练 丙", "12", "20000")
    told: dict[str, str] = {}

    def stopped() -> bool:
        told.update(ground.act("ingest", handed["transfer"]))
        return told["state"] in {"stopped", "done"}

    _until(stopped, time.monotonic(), "the transfer stops for want of keys")
    _expect(told["because"] == "preservation.keys_lost", f"it did not stop for want of keys: {told}")
    began = time.monotonic()
    ground.must(0, "keys", "recover", typed=ground.two_shares)
    _expect(ground.act("resume", handed["transfer"])["state"] == "done", "the transfer does not go on")
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
    _expect(code == 1 and "✗ 时钟" in said, f"a clock ahead is not told: {said}")
    code, said, _took = ground.command("doctor", more=at("-3300d"))
    _expect(code == 1 and "✗ 时钟" in said, f"a clock behind is not told: {said}")
    # Read by a wrong clock nothing is called damaged; with the right one all is read again, not taken for read.
    first, _took = ground.must(0, "verify", more=at("+400d"))
    serve, lost = ground.looked_at()
    second, restore = ground.must(0, "verify")
    copies = [re.search(r"read (\d+) copies", said)[1] for said in (first, second)]  # type: ignore[index]
    _expect(copies[0] == copies[1] != "0", f"copies read: {copies}")
    ground.must(0, "audit", "verify")
    return Drilled(detect, serve, restore, lost, "zhudang doctor（与数据库、与程序日期相比）")


# ── without it ────────────────────────────────────────────────────────────────────────────────────────────────────


def emergency(ground: Ground) -> Drilled:
    """Only a site is left: how long until one looks at a file again, by `zhudang emergency-serve`."""
    data = ground.sites.folder / "laptop"
    data.mkdir()
    port, said = free_port(), data / "said"
    env = {**ground.place.env, "ZHUDANG_DATA": str(data), "ZHUDANG_DEMO": "0"}
    site = ground.sites["a"]
    before = _as_it_lies(site)
    began = time.monotonic()
    typed = data / "typed"
    typed.write_text(ground.two_shares)
    with said.open("wb") as out, typed.open("rb") as console:
        process = subprocess.Popen([sys.executable, "-m", "zhudang", "emergency-serve", str(site), "--port", str(port), "--shares"], env=env, stdin=console, stdout=out, stderr=out)  # fmt: skip
    try:
        _until(lambda: re.search(r"password +(\S+)", said.read_text(errors="replace")), began, "emergency service", 180)
        text = said.read_text(errors="replace")
        login, password = (re.search(rf"{word} +(\S+)", text)[1] for word in ("login", "password"))  # type: ignore[index]
        visitor = Visitor(f"http://127.0.0.1:{port}").login(login, password)
        _until(
            lambda: "/records/" in visitor.page("/search/", q="隐蔽工程验收记录").text,
            began,
            "a search that finds",
            180,
        )
        file_id, sha256 = next(iter(ground.files.items()))
        serve = _until(
            lambda: hashlib.sha256(visitor.get(f"/files/{file_id}/").body).hexdigest() == sha256, began, "a file", 180
        )
        _until(
            lambda: re.search("全文已读|与全文都可", visitor.page("/search/").text), began, "all files are listed", 180
        )
        lost = sum(
            hashlib.sha256(visitor.get(f"/files/{one}/").body).hexdigest() != digest
            for one, digest in ground.files.items()
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    _expect(_as_it_lies(site) == before, "the copy was changed")
    return Drilled(ground.detected_loss, serve, None, lost, "/health/ready 503")


def _as_it_lies(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


def rebuild(ground: Ground, place: Installation) -> Drilled:
    """The catalogue from one site into an empty installation: equal in every column, every file's bytes back."""
    _said, keys = ground.must(0, "keys", "recover", place=place, typed=ground.two_shares)
    _said, restore = ground.must(0, "rebuild", "--site", "a", place=place)
    before = json.loads((ground.sites.folder / "before.json").read_text())
    if told := exports.differences(before, ground._export(place, "after.json")):
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
        _expect(psutil.pid_exists(pid), f"{name} is not running")
        os.kill(pid, signal.SIGTERM)
    time.sleep(1)
    _until(lambda: is_ready(place.url), began, "serving again")
    again = time.monotonic() - began
    first, lost = ground.looked_at(place)
    ground.must(0, "verify", place=place)
    ground.must(0, "audit", "verify", place=place)
    return Drilled(ground.detected_loss, took + again + first, took, lost, "/health/ready 503")


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────


def write_table(path: Path, rows: list[tuple[str, Drilled]], not_run: list[tuple[str, str]], records: int) -> None:
    """Put the table between the marks of docs/drills.md, with date and size of the machine."""
    memory = psutil.virtual_memory().total / 2**30
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, both sites on one machine; {records} records, and 12 more"
        " taken in during the drills. Seconds of wall time.", "",
        "| drill 演练 | to detect 发现 | to serve 可查 | to restore 恢复 | records lost 丢失 | found by 发现者 |", "|---|---|---|---|---|---|",
        *(f"| {name} | {seconds(d.detect)} | {seconds(d.serve)} | {seconds(d.restore)} | {d.lost} | {d.by} |" for name, d in rows),
        *(f"| {name} | not run | | | | {why} |" for name, why in not_run),
    ]  # fmt: skip
    text = path.read_text(encoding="utf-8")
    head, rest = text.split("<!-- table -->\n", 1)
    tail = rest.split("<!-- end of table -->", 1)[1]
    path.write_text(f"{head}<!-- table -->\n" + "\n".join(lines) + f"\n<!-- end of table -->{tail}", encoding="utf-8")
