"""The log's witness in buckets: what the witness in the data folder was told is copied there, never written over, and read back.

A file in a bucket cannot be appended to, so each hour's new lines are a file of their own, named by its place in the
line: `log-witness/audit-heads-202611-000002-000000004711.jsonl` begins where byte 4711 of the month's file does. In a
bucket that keeps versions the oldest version of each is read: whoever writes over one changes nothing. Whoever deletes one
is found out at the next telling: it was seen there before (`witness_pieces`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings
from django.utils import timezone

from zhudang.audit import witness, witness_lines
from zhudang.audit.models import Head
from zhudang.preservation.bucket.client import DENIED, Bucket, BucketFull, BucketUnreachable, Missing, answers
from zhudang.preservation.bucket.versions import by_key
from zhudang.preservation.models import Site
from zhudang.preservation.sites import bucket_of, only_writer_at
from zhudang.preservation.witness_pieces import Known, Piece, Place, piece

log = structlog.get_logger("zhudang.preservation")
FOLDER = "log-witness"
MOST_BYTES = 8 * 1024 * 1024
"""Of one piece; a month's first piece at a new bucket may be cut into several."""
MOST_TOLD = 50
_MONTH = re.compile(r"(?:audit|tree)-heads-\d{6}\.jsonl\Z")


def bring_up_to_date() -> int:
    """Give every bucket within reach the lines of the log's witness it lacks; gives how many files were written.

    One that does not answer is passed over and catches up later.
    """
    written = 0
    for site, bucket in _within_reach():
        try:
            with only_writer_at(site.pk):
                written += _Mirror(
                    bucket, Path(settings.DATA) / "witness", Known(site.code, site.path), _name(site)
                ).write()
        except (BucketUnreachable, BucketFull, Missing) as problem:
            log.warning("a bucket was not told the log's heads", site=site.code, problem=str(problem))
    return written


@dataclass(frozen=True)
class _Mirror:
    """A bucket that is given the whole lines it lacks of a witness's files; by one writer at a time.

    Args:
        name: what the witness in the bucket is called.
    """

    bucket: Bucket
    folder: Path
    known: Known
    name: str

    def write(self) -> int:
        """Write what lacks, after the log was told where it was there before; gives how many files were written.

        Raises:
            BucketUnreachable, BucketFull, Missing: or it does not give back what was written.
        """
        files = {path.stem: path for path in sorted(self.folder.glob("*-heads-*.jsonl")) if _MONTH.match(path.name)}
        there = [
            found
            for row in self.bucket.listed(self.bucket.address.key(f"{FOLDER}/"))
            if (found := piece(row.key.rpartition("/")[2], row.size)) is not None
        ]
        again = self._refilled(files, there)
        if not there and not again and files and Head.objects.exists():
            # It holds nothing and was not seen to: a new one, or one that was emptied.
            witness.tell_of_filling(self.name, is_new=True, facts={"last": Head.objects.latest("last").last})
        self.known.note(there)
        months: dict[str, list[Piece]] = {}
        for each in sorted([*filter(self.known.agrees, there), *again]):
            months.setdefault(each.month, []).append(each)
        return len(again) + sum(self._bring(path, months.get(month, [])) for month, path in files.items())

    def _refilled(self, files: Mapping[str, Path], there: list[Piece]) -> list[Piece]:
        """Tell the log what was there and is not, and write it again where the file here still has it; gives what was written."""
        lost = self.known.lost(there)
        if not lost:
            return []
        begun: dict[str, int] = {}
        for month, turn, start in (*self.known.sizes, *(each.place for each in there)):
            if start == 0:
                begun[month] = max(turn, begun.get(month, 0))
        # A month that began again since is another file here than the one a piece before that was cut from.
        same = [each for each in lost if each.month in files and each.turn >= begun.get(each.month, 0)]
        here = [each for each in same if _lines_of(files[each.month], each) is not None]
        self._tell(lost, here, files)
        written = []
        for each in here:
            if data := _lines_of(files[each.month], each):
                written.append(each.again(timezone.now()))
                self._put(written[-1], data)
        for each in set(lost).difference(here):
            self.known.give_up(each)
        return written

    def _tell(self, lost: list[Piece], here: list[Piece], files: Mapping[str, Path]) -> None:
        first, last = 0, 0
        for each in here:
            for raw in (_lines_of(files[each.month], each) or b"").splitlines():
                if line := witness_lines.parse(raw):
                    first, last = min(first or line.first, line.first), max(last, line.last)
        facts = {"files": len(lost), "missing": [each.name for each in lost[:MOST_TOLD]], "written": len(here)}
        numbers = {"first": first, "last": last} if last else {}
        witness.tell_of_filling(self.name, is_new=False, facts={**numbers, **facts})

    def _bring(self, path: Path, there: list[Piece]) -> int:
        last = there[-1] if there else Piece(path.stem, 0, 0)
        begin = last.start + last.size
        data = _lines_from(path, begin)
        if there and (data is None or (data and not _goes_on(self.bucket, path, last))):
            # The file here is not the one that was copied before: restored, or rewritten. All of it follows what was there.
            log.warning("the log's witness here is another than was copied to a bucket", file=path.name)
            begin, data = 0, _lines_from(path, 0)
        turn, written = last.turn, 0
        while data:
            turn += 1
            cut = (
                len(data) if len(data) <= MOST_BYTES else data.rfind(b"\n", 0, MOST_BYTES) + 1 or data.index(b"\n") + 1
            )
            self._put(Piece(path.stem, turn, begin, cut), data[:cut])
            begin, data, written = begin + cut, data[cut:], written + 1
        return written

    def _put(self, new: Piece, data: bytes) -> None:
        key = self.bucket.address.key(f"{FOLDER}/{new.name}")
        self.bucket.put(key, data)
        if self.bucket.read(key) != data:
            raise BucketUnreachable("NotAsWritten")
        self.known.note_written(new)


def _lines_of(path: Path, lost: Piece) -> bytes | None:
    """The lines of a lost piece, out of the month's file here; None where they do not stand there."""
    with path.open("rb") as stream:
        stream.seek(max(0, lost.start - 1))
        before = stream.read(1) if lost.start else b"\n"
        data = stream.read(lost.size)
    return data if data and before == b"\n" and len(data) == lost.size and data.endswith(b"\n") else None


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


def as_read(bucket: Bucket) -> Iterator[tuple[str, str]]:
    """Key and version of every piece as it is read: of each the oldest version; without a version where none are listed.

    Of what was lost and written again both may be there: what was written first counts.
    """
    again: dict[Place, tuple[str, str]] = {}
    for key, version in _oldest(bucket, bucket.address.key(f"{FOLDER}/")):
        found = piece(key.rpartition("/")[2], 0)
        if found is None:
            continue
        if found.refilled:  # its name comes before that of the first
            again.setdefault(found.place, (key, version))
        else:
            again.pop(found.place, None)
            yield key, version
    yield from again.values()


def _oldest(bucket: Bucket, prefix: str) -> Iterator[tuple[str, str]]:
    try:
        for versions in by_key(bucket, prefix):
            yield versions[-1].key, versions[-1].id
    except BucketUnreachable as refused:
        if refused.problem not in DENIED:
            raise
        yield from ((row.key, "") for row in bucket.listed(prefix))


def _told(bucket: Bucket) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every piece; what was written again tells since when, as in other witnesses."""
    for key, version in as_read(bucket):
        which = {"VersionId": version} if version else {}
        with answers():
            data = bucket.ask("get_object", Key=key, **which)["Body"].read()
        name = key.rpartition("/")[2]
        found = piece(name, 0)
        yield name, _marked(data, found.since) if found is not None and found.refilled else data


def _marked(data: bytes, since: str) -> bytes:
    lines = []
    for raw in data.splitlines():
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        lines.append(line if "restored_to" in line else {"refilled": since, **line})
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()


def _name(site: Site) -> str:
    return f"{site.name} {site.path}/{FOLDER}"


def _within_reach() -> Iterator[tuple[Site, Bucket]]:
    """The buckets with our storage root that answered when last asked."""
    for site in Site.objects.filter(kind="s3", in_use=True, prepared_at__isnull=False, contact__ok=True).order_by(
        "code"
    ):
        if (root := bucket_of(site.code)) is not None:
            yield site, root.bucket
