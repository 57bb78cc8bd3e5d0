"""The rules of disposal in force: the installation's own file, else ours."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

from django.conf import settings

from zhudang.preservation.domain.disposal import DisposalRules, read_rules

OURS = Path(__file__).parent.parent / "data" / "disposal.toml"


def rules() -> DisposalRules:
    """The rules in force.

    Raises:
        ValueError: their file cannot be used, told whole.
    """
    return _read(Path(settings.DISPOSAL_RULES or OURS))


@functools.cache
def _read(path: Path) -> DisposalRules:
    try:
        return read_rules(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValueError) as wrong:
        raise ValueError(f"{path}: {wrong}") from wrong
