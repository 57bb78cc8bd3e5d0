"""What the tests of the store share: two places, an act, contents of made-up bytes."""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from zhudang.preservation.ocfl.content import Act, Content, content_of_bytes
from zhudang.preservation.ocfl.root import StorageRoot

OBJECT = "urn:uuid:0199a5d2-0000-7000-8000-000000000001"
MOMENT = datetime(2026, 6, 17, 18, 0, tzinfo=timezone(timedelta(hours=8)))
ACT = Act(MOMENT, "移交入库", "馆员乙", "urn:zhudang:account:archivist")


def two_places(folder: Path) -> list[StorageRoot]:
    return [StorageRoot.create(folder / name) for name in "ab"]


def contents(files: dict[str, bytes]) -> list[Content]:
    return [content_of_bytes(path, data) for path, data in files.items()]


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def judged_by_ocfl_py(places: Iterable[StorageRoot]) -> list[str]:
    """Every complaint and warning of ocfl-py about the places; an empty list means it agrees."""
    from ocfl.storage_root import StorageRoot as Judge
    from ocfl.validator import Validator

    complaints: list[str] = []
    for place in places:
        judge = Judge(root=str(place.folder))
        if not judge.validate(log_warnings=True):
            complaints.append(f"{place.folder}: {judge.errors} {judge.log and judge.log.status_str()}")
        for folder in place.objects():
            validator = Validator(log_warnings=True)
            if not validator.validate_object(str(folder)) or validator.status_str():
                complaints.append(validator.status_str())
    return complaints
