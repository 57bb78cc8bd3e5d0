"""What an object says of itself: versions, the files in each, and the SHA-512 of every stored byte.

Source: OCFL 1.1, section 3.5.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from zhudang.preservation.ocfl.layout import INVENTORY_TYPE

INVENTORY = "inventory.json"
SIDECAR = "inventory.json.sha512"
_SHA512 = re.compile(rb"[0-9a-f]{128}")

LARGEST = 128 * 1024 * 1024
"""Bytes of an inventory at most: an object as full as it may be has fewer, and reading one takes many times its size."""
_LEADS_OUT = re.compile(r"(?:^|/)\.{0,2}(?:/|\Z)|[\\\x00\ud800-\udfff]")
"""A part that is empty, `.` or `..` (so also a slash at the start or the end), or what is no name of a file everywhere."""


class InventoryUnreadable(Exception):
    """An inventory that cannot be read as one; the message says what is wrong with it."""


@dataclass(frozen=True)
class Version:
    """One version of an object: its files by logical path, when, by whom, why.

    `state` maps logical path -> SHA-512 of the file's bytes.
    """

    created: datetime
    message: str
    user_name: str
    user_address: str
    state: Mapping[str, str]


@dataclass(frozen=True)
class Inventory:
    """An object's inventory.

    `manifest` maps stored path (relative to the object's folder) -> SHA-512; `fixity` the same path -> SHA-256.
    """

    object_id: str
    versions: Mapping[int, Version]
    manifest: Mapping[str, str]
    fixity: Mapping[str, str] = field(default_factory=dict)

    @property
    def head(self) -> int:
        """The newest version's number."""
        return max(self.versions)

    @property
    def state(self) -> Mapping[str, str]:
        """The newest version's files: logical path -> SHA-512."""
        return self.versions[self.head].state

    def stored_path(self, digest: str) -> str:
        """Tell where the bytes with this SHA-512 are stored, relative to the object's folder."""
        return self._by_digest[digest][0]

    def holds(self, digest: object) -> bool:
        """Whether bytes with this SHA-512 are stored."""
        return isinstance(digest, str) and digest in self._by_digest

    @cached_property
    def sha512(self) -> str:
        """The digest of the inventory's own bytes, as its sidecar names it."""
        return hashlib.sha512(self.to_json()).hexdigest()

    def sha512_by_sha256(self) -> dict[str, str]:
        """Tell the SHA-512 of the bytes already stored, by their SHA-256."""
        return {sha256: self.manifest[path] for path, sha256 in self.fixity.items()}

    @cached_property
    def _by_digest(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path, digest in self.manifest.items():
            found.setdefault(digest, []).append(path)
        return found

    def to_json(self) -> bytes:
        """Write the inventory as OCFL asks, sorted, so that the same object gives the same bytes anywhere."""
        document: dict[str, Any] = {
            "id": self.object_id,
            "type": INVENTORY_TYPE,
            "digestAlgorithm": "sha512",
            "head": f"v{self.head}",
            "manifest": _paths_by_digest(self.manifest),
            "versions": {f"v{number}": _version_json(version) for number, version in sorted(self.versions.items())},
        }
        if self.fixity:
            document["fixity"] = {"sha256": _paths_by_digest(self.fixity)}
        return ("".join(_lines(document, "")) + "\n").encode()


def sidecar(inventory_json: bytes) -> bytes:
    """Give the bytes of the sidecar that holds an inventory's own digest."""
    return sidecar_of(hashlib.sha512(inventory_json).hexdigest())


def sidecar_of(sha512: str) -> bytes:
    """Give the bytes of the sidecar of the inventory with this digest."""
    return f"{sha512} {INVENTORY}\n".encode()


def stated_in(sidecar_bytes: bytes) -> str:
    """The SHA-512 that a sidecar states; empty where it states none, as one written over with noise does."""
    words = sidecar_bytes.split(maxsplit=1)
    return words[0].decode() if words and _SHA512.fullmatch(words[0]) else ""


def sidecar_agrees(inventory_json: bytes, sidecar_bytes: bytes) -> bool:
    """Tell whether an inventory is the one its sidecar was written for."""
    return stated_in(sidecar_bytes) == hashlib.sha512(inventory_json).hexdigest()


def read_inventory(inventory_json: bytes) -> Inventory:
    """Read an inventory.

    Raises:
        InventoryUnreadable: not JSON, or a part that OCFL requires is missing or of the wrong shape.
    """
    if len(inventory_json) > LARGEST:
        raise InventoryUnreadable(f"more than {LARGEST} bytes")
    try:
        document = json.loads(inventory_json)
        if document["digestAlgorithm"] != "sha512":
            raise InventoryUnreadable("digestAlgorithm")
        inventory = Inventory(
            object_id=document["id"],
            versions={int(name.removeprefix("v")): _version(body) for name, body in document["versions"].items()},
            manifest=_digest_by_path(document["manifest"]),
            fixity=_digest_by_path(document.get("fixity", {}).get("sha256", {})),
        )
        if f"v{inventory.head}" != document["head"]:
            raise InventoryUnreadable("head")
        _refuse_incoherent(inventory)
        # Of the bytes that lie there: the same facts laid out otherwise are not what was written. `replace` digests anew.
        inventory.__dict__["sha512"] = hashlib.sha512(inventory_json).hexdigest()
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as problem:
        raise InventoryUnreadable(str(problem)) from problem
    return inventory


def leads_out(path: str) -> bool:
    """Whether a path might name what lies elsewhere than below its folder: copies come from others' hands."""
    return _LEADS_OUT.search(path) is not None


def _refuse_incoherent(inventory: Inventory) -> None:
    """Refuse an inventory that names no object, lacks versions, or speaks of bytes that its manifest does not name."""
    if not isinstance(inventory.object_id, str):
        raise InventoryUnreadable("id")
    inventory.object_id.encode()
    if inventory.versions.keys() != set(range(1, len(inventory.versions) + 1)):
        raise InventoryUnreadable("versions")
    stored = set(inventory.manifest.values())
    for number, version in inventory.versions.items():
        if not stored.issuperset(version.state.values()):
            raise InventoryUnreadable(f"v{number}: a digest that the manifest lacks")
    if not inventory.fixity.keys() <= inventory.manifest.keys():
        raise InventoryUnreadable("fixity: a path that the manifest lacks")


def _lines(value: Any, indent: str) -> Iterator[str]:
    """Write JSON with a line per member and lists in one line: readable, and quick at thousands of files."""
    if not isinstance(value, dict) or not value:
        yield json.dumps(value, ensure_ascii=False)
        return
    yield "{"
    for position, (key, item) in enumerate(value.items()):
        yield f"{',' if position else ''}\n{indent} {json.dumps(key, ensure_ascii=False)}: "
        yield from _lines(item, indent + " ")
    yield f"\n{indent}}}"


def _version_json(version: Version) -> dict[str, Any]:
    return {
        "created": version.created.isoformat(timespec="seconds"),
        "message": version.message,
        "user": {"name": version.user_name, "address": version.user_address},
        "state": _paths_by_digest(version.state),
    }


def _version(body: dict[str, Any]) -> Version:
    user = body.get("user", {})
    created = datetime.fromisoformat(body["created"])
    if created.tzinfo is None:
        raise InventoryUnreadable("created: no time zone")
    return Version(
        created=created,
        message=_text(body.get("message", "")),
        user_name=_text(user.get("name", "")),
        user_address=_text(user.get("address", "")),
        state=_digest_by_path(body["state"]),
    )


def _paths_by_digest(digests: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, digest in sorted(digests.items(), key=lambda item: (item[1], item[0])):
        found.setdefault(digest, []).append(path)
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InventoryUnreadable("not a text")
    return value


def _digest_by_path(block: Mapping[str, list[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for digest, paths in block.items():
        lower = digest.lower()
        for path in _list(paths):
            if leads_out(path):
                raise InventoryUnreadable(f"a path that leads out: {path[:200]!r}")
            found[path] = lower
    return found


def _list(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise InventoryUnreadable("not a list")
    return value
