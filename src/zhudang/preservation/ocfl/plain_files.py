"""Files of a copy read as what they should be: plain files of that copy, no longer than they may be.

A copy may come from other hands. A link would lead to what is not the copy's, a pipe would never end, and a file of nothing
but holes is larger than any memory.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_PIECE = 1024 * 1024


def read(path: Path, most: int) -> bytes:
    """All bytes of a small file.

    Raises:
        OSError: it is not there, not a plain file, longer than `most`, or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        found = os.fstat(descriptor)
        _refuse_unless_file(found, path)
        if found.st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        pieces, left = [], most
        while piece := stream.read(min(left + 1, _PIECE)):
            pieces.append(piece)
            left -= len(piece)
            if left < 0:  # it grew meanwhile
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return b"".join(pieces)


def refuse_strange(folder: Path, path: str) -> Path:
    """Give the path of a file below `folder`, once it was seen that no link leads there and that it is a plain file.

    Raises:
        OSError: it is not so, or it is not there.
    """
    at = os.fspath(folder)
    for part in path.split("/"):
        at = f"{at}/{part}"
        found = os.lstat(at)
        if stat.S_ISLNK(found.st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), at)
    _refuse_unless_file(found, Path(at))
    return Path(at)


def _refuse_unless_file(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a plain file", str(path))
