"""Witnesses: append-only files outside the database that were given every head when it was made.

A superuser who rewrites entries and recomputes the whole chain cannot rewrite these as well without reaching every
place they lie in. One line a head: its numbers, its value, when, and the beginnings of its leaves, so that a
difference can be told by number. Signed heads of the Merkle tree lie in files of their own beside them.

A line that is written later than when its head was made, to a witness that lacks what it may have had, carries
`refilled`: the moment since when it bears witness. Before any such line the log itself is told (`audit.witness.refilled`,
`audit.witness.begun`), and of a restore likewise (`audit.log.restored`). Older lines carry none of this.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from zhudang.audit import operations
from zhudang.audit.domain.judging import shorten
from zhudang.audit.models import Entry, Head, Seal, TreeHead
from zhudang.audit.tree_heads import SignedHead, as_signed
from zhudang.audit.witness_lines import (
    CHAIN,
    TREE,
    Acts,
    Restored,
    alone,
    append,
    last_line,
    lines_of,
    newest_file,
    parse,
    parse_tree,
    read,
    restores,
)

log = structlog.get_logger("zhudang.audit")
_MARK = "sealing-from"
"""In the data folder's witness: from which number on what it lacks was sealed just now, and not lost."""
REFILLED, BEGUN, RESTORED = "audit.witness.refilled", "audit.witness.begun", "audit.log.restored"


def folders() -> list[Path]:
    """Where the witnesses lie: in the data folder, beside each preservation site, and where settings add.

    Not on removable sets: what is at their path may be an empty mount point, or somebody else's disk.
    """
    chosen = [Path(settings.DATA) / "witness"]
    sites = [site for site in getattr(settings, "SITES", []) if site.get("path") and site.get("kind") != "removable"]
    chosen += [Path(site["path"]) / "log-witness" for site in sites]
    return [*chosen, *(Path(path) for path in getattr(settings, "AUDIT_WITNESSES", []))]


def sites_of_folders() -> dict[str, str]:
    """The name of the preservation site beside which a witness's folder lies, by that folder."""
    sites = [site for site in getattr(settings, "SITES", []) if site.get("path")]
    return {str(Path(site["path"]) / "log-witness"): str(site.get("name", site["code"])) for site in sites}


@dataclass(frozen=True)
class Elsewhere:
    """Witnesses that lie where there are no folders; those who know how to reach them say so.

    Args:
        names: how they are called.
        fetch: (an empty folder) -> name, and a folder below that one with the witness's files, for each within reach.
    """

    names: Callable[[], list[str]]
    fetch: Callable[[Path], Iterator[tuple[str, Path]]]


_elsewhere: list[Elsewhere] = []


def also_at(more: Elsewhere) -> None:
    """Have witnesses elsewhere read too whenever the log is verified."""
    if more not in _elsewhere:
        _elsewhere.append(more)


def count() -> int:
    """How many witnesses there are within reach."""
    return sum(1 for folder in folders() if folder.is_dir()) + sum(len(each.names()) for each in _elsewhere)


@contextmanager
def all_folders() -> Iterator[list[tuple[str, Path]]]:
    """Name and folder of every witness within reach; those from elsewhere lie in a folder that goes at the end."""
    found = [(str(folder), folder) for folder in folders() if folder.is_dir()]
    if not main_folder().is_dir() and Head.objects.exists():
        # It was there when the first head was made, and says nothing now.
        found.insert(0, (str(main_folder()), main_folder()))
    with TemporaryDirectory(prefix="zhudang-witness-") as target:
        for number, each in enumerate(_elsewhere):
            found += each.fetch(Path(target) / str(number))
        yield found


_up_to: dict[Path, tuple[int, int]] = {}
"""How far this process knows each witness to be, chain and tree: what a witness goes on from there was never lost."""


def main_folder() -> Path:
    """The witness in the data folder, which is always within reach."""
    return folders()[0]


def about_to_seal(first: int) -> None:
    """Note where the numbers begin that are sealed now, so that a crash before the witnesses know them is no loss of theirs.

    Only where the witness in the data folder knows all before them: one that was emptied or cut gets no such note.
    """
    folder = main_folder()
    try:
        folder.mkdir(exist_ok=True)
        known, before = last_line(folder, CHAIN, parse), _sealed_from()
        # A mark beyond what is sealed now: the log was cut back, and no restore said so.
        if (known.last if known else 0) == first - 1 and (before is None or before < first):
            with (folder / f"{_MARK}.new").open("w") as stream:
                stream.write(f"{first}\n")
                stream.flush()
                os.fsync(stream.fileno())
            (folder / f"{_MARK}.new").replace(folder / _MARK)
    except OSError as problem:
        log.warning("witness out of reach", folder=str(folder), problem=type(problem).__name__)


def _sealed_from() -> int | None:
    try:
        return int((main_folder() / _MARK).read_text())
    except (OSError, ValueError):
        return None


def bring_up_to_date() -> int:
    """Give every witness the heads it has not seen; gives how many lines were written in all.

    A witness that cannot be reached (a site's disk is away) is passed over and catches up later. One that lacks heads it
    may have had is refilled, and the log is told before.
    """
    newest = (
        Head.objects.order_by("-last").values_list("last", flat=True).first() or 0,
        TreeHead.objects.order_by("-size").values_list("size", flat=True).first() or 0,
    )
    written = 0
    for folder in folders():
        if _up_to.get(folder) == newest:
            continue
        try:
            is_new = not folder.is_dir()
            folder.mkdir(exist_ok=True)  # only beside what is there: a lost site's folder is not made anew
            with alone(folder):
                written += _Catching.up(folder, is_new=is_new).write()
            _up_to[folder] = newest
        except OSError as problem:
            log.warning("witness out of reach", folder=str(folder), problem=type(problem).__name__)
    return written


@dataclass(frozen=True)
class _Catching:
    """What one witness lacks: the heads of the chain and of the tree behind the last it holds."""

    folder: Path
    heads: QuerySet[Head]
    tree_heads: QuerySet[TreeHead]
    refilled: tuple[bool, bool]
    """Chain, tree: whether it may have held these before, or was not there when they were made."""
    is_new: bool

    @classmethod
    def up(cls, folder: Path, *, is_new: bool) -> "_Catching":
        known = last_line(folder, CHAIN, parse)
        last, size = known.last if known else 0, _size(last_line(folder, TREE, parse_tree))
        heads = Head.objects.filter(last__gt=last).order_by("last")
        tree_heads = TreeHead.objects.filter(size__gt=size).order_by("size")
        fresh, before = _sealed_from(), _up_to.get(folder, (None, None))
        first, least = heads.first(), tree_heads.first()
        refilled = (
            first is not None and last != before[0] and (fresh is None or first.first < fresh),
            least is not None and size != before[1] and (fresh is None or least.size < fresh),
        )
        return cls(folder, heads, tree_heads, refilled, is_new)

    def write(self) -> int:
        """Write what lacks, after the log was told where it is a refill; gives how many lines."""
        since = timezone.now()
        if any(self.refilled):
            self._tell_the_log(since)
        marks: list[dict[str, str]] = [{"refilled": since.isoformat()} if each else {} for each in self.refilled]
        written = 0
        for head in self.heads.iterator(chunk_size=500):
            append(self.folder, newest_file(self.folder, CHAIN, head.sealed_at), {**_line_of(head), **marks[0]})
            written += 1
        for row in self.tree_heads.iterator(chunk_size=500):
            append(self.folder, newest_file(self.folder, TREE, row.at), {**asdict(as_signed(row)), **marks[1]})
            written += 1
        return written

    def _tell_the_log(self, since: datetime) -> None:
        facts: dict[str, Any] = {}
        first, last = self.heads.first(), self.heads.last()
        if self.refilled[0] and first and last:
            facts |= {"first": first.first, "last": last.last}
        least, largest = self.tree_heads.first(), self.tree_heads.last()
        if self.refilled[1] and least and largest:
            facts |= {"first_tree": least.size, "last_tree": largest.size}
        tell_of_filling(str(self.folder), is_new=self.is_new and self.folder != main_folder(), facts=facts, at=since)


def tell_of_filling(name: str, *, is_new: bool, facts: Mapping[str, Any], at: datetime | None = None) -> None:
    """Tell the log that a witness is given what it may have had, or was not there for.

    Args:
        is_new: it holds nothing, and seems to be new; if the log named it before, it is not.
        facts: from which number to which.
    """
    log.warning("a witness is filled with what it lacks", witness=name, **facts)
    known = Entry.objects.filter(act__in=[BEGUN, REFILLED], data__witness=name).exists()
    operations.record(
        actor="system", act=BEGUN if is_new and not known else REFILLED, subject="audit.witness",
        at=at or timezone.now(), data={"witness": name, **facts},
    )  # fmt: skip


def _size(known: object) -> int:
    return known.last if isinstance(known, Restored) else known.size if isinstance(known, SignedHead) else 0


def _line_of(head: Head) -> dict[str, Any]:
    leaves = Seal.objects.filter(number__gte=head.first, number__lte=head.last).order_by("number")
    return {
        "first": head.first,
        "last": head.last,
        "head": head.chain,
        "at": head.sealed_at.isoformat(),
        "leaves": shorten(leaves.values_list("leaf", flat=True)),
    }


def note_restore(*, at: datetime, backup: str) -> None:
    """Tell the log, and every witness, that it was restored and now ends earlier than it was seen; part of `restore`.

    The numbers after that are given anew; the lost ones stay in the witness and are told by `verify`. The act is the only
    thing that lets such a line count; it names earlier such lines too whose own acts were lost by this restore.
    """
    last = Head.objects.order_by("-last").first()
    line = {
        "restored_to": last.last if last else 0,
        "head": last.chain if last else "",
        "at": at.isoformat(),
        "backup": backup,
    }
    aside = [str(_put_aside(folder, at)) for folder in folders() if folder.is_dir() and _begins_otherwise(folder)]
    there = [folder for folder in folders() if folder.is_dir()]
    lost = {(line.last, line.at) for folder in there for line in restores(folder)} - acts_of_restore()
    earlier = [{"restored_to": number, "at": moment} for number, moment in sorted(lost)]
    operations.record(
        actor="system", act=RESTORED, subject="audit.log", at=at, data={**line, "earlier": earlier, "set_aside": aside}
    )
    for folder in folders():
        try:
            folder.mkdir(exist_ok=True)  # as in `bring_up_to_date`: nothing is made where a site's disk is away
            with alone(folder):
                for kind, has in ((CHAIN, any(read(folder))), (TREE, any(lines_of(folder, TREE, parse_tree)))):
                    if has:  # one that holds nothing has nothing to take back, and is filled from the first number on
                        append(folder, newest_file(folder, kind, at), line)
        except OSError as problem:
            log.warning(
                "witness out of reach: it knows nothing of the restore", folder=str(folder), problem=str(problem)
            )
    (main_folder() / _MARK).unlink(missing_ok=True)
    _up_to.clear()


def refills(*, since: datetime) -> list[dict[str, Any]]:
    """What the log tells of witnesses that were refilled since a moment: witness, and from which number to which."""
    return list(Entry.objects.filter(act=REFILLED, at__gte=since).order_by("at").values_list("data", flat=True))


def acts_of_restore() -> Acts:
    """What the log tells of restores: to which number, and when, as the line in the witnesses says it."""
    told: Acts = set()
    for data in Entry.objects.filter(act=RESTORED).values_list("data", flat=True):
        for line in (data, *data.get("earlier", [])):
            told.add((int(line["restored_to"]), str(line["at"])))
    return told


def _begins_otherwise(folder: Path) -> bool:
    """Whether a witness saw the first entries of another log: that of a new installation, or of a rebuilt catalogue."""
    seen = next(read(folder), None)
    heads = Head.objects.order_by()
    return (
        seen is not None
        and heads.filter(last__gte=seen.last).exists()
        and not heads.filter(last=seen.last, chain=seen.head).exists()
    )


def _put_aside(folder: Path, at: datetime) -> Path:
    return folder.rename(folder.with_name(f"{folder.name}-of-another-log-{at:%Y%m%dT%H%M%S}"))


def set_aside_of_another_log(at: datetime) -> list[str]:
    """Rename every witness that saw another log than this one, so that this one is witnessed from its first entry on; part of `rebuild`.

    What it saw stays beside it, for people to look at. Gives where to.
    """
    known = dict(Head.objects.values_list("last", "chain"))
    kept = []
    for folder in folders():
        if not folder.is_dir():
            continue
        with alone(folder):
            if all(known.get(seen.last) == seen.head for seen in read(folder)):
                continue
            kept.append(str(_put_aside(folder, at)))
    _up_to.clear()
    return kept
