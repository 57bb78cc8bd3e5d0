"""What other systems sent, and what they were answered: the same message twice gets the same answer."""

from __future__ import annotations

from django.db import models

from zhudang.shared.ids import new_id


class Message(models.Model):
    """One message taken in. A refused one leaves no row, so its sender may mend it under the same key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    act = models.CharField(max_length=32)
    key = models.CharField(max_length=120)
    body_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    answer = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account_id", "act", "key"], name="exchange_message_once"),
        ]
        indexes = [models.Index(fields=["received_at"])]
