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
    case.find("CAD-003", release=case.facts["release"])


def _ends_early(case: Case, version: bytes, head: bytes) -> bool:
    """R13 to 2000 list where each section lies: one beyond the end was cut off."""
    if version not in LOCATORS:
        return False
    count = int.from_bytes(head[21:25], "little")
    if not 0 < count <= 10:
        return False
    for number in range(count):
        record = head[25 + 9 * number : 34 + 9 * number]
        start, size = int.from_bytes(record[1:5], "little"), int.from_bytes(record[5:9], "little")
        if start + size > case.size:
            return True
    return False
