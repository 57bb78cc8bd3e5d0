"""An OCFL inventory read and judged: shape, identifiers, versions, paths, digests as written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeGuard

from zhudang.checks.packages.model import Package
from zhudang.checks.packages.tree import can_digest, hasher

ALGORITHMS = ("sha512", "sha256")
TYPE = re.compile(r"https://ocfl\.io/(1\.\d+)/spec/#inventory")
VERSION = re.compile(r"v(0*)([1-9]\d*)")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
WRONG_PART = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")
"""A part of a path that is empty, `.` or `..`: also a slash at the start or the end."""
NOTHING: Any = object()


@dataclass(frozen=True)
class Version:
    """`state` maps logical path -> digest as the manifest writes it, lowercase."""

    state: Mapping[str, str]
    created: Any = None
    message: Any = None
    user: Any = None


@dataclass
class Inventory:
    """What could be read; `usable` when enough of it holds to go on with the files.

    `manifest` maps stored path -> digest (lowercase); `fixity` algorithm -> the same; `written` version -> its body
    as it stands in the document, of the object's own inventory only.
    """

    path: str
    object_id: Any = None
    release: str | None = None
    algorithm: str | None = None
    head: str | None = None
    content_folder: str = "content"
    manifest: dict[str, str] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    written: Mapping[str, Any] = field(default_factory=dict)
    fixity: dict[str, dict[str, str]] = field(default_factory=dict)
    usable: bool = False
    _by_digest: dict[str, list[str]] = field(default_factory=dict)

    def paths_of(self, digest: str) -> list[str]:
        if not self._by_digest:
            for path, each in self.manifest.items():
                self._by_digest.setdefault(each, []).append(path)
        return self._by_digest.get(digest, [])


def version_number(name: str) -> int:
    return int(name[1:])


def read_inventory(
    package: Package, path: str, raw: bytes, release: str, head: Inventory | None = None
) -> Inventory | None:
    """Read and judge one inventory; None when it is no JSON object.

    Args:
        head: the object's inventory, when this is a version's own: what it says alike was judged there.
    """
    try:
        document = json.loads(raw.decode("utf-8"), object_pairs_hook=_once)
    except _Twice as twice:
        package.find("OCF-002", ocfl="E033 E096", path=path, why=f"twice: {twice}"[:200])
        return None
    except (ValueError, RecursionError) as trouble:
        package.find("OCF-002", ocfl="E033 E034", path=path, why=str(trouble)[:100])
        return None
    if not isinstance(document, dict):
        package.find("OCF-002", ocfl="E033 E034", path=path, why="not an object")
        return None
    return _Reader(package, path, document, release, head).read()


class _Twice(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def _texts(paths: Any) -> TypeGuard[list[str]]:
    if not isinstance(paths, list):
        return False
    return type(paths[0]) is str if len(paths) == 1 else all(isinstance(path, str) for path in paths)


class _Reader:
    def __init__(
        self, package: Package, path: str, document: dict[str, Any], release: str, head: Inventory | None
    ) -> None:
        self.package, self.document, self.release, self.head = package, document, release, head
        self.inventory = Inventory(path)

    def wrong(self, ocfl: str, why: str, code: str = "OCF-002") -> None:
        self.package.find(code, ocfl=ocfl, path=self.inventory.path, why=why[:200])

    def advise(self, ocfl: str, why: str) -> None:
        self.wrong(ocfl, why, "OCF-007")

    def read(self) -> Inventory:
        document, inventory = self.document, self.inventory
        self._identity()
        self._content_folder()
        manifest, versions = document.get("manifest", NOTHING), document.get("versions", NOTHING)
        spelled = self._manifest(manifest)
        names = self._version_names(versions)
        self._head(names)
        used: set[str] = set()
        for name in names:
            inventory.versions[name] = self._judged(name, versions[name], spelled, used) or self._version(
                name, versions[name], spelled, used
            )
        if self.head is None and names:
            inventory.written = versions
        for digest in sorted({each.lower() for each in spelled} - used):
            self.wrong("E107", f"digest in no version: {digest[:16]}…")
        self._fixity(document.get("fixity", NOTHING))
        inventory.usable = bool(isinstance(manifest, dict) and names and inventory.algorithm)
        return inventory

    def _identity(self) -> None:
        inventory = self.inventory
        for name in ("id", "type", "digestAlgorithm", "head"):
            if name not in self.document:
                self.wrong("E036", f"no {name}")
        inventory.object_id = self.document.get("id")
        if "id" in self.document:
            if not isinstance(inventory.object_id, str) or not inventory.object_id:
                self.wrong("E037", "id")
            elif not URI.fullmatch(inventory.object_id):
                self.advise("W005", f"id {inventory.object_id} is no URI")
        kind = self.document.get("type", NOTHING)
        if kind is not NOTHING:
            found = TYPE.fullmatch(kind) if isinstance(kind, str) else None
            inventory.release = found[1] if found else None
            root = "/" not in inventory.path
            if not found or (root and found[1] != self.release) or found[1] not in ("1.0", "1.1"):
                self.wrong("E038", f"type {kind}")
        algorithm = self.document.get("digestAlgorithm", NOTHING)
        if algorithm is NOTHING:
            return
        if algorithm not in ALGORITHMS:
            self.wrong("E025 E039", f"digestAlgorithm {algorithm}")
            return
        inventory.algorithm = algorithm
        if algorithm != "sha512":
            self.advise("W004", f"digestAlgorithm {algorithm}")

    def _content_folder(self) -> None:
        name = self.document.get("contentDirectory", "content")
        if not isinstance(name, str) or "/" in name or not name:
            self.wrong("E017", f"contentDirectory {name}")
        elif name in (".", ".."):
            self.wrong("E018", f"contentDirectory {name}")
        else:
            self.inventory.content_folder = name

    def _head(self, names: list[str]) -> None:
        if "head" not in self.document:
            return
        head = self.document["head"]
        if not isinstance(head, str) or not VERSION.fullmatch(head):
            self.wrong("E040", f"head {head}")
            return
        self.inventory.head = head
        if names and head != max(names, key=version_number):
            self.wrong("E040", f"head {head}")

    def _version_names(self, versions: Any) -> list[str]:
        """Names of the versions in order; complains of gaps and of padding that changes."""
        if versions is NOTHING:
            self.wrong("E041 E043", "no versions")
            return []
        if not isinstance(versions, dict):
            self.wrong("E044", "versions is no object")
            return []
        if not versions:
            self.wrong("E008", "no version")
            return []
        names = [name for name in versions if VERSION.fullmatch(name)]
        for name in versions.keys() - set(names):
            self.wrong("E046 E009" if name == "v0" else "E046", f"version {name}")
        names.sort(key=version_number)
        self._padding(names)
        numbers = [version_number(name) for name in names]
        if numbers and numbers[0] != 1:
            self.wrong("E009", f"first version {names[0]}")
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))) if numbers else False:
            self.wrong("E010", f"versions {', '.join(names)}")
        return names

    def _padding(self, names: list[str]) -> None:
        padded = [name for name in names if name[1] == "0"]
        if not padded:
            return
        self.advise("W001", f"versions like {padded[0]}")
        if len({len(name) for name in names}) > 1 or len(padded) != len(names):
            self.wrong("E011 E012 E013", f"versions {', '.join(names)}")

    def _manifest(self, manifest: Any) -> dict[str, str]:
        """Read the manifest; gives its digests as they are spelled -> lowercase."""
        if manifest is NOTHING:
            self.wrong("E041", "no manifest")
            return {}
        if not isinstance(manifest, dict):
            self.wrong("E041 E106", "manifest is no object")
            return {}
        spelled: dict[str, str] = {}
        seen: set[str] = set()
        for digest, paths in self._block(manifest, self.inventory.algorithm, "E096", "E092"):
            spelled[digest] = digest.lower()
            self._stored_paths(paths, digest, seen, self.inventory.manifest)
        self._conflicts(self.inventory.manifest, "E101")
        return spelled

    def _block(self, block: dict[str, Any], algorithm: str | None, twice: str, form: str) -> Iterator[tuple[str, Any]]:
        """Digests and their paths; the same digest in another case is one digest twice."""
        width = hasher(algorithm).digest_size * 2 if algorithm else None
        seen: set[str] = set()
        for digest, paths in block.items():
            if digest.lower() in seen:
                self.wrong(twice, f"digest twice: {digest[:16]}…")
            seen.add(digest.lower())
            if width and not re.fullmatch(rf"[0-9a-fA-F]{{{width}}}", digest):
                self.wrong(form, f"no {algorithm} digest: {digest[:40]}")
            yield digest, paths

    def _stored_paths(self, paths: Any, digest: str, seen: set[str], into: dict[str, str]) -> None:
        if not _texts(paths):
            self.wrong("E034 E057", f"paths of {digest[:16]}…")
            return
        lower = digest.lower()
        for path in paths:
            if WRONG_PART.search(path):
                self.wrong("E100" if path.startswith("/") or path.endswith("/") else "E099", f"path {path}")
                continue
            if path in seen and into is self.inventory.manifest:
                self.wrong("E101", f"path twice: {path}")
            elif not self._inside_content(path):
                self.wrong("E042", f"path {path}")
            seen.add(path)
            into[path] = lower

    @cached_property
    def _inside_content(self) -> Callable[[str], re.Match[str] | None]:
        return re.compile(rf"{VERSION.pattern}/{re.escape(self.inventory.content_folder)}/").match

    def _conflicts(self, paths: Mapping[str, str], code: str) -> None:
        """A path that is also the folder of another."""
        folders: set[str] = set()
        for path in paths:
            end = path.rfind("/")
            while end > 0 and path[:end] not in folders:
                folders.add(path[:end])
                end = path.rfind("/", 0, end)
        for path in sorted(folders & paths.keys()):
            self.wrong(code, f"file and folder: {path}")

    def _judged(self, name: str, body: Any, spelled: Mapping[str, str], used: set[str]) -> Version | None:
        """A version that the object's inventory writes the same way, word for word; None when it does not."""
        if self.head is None or self.head.algorithm != self.inventory.algorithm or name not in self.head.versions:
            return None
        if body != self.head.written.get(name) or not isinstance(body, dict):
            return None
        state = body.get("state")
        if not isinstance(state, dict) or not state.keys() <= spelled.keys():
            return None
        used.update(spelled[digest] for digest in state)
        return self.head.versions[name]

    def _version(self, name: str, body: Any, spelled: dict[str, str], used: set[str]) -> Version:
        if not isinstance(body, dict):
            self.wrong("E047", f"{name} is no object")
            return Version({})
        state = body.get("state", NOTHING)
        if state is NOTHING:
            self.wrong("E048", f"{name}: no state")
        self._created(name, body)
        self._words(name, body)
        found: dict[str, str] = {}
        if isinstance(state, dict):
            seen: set[str] = set()
            for digest, paths in state.items():
                lower = digest.lower()
                if lower in seen:
                    self.wrong("E050 E095", f"{name}: digest twice: {digest[:16]}…")
                seen.add(lower)
                if digest not in spelled:
                    self.wrong("E050", f"{name}: digest not in the manifest: {digest[:16]}…")
                used.add(lower)
                self._logical_paths(name, paths, digest, found)
            self._conflicts(found, "E095")
        elif state is not NOTHING:
            self.wrong("E050", f"{name}: state is no object")
        return Version(found, body.get("created"), body.get("message"), body.get("user"))

    def _logical_paths(self, name: str, paths: Any, digest: str, found: dict[str, str]) -> None:
        if not _texts(paths):
            self.wrong("E050 E051", f"{name}: paths of {digest[:16]}…")
            return
        lower = digest.lower()
        for path in paths:
            if WRONG_PART.search(path):
                ends = path.startswith("/") or path.endswith("/")
                self.wrong("E053" if ends else "E052", f"{name}: {path}")
            if path in found:
                self.wrong("E095", f"{name}: path twice: {path}")
            found[path] = lower

    def _created(self, name: str, body: dict[str, Any]) -> None:
        created = body.get("created", NOTHING)
        if created is NOTHING:
            self.wrong("E048", f"{name}: no created")
            return
        good = isinstance(created, str) and MOMENT.fullmatch(created)
        if good:
            try:
                datetime.fromisoformat(created)
            except ValueError:
                good = None
        if not good:
            self.wrong("E049", f"{name}: created {created}")

    def _words(self, name: str, body: dict[str, Any]) -> None:
        if "message" in body and not isinstance(body["message"], str):
            self.wrong("E094", f"{name}: message")
        missing = [each for each in ("message", "user") if each not in body]
        if missing:
            self.advise("W007", f"{name}: no {', '.join(missing)}")
        if "user" not in body:
            return
        user = body["user"]
        if not isinstance(user, dict) or not isinstance(user.get("name"), str) or not user["name"]:
            self.wrong("E054", f"{name}: user")
            return
        address = user.get("address", "")
        if not isinstance(address, str):
            self.wrong("E054", f"{name}: address {address}")
        elif not address:
            self.advise("W008", f"{name}: no address of the user")
        elif not URI.fullmatch(address):
            self.advise("W009", f"{name}: address {user['address']}")

    def _fixity(self, fixity: Any) -> None:
        if fixity is NOTHING:
            return
        if not isinstance(fixity, dict):
            self.wrong("E111 E056", "fixity is no object")
            return
        for algorithm, block in fixity.items():
            if not isinstance(block, dict):
                self.wrong("E056 E057", f"fixity {algorithm}")
                continue
            if not can_digest(algorithm) and not any(self.package.tree.below("extensions")):
                self.wrong("E056", f"fixity {algorithm}: unknown algorithm, and no extension that names it")
            into = self.inventory.fixity.setdefault(algorithm, {})
            seen: set[str] = set()
            for digest, paths in self._block(block, None, "E097", "E093"):
                self._stored_paths(paths, digest, seen, into)
