"""Large files forced to the disk while they are written, so that little is left to wait for at the end."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor

FORCED_EVERY_BYTES = 64 * 1024 * 1024


class Flusher:
    """Forces one file to the disk beside its writer, every 64 MB; `close` waits for the last of it.

    The system keeps gigabytes back otherwise, and the last fsync waits for all of them with every processor idle.
    At most 128 MB are ever unforced, so a fast writer waits for a slow disk, and memory for other work stays free.
    A file under 64 MB costs no thread.

    Attributes:
        descriptor: of the open file; it stays the caller's to close, after `close`.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._unforced = 0
        self._beside: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    def wrote(self, size_bytes: int) -> None:
        """Note that so many bytes more were written.

        Raises:
            OSError: an earlier part could not be forced, for example because the disk is full.
        """
        self._unforced += size_bytes
        if self._unforced < FORCED_EVERY_BYTES:
            return
        if self._running is not None:
            self._running.result()
        if self._beside is None:
            self._beside = ThreadPoolExecutor(1, "flusher")
        self._running = self._beside.submit(os.fdatasync, self.descriptor)
        self._unforced = 0

    def close(self, *, force: bool = True) -> None:
        """Wait for what runs; with `force`, until all bytes and the file's length are on the disk.

        Raises:
            OSError: a part could not be forced (only with `force`).
        """
        if self._beside is not None:
            self._beside.shutdown(wait=True)
        if force:
            if self._running is not None:
                self._running.result()
            os.fsync(self.descriptor)
