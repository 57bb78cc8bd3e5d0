"""How the keys stand: what the status command, the doctor and the page tell. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max

from zhudang.preservation.domain.site_facts import Kind
from zhudang.preservation.keys import classes, fixity, keyring, wrapping
from zhudang.preservation.keys.classes import KeyClass
from zhudang.preservation.keys.register import CEREMONY, RECOVERY, ROTATION, TRIAL, Register
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.models import ArchivalObject, CatchUp, Site
from zhudang.preservation.ocfl import sealing, verifier
from zhudang.preservation.sites import Place, places
from zhudang.shared.refusals import Reason

CURRENT, STALE, LACKING, UNREACHABLE = "current", "stale", "lacking", "unreachable"
CHANGED, MISSING = "changed", "missing"
"""Of a folder: some file is neither as it is in force nor of an earlier state of ours, or is gone. STALE is such an earlier state."""
APART, APART_STALE, APART_LACKING = "apart", "apart_stale", "apart_lacking"
"""Of a removable set that lies apart, as it should: whether it was called in since the keys last changed, before, or never."""


@dataclass(frozen=True)
class ClassStanding:
    """A key class: its key, and how many objects of it are stored how.

    Args:
        key: public half of its key of the suite in force; empty where it has none yet.
        settled: whether its key file is wrapped to the keys in force.
        former: public halves of its keys of other suites: they open what was stored before the class changed.
    """

    row: KeyClass
    key: str
    made_at: datetime | None
    settled: bool
    former: tuple[str, ...]
    plain: int
    mixed: int
    sealed: int

    @property
    def exposed(self) -> int:
        """Objects with plain bytes though the class is to be encrypted: kept before, and never rewritten."""
        return self.plain + self.mixed if self.row.encrypted else 0


@dataclass(frozen=True)
class PlaceStanding:
    """Whether a place has the register and the key files as they are in the installation.

    Args:
        seen_at: of a bucket, when that was last looked at; a page asks no server. Of a set that lies apart, when it was last
            called in.
    """

    code: str
    name: str
    state: str
    seen_at: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """All of it.

    Args:
        register: None before the first ceremony.
        reasons: what keeps the keys from being used; empty is well.
        unfinished: a rotation or a ceremony was cut off; the next use finishes it.
        last_trial: when the shares were last shown to work (the ceremony itself counts).
    """

    register: Register | None
    reasons: tuple[Reason, ...]
    unfinished: bool
    classes: tuple[ClassStanding, ...]
    places: tuple[PlaceStanding, ...]
    last_trial: datetime | None
    trial_due: bool

    @property
    def harmed(self) -> bool:
        """Whether files of the keys at a place are damage, rather than of before."""
        return any(place.state in {CHANGED, MISSING} for place in self.places)

    @property
    def shows_sm(self) -> bool:
        """Whether the keys' halves of the national suite matter here: a class, or a key, is of it."""
        keys = self.register.classes if self.register else ()
        return any(row.row.suite == sealing.SM for row in self.classes) or any(key.suite == sealing.SM for key in keys)

    @property
    def exposed(self) -> int:
        """Objects of classes that are to be encrypted which hold plain bytes."""
        return sum(row.exposed for row in self.classes)


def standing(now: datetime) -> Standing:
    """Tell how the keys stand. The counts are of all objects, whatever their level: for the console, not for a page."""
    register, policy, all_places = wrapping.register_at(wrapping.folder()), classes.current(), places(now)
    reasons: tuple[Reason, ...] = ()
    try:
        keyring.load([place.root.folder for place in all_places if place.root is not None])
    except KeysUnusable as refusal:
        reasons = tuple(refusal.reasons)
    if register and not register.recovery.recipient_sm and any(row.suite == sealing.SM for row in policy.encrypted):
        reasons += (Reason("preservation.keys_sm_shares"),)
    last = register.last(CEREMONY, RECOVERY, TRIAL) if register else None
    return Standing(
        register=register,
        reasons=reasons,
        unfinished=register is not None and not wrapping.is_settled(register),
        classes=tuple(_classes(register, policy)),
        places=tuple(_place(register, place) for place in all_places),
        last_trial=last,
        trial_due=last is not None and now - last > timedelta(days=policy.trial_after_days),
    )


def _classes(register: Register | None, policy: classes.Classes) -> list[ClassStanding]:
    rows = ArchivalObject.objects.values_list("class_level", "protection").annotate(number=Count("id")).order_by()
    counts: dict[tuple[str, str], int] = {}
    for level, protection, number in rows:
        at = (policy.of_level(level).code, protection)
        counts[at] = counts.get(at, 0) + number
    told = []
    for row in policy.rows:
        key = register.key_of(row.code, row.suite) if register else None
        told.append(
            ClassStanding(
                row=row,
                key=key.recipient if key else "",
                made_at=datetime.fromisoformat(key.made_at) if key else None,
                settled=register is not None and key is not None and key.wrapped_to == register.wanted(key.suite),
                former=tuple(
                    each.recipient
                    for each in (register.classes if register else ())
                    if (each.code, each.suite != row.suite) == (row.code, True)
                ),
                plain=counts.get((row.code, sealing.PLAIN), 0),
                mixed=counts.get((row.code, sealing.MIXED), 0),
                sealed=counts.get((row.code, sealing.SEALED), 0),
            )
        )
    return told


def _bucket(register: Register | None, place: Place) -> PlaceStanding:
    """As the last run that wrote there found it: an hour old at most where the bucket answers."""
    site = Site.objects.get(pk=place.site_id)
    seen = datetime.fromisoformat(site.key_files["at"]) if site.key_files else None
    if not place.reached:
        state = UNREACHABLE
    elif register is None or seen is None:
        state = LACKING
    else:
        state = CURRENT if site.key_files["sha256"] == wrapping.digest_of_files(register) else STALE
    return PlaceStanding(place.code, place.name, state, seen)


def _place(register: Register | None, place: Place) -> PlaceStanding:
    if place.facts.kind is Kind.S3:
        return _bucket(register, place)
    if place.away:
        return _apart(register, place)
    return PlaceStanding(place.code, place.name, _folder(register, place))


def _folder(register: Register | None, place: Place) -> str:
    if place.root is None:
        return UNREACHABLE
    if register is None or not wrapping.had_keys(place.root.folder):
        return LACKING
    if wrong := keyring.wrong_at(fixity.reader_of(place.root.folder)):
        return MISSING if all(each.code == verifier.MISSING for each in wrong) else CHANGED
    return CURRENT if wrapping.holds_all(register, place.root.folder) else STALE


def _apart(register: Register | None, place: Place) -> PlaceStanding:
    """What is known of a set that cannot be looked at: every call-in writes the key files there."""
    calls = CatchUp.objects.filter(site_id=place.site_id, complete=True)
    seen: datetime | None = calls.aggregate(last=Max("finished_at"))["last"]
    changed = register.last(CEREMONY, ROTATION, RECOVERY) if register else None
    if seen is None:
        state = APART_LACKING
    else:
        state = APART_STALE if changed is not None and changed > seen else APART
    return PlaceStanding(place.code, place.name, state, seen)
