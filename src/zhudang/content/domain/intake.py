"""What keeps a file from being taken in, told before its first byte travels."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from zhudang.shared.refusals import Reason

LONGEST_NAME = 255
LONGEST_FOLDER = 1024
HIGHEST_LEVEL = 4
_SHA256 = re.compile(r"^[0-9a-f]{64}$")


def clean_name(raw: str) -> str:
    """Give the file's own name in composed characters (NFC), without the folders in front of it."""
    return unicodedata.normalize("NFC", raw).replace("\\", "/").rpartition("/")[2].strip()


def clean_folder(raw: str) -> str:
    """Give the folder as `a/b`, in composed characters, without leading or doubled separators."""
    parts = unicodedata.normalize("NFC", raw).replace("\\", "/").split("/")
    return "/".join(part.strip() for part in parts if part.strip() not in {"", "."})


def folder_of(raw_path: str) -> str:
    """Give the folder part of a relative path such as browsers send for a dropped folder."""
    return clean_folder(raw_path.replace("\\", "/").rpartition("/")[0])


def why_not_called(name: str, folder: str) -> list[Reason]:
    """Tell everything that is wrong with a cleaned name and folder."""
    reasons = []
    if not name or name in {".", ".."}:
        reasons.append(Reason("content.name_missing"))
    if len(name) > LONGEST_NAME:
        reasons.append(Reason("content.name_too_long", {"length": len(name), "longest": LONGEST_NAME}))
    if _unprintable(name) or _unprintable(folder):
        reasons.append(Reason("content.name_unprintable"))
    if len(folder) > LONGEST_FOLDER:
        reasons.append(Reason("content.folder_too_long", {"length": len(folder), "longest": LONGEST_FOLDER}))
    if ".." in folder.split("/"):
        reasons.append(Reason("content.folder_climbs"))
    return reasons


def _unprintable(text: str) -> bool:
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def why_not_so_secret(level: int, *, ceiling: int, reach: int) -> list[Reason]:
    """Tell why a file of this secrecy level may not come over this network, or not from this person (B3).

    Args:
        ceiling: highest level the network may carry. Above it only a stub is kept, never bytes.
        reach: highest level the person is cleared for here.
    """
    if not 0 <= level <= HIGHEST_LEVEL:
        return [Reason("content.level_unknown", {"level": level})]
    if level > ceiling:
        return [Reason("content.level_above_network", {"level": level, "ceiling": ceiling})]
    if level > reach:
        return [Reason("content.level_above_clearance", {"level": level})]
    return []


def why_not_so_large(size_bytes: int, *, largest: int) -> list[Reason]:
    """Tell why a file of this size is not taken."""
    if size_bytes > largest:
        return [Reason("content.too_large", {"size": size_bytes, "largest": largest})]
    return []


def why_not_digest(declared: str) -> list[Reason]:
    """Tell whether a declared SHA-256 is one at all; nothing declared is fine."""
    if declared and not _SHA256.match(declared.lower()):
        return [Reason("content.digest_malformed", {"declared": declared[:80]})]
    return []


def why_not_withdraw(*, withdrawn: bool, with_client: bool, with_archive: bool) -> list[Reason]:
    """Tell everything that keeps a file from being taken back by its holder."""
    reasons = []
    if withdrawn:
        reasons.append(Reason("content.already_withdrawn"))
    if with_client or with_archive:
        reasons.append(Reason("content.already_delivered"))
    return reasons


def whole_levels(levels: Iterable[int]) -> int:
    """Give the level of a file from those declared for it and its place: the highest counts."""
    return max(levels, default=0)
