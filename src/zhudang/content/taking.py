"""The bytes of one upload request on their way to the file: read, digest, write, verify, flush, count."""

from __future__ import annotations

import hashlib
import os
import queue
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Protocol

from django.db import connection, transaction
from django.utils import timezone

from zhudang.content import conf, store
from zhudang.content.domain import tus
from zhudang.content.models import Upload
from zhudang.shared.digests import Digests, hasher_for
from zhudang.shared.refusals import NotFound, Reason, Refusal

READ_BYTES = conf.MIB // 4
COUNT_EVERY_BYTES = 64 * conf.MIB
_READ_AHEAD = 8
_AT_ONCE_BYTES = 64 * 1024


class ChecksumDiffers(Refusal):
    """The bytes of this request are not those announced; none of them counts."""


class Body(Protocol):
    """Bytes as they arrive; a broken connection is a silent short read."""

    def read(self, size: int, /) -> bytes: ...


class PatientBody:
    """Reads ahead on a thread of its own, and takes a line that stays silent too long for a broken one.

    Without it a telephone that left the network mid-upload would hold the lock on its upload until the
    operating system notices: hours. Small bodies are read as they are.
    """

    def __init__(self, body: Body, total_bytes: int, seconds: float) -> None:
        self._body, self._left, self._seconds = body, total_bytes, seconds
        self._read: queue.Queue[bytes] = queue.Queue(_READ_AHEAD)
        self._given_up = threading.Event()
        self._reader: threading.Thread | None = None

    def read(self, size: int, /) -> bytes:
        """Give the next bytes, however many there are; nothing when the line is broken or silent."""
        if self._reader is None and self._left <= _AT_ONCE_BYTES:
            return read_or_nothing(self._body, size)
        if self._reader is None:
            self._reader = threading.Thread(target=self._read_ahead, name="upload-reader", daemon=True)
            self._reader.start()
        try:
            return self._read.get(timeout=self._seconds)
        except queue.Empty:
            return b""

    def _read_ahead(self) -> None:
        chunk = b"-"
        while chunk and self._left and not self._given_up.is_set():
            chunk = read_or_nothing(self._body, min(READ_BYTES, self._left))
            self._left -= len(chunk)
            while not self._given_up.is_set():
                with suppress(queue.Full):
                    self._read.put(chunk, timeout=0.5)
                    break

    def wait_until_over(self) -> None:
        """Read no further, and wait until nobody reads.

        The answer must not be given while the reader still hangs on the line: granian then waits for it with
        the interpreter in its hands, and the whole server stands still.
        """
        self._given_up.set()
        if self._reader and self._reader.is_alive():
            let_go_of_database()
            self._reader.join()


def read_or_nothing(body: Body, size: int) -> bytes:
    """Read from a line; one that breaks gives nothing, and what came before counts."""
    try:
        return body.read(size)
    except OSError:
        return b""


def arrival(digests: Digests | None, now: datetime) -> dict[str, Any]:
    """What changes in the row of an upload with its last byte; digests where they were computed on the way."""
    changes: dict[str, Any] = {"state": Upload.State.ARRIVED, "arrived_at": now}
    return changes | ({"sha256": digests.sha256, "sm3": digests.sm3} if digests else {})


class Taking:
    """The bytes of one request on their way to the file of their upload."""

    def __init__(
        self,
        row: Upload,
        target: BinaryIO,
        body: Body,
        body_bytes: int,
        checksum: tus.Checksum | None,
        now: datetime,
    ) -> None:
        self._now = now
        self._row, self._target, self._body, self._left = row, target, body, body_bytes
        self._announced = checksum
        self._counted = row.offset
        self._written = row.offset
        self._checksum = hashlib.new(checksum.algorithm) if checksum else None
        whole = row.offset == 0 and body_bytes == row.length
        # The digests of a file sent in one request are computed on the way; hashlib cannot continue them later.
        self._digests = hasher_for(body_bytes) if whole else None

    def take(self) -> None:
        """Write, verify, flush, count; with the last byte the upload has arrived, in the same statement.

        Raises:
            ChecksumDiffers, NotFound, store.DiskFull.
        """
        os.ftruncate(self._target.fileno(), self._counted)
        self._target.seek(self._counted)
        if self._left > _AT_ONCE_BYTES:
            let_go_of_database()
        try:
            complete = self._write()
            self._verify(complete)
            self._count()
        except OSError as problem:
            self._take_back()
            if store.is_full(problem):
                raise store.disk_full() from problem
            raise

    def _write(self) -> bool:
        while self._left:
            chunk = read_or_nothing(self._body, min(READ_BYTES, self._left))
            if not chunk:
                return False
            self._left -= len(chunk)
            if self._checksum:
                self._checksum.update(chunk)
            if self._digests:
                self._digests.update(chunk)
            store.write_whole(self._target, chunk)
            self._written += len(chunk)
            if not self._checksum and self._written - self._counted >= COUNT_EVERY_BYTES:
                self._count()
        return True

    def _verify(self, complete: bool) -> None:
        if self._checksum is None or self._announced is None:
            return
        if not complete or self._checksum.digest() != self._announced.digest:
            self._take_back()
            raise ChecksumDiffers(Reason("content.checksum_differs", {"counted": self._counted}))

    def _count(self) -> None:
        if self._written == self._counted:
            return
        os.fdatasync(self._target.fileno())
        changes: dict[str, Any] = {
            "offset": self._written,
            "expires_at": timezone.now() + timedelta(days=conf.upload_days()),
        }
        if self._written == self._row.length:
            # Never all bytes without arrival: a client that finds all its bytes counted does not come again.
            changes |= arrival(self._digests.digests() if self._digests else None, self._now)
        self._write_down(changes)
        self._counted = self._written
        for name, value in changes.items():
            setattr(self._row, name, value)
        if self._left > _AT_ONCE_BYTES:
            let_go_of_database()

    @transaction.atomic
    def _write_down(self, changes: Mapping[str, Any]) -> None:
        from zhudang.content import jobs

        counted = Upload.objects.filter(id=self._row.id, state=Upload.State.RECEIVING, offset=self._counted)
        # A row that is gone or elsewhere means somebody ended the upload; nothing of ours counts then.
        if not counted.update(**changes):
            raise NotFound
        if "state" in changes and not changes.get("sha256") and self._row.length > conf.inline_digest_bytes():
            jobs.verify_upload.defer(upload_id=str(self._row.id))

    def _take_back(self) -> None:
        os.ftruncate(self._target.fileno(), self._counted)


def let_go_of_database() -> None:
    """Give the connection back while bytes travel: 20 GB over a site's line take hours."""
    if not connection.in_atomic_block:
        connection.close()
