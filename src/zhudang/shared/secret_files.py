"""Files of secrets that are made at first use, whole and durable, by whoever comes first."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path


def made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """Give the bytes of a secret file (mode 0600), which the first caller makes, also when several processes start at once."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(make())
            stream.flush()
            os.fsync(stream.fileno())
        # A link, not a rename: whoever comes second must not replace the first one's key.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()
