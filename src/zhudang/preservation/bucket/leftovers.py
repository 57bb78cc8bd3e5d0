"""All that lies in a bucket below some keys, to the last version: what its keeper must delete after a disposal.

A file deleted in a bucket that keeps versions is still there; so is what an upload in parts brought that never ended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from zhudang.preservation.bucket.client import DENIED, Bucket, BucketUnreachable, answers
from zhudang.preservation.bucket.root import QUARANTINE, BucketRoot
from zhudang.preservation.ocfl import layout

FILE, VERSION, MARKER, UPLOAD = "file", "version", "marker", "upload"
Beside = Callable[[Callable[[str], bool]], Collection[str]]


@dataclass(frozen=True, order=True)
class Leftover:
    """One thing to delete.

    Args:
        what: `version` of a file (its id is `null` where a bucket keeps none), `marker` of a deletion, `upload` that never
            ended, or `file` where the server does not tell versions and keeps none.
        version: the id of the version or of the upload; empty for `file`.
        size: bytes; 0 where the server does not say.
    """

    key: str
    what: str
    version: str
    size: int


def of_volume(root: BucketRoot, first: str, beside: Beside, in_quarantine: Collection[str]) -> list[Leftover]:
    """Tell all that lies in a bucket of a volume's objects.

    Args:
        first: the id of its first object.
        beside: (is an object there) -> the ids of its other objects.
        in_quarantine: how the names begin of what was set aside of it.

    Raises:
        BucketUnreachable, BucketFull, Missing: nothing can be said, or not of all versions.
    """
    seen: dict[str, list[Leftover]] = {}

    def below(object_id: str) -> list[Leftover]:
        if object_id not in seen:
            seen[object_id] = list(_below(root.bucket, root.key(f"{layout.object_path(object_id).as_posix()}/")))
        return seen[object_id]

    for other in beside(lambda object_id: bool(below(object_id))):
        below(other)
    below(first)
    for name in in_quarantine:
        seen[f"{QUARANTINE} {name}"] = list(_below(root.bucket, root.bucket.address.key(f"{QUARANTINE}/{name}")))
    return sorted(each for found in seen.values() for each in found)


def _below(bucket: Bucket, prefix: str) -> Iterator[Leftover]:
    try:
        for page in _pages(bucket, "list_object_versions", prefix):
            for row in page.get("Versions", []):
                yield Leftover(row["Key"], VERSION, row["VersionId"], row["Size"])
            for row in page.get("DeleteMarkers", []):
                yield Leftover(row["Key"], MARKER, row["VersionId"], 0)
    except BucketUnreachable as refused:
        if refused.problem not in DENIED or bucket.ask("get_bucket_versioning").get("Status"):
            # What is not listed may be there all the same.
            raise BucketUnreachable(f"ListObjectVersions {refused.problem}") from refused
        yield from (Leftover(row.key, FILE, "", row.size) for row in bucket.listed(prefix))
    for page in _pages(bucket, "list_multipart_uploads", prefix):
        for row in page.get("Uploads", []):
            yield Leftover(row["Key"], UPLOAD, row["UploadId"], 0)


def _pages(bucket: Bucket, name: str, prefix: str) -> Iterator[dict[str, Any]]:
    with answers():
        yield from bucket.client.get_paginator(name).paginate(Bucket=bucket.address.bucket, Prefix=prefix)
