"""The log's witness in buckets: what the witness in the data folder was told is copied there, never written over, and read back.

A file in a bucket cannot be appended to, so each hour's new lines are a file of their own, named by its place in the
line: `log-witness/audit-heads-202611-000002-000000004711.jsonl` begins where byte 4711 of the month's file does. In a
bucket that keeps versions the oldest version of each is read: whoever writes over one changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from django.conf import settings

from zhudang.audit import witness
from zhudang.audit.models import Head
from zhudang.preservation.bucket.client import DENIED, Bucket, BucketFull, BucketUnreachable, Missing, answers
from zhudang.preservation.models import Site
from zhudang.preservation.sites import bucket_of, only_writer_at

log = structlog.get_logger("zhudang.preservation")
FOLDER = "log-witness"
MOST_BYTES = 8 * 1024 * 1024
"""Of one piece; a month's first piece at a new bucket may be cut into several."""
_PIECE = re.compile(r"((?:audit|tree)-heads-\d{6})-(\d{6})-(\d{12})\.jsonl\Z")
_MONTH = re.compile(r"(?:audit|tree)-heads-\d{6}\.jsonl\Z")


@dataclass(frozen=True, order=True)
class Piece:
    """One file of a month's lines in a bucket.

    Args:
        turn: counted from 1; a month whose file here was replaced begins again at byte 0 with the next turn.
        start: at which byte of the month's file it begins.
    """

    month: str
    turn: int
    start: int
    size: int = 0

    @property
    def name(self) -> str:
        return f"{self.month}-{self.turn:06}-{self.start:012}.jsonl"


def bring_up_to_date() -> int:
    """Give every bucket within reach the lines of the log's witness it lacks; gives how many files were written.

    One that does not answer is passed over and catches up later.
    """
    written = 0
    for site, bucket in _within_reach():
        try:
            with only_writer_at(site.pk):
                written += mirror(bucket, Path(settings.DATA) / "witness", begins=partial(_begins, _name(site)))
        except (BucketUnreachable, BucketFull, Missing) as problem:
            log.warning("a bucket was not told the log's heads", site=site.code, problem=str(problem))
    return written


def _begins(name: str) -> None:
    """Tell the log that a bucket which holds nothing is given all the lines there are: a new one, or one that was emptied."""
    if Head.objects.exists():
        witness.tell_of_filling(name, is_new=True, facts={"last": Head.objects.latest("last").last})


def mirror(bucket: Bucket, folder: Path, *, begins: Callable[[], None] = lambda: None) -> int:
    """Write the whole lines that a bucket lacks of a witness's files; gives how many files were written. By one writer at a time.

    Args:
        begins: called before the first is written into a bucket that holds none.

    Raises:
        BucketUnreachable, BucketFull, Missing: or it does not give back what was written.
    """
    there: dict[str, list[Piece]] = {}
    for row in bucket.listed(bucket.address.key(f"{FOLDER}/")):
        if (piece := _piece(row.key.rpartition("/")[2], row.size)) is not None:
            there.setdefault(piece.month, []).append(piece)
    written = 0
    if not there and any(_MONTH.match(path.name) for path in folder.glob("*-heads-*.jsonl")):
        begins()
    for path in sorted(folder.glob("*-heads-*.jsonl")):
        if _MONTH.match(path.name):
            written += _bring(bucket, path, sorted(there.get(path.stem, [])))
    return written


def _bring(bucket: Bucket, path: Path, there: list[Piece]) -> int:
    last = there[-1] if there else Piece(path.stem, 0, 0)
    begin = last.start + last.size
    data = _lines_from(path, begin)
    if there and (data is None or (data and not _goes_on(bucket, path, last))):
        # The file here is not the one that was copied before: restored, or rewritten. All of it follows what was there.
        log.warning("the log's witness here is another than was copied to a bucket", file=path.name)
        begin, data = 0, _lines_from(path, 0)
    turn, written = last.turn, 0
    while data:
        turn += 1
        cut = len(data) if len(data) <= MOST_BYTES else data.rfind(b"\n", 0, MOST_BYTES) + 1 or data.index(b"\n") + 1
        key = bucket.address.key(f"{FOLDER}/{Piece(path.stem, turn, begin).name}")
        bucket.put(key, data[:cut])
        if bucket.read(key) != data[:cut]:
            raise BucketUnreachable("NotAsWritten")
        begin, data, written = begin + cut, data[cut:], written + 1
    return written


def _lines_from(path: Path, begin: int) -> bytes | None:
    """The whole lines of a file from a byte on; None where the file ends before it."""
    with path.open("rb") as stream:
        if path.stat().st_size < begin:
            return None
        stream.seek(begin)
        data = stream.read()
    return data[: data.rfind(b"\n") + 1]


def _goes_on(bucket: Bucket, path: Path, last: Piece) -> bool:
    with path.open("rb") as stream:
        stream.seek(last.start)
        return stream.read(last.size) == bucket.read(bucket.address.key(f"{FOLDER}/{last.name}"))


def names() -> list[str]:
    """How the buckets that bear witness are called: those that answered when last asked."""
    return [_name(site) for site, _bucket in _within_reach()]


def fetch(target: Path) -> Iterator[tuple[str, Path]]:
    """Bring what the buckets within reach were told down below a folder, for verification; gives name and folder of each.

    They are brought up to date first: what a restore says openly must have reached them.
    """
    bring_up_to_date()
    for site, bucket in _within_reach():
        folder = target / site.code
        folder.mkdir(parents=True)
        try:
            for name, data in _told(bucket):
                (folder / name).write_bytes(data)
        except (BucketUnreachable, BucketFull, Missing) as problem:
            log.warning("a bucket's witness of the log was not read", site=site.code, problem=str(problem))
            continue
        yield _name(site), folder


def _told(bucket: Bucket) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every piece, of each the oldest version."""
    prefix = bucket.address.key(f"{FOLDER}/")
    oldest: dict[str, str] = {}
    try:
        with answers():
            pages = bucket.client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=bucket.address.bucket, Prefix=prefix):
                # Of one key the newest version comes first.
                oldest |= {row["Key"]: row["VersionId"] for row in page.get("Versions", [])}
    except BucketUnreachable as refused:
        if refused.problem not in DENIED:
            raise
        oldest = {row.key: "" for row in bucket.listed(prefix)}
    for key, version in sorted(oldest.items()):
        if _piece(name := key.rpartition("/")[2], 0) is not None:
            which = {"VersionId": version} if version else {}
            with answers():
                yield name, bucket.ask("get_object", Key=key, **which)["Body"].read()


def _piece(name: str, size: int) -> Piece | None:
    found = _PIECE.match(name)
    return Piece(found[1], int(found[2]), int(found[3]), size) if found else None


def _name(site: Site) -> str:
    return f"{site.name} {site.path}/{FOLDER}"


def _within_reach() -> Iterator[tuple[Site, Bucket]]:
    """The buckets with our storage root that answered when last asked."""
    for site in Site.objects.filter(kind="s3", in_use=True, prepared_at__isnull=False, contact__ok=True).order_by(
        "code"
    ):
        if (root := bucket_of(site.code)) is not None:
            yield site, root.bucket
