"""Secrets made at first use are made once, whole, and for their owner alone."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from zhudang.shared.secret_files import made_once


def test_whoever_comes_at_once_gets_the_first_one_s_secret_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path, numbers = tmp_path / "secrets" / "key.pem", count()
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: made_once(path, lambda: b"%d" % next(numbers)), range(40)))
    assert set(got) == {path.read_bytes()}
    assert [each.name for each in path.parent.iterdir()] == ["key.pem"]
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_a_secret_that_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> bytes:
        raise RuntimeError("no randomness")

    with pytest.raises(RuntimeError, match="no randomness"):
        made_once(tmp_path / "key", broken)
    assert list(tmp_path.iterdir()) == []
    assert made_once(tmp_path / "key", lambda: b"a") == made_once(tmp_path / "key", broken) == b"a"
