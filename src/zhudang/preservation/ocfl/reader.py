"""Bytes back out of a store, by the names an object gives them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, read_root_inventory


def object_inventories(root: StorageRoot) -> Iterator[tuple[Path, Inventory]]:
    """Walk all objects of a place with their inventories; objects whose inventory cannot be trusted are left out.

    Leaving out is right for looking around; what is damaged is the verifier's to say.
    """
    for folder in root.objects():
        try:
            yield folder, read_root_inventory("", folder)
        except ObjectDamaged:
            continue


def stored_file(folder: Path, inventory: Inventory, logical_path: str) -> Path:
    """Tell where the newest version's file of this name lies.

    Raises:
        KeyError: the newest version has no such file.
    """
    return folder / inventory.stored_path(inventory.state[logical_path])


def read_json(folder: Path, inventory: Inventory, logical_path: str) -> Any:
    """Read one of the JSON documents an object carries."""
    return json.loads(stored_file(folder, inventory, logical_path).read_bytes())
