"""Files as the store keeps them: rows and check reports beside the bytes."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from zhudang.content import destroying, store
from zhudang.content.models import Blob, CheckRun, File, Finding, Toolset
from zhudang.shared.digests import Digests
from zhudang.shared.holdings import DescribedByKeys, Description, Register, Row, restore_all

BLOB = Register("content.blob", Blob)
FILE = Register("content.file", File, without=frozenset({"in_record"}))
TOOLSET = Register("content.toolset", Toolset)
CHECK_RUN = Register("content.check_run", CheckRun)
FINDING = Register("content.finding", Finding)
REGISTERS = (BLOB, FILE, TOOLSET, CHECK_RUN, FINDING)
_SETTLED_AT_ONCE, _SETTLED_BYTES = 250, 64 * 1024 * 1024


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
    """Bring the rows back; the bytes come through `Arrivals`."""
    return restore_all(REGISTERS, described)


def expected_bytes() -> Any:
    """The rows of all bytes that ought to be somewhere: those of destroyed files alone ought not."""
    return Blob.objects.exclude(pk__in=destroying.without_living_files(Blob.objects.all()).values("pk"))


def lacks_bytes(sha256: str, size: int) -> bool:
    """Tell whether the working store does not hold these bytes."""
    path = store.blob_path(sha256)
    return not path.exists() or path.stat().st_size != size


class Arrivals:
    """Bytes from preserved copies on their way back into the working store, digested on the way.

    They are forced to the disk and get their names some hundreds at a time: one by one it takes ten times as long.
    What was taken and not settled is dropped with the block.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Path, Digests]] = {}
        self._bytes = 0

    def __enter__(self) -> "Arrivals":
        return self

    def __exit__(self, *_problem: object) -> None:
        for incoming, _digests in self._waiting.values():
            incoming.unlink(missing_ok=True)

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._waiting

    @property
    def enough(self) -> bool:
        """Whether those taken should be settled now."""
        return len(self._waiting) >= _SETTLED_AT_ONCE or self._bytes >= _SETTLED_BYTES

    def take(self, stream: BinaryIO, sha256: str) -> None:
        """Read the bytes that should have this SHA-256.

        Raises:
            ValueError: the copy's bytes are not the ones that were received.
        """
        incoming, digests = store.take_in(stream)
        if digests.sha256 != sha256:
            incoming.unlink()
            raise ValueError(f"expected sha256 {sha256}, found {digests.sha256}")
        self._waiting[sha256] = incoming, digests
        self._bytes += digests.size

    def settle(self) -> dict[str, int]:
        """Bring all taken to the disk and under their names; gives their sizes by SHA-256."""
        settled = list(self._waiting.values())
        store.flush_files(incoming for incoming, _digests in settled)
        store.settle(settled)
        self._waiting.clear()
        self._bytes = 0
        return {digests.sha256: digests.size for _incoming, digests in settled}


def stored_path(sha256: str) -> Path:
    """Where stored bytes lie in the working store; read only."""
    return store.blob_path(sha256)


def look_elsewhere(bring: store.Bring) -> None:
    """Have bytes that the working store does not hold brought when they are asked for; see `store.Bring`."""
    store.look_elsewhere(bring)
