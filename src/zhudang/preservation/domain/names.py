"""The names things have in the store: permanent identifiers, stored paths that are ours, and how our JSON is laid out."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

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


def rendition_name(original: str, path: str, part: int, name: str) -> str:
    """Give the stored path of a rendition: the number of its original, the migration path, which part, and the ending."""
    number = original.rpartition("/")[2].partition(".")[0]
    found = _ENDING.search(name)
    return f"renditions/{number}-{path}-{part}.{found[1].lower() if found else 'bin'}"


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """Write a document of ours: the same facts give the same bytes, Chinese readable as it is.

    Members stand one below the other, a list has one line per entry, so that a text search shows a whole record.
    """
    return ("".join(_written(document, "")) + "\n").encode()


def json_line(row: Any) -> bytes:
    """Write one row of a register as a line of JSON."""
    return (_compact(row) + "\n").encode()


def _written(value: Any, indent: str) -> Iterator[str]:
    inner = indent + " "
    if isinstance(value, Mapping) and value:
        yield "{\n"
        for position, (key, item) in enumerate(value.items()):
            yield f"{',' + chr(10) if position else ''}{inner}{_compact(key)}: "
            yield from _written(item, inner)
        yield f"\n{indent}}}"
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list) for item in value):
        lines = f",\n{inner}".join(_compact(item) for item in value)
        yield f"[\n{inner}{lines}\n{indent}]"
    else:
        yield _compact(value)


_compact = json.JSONEncoder(ensure_ascii=False).encode
