"""A new version of an object, into several places at once, read back before it becomes part of any store.

The source of each file is read once. Steps, for every place alike: stage, force to the disk, read every byte back
with the cache dropped, rename into the store. A crash at any moment leaves whole versions or nothing.

A version may be sealed (`sealing`): each file is then read, digested and sealed in one pass, once for all places.
"""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from zhudang.preservation.domain.succession import LIMITS, Limits
from zhudang.preservation.ocfl import layout, sealing, together
from zhudang.preservation.ocfl.content import Act, Content, CopyDiffers, Progress, TooLarge
from zhudang.preservation.ocfl.filling import NewContent, write_files, write_index
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, Inventory, Version, sidecar
from zhudang.preservation.ocfl.root import StorageRoot, StoreFull, is_no_space
from zhudang.preservation.ocfl.sealing import Held, Seal
from zhudang.preservation.ocfl.together import Forcing
from zhudang.preservation.ocfl.verifier import read_back

_CONTENT = "content"
"""Folder of a version's files (OCFL 1.1, 3.3.1)."""


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
    with _staged(roots) as stages:
        folders = [stage / f"v{number}" / _CONTENT for stage in stages]
        for stage in stages:
            together.refuse_too_large(stage, ((str(stage / file.stored_as), file.content.size) for file in new))
        with together.forced(stages, len(new)) as disk:
            written = write_files(folders, new, seal, progress, disk)
            held = {**known, **{file.sha256: file for file in written}}
            files = [replace(held[content.sha256], path=content.path) for content in contents]
            if seal:
                index = write_index(folders, seal, files, disk)
                written = [*written, index]
                state = {file.stored_as: file.sha512 for file in [*files, index]}
            else:
                state = {file.path: file.sha512 for file in files}
            inventory = _next_inventory(object_id, number, prior, state, written, act)
            data = inventory.to_json()
            for stage in stages:
                _finish_stage(stage, number, data, disk, whole=prior is None)
        expected = _expected(inventory, number, data)
        for file in new:
            if file.is_large:
                # Compared with the medium while it was written.
                del expected[f"v{number}/{_CONTENT}/{file.stored_as}"]
        # Beside each other: the places are different disks at best.
        with ThreadPoolExecutor(len(stages), "ocfl-places") as pool:
            told = pool.map(lambda stage: read_back(stage, expected), stages)
            for stage, different in zip(stages, told, strict=True):
                if different:
                    raise CopyDiffers(stage, different)
        for root, stage in zip(roots, stages, strict=True):
            if prior is None:
                root.install_object(stage, object_id)
            else:
                root.install_version(stage / f"v{number}", object_id, number)
    return inventory


def _known(prior: Inventory | None, seal: Seal | None) -> dict[str, Held]:
    """Tell what of the object's bytes need not be stored again, by their plain SHA-256."""
    if seal:
        return {held.sha256: held for held in seal.held}
    known = prior.sha512_by_sha256() if prior else {}
    return {sha256: Held("", "", sha512, sha256) for sha256, sha512 in known.items()}


def _new_files(
    contents: Sequence[Content], known: Mapping[str, Held], prior: Inventory | None, seal: Seal | None
) -> list[NewContent]:
    """Tell the files whose bytes are new to the object, each once; numbered when they are to be sealed."""
    new: dict[str, Content] = {}
    for content in contents:
        if content.sha256 not in known:
            new.setdefault(content.sha256, content)
    if seal is None:
        return [NewContent(content, content.path) for content in new.values()]
    numbered = enumerate(new.values(), sealing.first_free_number(prior))
    return [NewContent(each, sealing.sealed_name(number, seal.recipient)) for number, each in numbered]


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
