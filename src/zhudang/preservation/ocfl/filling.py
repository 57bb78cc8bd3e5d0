"""The new files of a version, written below its staged folders: each read once, digested and sealed once, for all places.

Small ones go through the system's memory, some at a time; the large ones past it (`direct`).
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from zhudang.preservation.ocfl import durable, sealing, streaming
from zhudang.preservation.ocfl.content import Content, CopyDiffers, Progress, SourceChanged, TooLarge, content_of_bytes
from zhudang.preservation.ocfl.direct import NewFile, Pieces
from zhudang.preservation.ocfl.sealing import Held, Seal
from zhudang.preservation.ocfl.sm_envelope import SizeDiffers
from zhudang.preservation.ocfl.together import Forcing

_SMALL = streaming.CHUNK
_AT_ONCE = 16
_LARGE_AT_ONCE = 3
_WORTH_ANOTHER = 64 * 1024 * 1024
"""Bytes for which it is worth writing one more large file beside the others: each holds buffers of its own meanwhile."""


@dataclass(frozen=True)
class NewContent:
    """A file whose bytes are new to the object, and the name it is stored under."""

    content: Content
    stored_as: str

    @property
    def is_large(self) -> bool:
        return self.content.size > _SMALL


def write_files(
    folders: Sequence[Path],
    new: Sequence[NewContent],
    seal: Seal | None,
    progress: Progress | None,
    disk: Forcing,
) -> list[Held]:
    """Write the files below every folder; tell what is held now."""
    made = set()
    for file in new:
        for folder in folders:
            if (parent := (folder / file.stored_as).parent) not in made:
                _make_parents(folder, file.stored_as)
                made.add(parent)
    recipient = seal.recipient if seal else ""
    written = _write_many_small(folders, [file for file in new if not file.is_large], recipient, progress, disk)
    written += _write_many_large(folders, [file for file in new if file.is_large], recipient, progress)
    disk.sync_folders(made)
    return written


def _make_parents(folder: Path, stored_as: str) -> None:
    """Make the folders of a file below its stage, which stands: made anew, it would be the system's where a disk was taken away."""
    durable.make_folders_below(folder.parent.parent, f"{folder.parent.name}/{folder.name}/{stored_as}")


def _write_many_small(
    folders: Sequence[Path], files: Sequence[NewContent], recipient: str, progress: Progress | None, disk: Forcing
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


def _write_small(folders: Sequence[Path], file: NewContent, recipient: str, disk: Forcing) -> Held:
    with file.content.open() as stream:
        data = stream.read()
    _compare(file.content, hashlib.sha256(data).hexdigest())
    size = len(data)
    if recipient:
        data = sealing.seal_bytes(data, recipient)
    for folder in folders:
        disk.write(folder / file.stored_as, data)
    return _held(file, hashlib.sha512(data).hexdigest(), size, len(data), recipient)


def _held(file: NewContent, sha512: str, size: int, stored_size: int, recipient: str) -> Held:
    if not recipient:
        return Held(file.content.path, file.stored_as, sha512, file.content.sha256)
    return Held(file.content.path, file.stored_as, sha512, file.content.sha256, size, stored_size, recipient)


def write_index(folders: Sequence[Path], seal: Seal, files: Sequence[Held], disk: Forcing) -> Held:
    """Write the index of a sealed version, sealed itself."""
    data = sealing.index_bytes(seal, files)
    name = sealing.index_name(seal.recipient)
    for folder in folders:
        _make_parents(folder, name)
    written = _write_small(folders, NewContent(content_of_bytes(name, data), name), seal.recipient, disk)
    disk.sync_folders(folders)
    return written


def _write_many_large(
    folders: Sequence[Path], files: Sequence[NewContent], recipient: str, progress: Progress | None
) -> list[Held]:
    """Write large files, each compared with the medium piece by piece; one is digested and sealed while another is written."""
    told = _Told(progress)
    at_once = min(_LARGE_AT_ONCE, 1 + sum(file.content.size for file in files) // _WORTH_ANOTHER)

    def write(file: NewContent) -> Held:
        try:
            return _write_large(pieces, folders, file, recipient, told)
        except BaseException as problem:
            told.failure = told.failure or problem
            raise

    with Pieces(len(folders), at_once) as pieces, ThreadPoolExecutor(at_once, "ocfl-large") as pool:
        try:
            return list(pool.map(write, files))
        except BaseException as problem:
            told.failure = told.failure or problem
            pool.shutdown(wait=True, cancel_futures=True)
            raise told.failure from None


class _Told:
    """Passes progress on from several threads, one at a time; where one of them failed, the others end here.

    Attributes:
        failure: the first one.
    """

    def __init__(self, progress: Progress | None) -> None:
        self.failure: BaseException | None = None
        self._progress, self._one_at_a_time = progress, threading.Lock()

    def __call__(self, size: int) -> None:
        with self._one_at_a_time:
            if self.failure is not None:
                raise self.failure
            if self._progress:
                self._progress(size)


def _write_large(pieces: Pieces, folders: Sequence[Path], file: NewContent, recipient: str, told: _Told) -> Held:
    if recipient and file.content.size > (sealing.most_bytes(recipient) or file.content.size):
        raise TooLarge(file.content.path)
    sha256 = hashlib.sha256()
    stored = NewFile(pieces, [folder / file.stored_as for folder in folders])
    try:
        with file.content.open() as stream:
            chunks = _counted(streaming.chunks_of(stream), told)
            if recipient:
                sealing.seal_stream(
                    chunks, recipient, size=file.content.size, plain=[sha256.update], sealed=[stored.put]
                )
            else:
                streaming.feed(chunks, [sha256.update, stored.put])
        _compare(file.content, sha256.hexdigest())
        for path in stored.close():
            stage = next(folder.parent.parent for folder in folders if path.is_relative_to(folder))
            raise CopyDiffers(stage, [path.relative_to(stage).as_posix()])
    except SizeDiffers as problem:
        raise SourceChanged(file.content.path, file.content.sha256, str(problem)) from problem
    finally:
        stored.leave()
    return _held(file, stored.sha512.hexdigest(), file.content.size, stored.size, recipient)


def _counted(chunks: Iterator[bytes], told: Progress) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        told(len(chunk))


def _compare(content: Content, found: str) -> None:
    if found != content.sha256:
        raise SourceChanged(content.path, content.sha256, found)
