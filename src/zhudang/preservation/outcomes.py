"""What readings of copies showed: one copy, and the counts of many."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import Reading

MOST_ROWS = 500
UNKNOWN, UNREACHABLE, REPAIRED, AHEAD, FORGED = "unknown", "unreachable", "repaired", "ahead", "forged"
NOT_AS_LOGGED, ANOTHER_SITE, NOT_WRITTEN = "STO-007", "STO-009", "STO-010"
RETURNED, OWED = "returned", "owed"
COUNTS = ("copies", "files", "bytes", "sound", "repaired", "wrong_count")

_SHORT = 16


def shortened(digest: str) -> str:
    """A digest's beginning, enough to tell two apart by eye; of what is no SHA-512 its algorithm stands before it."""
    algorithm, _, value = digest.rpartition(" ")
    return f"{algorithm} {value[:_SHORT]}".lstrip()


def _as_text(name: str) -> str:
    """What rows, pages and terminals take: no halves of characters, and no NUL, which no row holds."""
    return name.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


@dataclass(frozen=True)
class Outcome:
    """What reading one copy showed.

    Args:
        state: verified, damaged, missing, repaired, unreachable, unknown (an object the rows do not know, or what
            is no object at all), ahead (sound, with versions the rows do not know: the database was restored from before), forged (the rows tell otherwise
            than the log, of a destruction, of an object's state or of its copies), returned (part of a destroyed volume
            lies where it was cleared), or owed (a place should have been cleared of it by now).
    """

    site: str
    object: str
    title: str
    state: str
    files: int = 0
    bytes: int = 0
    damages: tuple[dict[str, str], ...] = ()

    def __post_init__(self) -> None:
        # Names on a disk need not be Unicode: those that come from GBK systems are not.
        damages = tuple({key: _as_text(value) for key, value in damage.items()} for damage in self.damages)
        for name, value in {"object": _as_text(self.object), "title": _as_text(self.title), "damages": damages}.items():
            object.__setattr__(self, name, value)

    @property
    def sound(self) -> bool:
        """Whether the copy is now as it was written."""
        return self.state in {CopyState.VERIFIED.value, REPAIRED, AHEAD}


@dataclass
class Summary:
    """The counts of a reading."""

    copies: int = 0
    files: int = 0
    bytes: int = 0
    sound: int = 0
    repaired: int = 0
    wrong: list[dict[str, Any]] = field(default_factory=list)
    wrong_count: int = 0

    def add(self, outcome: Outcome) -> None:
        self.copies += 1
        self.files += outcome.files
        self.bytes += outcome.bytes
        self.sound += outcome.sound
        self.repaired += outcome.state == REPAIRED
        if outcome.state != CopyState.VERIFIED.value:
            self.wrong_count += outcome.state != REPAIRED
            if len(self.wrong) < MOST_ROWS:
                self.wrong.append(asdict(outcome))

    def __iadd__(self, more: Summary) -> Summary:
        """Count what was read after this."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(more, name))
        self.wrong = [*self.wrong, *more.wrong][:MOST_ROWS]
        return self

    def after(self, row: Reading) -> Summary:
        """This, counted after what a row of the readings holds already."""
        before = Summary(**{name: getattr(row, name) for name in COUNTS}, wrong=row.wrong)
        before += self
        return before
