"""The names things have in the store: permanent identifiers, and stored paths that are ours."""

import json
import re
from typing import Any
from uuid import UUID

MAX_ENDING = 8
_ENDING = re.compile(r"\.([A-Za-z0-9]{1,8})$")


def object_id(thing_id: UUID) -> str:
    """Give the permanent identifier of an object from the id of its volume or project."""
    return f"urn:uuid:{thing_id}"


def thing_id(ocfl_id: str) -> UUID | None:
    """Read the id of the volume or project back; None when the object is not one of ours."""
    try:
        return UUID(ocfl_id.removeprefix("urn:uuid:")) if ocfl_id.startswith("urn:uuid:") else None
    except ValueError:
        return None


def stored_name(number: int, original_name: str, folder: str = "files") -> str:
    """Give the stored path of a file: its number in the object and, of its own name, only a plain ending."""
    found = _ENDING.search(original_name)
    return f"{folder}/{number:04}.{found[1].lower() if found else 'bin'}"


def json_bytes(document: Any) -> bytes:
    """Write a document of ours: the same facts give the same bytes, Chinese readable as it is."""
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
