"""The worker process: reads tasks from a socket, answers line by line, dies with its parent.

Started as `python -m zhudang.checks.worker SOCKET PARENT_PID SCRATCH`; never imported by the parent.
"""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from zhudang.checks import limits, preview, text
from zhudang.checks.examine import Examiner
from zhudang.checks.isolation import isolate
from zhudang.checks.settings import CheckSettings
from zhudang.shared.parents import die_with
from zhudang.shared.standing import leave_what_stands

RETIRE_BYTES = 400 * 1024 * 1024
"""A worker still this large after its file is done makes room for a fresh one."""
OUTPUT_BYTES = 1024 * 1024 * 1024
TEXT_BATCH = 200


def main() -> None:
    leave_what_stands()
    line = socket.socket(fileno=int(sys.argv[1]))
    die_with(int(sys.argv[2]))
    bound_resources()
    folder = Path(sys.argv[3])
    tempfile.tempdir = str(folder)
    with line.makefile("rb") as tasks:
        config = json.loads(tasks.readline() or b"{}").get("config", {})
        limits.use(config.get("limits", {}))
        settings = CheckSettings.from_json(config)
        held = isolate(network=not (settings.clamd or "").startswith("tcp:"))
        die_with(int(sys.argv[2]))  # again: the kernel forgets the wish when rights change
        requirements = tuple(Path(each) for each in config.get("requirements", ()))
        serve(line, tasks, Examiner(folder, settings, requirements), held)


def bound_resources() -> None:
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
        (resource.RLIMIT_DATA, limits.ALLOCATION_BYTES),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sys.setrecursionlimit(2000)


def serve(line: socket.socket, tasks: BinaryIO, examiner: Examiner, held: tuple[str, ...]) -> None:
    line.sendall(json.dumps({"ready": True, "isolation": held}).encode() + b"\n")
    for raw in tasks:
        for answer in answers(examiner, json.loads(raw)):
            line.sendall(json.dumps(answer, ensure_ascii=True).encode() + b"\n")
            if answer.get("retire"):
                return


def answers(examiner: Examiner, task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Do one task; the last answer says done."""
    last: dict[str, Any] = {"done": True}
    try:
        if task["op"] == "examine":
            last["report"] = examiner.examine(task)
        elif task["op"] == "texts":
            for page, words in text.page_texts(Path(task["path"]), task["format_id"]):
                yield {"page": page, "text": words}
        elif task["op"] == "preview":
            yield preview.answer(task)
    except (text.Unreadable, preview.NoPicture) as refusal:
        last["error"] = refusal.reason
        last["detail"] = str(refusal)
    except MemoryError:
        last["error"] = "RUN-003"
    if resident_bytes() > RETIRE_BYTES:
        last["retire"] = True
    yield last


def resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


if __name__ == "__main__":
    main()
