"""Background work of this context: checks, whole-file digests, sweeping up."""

from __future__ import annotations

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

_PATIENCE = RetryStrategy(max_attempts=5, exponential_wait=3)


@app.task(name="content.check_files", queue="checks", retry=_PATIENCE)
def check_files(file_ids: list[str]) -> None:
    """Check these files and, while at it, others that wait."""
    from zhudang.content import checking

    checking.check_waiting(file_ids)
