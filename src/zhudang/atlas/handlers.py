"""The map follows the registry: every event about a project or a structure brings its feature up to date."""

from __future__ import annotations

from uuid import UUID

from zhudang.atlas import operations
from zhudang.events.operations import Happened, on

PROJECT_EVENTS = (
    "registry.project.registered", "registry.project.described", "registry.project.renamed",
    "registry.project.classified",
)  # fmt: skip
STRUCTURE_EVENTS = ("registry.structure.registered", "registry.structure.described")


def follow_project(event: Happened) -> None:
    """Redraw the site of the project something happened to."""
    operations.index_project(UUID(event.data["project_id"]), now=event.at)


def follow_structure(event: Happened) -> None:
    """Redraw the structure something happened to."""
    operations.index_structure(event.subject_id, now=event.at)


@on("preservation.rebuilt")
def draw_again(event: Happened) -> None:
    """Rows that came back from the store made no event of their own: draw them all."""
    operations.index_all(now=event.at)


for kind in PROJECT_EVENTS:
    on(kind)(follow_project)
for kind in STRUCTURE_EVENTS:
    on(kind)(follow_structure)
