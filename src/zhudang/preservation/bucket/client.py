"""Files in a bucket: listed, read, written, each answer either certain or `BucketUnreachable`.

Every request is signed with the SHA-256 of its body, and carries Content-MD5 beside it, so that no server takes in
bytes that changed on the way. Timeouts are short and retries are few; who asks tries again later.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from zhudang.preservation.bucket.bounded import BoundedSession, TooLong
from zhudang.preservation.bucket.credentials import Credentials
from zhudang.preservation.domain.s3_address import S3Address
from zhudang.preservation.ocfl.inventory import LARGEST

CONNECT_SECONDS, READ_SECONDS, TRIES = 10, 60, 4
CHUNK = 1024 * 1024
MOST_CONNECTIONS = 8
_MOST_EMPTY_PAGES = 100
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"})
COMPLIANCE = "COMPLIANCE"
"""The mode of object lock in which nobody, the owner included, may delete or shorten before the time is over."""
_NO_LOCK = frozenset({"ObjectLockConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed"})
DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "403"})


class BucketUnreachable(Exception):
    """The bucket did not answer, or not to us: nothing can be said of what it holds.

    Args:
        problem: the server's code, or the name of the failure; never an address or a key.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class TooLarge(BucketUnreachable):
    """A file is larger than the server says, or than any of its kind that is ours: it is not read to its end."""

    def __init__(self, key: str) -> None:
        super().__init__("TooLarge")
        self.key = key


class BucketFull(Exception):
    """The bucket takes in no more; what was begun there does not count."""


@dataclass(frozen=True)
class Stored:
    """A key with what the listing tells of it. `etag` is a hint for going on with an upload, never a proof."""

    key: str
    size: int
    etag: str


class Bucket:
    """The files of one bucket; safe to use from several threads."""

    def __init__(self, address: S3Address, credentials: Credentials) -> None:
        self.address = address
        self._credentials = credentials
        self._has_lock: bool | None = None

    @property
    def client(self) -> Any:
        """The client, shared by all buckets of the same server and credentials."""
        address = self.address
        return _client(
            address.endpoint, address.region, address.path_style, address.ca_file, self._credentials,
            (CONNECT_SECONDS, READ_SECONDS, TRIES),
        )  # fmt: skip

    def ask(self, name: str, **given: Any) -> Any:
        """One request about this bucket, by the name of the operation; gives the answer.

        Raises:
            BucketUnreachable, BucketFull.
            Missing: there is no such key.
        """
        with answers():
            return getattr(self.client, name)(Bucket=self.address.bucket, **given)

    def listed(self, prefix: str, *, most: int | None = None) -> Iterator[Stored]:
        """The keys that begin so, in their order.

        Raises:
            BucketUnreachable: also where the listing goes in circles: page after page without a key, or one again.
        """
        last, empty = b"", 0
        with answers():
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.address.bucket, Prefix=prefix,
                PaginationConfig={"MaxItems": most, "PageSize": min(most or 1000, 1000)},
            )  # fmt: skip
            for page in pages:
                rows = page.get("Contents", [])
                empty = 0 if rows else empty + 1
                if empty > _MOST_EMPTY_PAGES:
                    raise BucketUnreachable("EndlessListing")
                for row in rows:
                    key = row["Key"].encode("utf-8", "surrogatepass")
                    if key <= last and key.isascii() and last.isascii():
                        raise BucketUnreachable("EndlessListing")
                    last = key
                    yield Stored(row["Key"], row.get("Size", 0), row.get("ETag", "").strip('"'))

    def read(self, key: str, most: int = LARGEST) -> bytes | None:
        """All bytes of a small file; None where there is none.

        Raises:
            BucketUnreachable: also where it has more than `most`.
        """
        try:
            return self.whole(key, most)
        except Missing:
            return None

    def whole(self, key: str, most: int = LARGEST) -> bytes:
        """All bytes of a small file.

        Raises:
            Missing: there is no such key.
            BucketUnreachable: also where it has more than `most`.
        """
        pieces, size = [], 0
        for piece in self.stream(key):
            size += len(piece)
            if size > most:
                raise TooLarge(key)
            pieces.append(piece)
        return b"".join(pieces)

    def stream(self, key: str) -> Generator[bytes, None, None]:
        """The bytes of a file, piece by piece; a connection that broke is gone on with where it broke.

        Raises:
            Missing: there is no such key.
            TooLarge: more comes than the server said.
            BucketUnreachable.
        """
        done, left, tag = 0, TRIES, ""
        while True:
            given = {"Range": f"bytes={done}-", "IfMatch": tag} if done else {}
            answer = self.ask("get_object", Key=key, **given)
            if "ETag" not in answer or "ContentLength" not in answer:
                raise BucketUnreachable("IncompleteAnswer")
            tag, whole = answer["ETag"], done + int(answer["ContentLength"])
            try:
                with answers():
                    for piece in answer["Body"].iter_chunks(CHUNK):
                        done += len(piece)
                        if done > whole:
                            raise TooLarge(key)
                        yield piece
            except TooLarge:
                raise
            except BucketUnreachable:
                left -= 1
                if not left:
                    raise
                continue
            finally:
                answer["Body"].close()
            if done >= whole:
                return
            left -= 1
            if not left:
                raise BucketUnreachable("IncompleteRead")

    def put(self, key: str, data: bytes) -> Any:
        """Write a small file in one request; gives the server's answer."""
        return self.ask("put_object", Key=key, Body=data, **_checksums(data), **self.retention())

    def retention(self) -> dict[str, Any]:
        """What a request that begins a file says so that nobody may delete it for a time; nothing where that is not asked for.

        A bucket without object lock, or one that does not let us know, is asked for nothing: it would refuse the file.
        """
        if not self.address.retention_days:
            return {}
        if self._has_lock is None:
            self._has_lock = has_object_lock(self)
        until = datetime.now(UTC) + timedelta(days=self.address.retention_days)
        return {"ObjectLockMode": COMPLIANCE, "ObjectLockRetainUntilDate": until} if self._has_lock else {}


def has_object_lock(bucket: Bucket) -> bool:
    """Whether a bucket has object lock on, as far as the server tells us.

    Raises:
        BucketUnreachable: it did not answer.
    """
    try:
        answer = bucket.ask("get_object_lock_configuration")
    except BucketUnreachable as refused:
        if refused.problem in DENIED | _NO_LOCK:
            return False
        raise
    return bool(answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled")


@lru_cache(maxsize=32)
def _client(
    endpoint: str,
    region: str,
    path_style: bool,
    ca_file: str,
    known_by: Credentials,
    patience: tuple[float, float, int],
) -> Any:
    """Make a client at first use: its library takes a third of a second to load, and as long for each client."""
    from botocore.config import Config
    from botocore.session import Session

    connect, read, tries = patience
    config = Config(
        region_name=region,
        signature_version="s3v4",
        connect_timeout=connect,
        read_timeout=read,
        retries={"total_max_attempts": tries, "mode": "standard"},
        max_pool_connections=MOST_CONNECTIONS,
        s3={"addressing_style": "path" if path_style else "virtual", "payload_signing_enabled": True},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    made = Session().create_client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=known_by.access_key,
        aws_secret_access_key=known_by.secret_key,
        verify=ca_file or True,
        config=config,
    )
    # The library offers no other way in, and reads an answer that never ends until there is no memory left.
    made._endpoint.http_session = BoundedSession(made._endpoint.http_session)
    return made


class Missing(Exception):
    """The bucket answered that it has no such key."""


@contextmanager
def answers() -> Iterator[None]:
    """Tell apart what a server said and that it said nothing."""
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as refused:
        code = str(refused.response.get("Error", {}).get("Code", ""))
        if code == "NoSuchKey":
            raise Missing from refused
        if code in _FULL:
            raise BucketFull(code) from refused
        raise BucketUnreachable(code or "Error") from refused
    except (BotoCoreError, HTTPError, OSError, TooLong, ValueError) as silent:
        raise BucketUnreachable(type(silent).__name__) from silent


def content_md5(data: bytes) -> str:
    """Content-MD5 of RFC 1864, which buckets with retention ask for."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _checksums(data: bytes) -> dict[str, str]:
    return {
        "ContentMD5": content_md5(data),
        "ChecksumSHA256": base64.b64encode(hashlib.sha256(data).digest()).decode(),
    }


Progress = Callable[[int], None]
