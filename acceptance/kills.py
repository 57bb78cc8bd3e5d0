"""Kills while preserving: `python acceptance/kills.py [DATA_DIR] [--quick] [--kills N] [--seed N]`.

On an installation of its own, its holdings encrypted, processes that take transfers in, copy to a third site, repair damage
and change the working key are killed (`kill -9`) at random moments of their work, 200 times in the full run, a fourth
each. After every kill the invariants are asked: what rows call verified is sound to the byte at its site; every key
file at every site opens with the working key at hand and with two custodians' shares; every object has a sound copy. Then
the work is done again to its end, and everything must be as if nobody had been killed. DATA_DIR is not used.

The installation's own worker is stopped meanwhile (SIGSTOP): the killed processes do its work by the same operations.
`faults.py` kills the running product's parts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from acceptance.parts import invariants  # noqa: E402
from acceptance.parts.stores import Stores  # noqa: E402
from bench.installation import Installation, installation  # noqa: E402

ACTS = ("ingest", "copy", "repair", "rotate")
ZH = {"ingest": "入库", "copy": "补写", "repair": "修复", "rotate": "换钥"}
SITES = ("a", "b", "c")
GUESS_SECONDS = {"ingest": 1.0, "copy": 1.0, "repair": 1.0, "rotate": 0.05}
MOST_TRIES = 40


class Wrong(AssertionError):
    """An invariant does not hold."""


class Killed:
    """Starts processes that do the acts, one ahead, and kills them at random moments of their work."""

    def __init__(self, place: Installation, seed: int) -> None:
        self.place, self.rng = place, random.Random(seed)
        self.takes = dict(GUESS_SECONDS)
        self.kills: Counter[str] = Counter()
        self.next = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "acceptance.parts.killed"], env=self.place.env, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def act(self, name: str, *arguments: str, kill: bool) -> bool:
        """Do an act; with `kill`, end it at a random moment. Tells whether it came to its end.

        Raises:
            Wrong: it failed by itself.
        """
        process, self.next = self.next, self._start()
        assert process.stdin and process.stdout and process.stderr
        _expect_line(process, "ready")
        process.stdin.write(json.dumps([name, *arguments]) + "\n")
        process.stdin.flush()
        _expect_line(process, "now")
        began = time.monotonic()
        if kill:
            try:
                process.wait(self.rng.uniform(0, self.takes[name]))
            except subprocess.TimeoutExpired:
                # A process of a group of its own, such as the one that writes versions, sees its parent die.
                os.kill(process.pid, signal.SIGKILL)
        said, failed = process.communicate(timeout=300)
        if process.returncode == -signal.SIGKILL:
            self.kills[name] += 1
            return False
        if process.returncode or "done" not in said:
            raise Wrong(f"{name} failed by itself: {failed[-1500:]}")
        took = time.monotonic() - began
        self.takes[name] = 0.5 * self.takes[name] + 0.5 * took
        return True

    def close(self) -> None:
        """End the process that waits."""
        self.next.kill()
        self.next.communicate()


def _expect_line(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout and process.stderr
    if process.stdout.readline().strip() != word:
        raise Wrong(f"not {word}: {process.stderr.read()[-1500:]}")


class Cycle:
    """One transfer taken in, copied to a third site, damaged and repaired, and the working key changed: each with kills."""

    def __init__(self, killed: Killed, stores: Stores, transfer: str, wanted: dict[str, int]) -> None:
        self.killed, self.stores, self.transfer, self.wanted = killed, stores, transfer, wanted

    def run(self) -> None:
        """Do all four, each killed until its share of this cycle is reached, then to its end.

        Raises:
            Wrong: an invariant does not hold, with the act and what is wrong.
        """
        self._to_its_end("ingest", self.transfer)
        self._say(invariants.half_done(self.transfer), "after the ingest's end")
        self.stores.lose_some("c", self.killed.rng)
        self._to_its_end("copy", "c")
        self.stores.hurt_some(("a", "b"), self.killed.rng)
        self._to_its_end("repair")
        self.stores.mended()
        self._to_its_end("rotate")
        self._say(self.stores.not_whole(), "at the end of a cycle")

    def _to_its_end(self, act: str, *arguments: str) -> None:
        for _ in range(MOST_TRIES):
            wanted = self.killed.kills[act] < self.wanted[act]
            ended = self.killed.act(act, *arguments, kill=wanted)
            self._say(self.stores.broken(self.killed.rng), f"{'after' if ended else 'killed in'} {act}")
            if ended and not (wanted and act == "rotate"):
                return
        self.killed.act(act, *arguments, kill=False)

    @staticmethod
    def _say(told: list[str], when: str) -> None:
        if told:
            raise Wrong(f"{when}: " + "; ".join(told[:8]))


@contextmanager
def worker_stopped(place: Installation) -> Iterator[None]:
    """Let the installation's worker stand still, so that nobody but the killed processes does its work."""
    worker = json.loads((place.folder / "run" / "status.json").read_text())["children"]["worker-0"]
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def sites_at(folder: Path) -> dict[str, str]:
    """Make three places; the third is filled by being called in alone."""
    listed = [{"code": code, "name": f"断电 {code} 库", "path": str(folder / code)} for code in SITES]
    listed[2] |= {"kind": "removable", "label": "KILLS-C", "operator": "演练"}
    for code in SITES:
        (folder / code).mkdir()
    (folder / "c" / "LABEL.txt").write_text("KILLS-C\n")
    (folder / "sites.json").write_text(json.dumps(listed, ensure_ascii=False))
    return {"ZHUDANG_SITES": str(folder / "sites.json")}


def _act(place: Installation, *arguments: str) -> dict[str, object]:
    done = subprocess.run([sys.executable, "-m", "acceptance.parts.acts", *arguments], env=place.env, capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        raise Wrong(f"{arguments[0]}: {(done.stdout + done.stderr)[-1500:]}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def cycles(place: Installation, folder: Path, kills: int, seed: int, records: int) -> Counter[str]:
    """Hand over, kill and look until every act was killed its number of times; gives the kills by act."""
    place.run("people")
    words = _act(place, "ceremony")["shares"]
    assert isinstance(words, list)
    invariants.set_up(place.env)
    stores = Stores({code: folder / code for code in SITES}, [words[0], words[2]])
    killed = Killed(place, seed)
    share = -(-kills // len(ACTS))
    number = 0
    try:
        while min(killed.kills[act] for act in ACTS) < share:
            number += 1
            stores.tell(_handed_over(place, folder, f"断电 {number}", records))
            with worker_stopped(place):
                transfer = stores.transfer
                wanted = {act: min(share, killed.kills[act] + 4) for act in ACTS}
                Cycle(killed, stores, transfer, wanted).run()
            done = "、".join(f"{ZH[act]} {killed.kills[act]}" for act in ACTS)
            print(f"✓ 第 {number} 轮：{done}；{len(stores.files)} 件在册", flush=True)
        if told := invariants.broken({}):
            raise Wrong("at the end: " + "; ".join(told[:8]))
    finally:
        killed.close()
    return killed.kills


def _handed_over(place: Installation, folder: Path, name: str, records: int) -> dict[str, object]:
    """Hand a project over to the archive's signature; its ingest stops at once, since site b is not there, and waits for us."""
    (folder / "b").rename(folder / "b away")
    try:
        handed = _act(place, "hand", name, str(records), "20000")
        end = time.monotonic() + 60
        while _act(place, "ingest", str(handed["transfer"]))["state"] != "stopped":
            if time.monotonic() > end:
                raise Wrong("the ingest did not stop for a place that is not there")
    finally:
        (folder / "b away").rename(folder / "b")
    return handed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true", help="8 kills, few records")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    kills = options.kills or (8 if options.quick else 200)
    seed = options.seed or int(time.time())
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="zhudang-kills-"))
    folder.chmod(0o755)
    print(f"  seed {seed}", flush=True)
    try:
        with installation(settings=sites_at(folder)) as place:
            found = cycles(place, folder, kills, seed, 30 if options.quick else 60)
    except Wrong as problem:
        print(f"✗ {problem}\n  seed {seed}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{sum(found.values())} kills, 0 broken invariants; {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
