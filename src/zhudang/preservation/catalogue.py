"""A project's whole catalogue as it goes to the store, and back: every context's register by its own `holdings`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from zhudang.content import holdings as content_holdings
from zhudang.content import queries as content
from zhudang.documents import holdings as documents_holdings
from zhudang.filing import holdings as filing_holdings
from zhudang.handover import holdings as handover_holdings
from zhudang.identity import holdings as identity_holdings
from zhudang.preservation.domain import names
from zhudang.preservation.domain.description import PROJECT_LABELS, VOLUME_LABELS
from zhudang.preservation.ocfl.writer import Content, content_of_bytes
from zhudang.preservation.packing import PROJECT, Package, content_of_file, project_for_description
from zhudang.registry import holdings as registry_holdings
from zhudang.shared.holdings import Description, Register, Row, references

FORMAT = "zhudang-catalogue/1"
FOLDER = "catalogue"
Catalogue = dict[str, Description]
"""Context -> its register of the project."""

_OF_A_PROJECT = {
    "registry": registry_holdings,
    "filing": filing_holdings,
    "handover": handover_holdings,
    "documents": documents_holdings,
}
_ALL = {"identity": identity_holdings, "content": content_holdings, **_OF_A_PROJECT}


def describe(project_id: UUID) -> Catalogue:
    """Describe all registers of a project, with the files, organisations and people they name."""
    catalogue: Catalogue = {name: holdings.describe(project_id) for name, holdings in _OF_A_PROJECT.items()}
    files = references(_rows(catalogue), content_holdings.FILE.model)
    catalogue["content"] = content_holdings.describe(file_ids=files)
    rows = _rows(catalogue)
    catalogue["identity"] = identity_holdings.describe(
        organisation_ids=references(rows, identity_holdings.ORGANISATION.model),
        account_ids=references(rows, identity_holdings.ACCOUNT.model),
    )
    return catalogue


def restore(catalogue: Mapping[str, Description]) -> dict[str, int]:
    """Bring a described project back, inside the caller's transaction; gives the number of rows by table."""
    counts: dict[str, int] = {}
    for name, holdings in _ALL.items():
        counts |= holdings.restore(catalogue.get(name, {}))
    return counts


def pack_project(project_id: UUID) -> Package:
    """Make the package of a project's object: its registers, its sealed documents, and links to its volumes."""
    catalogue = describe(project_id)
    (project,) = catalogue["registry"]["registry.project"]
    documents, listed = _documents(catalogue)
    index = {
        "format": FORMAT,
        "labels": {"project": PROJECT_LABELS, "volume": VOLUME_LABELS},
        "project": project_for_description(project_id),
        "volumes": [_volume_line(row) for row in catalogue["filing"]["filing.volume"]],
        "documents": listed,
    }
    registers = [
        content_of_bytes(
            f"{FOLDER}/{name}.json", names.json_bytes({"format": FORMAT, "context": name, "registers": register})
        )
        for name, register in sorted(catalogue.items())
    ]
    return Package(
        thing_id=project_id,
        kind=PROJECT,
        project_id=project_id,
        title=project["name"],
        level=project["level"],
        reference_code=project["code"],
        accession_no="",
        contents=(content_of_bytes("description.json", names.json_bytes(index)), *registers, *documents),
        files=len(documents),
        bytes=sum(document.size for document in documents),
    )


def _rows(catalogue: Catalogue) -> list[tuple[Register, Sequence[Row]]]:
    registers = {register.name: register for holdings in _ALL.values() for register in holdings.REGISTERS}
    return [
        (registers[table], rows)
        for described in catalogue.values()
        for table, rows in described.items()
        if table in registers
    ]


def _documents(catalogue: Catalogue) -> tuple[list[Content], list[dict[str, Any]]]:
    """Give the files that are in no volume (notices, opinions, certificates) and the list that names them."""
    in_volumes = {row["file_id"] for row in catalogue["filing"]["filing.record_file"]}
    ids = [row["id"] for row in catalogue["content"]["content.file"] if row["id"] not in in_volumes]
    stored = content.stored_files(UUID(file_id) for file_id in ids)
    sealed = {row["file_id"]: row for row in catalogue["documents"]["documents.sealed_document"]}
    contents, listed = [], []
    for number, file_id in enumerate(ids, start=1):
        file = stored[UUID(file_id)]
        path = names.stored_name(number, file.name, "documents")
        document = sealed.get(file_id, {})
        contents.append(content_of_file(file, path))
        listed.append(
            {
                "file": file_id,
                "stored_as": path,
                "original_name": file.name,
                "sha256": file.sha256,
                "sm3": file.sm3,
                "kind": document.get("kind", ""),
                "number": document.get("number", ""),
                "title": document.get("title", ""),
            }
        )
    return contents, listed


def _volume_line(row: Row) -> dict[str, Any]:
    line = {key: row[key] for key in VOLUME_LABELS if key in row and key != "note"}
    return {**line, "object": names.object_id(UUID(row["id"]))}
