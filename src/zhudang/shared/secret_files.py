"""Files of secrets that are made at first use, whole and durable, by whoever comes first."""

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """Give the bytes of a secret file (mode 0600), which the first caller makes, also when several start at once."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        handle, draft = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(make())
                stream.flush()
                os.fsync(stream.fileno())
            # A link, not a rename: whoever comes second must not replace the first one's.
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            Path(draft).unlink()
    return path.read_bytes()
