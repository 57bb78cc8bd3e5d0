"""The register of keys: public facts only, the same in `var/keys` and at the root of every store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from zhudang.preservation.ocfl.sealing import AGE, SM, SUFFIXES, suite_of

FORMAT = "zhudang-keys/1"
REGISTER = "keys.json"
ABOUT = {
    "zh": "本库加密内容的密钥登记，不含任何秘密。读法见 README.txt。",
    "en": "Register of the keys of this store's encrypted content; nothing secret is in it. README.txt tells how to read.",
}
CEREMONY, ROTATION, RECOVERY, TRIAL = "ceremony", "rotation", "recovery", "trial"


class RegisterUnreadable(ValueError):
    """A register that cannot be read as one."""


@dataclass(frozen=True)
class Holder:
    """Who holds a share: its number in the set, and the words of the ceremony. Never the share."""

    share: int
    holder: str


@dataclass(frozen=True)
class Recovery:
    """The recovery key's public half, and how it is split.

    Args:
        recipient_sm: its half of the national suite, told by the same shares; empty where the ceremony was before there was one.
    """

    recipient: str
    needed: int
    holders: tuple[Holder, ...]
    set_id: int
    made_at: str
    made_by: str
    recipient_sm: str = ""


@dataclass(frozen=True)
class ClassKey:
    """A key class's key of one suite, and its small file.

    Args:
        sha256: of the key file as it should be.
        wrapped_to: public halves of the keys that open the file: working, recovery.
    """

    code: str
    recipient: str
    made_at: str
    sha256: str = ""
    wrapped_to: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Name of the key file."""
        return f"key-{self.code}{SUFFIXES[self.suite]}"

    @property
    def suite(self) -> str:
        """`age` or `sm`."""
        return suite_of(self.recipient)


@dataclass(frozen=True)
class Act:
    """Something done with the keys: when, what, by whom, and its facts."""

    at: str
    act: str
    by: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Register:
    """All public facts of the keys.

    Args:
        working_sm: the working key's half of the national suite; empty where it has none yet.
        classes: a class has one key a suite it was ever sealed with; none is taken away.
    """

    working: str
    working_since: str
    recovery: Recovery
    classes: tuple[ClassKey, ...] = ()
    acts: tuple[Act, ...] = ()
    working_sm: str = ""

    def wanted(self, suite: str) -> tuple[str, str]:
        """Whom the key files of a suite should be wrapped to: the working key and the recovery key."""
        return {
            AGE: (self.working, self.recovery.recipient),
            SM: (self.working_sm, self.recovery.recipient_sm),
        }[suite]

    def key_of(self, code: str, suite: str) -> ClassKey | None:
        """Give a class's key of a suite; None where it has none yet."""
        return next((key for key in self.classes if (key.code, key.suite) == (code, suite)), None)

    def key_for(self, recipient: str) -> ClassKey | None:
        """Give the key with this public half."""
        return next((key for key in self.classes if key.recipient == recipient), None)

    def with_key(self, key: ClassKey) -> Register:
        """Give the register with a class's key added or in the place of its former entry."""
        others = tuple(each for each in self.classes if each.file != key.file)
        return replace(self, classes=tuple(sorted((*others, key), key=lambda each: (each.code, each.suite))))

    def with_act(self, act: str, *, by: str, at: datetime, **data: Any) -> Register:
        """Give the register with one more act told."""
        return replace(self, acts=(*self.acts, Act(at.isoformat(timespec="seconds"), act, by, data)))

    def last(self, *acts: str) -> datetime | None:
        """When one of these acts was last done."""
        return max((datetime.fromisoformat(each.at) for each in self.acts if each.act in acts), default=None)

    def to_json(self) -> bytes:
        """Write the register; the same facts give the same bytes."""
        document = {"format": FORMAT, "about": ABOUT, **asdict(self)}
        return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def read_register(data: bytes) -> Register:
    """Read a register.

    Raises:
        RegisterUnreadable.
    """
    try:
        document = json.loads(data)
        if document["format"] != FORMAT:
            raise RegisterUnreadable(str(document["format"]))
        recovery = document["recovery"]
        return Register(
            working=document["working"],
            working_since=document["working_since"],
            recovery=Recovery(**{**recovery, "holders": tuple(Holder(**each) for each in recovery["holders"])}),
            classes=tuple(
                ClassKey(**{**each, "wrapped_to": tuple(each["wrapped_to"])}) for each in document["classes"]
            ),
            acts=tuple(Act(**each) for each in document["acts"]),
            working_sm=document.get("working_sm", ""),
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise RegisterUnreadable(str(problem)) from problem
