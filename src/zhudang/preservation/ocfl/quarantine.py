"""What is written over is kept beside the store for people to look at."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from zhudang.preservation.ocfl import durable

QUARANTINE = "quarantine"


def set_file_aside(place: Path, folder: Path, path: str, now: datetime) -> None:
    """Keep what lies at `path` in `folder` in the quarantine of a place; what can be read stays until it is replaced.

    So a store's declaration is never gone for a moment. What cannot be read, or is no file, is moved.
    """
    found = folder / path
    if not os.path.lexists(found):
        return
    kept = place / QUARANTINE / f"{folder.name}-{now:%Y%m%dT%H%M%S%f}" / path
    durable.make_folders(kept.parent)
    try:
        if found.is_symlink() or not found.is_file():
            raise OSError("no file")
        data = found.read_bytes()
    except OSError:
        found.rename(kept)
        durable.sync_folder(found.parent)
    else:
        durable.write_durably(kept, data)
    durable.sync_folder(kept.parent)
