"""The child in which one file is converted: bounded, cut off from the network, without rights, gone with its parent.

Started as `python -m zhudang.preservation.formats.converters.child PATH_CODE SOURCE FOLDER PARENT_PID`; its last line is JSON.
"""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zhudang.checks.isolation import isolate
from zhudang.preservation.formats.converters import images, tables, texts
from zhudang.preservation.formats.converters.results import NotConverted, NotNeeded
from zhudang.shared.parents import die_with

MEMORY_BYTES = 3 * 1024**3
OUTPUT_BYTES = 8 * 1024**3
_CONVERTERS = {"tiff": images.convert, "utf8": texts.convert, "csv": tables.convert}


def main() -> None:
    """Convert one file and say what came of it."""
    code, source, folder, parent = sys.argv[1:5]
    die_with(int(parent))
    for kind, limit in (
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, OUTPUT_BYTES), (resource.RLIMIT_DATA, MEMORY_BYTES),
    ):  # fmt: skip
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    isolate()
    die_with(int(parent))  # again: the kernel forgets the wish when rights change
    sys.stdout.write(json.dumps(_answer(code, Path(source), Path(folder)), ensure_ascii=True) + "\n")


def _answer(code: str, source: Path, folder: Path) -> dict[str, Any]:
    try:
        done = _CONVERTERS[code](source, folder)
    except NotNeeded as told:
        return {"outcome": "not_needed", "reason": told.reason, "data": told.data}
    except NotConverted as told:
        return {"outcome": "failed", "reason": told.reason, "data": told.data}
    except MemoryError:
        return {"outcome": "failed", "reason": "memory", "data": {}}
    return {"outcome": "done", **asdict(done)}


if __name__ == "__main__":
    main()
