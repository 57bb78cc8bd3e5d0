"""What `zhudang site credentials | check | fetch | owed` do and say, for sites in buckets; each gives an exit code as `command` has them."""

from __future__ import annotations

import sys
from functools import partial
from getpass import getpass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rich.console import Console

from zhudang.audit import operations as audit
from zhudang.preservation import far_copies, policy_words, retention
from zhudang.preservation.bucket import credentials, fetching
from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable
from zhudang.preservation.bucket.credentials import Credentials, CredentialsUnusable
from zhudang.preservation.command import INCOMPLETE, OK, REFUSED, WRONG
from zhudang.preservation.disposal import clearing
from zhudang.preservation.disposal import queries as disposals
from zhudang.preservation.disposal.owed import SITE
from zhudang.preservation.domain.site_facts import address_of
from zhudang.preservation.models import Site
from zhudang.preservation.ocfl.root import StoreUnreachable
from zhudang.preservation.sites import bucket_of, meet, places, reason_of, why_failed
from zhudang.shared.both_languages import in_both
from zhudang.shared.refusals import Reason
from zhudang.shared.web.refusal import print_refusal
from zhudang.shared.web.wording import as_one_line, write_size

_MOST_DAMAGES_SHOWN = 20


def set_credentials(site: str) -> int:
    """Ask for a site's two keys, or read them from two lines of a pipe, and keep them in the site's own file."""
    if _address(site) is None:
        return _no_bucket(site)
    if sys.stdin.isatty():
        given = [input("access key: "), getpass("secret key: ")]
    else:
        given = [sys.stdin.readline(), sys.stdin.readline()]
    access, secret = (each.strip() for each in given)
    if not access or not secret:
        return _refused([Reason("preservation.credentials_unreadable", {"site": site, "file": "stdin"})])
    path = credentials.write(site, Credentials(access, secret))
    now = timezone.now()
    places(now)
    with transaction.atomic():
        row = Site.objects.get(code=site)
        audit.record(actor="system", act="preservation.site.credentials_set", subject=row, at=now, data={"code": site})
    Console(markup=False).print(f"已写入 written: {path}（600）", highlight=False, soft_wrap=True)
    return OK


def check(site: str) -> int:
    """Ask a bucket whether it is there and try whether this installation can delete in it; 1 where it can."""
    console, now = Console(markup=False), timezone.now()
    if _address(site) is None:
        return _no_bucket(site)
    try:
        credentials.read(site)
    except CredentialsUnusable as refusal:
        return _refused(refusal.reasons)
    place = next(place for place in places(now) if place.code == site)
    place = meet(place, now)
    row = Site.objects.get(code=site)
    if not place.reached or place.bucket is None:
        return _refused(
            [
                Reason(
                    "preservation.bucket_unreachable", {"place": place.name, "problem": row.contact.get("problem", "")}
                )
            ],
            INCOMPLETE,
        )
    try:
        proof = far_copies.prove_deletion(place, place.bucket, now)
    except (BucketUnreachable, BucketFull) as trouble:
        return _refused(
            [Reason("preservation.bucket_unreachable", {"place": place.name, "problem": str(trouble)})], INCOMPLETE
        )
    console.print(
        f"{place.name}  {place.address}\n{in_both(partial(policy_words.promise, place.facts, proof))}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"delete {proof.deletion} · delete a version {proof.version_deletion} · change the rules {proof.rules} · "
        f"what is written over is {proof.overwriting} · kept from everybody for {proof.retained_days} days",
        highlight=False,
        soft_wrap=True,
    )
    if policy_words.otherwise(proof):
        console.print(in_both(partial(policy_words.all_otherwise, proof)), highlight=False, soft_wrap=True)
    retention.look_after(place, now)
    kept = retention.standings(place, now)
    for each in kept:
        console.print(in_both(partial(policy_words.retention, each)), highlight=False, soft_wrap=True)
    return OK if proof.nothing_lost and not any(each.last.get("refused") for each in kept) else WRONG


def fetch(site: str, target: Path) -> int:
    """Bring all of a bucket's storage root down into a folder, every byte compared; needs no database."""
    if _address(site) is None:
        return _no_bucket(site)
    try:
        credentials.read(site)
    except CredentialsUnusable as refusal:
        return _refused(refusal.reasons)
    bucket = bucket_of(site)
    assert bucket is not None
    console = Console(markup=False)
    try:
        bucket.reach(prepared=True)
        done = fetching.fetch_root(bucket, target, told=lambda number, _: _progress(console, number))
    except (BucketUnreachable, BucketFull) as trouble:
        return _refused(
            [Reason("preservation.bucket_unreachable", {"place": site, "problem": str(trouble)})], INCOMPLETE
        )
    except StoreUnreachable as gone:
        return _refused([reason_of(gone)], INCOMPLETE)
    except OSError as problem:
        return _refused([why_failed(str(target), problem)], INCOMPLETE)
    for object_id, damages in done.damaged.items():
        console.print(f"损坏，没有取 damaged, left out: {as_one_line(object_id)}", highlight=False, soft_wrap=True)
        for damage in damages[:_MOST_DAMAGES_SHOWN]:
            console.print(f"    {damage.code} {as_one_line(damage.path)}", highlight=False, soft_wrap=True)
    console.print(
        f"取回 {done.objects} 个对象（{write_size(done.bytes)}），先前已有 {done.before} 个，损坏 {done.damaged_count} 个：{target}\n"
        f"fetched {done.objects} objects, {done.before} were here, {done.damaged_count} damaged. The folder is a site's: "
        "`zhudang emergency-serve`, or name it as a site and `zhudang rebuild`.",
        highlight=False,
        soft_wrap=True,
    )
    return WRONG if done.damaged else OK


def owed(site: str, target: Path | None = None) -> int:
    """Look into a bucket for what was destroyed elsewhere and is to be deleted there by its keeper; write the lists to a folder.

    1 where something is left, or nobody has signed yet that it is not.
    """
    console, now = Console(markup=False), timezone.now()
    if _address(site) is None:
        return _no_bucket(site)
    places(now)
    clearing.look_into_buckets(site)
    row = Site.objects.get(code=site)
    still = [each for each in disposals.owed() if each.place == f"{SITE}{site}"]
    for each in still:
        left = each.problem or "—" if each.left is None else f"{each.left} 项 keys"
        signed = "、".join(each.signed) or "—"
        console.print(
            f"{each.number}  {each.volumes} 卷 volumes  还有 left: {left}  应在 due {each.due}  已签字 signed: {signed}",
            highlight=False,
            soft_wrap=True,
        )
    if not still:
        console.print(f"{row.name}：没有待销毁的内容 / nothing owed there", highlight=False)
        return OK
    for case, text in clearing.lists_of(row, now=now) if target is not None else ():
        assert target is not None
        target.mkdir(parents=True, exist_ok=True)
        path = target / f"{case.number}-{site}.csv"
        path.write_text(text, encoding="utf-8")
        console.print(f"应删清单 keys to delete: {path}", highlight=False, soft_wrap=True)
    return INCOMPLETE if any(each.left is None for each in still) else WRONG


def _progress(console: Console, number: int) -> None:
    if console.is_terminal:
        console.print(f"\r{number}", end="")


def _address(site: str) -> object:
    item = next((item for item in settings.SITES if item["code"] == site), None)
    return address_of(item) if item else None


def _no_bucket(site: str) -> int:
    return _refused([Reason("preservation.no_bucket", {"site": site})])


def _refused(reasons: list[Reason] | tuple[Reason, ...], code: int = REFUSED) -> int:
    print_refusal(reasons)
    return code
