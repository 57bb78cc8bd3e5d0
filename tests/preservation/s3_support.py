"""Buckets for the tests, as the application and as their owner sees them; the fixtures stand in conftest.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from preservation.ceph import APPLICATION, OWNER, Ceph
from zhudang.preservation.bucket.client import Bucket
from zhudang.preservation.bucket.root import BucketRoot


class Far:
    """A bucket as the application sees it, and as its owner does."""

    def __init__(self, server: Ceph, owner: Bucket, prefix: str) -> None:
        self.server, self.prefix = server, prefix
        self.owner = Bucket(replace(owner.address, prefix=prefix), OWNER)
        self.bucket = Bucket(self.owner.address, APPLICATION)
        self.root = BucketRoot(self.bucket)

    def listed(self, below: str = "") -> list[str]:
        """What is there below our prefix, as its owner sees it."""
        return [row.key.removeprefix(f"{self.prefix}/") for row in self.owner.listed(f"{self.prefix}/{below}")]

    def key(self, ending: str) -> str:
        """The key of the first stored file whose path ends so."""
        return next(row.key for row in self.owner.listed(f"{self.prefix}/store/") if row.key.endswith(ending))

    def rot(self, ending: str, data: bytes = b"rotten") -> str:
        """Change a stored file behind our back, as whoever runs the bucket could."""
        key = self.key(ending)
        self.owner.put(key, data)
        return key

    def lose(self, ending: str) -> str:
        """Take a stored file away behind our back."""
        key = self.key(ending)
        self.owner.ask("delete_object", Key=key)
        return key

    def uploads(self) -> list[Any]:
        """The uploads in parts that are under way."""
        return list(self.owner.ask("list_multipart_uploads", Prefix=f"{self.prefix}/").get("Uploads", []))


def fetched(source: BucketRoot, folder: Path) -> Path:
    """All of a bucket below its storage root, downloaded as any S3 tool would, without any code that knows OCFL."""
    for row in source.bucket.listed(source.key("")):
        target = folder / row.key.removeprefix(source.key(""))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.bucket.read(row.key) or b"")
    return folder
