"""A project whose volumes were received: what the tests of preservation start from. Two sites in a fresh folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from filing.filing_support import NOW, Site
from filing.test_filing_together import accepted
from prepared import Prepared
from zhudang.filing import operations as filing
from zhudang.filing import queries as filing_queries
from zhudang.handover.models import Application, Transfer, VolumeCount
from zhudang.identity.domain.roles import Role
from zhudang.preservation import ingesting
from zhudang.preservation.ocfl.root import StorageRoot

NAMES = [
    ("C5-12", "地基验槽记录.pdf"),
    ("C5-12", "地基验槽记录（二）.PDF"),
    ("A2-2", "建设用地批准书.pdf"),
]


def site_settings(folder: Path) -> list[dict[str, str]]:
    return [{"code": code, "name": f"{code}库", "path": str(folder / code)} for code in ("a", "b")]


def roots(folder: Path) -> list[StorageRoot]:
    return [StorageRoot.open(folder / code) for code in ("a", "b")]


class KeptProject:
    """滨河安置房一期, accepted and received; `preserve` brings it into the store."""

    def __init__(
        self, code: str = "2403-990241-48-01-012345", tag: str = "", names: list[tuple[str, str]] | None = None
    ) -> None:
        self.site = Site(code, tag)
        self.record_ids = accepted(
            self.site, names or [("C5-12", "地基验槽记录.pdf"), ("C5-12", "地基验槽记录（二）.PDF")]
        )
        self.project_id: UUID = self.site.project_id
        with transaction.atomic():
            self.volume_ids = filing.arrange_project(actor=self.site.archivist, project_id=self.project_id, now=NOW)
            filing.mark_transferred(actor=self.site.archivist, record_ids=self.record_ids, now=NOW)
            self.transfer_id = self._received()

    def _received(self) -> UUID:
        """The rows of handover that say so; handover's own tests walk the way to them."""
        application = Application.objects.create(
            project_id=self.project_id, number=f"验{self.site.project_id}", kind="first", mode="before_filing", state="accepted",
            applied_by="manager", applied_at=NOW, working_days=10, changed_at=NOW,
        )  # fmt: skip
        transfer = Transfer.objects.create(
            project_id=self.project_id, application=application, number=f"移{self.site.project_id}", mode="before_filing",
            state="received", handed_by="资料员", proposed_by="manager", proposed_at=NOW, received_by="archivist",
            received_name="馆员乙", received_at=NOW, changed_at=NOW,
        )  # fmt: skip
        for position, volume in enumerate(filing_queries.volumes_of(self.project_id, arranged=True), start=1):
            VolumeCount.objects.create(
                transfer=transfer, volume_id=volume.id, position=position, records=volume.record_count,
                counted_by="keeper", counted_name="库管", counted_at=NOW,
            )  # fmt: skip
        return transfer.id

    def preserve(self) -> None:
        ingesting.ask(transfer_id=self.transfer_id, project_id=self.project_id, now=NOW)
        ingesting.preserve_transfer(self.transfer_id)


@contextmanager
def begun_with(
    prepared: Prepared,
    settings: Any,
    folder: Path,
    name: str = "kept",
    sites: Callable[[Path], list[dict[str, Any]]] = site_settings,
) -> Iterator[KeptProject]:
    """A kept project, made by the first test that begins with it, below this test's folder.

    Args:
        name: of the starting point: a word of its own for each set of sites.
        sites: gives them for a folder.
    """

    def lies_at(place: Path) -> None:
        settings.SITES = sites(place)
        settings.CONTENT_ROOT = str(place / "content")

    def made_at(place: Path) -> KeptProject:
        lies_at(place)
        project = KeptProject()
        project.preserve()
        return project

    with prepared.start_from(name, made_at, folder) as project:
        lies_at(folder)
        yield project


def keeper(site: Site) -> object:
    from filing.filing_support import person

    return person("keeper", site.archive_id, Role.KEEPER)
