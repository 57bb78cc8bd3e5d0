"""What stays in the store in the place of a destroyed volume (销毁墓碑): a small object under the same id that says so.

OCFL knows no purge: an object that lost its bytes would be invalid for ever. So the whole object goes, and a new one, at
version 1, takes its folder; validators, the fixity audit, repair and rebuilding meet an ordinary object.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from zhudang.preservation.disposal.models import DisposalCase, DisposalItem
from zhudang.preservation.domain.names import json_bytes, object_id
from zhudang.preservation.ocfl.content import Content, content_of_bytes
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.shared.plain import plain

FORMAT = "zhudang-tombstone/1"
FILE, TEXT = "tombstone.json", "tombstone.txt"


def message_of(case: DisposalCase) -> str:
    """What the version of a tombstone says of itself, in the clear: no title, no name."""
    return f"鉴定销毁 / destroyed by disposal {case.number}"


def stands(inventory: Inventory | None, case: DisposalCase) -> bool:
    """Whether what lies in an object's folder is the tombstone of this case."""
    return inventory is not None and inventory.head == 1 and inventory.versions[1].message == message_of(case)


def contents_of(case: DisposalCase, item: DisposalItem) -> tuple[Content, ...]:
    """The files of a tombstone: for programs, and for whoever opens the folder. The same facts give the same bytes."""
    told = tombstone_of(case, item)
    return (content_of_bytes(FILE, json_bytes(told)), content_of_bytes(TEXT, _text(told).encode()))


def tombstone_of(case: DisposalCase, item: DisposalItem) -> dict[str, Any]:
    """What is said of a destroyed volume for ever; digests, but no name and no byte of its files."""
    opinions = [
        {"name": row.name, "username": row.username, "agrees": row.agrees, "reasons": row.reasons, "at": row.at}
        for row in case.opinions.all()
    ]
    witnesses = [{"name": row.name, "username": row.username, "at": row.at} for row in case.signatures.filter(place="")]
    told = {
        "format": FORMAT,
        "object": object_id(item.object_id),
        "volume": {
            "reference_code": item.reference_code, "accession_no": item.accession_no, "title": item.title,
            "project": item.project_name, "project_object": object_id(item.project_id), "formed_on": item.formed_on,
            "formed_until": item.formed_until, "level": item.level, "records": item.records, "files": item.files,
            "bytes": item.bytes, "retention": item.retention, "retention_ended_on": item.ended_on,
        },
        "was": {"version": item.version, "inventory_sha512": item.inventory_sha512, "files": item.digests, **_others(item)},
        "disposal": {
            "number": case.number, "why": case.why, "list_sha256": case.list_sha256, "approved_sha256": case.approved_sha256,
            "proposed": {"name": case.proposed_name, "username": case.proposed_by, "at": case.proposed_at},
            "opinions": opinions,
            "approved": {
                "name": case.decided_name, "username": case.decided_by, "at": case.decided_at, "because": case.decided_because,
            },
            "waited_until": case.wait_until,
            "witnesses": witnesses,
            "executed": {"name": case.executor_name, "username": case.executor, "at": case.began_at},
        },
        "provenance": {
            "event": "deaccession", "vocabulary": "http://id.loc.gov/vocabulary/preservation/eventType/dea",
            "at": case.began_at, "agent": case.executor_name,
        },
    }  # fmt: skip
    return dict(plain(told))


def _others(item: DisposalItem) -> dict[str, Any]:
    """The volume's other objects, where it had some."""
    return {"further_objects": item.further} if item.further else {}


def created_at(case: DisposalCase) -> datetime:
    """When the tombstone says it was made: when the execution began, whenever a killed run is taken up again."""
    assert case.began_at is not None
    return case.began_at


def _text(told: Mapping[str, Any]) -> str:
    volume, disposal = told["volume"], told["disposal"]
    witnesses = "、".join(row["name"] for row in disposal["witnesses"])
    others = [each["object"] for each in told["was"].get("further_objects", ())]
    beside = f"一并销毁的其余对象 other objects destroyed with it: {'、'.join(others)}\n" if others else ""
    return (
        f"本卷已鉴定销毁，这里只留销毁墓碑。全部事实见 {FILE}。\n"
        f"This volume was destroyed by disposal; only this tombstone remains. All facts are in {FILE}.\n\n"
        f"档号 reference code: {volume['reference_code']}\n总登记号 accession: {volume['accession_no']}\n"
        f"题名 title: {volume['title']}\n项目 project: {volume['project']}\n"
        f"起止 dates: {volume['formed_on']} – {volume['formed_until']}\n"
        f"件数 files: {volume['files']}\n字节 bytes: {volume['bytes']}\n"
        f"保管期限 retention: {volume['retention']}，{volume['retention_ended_on']}\n"
        f"{beside}"
        f"销毁清册 list: {disposal['number']}\nSHA-256: {disposal['approved_sha256']}\n"
        f"缘由 why: {disposal['why']}\n批准 approved: {disposal['approved']['name']}，{disposal['approved']['at']}\n"
        f"监销 witnesses: {witnesses}\n执行 executed: {disposal['executed']['name']}，{disposal['executed']['at']}\n"
    )
