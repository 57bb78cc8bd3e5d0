"""Django's handle on the identity context."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IdentityConfig(AppConfig):
    name = "zhudang.identity"
    label = "identity"
    verbose_name = _("单位与人员")

    def ready(self) -> None:
        from zhudang.audit import operations as audit
        from zhudang.events import work
        from zhudang.identity import words
        from zhudang.shared.web import refusal

        def log_cancellation(*, actor, work_id, now, **_rest) -> None:  # type: ignore[no-untyped-def]
            audit.record(actor=actor, act="events.work.cancel_asked", subject=f"events.work:{work_id}", at=now)

        refusal.teach(dict.fromkeys(words.RIGHTS, words.sentence))
        work.cancel_asked.connect(log_cancellation, weak=False, dispatch_uid="log of cancelled work")
