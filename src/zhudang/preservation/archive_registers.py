"""The archive's own registers, which belong to no project, as they go to the store, and back.

One object of kind `archive`, whose id is the same in every archive (`names.ARCHIVE_ID`). Its tables are files of lines
like those of a project's catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from zhudang.atlas import holdings as atlas_holdings
from zhudang.audit import queries as acts
from zhudang.documents import holdings as documents_holdings
from zhudang.filing import holdings as filing_holdings
from zhudang.identity import holdings as identity_holdings
from zhudang.identity import queries as identity
from zhudang.preservation import holdings as preservation_holdings
from zhudang.preservation.catalogue import FOLDER, Highest, working_folder, written
from zhudang.preservation.domain import names, own_tables
from zhudang.preservation.domain.names import ARCHIVE_ID, ObjectName
from zhudang.preservation.keys import keyring
from zhudang.preservation.models import ArchivalObject
from zhudang.preservation.ocfl import reader
from zhudang.preservation.ocfl.content import content_of_bytes
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.packing import ARCHIVE, PROJECT, Package, one_moment
from zhudang.registry import holdings as registry_holdings
from zhudang.shared.holdings import Description, Register, Row

FORMAT = "zhudang-archive-registers/1"
TITLE = "馆级登记"
LEAST_LEVEL = 1
"""Internal: they tell of people."""
_ALL = (
    identity_holdings, registry_holdings, filing_holdings, documents_holdings, atlas_holdings, preservation_holdings,
)  # fmt: skip
REGISTERS: tuple[Register, ...] = tuple(
    chain.from_iterable(getattr(holdings, "ARCHIVE_REGISTERS", ()) for holdings in _ALL)
)


def describe() -> Description:
    """Describe all registers that belong to no project."""
    kept = ArchivalObject.objects.filter(kind=PROJECT).order_by().values("project_id")
    return {
        **identity_holdings.describe_archive(),
        **registry_holdings.describe_archive(kept_projects=kept),
        **filing_holdings.describe_archive(),
        **documents_holdings.describe_archive(),
        **atlas_holdings.describe_archive(),
        **preservation_holdings.describe_archive(),
    }


def restore(tables: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring them back, inside the caller's transaction; gives the number of rows by table."""
    counts: dict[str, int] = {}
    for holdings in _ALL:
        counts |= holdings.restore_archive(tables)
    return counts


def level_of(highest: Highest) -> int:
    """The secrecy level of the whole: the highest of anything it tells, internal at least.

    Args:
        highest: of its rows, once they have passed.
    """
    return max(LEAST_LEVEL, highest.level, preservation_holdings.level_told())


class RegistersOfAnother(Exception):
    """A store holds registers that name accounts this database never had: no version is laid over them."""

    def __init__(self, place: str) -> None:
        super().__init__(f"registers of another database at {place}")
        self.place = place


def refuse_another(roots: Sequence[StorageRoot]) -> None:
    """Where this database knows of no registers in the store, see that those there, if any, are not another's.

    A run that was killed before it wrote its rows left this database's own. Accounts are never deleted: of a database
    lost and begun anew, which ought to be rebuilt first, they would be unknown here.

    Raises:
        RegistersOfAnother, KeysUnusable, CannotOpen, ObjectDamaged.
    """
    if ArchivalObject.objects.filter(kind=ARCHIVE).exists():
        return
    account = identity_holdings.ACCOUNT_WITH_STANDING
    for root in roots:
        name = ObjectName(ARCHIVE_ID)
        while root.object_folder(str(name.successor)).is_dir():
            name = name.successor
        inventory = root.inventory(str(name))
        if inventory is None:
            continue
        folder, keys = root.object_folder(str(name)), keyring.identities([root])
        held = reader.held_files(folder, inventory, keys).get(f"{FOLDER}/{account.name}.jsonl")
        if held is None:
            continue
        with reader.opened(folder, inventory, held, keys) as lines:
            told = {json.loads(line)["id"] for line in lines}
        if account.model.objects.filter(id__in=told).count() < len(told):
            raise RegistersOfAnother(str(root.place))


@contextmanager
def packed() -> Iterator[Package]:
    """Make the package of the archive's own object; only one at a time (inside `sites.writing`)."""
    with working_folder() as working:
        with one_moment():
            package = _package(working)
        yield package


def _package(working: Path) -> Package:
    contents, tables, highest = [], {}, Highest()
    for name, rows in sorted(describe().items()):
        table, number = written(working / f"{name}.jsonl", highest.of(rows))
        if number:
            contents.append(table)
            zh, en = own_tables.TABLES[name]
            tables[name] = {"zh": zh, "en": en, "rows": number, "stored_as": f"{FOLDER}/{name}.jsonl"}
    level = level_of(highest)
    index = {
        "format": FORMAT,
        "title": {"zh": TITLE, "en": "The archive's own registers"},
        "archives": sorted(identity.organisations(kind="archive").values_list("name", flat=True)),
        "about": own_tables.ABOUT,
        "tables": tables,
        "not_here": own_tables.NOT_HERE,
    }
    return Package(
        thing_id=ARCHIVE_ID,
        kind=ARCHIVE,
        project_id=None,
        title=TITLE,
        level=level,
        reference_code="",
        accession_no="",
        contents=(content_of_bytes("description.json", names.json_bytes(index)), *contents),
        files=0,
        bytes=0,
        class_level=level,
        log_number=acts.sealed_number(),
    )
