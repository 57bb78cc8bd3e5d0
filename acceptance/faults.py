"""Refusals and faults: `python acceptance/faults.py [DATA_DIR] [--quick] [--kills N]`.

On an installation of its own: what is wrong is refused in words, then web, worker, supervisor and PostgreSQL are
killed (`kill -9`) in mid-upload, mid-check and mid-ingest, 50 times in the full run. After each kill the invariants
are asked (`acceptance/parts/invariants.py`), the system must be back by itself within a minute, and what was under way must
come to its end. Some files of DATA_DIR go through the checks that are killed. The full disk is tried on a small tmpfs
in `tests/content/test_full_disk.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from acceptance.parts import invariants  # noqa: E402
from acceptance.parts.refusals import Refusals  # noqa: E402
from bench.files import small_pdf  # noqa: E402
from bench.installation import Installation, installation  # noqa: E402

from zhudang.cli.serve import is_ready  # noqa: E402
from zhudang.demo import city  # noqa: E402
from zhudang.demo.roadwalk import Astray, Known, RoadWalk, Sent, wait  # noqa: E402

TARGETS = ("worker", "web", "postgres", "supervisor")
MOMENTS = ("upload", "check", "ingest")
ZH = {"upload": "上传中", "check": "检测中", "ingest": "入库中"}
BACK_SECONDS = 60
END_SECONDS = 120
PIECE = 128 * 1024
UPLOAD_BYTES = 8_000_000
PASSING = {0, 409, 423, 500, 502, 503}
"""What a PATCH may come to while a part of the system is dead; the counted offset then says where to go on."""


class Watch(threading.Thread):
    """Looks until something is so; `seconds` says how long that took, None that it never was."""

    def __init__(self, is_so: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self.is_so, self.seconds = is_so, None

    seconds: float | None

    def run(self) -> None:
        began = time.monotonic()
        while time.monotonic() - began < BACK_SECONDS:
            if self.is_so():
                self.seconds = time.monotonic() - began
                return
            time.sleep(0.05)


class Kills:
    """Kills parts of one installation while its people work, and asks after each whether everything still holds."""

    def __init__(self, place: Installation, walk: RoadWalk, real: list[Path], seed: int) -> None:
        self.place, self.walk, self.real = place, walk, real
        self.rng = random.Random(seed)
        self.clerk = walk.visitor("clerk")
        self.told: dict[str, str] = {}
        self.number = 0
        self.slowest = 0.0

    # ── the kill, and the way back ────────────────────────────────────────────────────────────────────────────────

    def pids(self) -> dict[str, int]:
        """Who runs now, as the supervisor last wrote it; nothing while none has written."""
        try:
            told = json.loads((self.place.folder / "run" / "status.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        names = {
            "supervisor": told["supervisor"],
            "postgres": told["postgres"],
            "web": told["children"].get("web"),
            "worker": told["children"].get("worker-0"),
        }
        return {name: pid for name, pid in names.items() if pid}

    def kill(self, target: str) -> None:
        """Kill one part; from now on somebody watches until it runs anew and the system says that it is ready."""
        pid = self.pids()[target]
        self.watch = Watch(lambda: self.pids().get(target, pid) != pid and is_ready(self.place.url))
        os.kill(pid, signal.SIGKILL)
        self.watch.start()

    def back(self) -> float:
        """Wait until everything is back by itself; give the seconds since the kill.

        Raises:
            Astray: it is not, within a minute.
        """
        self.watch.join()
        if self.watch.seconds is None:
            raise Astray(f"not back by itself within {BACK_SECONDS} s")
        self.slowest = max(self.slowest, self.watch.seconds)
        return self.watch.seconds

    def holds(self) -> None:
        """Ask every invariant, and read some of the files that were told to have arrived.

        Raises:
            Astray: something is not as promised.
        """
        if told := invariants.broken(self.told):
            raise Astray("；".join(told[:8]))
        for file_id in self.rng.sample(sorted(self.told), min(4, len(self.told))):
            self._same_bytes(file_id)

    def _same_bytes(self, file_id: str) -> None:
        body = self.clerk.page(f"/files/{file_id}/").body
        if hashlib.sha256(body).hexdigest() != self.told[file_id]:
            raise Astray(f"file {file_id} comes out changed")

    def round(self, moment: str, target: str) -> str:
        """One kill of `target` in mid-`moment`, with everything that must follow; give what was seen."""
        self.number += 1
        return {"upload": self.mid_upload, "check": self.mid_check, "ingest": self.mid_ingest}[moment](target)

    # ── mid-upload ────────────────────────────────────────────────────────────────────────────────────────────────

    def mid_upload(self, target: str) -> str:
        """PATCHes are going on when the part dies: counted bytes stay counted, the upload goes on from there."""
        known = self.walk.known
        one = Sent(f"中断上传_{self.number:03d}.pdf", "中断", small_pdf(5000 + self.number, UPLOAD_BYTES + self.number))
        address = self.clerk.create_upload(
            len(one.data), filename=one.name, folder=one.folder, project=known.project, unit=known.unit
        )
        cut, counted, lost, killer = self.rng.randrange(PIECE, len(one.data) * 2 // 3), 0, 0, None
        while counted < len(one.data):
            if killer is None and counted >= cut:
                killer = threading.Timer(self.rng.uniform(0, 0.03), self.kill, [target])
                killer.start()
            status, offset = self._patch(address, counted, one.data[counted : counted + PIECE])
            if status == 204:
                counted = offset
                continue
            if killer is None or status not in PASSING:
                raise Astray(f"PATCH at {counted}: HTTP {status}")
            lost += 1
            killer.join()
            self.back()
            counted = self._counted(address, counted)
        assert killer is not None
        killer.join()
        took = self.back()
        self.holds()
        self._await([one], [address])
        self.holds()
        return f"断在 {cut // 1024} KB 后，{lost} 次续传，{took:.1f} s 内恢复，结论 {one.verdict}"

    def _patch(self, address: str, offset: int, piece: bytes) -> tuple[int, int]:
        try:
            answer = self.clerk.patch(address, offset, piece)
        except (OSError, http.client.HTTPException):
            self.clerk.close()
            return 0, 0
        return answer.status, int(answer.headers.get("upload-offset", 0))

    def _counted(self, address: str, before: int) -> int:
        now = self.clerk.upload_offset(address)
        if now is None or now < before:
            raise Astray(f"{before} bytes were counted, now {now}")
        return now

    def _await(self, files: list[Sent], addresses: list[str], expected: str = "") -> None:
        """Each file arrives and gets its verdict; the told ones are kept in mind for the invariants."""
        for one, address in zip(files, addresses, strict=True):
            upload_id = address.rstrip("/").rsplit("/", 1)[1]
            told = wait(
                f"bytes of {one.name}", lambda u=upload_id: self.walk._arrived(self.clerk, u), seconds=END_SECONDS
            )
            one.file_id = told["file"]
            self.told[one.file_id] = one.sha256
        self.walk.await_checks("clerk", files, seconds=END_SECONDS)
        wrong = {
            one.name: one.verdict
            for one in files
            if expected and one.name.startswith("中断检测") and one.verdict != expected
        }
        if wrong:
            raise Astray(f"a killed check shows as the files' own fault: {wrong}")
        for one in files:
            self._same_bytes(one.file_id)

    # ── mid-check ─────────────────────────────────────────────────────────────────────────────────────────────────

    def control(self) -> str:
        """The verdict of a small file that nothing disturbs: the others of its kind must get the same."""
        one = Sent("对照.pdf", "对照", small_pdf(4999))
        self.walk.upload("clerk", [one])
        self.told[one.file_id] = one.sha256
        self.expected = one.verdict
        return one.verdict

    def mid_check(self, target: str) -> str:
        """Files wait for their checks when the part dies: every one gets its own verdict, none a killed one's."""
        files = [
            Sent(f"中断检测_{self.number:03d}_{i:02d}.pdf", "中断检测", small_pdf(100_000 + self.number * 100 + i))
            for i in range(14)
        ]
        files += [
            Sent(f"真实_{self.number:03d}_{path.name}"[-200:], f"真实/{self.number}", path.read_bytes())
            for path in self._some_real()
        ]
        known = self.walk.known
        addresses = []
        for one in files:
            address = self.clerk.create_upload(
                len(one.data), filename=one.name, folder=one.folder, project=known.project, unit=known.unit
            )
            if self.clerk.patch(address, 0, one.data).status != 204:
                raise Astray(f"PATCH of {one.name}")
            addresses.append(address)
        wait("a check under way", self._checks_open, seconds=20, every=0.01)
        time.sleep(self.rng.uniform(0, 0.1))
        open_then = self._checks_open()
        self.kill(target)
        took = self.back()
        self.holds()
        self._await(files, addresses, self.expected)
        self.holds()
        return (
            f"{len(files)} 件中 {open_then} 件待检，{took:.1f} s 内恢复，{dict(Counter(one.verdict for one in files))}"
        )

    def _some_real(self) -> list[Path]:
        start = self.number * 4 % max(len(self.real), 1)
        return self.real[start : start + 4]

    def _checks_open(self) -> int:
        from zhudang.content.models import CheckRequest

        return invariants.asked(CheckRequest.objects.count)

    # ── mid-ingest ────────────────────────────────────────────────────────────────────────────────────────────────

    def mid_ingest(self, target: str) -> str:
        """A transfer is being preserved when the part dies: it comes to its end, and nothing says so before."""
        transfer_id = self._handed_over(40)
        wait(
            "the ingest under way", lambda: self._ingest_state(transfer_id) not in {"", "asked"}, seconds=30, every=0.01
        )
        time.sleep(self.rng.uniform(0, 0.5))
        state = self._ingest_state(transfer_id)
        self.kill(target)
        took = self.back()
        self.holds()
        began = time.monotonic()
        wait("the certificate", lambda: self._certified(transfer_id), seconds=END_SECONDS)
        ended = time.monotonic() - began
        self.holds()
        left: list[str] = []
        try:
            wait(
                "the ingest at its end",
                lambda: not left.clear() and not left.extend(invariants.half_done(transfer_id)) and not left,
                seconds=END_SECONDS,
            )
        except Astray:
            raise Astray("half done: " + "；".join(left)) from None
        return f"断时 {state}，{took:.1f} s 内恢复，{ended:.1f} s 后保存完毕、凭证签发"

    def _handed_over(self, count: int) -> Any:
        from bench.driver import Project
        from django.utils import timezone

        from zhudang.content import operations as content
        from zhudang.registry import queries as registry_queries

        project = Project(f"入库中断 {self.number:03d}")
        at = registry_queries.place_of(project.id)
        assert at is not None
        pdfs = [small_pdf(1_000_000 + self.number * 1000 + i) for i in range(count)]
        items = [
            content.Incoming(f"隐蔽工程验收记录_{i:03d}.pdf", "隐蔽", data=data, level=1, unit_work_id=project.unit)
            for i, data in enumerate(pdfs)
        ]
        ids = content.receive_many(
            actor=project.clerk, items=items, place=at, now=timezone.now(), organisation_id=project.firms["qingshi"]
        )
        self.told |= {str(i): hashlib.sha256(data).hexdigest() for i, data in zip(ids, pdfs, strict=True)}
        return project.hand_over(ids, lambda _stage: None)

    @staticmethod
    def _ingest_state(transfer_id: Any) -> str:
        from zhudang.preservation.models import Ingest

        return invariants.asked(
            lambda: Ingest.objects.filter(transfer_id=transfer_id).values_list("state", flat=True).first() or ""
        )

    @staticmethod
    def _certified(transfer_id: Any) -> bool:
        from zhudang.handover.models import Certificate

        return invariants.asked(lambda: Certificate.objects.filter(transfer_id=transfer_id).exists())


def all_in_order(count: int) -> list[tuple[str, str]]:
    """Round robin over every moment and target: after twelve each pair was tried once."""
    pairs = [(MOMENTS[(i + i // 12) % 3], TARGETS[i % 4]) for i in range(12)]
    return [pairs[i % 12] for i in range(count)]


class Run:
    """Prints a line a step and counts."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def step(self, name: str, act: Callable[[], str | None]) -> None:
        began = time.monotonic()
        try:
            told = act()
        except Exception as problem:
            self.failed += 1
            print(
                f"✗ {name}：{type(problem).__name__}：{str(problem)[:1500]}（{time.monotonic() - began:.1f} s）",
                flush=True,
            )
        else:
            self.passed += 1
            print(f"✓ {name}{'：' + told if told else ''}（{time.monotonic() - began:.1f} s）", flush=True)


def command(place: Installation, *arguments: str) -> str:
    """Run a command of the product in the installation; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", "zhudang", *arguments], env=place.env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Astray(f"exit {done.returncode}: {(done.stdout + done.stderr)[-1200:]}")
    return done.stdout.strip().splitlines()[-1][:120]


def real_files(data: Path | None) -> list[Path]:
    """Files of DATA_DIR of many kinds for the checks, none of them large."""
    if data is None or not data.is_dir():
        return []
    from acceptance.first_road import pick

    return [path for path in pick(data, 120) if path.stat().st_size < 2_000_000]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true", help="4 kills, at most three minutes")
    parser.add_argument("--kills", type=int, help="another number of kills than 50")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    kills = options.kills or (4 if options.quick else 50)
    run, began = Run(), time.monotonic()
    with installation() as place:
        place.run("people")
        invariants.set_up(place.env)
        stamp = time.strftime("%H%M%S")
        walk = RoadWalk(place.url, Known(f"故障验收项目 {stamp}", f"2611-{city.AREA_CODE}-47-01-{stamp}"))
        walk.register()
        walk.permit("planning", f"建字第{city.AREA_CODE}2026GG{int(stamp):07d}号", date.today() - timedelta(days=60))  # noqa: DTZ011
        for name, act in Refusals(walk).steps():
            run.step(name, act)
        killing = Kills(place, walk, real_files(options.data), options.seed)
        run.step("不受打扰的对照", killing.control)
        for number, (moment, target) in enumerate(all_in_order(kills), 1):
            if options.quick and time.monotonic() - began > 135:
                print(f"  到时，{number - 1} 次为止", flush=True)
                break
            run.step(f"{number}/{kills} {ZH[moment]} kill -9 {target}", lambda m=moment, t=target: killing.round(m, t))
        run.step("全部不变量", lambda: killing.holds() or f"{len(killing.told)} 个已告知收到的文件")
        run.step("zhudang audit verify", lambda: command(place, "audit", "verify"))
        run.step("zhudang verify", lambda: command(place, "verify"))
        print(f"  恢复最慢 {killing.slowest:.1f} s；共 {time.monotonic() - began:.0f} s", flush=True)
    print(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
