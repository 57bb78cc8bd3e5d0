"""The registry as a Django app."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Projects, parties, permits and milestones."""

    name = "zhudang.registry"
    label = "registry"
    verbose_name = "报建登记"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell content where the files of a project may be put."""
        from zhudang.content import places
        from zhudang.registry.queries.facts import place_of

        places.register(place_of)
