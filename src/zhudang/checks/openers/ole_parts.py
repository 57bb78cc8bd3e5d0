"""Streams of binary office documents (OLE2): what of the container and of the main streams is lost.

Sources: [MS-CFB] 2; [MS-DOC] 2.5.1 FibBase; [MS-PPT] 2.3.1 RecordHeader.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import olefile

PART_BYTES = 64 * 1024 * 1024
MAIN = {".doc": ("WordDocument",), ".xls": ("Workbook", "Book"), ".ppt": ("PowerPoint Document",)}
"""The stream a program begins with, by the ending."""
OTHERS = ("MatOST", "MM", "CONTENTS", "VisioDocument", "Contents", "EncryptedPackage", "Quill", "Pres")
"""First streams and storages of other programs that take the same endings."""
WORD_MARKS = (b"\xec\xa5", b"\xdc\xa5", b"\x9b\xa5", b"\xdb\xa5")
TABLE_FLAG = 0x0200
OLDEST_WITH_TABLE = 0x00C1
FATAL = ("FAT", "out of range", "root entry", "stream", "MiniStream")
"""Words of the reader's complaints that mean lost content; other complaints mean that the tree of names is irregular."""
MOST_RECORDS = 100_000


def lost(ole: Any, size: int, endings: Set[str]) -> str | None:
    """What of the document is not there; None when all is.

    Args:
        size: bytes of the file.
        endings: of `MAIN`, those whose main stream must be there.
    """
    complaint = next((each for each in _complaints(ole) if any(word in each for word in FATAL)), None)
    return (
        complaint
        or _unreadable_stream(ole)
        or _crossed_stream(ole)
        or _sectors_beyond_end(ole, size)
        or next((fault for ending in endings if (fault := _main_missing(ole, ending))), None)
        or _word(ole)
    )


def irregular(ole: Any) -> list[str]:
    """What is written wrongly and loses nothing, as far as can be seen."""
    found = [each[:80] for each in _complaints(ole) if not any(word in each for word in FATAL)]
    if ole.exists("PowerPoint Document") and not _slides_whole(ole.openstream("PowerPoint Document").read(PART_BYTES)):
        found.append("PowerPoint Document: records")
    return list(dict.fromkeys(found))


def _complaints(ole: Any) -> list[str]:
    return [str(complaint) for _, complaint in ole.parsing_issues]


def _unreadable_stream(ole: Any) -> str | None:
    """Read every stream to its end: one that is shorter than its entry says was cut off."""
    for parts in ole.listdir(streams=True, storages=False):
        size = ole.get_size(parts)
        if size > PART_BYTES:
            continue
        if len(ole.openstream(parts).read()) < size:
            return "/".join(parts)
    return None


def _crossed_stream(ole: Any) -> str | None:
    """Every stream has its own sectors: where the table leads two of them to one, one at least is not what it was."""
    used: set[int] = set()
    for entry in ole.direntries:
        if entry is None or entry.entry_type != olefile.STGTY_STREAM or entry.is_minifat or not entry.size:
            continue
        place = entry.isectStart
        for _ in range(-(-entry.size // ole.sector_size)):
            if place >= len(ole.fat) or place in used:
                return str(entry.name)
            used.add(place)
            place = ole.fat[place]
    return None


def _sectors_beyond_end(ole: Any, size: int) -> str | None:
    """The allocation table names sectors; the last may be short, but not absent."""
    used = [number for number, following in enumerate(ole.fat) if following != olefile.FREESECT]
    if used and (used[-1] + 1) * ole.sector_size >= size:
        return f"sector {used[-1]}"
    return None


def _main_missing(ole: Any, ending: str) -> str | None:
    """A container whose tree of names is damaged reads as one that holds something else, or nothing."""
    known = {name.lower() for streams in MAIN.values() for name in streams} | {name.lower() for name in OTHERS}
    present = {parts[0].lower() for parts in ole.listdir(streams=True, storages=True)}
    return None if present & known else f"{MAIN[ending][0]}: missing"


def _word(ole: Any) -> str | None:
    """The main stream begins with its mark and names the table it needs."""
    if not ole.exists("WordDocument"):
        return None
    head = ole.openstream("WordDocument").read(32)
    if head[:2] not in WORD_MARKS:
        return "WordDocument"
    table = "1Table" if int.from_bytes(head[10:12], "little") & TABLE_FLAG else "0Table"
    if int.from_bytes(head[2:4], "little") >= OLDEST_WITH_TABLE and not ole.exists(table):
        return f"{table}: missing"
    return None


def _slides_whole(stream: bytes) -> bool:
    """Records one after another to the end of the stream."""
    at = 0
    for _ in range(MOST_RECORDS):
        if at + 8 > len(stream):
            return at == len(stream)
        kind, length = (
            int.from_bytes(stream[at + 2 : at + 4], "little"),
            int.from_bytes(stream[at + 4 : at + 8], "little"),
        )
        if not kind:
            return False
        at += 8 + length
    return True
