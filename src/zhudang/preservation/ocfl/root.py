"""One place that holds objects: a folder with an OCFL storage root and, beside it, a folder for unfinished work.

    <place>/store/      the OCFL storage root, complete objects only
    <place>/staging/    versions being written; whatever lies here after a crash may be thrown away
    <place>/writer.lock held by the one process that writes; the system lets go of it when that process dies

Both must be on one file system: an object enters the store by a rename.
"""

import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from zhudang.preservation.ocfl import durable, layout, plain_files
from zhudang.preservation.ocfl.inventory import (
    INVENTORY,
    LARGEST,
    SIDECAR,
    Inventory,
    InventoryUnreadable,
    read_inventory,
    sidecar,
    sidecar_agrees,
)

_LARGEST_SIDECAR = 4096


class StoreFull(Exception):
    """A place has no room left; what was begun there has been taken away again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"no space left at {self.folder}"


class StoreUnreachable(Exception):
    """A place is not there, or is not a storage root of ours: a disk not mounted, a wrong folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"no storage root at {self.folder}"


class ObjectDamaged(Exception):
    """An object's own inventory cannot be trusted; only a good copy elsewhere can put it right."""

    def __init__(self, object_id: str, reason: str) -> None:
        super().__init__(f"{object_id}: {reason}")
        self.object_id = object_id
        self.reason = reason


class ObjectUnreadable(ObjectDamaged):
    """An object's inventory is there, and the system does not give it: a medium that fails, or rights that lack."""

    def __init__(self, object_id: str, problem: OSError) -> None:
        super().__init__(object_id, f"inventory not given: {problem.strerror or problem}")
        self.problem = problem


Unreadable = Callable[[Path, OSError], None]
"""Is told of a folder that cannot be listed."""


class StorageRoot:
    """A place for objects.

    Args:
        place: folder that holds `store/` and `staging/`.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.folder = place / "store"
        self.staging = place / "staging"
        self.lock: int | None = None
        """Descriptor of the lock while this is the only writer; a process given it holds the lock too."""

    @classmethod
    def create(cls, place: Path) -> "StorageRoot":
        """Make a place ready to hold objects; a place that is ready already stays as it is."""
        root = cls(place)
        durable.make_folders(root.folder)
        durable.make_folders(root.staging)
        for path, data in ((root.folder / name, data) for name, data in root.own_files().items()):
            durable.make_folders(path.parent)
            if not path.exists() or path.read_bytes() != data:
                durable.replace_durably(path, data)
        return root

    def own_files(self) -> dict[str, bytes]:
        """The store's own files with what they hold; the declaration last, since it says that all else is there."""
        return {
            f"extensions/{layout.EXTENSION}/config.json": layout.layout_config(),
            "ocfl_layout.json": layout.layout_file(),
            "README.txt": readme(),
            layout.ROOT_DECLARATION: layout.ROOT_DECLARATION_TEXT,
        }

    def own_paths(self) -> frozenset[str]:
        """The names at the store's top that its own files have, or have while they are written."""
        tops = {Path(path).parts[0] for path in self.own_files()}
        return frozenset(tops | {f"{name}.new" for name in tops})

    @classmethod
    def open(cls, place: Path) -> "StorageRoot":
        """Give an existing place.

        Raises:
            StoreUnreachable: there is no storage root; nothing is made, so an unmounted disk is never mistaken for
                an empty archive.
        """
        root = cls(place)
        if not (root.folder / layout.ROOT_DECLARATION).is_file():
            raise StoreUnreachable(place)
        return root

    @contextmanager
    def only_writer(self) -> Iterator[None]:
        """Wait until nobody else writes here, then be the only one; clear what a crashed writer left.

        Everything that writes to a place does so inside; readers need no lock, objects enter by a rename.

        Raises:
            StoreUnreachable: the storage root is gone, and nothing is made where it was: a disk was taken away.
        """
        self.refuse_gone()
        durable.make_folders(self.staging)
        descriptor = os.open(self.place / "writer.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self.clear_staging()
            self.lock = descriptor
            yield
        finally:
            self.lock = None
            os.close(descriptor)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one to change folders that several objects share: the only writer may have several hands."""
        descriptor = os.open(self.staging, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @property
    def is_there(self) -> bool:
        """Whether the storage root is (still) at its place; a damaged declaration is one all the same."""
        try:
            return (self.folder / layout.ROOT_DECLARATION).is_file()
        except OSError:
            return False

    def refuse_gone(self) -> None:
        """Raise StoreUnreachable where the storage root is not at its place any more."""
        if not self.is_there:
            raise StoreUnreachable(self.place)

    def object_folder(self, object_id: str) -> Path:
        """Tell where an object lies, or would lie."""
        return self.folder / layout.object_path(object_id)

    def link_to(self, object_id: str) -> Path | None:
        """Tell the symbolic link through which an object's folder would be reached; what lies behind it is no copy at this place."""
        folder, below = self.folder, layout.object_path(object_id)
        for name in Path(below).parts:
            folder /= name
            if folder.is_symlink():
                return folder
        return None

    def mended_inventory(self, object_id: str) -> Inventory | None:
        """As `inventory`, after `mend`; only inside `only_writer`."""
        self.mend(object_id)
        return self.inventory(object_id)

    def mend(self, object_id: str) -> None:
        """Finish what a crashed writer left half way at this object; only inside `only_writer`."""
        folder = self.object_folder(object_id)
        if folder.is_dir():
            self._roll_forward(object_id, folder)
        else:
            with self._alone():
                self._remove_empty_folders(folder.parent)

    def inventory(self, object_id: str) -> Inventory | None:
        """Read an object's inventory; None when this place does not hold the object.

        Raises:
            ObjectDamaged: the object is there, but its inventory is missing, unreadable or not the one its sidecar
                names, and no complete version can settle it.
        """
        folder = self.object_folder(object_id)
        if not folder.is_dir():
            return None
        return read_root_inventory(object_id, folder)

    def objects(self, unreadable: Unreadable | None = None) -> Iterator[Path]:
        """Walk the folders of all objects, in the order of their paths, at flat memory.

        Args:
            unreadable: is told of folders that cannot be listed, and the walk goes on; without it, that is an OSError.
        """
        for first in _folders(self.folder, unreadable):
            if first.name == "extensions":
                continue
            for second in _folders(first, unreadable):
                for third in _folders(second, unreadable):
                    yield from _folders(third, unreadable)

    def new_staging(self) -> Path:
        """Make an empty folder for work that is not yet part of the store.

        Raises:
            StoreUnreachable: the place is gone.
        """
        folder = self.staging / uuid.uuid4().hex
        try:
            folder.mkdir()
        except FileNotFoundError as gone:
            raise StoreUnreachable(self.place) from gone
        return folder

    def clear_staging(self) -> int:
        """Throw away what crashed writers left; tell how many folders. Only while nobody writes to this place."""
        left = list(_folders(self.staging))
        for folder in left:
            shutil.rmtree(folder)
        return len(left)

    def install_object(self, staged: Path, object_id: str) -> None:
        """Move a complete, synced new object from staging into the store in one step.

        Folders that are to hold it and are not there yet are made around it first and enter with it: OCFL allows no
        empty folder in a store (1.1, E073), also not for the moment in which a machine may stop.
        """
        target = self.object_folder(object_id)
        with self._alone():
            while not target.parent.is_dir():
                if target.parent == self.folder:
                    raise StoreUnreachable(self.place)
                wrapped = self.new_staging()
                staged.rename(wrapped / target.name)
                durable.sync_folder(wrapped)
                staged, target = wrapped, target.parent
            staged.rename(target)
            durable.sync_folder(target.parent)

    def install_version(self, staged_version: Path, object_id: str, number: int) -> None:
        """Move a complete, synced version folder into its object, then make it the head.

        A crash between the two steps is mended by the next `mended_inventory()`: the version folder is complete, and its
        own inventory says what the head must be.
        """
        folder = self.object_folder(object_id)
        target = folder / f"v{number}"
        staged_version.rename(target)
        durable.sync_folder(folder)
        _raise_head(folder, (target / INVENTORY).read_bytes())

    def free_bytes(self) -> int:
        """Tell the room left for us at this place."""
        return shutil.disk_usage(self.place).free

    def _remove_empty_folders(self, folder: Path) -> None:
        """Remove folders that an object left when it was set aside and its replacement never came."""
        while folder != self.folder:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return
            else:
                durable.sync_folder(folder.parent)
            folder = folder.parent

    def _roll_forward(self, object_id: str, folder: Path) -> None:
        """Finish a version whose folder is complete while the object's own inventory is still the older one."""
        number = _newest_version(folder)
        if number is None:
            return
        version = folder / f"v{number}"
        try:
            newest = (version / INVENTORY).read_bytes()
            agrees = sidecar_agrees(newest, (version / SIDECAR).read_bytes())
            current = (folder / INVENTORY).read_bytes()
            current_sidecar = (folder / SIDECAR).read_bytes()
        except FileNotFoundError:
            return
        if current == newest and current_sidecar == sidecar(newest):
            return
        settled = sidecar_agrees(current, current_sidecar)
        if agrees and (settled or current == newest) and _follows(object_id, newest, current, number):
            _raise_head(folder, newest)


def read_root_inventory(object_id: str, folder: Path) -> Inventory:
    """Read the inventory at the top of an object's folder, checked against its sidecar.

    Raises:
        ObjectDamaged, ObjectUnreadable.
    """
    try:
        data = plain_files.read(folder / INVENTORY, LARGEST)
        beside = plain_files.read(folder / SIDECAR, _LARGEST_SIDECAR)
    except FileNotFoundError as missing:
        raise ObjectDamaged(object_id, "inventory missing") from missing
    except OSError as problem:
        raise ObjectUnreadable(object_id, problem) from problem
    return trusted_inventory(object_id, data, beside)


def trusted_inventory(object_id: str, data: bytes, beside: bytes) -> Inventory:
    """Read an object's inventory that its sidecar confirms.

    Args:
        object_id: the id it must name; empty when it is to be learned.

    Raises:
        ObjectDamaged.
    """
    if not sidecar_agrees(data, beside):
        raise ObjectDamaged(object_id, "inventory does not agree with its sidecar")
    try:
        inventory = read_inventory(data)
    except InventoryUnreadable as problem:
        raise ObjectDamaged(object_id, f"inventory unreadable: {problem}") from problem
    if object_id and inventory.object_id != object_id:
        raise ObjectDamaged(object_id, "inventory names another object")
    return inventory


def readme() -> bytes:
    """Give the text at the top of every store: how to read it with standard tools, in Chinese and English."""
    return resources.files("zhudang.preservation.ocfl").joinpath("README.store.txt").read_bytes()


def known_texts() -> list[str]:
    """The SHA-256 of every text that ever stood at the top of a store: an older one is ours too."""
    listed = resources.files("zhudang.preservation.ocfl").joinpath("README.known.txt").read_text(encoding="ascii")
    return listed.split()


def is_no_space(problem: OSError) -> bool:
    """Tell whether a failure of the system means that a disk or a quota is full."""
    return problem.errno in {errno.ENOSPC, errno.EDQUOT}


def _raise_head(folder: Path, newest: bytes) -> None:
    durable.replace_durably(folder / INVENTORY, newest)
    durable.replace_durably(folder / SIDECAR, sidecar(newest))


def _follows(object_id: str, newest: bytes, current: bytes, number: int) -> bool:
    """Tell whether `newest` is this object's next inventory after `current` (or the very one, its sidecar late)."""
    try:
        later, earlier = read_inventory(newest), read_inventory(current)
    except InventoryUnreadable:
        return False
    return later.object_id == object_id and later.head == number and earlier.head in {number - 1, number}


def _newest_version(folder: Path) -> int | None:
    numbers = [int(item.name[1:]) for item in _folders(folder) if item.name[0] == "v" and item.name[1:].isdecimal()]
    return max(numbers, default=None)


def _folders(folder: Path, unreadable: Unreadable | None = None) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError as problem:
        if unreadable is None:
            raise
        unreadable(folder, problem)
        names = []
    return (folder / name for name in names)
