"""Whether this installation can delete at a site: tried on a file of its own, not taken from anybody's word.

A bucket protects from us when four things hold: deleting is denied, deleting a version is denied, writing over leaves what
was there before, and the rules that deny it are not ours to change. It is write-once when besides the server names a day before
which nobody may delete, its owner included (object lock, compliance), and refuses us an earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from zhudang.preservation.bucket.client import COMPLIANCE, DENIED, Bucket, BucketUnreachable, Missing

DENIED_HERE, ALLOWED, UNPROVEN = "denied", "allowed", "unproven"
KEPT, LOST = "kept", "lost"
PROBE = "probe/deletion.txt"
NO_POLICY = "no policy: tries only whether one would be taken"


@dataclass(frozen=True)
class Proof:
    """What came of trying.

    Args:
        deletion, version_deletion, rules: denied, allowed or unproven: deleting a file, deleting one of its versions,
            changing the bucket's policy or stopping its versioning.
        overwriting: kept, lost or unproven: what stood at a key before it was written over.
        retained_days: for how many days from its writing the server lets nobody delete a file, and refuses to shorten that;
            0 where it does not, or that could not be tried.
    """

    at: datetime
    deletion: str
    version_deletion: str
    overwriting: str
    rules: str
    retained_days: int = 0

    @property
    def write_once(self) -> bool:
        """Whether it was shown that nobody can take back what is written, for a time."""
        return self.nothing_lost and self.retained_days > 0

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
        return {
            "at": self.at.isoformat(), "deletion": self.deletion, "version_deletion": self.version_deletion,
            "overwriting": self.overwriting, "rules": self.rules, "retained_days": self.retained_days,
        }  # fmt: skip


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
    first = bucket.put(key, earlier).get("VersionId", "")
    second = bucket.put(key, f"{now.isoformat()} 2\n".encode()).get("VersionId", "")
    overwriting = _is_kept(bucket, key, first, earlier) if first != second else LOST
    # A version before the newest: without versions there is none to delete, and denying the whole file says it all.
    of_version = _tried(bucket, "delete_object", Key=key, VersionId=first) if first else ""
    deletion = _tried(bucket, "delete_object", Key=key)
    rules = {_tried(bucket, "put_bucket_policy", Policy=NO_POLICY)}
    if first:
        # As it is already: where that is allowed nothing changes, and it shows that it could be stopped.
        rules.add(_tried(bucket, "put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"}))
    retained = _retained_days(bucket, key, first) if first else 0
    return Proof(now, deletion, of_version or deletion, overwriting, _worst(rules), retained)


def _retained_days(bucket: Bucket, key: str, version: str) -> int:
    """For how many days the version just written is kept from everybody; 0 where the server names no day or lets us move it."""
    try:
        told = bucket.ask("get_object_retention", Key=key, VersionId=version).get("Retention", {})
    except (BucketUnreachable, Missing):
        return 0
    now, until = datetime.now(UTC), told.get("RetainUntilDate")
    if told.get("Mode") != COMPLIANCE or until is None or until <= now:
        return 0
    earlier = {"Mode": COMPLIANCE, "RetainUntilDate": now + (until - now) / 2}
    moved = _tried(bucket, "put_object_retention", Key=key, VersionId=version, Retention=earlier)
    return max(1, round((until - now) / timedelta(days=1))) if moved == DENIED_HERE else 0


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
