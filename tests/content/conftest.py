"""A place to put files, its people, and a store of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from content_support import Site

from zhudang.content import places


@pytest.fixture
def bytes_folder(tmp_path: Path, settings: Any) -> Path:
    """The folder of bytes, empty, this test's own."""
    settings.CONTENT_ROOT = tmp_path / "content"
    settings.DERIVATIVES_ROOT = tmp_path / "derivatives"
    settings.DISK_RESERVE_BYTES = 0
    return tmp_path / "content"


@pytest.fixture
def site(db: None, bytes_folder: Path) -> Iterator[Site]:
    """People and a project known to the place resolver."""
    made = Site()
    before = list(places._resolvers)
    places.register(lambda project_id, unit_work_id: made.place if project_id == made.place.project_id else None)
    yield made
    places._resolvers[:] = before
