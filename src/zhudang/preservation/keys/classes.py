"""Key classes: data an installation may replace, read and proven once."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from zhudang.preservation.ocfl.sealing import AGE, SUFFIXES

LEVELS = range(5)
PLAIN, WAIT = "plain", "wait"
_OURS = Path(__file__).parents[1] / "data" / "key_classes.toml"
_CODE = re.compile(r"[a-z][a-z0-9-]{0,30}")


class BadClasses(ValueError):
    """The file of key classes does not say what it must; the message tells all of it."""


@dataclass(frozen=True)
class KeyClass:
    """Holdings that share a key.

    Args:
        levels: secrecy levels it takes in.
        encrypted: whether new versions are encrypted, once there are keys.
        without_keys: `plain` or `wait`: what happens before there are any.
        suite: `age` or `sm`: what new versions are encrypted with.
        source, doubt: where the choice comes from, and what is unsure about it.
    """

    code: str
    name: str
    name_en: str
    levels: tuple[int, ...]
    encrypted: bool
    without_keys: str
    source: str
    doubt: str = ""
    suite: str = AGE


@dataclass(frozen=True)
class Classes:
    """All classes of an installation.

    Args:
        needed, shares: the split of the recovery key that is proposed.
        trial_after_days: how long after a ceremony or a trial the shares should be tried again.
        backup_suite: what backups are encrypted with.
    """

    version: str
    rows: tuple[KeyClass, ...]
    needed: int
    shares: int
    trial_after_days: int
    backup_suite: str = AGE

    def of_level(self, level: int) -> KeyClass:
        """Give the class that takes in a secrecy level."""
        return next(row for row in self.rows if level in row.levels)

    @property
    def encrypted(self) -> tuple[KeyClass, ...]:
        """Those whose new versions are encrypted."""
        return tuple(row for row in self.rows if row.encrypted)


def current() -> Classes:
    """Give the classes in force.

    Raises:
        BadClasses.
    """
    return _read(Path(str(getattr(settings, "KEY_CLASSES", "")) or _OURS))


@cache
def _read(path: Path) -> Classes:
    return read_classes(path.read_text(encoding="utf-8"))


def read_classes(text: str) -> Classes:
    """Read a file of classes.

    Raises:
        BadClasses: with everything that is wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadClasses(str(problem)) from problem
    items = data.get("class", [])
    wrong = [fault for item in items for fault in _faults(item)]
    if not wrong:
        wrong = _faults_together(
            [item["code"] for item in items], [level for item in items for level in item["levels"]]
        )
    if not data.get("version"):
        wrong.append("version is not told")
    recovery = data.get("recovery", {})
    numbers = {name: recovery.get(name) for name in ("needed", "shares", "trial_after_days")}
    wrong += [f"recovery: {name} is a whole number" for name, value in numbers.items() if type(value) is not int]
    backup_suite = data.get("backup", {}).get("suite", AGE)
    if backup_suite not in SUFFIXES:
        wrong.append(f"backup: suite is one of {', '.join(SUFFIXES)}")
    if wrong:
        raise BadClasses("; ".join(wrong))
    rows = (KeyClass(**{**item, "levels": tuple(item["levels"])}) for item in items)
    return Classes(str(data["version"]), tuple(rows), **numbers, backup_suite=backup_suite)


def _faults(item: Mapping[str, Any]) -> list[str]:
    code = str(item.get("code", "?"))
    wrong = [] if _CODE.fullmatch(code) else [f"class {code!r}: a code is small letters, digits and hyphens"]
    wrong += [f"class {code}: {name} is not told" for name in ("name", "name_en", "source") if not item.get(name)]
    levels = item.get("levels")
    if not isinstance(levels, list) or any(level not in LEVELS for level in levels):
        wrong.append(f"class {code}: levels is a list of numbers from 0 to 4")
    if not isinstance(item.get("encrypted"), bool):
        wrong.append(f"class {code}: encrypted is true or false")
    if item.get("without_keys") not in (PLAIN, WAIT):
        wrong.append(f"class {code}: without_keys is {PLAIN!r} or {WAIT!r}")
    if item.get("suite", AGE) not in SUFFIXES:
        wrong.append(f"class {code}: suite is one of {', '.join(SUFFIXES)}")
    if strange := item.keys() - KeyClass.__dataclass_fields__.keys():
        wrong.append(f"class {code}: nobody knows {', '.join(sorted(strange))}")
    return wrong


def _faults_together(codes: list[str], levels: list[int]) -> list[str]:
    wrong = [f"class {code} is there twice" for code, times in Counter(codes).items() if times > 1]
    wrong += [f"level {level} stands in {levels.count(level)} classes" for level in LEVELS if levels.count(level) != 1]
    return wrong
