"""A place that lags or is damaged, made good from a sound copy elsewhere; byte for byte the same object."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from zhudang.preservation.ocfl import durable, layout, streaming, together
from zhudang.preservation.ocfl.content import CopyDiffers, Progress, SourceChanged
from zhudang.preservation.ocfl.direct import NewFile, Pieces
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, Inventory, sidecar
from zhudang.preservation.ocfl.root import StorageRoot, StoreFull, is_no_space
from zhudang.preservation.ocfl.verifier import read_back


def copy_object(
    source: StorageRoot, target: StorageRoot, object_id: str, *, progress: Progress | None = None
) -> Inventory:
    """Copy a whole object to a place that does not hold it; every byte is compared on the way and read back.

    Raises:
        SourceChanged: the copy to be copied is itself damaged.
        CopyDiffers, StoreFull: nothing entered the target.
    """
    inventory = sound_inventory(source, object_id)
    stage = target.new_staging()
    try:
        _copy_files(source.object_folder(object_id), stage, all_files(source, inventory), progress)
        target.install_object(stage, object_id)
    except OSError as problem:
        if is_no_space(problem):
            raise StoreFull(target.place) from problem
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return inventory


def replace_object(
    source: StorageRoot, target: StorageRoot, object_id: str, *, now: datetime, progress: Progress | None = None
) -> Path | None:
    """Put a sound copy in the place of a damaged one; the damaged one is set aside, never thrown away.

    Returns:
        Where the damaged copy was put, or None when there was none.
    """
    inventory = sound_inventory(source, object_id)
    stage = target.new_staging()
    try:
        _copy_files(source.object_folder(object_id), stage, all_files(source, inventory), progress)
        aside = _set_aside(target, object_id, now)
        target.install_object(stage, object_id)
    except OSError as problem:
        if is_no_space(problem):
            raise StoreFull(target.place) from problem
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return aside


def bring_up_to(source: StorageRoot, target: StorageRoot, object_id: str) -> Inventory:
    """Give a place the versions it lacks (all, when it lacks the object); history there stays as it is."""
    held = target.mended_inventory(object_id)
    if held is None:
        return copy_object(source, target, object_id)
    inventory = sound_inventory(source, object_id)
    for number in range(held.head + 1, inventory.head + 1):
        files = {
            path: digest for path, digest in all_files(source, inventory).items() if path.startswith(f"v{number}/")
        }
        stage = target.new_staging()
        try:
            _copy_files(source.object_folder(object_id), stage, files, None)
            target.install_version(stage / f"v{number}", object_id, number)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return inventory


def sound_inventory(source: StorageRoot, object_id: str) -> Inventory:
    """Give the inventory of an object to be copied.

    Raises:
        SourceChanged: the source does not hold it.
    """
    inventory = source.inventory(object_id)
    if inventory is None:
        raise SourceChanged(object_id, "object", "none")
    return inventory


def all_files(source: StorageRoot, inventory: Inventory) -> Mapping[str, str]:
    """Tell every file of an object with its SHA-512, inventories and declaration included."""
    folder = source.object_folder(inventory.object_id)
    files = dict(inventory.manifest)
    files[layout.OBJECT_DECLARATION] = hashlib.sha512(layout.OBJECT_DECLARATION_TEXT).hexdigest()
    for below in ("", *(f"v{number}/" for number in inventory.versions)):
        data = (folder / below / INVENTORY).read_bytes()
        files[below + INVENTORY] = hashlib.sha512(data).hexdigest()
        files[below + SIDECAR] = hashlib.sha512(sidecar(data)).hexdigest()
    return files


def _copy_files(source: Path, stage: Path, files: Mapping[str, str], progress: Progress | None) -> None:
    small = {}
    together.refuse_too_large(stage, ((str(source / path), (source / path).stat().st_size) for path in files))
    with Pieces(places=1, files=1) as pieces:
        for path, expected in sorted(files.items()):
            durable.make_folders_below(stage, path)
            with _named(source / path):
                if (source / path).stat().st_size > streaming.CHUNK:
                    _copy_large(pieces, source / path, stage, path, expected, progress)
                else:
                    _copy_small(source / path, stage / path, expected, progress)
                    small[path] = expected
    durable.sync_folders(folder for folder in (stage, *stage.rglob("*")) if folder.is_dir())
    if different := read_back(stage, small):
        raise CopyDiffers(stage, different)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Give a failure of the system the path of what was copied, where it has none: it is told to people."""
    try:
        yield
    except OSError as problem:
        if problem.filename is None and problem.errno is not None:
            raise OSError(problem.errno, problem.strerror, str(path)) from problem
        raise


def _copy_small(source: Path, target: Path, expected: str, progress: Progress | None) -> None:
    data = source.read_bytes()
    _refuse_changed(source, expected, hashlib.sha512(data).hexdigest())
    durable.write_durably(target, data)
    if progress:
        progress(len(data))


def _copy_large(pieces: Pieces, source: Path, stage: Path, path: str, expected: str, progress: Progress | None) -> None:
    """Copy a large file; what lies on the medium is compared while it is written."""
    copy = NewFile(pieces, [stage / path])
    try:
        with source.open("rb", buffering=0) as stream:
            for chunk in streaming.chunks_of(stream):
                copy.put(chunk)
                if progress:
                    progress(len(chunk))
        different = copy.close()
    finally:
        copy.leave()
    _refuse_changed(source, expected, copy.sha512.hexdigest())
    if different:
        raise CopyDiffers(stage, [path])


def _refuse_changed(source: Path, expected: str, found: str) -> None:
    if found != expected:
        raise SourceChanged(str(source), expected, found)


def _set_aside(target: StorageRoot, object_id: str, now: datetime) -> Path | None:
    folder = target.object_folder(object_id)
    if (link := target.link_to(object_id)) is not None:
        # What it leads to belongs to another place and stays there.
        link.unlink()
        durable.sync_folder(link.parent)
    if not folder.exists():
        return None
    aside = target.place / "quarantine"
    durable.make_folders(aside)
    kept = aside / f"{folder.name}-{now:%Y%m%dT%H%M%S%f}"
    folder.rename(kept)
    durable.sync_folder(folder.parent)
    durable.sync_folder(aside)
    return kept
