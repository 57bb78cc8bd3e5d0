"""Starts the examination of packages in a process of its own, and stands in for it when a package ends it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from zhudang.checks.model import FileReport, PackageReport, Verdict, package_report_from_json
from zhudang.checks.rules import finding

SLOWEST_BYTES_PER_S = 5_000_000
"""A package gets its time limit and, on top, the time its bytes take at this speed."""
MAY_HOLD = (".zip", ".xml", ".eep")
ITEMS = frozenset({"1-12", "1-13", "1-14", "2-10", "2-11", "4-3"})
"""Items of the frame that the examination of a package answers."""


def package_reports(
    given: Sequence[Path], files: Iterable[FileReport] = (), timeout_s: float = 60.0, trust: str | None = None
) -> list[PackageReport]:
    """Report on every package at or below the paths given.

    Args:
        files: reports on the files there; their digests are not taken a second time. Their labels must be relative
            to the path given, as the command makes them.
        timeout_s: longest time for one package, beside the time for its bytes.
        trust: folder of trust anchors (`CheckSettings.trust`).
    """
    if not any(path.is_dir() or path.suffix.lower() in MAY_HOLD for path in given):
        return []
    task = {"given": [os.fspath(path) for path in given], "known": _known(given, files), "trust": trust}
    reports: list[PackageReport] = []
    while True:
        for report in _one_run({**task, "skip": len(reports)}, timeout_s):
            if report is None:
                return reports
            reports.append(report)


def _known(given: Sequence[Path], files: Iterable[FileReport]) -> dict[str, dict[str, str]]:
    if len(given) != 1 or not given[0].is_dir():
        return {}
    return {
        os.fspath(given[0] / each.path): {"sha256": each.sha256, "sm3": each.sm3}
        for each in files
        if each.sha256 and each.sm3
    }


def _one_run(task: Mapping[str, Any], timeout_s: float) -> Iterator[PackageReport | None]:
    """Reports of one process; None at the end. When it dies the package in its hands is told, and it ends there."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-m", "zhudang.checks.packages.look", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
        try:
            process.stdin.write(json.dumps(task, ensure_ascii=True).encode() + b"\n")
            process.stdin.flush()
            yield from _answers(lines, timeout_s)
        except BrokenPipeError:
            yield from _answers(lines, timeout_s)
        finally:
            process.kill()


def _pump(stream: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(b"")


def _answers(lines: queue.SimpleQueue[bytes], timeout_s: float) -> Iterator[PackageReport | None]:
    label, kind, limit = ".", "", max(timeout_s, 600.0)
    while True:
        try:
            line = lines.get(timeout=limit)
        except queue.Empty:
            line = b""
        answer = json.loads(line) if line.endswith(b"\n") else {}
        if "start" in answer:
            label, kind = answer["start"], answer["kind"]
            limit = timeout_s + answer["bytes"] / SLOWEST_BYTES_PER_S
        elif "report" in answer:
            yield package_report_from_json(answer["report"])
            kind, limit = "", max(timeout_s, 600.0)
        elif answer.get("done"):
            yield None
            return
        else:
            yield _lost(label, kind)
            if not kind:
                yield None
            return


def _lost(label: str, kind: str) -> PackageReport:
    found = finding("PKG-003", why="the process ended or took too long")
    return PackageReport(label, kind.removesuffix("-root") or "transfer", None, Verdict.NOT_CHECKED, (found,))
