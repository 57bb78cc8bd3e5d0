"""Papers are made in processes of their own, ahead of the loader: most of a city's work is typesetting."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from zhudang.demo import stock
from zhudang.shared.parents import die_with_parent

AT_ONCE = 4
"""Papers handed to a process together."""


class Makers:
    """One process a core, up to four; politely, since the product works beside them.

    with Makers() as makers:
        papers = makers.make(orders)   # begun at once
        for files in papers: ...       # in the order asked for
    """

    def __init__(self, processes: int | None = None) -> None:
        count = processes or min(os.cpu_count() or 1, 4)
        # Never a fork: the loader's connections and threads would go with it.
        self._pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def make(self, orders: Sequence[stock.Order]) -> Iterator[list[stock.Made]]:
        """Begin to make these papers; yield the files of each, in the same order, as they come ready."""
        return self._pool.map(stock.make, orders, chunksize=AT_ONCE)


def _begin() -> None:
    die_with_parent()
    os.nice(5)
