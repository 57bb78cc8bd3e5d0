"""How much one object holds, and what comes after it: further parts for many files, a successor after many versions.

OCFL repeats the whole state in each inventory: an object of many files and many versions grows by their product. So an
object is closed in time: its last version does nothing but name its successor, whose first holds the whole state
again. What has more files than one object may hold lies in several parts, each with successors of its own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhudang.preservation.domain.names import ObjectName, is_original

DESCRIPTION = "description.json"
LINKS = "links"
"""The member of a description that names the other objects of the same volume or project."""
_KEPT_FREE = 10
"""In the first part, one place in so many is for what describes, so that one register more moves no file."""


@dataclass(frozen=True)
class Limits:
    """What one object holds at most.

    Args:
        versions: the last of them only names the successor.
        files: of one version, by plain names.
    """

    versions: int = 100
    files: int = 2000

    def __post_init__(self) -> None:
        if self.versions < 2 or self.files < 2:
            raise ValueError(f"an object needs room for two versions and two files: {self}")


LIMITS = Limits()
"""What an object holds where nobody says otherwise."""


@dataclass(frozen=True)
class Part:
    """A further part as the first one names it, with the first and the last original in it."""

    name: ObjectName
    first: str = ""
    last: str = ""


def has_room(versions: int, limits: Limits) -> bool:
    """Tell whether an object may take one more state: the last version is kept for naming its successor."""
    return versions < limits.versions - 1


def spread(paths: Sequence[str], limits: Limits, *, parts_before: int = 1) -> list[list[str]]:
    """Spread the files of a state over parts: what describes is in the first, originals follow in their order.

    Files added at the end move none of those before. A part once begun stays, be it empty.

    Args:
        paths: plain names, originals in the order of their numbers.
        parts_before: how many there are already.
    """
    if parts_before == 1 and len(paths) <= limits.files:
        return [list(paths)]
    describing = [path for path in paths if not is_original(path)]
    originals = [path for path in paths if is_original(path)]
    room = max(0, limits.files - max(len(describing), limits.files // _KEPT_FREE))
    parts = [[*describing, *originals[:room]]]
    each = limits.files - 1  # a further part has a description of its own
    while room < len(originals) or len(parts) < parts_before:
        parts.append(originals[room : room + each])
        room += each
    return parts


def is_alone(name: ObjectName, further: Sequence[Part]) -> bool:
    """Tell whether an object that is not closed has no other to name."""
    return name.is_first and not further


def with_links(
    document: Mapping[str, Any], name: ObjectName, further: Sequence[Part] = (), *, closed: bool = False
) -> dict[str, Any]:
    """Give a description that names the other objects of the same volume or project, by permanent identifier.

    What it links to besides stays.

    Args:
        further: the further parts, for the first.
        closed: this is the last version; it names the successor.
    """
    links: dict[str, Any] = {**document.get(LINKS, {}), "object": str(name), "whole": str(ObjectName(name.thing))}
    if name.predecessor:
        links["predecessor"] = str(name.predecessor)
    if closed:
        links["successor"] = str(name.successor)
    if name.part > 1:
        links["part"] = name.part
    if further:
        links["parts"] = [{"object": str(part.name), "from": part.first, "to": part.last} for part in further]
    format_of = {key: document[key] for key in ("format",) if key in document}
    return {
        **format_of,
        LINKS: links,
        **{key: value for key, value in document.items() if key not in {"format", LINKS}},
    }


def closing(document: Mapping[str, Any], name: ObjectName) -> dict[str, Any]:
    """Give the description of an object's last version: as it was, and the successor named."""
    links = {**with_links({}, name, closed=True)[LINKS], **document.get(LINKS, {}), "successor": str(name.successor)}
    return {**with_links(document, name), LINKS: links}


def successor_named(document: Mapping[str, Any]) -> str:
    """Tell which successor a description names; empty when none."""
    return str(document.get(LINKS, {}).get("successor", ""))


def description_of_part(document: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """Give the description of a further part: whose it is, and of all records or documents those whose files it holds."""
    kept = {key: document[key] for key in ("format", LINKS, "labels", "project", "volume") if key in document}
    if "records" in document:
        own = (
            {**record, "files": [file for file in record["files"] if file["stored_as"] in paths]}
            for record in document["records"]
        )
        kept["records"] = [record for record in own if record["files"]]
    if "documents" in document:
        kept["documents"] = [each for each in document["documents"] if each["stored_as"] in paths]
    return kept
