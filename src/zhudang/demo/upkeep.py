"""What the archive's people of the demo city did about their copies: a dated plan, a film registered and looked at."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from zhudang.demo import people
from zhudang.preservation import queries, registered, remedy

PACK = Path(__file__).parent / "pack" / "preservation.json"


def keep_house() -> None:
    """Enter the plans and register the copies on film of the pack; what is entered already stays as it is."""
    told = json.loads(PACK.read_text(encoding="utf-8"))
    for plan in told["plans"]:
        for class_code in plan["classes"]:
            if remedy.standing_plan(class_code) is None:
                _plan(class_code, plan)
    objects = queries.known_objects(people.actor("keeper")).filter(kind="project").order_by("first_kept_at", "id")
    for item, copy in zip(objects[: len(told["registered"])], told["registered"], strict=False):
        if not registered.is_label_used(copy["label"]):
            _register(item, copy)


def _plan(class_code: str, plan: dict[str, Any]) -> None:
    today = timezone.localdate()
    entry = remedy.Remedy(
        requirements=plan["requirements"], missing=plan["missing"], remedy=plan["remedy"],
        responsible=plan["responsible"], until=today + timedelta(days=plan["days"]),
    )  # fmt: skip
    remedy.enter_plan(
        actor=people.actor("archivist"), class_code=class_code, plan=entry, today=today, now=timezone.now()
    )


def _register(item: Any, copy: dict[str, Any]) -> None:
    today, keeper = timezone.localdate(), people.actor("keeper")
    copy_id = registered.register_copy(
        actor=keeper, object_id=item.pk, medium=copy["medium"], label=copy["label"], place=copy["place"],
        made_on=today - timedelta(days=copy["days_ago"]), made_by=copy["made_by"], version=item.version,
        today=today, now=timezone.now(),
    )  # fmt: skip
    registered.note_inspection(
        actor=keeper, copy_id=copy_id, on=today - timedelta(days=copy["inspected_days_ago"]), today=today,
        now=timezone.now(),
    )  # fmt: skip
