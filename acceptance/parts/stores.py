"""What must hold of the stores and keys after every kill, asked of the bytes themselves; and the damage that is done on purpose."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acceptance.parts.invariants import asked

OTHERS = 4
"""So many objects of earlier cycles are read after every kill, besides those of this one."""


@dataclass
class Stores:
    """Three sites and the custodians' shares.

    Args:
        hurt: copies (site, object) that were damaged or removed on purpose and are not mended yet.
        files: files told to be kept, with the SHA-256 of what was sent.
    """

    places: Mapping[str, Path]
    shares: list[str]
    hurt: set[tuple[str, str]] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    transfer: str = ""

    def tell(self, handed: Mapping[str, Any]) -> None:
        """Take in what was handed over now."""
        self.files |= handed["files"]
        self.transfer = str(handed["transfer"])

    # ── damage ──────────────────────────────────────────────────────────────────────────────────────────────────

    def lose_some(self, site: str, rng: random.Random) -> None:
        """Take a third of the objects away at a site that holds copies nobody else needs."""
        for object_id, folder in self._objects(site):
            if rng.random() < 0.33:
                shutil.rmtree(folder)
                self.hurt.add((site, object_id))

    def hurt_some(self, sites: tuple[str, ...], rng: random.Random) -> None:
        """Change, cut or remove a file of half of the objects, each at one site."""
        for object_id, _folder in list(self._objects(sites[0])):
            if rng.random() < 0.5:
                continue
            site = rng.choice(sites)
            folder = dict(self._objects(site))[object_id]
            path = rng.choice(sorted(each for each in folder.rglob("*") if each.is_file()))
            data = path.read_bytes()
            match rng.choice(("remove", "cut", "change")):
                case "remove":
                    path.unlink()
                case "cut":
                    path.write_bytes(data[: len(data) // 2])
                case _:
                    path.write_bytes(bytes([data[0] ^ 255]) + data[1:])
            self.hurt.add((site, object_id))

    def mended(self) -> None:
        """What was damaged must be sound from now on."""
        self.hurt.clear()

    def _objects(self, site: str) -> Iterator[tuple[str, Path]]:
        from zhudang.preservation.models import ArchivalObject
        from zhudang.preservation.ocfl.root import StorageRoot

        root = StorageRoot.open(self.places[site])
        for object_id in asked(lambda: sorted(ArchivalObject.objects.values_list("ocfl_id", flat=True))):
            if (folder := root.object_folder(object_id)).is_dir():
                yield object_id, folder

    # ── questions ───────────────────────────────────────────────────────────────────────────────────────────────

    def broken(self, rng: random.Random) -> list[str]:
        """Everything that is not as promised, while work may be half done; an empty list when all is well."""
        return asked(lambda: [*self._called_verified(rng), *self._keys()])

    def not_whole(self) -> list[str]:
        """Everything that is not as if nobody had been killed, when all work is at its end."""
        return asked(lambda: [*self._called_verified(None), *self._keys(), *self._left_behind(), *self._read_back()])

    def _called_verified(self, rng: random.Random | None) -> Iterator[str]:
        """What a row calls verified is sound to the byte, and the version it names is in it; with `rng`, only some."""
        from zhudang.preservation.models import Copy

        copies = list(Copy.objects.filter(state="verified").select_related("object", "site"))
        if rng is not None:
            newest = sorted({copy.object_id for copy in copies}, key=str)[-6:]
            some = {*newest, *(copy.object_id for copy in rng.sample(copies, min(OTHERS, len(copies))))}
            copies = [copy for copy in copies if copy.object_id in some]
        sound: set[Any] = set()
        for copy in copies:
            wrong = self._wrong_with(copy)
            if not wrong:
                sound.add(copy.object_id)
            elif (copy.site.code, copy.object.ocfl_id) not in self.hurt:
                yield f"{copy.object.ocfl_id} at {copy.site.code} is called verified: {wrong}"
        for copy in copies:
            if copy.object_id not in sound:
                yield f"{copy.object.ocfl_id} has no sound copy anywhere"

    def _wrong_with(self, copy: Any) -> str:
        from zhudang.preservation.ocfl.root import StorageRoot
        from zhudang.preservation.ocfl.verifier import verify_object

        root = StorageRoot.open(self.places[copy.site.code])
        folder = root.object_folder(copy.object.ocfl_id)
        found = verify_object(folder, object_id=copy.object.ocfl_id)
        if not found.sound or found.inventory is None:
            return str([(each.code, each.path) for each in found.damages][:3])
        named = folder / f"v{copy.version}" / "inventory.json"
        if not named.is_file() or hashlib.sha512(named.read_bytes()).hexdigest() != copy.inventory_sha512:
            return f"version {copy.version} is not the one the row names"
        return ""

    def _keys(self) -> Iterator[str]:
        """Every key file at every site opens with the working key at hand, and with the shares; so does the index of an object."""
        from zhudang.preservation.keys import of_copy, wrapping

        working = wrapping.working_identities()
        recovery = of_copy.opener_by_shares(self.shares)
        for name, folder in [("keys", wrapping.folder()), *((code, at / "store") for code, at in self.places.items())]:
            if not (folder / "keys.json").exists():
                continue
            for by, opener in (("the working key", working), ("the shares", recovery)):
                found, shut = of_copy.open_class_keys(folder, opener)
                if shut or not found:
                    yield f"at {name} {by} does not open {shut or 'any key'}"

    def _left_behind(self) -> Iterator[str]:
        """All copies are there in the newest version, nothing lies in staging, and stores hold nothing that rows do not know."""
        from zhudang.preservation.models import ArchivalObject
        from zhudang.preservation.ocfl.reader import object_inventories
        from zhudang.preservation.ocfl.root import StorageRoot

        known = dict(ArchivalObject.objects.values_list("ocfl_id", "inventory_sha512"))
        for code, path in self.places.items():
            root = StorageRoot.open(path)
            with root.only_writer():
                pass  # as the next writer does: what a dead one left in staging is thrown away
            if left := list((path / "staging").glob("*")):
                yield f"{len(left)} folders are left in the staging of {code}"
            found = {inventory.object_id: inventory.sha512 for _folder, inventory in object_inventories(root)}
            if strange := found.keys() - known.keys():
                yield f"{code} holds {len(strange)} objects that no row knows"
            # A set that lies apart between its call-ins may lag with catalogues written since.
            behind = [each for each in known if found.get(each) != known[each]] if code != "c" else []
            if behind:
                yield f"{code} is behind with {len(behind)} objects: {behind[:2]}"

    def _read_back(self) -> Iterator[str]:
        """Every file told is in a volume at site a, under the digest of what was sent."""
        from zhudang.preservation.keys import keyring
        from zhudang.preservation.ocfl.reader import all_held, object_inventories
        from zhudang.preservation.ocfl.root import StorageRoot

        root = StorageRoot.open(self.places["a"])
        keys = keyring.identities([root])
        there = {held.sha256 for folder, inventory in object_inventories(root) for held in all_held(folder, inventory, keys)}  # fmt: skip
        if missing := set(self.files.values()) - there:
            yield f"{len(missing)} files told are in no object of site a"
