"""What filing does when something happened below it."""

from __future__ import annotations

from uuid import UUID

from zhudang.events import operations as events
from zhudang.events.operations import Happened
from zhudang.filing import jobs


def _plan_again(happened: Happened) -> None:
    if project_id := happened.data.get("project_id"):
        jobs.plan_soon(UUID(str(project_id)))


@events.on("registry.unit_work.added")
def unit_work_added(happened: Happened) -> None:
    """A new unit work owes its own list."""
    _plan_again(happened)


@events.on("registry.unit_work.described")
def unit_work_described(happened: Happened) -> None:
    """Another kind of works has another list."""
    _plan_again(happened)


@events.on("registry.party.added")
def party_added(happened: Happened) -> None:
    """A new party takes the obligations of its role."""
    _plan_again(happened)


@events.on("registry.party.replaced")
def party_replaced(happened: Happened) -> None:
    """The successor owes what is left."""
    _plan_again(happened)


@events.on("registry.milestone.happened")
def milestone_happened(happened: Happened) -> None:
    """A milestone sets suggested dates."""
    _plan_again(happened)


@events.on("registry.milestone.planned")
def milestone_planned(happened: Happened) -> None:
    """A planned milestone sets suggested dates too, marked as planned."""
    _plan_again(happened)


@events.on("content.checked")
def files_checked(happened: Happened) -> None:
    """Checked files get a suggestion, and records with them know what blocks."""
    jobs.suggest_files.defer(file_ids=[str(UUID(str(i))) for i in happened.data.get("file_ids", [])])
