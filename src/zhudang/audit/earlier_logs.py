"""The logs before this one: a rebuilt archive begins a new log, and knows the old one's keys from its witnesses.

The old log itself does not come back. What it signed and gave out, papers carry on; whose key that was, is told once, in
the new log, at the moment the old witnesses are set aside.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from zhudang.audit import operations, witness_lines
from zhudang.audit.models import Entry, TreeHead
from zhudang.audit.tree_heads import SignedHead, known_keys
from zhudang.audit.witness import RESTORED

FOLLOWS = "audit.log.follows"


def note(set_aside: Sequence[str], *, at: datetime) -> None:
    """Tell the log that it follows another, and with which keys that one's heads were signed, as its witnesses hold them."""
    operations.record(
        actor="system", act=FOLLOWS, subject="audit.log", at=at,
        data={"set_aside": list(set_aside), "log_keys": sorted(_keys_in(set_aside))},
    )  # fmt: skip


def _keys_in(folders: Sequence[str]) -> set[str]:
    found = set()
    for folder in folders:
        for line in witness_lines.lines_of(Path(folder), witness_lines.TREE, witness_lines.parse_tree):
            if isinstance(line, SignedHead) and line.key not in found and line.is_signed:
                found.add(line.key)
    return found


def own_keys() -> frozenset[str]:
    """The public keys of this archive's logs, of today's and of those it follows; never one that only a row brought in by hand names."""
    signed, known = frozenset(TreeHead.objects.values_list("key", flat=True).distinct()), known_keys()
    return (signed & known if known else signed) | {key for _at, keys in followed() for key in keys}


def followed() -> list[tuple[datetime, list[str]]]:
    """The moments at which this log began to follow another, the latest first, each with the keys that one's heads were signed with."""
    told = Entry.objects.filter(act=FOLLOWS).order_by("-at", "-id").values_list("at", "data__log_keys")
    return [(at, sorted(keys)) for at, keys in told]


def broke_off_since(moment: datetime) -> bool:
    """Whether what stood in the log at a moment may be lacking by right: the log began, or was restored, after it."""
    first = Entry.objects.order_by("at").values_list("at", flat=True).first()
    if first is None or first > moment:
        return True
    return Entry.objects.filter(act__in=[FOLLOWS, RESTORED], at__gte=moment).exists()
