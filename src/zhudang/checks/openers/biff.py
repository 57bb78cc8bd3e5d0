"""Records of binary Excel workbooks (BIFF 2 to 8): macro sheets, DDE and outside links, locked or cut off.

Source: [MS-XLS] 2.4.21 BOF, 2.4.28 BoundSheet8, 2.4.117 FilePass, 2.4.271 SupBook.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

BOF = frozenset({0x0009, 0x0209, 0x0409, 0x0809})
BOUND_SHEET, FILE_PASS, SUP_BOOK, END, EXTERN_SHEET = 0x85, 0x2F, 0x1AE, 0x0A, 0x17
MACRO_TYPE, MACRO_SUBSTREAM = 1, 0x0040
SELF, ADD_IN = 0x0401, 0x3A01
MOST_RECORDS = 2_000_000


@dataclass
class Workbook:
    """What the records tell. `whole`: the last record ends within the stream, every sheet listed begins where the list
    says, and no zeros stand where records should."""

    macro_sheets: int = 0
    dde: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    locked: bool = False
    whole: bool = True


def read(stream: bytes) -> Workbook:
    """Walk the records of a `Workbook` or `Book` stream, or of a whole file before Excel 5."""
    book = Workbook()
    sheets: list[int] = []
    for kind, content in _records(stream, book):
        if kind == BOUND_SHEET and len(content) >= 4:
            sheets.append(int.from_bytes(content[:4], "little"))
        if kind in BOF and len(content) >= 4:
            book.macro_sheets += int.from_bytes(content[2:4], "little") == MACRO_SUBSTREAM
        elif kind == FILE_PASS:
            book.locked = True
            return book
        elif kind == SUP_BOOK:
            _sup_book(content, book)
    book.whole = book.whole and all(_begins(stream, place) for place in sheets)
    return book


def _begins(stream: bytes, place: int) -> bool:
    """Whether a sheet begins there; versions before 5 list none."""
    return int.from_bytes(stream[place : place + 2], "little") in BOF


def _records(stream: bytes, book: Workbook) -> Iterator[tuple[int, bytes]]:
    at = depth = 0
    for _ in range(MOST_RECORDS):
        if len(stream) - at < 4:
            return
        kind, length = struct.unpack_from("<2H", stream, at)
        depth += (kind in BOF) - (kind == END)
        if kind == 0 and length == 0:
            book.whole = depth <= 0
            return
        if at + 4 + length > len(stream):
            book.whole = False
            return
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _sup_book(content: bytes, book: Workbook) -> None:
    if len(content) < 5:
        return
    count = int.from_bytes(content[2:4], "little")
    if count in {SELF, ADD_IN}:
        return
    wide = content[4] & 1
    path = content[5 : 5 + count * (2 if wide else 1)].decode("utf-16-le" if wide else "latin-1", "replace")
    if not path or path in {"\0", " "}:
        return
    if "\x03" in path:
        book.dde.append(path.replace("\x03", "|"))
    else:
        book.links.append("".join(letter if letter.isprintable() else "/" for letter in path))
