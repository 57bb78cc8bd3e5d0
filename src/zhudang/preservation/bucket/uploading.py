"""A file written into a bucket: small ones in one request, large ones in parts that a later run goes on with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from zhudang.preservation.bucket.client import Bucket, BucketUnreachable, Missing, Progress, content_md5
from zhudang.preservation.ocfl.content import SourceChanged

PART = 16 * 1024 * 1024
"""Files up to this size go in one request. One part is held in memory."""
MOST_PARTS = 9000
"""S3 knows 10,000 at most."""


def put_file(bucket: Bucket, key: str, path: Path, expected: str, *, progress: Progress | None = None) -> None:
    """Write one file; nothing stands at the key until all of it is there.

    Args:
        expected: SHA-512 the file must have; compared before the key comes to be.

    Raises:
        SourceChanged: the file here is not what it ought to be.
        BucketUnreachable, BucketFull: parts that arrived are gone on with by the next run.
    """
    size = path.stat().st_size
    if size > PART:
        _put_parts(bucket, key, path, size, expected, progress)
        return
    data = path.read_bytes()
    found = hashlib.sha512(data).hexdigest()
    if found != expected:
        raise SourceChanged(str(path), expected, found)
    bucket.put(key, data)
    if progress:
        progress(len(data))


def part_size(size: int) -> int:
    """How long the parts of a file are, by its size alone, so that a later run makes the same parts; whole MiB."""
    mebibyte = 1024 * 1024
    return max(PART, -(-size // (MOST_PARTS * mebibyte)) * mebibyte)


def _put_parts(bucket: Bucket, key: str, path: Path, size: int, expected: str, progress: Progress | None) -> None:
    upload, there = _begun(bucket, key)
    length, digest, parts = part_size(size), hashlib.sha512(), []
    with path.open("rb", buffering=0) as stream:
        for number, data in enumerate(_pieces(stream, length), 1):
            digest.update(data)
            md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
            # A part whose ETag is its MD5 arrived before; whether that is true the reading back will tell.
            if there.get(number) == (len(data), md5):
                tag = md5
            else:
                tag = bucket.ask(
                    "upload_part", Key=key, UploadId=upload, PartNumber=number, Body=data, ContentMD5=content_md5(data)
                )["ETag"].strip('"')  # fmt: skip
                if progress:
                    progress(len(data))
            parts.append({"PartNumber": number, "ETag": f'"{tag}"'})
    if digest.hexdigest() != expected:
        raise SourceChanged(str(path), expected, digest.hexdigest())
    done = bucket.ask("complete_multipart_upload", Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    if lock := bucket.retention():
        # Not every server keeps what the beginning of an upload said of it.
        which = {"VersionId": done["VersionId"]} if done.get("VersionId") else {}
        kept = {"Mode": lock["ObjectLockMode"], "RetainUntilDate": lock["ObjectLockRetainUntilDate"]}
        bucket.ask("put_object_retention", Key=key, Retention=kept, **which)


def _pieces(stream: object, length: int) -> Iterator[bytes]:
    read = stream.read  # type: ignore[attr-defined]
    while True:
        pieces, have = [], 0
        while have < length and (piece := read(length - have)):
            pieces.append(piece)
            have += len(piece)
        if not have:
            return
        yield b"".join(pieces)


def _begun(bucket: Bucket, key: str) -> tuple[str, dict[int, tuple[int, str]]]:
    """The upload to go on with and its parts (number -> size, ETag), or a new one without any."""
    try:
        found = bucket.ask("list_multipart_uploads", Prefix=key).get("Uploads", [])
        own = [row for row in found if row["Key"] == key]
        for row in sorted(own, key=lambda each: each["Initiated"], reverse=True):
            try:
                return row["UploadId"], _parts(bucket, key, row["UploadId"])
            except (Missing, BucketUnreachable):
                continue
    except BucketUnreachable:
        pass  # not allowed to list them: begun anew
    return bucket.ask("create_multipart_upload", Key=key, **bucket.retention())["UploadId"], {}


def _parts(bucket: Bucket, key: str, upload: str) -> dict[int, tuple[int, str]]:
    found: dict[int, tuple[int, str]] = {}
    after = 0
    while True:
        answer = bucket.ask("list_parts", Key=key, UploadId=upload, PartNumberMarker=after)
        for row in answer.get("Parts", []):
            found[row["PartNumber"]] = (row["Size"], row["ETag"].strip('"'))
        if not answer.get("IsTruncated"):
            return found
        after = answer["NextPartNumberMarker"]
