"""The ways from one format to another: by which tool, in which version, and what is compared afterwards.

A path is here only when its tool works offline, is well kept, and its result can be compared with the original.
"""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass, field
from functools import cache

PIXELS, CHARACTERS, CELLS = "pixels", "characters", "cells"
"""What a loss check compares: every pixel; every character, and the way back to the very bytes; every cell's value."""


@dataclass(frozen=True)
class Path:
    """One way.

    Args:
        package: the library that does it; empty where Python itself does.
        ids: formats it starts from.
        target: what it makes, as people call it; `ending` of its files, `format_id` and `mime` of what comes out.
        check: what the loss check compares.
        parameters: how the tool is told to work; part of what a result is known by.
        edition: of our own code on the way: raised when it makes other bytes of the same file.
    """

    code: str
    package: str
    ids: frozenset[str]
    target: str
    ending: str
    check: str
    edition: int = 1
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def tool(self) -> str:
        """The tool's name."""
        return self.package or platform.python_implementation()

    @property
    def version(self) -> str:
        """The tool's version on this machine with the edition of our code; empty where the tool is absent."""
        found = _version(self.package) if self.package else platform.python_version()
        return f"{found}+zd{self.edition}" if found else ""

    @property
    def available(self) -> bool:
        """Whether it can be gone on this machine."""
        return bool(self.version)


@cache
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


PATHS = {
    path.code: path
    for path in (
        Path(
            "tiff",
            "Pillow",
            frozenset({
                "fmt/114", "fmt/115", "fmt/116", "fmt/117", "fmt/118", "fmt/119", "x-fmt/25", "x-fmt/270", "fmt/11", "fmt/12",
                "fmt/13", "fmt/3", "fmt/4", "fmt/86", "fmt/87", "fmt/88", "fmt/89", "fmt/90", "fmt/402", "x-fmt/367",
            }),
            "TIFF",
            "tif",
            PIXELS,
            parameters={"compression": "none"},
        ),
        Path(
            "utf8", "", frozenset({"x-fmt/111", "x-fmt/18"}), "UTF-8", "txt", CHARACTERS,
            parameters={"encoding": "utf-8", "errors": "strict"},
        ),
        Path(
            "csv", "openpyxl", frozenset({"fmt/214"}), "CSV", "csv", CELLS,
            parameters={"encoding": "utf-8", "line": "crlf", "values": "stored"},
        ),
    )
}  # fmt: skip


def paths_from(format_id: str) -> list[Path]:
    """The ways that start from a format."""
    return [path for path in PATHS.values() if format_id in path.ids]
