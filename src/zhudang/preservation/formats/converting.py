"""One file through one path, in a child process: stranger's files are opened nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zhudang.preservation.formats.converters.results import Converted, Made, NotConverted, NotNeeded

SECONDS = 600.0
_LOOK_SECONDS = 0.5
_MODULE = "zhudang.preservation.formats.converters.child"


def convert(
    code: str,
    source: Path,
    folder: Path,
    *,
    seconds: float = SECONDS,
    go_on: Callable[[], None] = lambda: None,
) -> Converted:
    """Convert one file; what is made lies in `folder`.

    Args:
        code: of the path.
        source: only read.
        go_on: called now and then; raises to stop, and the child ends.

    Raises:
        NotNeeded: it is what the path leads to already.
        NotConverted: nothing of it may be kept.
    """
    command = [sys.executable, "-m", _MODULE, code, os.fspath(source), os.fspath(folder), str(os.getpid())]
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd=folder,
    )
    try:
        said = _waited(child, seconds, go_on)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()
    if said["outcome"] == "not_needed":
        raise NotNeeded(said["reason"], **said["data"])
    if said["outcome"] != "done":
        raise NotConverted(said["reason"], **said["data"])
    return Converted(tuple(Made(**each) for each in said["made"]), said["figures"])


def _waited(child: subprocess.Popen[bytes], seconds: float, go_on: Callable[[], None]) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while True:
        try:
            out, _ = child.communicate(timeout=_LOOK_SECONDS)
            break
        except subprocess.TimeoutExpired:
            go_on()
            if time.monotonic() > until:
                raise NotConverted("too_slow", seconds=round(seconds)) from None
    try:
        said: dict[str, Any] = json.loads(out.splitlines()[-1])
    except (IndexError, ValueError):
        raise NotConverted("child_lost", code=child.returncode) from None
    return said


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LD_LIBRARY_PATH", "HOME"}}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
