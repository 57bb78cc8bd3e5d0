"""Whether this installation can delete at a site: tried on a file of its own, not taken from anybody's word.

A bucket protects from us when four things hold: deleting is denied, deleting a version is denied, writing over leaves what
was there before, and the rules that deny it are not ours to change. It is write-once when besides the server names a day before
which nobody may delete, its owner included (object lock, compliance), and refuses us an earlier one, and any other mode: who could
turn COMPLIANCE into GOVERNANCE could pass it then.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from zhudang.preservation.bucket.client import COMPLIANCE, DENIED, Bucket, BucketUnreachable, Missing

DENIED_HERE, ALLOWED, UNPROVEN = "denied", "allowed", "unproven"
KEPT, LOST = "kept", "lost"
GOVERNANCE = "GOVERNANCE"
"""The mode of object lock that whoever the bucket's owner lets may pass."""
PROBE = "probe/deletion.txt"
_HELD_TO = DENIED | {"InvalidRequest", "InvalidArgument", "InvalidRetentionPeriod", "ObjectLocked"}
"""What servers answer who will not have a retention weakened."""
NO_POLICY = "no policy: tries only whether one would be taken"


@dataclass(frozen=True)
class Proof:
    """What came of trying.

    Args:
        deletion, version_deletion, rules: denied, allowed or unproven: deleting a file, deleting one of its versions,
            changing the bucket's policy or stopping its versioning.
        overwriting: kept, lost or unproven: what stood at a key before it was written over.
        retained_days: for how many days from its writing the server lets nobody delete a file, and refuses to weaken that;
            0 where it does not, or that could not be tried.
        asked_days: the days each file is asked for, as the sites file states them; 0 where none are.
        named_days: the days it names, in whatever mode and whether or not it holds to them.
        mode: of object lock, as the server names it for what is written; empty where it names none.
        loosening: denied, allowed or unproven: turning COMPLIANCE into GOVERNANCE; empty where there was none to turn.
        clock_off_minutes: how far the server's clock is before ours, in whole minutes; behind it is below zero.
    """

    at: datetime
    deletion: str
    version_deletion: str
    overwriting: str
    rules: str
    retained_days: int = 0
    asked_days: int = 0
    named_days: int = 0
    mode: str = ""
    loosening: str = ""
    clock_off_minutes: int = 0

    @property
    def write_once(self) -> bool:
        """Whether it was shown that nobody can take back what is written, for a time."""
        return self.nothing_lost and self.retained_days > 0 and self.loosening == DENIED_HERE

    @property
    def nothing_lost(self) -> bool:
        """Whether nothing kept there can be lost by our hand."""
        return self.undeletable and self.overwriting == KEPT

    @property
    def undeletable(self) -> bool:
        """Whether all trying to delete, or to be allowed to, was denied."""
        return {self.deletion, self.version_deletion, self.rules} == {DENIED_HERE}

    def as_data(self) -> dict[str, str | int]:
        """Plain data for a row and the log."""
        return {**asdict(self), "at": self.at.isoformat()}


def proof_of(data: dict[str, Any]) -> Proof | None:
    """Read back what `as_data` gave; None for what is empty: never tried."""
    return Proof(**{**data, "at": datetime.fromisoformat(data["at"])}) if data else None


def prove(bucket: Bucket, now: datetime) -> Proof:
    """Write a file twice, try to delete it and to change the rules, and tell what was denied.

    Raises:
        BucketUnreachable, BucketFull: it could not even be written or read.
    """
    key = bucket.address.key(PROBE)
    earlier = f"{now.isoformat()} 1\n".encode()
    written = bucket.put(key, earlier)
    first, off = written.get("VersionId", ""), _clock_off(written)
    second = bucket.put(key, f"{now.isoformat()} 2\n".encode()).get("VersionId", "")
    overwriting = _is_kept(bucket, key, first, earlier) if first != second else LOST
    # A version before the newest: without versions there is none to delete, and denying the whole file says it all.
    of_version = _tried(bucket, "delete_object", Key=key, VersionId=first) if first else ""
    deletion = _tried(bucket, "delete_object", Key=key)
    rules = {_tried(bucket, "put_bucket_policy", Policy=NO_POLICY)}
    if first:
        # As it is already: where that is allowed nothing changes, and it shows that it could be stopped.
        rules.add(_tried(bucket, "put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"}))
    promised = _promised(bucket, key, first) if first else {}
    return Proof(
        now, deletion, of_version or deletion, overwriting, _worst(rules), clock_off_minutes=off,
        asked_days=bucket.address.retention_days, **promised,
    )  # fmt: skip


def _promised(bucket: Bucket, key: str, version: str) -> dict[str, Any]:
    """For how many days, and in which mode, the server keeps the version just written, and whether it lets us weaken that."""
    before = _retention(bucket, key, version)
    mode, until, now = before.get("Mode", ""), before.get("RetainUntilDate"), datetime.now(UTC)
    if until is None or until <= now:
        return {}
    days = max(1, round((until - now) / timedelta(days=1)))
    told = {"named_days": days, "mode": mode}
    if mode != COMPLIANCE:
        return told
    shorter = {"Mode": COMPLIANCE, "RetainUntilDate": now + (until - now) / 2}
    looser = {"Mode": GOVERNANCE, "RetainUntilDate": until}
    tried = [_weakened(bucket, key, version, weaker) for weaker in (shorter, looser)]
    held = tried == [DENIED_HERE] * 2 and _retention(bucket, key, version) == before
    return {**told, "loosening": tried[1], "retained_days": days if held else 0}


def _retention(bucket: Bucket, key: str, version: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = bucket.ask("get_object_retention", Key=key, VersionId=version).get("Retention", {})
    except (BucketUnreachable, Missing):
        return {}
    return told


def _weakened(bucket: Bucket, key: str, version: str, weaker: dict[str, Any]) -> str:
    try:
        bucket.ask("put_object_retention", Key=key, VersionId=version, Retention=weaker)
    except BucketUnreachable as refused:
        return DENIED_HERE if refused.problem in _HELD_TO else UNPROVEN
    except Missing:
        return UNPROVEN
    return ALLOWED


def _clock_off(answer: dict[str, Any]) -> int:
    """How many whole minutes the server's clock is before ours, by the moment it put on an answer."""
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return int((parsedate_to_datetime(told) - datetime.now(UTC)) / timedelta(minutes=1))
    except (TypeError, ValueError):
        return 0


def _tried(bucket: Bucket, name: str, **given: Any) -> str:
    try:
        bucket.ask(name, **given)
    except BucketUnreachable as refused:
        if refused.problem in DENIED:
            return DENIED_HERE
        # The request was understood and only its words were not liked: whoever may not, is told so first.
        liked = refused.problem in {"MalformedPolicy", "InvalidArgument", "InvalidPolicyDocument"}
        return ALLOWED if liked and name == "put_bucket_policy" else UNPROVEN
    except Missing:
        return UNPROVEN
    return ALLOWED


def _is_kept(bucket: Bucket, key: str, version: str, data: bytes) -> str:
    try:
        return KEPT if bucket.ask("get_object", Key=key, VersionId=version)["Body"].read() == data else LOST
    except (BucketUnreachable, Missing):
        return UNPROVEN


def _worst(tried: set[str]) -> str:
    return next(each for each in (ALLOWED, UNPROVEN, DENIED_HERE) if each in tried)
