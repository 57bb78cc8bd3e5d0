"""A new version of an object, into several places at once, read back before it becomes part of any store.

The source of each file is read once. Steps, for every place alike: stage, force to the disk, read every byte back
with the cache dropped, rename into the store. A crash at any moment leaves whole versions or nothing.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from zhudang.preservation.ocfl import durable, layout, streaming
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, Inventory, Version, sidecar
from zhudang.preservation.ocfl.root import StorageRoot, StoreFull, is_no_space
from zhudang.preservation.ocfl.verifier import read_back
from zhudang.shared.flushing import Flusher

MOST_FILES = 2000
MOST_VERSIONS = 100
_SMALL = streaming.CHUNK
_WORKERS = 8
_SAFE_PATH = re.compile(r"[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*")

Progress = Callable[[int], None]


class SourceChanged(Exception):
    """A source's bytes are not those that were received: the object is not written."""

    def __init__(self, path: str, expected: str, found: str) -> None:
        super().__init__(path, expected, found)
        self.path, self.expected, self.found = path, expected, found

    def __str__(self) -> str:
        return f"{self.path}: expected sha256 {self.expected}, found {self.found}"


class CopyDiffers(Exception):
    """A staged copy read back differs from what was written; nothing entered the store there."""

    def __init__(self, folder: Path, paths: Sequence[str]) -> None:
        super().__init__(folder, paths)
        self.folder, self.paths = folder, tuple(paths)

    def __str__(self) -> str:
        return f"{self.folder}: {', '.join(self.paths)}"


class TooLarge(Exception):
    """More files or versions than one object may hold (OCFL repeats the whole state in each inventory)."""


@dataclass(frozen=True)
class Content:
    """One file of a version.

    Args:
        path: logical path, safe ASCII of ours, for example `files/0001.pdf`.
        open: gives a fresh stream of the bytes, also in another process.
        size: bytes.
        sha256: what the bytes must have; it is compared while reading.
    """

    path: str
    open: Callable[[], BinaryIO]
    size: int
    sha256: str

    def __post_init__(self) -> None:
        if not _SAFE_PATH.fullmatch(self.path):
            raise ValueError(f"not a stored path of ours: {self.path!r}")


@dataclass(frozen=True)
class Act:
    """Why a version is made: by whom, when, in words people read later."""

    created: datetime
    message: str
    user_name: str
    user_address: str


def content_of_path(path: str, source: Path, size: int, sha256: str) -> Content:
    """Make a file of bytes that lie somewhere, read when they are needed."""
    return Content(path, partial(_opened, source), size, sha256)


def _opened(source: Path) -> BinaryIO:
    return source.open("rb")


def content_of_bytes(path: str, data: bytes) -> Content:
    """Make a file of bytes at hand, for example a description."""
    return Content(path, partial(BytesIO, data), len(data), hashlib.sha256(data).hexdigest())


def write_version(
    roots: Sequence[StorageRoot],
    object_id: str,
    contents: Sequence[Content],
    *,
    act: Act,
    prior: Inventory | None = None,
    progress: Progress | None = None,
) -> Inventory:
    """Write the next version of an object into every place of `roots`; give its inventory.

    Args:
        roots: places that all hold the object at `prior`, or do not hold it when that is None.
        contents: the whole state of the new version; bytes the object holds already are not stored again.
        progress: called with the number of source bytes done; may raise to stop, and nothing is left behind.

    Raises:
        SourceChanged, CopyDiffers, StoreFull, TooLarge: nothing was written.
    """
    number = prior.head + 1 if prior else 1
    if len(contents) > MOST_FILES or number > MOST_VERSIONS:
        raise TooLarge(object_id)
    new, state_by_sha256 = _split(contents, prior)
    with _staged(roots) as stages:
        digests = _write_all([stage / f"v{number}" / "content" for stage in stages], new, progress)
        for content in new:
            state_by_sha256[content.sha256] = digests[content.path]
        inventory = _next_inventory(object_id, number, prior, contents, new, state_by_sha256, act)
        data = inventory.to_json()
        for stage in stages:
            _finish_stage(stage, number, data, whole=prior is None)
        expected = _expected(inventory, number, data)
        # Beside each other: one large file is one thread a place, and the places are different disks at best.
        with ThreadPoolExecutor(len(stages), "ocfl-places") as pool:
            for stage, different in zip(stages, pool.map(lambda each: read_back(each, expected), stages), strict=True):
                if different:
                    raise CopyDiffers(stage, different)
        for root, stage in zip(roots, stages, strict=True):
            if prior is None:
                root.install_object(stage, object_id)
            else:
                root.install_version(stage / f"v{number}", object_id, number)
    return inventory


def _split(contents: Sequence[Content], prior: Inventory | None) -> tuple[list[Content], dict[str, str]]:
    """Tell the files whose bytes are new to the object, each once, and the known SHA-512 by SHA-256."""
    known = prior.sha512_by_sha256() if prior else {}
    new: dict[str, Content] = {}
    for content in contents:
        if content.sha256 not in known:
            new.setdefault(content.sha256, content)
    return list(new.values()), known


def _next_inventory(
    object_id: str,
    number: int,
    prior: Inventory | None,
    contents: Sequence[Content],
    new: Sequence[Content],
    sha512_by_sha256: Mapping[str, str],
    act: Act,
) -> Inventory:
    version = Version(
        created=act.created,
        message=act.message,
        user_name=act.user_name,
        user_address=act.user_address,
        state={content.path: sha512_by_sha256[content.sha256] for content in contents},
    )
    manifest = {f"v{number}/content/{item.path}": sha512_by_sha256[item.sha256] for item in new}
    fixity = {f"v{number}/content/{item.path}": item.sha256 for item in new}
    if prior is None:
        return Inventory(object_id, {1: version}, manifest, fixity)
    return replace(
        prior,
        versions={**prior.versions, number: version},
        manifest={**prior.manifest, **manifest},
        fixity={**prior.fixity, **fixity},
    )


@contextmanager
def _staged(roots: Sequence[StorageRoot]) -> Iterator[list[Path]]:
    """Give a staging folder per place; leave none behind, and tell a full disk by its place."""
    stages = [root.new_staging() for root in roots]
    try:
        yield stages
    except OSError as problem:
        if is_no_space(problem):
            raise StoreFull(_fullest(roots, problem)) from problem
        raise
    finally:
        for stage in stages:
            shutil.rmtree(stage, ignore_errors=True)


def _fullest(roots: Sequence[StorageRoot], problem: OSError) -> Path:
    """Tell which place ran out of room: by the failure's path where it has one, else the one with the least left."""
    named = str(problem.filename or "")
    for root in roots:
        if named.startswith(str(root.place)):
            return root.place
    return min(roots, key=StorageRoot.free_bytes).place


def _write_all(folders: Sequence[Path], contents: Sequence[Content], progress: Progress | None) -> dict[str, str]:
    """Write the files below every folder, forced to the disk; give the SHA-512 by logical path."""
    made = set()
    for content in contents:
        for folder in folders:
            parent = (folder / content.path).parent
            parent.mkdir(parents=True, exist_ok=True)
            made.add(parent)
    digests: dict[str, str] = {}
    small = [content for content in contents if content.size <= _SMALL]
    large = [content for content in contents if content.size > _SMALL]
    with ThreadPoolExecutor(_WORKERS, "ocfl-write") as pool:
        futures = [(content, pool.submit(_write_small, folders, content)) for content in small]
        try:
            for content, future in futures:
                digests[content.path] = future.result()
                if progress:
                    progress(content.size)
            for content in large:
                digests[content.path] = _write_large(folders, content, progress)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    durable.sync_folders(made)
    return digests


def _write_small(folders: Sequence[Path], content: Content) -> str:
    with content.open() as stream:
        data = stream.read()
    _compare(content, hashlib.sha256(data).hexdigest())
    for folder in folders:
        durable.write_durably(folder / content.path, data)
    return hashlib.sha512(data).hexdigest()


def _write_large(folders: Sequence[Path], content: Content, progress: Progress | None) -> str:
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    flushers: list[Flusher] = []
    whole = False
    try:
        for folder in folders:
            flushers.append(Flusher(os.open(folder / content.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)))
        sinks: list[streaming.Sink] = [sha256.update, sha512.update]
        sinks += [_appender(flusher) for flusher in flushers]
        with content.open() as stream:
            streaming.feed(_counted(streaming.chunks_of(stream), progress), sinks)
        _compare(content, sha256.hexdigest())
        whole = True
    finally:
        _close_all(flushers, force=whole)
    return sha512.hexdigest()


def _close_all(flushers: Sequence[Flusher], *, force: bool) -> None:
    try:
        with ThreadPoolExecutor(max(1, len(flushers)), "ocfl-sync") as pool:
            list(pool.map(lambda flusher: flusher.close(force=force), flushers))
    finally:
        for flusher in flushers:
            os.close(flusher.descriptor)


def _appender(flusher: Flusher) -> streaming.Sink:
    def append(chunk: bytes) -> None:
        durable.write_all(flusher.descriptor, chunk)
        flusher.wrote(len(chunk))

    return append


def _counted(chunks: Iterator[bytes], progress: Progress | None) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        if progress:
            progress(len(chunk))


def _compare(content: Content, found: str) -> None:
    if found != content.sha256:
        raise SourceChanged(content.path, content.sha256, found)


def _finish_stage(stage: Path, number: int, data: bytes, *, whole: bool) -> None:
    """Write the inventories that close a version (and, for a new object, its declaration), and sync the folders."""
    version = stage / f"v{number}"
    version.mkdir(exist_ok=True)
    durable.write_durably(version / INVENTORY, data)
    durable.write_durably(version / SIDECAR, sidecar(data))
    if whole:
        durable.write_durably(stage / layout.OBJECT_DECLARATION, layout.OBJECT_DECLARATION_TEXT)
        durable.write_durably(stage / INVENTORY, data)
        durable.write_durably(stage / SIDECAR, sidecar(data))
    durable.sync_folders(folder for folder in (stage, *stage.rglob("*")) if folder.is_dir())


def _expected(inventory: Inventory, number: int, data: bytes) -> dict[str, str]:
    """Tell every file a staged version must hold, with its SHA-512."""
    prefix = f"v{number}/"
    expected = {path: digest for path, digest in inventory.manifest.items() if path.startswith(prefix)}
    expected[prefix + INVENTORY] = hashlib.sha512(data).hexdigest()
    expected[prefix + SIDECAR] = hashlib.sha512(sidecar(data)).hexdigest()
    return expected
