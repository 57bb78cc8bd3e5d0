"""DWG: no permissive reader exists. Release and wholeness as far as the header tells; a person opens it."""

from __future__ import annotations

from zhudang.checks.examine import Case

RELEASES = {
    b"MC0.0": "1.1",
    b"AC1.2": "1.2",
    b"AC1.40": "1.4",
    b"AC1.50": "2.05",
    b"AC2.10": "2.10",
    b"AC2.21": "2.21",
    b"AC2.22": "2.22",
    b"AC1001": "2.22",
    b"AC1002": "2.5",
    b"AC1003": "2.6",
    b"AC1004": "R9",
    b"AC1006": "R10",
    b"AC1009": "R11/R12",
    b"AC1012": "R13",
    b"AC1014": "R14",
    b"AC1015": "2000",
    b"AC1018": "2004",
    b"AC1021": "2007",
    b"AC1024": "2010",
    b"AC1027": "2013",
    b"AC1032": "2018",
}
LOCATORS = (b"AC1012", b"AC1014", b"AC1015")
PAGED = (b"AC1018", b"AC1024", b"AC1027", b"AC1032")
HEADER_AT, HEADER_BYTES = 0x80, 0x6C
HEADER_MARK = b"AcFssFcAJMB"
SMALLEST = 256


def examine(case: Case) -> None:
    with case.path.open("rb") as stream:
        head = stream.read(SMALLEST)
    version = next((mark for mark in RELEASES if head.startswith(mark)), None)
    if version is None:
        case.find("CAD-001", detail=head[:6].decode("ascii", "replace"))
        return
    case.facts["release"] = f"{RELEASES[version]} ({version.decode()})"
    if len(head) < SMALLEST or _ends_early(case, version, head):
        case.find("CAD-004", size=case.size)
        return
    if version in PAGED and not unmask(head[HEADER_AT : HEADER_AT + HEADER_BYTES]).startswith(HEADER_MARK):
        case.find("CAD-001", detail="header")
        return
    case.find("CAD-003", release=case.facts["release"])


def _ends_early(case: Case, version: bytes, head: bytes) -> bool:
    """Whether the file is shorter than its header says; False where that is not known."""
    if version in LOCATORS:
        return _section_beyond_end(case, head)
    if version in PAGED:
        return _second_header_gone(case, head)
    return False


def _section_beyond_end(case: Case, head: bytes) -> bool:
    """R13 to 2000 list where each section lies: one beyond the end was cut off."""
    count = int.from_bytes(head[21:25], "little")
    if not 0 < count <= 10:
        return False
    for number in range(count):
        record = head[25 + 9 * number : 34 + 9 * number]
        start, size = int.from_bytes(record[1:5], "little"), int.from_bytes(record[5:9], "little")
        if start + size > case.size:
            return True
    return False


def _second_header_gone(case: Case, head: bytes) -> bool:
    """From 2004 on (but 2007) a masked header at 0x80 is repeated at the end of the file."""
    first = unmask(head[HEADER_AT : HEADER_AT + HEADER_BYTES])
    if not first.startswith(HEADER_MARK):
        return False
    place = int.from_bytes(first[0x34:0x3C], "little")
    with case.path.open("rb") as stream:
        stream.seek(place)
        second = stream.read(HEADER_BYTES)
    return len(second) < HEADER_BYTES or not unmask(second).startswith(HEADER_MARK)


def unmask(content: bytes) -> bytes:
    """Undo the mask of the 2004 header: a linear congruential sequence with seed 1."""
    seed, plain = 1, bytearray()
    for byte in content:
        seed = (seed * 0x343FD + 0x269EC3) & 0xFFFFFFFF
        plain.append(byte ^ (seed >> 16 & 0xFF))
    return bytes(plain)
