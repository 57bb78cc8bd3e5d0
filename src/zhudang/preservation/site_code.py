"""The file that says which site's copies lie in a folder, so that a disk put in another's place is not taken for it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from zhudang.preservation.ocfl import durable

FILE = "SITE.txt"
"""Beside the store of a folder site; its code on the first line. A removable set has its `LABEL.txt` instead."""
_MOST_CHARACTERS = 200
_EXPLANATION = (
    "第一行是存储地的代号，由筑档写入：这里的副本属于它。请勿修改，也不要把这个文件夹放到别的存储地的位置上。\n"
    "The first line is the code of the site whose copies lie here, written by Zhudang. "
    "Do not change it, nor put this folder in another site's place.\n"
)


def code_at(path: Path) -> str:
    """The code that the folder at this path carries; empty where it carries none, or nothing that can be read."""
    try:
        with (path / FILE).open(encoding="utf-8") as stream:
            return stream.readline(_MOST_CHARACTERS).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def another_at(path: Path, code: str) -> str:
    """The code of another site that the folder at this path carries; empty where it carries this one or none."""
    found = code_at(path)
    return "" if found == code else found


def mark(path: Path, code: str) -> None:
    """Write the code into the folder, forced to the disk; one that carries it already stays as it is.

    Raises:
        OSError: it cannot be written.
    """
    if code_at(path) != code:
        durable.replace_durably(path / FILE, f"{code}\n{_EXPLANATION}".encode())


def mark_unmarked(path: Path, code: str) -> None:
    """Mark the folder of a site of before when it is met; where that cannot be done now, the next meeting does."""
    if not code_at(path):
        with suppress(OSError):
            mark(path, code)
