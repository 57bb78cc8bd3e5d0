"""Alarm over what lies at the top of a store and is not as written: told to people and to the log, once for the same damage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import structlog
from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.audit import queries as acts
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.preservation.models import Site
from zhudang.preservation.ocfl.verifier import Damage

log = structlog.get_logger("zhudang.preservation")
DAMAGED, REPAIRED = "preservation.store.damaged", "preservation.store.repaired"
HOME = "preservation.keys:all"
_ROLES = (Role.ARCHIVIST, Role.KEEPER, Role.SECURITY_ADMIN)
"""Keepers mend and look for the cause; who keeps the keys must know when their files were touched."""
_MOST_NAMED = 5


def site_at(store: Path) -> Site | None:
    """The site in use whose store lies in this folder; None where none does, or more than one may (sets in turn at one path)."""
    found = list(Site.objects.filter(path=str(store.parent), in_use=True)[:2])
    return found[0] if len(found) == 1 else None


@transaction.atomic
def tell(subject: str, code: str, name: str, damages: Sequence[Damage], now: datetime, *, mended: bool) -> None:
    """Note what was found and tell the archive's people, unless the same was told and not mended since; note that it was mended."""
    if not damages:
        return
    data = {"site": code, "damages": [asdict(each) for each in damages]}
    last = acts.facts_about(subject, [DAMAGED, REPAIRED]).order_by("-at", "-id").first()
    if last is None or last.act != DAMAGED or last.data.get("damages") != data["damages"]:
        log.error("files of a store itself are not as written", site=code, files=[each.path for each in damages])
        audit.record(actor="system", act=DAMAGED, subject=subject, at=now, data=data)
        _send(name, damages, now)
    if mended:
        audit.record(actor="system", act=REPAIRED, subject=subject, at=now, data=data)


def _send(name: str, damages: Sequence[Damage], now: datetime) -> None:
    files = [each.path for each in damages]
    told = {
        "site": name,
        "count": len(files),
        "files": "、".join(files[:_MOST_NAMED]) + ("…" if files[_MOST_NAMED:] else ""),
    }
    for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
        events.tell(
            kind=DAMAGED, at=now, organisation_id=organisation_id, roles=_ROLES, data=told, link="/preservation/readings/",
        )  # fmt: skip
