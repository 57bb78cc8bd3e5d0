"""The places of this installation: settings become rows, rows become storage roots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.preservation.domain.site_facts import SiteFacts, as_told, from_row, read_sites
from zhudang.preservation.models import Site
from zhudang.preservation.ocfl.root import StorageRoot, StoreUnreachable

LABEL = "LABEL.txt"
"""A file people write on a removable set by hand, with its label on the first line: so no other disk is taken for it."""


@dataclass(frozen=True)
class Place:
    """A site in use with its storage root; `root` is None while the place is out of reach."""

    site_id: UUID
    code: str
    name: str
    path: Path
    root: StorageRoot | None
    facts: SiteFacts

    @property
    def away(self) -> bool:
        """Whether it is a removable set that lies apart now: as it should be, and nothing to alarm anyone about."""
        return self.facts.offline and self.root is None


def places(now: datetime | None = None) -> list[Place]:
    """Give the sites in use, in the order of their codes; new ones in the settings are registered and prepared."""
    now = now or timezone.now()
    _register(now)
    return [_place(site, now) for site in Site.objects.filter(in_use=True)]


def at_hand(all_places: Iterable[Place], chosen: frozenset[str] | None = None) -> list[Place]:
    """The places written at every ingest: removable sets are caught up with when they are called in.

    Args:
        chosen: codes of the places of a holding class; None is all.
    """
    return [place for place in all_places if not place.facts.offline and (chosen is None or place.code in chosen)]


def reachable(all_places: list[Place]) -> list[StorageRoot]:
    """Give the roots of all places.

    Raises:
        StoreUnreachable: one of them is not there.
    """
    roots = []
    for place in all_places:
        if place.root is None:
            raise StoreUnreachable(place.path)
        roots.append(place.root)
    return roots


@contextmanager
def writing(all_places: list[Place]) -> Iterator[list[StorageRoot]]:
    """Be the only writer at every place; what a crashed writer left in staging is thrown away first."""
    roots = reachable(all_places)
    with ExitStack() as held:
        for root in roots:
            held.enter_context(root.only_writer())
        yield roots


@transaction.atomic
def _register(now: datetime) -> None:
    """Bring the rows in line with the settings; a site no longer named there stays, out of use."""
    known = {site.code: site for site in Site.objects.select_for_update(no_key=True)}
    named = {str(item["code"]): str(item["path"]) for item in settings.SITES}
    for code, facts in read_sites(settings.SITES).items():
        site = known.get(code)
        told = {"name": facts.name, "path": named[code], "kind": facts.kind.value, "facts": as_told(facts)}
        if site is None:
            site = Site.objects.create(code=code, registered_at=now, **told)
            _log("preservation.site.registered", site, now)
            continue
        before = {name: getattr(site, name) for name in told}
        if before != told or not site.in_use:
            for name, value in told.items():
                setattr(site, name, value)
            site.in_use = True
            site.save(update_fields=[*told, "in_use"])
            _log("preservation.site.changed", site, now, before={k: v for k, v in before.items() if v != told[k]})
    for code, site in known.items():
        if code not in named and site.in_use:
            site.in_use = False
            site.save(update_fields=["in_use"])
            _log("preservation.site.retired", site, now)


def _place(site: Site, now: datetime) -> Place:
    path, facts = Path(site.path), facts_of_row(site)
    root: StorageRoot | None = None
    try:
        if facts.offline and not bears_label(path, facts.label):
            root = None
        elif site.prepared_at is None:
            root = StorageRoot.create(path)
            Site.objects.filter(pk=site.pk).update(prepared_at=now)
        else:
            root = StorageRoot.open(path)
    except (StoreUnreachable, OSError):
        root = None
    return Place(site.pk, site.code, site.name, path, root, facts)


def facts_of_row(site: Site) -> SiteFacts:
    """What is known of a place, from its row."""
    return from_row(site.code, site.name, site.kind, site.facts)


def bears_label(path: Path, label: str) -> bool:
    """Whether the medium at this path is the set of this label: an empty mount point, or another disk, is not."""
    try:
        with (path / LABEL).open(encoding="utf-8") as stream:
            return stream.readline(200).strip() == label
    except (OSError, UnicodeDecodeError):
        return False


def _log(act: str, site: Site, now: datetime, **more: object) -> None:
    data = {"code": site.code, "path": site.path, "kind": site.kind, "facts": site.facts}
    audit.record(actor="system", act=act, subject=site, at=now, data={**data, **more})
