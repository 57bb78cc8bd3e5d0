"""What a project's volumes tell of what is around them: the project, what they belong to, and who did what on their way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from zhudang.audit import queries as audit
from zhudang.content import queries as content
from zhudang.documents.city import letterhead
from zhudang.filing import queries as filing
from zhudang.handover.queries.kept import HandedOver, handed_over
from zhudang.identity import holdings as identity_holdings
from zhudang.identity import queries as identity
from zhudang.preservation.domain import description, names
from zhudang.preservation.domain.provenance import By
from zhudang.registry import holdings as registry_holdings
from zhudang.shared.plain import plain

_ACTS = {
    "filing.record.with_client": "with_client_at",
    "filing.record.accepted": "accepted_at",
    "filing.record.transferred": "transferred_at",
}
"""Acts of the log on many records at once, and the moment of a record each of them set."""

_ROUNDED = timedelta(seconds=1)
"""A version's moment is a whole second, at or after the true one: what was issued in between came after it."""


@dataclass(frozen=True)
class Around:
    """A project as its volumes tell of it, gathered once for all of them.

    Args:
        project: by the keys of `description.PROJECT_LABELS`, with `permits`.
        project_open: its entry was reviewed as open (开放审核).
        structures: unit work -> the structure it was done to.
        logged: (record, moment) -> login of who acted, by the log; empty where it was lost.
    """

    project_id: UUID
    project: Mapping[str, Any]
    project_open: bool
    structures: Mapping[str, str]
    continued: Mapping[str, str]
    handed: HandedOver
    logged: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def links(self, volume: filing.VolumeRow, *, until: datetime | None = None) -> dict[str, Any]:
        """Tell by permanent identifier what a volume belongs to.

        Args:
            until: documents issued later are left out: the certificate of transfer comes after the first version.
        """
        transfer = self.handed.transfers.get(volume.id)
        unit = str(volume.unit_work_id) if volume.unit_work_id else ""
        links: dict[str, Any] = {
            "object": names.object_id(volume.id),
            "project": names.object_id(self.project_id),
            **{key: _urn(project_id) for key, project_id in self.continued.items()},
        }
        if unit:
            links["unit_work"] = _urn(unit)
        if unit in self.structures:
            links["structure"] = _urn(self.structures[unit])
        if transfer:
            received = {"number": transfer.number, "received_at": plain(transfer.received_at)}
            links["transfers"] = [{"id": _urn(transfer.id), **received}]
        # A document of another transfer tells nothing of this volume.
        own = {None, transfer.id if transfer else None}
        documents = [
            {"id": _urn(each.id), "kind": each.kind, "number": each.number, "issued_at": plain(each.issued_at)}
            for each in self.handed.documents
            if each.transfer_id in own and (until is None or each.issued_at <= until - _ROUNDED)
        ]
        return {**links, "documents": documents} if documents else links

    def received_by(self, volume_id: UUID) -> By:
        """Tell who received a volume into the archive."""
        transfer = self.handed.transfers.get(volume_id)
        return By(*((transfer.received_by, transfer.received_name) if transfer else ("", "")), letterhead().archive)

    def acts(self, rows: Sequence[filing.RecordRow]) -> dict[UUID, dict[str, By]]:
        """Tell who filed, signed for, accepted and received each record: by login from the log, else by the name its rows note."""
        client, archive = str(self.project["client"]), letterhead().archive
        logins = {login for (_, _), login in self.logged.items()} | {row.filed_by for row in rows}
        called = identity.names_of(logins)
        told: dict[UUID, dict[str, By]] = {}
        for row in rows:
            by_log = {moment: self.logged.get((str(row.id), moment), "") for moment in _ACTS.values()}
            transfer = self.handed.transfers.get(row.volume_id) if row.volume_id else None
            noted = {
                "with_client_at": self.handed.signed.get(row.id, ""),
                "accepted_at": self.handed.accepted.get(row.id, ""),
                "transferred_at": transfer.received_name if transfer else "",
            }
            if transfer and not by_log["transferred_at"]:
                by_log["transferred_at"] = transfer.received_by
            told[row.id] = {
                moment: By(
                    login, noted[moment] or called.get(login, ""), client if moment == "with_client_at" else archive
                )
                for moment, login in by_log.items()
            }
            told[row.id]["filed_at"] = By(row.filed_by, called.get(row.filed_by, ""), row.organisation_name)
        return told


def around(project_id: UUID) -> Around:
    """Gather what the volumes of a project tell of what is around them."""
    described = registry_holdings.describe(project_id)
    [project] = described["registry.project"]
    units = described["registry.unit_work"]
    continued = {"continued_in": project["continued_in_id"], "continues": project["split_from_id"]}
    return Around(
        project_id=project_id,
        project=_project(described),
        project_open=bool(project["is_open"]),
        structures={row["id"]: row["structure_id"] for row in units if row["structure_id"]},
        continued={key: str(other) for key, other in continued.items() if other},
        handed=handed_over(project_id),
        logged=_logged(project_id),
    )


def project_for_description(project_id: UUID) -> dict[str, Any]:
    """Gather what a description says of its project."""
    return _project(registry_holdings.describe(project_id))


def _project(described: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, Any]:
    [project] = described["registry.project"]
    clients = identity_holdings.describe(organisation_ids=[project["client_id"]], account_ids=[])
    [client] = clients["identity.organisation"]
    kept = {key: project.get(key) for key in description.PROJECT_LABELS}
    kept |= {"client": client["name"], "client_credit_code": client["credit_code"]}
    kept["former_names"] = [row["name"] for row in described["registry.project_name"] if row["until"]]
    kept["permits"] = [{key: row[key] for key in description.PERMIT_LABELS} for row in described["registry.permit"]]
    return kept


def senders(rows: Sequence[filing.RecordRow]) -> dict[UUID, By]:
    """Tell who handed in each file of these records."""
    people = content.uploaders([file_id for row in rows for file_id in row.file_ids])
    return {
        file_id: By(*people.get(file_id, ("", "")), row.organisation_name) for row in rows for file_id in row.file_ids
    }


def _logged(project_id: UUID) -> dict[tuple[str, str], str]:
    entries = audit.facts_about(f"registry.project:{project_id}", list(_ACTS)).order_by("at", "id")
    return {
        (record_id, _ACTS[act]): actor
        for act, actor, data in entries.values_list("act", "actor", "data")
        for record_id in data.get("records", ())
    }


def _urn(thing_id: UUID | str) -> str:
    return f"urn:uuid:{thing_id}"
