"""What many tests start from, made once a session: a database and the folders that belong to it.

Each test gets a copy of the folders and a transaction on that database, rolled back when it ends: as with `django_db`, which
the test must ask for before (by `db`), only that rows are there already.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.db import connection, connections, transaction
from django.utils import timezone

from databases import STARTED, create_database
from zhudang.audit import verification

T = TypeVar("T")


class Prepared:
    """The starting points of a session by name.

    Args:
        folder: where their folders are kept.
    """

    def __init__(self, cluster: Any, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self._made: dict[str, tuple[Any, datetime]] = {}

    @contextmanager
    def start_from(self, name: str, make: Callable[[Path], T], folder: Path) -> Iterator[T]:
        """Begin a test at a starting point, made by the first that asks; undone after.

        Args:
            make: makes it, with its files below the folder it is given. What it gives is what tests get a copy of.
            folder: where this test finds the files.
        """
        kept, database = self.folder / name, f"zhudang_prepared_{name}"
        if name not in self._made:
            create_database(self.cluster, database, STARTED)
            kept.mkdir()
            began = timezone.now()
            with connected_to(database):
                self._made[name] = make(kept), began
        made, began = self._made[name]
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        with connected_to(database), rolled_back(), waiting_for_a_sealer(timezone.now() - began):
            yield copy.deepcopy(made)


@contextmanager
def connected_to(database: str) -> Iterator[None]:
    """Let every alias lead to another database; what was open before stays as it was."""
    before = {alias: (connections[alias], connections[alias].settings_dict["NAME"]) for alias in connections}
    for alias, (there, _name) in before.items():
        there.settings_dict["NAME"] = database  # threads that open their own read it there
        connections[alias] = connections.create_connection(alias)
    try:
        yield
    finally:
        for alias, (there, name) in before.items():
            connections[alias].close()
            connections[alias] = there
            there.settings_dict["NAME"] = name


@contextmanager
def rolled_back() -> Iterator[None]:
    """One transaction that never ends well; references still open at its end are an error, as under `django_db`."""
    with transaction.atomic():
        try:
            yield
        finally:
            if not connection.needs_rollback and connection.is_usable():
                connection.check_constraints()
            transaction.set_rollback(True)


@contextmanager
def waiting_for_a_sealer(age: timedelta) -> Iterator[None]:
    """Nobody seals in a test: the log of a starting point may wait as much longer as that is old."""
    longest = verification.SLOW_SEALING
    verification.SLOW_SEALING = longest + age
    try:
        yield
    finally:
        verification.SLOW_SEALING = longest
