"""One read of a source that feeds several readers at once, at flat memory.

hashlib and write() release Python's lock, so digests and both places' writes run beside each other.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

Sink = Callable[[bytes], None]

CHUNK = 4 * 1024 * 1024
_WAITING_CHUNKS = 3


def chunks_of(stream: BinaryIO, size: int = CHUNK) -> Iterator[bytes]:
    """Read a stream to its end in pieces of `size` bytes."""
    while chunk := stream.read(size):
        yield chunk


def feed(chunks: Iterable[bytes], sinks: Iterable[Sink]) -> None:
    """Hand every chunk to every sink, as `fed` does."""
    with fed(sinks) as put:
        for chunk in chunks:
            put(chunk)


@contextmanager
def fed(sinks: Iterable[Sink]) -> Iterator[Sink]:
    """Give a sink that hands each chunk to all of `sinks`, each in its own thread, in order.

    Memory: at most a few chunks wait for the slowest sink. The first failure of a sink, or of the source, ends all
    of them and is raised here once every thread has stopped.
    """
    lanes = [_Lane(sink) for sink in sinks]

    def put(chunk: bytes) -> None:
        for lane in lanes:
            lane.put(chunk)

    try:
        yield put
    finally:
        for lane in lanes:
            lane.close()
    for lane in lanes:
        if lane.failure is not None:
            raise lane.failure


class _Lane:
    """One sink with its thread; a sink that failed swallows the rest, so that nobody waits for it."""

    def __init__(self, sink: Sink) -> None:
        self.failure: BaseException | None = None
        self._sink = sink
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_WAITING_CHUNKS)
        self._thread = threading.Thread(target=self._run, name="ocfl-lane", daemon=True)
        self._thread.start()

    def put(self, chunk: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        self._waiting.put(chunk)

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (chunk := self._waiting.get()) is not None:
            if self.failure is not None:
                continue
            try:
                self._sink(chunk)
            # Whatever a sink raises belongs to the caller of feed(), who waits in another thread.
            except BaseException as failure:
                self.failure = failure
