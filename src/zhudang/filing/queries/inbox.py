"""The inbox: files no record holds yet, each with its suggestion in pencil."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from zhudang.content import queries as content
from zhudang.content.models import File
from zhudang.content.package_checks import is_named_as_package, may_be_package
from zhudang.content.queries import FileFinding
from zhudang.filing.domain.matching import SURE
from zhudang.filing.models import Obligation, Suggestion
from zhudang.filing.queries.home import unassigned
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry


@dataclass(frozen=True)
class PackageState:
    """A file that is a submission package, or is named as one: taken apart, or kept whole and why, gravest first.

    `kind` is that of the package, empty where no check saw one; `inside`: it came in another package.
    """

    files: int
    checked: bool
    why: tuple[FileFinding, ...] = ()
    kind: str = ""
    inside: bool = False


@dataclass(frozen=True)
class InboxRow:
    """A file with what it may answer; `suggestion_id` is None where the system says nothing."""

    id: UUID
    name: str
    folder: str
    size: int
    pages: int | None
    format_name: str
    verdict: str | None
    received_at: datetime
    suggestion_id: UUID | None
    confidence: int
    code: str
    title: str
    unit_work_name: str
    obligation_id: UUID | None
    reasons: tuple[tuple[str, Mapping[str, Any]], ...]
    others: tuple[tuple[UUID, str, str, int], ...]
    package: PackageState | None = None

    @property
    def sure(self) -> bool:
        """Whether one press may confirm it."""
        return self.confidence >= SURE

    @property
    def state(self) -> str:
        """The check's state mark."""
        return {"pass": "ok", "warn": "warn", "fail": "fail", "manual": "manual"}.get(self.verdict or "", "unchecked")


@dataclass(frozen=True)
class InboxHead:
    """What stands above the list."""

    project_id: UUID
    project_name: str
    waiting: int
    sure: int
    unsure: int
    silent: int
    units: tuple[tuple[UUID, str], ...]


def inbox_head(actor: Actor, project_id: UUID) -> InboxHead:
    """Counts of the inbox.

    Raises:
        NotFound, Forbidden.
    """
    rights.demand(actor, "filing.inbox.read", registry.project_facts(project_id))
    rows = inbox_files(actor, project_id)
    guessed = Suggestion.objects.filter(state="open", file_id=OuterRef("id"))
    waiting = rows.count()
    sure = rows.filter(Exists(guessed.filter(confidence__gte=SURE))).count()
    any_guess = rows.filter(Exists(guessed)).count()
    name = registry.visible_projects(actor).filter(id=project_id).values_list("name", flat=True).first() or ""
    units = tuple((u.unit_work_id, u.name) for u in registry.unit_works_of(project_id))
    return InboxHead(project_id, name, waiting, sure, any_guess - sure, waiting - any_guess, units)


def inbox_files(actor: Actor, project_id: UUID, *, q: str = "", sure: str = "") -> QuerySet[File]:
    """The files waiting; `sure` is yes (≥ 80 %), less or none."""
    rows = unassigned(actor, [project_id]).select_related("blob")
    if q:
        rows = rows.filter(name__icontains=q) | rows.filter(folder__icontains=q)
    guessed = Suggestion.objects.filter(state="open", file_id=OuterRef("id"))
    if sure == "yes":
        rows = rows.filter(Exists(guessed.filter(confidence__gte=SURE)))
    elif sure == "less":
        rows = rows.filter(Exists(guessed.filter(confidence__lt=SURE)))
    elif sure == "none":
        rows = rows.filter(~Exists(guessed))
    return rows.order_by("folder", F("name"), "id")


def inbox_rows(files: list[File]) -> list[InboxRow]:
    """Shape one page of files: two more statements."""
    guesses = {
        g.file_id: g
        for g in Suggestion.objects.filter(state="open", file_id__in=[f.id for f in files]).select_related(
            "obligation__scope_item", "obligation__unit_work"
        )
    }
    wanted = {UUID(i) for g in guesses.values() for i, _c in g.others}
    known = {
        i: (code, title)
        for i, code, title in Obligation.objects.filter(id__in=wanted).values_list(
            "id", "scope_item__code", "scope_item__title"
        )
    }
    packages = _packages([file for file in files if may_be_package(file.name)])
    return [_row(file, guesses.get(file.id), known, packages.get(file.id)) for file in files]


def _packages(files: list[File]) -> dict[UUID, PackageState]:
    """What became of submission packages; no statement without a file on the page that is called like one."""
    if not files:
        return {}
    kinds = content.packages_seen([file.id for file in files])
    files = [file for file in files if file.id in kinds or is_named_as_package(file.name)]
    inside = content.taken_from_packages([file.id for file in files])
    found = content.findings_of([file.id for file in files])
    taken = content.files_of_packages([file.id for file in files])
    return {
        file.id: PackageState(
            taken.get(file.id, 0),
            file.verdict is not None,
            tuple(each for each in found.get(file.id, ()) if each.blocks),
            kinds.get(file.id, ""),
            file.id in inside,
        )
        for file in files
    }


def _row(
    file: File, guess: Suggestion | None, known: Mapping[UUID, tuple[str, str]], package: PackageState | None
) -> InboxRow:
    item = guess.obligation.scope_item if guess else None
    others = [(UUID(i), c) for i, c in guess.others] if guess else []
    return InboxRow(
        id=file.id, name=file.name, folder=file.folder, size=file.blob.size, pages=file.pages,
        format_name=file.format_name, verdict=file.verdict, received_at=file.received_at,
        suggestion_id=guess.id if guess else None, confidence=guess.confidence if guess else 0,
        code=item.code if item else "", title=item.title if item else "",
        unit_work_name=guess.obligation.unit_work.name if guess else "", obligation_id=guess.obligation_id if guess else None,
        reasons=tuple((c, d) for c, d in guess.reasons) if guess else (),
        others=tuple((i, *known[i], c) for i, c in others if i in known), package=package,
    )  # fmt: skip
