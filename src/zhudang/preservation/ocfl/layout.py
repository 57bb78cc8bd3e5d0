"""Where an object lies under a storage root: layout extension 0003, hash and id in nested folders."""

import hashlib
import json
import re
from pathlib import PurePosixPath

EXTENSION = "0003-hash-and-id-n-tuple-storage-layout"
ROOT_DECLARATION = "0=ocfl_1.1"
ROOT_DECLARATION_TEXT = b"ocfl_1.1\n"
OBJECT_DECLARATION = "0=ocfl_object_1.1"
OBJECT_DECLARATION_TEXT = b"ocfl_object_1.1\n"
INVENTORY_TYPE = "https://ocfl.io/1.1/spec/#inventory"

_TUPLE_SIZE = 3
_NUMBER_OF_TUPLES = 3
_LONGEST_NAME = 100
_PLAIN = re.compile(r"[A-Za-z0-9_-]")


def object_path(object_id: str) -> PurePosixPath:
    """Tell the folder of an object, relative to the root: three folders of its id's SHA-256, then the id itself."""
    digest = hashlib.sha256(object_id.encode()).hexdigest()
    parts = [digest[start : start + _TUPLE_SIZE] for start in range(0, _TUPLE_SIZE * _NUMBER_OF_TUPLES, _TUPLE_SIZE)]
    name = "".join(_encoded(character) for character in object_id)
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}-{digest}"
    return PurePosixPath(*parts, name)


def layout_file() -> bytes:
    """Give the bytes of `ocfl_layout.json`, which names the layout to whoever comes later."""
    description = (
        "Object folders: first 9 characters of the SHA-256 of the object's id in three folders of three, "
        "then the percent-encoded id. 对象目录：对象标识的 SHA-256 前九位分三级，再加百分号编码的对象标识。"
    )
    return _json({"extension": EXTENSION, "description": description})


def layout_config() -> bytes:
    """Give the bytes of the extension's `config.json`: the parameters `object_path` uses."""
    return _json(
        {
            "extensionName": EXTENSION,
            "digestAlgorithm": "sha256",
            "tupleSize": _TUPLE_SIZE,
            "numberOfTuples": _NUMBER_OF_TUPLES,
        }
    )


def _encoded(character: str) -> str:
    if _PLAIN.fullmatch(character):
        return character
    return "".join(f"%{byte:02x}" for byte in character.encode())


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
