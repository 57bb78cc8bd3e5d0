"""Where a bucket is reached, as the sites file tells it: rules about its words, no network.

Credentials never stand here: they have a file of their own (`bucket.credentials`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TEXTS = ("endpoint", "bucket", "prefix", "region", "ca_file")
KEYS = frozenset({*TEXTS, "path_style", "retention_days", "renew_days"})
MOST_DAYS = 36_500
RENEW_DAYS = 30
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_PREFIX = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*\Z")
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class S3Address:
    """One bucket, or what lies below a prefix of it.

    Attributes:
        endpoint: `https://host[:port]`; plain http only to this machine.
        prefix: without slashes at its ends; empty is the whole bucket.
        path_style: the bucket stands in the path rather than in the host's name.
        ca_file: certificates to trust (PEM) instead of the system's; empty is the system's.
    """

    endpoint: str
    bucket: str
    prefix: str = ""
    region: str = "us-east-1"
    path_style: bool = True
    ca_file: str = ""
    retention_days: int = 0
    """For how many days nobody may delete what is written, asked of a bucket that has object lock on; 0 asks for nothing."""
    renew_days: int = RENEW_DAYS
    """So many days before a retention ends it is told of and lengthened; half the retention at most; 0 lets it end."""

    @property
    def text(self) -> str:
        """The address as people read it."""
        return "/".join(part for part in (self.endpoint, self.bucket, self.prefix) if part)

    def key(self, path: str) -> str:
        """The key of a path below the prefix."""
        return f"{self.prefix}/{path}" if self.prefix else path


def wrong_address(item: Mapping[str, Any]) -> list[str]:
    """Tell everything wrong with the address of a site of kind s3."""
    wrong = [f"{name}: missing" for name in ("endpoint", "bucket") if not item.get(name)]
    wrong += [f"{name}: {item[name]!r} is no text" for name in TEXTS if not isinstance(item.get(name) or "", str)]
    if wrong:
        return wrong
    endpoint, bucket, prefix = (str(item.get(name) or "") for name in ("endpoint", "bucket", "prefix"))
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        wrong.append(f"endpoint: {endpoint!r} is no https://host[:port]")
    elif parts.username or parts.password:
        wrong.append("endpoint: holds credentials; they have a file of their own")
    elif parts.scheme == "http" and parts.hostname not in _THIS_MACHINE:
        wrong.append("endpoint: http goes to this machine only; elsewhere https")
    if not _BUCKET.match(bucket):
        wrong.append(f"bucket: {bucket!r} is no name of a bucket")
    if prefix and not _PREFIX.match(prefix):
        wrong.append(f"prefix: {prefix!r} is no prefix of letters, digits, . _ - and inner slashes")
    if item.get("path_style") is not None and not isinstance(item["path_style"], bool):
        wrong.append(f"path_style: {item['path_style']!r} is neither true nor false")
    for name, least in (("retention_days", 1), ("renew_days", 0)):
        days = item.get(name)
        if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not least <= days <= MOST_DAYS):
            wrong.append(f"{name}: {days!r} is no whole number from {least} to {MOST_DAYS}")
    return wrong


def address_of(item: Mapping[str, Any]) -> S3Address:
    """Read the address of a site that `wrong_address` found nothing wrong with."""
    return S3Address(
        endpoint=str(item["endpoint"]).rstrip("/"),
        bucket=str(item["bucket"]),
        prefix=str(item.get("prefix") or ""),
        region=str(item.get("region") or "us-east-1"),
        path_style=item.get("path_style") is not False,
        ca_file=str(item.get("ca_file") or ""),
        retention_days=item.get("retention_days") or 0,
        renew_days=RENEW_DAYS if item.get("renew_days") is None else item["renew_days"],
    )
