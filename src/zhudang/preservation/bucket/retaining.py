"""Until when files in a bucket are kept from everybody (object lock), and that time lengthened: never shortened, in no other mode."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from zhudang.preservation.bucket.client import COMPLIANCE, DENIED, Bucket, BucketUnreachable, Missing

_AT_ONCE = 4
_COUNTS = ("files", "earlier", "lengthened", "without", "weaker", "refused")
_NO_RETENTION = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"})
_GONE = frozenset({"NoSuchVersion"})
_REFUSALS = DENIED | {
    "InvalidArgument", "InvalidRequest", "InvalidRetentionPeriod", "MethodNotAllowed", "NotImplemented",
}  # fmt: skip


@dataclass
class Retained:
    """What a look at some files showed.

    Args:
        earlier: how many of them are versions that were written over.
        lengthened: how many of them are kept for longer since.
        without: how many nobody keeps: they have no retention, or one that is over.
        weaker: how many are kept in another mode than COMPLIANCE: the bucket's owner may be able to pass that.
        refused: how many the bucket did not let us lengthen, or not ask of.
        ends_at: the earliest end among all it told of, as they are now.
        problem: the server's code for the last refusal.
        unlisted: the bucket does not list versions to us: what was written over was not looked at.
    """

    files: int = 0
    earlier: int = 0
    lengthened: int = 0
    without: int = 0
    weaker: int = 0
    refused: int = 0
    ends_at: datetime | None = None
    problem: str = ""
    unlisted: bool = False

    def __iadd__(self, more: Retained) -> Retained:
        """Count what was seen besides."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(more, name))
        self.unlisted |= more.unlisted
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


@dataclass(frozen=True)
class Held:
    """A file to be kept, or one version of it.

    Args:
        version: empty for whatever is the newest.
        earlier: it was written over.
    """

    key: str
    version: str = ""
    earlier: bool = False

    @property
    def which(self) -> dict[str, str]:
        """How a request names it."""
        return {"Key": self.key, "VersionId": self.version} if self.version else {"Key": self.key}


def lengthen(bucket: Bucket, held: Iterable[Held], wish: Wish) -> Retained:
    """Look at some files, and lengthen what ends too early, in the mode it has.

    Raises:
        BucketUnreachable: the server fell silent.
    """
    told = Retained()
    with ThreadPoolExecutor(_AT_ONCE, "bucket-retain") as pool:
        for each in pool.map(partial(_of_file, bucket, wish), held):
            told += each
    return told


def _of_file(bucket: Bucket, wish: Wish, held: Held) -> Retained:
    try:
        found = bucket.ask("get_object_retention", **held.which).get("Retention", {})
    except Missing:
        return Retained()
    except BucketUnreachable as trouble:
        if trouble.problem in _GONE:
            return Retained()
        if trouble.problem in _REFUSALS:
            return Retained(1, int(held.earlier), refused=1, problem=trouble.problem)
        if trouble.problem not in _NO_RETENTION:
            raise
        found = {}
    ends, mode = found.get("RetainUntilDate"), found.get("Mode", COMPLIANCE)
    kept = ends is not None and ends > wish.now
    seen = partial(Retained, 1, int(held.earlier), weaker=int(kept and mode != COMPLIANCE))
    if ends is None and not wish.begin:
        return seen(without=1)
    if ends is not None and (ends >= wish.before or ends >= wish.until):
        return seen(without=int(not kept), ends_at=ends)
    try:
        bucket.ask("put_object_retention", **held.which, Retention={"Mode": mode, "RetainUntilDate": wish.until})
    except Missing:
        return Retained()
    except BucketUnreachable as trouble:
        if trouble.problem not in _REFUSALS:
            raise
        return seen(without=int(not kept), refused=1, ends_at=ends, problem=trouble.problem)
    return seen(lengthened=1, weaker=int(mode != COMPLIANCE), ends_at=wish.until)
