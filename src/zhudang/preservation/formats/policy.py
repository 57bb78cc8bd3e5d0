"""The policy of formats in force: the installation's own file, else ours."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path

from django.conf import settings

from zhudang.preservation.domain.format_policy import FormatPolicy, read_format_policy
from zhudang.preservation.formats.paths import PATHS

OURS = Path(__file__).parents[1] / "data" / "formats.toml"


def current() -> FormatPolicy:
    """The policy in force.

    Raises:
        ValueError: its file cannot be used, told whole.
    """
    return _read(Path(str(getattr(settings, "FORMATS", "")) or OURS))


@cache
def _read(path: Path) -> FormatPolicy:
    try:
        text = path.read_bytes()
        return read_format_policy(
            tomllib.loads(text.decode()), paths=PATHS.keys(), sha256=hashlib.sha256(text).hexdigest()
        )
    except (OSError, tomllib.TOMLDecodeError, ValueError) as wrong:
        raise ValueError(f"{path}: {wrong}") from wrong
