"""OCFL objects and storage roots, versions 1.0 and 1.1, with the specification's own error and warning codes.

Findings carry the code in `data["ocfl"]` (several where one fact breaks several sentences).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from zhudang.checks.packages.model import Package
from zhudang.checks.packages.ocfl_inventory import Inventory, read_inventory, version_number
from zhudang.checks.packages.tree import PLACEHOLDERS, Unreadable, can_digest

DECLARATION = re.compile(r"0=ocfl_object_(.+)")
NAMASTE = re.compile(r"\d+=.*")
ROOT_DECLARATION = re.compile(r"0=ocfl_(\d.*)")
RELEASES = ("1.0", "1.1")
INVENTORY, EXTENSIONS, LOGS = "inventory.json", "extensions", "logs"
SIDECAR = re.compile(r"inventory\.json\.([a-z0-9][a-z0-9/-]*)")
SIDECAR_TEXT = re.compile(r"([0-9a-fA-F]+)[ \t]+inventory\.json\s*")
VERSION_FOLDER = re.compile(r"v\d+")
REGISTERED = frozenset(
    {
        "0001-digest-algorithms",
        "0002-flat-direct-storage-layout",
        "0003-hash-and-id-n-tuple-storage-layout",
        "0004-hashed-n-tuple-storage-layout",
        "0005-mutable-head",
        "0006-flat-omit-prefix-storage-layout",
        "0007-n-tuple-omit-prefix-storage-layout",
        "0008-schema-registry",
        "0009-digest-algorithms",
        "0010-differential-n-tuple-omit-prefix-storage-layout",
        "0011-direct-clean-path-layout",
        "0012-chunked-storage",
        "initial",
    }
)
MUTABLE_HEAD = "extensions/0005-mutable-head/head"


def recognises(names: list[str], folders: list[str]) -> bool:
    """Whether a folder with these children is an object, perhaps one that lost its declaration or inventory."""
    if any("=ocfl_object" in name and NAMASTE.fullmatch(name) for name in names):
        return True
    versions = any(VERSION_FOLDER.fullmatch(name) for name in folders)
    return INVENTORY in names and (versions or any(SIDECAR.fullmatch(name) for name in names))


def recognises_root(names: list[str]) -> bool:
    return any(ROOT_DECLARATION.fullmatch(name) for name in names) or "ocfl_layout.json" in names


def examine(package: Package, *, fixity: bool = True) -> Inventory | None:
    """Hold an object against the specification; gives its inventory when that could be read.

    Args:
        fixity: whether the digests of fixity blocks are computed too, beside those of the manifests.
    """
    release = _declaration(package)
    inventory = _inventory(package, "", release)
    _root_children(package, inventory)
    if inventory is None or not inventory.usable:
        return inventory
    stated = _earlier_inventories(package, inventory, release)
    _contents(package, inventory, stated)
    _digests(package, [inventory, *stated.values()], fixity=fixity)
    return inventory


def _declaration(package: Package) -> str:
    """Version the object declares; the newest when it declares none that is known."""
    names = [name for name in package.tree.children()[0] if NAMASTE.fullmatch(name)]
    found = [name for name in names if DECLARATION.fullmatch(name)]
    if not found:
        package.find("OCF-001", ocfl="E003", path=names[0] if names else "0=ocfl_object_…", why="no declaration")
        return RELEASES[-1]
    if len(found) > 1:
        package.find("OCF-001", ocfl="E003", path=found[1], why="more than one declaration")
    matched = DECLARATION.fullmatch(found[-1])
    release = package.version = matched[1] if matched else ""
    if release not in RELEASES:
        package.find("OCF-001", ocfl="E004 E006", path=found[-1], why="unknown version")
    content = _bytes(package, found[-1])
    if content != f"ocfl_object_{release}\n".encode():
        package.find("OCF-001", ocfl="E007", path=found[-1], why="content of the declaration")
    return release if release in RELEASES else RELEASES[-1]


def _bytes(package: Package, path: str) -> bytes | None:
    try:
        return package.tree.read(path)
    except Unreadable as trouble:
        package.find("PKG-002", path=path, why=str(trouble)[:200])
        return None


def _inventory(package: Package, folder: str, release: str, head: Inventory | None = None) -> Inventory | None:
    """Read the inventory of the object (`folder` empty) or of a version, and hold it against its sidecar."""
    prefix = f"{folder}/" if folder else ""
    path = f"{prefix}{INVENTORY}"
    if path not in package.tree.files:
        package.find("OCF-002", ocfl="E063", path=path, why="no inventory")
        return None
    if (raw := _bytes(package, path)) is None:
        return None
    inventory = read_inventory(package, path, raw, release, head)
    _sidecar(package, prefix, inventory)
    return inventory


def _sidecar(package: Package, prefix: str, inventory: Inventory | None) -> None:
    names = [path[len(prefix) :] for path in package.tree.files if path.startswith(f"{prefix}{INVENTORY}.")]
    algorithm = inventory.algorithm if inventory else None
    if algorithm is None:
        stated = next((found[1] for name in names if (found := SIDECAR.fullmatch(name))), None)
        algorithm = stated if stated and can_digest(stated) else None
    name = f"{INVENTORY}.{algorithm or 'sha512'}"
    path = f"{prefix}{name}"
    if path not in package.tree.files:
        package.find("OCF-002", ocfl="E058", path=path, why="no sidecar")
        return
    if (raw := _bytes(package, path)) is None or algorithm is None:
        return
    found = SIDECAR_TEXT.fullmatch(raw.decode("utf-8", "replace"))
    if not found:
        package.find("OCF-002", ocfl="E061", path=path, why="form of the sidecar")
        return
    digest, stated = package.tree.digests(f"{prefix}{INVENTORY}", [algorithm])[algorithm], found[1].lower()
    if digest != stated:
        ocfl = "E060" if prefix else "E060 E064"
        package.find("OCF-004", ocfl=ocfl, path=f"{prefix}{INVENTORY}", expected=stated, found=digest)


def _root_children(package: Package, inventory: Inventory | None) -> None:
    names, folders = package.tree.children()
    for name in names:
        known = DECLARATION.fullmatch(name) or name == INVENTORY or SIDECAR.fullmatch(name) or name in PLACEHOLDERS
        if not known:
            package.find("OCF-005", ocfl="E001", path=name)
    for name in folders:
        if name in (LOGS, EXTENSIONS):
            continue
        if not VERSION_FOLDER.fullmatch(name):
            package.find("OCF-005", ocfl="E001", path=f"{name}/")
        elif inventory is not None and inventory.usable and name not in inventory.versions:
            package.find("OCF-006", ocfl="E046", path=f"{name}/", why="version not in the inventory")
    for path in package.tree.special:
        package.find("OCF-005", ocfl="E090", path=path)
    _extensions(package, "E067", "W013")


def _extensions(package: Package, error: str, warning: str) -> None:
    names, folders = package.tree.children(EXTENSIONS)
    for name in names:
        if name not in PLACEHOLDERS:
            package.find("OCF-005", ocfl=error, path=f"{EXTENSIONS}/{name}")
    for name in folders:
        if name not in REGISTERED:
            package.find("OCF-007", ocfl=warning, path=f"{EXTENSIONS}/{name}/", why="not registered")
    if MUTABLE_HEAD in package.tree.folders:
        package.find("OCF-009", path=MUTABLE_HEAD)


def _earlier_inventories(package: Package, head: Inventory, release: str) -> dict[str, Inventory]:
    """Each version's own inventory: as the head says of the same versions, or beginning from an earlier form."""
    stated: dict[str, Inventory] = {}
    for version in head.versions:
        if version not in package.tree.folders and not any(package.tree.below(version)):
            package.find("OCF-003", ocfl="E010 E046", path=f"{version}/", listed="versions")
            continue
        path = f"{version}/{INVENTORY}"
        if path not in package.tree.files:
            package.find("OCF-007", ocfl="W010", path=path, why="no inventory of the version")
            continue
        if version == head.head:
            _same_as_head(package, head, path)
            continue
        earlier = _inventory(package, version, release, head)
        if earlier is not None and earlier.usable:
            _compare(package, head, earlier, version)
            stated[version] = earlier
    return stated


def _same_as_head(package: Package, head: Inventory, path: str) -> None:
    algorithm = [head.algorithm or "sha512"]
    if package.tree.digests(path, algorithm) != package.tree.digests(INVENTORY, algorithm):
        package.find("OCF-006", ocfl="E064", path=path, why="differs from the object's inventory")
    prefix = f"{head.head}/"
    _sidecar(package, prefix, head)


def _compare(package: Package, head: Inventory, earlier: Inventory, version: str) -> None:
    path = earlier.path
    if earlier.head != version:
        package.find("OCF-006", ocfl="E040", path=path, why=f"head {earlier.head}")
    if earlier.object_id != head.object_id:
        package.find("OCF-006", ocfl="E037", path=path, why="another id")
    if earlier.content_folder != head.content_folder:
        package.find("OCF-006", ocfl="E019 E020", path=path, why="another contentDirectory")
    if earlier.release and head.release and earlier.release > head.release:
        package.find("OCF-006", ocfl="E103", path=path, why="a later specification than its successor's")
    wanted = [name for name in head.versions if version_number(name) <= version_number(version)]
    if sorted(earlier.versions) != sorted(wanted):
        package.find("OCF-006", ocfl="E066", path=path, why="other versions")
    for name in wanted:
        if name in earlier.versions:
            _compare_version(package, head, earlier, name)


def _compare_version(package: Package, head: Inventory, earlier: Inventory, name: str) -> None:
    ours, theirs = head.versions[name], earlier.versions[name]
    if ours is theirs:
        return
    if ours.state.keys() != theirs.state.keys() or not all(
        _same_bytes(head, earlier, ours.state[path], theirs.state[path]) for path in ours.state
    ):
        package.find("OCF-006", ocfl="E066", path=earlier.path, why=f"another state of {name}")
    if (ours.message, ours.user, ours.created) != (theirs.message, theirs.user, theirs.created):
        package.find("OCF-007", ocfl="W011", path=earlier.path, why=f"other words about {name}")


def _same_bytes(head: Inventory, earlier: Inventory, ours: str, theirs: str) -> bool:
    """Whether two digests speak of the same file, also across a change of algorithm."""
    if head.algorithm == earlier.algorithm:
        return ours == theirs
    return bool(set(head.paths_of(ours)) & set(earlier.paths_of(theirs)))


def _contents(package: Package, head: Inventory, stated: dict[str, Inventory]) -> None:
    """Files under the versions against the manifests, and what else lies there."""
    listed, files = set(head.manifest), package.tree.files
    for version in head.versions:
        _version_children(package, version, head)
        for path in package.tree.below(f"{version}/{head.content_folder}"):
            if path not in listed:
                package.find("OCF-005", ocfl="E023", path=path)
    inside = re.compile(rf"v\d+/{re.escape(head.content_folder)}/").match
    stored = {path for path in files if inside(path)}
    for path in sorted(listed - files.keys()):
        package.find("OCF-003", ocfl="E092 E023", path=path, listed="manifest")
    for algorithm, entries in head.fixity.items():
        for path in sorted(entries.keys() - files.keys()):
            package.find("OCF-003", ocfl="E093", path=path, listed=f"fixity {algorithm}")
    for version, earlier in stated.items():
        last = version_number(version)
        for path in sorted(earlier.manifest.keys() - files.keys()):
            package.find("OCF-003", ocfl="E092 E023", path=path, listed=earlier.path)
        for path in sorted(stored - earlier.manifest.keys()):
            if version_number(path.partition("/")[0]) <= last:
                package.find("OCF-006", ocfl="E023", path=earlier.path, why=f"lacks {path}")
    _empty_folders(package, head)


def _version_children(package: Package, version: str, head: Inventory) -> None:
    names, folders = package.tree.children(version)
    for name in names:
        if name != INVENTORY and not SIDECAR.fullmatch(name) and name not in PLACEHOLDERS:
            package.find("OCF-005", ocfl="E015", path=f"{version}/{name}")
    for name in folders:
        if name != head.content_folder:
            package.find("OCF-007", ocfl="W002", path=f"{version}/{name}/", why="surplus folder")


def _empty_folders(package: Package, head: Inventory) -> None:
    filled = {
        "/".join(parts[:end]) for path in package.tree.files for parts in [path.split("/")] for end in _ends(parts)
    }
    for folder in sorted(package.tree.folders - filled):
        version, _, rest = folder.partition("/")
        if version in head.versions and rest == head.content_folder:
            package.find("OCF-007", ocfl="W003", path=folder, why="empty")
        elif version in head.versions and rest.startswith(f"{head.content_folder}/"):
            package.find("OCF-005", ocfl="E024", path=folder)


def _ends(parts: list[str]) -> Iterable[int]:
    return range(1, len(parts))


def _digests(package: Package, inventories: list[Inventory], *, fixity: bool) -> None:
    """Read each stored file once for all that any inventory says of it."""
    wanted: dict[str, list[tuple[str, str, str]]] = {}
    for inventory in inventories:
        if inventory.algorithm:
            for path, digest in inventory.manifest.items():
                wanted.setdefault(path, []).append((inventory.algorithm, digest.lower(), "E092"))
        for algorithm, entries in inventory.fixity.items() if fixity else ():
            if not can_digest(algorithm):
                package.find("OCF-010", algorithm=algorithm, path=inventory.path)
                continue
            for path, digest in entries.items():
                wanted.setdefault(path, []).append((algorithm, digest.lower(), "E093"))
    there = sorted(wanted.keys() & package.tree.files.keys())
    asked = {path: {algorithm for algorithm, _, _ in wanted[path]} for path in there}
    for path, found in package.tree.digest_many(asked):
        if isinstance(found, Unreadable):
            package.find("PKG-002", path=path, why=str(found)[:200])
            continue
        for algorithm, digest, code in wanted[path]:
            if found[algorithm] != digest:
                package.find("OCF-004", ocfl=code, path=path, expected=digest, found=found[algorithm])


def examine_root(package: Package, objects: Iterable[str], releases: dict[str, str | None]) -> None:
    """Hold a storage root against the specification; its objects have reports of their own.

    Args:
        objects: folders of the objects, relative to the root.
        releases: version each object declares.
    """
    names, _ = package.tree.children()
    declared = [found for name in names if (found := ROOT_DECLARATION.fullmatch(name))]
    if len(declared) != 1:
        package.find("OCF-001", ocfl="E069 E076", path="0=ocfl_1.1", why="declaration of the storage root")
    else:
        package.version = declared[0][1]
        if _bytes(package, declared[0][0]) != f"ocfl_{declared[0][1]}\n".encode():
            package.find("OCF-001", ocfl="E075 E080", path=declared[0][0], why="content of the declaration")
    if "ocfl_layout.json" in names:
        try:
            layout = json.loads(package.tree.read("ocfl_layout.json"))
            if not isinstance(layout, dict) or not {"extension", "description"} <= layout.keys():
                package.find("OCF-008", ocfl="E070 E071", path="ocfl_layout.json")
        except (ValueError, RecursionError, Unreadable):
            package.find("OCF-008", ocfl="E070", path="ocfl_layout.json")
    _extensions(package, "E112 E086", "W016")
    inside = tuple(f"{each}/" for each in objects)
    for path in package.tree.files:
        if "/" in path and not path.startswith((f"{EXTENSIONS}/", *inside)):
            package.find("OCF-008", ocfl="E072", path=path)
    for folder in sorted(package.tree.folders):
        holds = any(f"{folder}/".startswith(each) or each.startswith(f"{folder}/") for each in inside)
        if not holds and not folder.startswith(EXTENSIONS):
            package.find("OCF-008", ocfl="E073", path=folder)
    for path, release in releases.items():
        if package.version and release and release > package.version:
            package.find("OCF-008", ocfl="E081", path=path)
