"""The names things have in the store: permanent identifiers, stored paths that are ours, and how our JSON is laid out."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

ARCHIVE_NAME = "urn:zhudang:archive-registers"
ARCHIVE_ID = uuid5(NAMESPACE_URL, ARCHIVE_NAME)
"""The thing whose objects hold the archive's own registers: the same in every archive, so that anybody finds it in a store."""
ORIGINALS = ("files/", "documents/")
"""Folders of an object's original files; what lies beside them describes."""
_ENDING = re.compile(r"\.([A-Za-z0-9]{1,8})$")
_OBJECT = re.compile(r"urn:uuid:([0-9a-f-]{36})(?::p([1-9][0-9]{0,5}))?(?::g([1-9][0-9]{0,5}))?")


@dataclass(frozen=True, order=True)
class ObjectName:
    """The permanent name of one object of a volume or project, or of the archive's own registers.

    The first is `urn:uuid:<id>`. Files that find no room in it are in further parts, `…:p2`; an object full of versions is
    continued by a successor, `…:g2`, or `…:p2:g2` for that of a further part.

    Args:
        thing: id of the volume or project, the same in all its objects.
        part, generation: counted from 1.
    """

    thing: UUID
    part: int = 1
    generation: int = 1

    def __str__(self) -> str:
        part = f":p{self.part}" if self.part > 1 else ""
        generation = f":g{self.generation}" if self.generation > 1 else ""
        return f"urn:uuid:{self.thing}{part}{generation}"

    @property
    def is_first(self) -> bool:
        """Whether it bears the thing's own id."""
        return self.part == self.generation == 1

    @property
    def row_id(self) -> UUID:
        """Give the id of its row: the thing's own for the first object, for others one made of the name."""
        return self.thing if self.is_first else uuid5(self.thing, str(self))

    @property
    def successor(self) -> "ObjectName":
        """Name the object that continues this one."""
        return replace(self, generation=self.generation + 1)

    @property
    def predecessor(self) -> "ObjectName | None":
        """Name the object that this one continues."""
        return replace(self, generation=self.generation - 1) if self.generation > 1 else None

    @property
    def predecessors(self) -> "list[ObjectName]":
        """Name all objects before this one, the newest first."""
        return [replace(self, generation=number) for number in range(self.generation - 1, 0, -1)]


def object_id(thing_id: UUID) -> str:
    """Give the permanent identifier of the first object of a volume or project."""
    return str(ObjectName(thing_id))


def object_name(ocfl_id: str) -> ObjectName | None:
    """Read an object's name; None when it is not one of ours."""
    found = _OBJECT.fullmatch(ocfl_id)
    if not found:
        return None
    try:
        name = ObjectName(UUID(found[1]), int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        return None
    return name if str(name) == ocfl_id else None


def is_original(path: str) -> bool:
    """Tell whether a file of an object is an original, not what describes it."""
    return path.startswith(ORIGINALS)


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
    made = io.BytesIO()  # piece by piece: as one text a volume of ten thousand records takes five times its bytes
    for piece in _written(document, ""):
        made.write(piece.encode())
    made.write(b"\n")
    return made.getvalue()


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
        for position, item in enumerate(value):
            yield f"{',' if position else '['}\n{inner}{_compact(item)}"
        yield f"\n{indent}]"
    else:
        yield _compact(value)


_compact = json.JSONEncoder(ensure_ascii=False).encode
