"""The places of this installation: settings become rows, rows become storage roots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.preservation.models import Site
from zhudang.preservation.ocfl.root import StorageRoot, StoreUnreachable


@dataclass(frozen=True)
class Place:
    """A site in use with its storage root; `root` is None while the place is out of reach."""

    site_id: UUID
    code: str
    name: str
    path: Path
    root: StorageRoot | None


def places(now: datetime | None = None) -> list[Place]:
    """Give the sites in use, in the order of their codes; new ones in the settings are registered and prepared."""
    now = now or timezone.now()
    _register(now)
    return [_place(site, now) for site in Site.objects.filter(in_use=True)]


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
    named = {str(item["code"]): item for item in settings.SITES}
    for code, item in named.items():
        site = known.get(code)
        if site is None:
            site = Site.objects.create(code=code, name=item["name"], path=item["path"], registered_at=now)
            _log("preservation.site.registered", site, now)
        elif (site.name, site.path, site.in_use) != (item["name"], item["path"], True):
            site.name, site.path, site.in_use = item["name"], item["path"], True
            site.save(update_fields=["name", "path", "in_use"])
            _log("preservation.site.changed", site, now)
    for code, site in known.items():
        if code not in named and site.in_use:
            site.in_use = False
            site.save(update_fields=["in_use"])
            _log("preservation.site.retired", site, now)


def _place(site: Site, now: datetime) -> Place:
    path = Path(site.path)
    try:
        if site.prepared_at is None:
            root = StorageRoot.create(path)
            Site.objects.filter(pk=site.pk).update(prepared_at=now)
        else:
            root = StorageRoot.open(path)
    except (StoreUnreachable, OSError):
        return Place(site.pk, site.code, site.name, path, None)
    return Place(site.pk, site.code, site.name, path, root)


def _log(act: str, site: Site, now: datetime) -> None:
    audit.record(actor="system", act=act, subject=site, at=now, data={"code": site.code, "path": site.path})
