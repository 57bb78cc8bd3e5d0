"""Where files come from, who did what to them and when, in the terms of PREMIS 3.

Every event is known by a stable identifier made of what it says, so describing the same facts twice gives the same
bytes. Format 2 since every event names the person or organisation whose act it was, the program only for what it
computed, and the ingestion into the store is an event too. What is kept in format 1 stays so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID, uuid5

_NAMESPACE = UUID("0199a5d2-7c00-7d00-8a00-7a6875646e67")

# (field of the record, event type of the PREMIS vocabulary, detail)
_RECORD_EVENTS = (
    ("filed_at", "submission", "归档：责任单位确认 / filed by its party"),
    ("with_client_at", "transfer", "交建设单位签收 / signed for by the client"),
    ("accepted_at", "appraisal", "验收合格 / accepted"),
    ("transferred_at", "transfer", "移交城建档案馆，清点接收 / transferred to the archive and counted"),
)
_PROGRAM_NAME = "筑档 Zhudang"
_ORDER = (
    "accession", "message digest calculation", "validation", "submission", "transfer", "appraisal", "ingestion", "migration",
)  # fmt: skip
"""Of events of the same moment."""


@dataclass(frozen=True)
class Agent:
    """Who or what did something.

    Args:
        kind: `person`, `organization` or `software`, as PREMIS calls them.
        identifier: a person's login where it is known (then `identified_by` says so); else the name.
        role: PREMIS's word for the part it took.
        of: the organisation a person acted for.
    """

    kind: str
    identifier: str
    name: str
    role: str
    of: str = ""
    identified_by: str = "name"

    @cached_property
    def link(self) -> Mapping[str, str]:
        """The agent as every event links it: one thing for all of them, a volume has tens of thousands."""
        return {"type": self.identified_by, "value": self.identifier, "role": self.role}

    @property
    def described(self) -> dict[str, Any]:
        """The agent as the list of agents tells it."""
        told: dict[str, Any] = {
            "agentIdentifier": {"type": self.identified_by, "value": self.identifier},
            "agentName": self.name,
            "agentType": self.kind,
        }
        return told | ({"agentNote": self.of} if self.of else {})


_PROGRAM = Agent("software", _PROGRAM_NAME, _PROGRAM_NAME, "executing program")
_UNKNOWN = Agent("person", "未记载 / not recorded", "未记载 / not recorded", "implementer")


@dataclass(frozen=True)
class By:
    """Who acted, as far as known.

    Args:
        login: empty where only the name was noted.
    """

    login: str = ""
    name: str = ""
    organisation: str = ""

    def agents(self, role: str = "implementer") -> tuple[Agent, ...]:
        """The person and the organisation; never the program."""
        return _agents_of(self, role)


@lru_cache(maxsize=1024)
def _agents_of(by: By, role: str) -> tuple[Agent, ...]:
    told = []
    if by.login or by.name:
        identifier, name = by.login or by.name, by.name or by.login
        told.append(Agent("person", identifier, name, role, by.organisation, "login" if by.login else "name"))
    if by.organisation:
        told.append(Agent("organization", by.organisation, by.organisation, role))
    return tuple(told) or (_UNKNOWN,)


@dataclass(frozen=True)
class Ingestion:
    """A volume's first version in the store: when it was made, and who received the volume into the archive."""

    volume: str
    at: str
    ordered_by: By


def provenance_of(records: Sequence[Mapping[str, Any]], ingestion: Ingestion | None = None) -> dict[str, Any]:
    """Give the events of a volume's records and files.

    Args:
        records: each with the moments of `_RECORD_EVENTS`, its `acts` (moment -> By) and its `files`; a file has
            `received_at`, `uploaded_by` (By), `checked_at`, `check_engine`, `verdict`, digests and names, and maybe
            `renditions` (`description.RENDITION_LABELS`).
        ingestion: None for what never came into the store.
    """
    events = [event for record in records for event in _events_of(record)]
    if ingestion:
        events.append(_ingested(ingestion))
    agents = {(agent.kind, agent.identifier): agent for _, of_event in events for agent in of_event}
    told = [event for event, _ in events]
    return {
        "format": "zhudang-provenance/2",
        "premis": "3.0",
        "objects": [each for record in records for file in record["files"] for each in _objects(file)],
        "events": sorted(told, key=_moment),
        "agents": [agents[key].described for key in sorted(agents)],
    }


def _moment(event: Mapping[str, Any]) -> tuple[datetime, int, str]:
    kind = _ORDER.index(event["eventType"])
    return datetime.fromisoformat(event["eventDateTime"]), kind, event["eventIdentifier"]["value"]


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


_Event = tuple[dict[str, Any], Sequence[Agent]]


def _events_of(record: Mapping[str, Any]) -> Iterable[_Event]:
    for file in record["files"]:
        target = {"type": "UUID", "value": file["id"]}
        if file.get("received_at"):
            sender = file.get("uploaded_by") or By(organisation=file.get("uploaded_by_organisation") or "")
            yield _event("accession", file["received_at"], "收到电子文件 / file received", target, sender.agents())
            yield _event("message digest calculation", file["received_at"], "SHA-256, SM3", target, [_PROGRAM])
        if file.get("checked_at"):
            name = file.get("check_engine") or _PROGRAM_NAME
            checker = Agent("software", name, name, "executing program")
            yield _event(
                "validation",
                file["checked_at"],
                "四性检测 / checks",
                target,
                [checker],
                outcome=file.get("verdict") or "",
            )
        for rendition in file.get("renditions", ()):
            yield _migration(file, rendition)
    for field, kind, detail in _RECORD_EVENTS:
        if record.get(field):
            by = record.get("acts", {}).get(field, By())
            yield _event(kind, record[field], detail, {"type": "UUID", "value": record["id"]}, by.agents())


def _ingested(ingestion: Ingestion) -> _Event:
    return _event(
        "ingestion",
        ingestion.at,
        "写入长期保存库第 1 版 / written into the long-term store, version 1",
        {"type": "UUID", "value": ingestion.volume},
        [_PROGRAM, *ingestion.ordered_by.agents("authorizer")],
    )


def _migration(file: Mapping[str, Any], rendition: Mapping[str, Any]) -> _Event:
    """The making of a rendition: tool, version, parameters, both digests, who ordered it, what the loss check compared."""
    source = {"type": "UUID", "value": file["id"], "role": "source"}
    name = f"{rendition['tool']} {rendition['tool_version']}"
    tool = Agent("software", name, name, "executing program")
    event, agents = _event(
        "migration", rendition["made_at"], "格式转换，原文件不变 / migrated, the original stays", source,
        [tool, *By(name=rendition["ordered_by"]).agents("authorizer")],
    )  # fmt: skip
    event["eventIdentifier"]["value"] = str(uuid5(_NAMESPACE, f"migration|{rendition['made_at']}|{rendition['id']}"))
    extension = {
        "tool": rendition["tool"], "toolVersion": rendition["tool_version"], "parameters": rendition["parameters"],
        "sourceSHA256": rendition["source_sha256"], "resultSHA256": rendition["sha256"],
        "orderedBy": rendition["ordered_by"], "order": rendition["order"],
    }  # fmt: skip
    event["eventDetailInformation"] = {**event["eventDetailInformation"], "eventDetailExtension": extension}
    event["eventOutcomeInformation"] = {
        **event["eventOutcomeInformation"],
        "eventOutcomeDetail": {"check": rendition["check"], "figures": rendition["figures"]},
    }
    event["linkingObjectIdentifiers"] = [source, {"type": "UUID", "value": rendition["id"], "role": "outcome"}]
    return event, agents


def _event(
    kind: str, at: str, detail: str, target: Mapping[str, str], agents: Sequence[Agent], *, outcome: str = "success"
) -> _Event:
    event: dict[str, Any] = {
        "eventIdentifier": {"type": "UUID", "value": str(uuid5(_NAMESPACE, f"{kind}|{at}|{target['value']}"))},
        "eventType": kind,
        "eventDateTime": at,
        "eventDetailInformation": _said("eventDetail", detail),
        "eventOutcomeInformation": _said("eventOutcome", outcome),
        "linkingAgentIdentifier": agents[0].link,
        "linkingObjectIdentifier": target,
    }
    if len(agents) > 1:
        event["linkingAgentIdentifiers"] = [agent.link for agent in agents]
    return event, agents


@lru_cache(maxsize=256)
def _said(key: str, text: str) -> Mapping[str, str]:
    """What very many events say alike."""
    return {key: text}
