"""Files as the store keeps them: rows and check reports beside the bytes."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from zhudang.content import destroying, store
from zhudang.content.models import Blob, CheckRun, File, Finding, Toolset
from zhudang.shared.holdings import DescribedByKeys, Description, Register, Row, restore_all

BLOB = Register("content.blob", Blob)
FILE = Register("content.file", File, without=frozenset({"in_record"}))
TOOLSET = Register("content.toolset", Toolset)
CHECK_RUN = Register("content.check_run", CheckRun)
FINDING = Register("content.finding", Finding)
REGISTERS = (BLOB, FILE, TOOLSET, CHECK_RUN, FINDING)


def describe(*, file_ids: Collection[str]) -> Description:
    """Describe files with their bytes' digests, check runs and findings."""
    files = DescribedByKeys(FILE, "id", file_ids)
    runs = DescribedByKeys(CHECK_RUN, "file_id", file_ids)
    return {
        BLOB.name: DescribedByKeys(BLOB, "id", files.keys_of(Blob)),
        FILE.name: files,
        TOOLSET.name: DescribedByKeys(TOOLSET, "digest", runs.keys_of(Toolset)),
        CHECK_RUN.name: runs,
        FINDING.name: DescribedByKeys(FINDING, "file_id", file_ids),
    }


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring the rows back; the bytes come through `bring_bytes`."""
    return restore_all(REGISTERS, described)


def expected_bytes() -> Any:
    """The rows of all bytes that ought to be somewhere: those of destroyed files alone ought not."""
    return Blob.objects.exclude(pk__in=destroying.without_living_files(Blob.objects.all()).values("pk"))


def lacks_bytes(sha256: str, size: int) -> bool:
    """Tell whether the working store does not hold these bytes."""
    path = store.blob_path(sha256)
    return not path.exists() or path.stat().st_size != size


def bring_bytes(stream: BinaryIO, sha256: str) -> int:
    """Put bytes from a preserved copy back into the working store, digested on the way; gives their number.

    Raises:
        ValueError: the copy's bytes are not the ones that were received.
    """
    incoming, digests = store.take_in(stream)
    if digests.sha256 != sha256:
        incoming.unlink()
        raise ValueError(f"expected sha256 {sha256}, found {digests.sha256}")
    store.flush_files([incoming])
    store.settle([(incoming, digests)])
    return digests.size


def stored_path(sha256: str) -> Path:
    """Where stored bytes lie in the working store; read only."""
    return store.blob_path(sha256)


def look_elsewhere(bring: store.Bring) -> None:
    """Have bytes that the working store does not hold brought when they are asked for; see `store.Bring`."""
    store.look_elsewhere(bring)
