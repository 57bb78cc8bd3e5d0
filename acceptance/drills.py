"""Drills: `python acceptance/drills.py [DATA_DIR] [--quick] [--write]`. What is lost on purpose, told, served and brought back.

On an installation of its own, with two sites in folders of their own and a project that walked the whole road: an object
deleted at one site, rows of the log changed as superuser, a destruction forged in SQL, all files of a site rewritten or of every
site online (a removable set lies on its shelf), a site put back to a snapshot, a site lost, a disk full, the
working key lost, the clock wrong, the database lost. The holdings are encrypted, their keys split among three custodians. What is wrong is found by the product's own means: `zhudang verify`, `doctor`,
`audit verify`, its pages. Each drill measures the time to detect, to serve and to restore, and counts records lost.
`--write` puts the table of a full run into docs/drills.md. DATA_DIR is not used; all acceptance scripts take one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from acceptance.parts import attacks, losses, recoveries  # noqa: E402
from acceptance.parts.losses import Drilled, Ground, NotHere  # noqa: E402
from bench.installation import Installation, installation  # noqa: E402

IN_PLACE: tuple[tuple[str, Callable[[Ground], Drilled]], ...] = (
    ("误删：管理员在盘上删了一个案卷 wrong delete on disk", losses.wrong_delete),
    ("改库：超级用户改、删日志行 rows of the log changed as superuser", losses.changed_log),
    ("改库：超级用户改目录一行 a row of the catalogue changed as superuser", losses.changed_register),
    (
        "伪称销毁：超级用户在库里把案卷改成已销毁、删去登记 a destruction forged in SQL, rows taken away",
        losses.forged_destruction,
    ),
    ("勒索：一处的全部文件被改写 ransomware: all files of a site rewritten", losses.ransomware),
    (
        "勒索：在线各处都被改写，从离线盘取回 ransomware at every online site, brought back from a removable set",
        attacks.ransomware_everywhere,
    ),
    ("退回旧态：一处换成昨日的快照 a site put back to a snapshot of before", attacks.rolled_back),
    ("主存储地丢失，换上空盘 primary site lost, an empty disk in its place", losses.lost_site),
    ("磁盘写满 disk full", losses.disk_full),
    ("工作密钥丢失，凭份额取回 working key lost, given back by shares", losses.lost_key),
    ("时钟不对 clock wrong", losses.wrong_clock),
)


class Report:
    """Prints a line a drill and keeps the rows of the table."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Drilled]] = []
        self.not_run: list[tuple[str, str]] = []
        self.failed = 0

    def drill(self, name: str, act: Callable[[], Drilled]) -> None:
        began = time.monotonic()
        try:
            done = act()
        except NotHere as why:
            self.not_run.append((name, str(why)))
            print(f"– {name}：未做 not run: {why}", flush=True)
        except Exception as problem:
            self.failed += 1
            print(
                f"✗ {name}：{type(problem).__name__}: {str(problem)[:1500]}（{time.monotonic() - began:.1f} s）",
                flush=True,
            )
        else:
            self.rows.append((name, done))
            print(
                f"✓ {name}：发现 {losses.seconds(done.detect)}，可查 {losses.seconds(done.serve)}，恢复 {losses.seconds(done.restore)}，"
                f"丢失 {done.lost}；{done.by}（{time.monotonic() - began:.1f} s）",
                flush=True,
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument(
        "--quick", action="store_true", help="few records, no restore from the backup; at most three minutes"
    )
    parser.add_argument("--write", action="store_true", help="write the table of a full run to docs/drills.md")
    parser.add_argument("--records", type=int, default=0)
    parser.add_argument("--only", default="", help="words of the drills in place to run, and nothing after them")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("the table is written from full runs only")
    if options.write and options.quick:
        parser.error("the table is written from full runs only")
    records = options.records or (12 if options.quick else 500)
    report, began = Report(), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="zhudang-drills-"))
    folder.chmod(0o755)
    try:
        with ExitStack() as held:
            sites = losses.sites_at(folder, held)
            with installation(settings=sites.settings) as place:
                ground = Ground(place, sites, records)
                for name, act in IN_PLACE:
                    if options.only not in name:
                        continue
                    report.drill(name, lambda a=act: a(ground))
                if not options.only:
                    ground.prepare_for_the_loss()
            if not options.only:
                database_lost(report, ground, whole=not options.quick)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"  共 {time.monotonic() - began:.0f} s")
    if options.write and not report.failed:
        write_table(ROOT / "docs" / "drills.md", report.rows, report.not_run, records)
    print(f"{len(report.rows)} passed, {report.failed} failed, {len(report.not_run)} not run")
    return 1 if report.failed else 0


def database_lost(report: Report, ground: Ground, *, whole: bool) -> None:
    """The installation has ended and its folder, database and working store with it, is gone: only the sites and the backup stay."""
    report.drill(
        "数据库没了，先应急查看 database lost: emergency service from one site", lambda: recoveries.emergency(ground)
    )

    def with_new(act: Callable[[Ground, Installation], Drilled]) -> Callable[[], Drilled]:
        def run() -> Drilled:
            started = time.monotonic()
            with installation(settings=ground.sites.settings) as place:
                took = time.monotonic() - started
                return act(ground, place).begun_after(took)

        return run

    report.drill("数据库没了，从一处重建 database lost: rebuilt from one site", with_new(recoveries.rebuild))
    if whole:
        report.drill("数据库没了，从备份恢复 database lost: restored from the backup", with_new(recoveries.restore))


def write_table(path: Path, rows: list[tuple[str, Drilled]], not_run: list[tuple[str, str]], records: int) -> None:
    """Put the table between the marks of docs/drills.md, with date and size of the machine."""
    memory = psutil.virtual_memory().total / 2**30
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, both sites on one machine; {records} records, and 12 more"
        " taken in during the drills. Seconds of wall time.", "",
        "| drill 演练 | to detect 发现 | to serve 可查 | to restore 恢复 | records lost 丢失 | found by 发现者 |", "|---|---|---|---|---|---|",
        *(f"| {name} | {losses.seconds(d.detect)} | {losses.seconds(d.serve)} | {losses.seconds(d.restore)} | {d.lost} | {d.by} |" for name, d in rows),
        *(f"| {name} | not run | | | | {why} |" for name, why in not_run),
    ]  # fmt: skip
    text = path.read_text(encoding="utf-8")
    head, rest = text.split("<!-- table -->\n", 1)
    tail = rest.split("<!-- end of table -->", 1)[1]
    path.write_text(f"{head}<!-- table -->\n" + "\n".join(lines) + f"\n<!-- end of table -->{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
