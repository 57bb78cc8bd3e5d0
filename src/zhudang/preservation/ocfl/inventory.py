"""What an object says of itself: versions, the files in each, and the SHA-512 of every stored byte.

Source: OCFL 1.1, section 3.5.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from zhudang.preservation.ocfl.layout import INVENTORY_TYPE

INVENTORY = "inventory.json"
SIDECAR = "inventory.json.sha512"


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
    """The digest that a sidecar states; empty where it states none."""
    words = sidecar_bytes.split()
    return words[0].decode("ascii", "replace") if words else ""


def sidecar_agrees(inventory_json: bytes, sidecar_bytes: bytes) -> bool:
    """Tell whether an inventory is the one its sidecar was written for."""
    return stated_in(sidecar_bytes) == hashlib.sha512(inventory_json).hexdigest()


def read_inventory(inventory_json: bytes) -> Inventory:
    """Read an inventory.

    Raises:
        InventoryUnreadable: not JSON, or a part that OCFL requires is missing or of the wrong shape.
    """
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
        # Of the bytes that lie there: the same facts laid out otherwise are not what was written. `replace` digests anew.
        inventory.__dict__["sha512"] = hashlib.sha512(inventory_json).hexdigest()
    except (KeyError, TypeError, ValueError, AttributeError, UnicodeDecodeError) as problem:
        raise InventoryUnreadable(str(problem)) from problem
    return inventory


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
    return Version(
        created=datetime.fromisoformat(body["created"]),
        message=body.get("message", ""),
        user_name=user.get("name", ""),
        user_address=user.get("address", ""),
        state=_digest_by_path(body["state"]),
    )


def _paths_by_digest(digests: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, digest in sorted(digests.items(), key=lambda item: (item[1], item[0])):
        found.setdefault(digest, []).append(path)
    return found


def _digest_by_path(block: Mapping[str, list[str]]) -> dict[str, str]:
    return {path: digest.lower() for digest, paths in block.items() for path in paths}
