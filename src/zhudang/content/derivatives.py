"""Pictures and text made from stored bytes: rebuilt at will, never preserved as originals.

Kept under the digest of the bytes they were made from. Strangers' files are opened in the bounded
worker processes of the checks' engine, or in a child of their own, never in this process.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zhudang.checks.engine import CannotRead, Engine
from zhudang.content import conf
from zhudang.content.queries import StoredFile
from zhudang.content.serving import path_to_show
from zhudang.shared.ids import new_id
from zhudang.shared.refusals import NotFound

WIDTHS = (160, 320, 640, 960, 1280, 1920, 2560)
"""Widths pictures are made in; what is asked for is brought to the next larger one, so that few are kept."""

_TILING_SECONDS = 180
_engine: Engine | None = None
_engine_guard = threading.Lock()


def engine() -> Engine:
    """The one engine this process draws and reads with; its single worker starts with the first picture."""
    global _engine
    with _engine_guard:
        if _engine is None:
            _engine = Engine(workers=1, timeout_s=30.0)
            atexit.register(_engine.close)
        return _engine


def page_picture(file: StoredFile, page: int, width: int) -> Path:
    """Give a PNG of one page, made now if it was not before.

    Args:
        page: from 1.
        width: pixels wanted; brought to one of `WIDTHS`.

    Raises:
        NotFound: no such page, or no picture can be made of this file.
    """
    width = next((each for each in WIDTHS if each >= width), WIDTHS[-1])
    path = _folder(file) / f"page-{page}-{width}.png"
    if not path.exists():
        try:
            picture = engine().preview(path_to_show(file), page, width, file.format_id or None)
        except CannotRead as problem:
            raise NotFound from problem
        _write(path, picture)
    return path


def page_texts(file: StoredFile) -> Iterator[tuple[int, str]]:
    """Yield (page from 1, text) of a PDF or OFD; nothing for formats without text.

    Raises:
        CannotRead: the file broke the reader; pages given before stand.
    """
    yield from engine().page_texts(file.path, file.format_id or None)


def tile_description(file: StoredFile) -> Path:
    """Give the deep zoom description (DZI) of an image, with all its tiles beside it, made now if need be.

    Raises:
        NotFound: it is no image, or none that can be opened.
    """
    folder = _folder(file)
    description = folder / "tiles.dzi"
    if description.exists():
        return description
    if not file.mime.startswith("image/"):
        raise NotFound
    with _alone(folder / "tiling.lock"):
        if not description.exists():
            _make_tiles(file, folder)
    return description


def tile_picture(file: StoredFile, level: int, column: int, row: int) -> Path:
    """Give one tile of an image.

    Raises:
        NotFound: no such tile.
    """
    path = tile_description(file).parent / "tiles_files" / str(level) / f"{column}_{row}.jpeg"
    if not path.exists():
        raise NotFound
    return path


def _folder(file: StoredFile) -> Path:
    folder = conf.derivatives() / file.sha256[:2] / file.sha256
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.{new_id()}")
    part.write_bytes(data)
    part.replace(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_tiles(file: StoredFile, folder: Path) -> None:
    part = folder / f"part-{new_id()}"
    command = [sys.executable, "-m", "zhudang.content.tiling", str(path_to_show(file)), str(part / "tiles")]
    part.mkdir()
    try:
        done = subprocess.run(command, timeout=_TILING_SECONDS, capture_output=True, check=False, env=_environment())
        if done.returncode:
            raise NotFound
        shutil.rmtree(folder / "tiles_files", ignore_errors=True)
        (part / "tiles_files").replace(folder / "tiles_files")
        # The description comes last: where it stands, all tiles stand.
        (part / "tiles.dzi").replace(folder / "tiles.dzi")
    except subprocess.TimeoutExpired as problem:
        raise NotFound from problem
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _environment() -> dict[str, str]:
    source = str(Path(__file__).resolve().parents[2])
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LD_LIBRARY_PATH", "HOME"}}
    return {**kept, "PYTHONPATH": source, "VIPS_CONCURRENCY": "1"}
