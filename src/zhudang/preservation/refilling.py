"""Another disk in the place of a lost one, empty or a copy of another site: made the site's, so that repairing fills it from the others."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.preservation import site_code as codes
from zhudang.preservation.models import Site
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.sites import in_anothers_stead, places
from zhudang.shared.refusals import Reason, Refusal

_ON_AN_EMPTY_DISK = {"lost+found", "log-witness", codes.FILE}
"""What the file system makes, what the log's witness writes beside any site within the second, and what a lost store leaves."""


class CannotRefill(Refusal):
    """The folder is no empty place for the site's copies; nothing was made."""


@transaction.atomic
def begin_anew(site_code: str, *, now: datetime) -> None:
    """Make the folder of a lost site a storage root again; its copies are missing there until they are repaired.

    A store that carries another site's code stays as it is and is the site's from now on, unless it looks like that
    site's own disk in the wrong place.

    A person says so: a folder that is merely not mounted must never be taken for an empty disk.

    Raises:
        CannotRefill: no such site, its store is there, its folder is not there, it holds anything else, or
            another site's disk.
    """
    found = {place.code: place for place in places(now)}
    if site_code not in found:
        raise CannotRefill(Reason("preservation.no_such_site", {"site": site_code}))
    place = found[site_code]
    if place.root is not None:
        raise CannotRefill(Reason("preservation.site_is_there", {"place": str(place.path)}))
    if not place.path.is_dir():
        raise CannotRefill(Reason("preservation.no_new_disk", {"place": str(place.path)}))
    if place.carries and in_anothers_stead(place, found.values()):
        data = {"place": str(place.path), "site": site_code, "found": place.carries}
        raise CannotRefill(Reason("preservation.disk_of_another_site", data))
    brought = place.carries and (place.path / "store").is_dir()
    if not brought and any(item.name not in _ON_AN_EMPTY_DISK for item in place.path.iterdir()):
        raise CannotRefill(Reason("preservation.disk_not_empty", {"place": str(place.path)}))
    StorageRoot.create(place.path)
    codes.mark(place.path, site_code)
    audit.record(
        actor="system", act="preservation.site.begun_anew", subject=Site.objects.get(pk=place.site_id), at=now,
        data={"code": site_code, "path": str(place.path), "carried": place.carries},
    )  # fmt: skip
