"""Entries as a busy archive's log has them: many people, many acts, three years of days, Chinese text and identifiers."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

BEGUN = datetime(2023, 6, 1, tzinfo=UTC)
SECONDS_EACH = 90
"""A million entries take some three years."""
RARE_WORDS, RARE_ACTOR = "古桥拆除回访", "inspector"
RARE_AT = (1_007, 2_007, 5_507)
"""Which entries say the rare words, and which the rare actor made: three each."""


def entries(start: int, count: int) -> Iterator[dict[str, Any]]:
    """What the columns of entries `start` and on hold, numbers from 0."""
    from zhudang.audit.act_words import ACTS
    from zhudang.demo.paper import phrases
    from zhudang.shared.ids import new_id

    rng, others = (
        Random(start),
        sorted(act for act in ACTS if not act.startswith("audit.")),
    )  # those say what verifying reads
    people = [f"clerk{number:02d}" for number in range(1, 41)]

    def title(n: int) -> str:
        return f"{rng.choice(phrases.PARTS)}{rng.choice(phrases.WORKS)}隐蔽工程验收记录 {n:06d}"

    def digest(n: int) -> str:
        return hashlib.sha256(str(n).encode()).hexdigest()

    kinds: list[tuple[int, str, Callable[[int], dict[str, Any]]]] = [
        (30, "content.file.received", lambda n: {"name": f"{title(n)}.pdf", "sha256": digest(n), "size_bytes": 20_000 + n % 9_000}),
        (25, "filing.record.described", lambda n: {"title": title(n), "document_no": f"C5-1-{n:06d}", "pages": n % 12 + 1, "file_id": str(new_id())}),
        (15, "filing.file.assigned", lambda n: {"obligation_id": str(new_id()), "file_id": str(new_id())}),
        (10, "filing.record.filed", lambda n: {"knowingly": n % 7 == 0}),
        (8, "identity.login.done", lambda n: {"address": f"10.3.{n % 200}.{n % 250}"}),
        (3, "filing.record.returned", lambda n: {"reason": "。".join(phrases.seen(rng, 2))}),
        (2, "documents.document.issued", lambda n: {"number": f"云档认〔2025〕{n % 4_000} 号", "sm3": digest(-n)}),
    ]  # fmt: skip
    weights = [weight for weight, _, _ in kinds]
    for n in range(start, start + count):
        if n % 14 == 0:
            act, data = rng.choice(others), {"note": "。".join(phrases.talks(rng, 1))}
        else:
            [(_, act, make)] = rng.choices(kinds, weights)
            data = make(n)
        actor = people[min(int(rng.expovariate(0.12)), 39)]
        if n in RARE_AT:
            act, actor, data = "filing.record.returned", RARE_ACTOR, {"reason": f"缺{RARE_WORDS}单"}
        context, model, _ = act.split(".", 2)
        yield {
            "at": BEGUN + timedelta(seconds=SECONDS_EACH * n), "actor": actor, "account_id": None, "act": act,
            "subject": f"{context}.{model}:{new_id()}", "data": data,
        }  # fmt: skip
