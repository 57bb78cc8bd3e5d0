"""The log at a million entries: how fast it is sealed, proven, verified, searched and taken out, and what a hundred million would take."""

import json
import resource
import statistics
import time
from random import Random
from typing import Any

from bench import log_pages
from bench.installation import installation
from bench.log_entries import entries
from bench.row import Row

PLANNED = 100_000_000
AT_ONCE = 2_000


def log(quick: bool) -> list[Row]:
    """Entries as acts write them, sealed by the worker of a running installation; then verified and proven."""
    few, many = (5_000, 50_000) if quick else (100_000, 1_000_000)
    with installation() as place:
        place.run("people")
        small = json.loads(place.run("log", str(few)))
        _, _, lean = log_pages.export(place)
        large = json.loads(place.run("log", str(many - few)))
        pages = log_pages.rows(place, large)
        taken, taken_s, full = log_pages.export(place)
        some, some_s, _ = log_pages.export(place, "act=documents")
    verified = large["verified"] / large["verify_s"]
    grown = large["peak_mb"] / small["peak_mb"]
    size, search = large["bytes"] / large["verified"], large["search_bytes"] / large["verified"]
    rate, held = taken / taken_s, full.bytes / lean.bytes
    return [
        Row(f"{many:,} entries sealed", f"{large['sealed'] / large['seal_s']:.0f} /s", "chained, in the tree, with two witnesses", "", None),
        Row("  verified: leaf, chain, tree, witnesses", f"{verified:.0f} /s", f"{large['findings']} findings, {large['verify_s']:.0f} s", "0 findings", not large["findings"]),
        Row("  memory to verify, against a tenth", f"{grown:.2f} ×", f"{small['peak_mb']:.0f} MB, {large['peak_mb']:.0f} MB", "≤ 1.10", grown <= 1.10),
        Row("  proof of one entry, path to a signed root", f"median {large['proof_ms']:.1f} ms", f"p95 {large['proof_p95_ms']:.1f} ms; with a tenth {small['proof_ms']:.1f} ms", "", None),
        *pages,
        Row("  all of it taken out as CSV", f"{rate:.0f} /s", f"{taken:,} lines, {taken_s:.0f} s; {some:,} of one kind, {some_s:.1f} s", f"≥ {log_pages.EXPORT_RATE}/s", rate >= log_pages.EXPORT_RATE and taken >= many),
        Row("  memory of the web to do so, against a tenth", f"{held:.2f} ×", f"{lean.bytes / 1e6:.0f} MB, {full.bytes / 1e6:.0f} MB", "≤ 1.10", held <= 1.10),
        Row("  for searching, of these in the database", f"{search:.0f} bytes each", f"at {PLANNED:,}: {search * PLANNED / 1e9:.0f} GB", "", None),
        Row("  in the database", f"{size:.0f} bytes each", f"at {PLANNED:,}: {size * PLANNED / 1e9:.0f} GB, verified in {PLANNED / verified / 3600:.1f} h", "", None),
    ]  # fmt: skip


def measure(count: int) -> dict[str, Any]:
    """Inside the installation: write `count` entries, wait for the sealer, verify, prove a hundred of them."""
    from django.db import connection
    from django.utils import timezone

    from zhudang.audit import tree_heads, verification
    from zhudang.audit.models import Entry, Seal, Unsealed
    from zhudang.audit.search_blocks import WIDTH, covered

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
    while covered() < last // WIDTH * WIDTH:
        time.sleep(0.2)
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
        cursor.execute("SELECT pg_total_relation_size('audit_searchblock')")
        [search_size] = cursor.fetchone()
    some = Entry.objects.filter(act="filing.record.described").order_by("id")[count // 8]
    numbers = [last * part // 12 or 1 for part in range(1, 13)]
    return {
        "sealed": count, "seal_s": seal_s, "verified": verdict.sealed, "verify_s": verify_s, "findings": len(verdict.findings),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "proof_ms": statistics.median(times),
        "proof_p95_ms": statistics.quantiles(times, n=20)[18], "bytes": int(size),
        "search_bytes": int(search_size), "last": last, "subject": some.subject, "document_no": some.data["document_no"],
        "entry_ids": [str(entry_id) for entry_id in Seal.objects.filter(number__in=numbers).values_list("entry_id", flat=True)],
    }  # fmt: skip


def _write(count: int) -> None:
    """Rows as `audit.record` writes them, some thousand in a transaction; acts come one by one, which is not measured here."""
    from django.db import transaction

    from zhudang.audit.models import Entry, Unsealed

    before = Entry.objects.count()
    for start in range(before, before + count, AT_ONCE):
        with transaction.atomic():
            made = [Entry(**row) for row in entries(start, min(AT_ONCE, before + count - start))]
            Entry.objects.bulk_create(made)
            Unsealed.objects.bulk_create(Unsealed(entry_id=entry.id) for entry in made)
