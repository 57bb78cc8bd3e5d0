"""What a home is made of: tasks under headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Task:
    """One thing to do: state (code, word), what, for which project, by when, and where it is done."""

    state: tuple[str, str]
    what: str
    project: str
    when: str
    url: str
    clock: Any = None
    act: str = ""


@dataclass(frozen=True)
class Group:
    """A heading with its tasks; `all_url` leads to the whole list."""

    title: str
    hint: str
    tasks: Sequence[Task]
    all_url: str = ""
