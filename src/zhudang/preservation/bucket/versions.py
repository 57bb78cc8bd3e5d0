"""All versions of the files below a prefix of a bucket, key by key: what was written over is among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from zhudang.preservation.bucket.client import Bucket, answers


@dataclass(frozen=True)
class Version:
    """One version of a file.

    Args:
        at: when it was written, by the server's clock.
        newest: whether it is what a reader of the key gets; of a file under a marker of deletion none is.
    """

    key: str
    id: str
    at: datetime
    newest: bool


def by_key(bucket: Bucket, prefix: str) -> Iterator[list[Version]]:
    """The versions of each key that begins so, the newest first, at flat memory.

    Raises:
        BucketUnreachable: among others where listing versions is not allowed.
    """
    for _, rows in groupby(_rows(bucket, prefix), key=lambda row: row["Key"]):
        yield [Version(row["Key"], row["VersionId"], row["LastModified"], row["IsLatest"]) for row in rows]


def _rows(bucket: Bucket, prefix: str) -> Iterator[dict[str, Any]]:
    with answers():
        pages = bucket.client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=bucket.address.bucket, Prefix=prefix):
            yield from page.get("Versions", [])
