"""The places of this installation: settings become rows, rows become storage roots."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.preservation import site_code
from zhudang.preservation.bucket import credentials
from zhudang.preservation.bucket.client import Bucket, BucketFull, BucketUnreachable, Missing
from zhudang.preservation.bucket.root import BucketRoot
from zhudang.preservation.domain.site_facts import (
    Kind,
    SiteFacts,
    address_of,
    as_told,
    from_row,
    path_of,
    read_sites,
)
from zhudang.preservation.models import Site
from zhudang.preservation.ocfl import layout
from zhudang.preservation.ocfl.root import StorageRoot, StoreUnreachable
from zhudang.shared.refusals import Reason

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
    bucket: BucketRoot | None = None
    """The storage root of a site of kind s3 whose credentials can be used; `root` is None there."""
    reached: bool = False
    """Whether that bucket answered when it was last asked (`meet`)."""
    address: str = ""
    carries: str = ""
    """Of a folder out of reach because it carries another site's code (`site_code`): that code."""

    @property
    def there(self) -> bool:
        """Whether the place can be read now, or could when its bucket was last asked."""
        return self.root is not None or (self.bucket is not None and self.reached)

    @property
    def counts(self) -> bool:
        """Whether what was verified there may count: it is there, or apart as it should be."""
        return self.there or self.facts.offline

    @property
    def away(self) -> bool:
        """Whether it is a removable set that lies apart now: as it should be, and nothing to alarm anyone about."""
        return self.facts.offline and self.root is None


class AnotherSiteThere(StoreUnreachable):
    """A folder carries the code of another site than the one whose place it is in."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.path)
        self.reason = another_there(place)


def another_there(place: Place) -> Reason:
    """Why a folder that carries another site's code is not touched, and what to do."""
    data = {"place": place.name, "path": str(place.path), "site": place.code, "found": place.carries}
    return Reason("preservation.another_site_there", data)


def out_of_reach(place: Place) -> Reason:
    """Why a folder, or a removable set, is out of reach."""
    if place.carries:
        return another_there(place)
    if closed := _closed_to_us(place):
        return Reason("preservation.no_right", {"place": place.name, "path": closed})
    if place.facts.offline:
        return Reason("preservation.set_away", {"place": place.name, "label": place.facts.label, "file": LABEL})
    return Reason("preservation.unreachable", {"place": str(place.path)})


def _closed_to_us(place: Place) -> str:
    """What the system refuses to this account of what lies at a place; empty where it refuses nothing."""
    store = place.path / StorageRoot(place.path).folder.name
    for path in (place.path / LABEL, store, store / layout.ROOT_DECLARATION):
        try:
            with suppress(FileNotFoundError, NotADirectoryError):
                os.close(os.open(path, os.O_RDONLY))
        except PermissionError:
            return str(path)
        except OSError:
            continue
    return ""


def reason_of(cause: StoreUnreachable) -> Reason:
    """The same, of what stopped an operation."""
    if isinstance(cause, AnotherSiteThere):
        return cause.reason
    return Reason("preservation.unreachable", {"place": str(cause.folder)})


_WHY_NOT_WRITTEN = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "no_right",
    errno.EPERM: "no_right",
    errno.EFBIG: "file_too_large_there",
    errno.EILSEQ: "name_refused_there",
    errno.EINVAL: "name_refused_there",
    errno.ENAMETOOLONG: "name_refused_there",
    errno.EIO: "medium_fails",
}
NOT_WRITABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""What systems answer where nothing may be written."""


def why_failed(place: str, problem: OSError) -> Reason:
    """What a failure of the system at a place means to people; one that is none of the medium's says that it is gone."""
    code = _WHY_NOT_WRITTEN.get(problem.errno or 0, "unreachable")
    data = {"place": place}
    if code not in {"disk_full", "unreachable"}:
        data["path"] = str(problem.filename or place)
    return Reason(f"preservation.{code}", data)


def is_of_the_medium(problem: OSError) -> bool:
    """Whether a failure is one that people can do something about at the place: `why_failed` says what."""
    return problem.errno in _WHY_NOT_WRITTEN


def still_there(place: Place) -> bool:
    """Whether a folder met before is still what it was: a disk taken away under us lost nothing of what was on it."""
    if place.root is None or not place.root.is_there:
        return False
    if place.facts.offline:
        return bears_label(place.path, place.facts.label)
    return not site_code.another_at(place.path, place.code)


def in_anothers_stead(place: Place, all_places: Iterable[Place]) -> bool:
    """Whether what lies at this place is another's very folder or disk, rather than a copy of it or what a site no longer used left.

    So it is when the site whose code lies there is in use and is not at its own place, or is this same folder.
    """
    other = next((each for each in all_places if each.code == place.carries), None)
    if other is None:
        return False
    try:
        return other.root is None or other.root.folder.samefile(place.path / other.root.folder.name)
    except OSError:
        return False


def places(now: datetime | None = None) -> list[Place]:
    """Give the sites in use, in the order of their codes; new ones in the settings are registered and prepared."""
    now = now or timezone.now()
    _register(now)
    found: list[Place] = []
    stores: set[tuple[int, int]] = set()
    for place in (_place(site, now) for site in Site.objects.filter(in_use=True)):
        store = _store_of(place)
        # Two codes for one folder are one place: the second holds no copy of its own.
        found.append(replace(place, root=None) if store in stores else place)
        stores |= {store} if store else set()
    return found


def _store_of(place: Place) -> tuple[int, int] | None:
    """What the system knows a folder's store by, whatever links or mounts lead to it."""
    try:
        at = place.root.folder.stat() if place.root else None
    except OSError:
        return None
    return (at.st_dev, at.st_ino) if at else None


def at_hand(all_places: Iterable[Place], chosen: frozenset[str] | None = None) -> list[Place]:
    """The places written at every ingest: removable sets and buckets are caught up with what they lack later.

    Args:
        chosen: codes of the places of a holding class; None is all.
    """
    return [place for place in all_places if place.facts.at_ingest and (chosen is None or place.code in chosen)]


def reachable(all_places: list[Place]) -> list[StorageRoot]:
    """Give the roots of all places.

    Raises:
        StoreUnreachable: one of them is not there.
    """
    roots = []
    for place in all_places:
        if place.carries:
            raise AnotherSiteThere(place)
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
    read = read_sites(settings.SITES)
    named = {str(item["code"]): path_of(item) for item in settings.SITES}
    for code, facts in read.items():
        site = known.get(code)
        told = {"name": facts.name, "path": named[code], "kind": facts.kind.value, "facts": as_told(facts)}
        if site is None:
            site = Site.objects.create(code=code, registered_at=now, **told)
            _log("preservation.site.registered", site, now)
            continue
        before = {name: getattr(site, name) for name in told}
        if before != told or not site.in_use:
            if site.path != told["path"] and Kind.S3 in (site.kind, facts.kind):
                # Another bucket: nothing is known of it.
                told |= {"contact": {}, "proof": {}, "key_files": {}}
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
    if facts.kind is Kind.S3:
        reached = bool(site.contact.get("ok"))
        return Place(site.pk, site.code, site.name, path, None, facts, bucket_of(site.code), reached, site.path)
    carries = "" if facts.offline else site_code.another_at(path, site.code)
    root: StorageRoot | None = None
    try:
        if carries or (facts.offline and not bears_label(path, facts.label)):
            root = None
        elif site.prepared_at is None:
            root = StorageRoot.create(path)
            Site.objects.filter(pk=site.pk).update(prepared_at=now)
        else:
            root = StorageRoot.open(path)
        if root is not None and not facts.offline:
            site_code.mark_unmarked(path, site.code)
    except (StoreUnreachable, OSError):
        root = None
    return Place(site.pk, site.code, site.name, path, root, facts, address=site.path, carries=carries)


def bucket_of(site_code: str) -> BucketRoot | None:
    """The storage root of a bucket as the settings and the site's credentials say; asks no server and no database.

    None where the site is no bucket, or has no credentials that can be used.
    """
    item = next((item for item in settings.SITES if item["code"] == site_code), None)
    address = address_of(item) if item else None
    if address is None:
        return None
    try:
        return BucketRoot(Bucket(address, credentials.read(site_code)))
    except credentials.CredentialsUnusable:
        return None


def meet(place: Place, now: datetime) -> Place:
    """Ask a bucket whether it is there, note the answer, and give the place as it is now; other places stay as they are.

    Nothing stands in a transaction while the server is asked. A change is logged; the moment is noted either way.
    """
    if place.facts.kind is not Kind.S3:
        return place
    site = Site.objects.get(pk=place.site_id)
    problem = "credentials"
    if place.bucket is not None:
        try:
            place.bucket.reach(prepared=site.prepared_at is not None)
            problem = ""
        except (BucketUnreachable, BucketFull, Missing) as trouble:
            problem = getattr(trouble, "problem", "") or type(trouble).__name__
    with transaction.atomic():
        contact = {"at": now.isoformat(), "ok": not problem, "problem": problem}
        Site.objects.filter(pk=site.pk).update(contact=contact)
        if bool(site.contact.get("ok")) != contact["ok"]:
            _log(
                "preservation.site.reached" if contact["ok"] else "preservation.site.unreachable", site, now, **contact
            )
    return replace(place, reached=not problem)


@contextmanager
def only_writer_of(place: Place) -> Iterator[None]:
    """Be the only one of this installation, on whatever machine, who writes to a bucket; the database keeps the lock.

    The lock goes with the connection of a process that dies.
    """
    with only_writer_at(place.site_id):
        yield


@contextmanager
def only_writer_at(site_id: UUID) -> Iterator[None]:
    """As `only_writer_of`, by the site's id."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [f"preservation.bucket:{site_id}"])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [f"preservation.bucket:{site_id}"])


def facts_of_row(site: Site) -> SiteFacts:
    """What is known of a place, from its row."""
    return from_row(site.code, site.name, site.kind, site.facts)


def bears_label(path: Path, label: str) -> bool:
    """Whether the medium at this path is the set of this label: an empty mount point, or another disk, is not."""
    try:
        with (path / LABEL).open(encoding="utf-8-sig") as stream:  # some editors begin a file with the mark
            return stream.readline(200).strip() == label
    except (OSError, UnicodeDecodeError):
        return False


def _log(act: str, site: Site, now: datetime, **more: object) -> None:
    data = {"code": site.code, "path": site.path, "kind": site.kind, "facts": site.facts}
    audit.record(actor="system", act=act, subject=site, at=now, data={**data, **more})
