"""A new version of an object, into several places at once, read back before it becomes part of any store.

The source of each file is read once. Steps, for every place alike: stage, force to the disk, read every byte back
with the cache dropped, rename into the store. A crash at any moment leaves whole versions or nothing.

A version may be sealed (`sealing`): each file is then read, digested and sealed in one pass, once for all places.
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

from zhudang.preservation.domain.succession import LIMITS, Limits
from zhudang.preservation.ocfl import durable, layout, sealing, streaming, together
from zhudang.preservation.ocfl.beside import ReadingBeside
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, Inventory, Version, sidecar
from zhudang.preservation.ocfl.root import StorageRoot, StoreFull, is_no_space
from zhudang.preservation.ocfl.sealing import Held, Seal
from zhudang.preservation.ocfl.sm_envelope import SizeDiffers
from zhudang.preservation.ocfl.together import Forcing
from zhudang.shared.flushing import Flusher

_SMALL = streaming.CHUNK
_CONTENT = "content"
"""Folder of a version's files (OCFL 1.1, 3.3.1)."""
_AT_ONCE = 16
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
    seal: Seal | None = None,
    limits: Limits = LIMITS,
    progress: Progress | None = None,
) -> Inventory:
    """Write the next version of an object into every place of `roots`; give its inventory.

    Args:
        roots: places that all hold the object at `prior`, or do not hold it when that is None.
        contents: the whole state of the new version; bytes the object holds already are not stored again.
        seal: for whom the version is sealed; without it, it is plain, and bytes held only sealed are stored again.
        limits: what the object may hold at most.
        progress: called with the number of source bytes done; may raise to stop, and nothing is left behind.

    Raises:
        SourceChanged, CopyDiffers, StoreFull, TooLarge: nothing was written.
    """
    number = prior.head + 1 if prior else 1
    if len(contents) > limits.files or number > limits.versions:
        raise TooLarge(object_id)
    known = _known(prior, seal)
    new = _new_files(contents, known, prior, seal)
    with _staged(roots) as stages, ReadingBeside(stages) as back:
        folders = [stage / f"v{number}" / _CONTENT for stage in stages]
        with together.forced(stages, len(new)) as disk:
            written = _write_all(folders, new, seal, progress, disk, back)
            held = {**known, **{file.sha256: file for file in written}}
            files = [replace(held[content.sha256], path=content.path) for content in contents]
            if seal:
                index = _write_index(folders, seal, files, disk)
                written = [*written, index]
                state = {file.stored_as: file.sha512 for file in [*files, index]}
            else:
                state = {file.path: file.sha512 for file in files}
            inventory = _next_inventory(object_id, number, prior, state, written, act)
            data = inventory.to_json()
            for stage in stages:
                _finish_stage(stage, number, data, disk, whole=prior is None)
        expected = _expected(inventory, number, data)
        # Beside each other: one large file is one thread a place, and the places are different disks at best.
        with ThreadPoolExecutor(len(stages), "ocfl-places") as pool:
            told = pool.map(lambda stage: back.different(stage, expected), stages)
            for stage, different in zip(stages, told, strict=True):
                if different:
                    raise CopyDiffers(stage, different)
        for root, stage in zip(roots, stages, strict=True):
            if prior is None:
                root.install_object(stage, object_id)
            else:
                root.install_version(stage / f"v{number}", object_id, number)
    return inventory


@dataclass(frozen=True)
class _New:
    """A file whose bytes are new to the object, and the name it is stored under."""

    content: Content
    stored_as: str


def _known(prior: Inventory | None, seal: Seal | None) -> dict[str, Held]:
    """Tell what of the object's bytes need not be stored again, by their plain SHA-256."""
    if seal:
        return {held.sha256: held for held in seal.held}
    known = prior.sha512_by_sha256() if prior else {}
    return {sha256: Held("", "", sha512, sha256) for sha256, sha512 in known.items()}


def _new_files(
    contents: Sequence[Content], known: Mapping[str, Held], prior: Inventory | None, seal: Seal | None
) -> list[_New]:
    """Tell the files whose bytes are new to the object, each once; numbered when they are to be sealed."""
    new: dict[str, Content] = {}
    for content in contents:
        if content.sha256 not in known:
            new.setdefault(content.sha256, content)
    if seal is None:
        return [_New(content, content.path) for content in new.values()]
    numbered = enumerate(new.values(), sealing.first_free_number(prior))
    return [_New(each, sealing.sealed_name(number, seal.recipient)) for number, each in numbered]


def _next_inventory(
    object_id: str,
    number: int,
    prior: Inventory | None,
    state: Mapping[str, str],
    written: Sequence[Held],
    act: Act,
) -> Inventory:
    version = Version(
        created=act.created,
        message=act.message,
        user_name=act.user_name,
        user_address=act.user_address,
        state=state,
    )
    manifest = {f"v{number}/content/{file.stored_as}": file.sha512 for file in written}
    # Digests of fixity are of stored bytes too (OCFL 1.1, 3.5.4): those of plain bytes have no place for a sealed file.
    fixity = {f"v{number}/content/{file.stored_as}": file.sha256 for file in written if not file.key}
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


def _write_all(
    folders: Sequence[Path],
    new: Sequence[_New],
    seal: Seal | None,
    progress: Progress | None,
    disk: Forcing,
    back: ReadingBeside,
) -> list[Held]:
    """Write the files below every folder; tell what is held now. Each large one is read back while the next is written."""
    made = set()
    for file in new:
        for folder in folders:
            parent = (folder / file.stored_as).parent
            parent.mkdir(parents=True, exist_ok=True)
            made.add(parent)
    recipient = seal.recipient if seal else ""
    small = [file for file in new if file.content.size <= _SMALL]
    written = _write_many_small(folders, small, recipient, progress, disk)
    for file in new:
        if file.content.size > _SMALL:
            written.append(_write_large(folders, file, recipient, progress))
            back.read(f"{folders[0].parent.name}/{_CONTENT}/{file.stored_as}", written[-1].sha512)
    disk.sync_folders(made)
    return written


def _write_many_small(
    folders: Sequence[Path], files: Sequence[_New], recipient: str, progress: Progress | None, disk: Forcing
) -> list[Held]:
    """Write small files beside each other, some at a time: handing over one costs as much as digesting it."""
    written: list[Held] = []
    at_once = max(1, min(_AT_ONCE, len(files) // disk.workers))
    heaps = [files[start : start + at_once] for start in range(0, len(files), at_once)]
    with ThreadPoolExecutor(disk.workers, "ocfl-write") as pool:
        try:
            done = pool.map(lambda heap: [_write_small(folders, file, recipient, disk) for file in heap], heaps)
            for heap, held in zip(heaps, done, strict=True):
                written += held
                if progress:
                    progress(sum(file.content.size for file in heap))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return written


def _write_small(folders: Sequence[Path], file: _New, recipient: str, disk: Forcing) -> Held:
    with file.content.open() as stream:
        data = stream.read()
    _compare(file.content, hashlib.sha256(data).hexdigest())
    size = len(data)
    if recipient:
        data = sealing.seal_bytes(data, recipient)
    for folder in folders:
        disk.write(folder / file.stored_as, data)
    return _held(file, hashlib.sha512(data).hexdigest(), size, len(data), recipient)


def _held(file: _New, sha512: str, size: int, stored_size: int, recipient: str) -> Held:
    if not recipient:
        return Held(file.content.path, file.stored_as, sha512, file.content.sha256)
    return Held(file.content.path, file.stored_as, sha512, file.content.sha256, size, stored_size, recipient)


def _write_index(folders: Sequence[Path], seal: Seal, files: Sequence[Held], disk: Forcing) -> Held:
    """Write the index of a sealed version, sealed itself."""
    data = sealing.index_bytes(seal, files)
    name = sealing.index_name(seal.recipient)
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    written = _write_small(folders, _New(content_of_bytes(name, data), name), seal.recipient, disk)
    disk.sync_folders(folders)
    return written


def _write_large(folders: Sequence[Path], file: _New, recipient: str, progress: Progress | None) -> Held:
    if recipient and file.content.size > (sealing.most_bytes(recipient) or file.content.size):
        raise TooLarge(file.content.path)
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    flushers: list[Flusher] = []
    whole = False
    try:
        for folder in folders:
            flushers.append(Flusher(os.open(folder / file.stored_as, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)))
        stored: list[streaming.Sink] = [sha512.update, *(_appender(flusher) for flusher in flushers)]
        with file.content.open() as stream:
            chunks = _counted(streaming.chunks_of(stream), progress)
            if recipient:
                sealing.seal_stream(chunks, recipient, size=file.content.size, plain=[sha256.update], sealed=stored)
            else:
                streaming.feed(chunks, [sha256.update, *stored])
        _compare(file.content, sha256.hexdigest())
        whole = True
    except SizeDiffers as problem:
        raise SourceChanged(file.content.path, file.content.sha256, str(problem)) from problem
    finally:
        _close_all(flushers, force=whole)
    stored_size = (folders[0] / file.stored_as).stat().st_size
    return _held(file, sha512.hexdigest(), file.content.size, stored_size, recipient)


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


def _finish_stage(stage: Path, number: int, data: bytes, disk: Forcing, *, whole: bool) -> None:
    """Write the inventories that close a version (and, for a new object, its declaration), and sync the folders."""
    version = stage / f"v{number}"
    version.mkdir(exist_ok=True)
    disk.write(version / INVENTORY, data)
    disk.write(version / SIDECAR, sidecar(data))
    if whole:
        disk.write(stage / layout.OBJECT_DECLARATION, layout.OBJECT_DECLARATION_TEXT)
        disk.write(stage / INVENTORY, data)
        disk.write(stage / SIDECAR, sidecar(data))
    disk.sync_folders(folder for folder in (stage, *stage.rglob("*")) if folder.is_dir())


def _expected(inventory: Inventory, number: int, data: bytes) -> dict[str, str]:
    """Tell every file a staged version must hold, with its SHA-512."""
    prefix = f"v{number}/"
    expected = {path: digest for path, digest in inventory.manifest.items() if path.startswith(prefix)}
    expected[prefix + INVENTORY] = hashlib.sha512(data).hexdigest()
    expected[prefix + SIDECAR] = hashlib.sha512(sidecar(data)).hexdigest()
    return expected
