"""What a package lies in, a folder or a ZIP file, seen alike: names, sizes, bytes. Nothing is ever unpacked."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Protocol

from zhudang.checks import limits
from zhudang.checks.zip_structure import ENCRYPTED_FLAG
from zhudang.checks.zips import shown_name, unsafe_name

CHUNK_BYTES = 1024 * 1024
TEXT_BYTES = 256 * 1024 * 1024
"""A list of files longer than this is not read: about two million entries."""
PLACEHOLDERS = frozenset({".gitkeep", ".keep", ".DS_Store", "Thumbs.db", "desktop.ini"})
"""Files that systems put into folders of their own accord; they hold nothing of the package."""


class Hasher(Protocol):
    """What hashlib gives, whatever its class."""

    @property
    def digest_size(self) -> int: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


Known = Mapping[str, Mapping[str, str]]
"""Digests already taken in this run: path on disk -> algorithm -> hex."""


class Unreadable(Exception):
    """A member, or the whole, that cannot be read; the message says why in the system's words."""


class Tree(ABC):
    """Files below one root. Paths are relative, with `/`, never empty.

    `files` maps path -> size in bytes; `folders` has every folder below the root; `special` what is neither, and
    links that lead outside; `closed` the folders whose names the system does not give, the root being the empty one.
    """

    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self.folders: set[str] = set()
        self.special: list[str] = []
        self.closed: list[str] = []

    @property
    def total_bytes(self) -> int:
        return sum(self.files.values())

    @abstractmethod
    def open(self, path: str) -> IO[bytes]:
        """The bytes of a file. Raises Unreadable."""

    def read(self, path: str, limit: int = TEXT_BYTES) -> bytes:
        """All bytes of a small file.

        Raises:
            Unreadable: not there, not readable, or longer than `limit`.
        """
        if self.files.get(path, 0) > limit:
            raise Unreadable(f"more than {limit} bytes")
        try:
            with self.open(path) as stream:
                return stream.read(limit + 1)
        except (OSError, zipfile.BadZipFile, RuntimeError, EOFError, NotImplementedError) as trouble:
            raise Unreadable(str(trouble)) from trouble

    def digests(self, path: str, algorithms: Iterable[str]) -> dict[str, str]:
        """Lowercase hex of one pass over the bytes, by algorithm (names as `hasher` knows them)."""
        wanted = sorted(set(algorithms))
        hashers = {name: hasher(name) for name in wanted}
        try:
            with self.open(path) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    for each in hashers.values():
                        each.update(chunk)
        except Unreadable:
            raise
        except Exception as trouble:  # zlib, lzma and bz2 raise their own
            raise Unreadable(str(trouble) or type(trouble).__name__) from trouble
        return {name: each.hexdigest() for name, each in hashers.items()}

    def digest_many(
        self, wanted: Mapping[str, Collection[str]]
    ) -> Iterator[tuple[str, Mapping[str, str] | Unreadable]]:
        """Digests of files that are there (path -> algorithms), in path order; what cannot be read says why."""
        for path in sorted(wanted):
            try:
                yield path, self.digests(path, wanted[path])
            except Unreadable as trouble:
                yield path, trouble

    def below(self, folder: str) -> Iterable[str]:
        """Paths of the files in `folder` and its folders."""
        start = f"{folder}/"
        return (path for path in self.files if path.startswith(start))

    def children(self, folder: str = "") -> tuple[list[str], list[str]]:
        """Names of files and of folders directly in `folder`, sorted."""
        start = f"{folder}/" if folder else ""
        names = sorted(p[len(start) :] for p in self.files if p.startswith(start) and "/" not in p[len(start) :])
        inner = sorted(p[len(start) :] for p in self.folders if p.startswith(start) and "/" not in p[len(start) :])
        return names, inner


class FolderTree(Tree):
    """A folder on disk; links to folders are not followed."""

    def __init__(self, root: Path, known: Known | None = None) -> None:
        super().__init__()
        self.root = root
        self._known = known or {}
        waiting = [(os.fspath(root), "")]
        while waiting:
            folder, prefix = waiting.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError:
                self.closed.append(prefix.rstrip("/"))
                continue  # what it holds is missed where it is named
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    self.folders.add(prefix + entry.name)
                    waiting.append((entry.path, f"{prefix}{entry.name}/"))
                else:
                    self._take(entry, prefix + entry.name)

    def _take(self, entry: os.DirEntry[str], name: str) -> None:
        try:
            status = entry.stat()
            outside = entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(self.root.resolve())
        except (OSError, RuntimeError):
            self.special.append(name)
            return
        if outside or not stat.S_ISREG(status.st_mode):
            self.special.append(name)
        else:
            self.files[name] = status.st_size

    def open(self, path: str) -> IO[bytes]:
        try:
            return (self.root / path).open("rb", buffering=0)
        except OSError as trouble:
            raise Unreadable(trouble.strerror or type(trouble).__name__) from trouble

    def digests(self, path: str, algorithms: Iterable[str]) -> dict[str, str]:
        wanted, known = set(algorithms), self._known.get(os.fspath(self.root / path), {})
        if wanted <= known.keys():
            return {name: known[name] for name in wanted}
        return super().digests(path, wanted)


class ZipTree(Tree):
    """A ZIP file, below one of its folders; members are addressed by our own paths, never written anywhere.

    Raises:
        Unreadable: no ZIP file, encrypted, unsafe names, or beyond the limits.
    """

    def __init__(self, path: Path, inside: str = "") -> None:
        super().__init__()
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as trouble:
            raise Unreadable(str(trouble)) from trouble
        self._members: dict[str, zipfile.ZipInfo] = {}
        members = self._zip.infolist()
        if len(members) > limits.MEMBERS or sum(info.file_size for info in members) > limits.TOTAL_BYTES:
            raise Unreadable("too large")
        for info in members:
            self._take(info, f"{inside}/" if inside else "")

    def _take(self, info: zipfile.ZipInfo, prefix: str) -> None:
        name = shown_name(info)
        if unsafe_name(name) or info.flag_bits & ENCRYPTED_FLAG:
            raise Unreadable(f"unsafe or encrypted: {name}"[:200])
        if not name.startswith(prefix) or name == prefix:
            return
        path = name[len(prefix) :].rstrip("/")
        parts = path.split("/")
        self.folders.update("/".join(parts[:end]) for end in range(1, len(parts)))
        if name.endswith("/"):
            self.folders.add(path)
        elif stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG) and info.create_system == 3:
            self.special.append(path)
        else:
            self.files[path] = info.file_size
            self._members[path] = info

    def open(self, path: str) -> IO[bytes]:
        if path not in self._members:
            raise Unreadable("no such member")
        try:
            return self._zip.open(self._members[path])
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as trouble:
            raise Unreadable(str(trouble)) from trouble


class UnknownAlgorithm(Exception):
    """A digest we cannot compute."""


def hasher(algorithm: str) -> Hasher:
    """A hasher by any name packages use: `sha-256`, `SHA256`, `blake2b-160`, `sha512/256`, `SM3`."""
    name = algorithm.lower().replace("-", "").replace("_", "").replace("/", "_")
    if name.startswith("blake2b") and name[7:].isdigit() and int(name[7:]) <= 512 and int(name[7:]) % 8 == 0:
        return hashlib.blake2b(digest_size=int(name[7:]) // 8)
    if name.startswith("sha3") and name[4:].isdigit():
        name = f"sha3_{name[4:]}"
    try:
        made = hashlib.new(name, usedforsecurity=False)
    except ValueError as unknown:
        raise UnknownAlgorithm(algorithm) from unknown
    if not made.digest_size:
        raise UnknownAlgorithm(algorithm)
    return made


def can_digest(algorithm: str) -> bool:
    try:
        hasher(algorithm)
    except UnknownAlgorithm:
        return False
    return True
