"""What a bucket still holds of destroyed volumes: looked up, listed for its keeper to delete, and looked up again.

This installation cannot delete there, by design: the keeper does, with credentials this installation never sees. That
nothing is left is what a look into the bucket shows, at all versions; nobody's word stands for it.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from zhudang.preservation.bucket import leftovers
from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable, Missing
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem, DisposalStep
from zhudang.preservation.disposal.removing import folder_names, objects_beside
from zhudang.preservation.domain.names import object_id
from zhudang.preservation.domain.site_facts import Kind
from zhudang.preservation.models import Site
from zhudang.preservation.sites import Place, meet, only_writer_of

HEAD = ("what", "key", "version_id", "bytes")


@dataclass(frozen=True)
class Seen:
    """What a look showed.

    Args:
        keys: rows of `HEAD`, in their order; None where the bucket did not say.
        problem: why not.
    """

    at: datetime
    keys: tuple[tuple[str, str, str, int], ...] | None
    problem: str = ""

    def as_proof(self) -> dict[str, Any]:
        """Plain data for a step: what was seen replaces what was seen before, a look that failed does not."""
        if self.keys is None:
            return {"problem": self.problem, "tried_at": self.at.isoformat()}
        return {
            "keys": [list(row) for row in self.keys], "keys_sha256": digest_of(self.keys), "problem": "",
            "looked_at": self.at.isoformat(),
        }  # fmt: skip


def is_bucket(place: Place) -> bool:
    """Whether what lies there is deleted by its keeper and shown by looking."""
    return place.facts.kind is Kind.S3


def may_hold(place: Place) -> bool:
    """Whether anything of ours was ever written there; also where no row tells of a copy, half of one may lie there."""
    return Site.objects.filter(pk=place.site_id, prepared_at__isnull=False).exists()


def look(place: Place, item: DisposalItem, now: datetime) -> Seen:
    """Look what lies in a bucket of a volume. Whoever was writing it there is waited for; nobody begins again."""
    met = meet(place, now)
    if met.bucket is None or not met.reached:
        problem = Site.objects.values_list("contact", flat=True).get(pk=place.site_id).get("problem", "")
        return Seen(now, None, problem)
    first, listed = object_id(item.object_id), [each["object"] for each in item.further]
    try:
        with only_writer_of(met):
            found = leftovers.of_volume(
                met.bucket, first, lambda is_there: objects_beside(first, listed, is_there), folder_names(first)
            )
    except (BucketUnreachable, BucketFull, Missing) as trouble:
        return Seen(now, None, getattr(trouble, "problem", "") or type(trouble).__name__)
    return Seen(now, tuple((each.what, each.key, each.version, each.size) for each in found))


def digest_of(keys: Iterable[Iterable[Any]]) -> str:
    """SHA-256 of the lines of a list, without its head."""
    return hashlib.sha256(_lines(keys).encode()).hexdigest()


def list_for_keeper(case: DisposalCase, site: Site, steps: Iterable[DisposalStep]) -> tuple[str, str, int]:
    """The list of keys that a keeper is to delete for a case, its digest, and how many lines it has.

    The digest is of the lines below the head of the table; the log holds it.
    """
    keys = [row for step in steps for row in step.proof.get("keys") or ()]
    looked = min((step.proof["looked_at"] for step in steps if "looked_at" in step.proof), default="")
    digest = digest_of(keys)
    lines = [
        f"# 销毁案 disposal {case.number}：桶的保管人应删的内容 / what the bucket's keeper is to delete",
        f"# 销毁清单 approved list SHA-256 {case.approved_sha256}",
        f"# 存储地 site {site.code} {site.name} {site.path}",
        f"# 查看于 looked at {timezone.localtime(datetime.fromisoformat(looked)).isoformat() if looked else '—'}",
        f"# 下表 {len(keys)} 行的摘要 SHA-256 of the {len(keys)} lines below the head {digest}",
    ]
    return "\n".join([*lines, ",".join(HEAD), ""]) + _lines(keys), digest, len(keys)


def _lines(keys: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(keys)
    return text.getvalue()
