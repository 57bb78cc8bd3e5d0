"""A removable set beside the two sites of the tests: a folder that bears its label, moved away while it lies apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from preservation.kept_project import site_settings

LABEL = "YX-HD-01"


class OfflineSet:
    """A disk with a label, connected and taken away."""

    def __init__(self, folder: Path) -> None:
        self.mount = folder / "mnt"
        self.shelf = folder / "shelf"
        self.mount.mkdir(exist_ok=True)
        self.shelf.mkdir(exist_ok=True)
        (self.shelf / "LABEL.txt").write_text(f"{LABEL}\n", encoding="utf-8")

    def settings(self, folder: Path, **more: Any) -> list[dict[str, Any]]:
        item = {"code": "c", "name": "离线盘", "kind": "removable", "path": str(self.mount), "label": LABEL}
        return [*site_settings(folder), {**item, "call_in_days": 180, **more}]

    def connect(self) -> None:
        self.mount.rmdir()
        self.shelf.rename(self.mount)

    def take_away(self) -> None:
        self.mount.rename(self.shelf)
        self.mount.mkdir()


def with_a_set(folder: Path) -> list[dict[str, Any]]:
    """Two folders and a removable set, on its shelf."""
    return OfflineSet(folder).settings(folder)
