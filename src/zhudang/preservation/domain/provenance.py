"""Where files come from and what was done to them, in the terms of PREMIS 3.

Every event is known by a stable identifier made of what it says, so describing the same facts twice gives the same
bytes. The moment of ingestion is the store's own: `created` of the version in `inventory.json`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

_NAMESPACE = UUID("0199a5d2-7c00-7d00-8a00-7a6875646e67")

# (field of the file or record, event type of the PREMIS vocabulary, detail)
_RECORD_EVENTS = (
    ("filed_at", "submission", "归档：责任单位确认 / filed by its party"),
    ("with_client_at", "transfer", "交建设单位签收 / signed for by the client"),
    ("accepted_at", "appraisal", "验收合格 / accepted"),
    ("transferred_at", "transfer", "移交城建档案馆，清点接收 / transferred to the archive and counted"),
)


def provenance_of(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the events of a volume's records and files.

    Args:
        records: each with the moments of `_RECORD_EVENTS` and its `files`; a file has `received_at`, `checked_at`,
            `check_engine`, `verdict`, digests and names, and maybe `renditions` (`description.RENDITION_LABELS`).
    """
    events = [event for record in records for event in _events_of(record)]
    agents = sorted({event["linkingAgentIdentifier"]["value"] for event in events})
    return {
        "format": "zhudang-provenance/1",
        "premis": "3.0",
        "objects": [each for record in records for file in record["files"] for each in _objects(file)],
        "events": sorted(events, key=lambda event: (event["eventDateTime"], event["eventIdentifier"]["value"])),
        "agents": [{"agentIdentifier": {"type": "local", "value": name}, "agentName": name} for name in agents],
    }


def _objects(file: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    yield _object(file)
    for rendition in file.get("renditions", ()):
        yield {
            **_object({**rendition, "original_name": rendition["name"]}),
            "relationship": {
                "relationshipType": "derivation",
                "relationshipSubType": "has source",
                "relatedObjectIdentifier": {"type": "UUID", "value": file["id"]},
            },
        }


def _object(file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "objectCategory": "file",
        "objectIdentifier": {"type": "UUID", "value": file["id"]},
        "originalName": file["original_name"],
        "storage": {"contentLocation": file["stored_as"]},
        "objectCharacteristics": {
            "size": file["size_bytes"],
            "fixity": [
                {"messageDigestAlgorithm": "SHA-256", "messageDigest": file["sha256"]},
                {"messageDigestAlgorithm": "SM3", "messageDigest": file["sm3"]},
            ],
            "format": {"name": file["format_name"], "registry": "PRONOM", "key": file["format_id"]},
        },
    }


def _events_of(record: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for file in record["files"]:
        target = {"type": "UUID", "value": file["id"]}
        if file.get("received_at"):
            source = file.get("uploaded_by_organisation") or "筑档 Zhudang"
            yield _event("accession", file["received_at"], "收到电子文件 / file received", target, source)
            yield _event("message digest calculation", file["received_at"], "SHA-256, SM3", target, "筑档 Zhudang")
        if file.get("checked_at"):
            engine = file.get("check_engine") or "筑档 Zhudang"
            yield _event(
                "validation", file["checked_at"], "四性检测 / checks", target, engine, outcome=file.get("verdict") or ""
            )
        for rendition in file.get("renditions", ()):
            yield _migration(file, rendition)
    for field, kind, detail in _RECORD_EVENTS:
        if record.get(field):
            who = record.get("filed_by_organisation") if field == "filed_at" else ""
            yield _event(kind, record[field], detail, {"type": "UUID", "value": record["id"]}, who or "筑档 Zhudang")


def _migration(file: Mapping[str, Any], rendition: Mapping[str, Any]) -> dict[str, Any]:
    """The making of a rendition: tool, version, parameters, both digests, who ordered it, what the loss check compared."""
    source = {"type": "UUID", "value": file["id"], "role": "source"}
    agent = f"{rendition['tool']} {rendition['tool_version']}"
    event = _event(
        "migration", rendition["made_at"], "格式转换，原文件不变 / migrated, the original stays", source, agent
    )
    event["eventIdentifier"]["value"] = str(uuid5(_NAMESPACE, f"migration|{rendition['made_at']}|{rendition['id']}"))
    event["eventDetailInformation"]["eventDetailExtension"] = {
        "tool": rendition["tool"], "toolVersion": rendition["tool_version"], "parameters": rendition["parameters"],
        "sourceSHA256": rendition["source_sha256"], "resultSHA256": rendition["sha256"],
        "orderedBy": rendition["ordered_by"], "order": rendition["order"],
    }  # fmt: skip
    event["eventOutcomeInformation"]["eventOutcomeDetail"] = {
        "check": rendition["check"],
        "figures": rendition["figures"],
    }
    event["linkingObjectIdentifiers"] = [source, {"type": "UUID", "value": rendition["id"], "role": "outcome"}]
    return event


def _event(
    kind: str, at: str, detail: str, target: Mapping[str, str], agent: str, *, outcome: str = "success"
) -> dict[str, Any]:
    return {
        "eventIdentifier": {"type": "UUID", "value": str(uuid5(_NAMESPACE, f"{kind}|{at}|{target['value']}"))},
        "eventType": kind,
        "eventDateTime": at,
        "eventDetailInformation": {"eventDetail": detail},
        "eventOutcomeInformation": {"eventOutcome": outcome},
        "linkingAgentIdentifier": {"type": "local", "value": agent},
        "linkingObjectIdentifier": dict(target),
    }
