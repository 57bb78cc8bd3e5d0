"""Filing's register of a project as the store keeps it: what was owed, the transferred records, volumes, numbers.

Besides, for the archive's own registers: all scope lists, which of them is in use, and the last number of every series.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from zhudang.filing.domain.states import RecordState
from zhudang.filing.models import (
    Counter,
    GivenCode,
    Obligation,
    Record,
    RecordFile,
    ScopeAdoption,
    ScopeItem,
    ScopeList,
    Volume,
)
from zhudang.shared.holdings import DescribedByKeys, Description, Register, Row, describe_all, restore_all

IN_THE_ARCHIVE = (RecordState.TRANSFERRED.value, RecordState.PRESERVED.value)


def _higher(there: Row, described: Row) -> Row:
    return described if described["value"] >= there["value"] else there


SCOPE_LIST = Register("filing.scope_list", ScopeList)
SCOPE_ITEM = Register("filing.scope_item", ScopeItem)
OBLIGATION = Register("filing.obligation", Obligation)
VOLUME = Register("filing.volume", Volume)
RECORD = Register("filing.record", Record)
RECORD_FILE = Register("filing.record_file", RecordFile)
GIVEN_CODE = Register("filing.given_code", GivenCode)
COUNTER = Register("filing.counter", Counter, merge=_higher)
SCOPE_ADOPTION = Register("filing.scope_adoption", ScopeAdoption)
REGISTERS = (SCOPE_LIST, SCOPE_ITEM, OBLIGATION, VOLUME, RECORD, RECORD_FILE, GIVEN_CODE, COUNTER)
ARCHIVE_REGISTERS = (SCOPE_LIST, SCOPE_ITEM, SCOPE_ADOPTION, COUNTER)


def describe(project_id: UUID) -> Description:
    """Describe what is in the archive of a project, and what was owed for it.

    Records still on their way and files that were replaced are works in progress: the database backup has them.
    """
    obligations = Obligation.objects.filter(project_id=project_id)
    # Keys are asked for first: such questions stay cheap whatever else the tables hold.
    lists = set(obligations.values_list("scope_item__scope_list_id", flat=True).distinct())
    records = Record.objects.of_project(project_id).filter(state__in=IN_THE_ARCHIVE)
    codes = GivenCode.objects.filter(project_id=project_id)
    record_ids = {str(record_id) for record_id in records.values_list("id", flat=True)}
    described = describe_all(
        (
            (SCOPE_LIST, ScopeList.objects.filter(id__in=lists)),
            (SCOPE_ITEM, ScopeItem.objects.filter(scope_list_id__in=lists)),
            (OBLIGATION, obligations),
            (VOLUME, Volume.objects.filter(id__in=volumes_in_the_archive(project_id))),
            (RECORD, records),
            (GIVEN_CODE, codes),
            (COUNTER, Counter.objects.filter(series__in=set(codes.values_list("series", flat=True).distinct()))),
        )
    )
    current = DescribedByKeys(RECORD_FILE, "record_id", record_ids, {"replaced_at__isnull": True})
    return {**described, RECORD_FILE.name: current}


def volumes_in_the_archive(project_id: UUID) -> set[UUID]:
    """The volumes of a project that hold transferred records."""
    records = Record.objects.of_project(project_id).filter(state__in=IN_THE_ARCHIVE, volume__isnull=False)
    return set(records.values_list("volume_id", flat=True).distinct())


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring the register of a project back; counters never go backwards."""
    for row in described.get(SCOPE_LIST.name, ()):
        _give_way(row)
    return restore_all(REGISTERS, described)


def describe_archive() -> Description:
    """Describe what belongs to no project: scope lists, adoptions, and every series, also those of works in progress."""
    return describe_all((register, register.model._base_manager.all()) for register in ARCHIVE_REGISTERS)


def restore_archive(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring it back; an adoption of a default at the start gives way, counters never go backwards."""
    for row in described.get(SCOPE_LIST.name, ()):
        _give_way(row)
    for row in described.get(SCOPE_ADOPTION.name, ()):
        ScopeAdoption.objects.filter(kind=row["kind"]).exclude(id=row["id"]).delete()
    return restore_all(ARCHIVE_REGISTERS, described)


def _give_way(row: Row) -> None:
    """Take away a freshly loaded edition of a scope list that nobody used, where the store has the one that was used."""
    loaded = ScopeList.objects.filter(code=row["code"], edition=row["edition"]).exclude(id=row["id"])
    if not loaded or Obligation.objects.filter(scope_item__scope_list__in=loaded).exists():
        return
    # The list the store brings comes in this same transaction, where references are checked at the end.
    ScopeAdoption.objects.filter(scope_list__in=loaded).update(scope_list_id=row["id"])
    ScopeItem.objects.filter(scope_list__in=loaded).delete()
    loaded.delete()
