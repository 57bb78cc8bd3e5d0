"""Until when files in a bucket are kept from everybody (object lock), and that time lengthened: never shortened, in no other mode."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from zhudang.preservation.bucket.client import COMPLIANCE, DENIED, Bucket, BucketUnreachable, Missing

_AT_ONCE = 4
_NO_RETENTION = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"})
_REFUSALS = DENIED | {
    "InvalidArgument", "InvalidRequest", "InvalidRetentionPeriod", "MethodNotAllowed", "NotImplemented",
}  # fmt: skip


@dataclass
class Retained:
    """What a look at some files showed.

    Args:
        lengthened: how many of them are kept for longer since.
        without: how many nobody keeps: they have no retention, or one that is over.
        refused: how many the bucket did not let us lengthen, or not ask of.
        ends_at: the earliest end among all it told of, as they are now.
        problem: the server's code for the last refusal.
    """

    files: int = 0
    lengthened: int = 0
    without: int = 0
    refused: int = 0
    ends_at: datetime | None = None
    problem: str = ""

    def __iadd__(self, more: Retained) -> Retained:
        """Count what was seen besides."""
        for name in ("files", "lengthened", "without", "refused"):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        ends = [each for each in (self.ends_at, more.ends_at) if each is not None]
        self.ends_at, self.problem = min(ends, default=None), more.problem or self.problem
        return self


@dataclass(frozen=True)
class Wish:
    """What is to be lengthened and until when.

    Args:
        before: whatever ends earlier.
        begin: also give a retention to a file that has none.
    """

    now: datetime
    before: datetime
    until: datetime
    begin: bool


def lengthen(bucket: Bucket, keys: Iterable[str], wish: Wish) -> Retained:
    """Look at the newest version of some files, and lengthen what ends too early, in the mode it has.

    Raises:
        BucketUnreachable: the server fell silent.
    """
    told = Retained()
    with ThreadPoolExecutor(_AT_ONCE, "bucket-retain") as pool:
        for each in pool.map(partial(_of_file, bucket, wish), keys):
            told += each
    return told


def _of_file(bucket: Bucket, wish: Wish, key: str) -> Retained:
    try:
        found = bucket.ask("get_object_retention", Key=key).get("Retention", {})
    except Missing:
        return Retained()
    except BucketUnreachable as trouble:
        if trouble.problem in _REFUSALS:
            return Retained(1, refused=1, problem=trouble.problem)
        if trouble.problem not in _NO_RETENTION:
            raise
        found = {}
    ends = found.get("RetainUntilDate")
    kept = ends is not None and ends > wish.now
    without = 0 if kept else 1
    if ends is None and not wish.begin:
        return Retained(1, without=without)
    if ends is not None and (ends >= wish.before or ends >= wish.until):
        return Retained(1, without=without, ends_at=ends)
    longer = {"Mode": found.get("Mode", COMPLIANCE), "RetainUntilDate": wish.until}
    try:
        bucket.ask("put_object_retention", Key=key, Retention=longer)
    except Missing:
        return Retained()
    except BucketUnreachable as trouble:
        if trouble.problem not in _REFUSALS:
            raise
        return Retained(1, without=without, refused=1, ends_at=ends, problem=trouble.problem)
    return Retained(1, lengthened=1, ends_at=wish.until)
