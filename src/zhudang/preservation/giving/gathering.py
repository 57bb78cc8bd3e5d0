"""What a package is made of: preserved volumes with the description, provenance and bytes that stand in the store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from zhudang.filing import queries as filing
from zhudang.preservation import packing
from zhudang.preservation.around_volumes import around
from zhudang.preservation.ocfl.content import Content

ORIGINALS = "files/"


@dataclass(frozen=True)
class GivenVolume:
    """A volume to be given: its package as it goes to the store, read as a description."""

    package: packing.Package

    @cached_property
    def description(self) -> Mapping[str, Any]:
        """What `description.json` says: project, volume, records with their files."""
        return self._document("description.json")

    @cached_property
    def events(self) -> list[Mapping[str, Any]]:
        """Provenance events of the volume's records and files, in the terms of PREMIS."""
        return list(self._document("provenance.json")["events"])

    @cached_property
    def agents(self) -> dict[str, str]:
        """The names of the people, organisations and programs of the events, by the identifier that events link."""
        return {
            each["agentIdentifier"]["value"]: each["agentName"] for each in self._document("provenance.json")["agents"]
        }

    @property
    def code(self) -> str:
        """The volume's reference code (档号), or its identifier where none was given."""
        return self.package.reference_code or str(self.package.thing_id)

    def code_of(self, record: Mapping[str, Any], number: int) -> str:
        """A record's reference code; where none was given, its place in the volume after the volume's identifier."""
        return record["reference_code"] or filing.record_code(self.code, number)

    @cached_property
    def contents(self) -> Mapping[str, Content]:
        """All files of the package by their stored path."""
        return {content.path: content for content in self.package.contents}

    @property
    def documents(self) -> list[Content]:
        """What we say of the volume: description, checks, provenance, rights."""
        return [content for path, content in self.contents.items() if not path.startswith(ORIGINALS)]

    def _document(self, path: str) -> dict[str, Any]:
        with self.contents[path].open() as stream:
            document: dict[str, Any] = json.load(stream)
        return document


def volumes(project_id: UUID, volume_ids: list[UUID]) -> Iterator[GivenVolume]:
    """Pack these volumes one after the other, as for the store."""
    project = around(project_id)
    wanted = set(volume_ids)
    for volume in filing.volumes_of(project_id):
        if volume.id in wanted:
            yield GivenVolume(packing.pack_volume(project, volume))
