"""The log at a million entries: how fast it is sealed, proven and verified, and what a hundred million would take."""

import json
import resource
import statistics
import time
from random import Random
from typing import Any

from bench.installation import installation
from bench.row import Row

PLANNED = 100_000_000
AT_ONCE = 2_000


def log(quick: bool) -> list[Row]:
    """Entries as acts write them, sealed by the worker of a running installation; then verified and proven."""
    few, many = (5_000, 50_000) if quick else (100_000, 1_000_000)
    with installation() as place:
        small = json.loads(place.run("log", str(few)))
        large = json.loads(place.run("log", str(many - few)))
    verified = large["verified"] / large["verify_s"]
    grown = large["peak_mb"] / small["peak_mb"]
    size = large["bytes"] / large["verified"]
    return [
        Row(f"{many:,} entries sealed", f"{large['sealed'] / large['seal_s']:.0f} /s", "chained, in the tree, with two witnesses", "", None),
        Row("  verified: leaf, chain, tree, witnesses", f"{verified:.0f} /s", f"{large['findings']} findings, {large['verify_s']:.0f} s", "0 findings", not large["findings"]),
        Row("  memory to verify, against a tenth", f"{grown:.2f} ×", f"{small['peak_mb']:.0f} MB, {large['peak_mb']:.0f} MB", "≤ 1.10", grown <= 1.10),
        Row("  proof of one entry, path to a signed root", f"median {large['proof_ms']:.1f} ms", f"p95 {large['proof_p95_ms']:.1f} ms; with a tenth {small['proof_ms']:.1f} ms", "", None),
        Row("  in the database", f"{size:.0f} bytes each", f"at {PLANNED:,}: {size * PLANNED / 1e9:.0f} GB, verified in {PLANNED / verified / 3600:.1f} h", "", None),
    ]  # fmt: skip


def measure(count: int) -> dict[str, Any]:
    """Inside the installation: write `count` entries, wait for the sealer, verify, prove a hundred of them."""
    from django.db import connection
    from django.utils import timezone

    from zhudang.audit import tree_heads, verification
    from zhudang.audit.models import Seal, Unsealed

    began = time.monotonic()
    _write(count)
    while Unsealed.objects.exists():
        time.sleep(0.2)
    seal_s = time.monotonic() - began
    last = Seal.objects.order_by("-number").values_list("number", flat=True)[0]
    tree_heads.sign_head(timezone.now())
    began = time.monotonic()
    verdict = verification.verify(timezone.now())
    verify_s = time.monotonic() - began
    rng, times = Random(count), []
    for _ in range(100):
        began = time.monotonic()
        found = tree_heads.inclusion_of(rng.randrange(1, last + 1))
        times.append((time.monotonic() - began) * 1000)
        if found is None or not tree_heads.holds(found):
            raise AssertionError("an entry cannot be proven")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname LIKE 'audit%' AND relkind = 'r'"
        )
        [size] = cursor.fetchone()
    return {
        "sealed": count, "seal_s": seal_s, "verified": verdict.sealed, "verify_s": verify_s, "findings": len(verdict.findings),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "proof_ms": statistics.median(times),
        "proof_p95_ms": statistics.quantiles(times, n=20)[18], "bytes": int(size),
    }  # fmt: skip


def _write(count: int) -> None:
    """Rows as `audit.record` writes them, some thousand in a transaction; acts come one by one, which is not measured here."""
    from django.db import transaction
    from django.utils import timezone

    from zhudang.audit.models import Entry, Unsealed
    from zhudang.shared.ids import new_id

    for start in range(0, count, AT_ONCE):
        with transaction.atomic():
            now = timezone.now()
            entries = [
                Entry(
                    at=now, actor="clerk", account_id=None, act="filing.record.described", subject=f"filing.record:{new_id()}",
                    data={"title": f"隐蔽工程验收记录 {number}", "document_no": f"C5-1-{number:06d}", "pages": 1},
                )
                for number in range(start, min(start + AT_ONCE, count))
            ]  # fmt: skip
            Entry.objects.bulk_create(entries)
            Unsealed.objects.bulk_create(Unsealed(entry_id=entry.id) for entry in entries)
