"""Django's handle on preservation."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PreservationConfig(AppConfig):
    """Preservation, label `preservation`."""

    name = "zhudang.preservation"
    label = "preservation"
    verbose_name = _("保管")

    def ready(self) -> None:
        """Register the handlers of lower contexts' events and this context's jobs; wrong sites or a wrong policy stop the start.

        Raises:
            ImproperlyConfigured: facts, pace or hours of a site, the policy of copies, the key classes or the policy of
                formats make no sense.
        """
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured

        from zhudang.audit import witness
        from zhudang.content import places, serving
        from zhudang.preservation import far_witness, handlers, jobs, policy_file, rounds, working_copies  # noqa: F401
        from zhudang.preservation.disposal import rules_file
        from zhudang.preservation.domain.site_facts import read_sites
        from zhudang.preservation.formats import policy as formats
        from zhudang.preservation.formats import renditions
        from zhudang.preservation.keys import classes

        serving.proven_by(working_copies.of_file)
        places.also_readable(renditions.readable)
        witness.also_at(witness.Elsewhere(far_witness.names, far_witness.fetch))
        try:
            policy_file.policy()
        except ValueError as wrong:
            raise ImproperlyConfigured(f"ZHUDANG_PRESERVATION_POLICY: {wrong}") from wrong
        try:
            rules_file.rules()
        except ValueError as wrong:
            raise ImproperlyConfigured(f"ZHUDANG_DISPOSAL_RULES: {wrong}") from wrong
        try:
            read_sites(settings.SITES)
            rounds.rhythms()
        except ValueError as wrong:
            raise ImproperlyConfigured(f"ZHUDANG_SITES: {wrong}") from wrong
        try:
            classes.current()
        except (OSError, ValueError) as wrong:
            raise ImproperlyConfigured(f"ZHUDANG_KEY_CLASSES: {wrong}") from wrong
        try:
            formats.current()
        except ValueError as wrong:
            raise ImproperlyConfigured(f"ZHUDANG_FORMATS: {wrong}") from wrong
